"""Two questions about offsets, and what their answers say per partition.

OffsetFetch   to the coordinator: what has the group committed?
ListOffsets   to the leader: where does the log begin, end, or pass a time?
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from kafkalab.client.consumer.group_protocol import by_topic
from kafkalab.client.consumer.member import NOBODY, Member
from kafkalab.client.metadata import Metadata
from kafkalab.errors import ErrorCode
from kafkalab.ids import TopicPartition
from kafkalab.protocol.messages.group_offsets import (
    OffsetFetchRequest,
    OffsetFetchRequestGroup,
    OffsetFetchRequestTopic,
    OffsetFetchRequestTopics,
    OffsetFetchResponse,
)
from kafkalab.protocol.messages.log_offsets import (
    ListOffsetsPartition,
    ListOffsetsRequest,
    ListOffsetsResponse,
    ListOffsetsTopic,
)

OFFSET_FETCH_VERSION_MAX: Final = 9  # the newest that names topics by name
_BY_GROUP: Final = 8  # from this version on one request can ask about several groups
_CONSUMER: Final = -1  # as replica id

EARLIEST: Final = -2  # as timestamps in ListOffsets
LATEST: Final = -1

#: The leader is somebody else, or not ready: ask again, perhaps elsewhere.
STALE_LEADER: Final = frozenset(
    {
        ErrorCode.NOT_LEADER_OR_FOLLOWER,
        ErrorCode.LEADER_NOT_AVAILABLE,
        ErrorCode.REPLICA_NOT_AVAILABLE,
        ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
        ErrorCode.KAFKA_STORAGE_ERROR,
        ErrorCode.FENCED_LEADER_EPOCH,
        ErrorCode.UNKNOWN_LEADER_EPOCH,
        ErrorCode.OFFSET_NOT_AVAILABLE,
        ErrorCode.UNKNOWN_TOPIC_ID,
        ErrorCode.INCONSISTENT_TOPIC_ID,
    }
)


class CommittedOffset(NamedTuple):
    """What a group has committed for one partition; -1 if nothing."""

    offset: int
    leader_epoch: int
    error: int


class ListedOffset(NamedTuple):
    """One partition's answer to ListOffsets; -1 if there is no such offset."""

    offset: int
    leader_epoch: int
    timestamp: int
    error: int


class OffsetsResult(NamedTuple):
    """What a node answers about offsets: (topic, partition, offset, error) of each.

    For watermarks `offsets` is (low, high).  `error` is not 0 if it failed as a whole.
    """

    error: int
    offsets: tuple[Any, ...]


def offset_fetch_request(
    group_id: str,
    partitions: Iterable[TopicPartition],
    require_stable: bool,
    version: int,
    member: Member = NOBODY,
) -> OffsetFetchRequest:
    """`require_stable`: wait for the end of transactions that commit offsets (KIP-447).

    `member`: of a KIP-848 group; its coordinator refuses one that is not of now.
    """
    topics = by_topic(partitions).items()
    if version >= _BY_GROUP:
        group = OffsetFetchRequestGroup(
            group_id=group_id,
            member_id=member.id or None,
            member_epoch=member.generation,
            topics=tuple(
                OffsetFetchRequestTopics(name=topic, partition_indexes=indexes)
                for topic, indexes in topics
            ),
        )
        return OffsetFetchRequest(groups=(group,), require_stable=require_stable)
    named = tuple(
        OffsetFetchRequestTopic(name=name, partition_indexes=some) for name, some in topics
    )
    return OffsetFetchRequest(group_id=group_id, topics=named, require_stable=require_stable)


def committed_offsets(
    response: OffsetFetchResponse,
) -> tuple[int, dict[TopicPartition, CommittedOffset]]:
    """The error of the whole, and each partition's answer."""
    if response.groups:
        group = response.groups[0]
        return group.error_code, {
            TopicPartition(topic.name, one.partition_index): CommittedOffset(
                one.committed_offset, one.committed_leader_epoch, one.error_code
            )
            for topic in group.topics
            for one in topic.partitions
        }
    return response.error_code, {
        TopicPartition(topic.name, one.partition_index): CommittedOffset(
            one.committed_offset, one.committed_leader_epoch, one.error_code
        )
        for topic in response.topics
        for one in topic.partitions
    }


def list_offsets_request(
    timestamps: Mapping[TopicPartition, int],
    metadata: Metadata,
    isolation_level: int,
    timeout_ms: int,
) -> ListOffsetsRequest:
    """A timestamp, -2 (the log's start) or -1 (its end) for each partition."""
    return ListOffsetsRequest(
        replica_id=_CONSUMER,
        isolation_level=isolation_level,
        topics=tuple(
            ListOffsetsTopic(
                name=topic,
                partitions=tuple(
                    ListOffsetsPartition(
                        partition_index=index,
                        current_leader_epoch=_epoch(metadata, TopicPartition(topic, index)),
                        timestamp=timestamps[TopicPartition(topic, index)],
                    )
                    for index in indexes
                ),
            )
            for topic, indexes in by_topic(timestamps).items()
        ),
        timeout_ms=timeout_ms,
    )


def listed_offsets(response: ListOffsetsResponse) -> dict[TopicPartition, ListedOffset]:
    return {
        TopicPartition(topic.name, one.partition_index): ListedOffset(
            one.offset, one.leader_epoch, one.timestamp, one.error_code
        )
        for topic in response.topics
        for one in topic.partitions
    }


def _epoch(metadata: Metadata, partition: TopicPartition) -> int:
    view = metadata.leader(partition)
    return view.leader_epoch if view is not None else -1
