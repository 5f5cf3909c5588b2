"""OffsetFetch 1-10: how far has the group come?

Up to version 7 a request asks for one group, then for many; since version 10 topics are named by
their id.  All of them become `GroupFetch`, one per group, and back.

A group, topic or partition without an offset is no error: its offset is -1.  What is told is
committed; with `require_stable` it is what is written, told when it is committed, and
UNSTABLE_OFFSET_COMMIT for what an open transaction may change (KIP-447).

In Kafka: `KafkaApis.handleOffsetFetchRequest`, `OffsetMetadataManager.fetchOffsets`.
"""

from dataclasses import dataclass, replace
from typing import Final

from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.groups.committing import TOPIC_IDS
from kafkalab.groups.consumer import ConsumerGroupTable
from kafkalab.groups.offset_table import OffsetTable
from kafkalab.groups.stored import OffsetKey, StoredOffset
from kafkalab.ids import ZERO_UUID, Uuid
from kafkalab.metadata import MetadataImage
from kafkalab.protocol.messages.group_offsets import (
    OffsetFetchRequest,
    OffsetFetchRequestTopics,
    OffsetFetchResponse,
    OffsetFetchResponseGroup,
    OffsetFetchResponsePartition,
    OffsetFetchResponsePartitions,
    OffsetFetchResponseTopic,
    OffsetFetchResponseTopics,
)

#: From this version on many groups can be asked for.
_GROUPS: Final = 8
#: Up to this version an error of the group stands with each partition.
_NO_GROUP_ERROR: Final = 1


@dataclass(frozen=True, slots=True)
class FetchTopic:
    """A topic that is asked for; without a name: nobody knows its id."""

    name: str
    topic_id: Uuid
    partitions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class GroupFetch:
    """What is asked for of one group; `topics` None: all it has."""

    group_id: str
    topics: tuple[FetchTopic, ...] | None
    is_stable: bool
    is_by_id: bool
    member_id: str | None = None  # since version 9; only members of consumer groups say it
    member_epoch: int = -1


def plan_fetch(
    request: OffsetFetchRequest, image: MetadataImage, version: int
) -> tuple[GroupFetch, ...]:
    """One per group, in the order in which they are asked for."""
    is_by_id = version >= TOPIC_IDS
    if version >= _GROUPS:
        return tuple(
            GroupFetch(
                group.group_id,
                _look_up(group.topics, image, is_by_id),
                request.require_stable,
                is_by_id,
                group.member_id,
                group.member_epoch,
            )
            for group in request.groups
        )
    topics = None
    if request.topics is not None:
        topics = tuple(
            FetchTopic(topic.name, ZERO_UUID, topic.partition_indexes) for topic in request.topics
        )
    return (GroupFetch(request.group_id, topics, request.require_stable, is_by_id),)


def check_fetch(consumers: ConsumerGroupTable, asked: GroupFetch) -> None:
    """UNKNOWN_MEMBER_ID or STALE_MEMBER_EPOCH for one that is not a member, or not of now."""
    groups = consumers.written if asked.is_stable else consumers.committed
    group = groups.get(asked.group_id)
    if group is None or (asked.member_id is None and asked.member_epoch < 0):
        return
    member = group.members.get(asked.member_id or "")
    if member is None:
        raise KafkaError(ErrorCode.UNKNOWN_MEMBER_ID, asked.member_id or "")
    if member.epoch != asked.member_epoch:
        reason = f"{asked.member_epoch} is not {member.epoch}"
        raise KafkaError(ErrorCode.STALE_MEMBER_EPOCH, reason)


def fetch(
    offsets: OffsetTable, asked: GroupFetch, image: MetadataImage
) -> OffsetFetchResponseGroup:
    """Read one group's offsets."""
    if asked.topics is None:
        return _fetch_all(offsets, asked, image)
    view = offsets.views.written if asked.is_stable else offsets.views.committed
    topics: list[OffsetFetchResponseTopics] = []
    for topic in asked.topics:
        partitions: list[OffsetFetchResponsePartitions] = []
        for index in topic.partitions:
            key = OffsetKey(asked.group_id, topic.name, index)
            stored = view.get(key)
            if not topic.name:
                partitions.append(_no_offset(index, ErrorCode.UNKNOWN_TOPIC_ID))
            elif asked.is_stable and offsets.is_unstable(key):
                partitions.append(_no_offset(index, ErrorCode.UNSTABLE_OFFSET_COMMIT))
            elif stored is None or _is_of_another(stored, topic.topic_id):
                partitions.append(_no_offset(index))
            else:
                partitions.append(_an_offset(index, stored))
        topics.append(_topic(topic.name, topic.topic_id, partitions))
    return OffsetFetchResponseGroup(group_id=asked.group_id, topics=tuple(topics))


def fetch_refused(asked: GroupFetch, version: int, error: ErrorCode) -> OffsetFetchResponseGroup:
    """Nothing can be said of this group."""
    topics: tuple[OffsetFetchResponseTopics, ...] = ()
    if version <= _NO_GROUP_ERROR:
        topics = tuple(
            _topic(topic.name, ZERO_UUID, [_no_offset(index, error) for index in topic.partitions])
            for topic in asked.topics or ()
        )
    return OffsetFetchResponseGroup(group_id=asked.group_id, error_code=error, topics=topics)


def fetched(groups: tuple[OffsetFetchResponseGroup, ...], version: int) -> OffsetFetchResponse:
    """The answers for all groups, in the shape of this version."""
    if version >= _GROUPS:
        return OffsetFetchResponse(groups=groups)
    (group,) = groups
    return OffsetFetchResponse(
        error_code=group.error_code,
        topics=tuple(
            OffsetFetchResponseTopic(
                name=topic.name,
                partitions=tuple(
                    OffsetFetchResponsePartition(
                        partition_index=partition.partition_index,
                        committed_offset=partition.committed_offset,
                        committed_leader_epoch=partition.committed_leader_epoch,
                        metadata=partition.metadata,
                        error_code=partition.error_code,
                    )
                    for partition in topic.partitions
                ),
            )
            for topic in group.topics
        ),
    )


def _look_up(
    topics: tuple[OffsetFetchRequestTopics, ...] | None, image: MetadataImage, is_by_id: bool
) -> tuple[FetchTopic, ...] | None:
    if topics is None:
        return None
    asked: list[FetchTopic] = []
    for topic in topics:
        name = topic.name
        if is_by_id:
            known = image.topics_by_id.get(topic.topic_id)
            name = known.name if known is not None else ""
        asked.append(FetchTopic(name, topic.topic_id, topic.partition_indexes))
    return tuple(asked)


def _fetch_all(
    offsets: OffsetTable, asked: GroupFetch, image: MetadataImage
) -> OffsetFetchResponseGroup:
    of_group = offsets.written_of if asked.is_stable else offsets.committed_of
    found: dict[str, list[OffsetFetchResponsePartitions]] = {}
    for key, stored in of_group(asked.group_id):
        one = _an_offset(key.partition, stored)
        if asked.is_stable and offsets.is_unstable(key):
            one = _no_offset(key.partition, ErrorCode.UNSTABLE_OFFSET_COMMIT)
        found.setdefault(key.topic, []).append(one)
    topics: list[OffsetFetchResponseTopics] = []
    for name, partitions in found.items():
        known = image.topics.get(name)
        if known is None and asked.is_by_id:
            continue  # it has no id to be named by
        topic_id = known.topic_id if known is not None else ZERO_UUID
        topics.append(_topic(name, topic_id, partitions))
    return OffsetFetchResponseGroup(group_id=asked.group_id, topics=tuple(topics))


def _is_of_another(stored: StoredOffset, topic_id: Uuid) -> bool:
    """Whether it was committed to an earlier topic of the same name."""
    return ZERO_UUID not in (stored.topic_id, topic_id) and stored.topic_id != topic_id


def _topic(
    name: str, topic_id: Uuid, partitions: list[OffsetFetchResponsePartitions]
) -> OffsetFetchResponseTopics:
    return OffsetFetchResponseTopics(name=name, topic_id=topic_id, partitions=tuple(partitions))


def _an_offset(index: int, stored: StoredOffset) -> OffsetFetchResponsePartitions:
    return OffsetFetchResponsePartitions(
        partition_index=index,
        committed_offset=stored.offset,
        committed_leader_epoch=stored.leader_epoch,
        metadata=stored.metadata,
    )


def _no_offset(index: int, error: ErrorCode = ErrorCode.NONE) -> OffsetFetchResponsePartitions:
    return replace(_NO_OFFSET, partition_index=index, error_code=error)


_NO_OFFSET = OffsetFetchResponsePartitions(
    committed_offset=-1, committed_leader_epoch=-1, metadata=""
)
