"""OffsetDelete 0, and offsets and groups that go by themselves.

Offsets go when somebody deletes them, when their topic is deleted, and when nobody has needed
them for `offsets.retention.minutes`: counted from the moment the group became empty (KIP-211);
without members ever, or for a topic the members do not read, from the commit.  An empty group
without offsets goes too.

In Kafka: `OffsetMetadataManager.deleteOffsets`, `cleanupExpiredOffsets`, `onTopicsDeleted`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from kafkalab.coordination import CoordinatorRecord, Result
from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.groups.classic import ClassicGroup, GroupState
from kafkalab.groups.consumer import ConsumerGroup, ConsumerGroupTable
from kafkalab.groups.consumer.stored import group_tombstones
from kafkalab.groups.group_table import GroupTable
from kafkalab.groups.offset_table import OffsetTable
from kafkalab.groups.stored import OffsetKey, StoredOffset, group_tombstone, offset_tombstone
from kafkalab.ids import ZERO_UUID, TopicPartition
from kafkalab.metadata import MetadataImage, TopicImage
from kafkalab.protocol.messages.group_offsets import (
    OffsetDeleteRequest,
    OffsetDeleteResponse,
    OffsetDeleteResponsePartition,
    OffsetDeleteResponseTopic,
)

S = GroupState
_MINUTE_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class DeletePlan:
    """An OffsetDelete; `unknown` are partitions that do not exist."""

    request: OffsetDeleteRequest
    unknown: frozenset[TopicPartition]

    @property
    def group_id(self) -> str:
        return self.request.group_id


def plan_delete(request: OffsetDeleteRequest, image: MetadataImage) -> DeletePlan:
    """Find out what does not exist."""
    asked = (
        TopicPartition(topic.name, partition.partition_index)
        for topic in request.topics
        for partition in topic.partitions
    )
    return DeletePlan(request, frozenset(tp for tp in asked if image.partition(tp) is None))


def delete(
    table: GroupTable, consumers: ConsumerGroupTable, offsets: OffsetTable, plan: DeletePlan
) -> Result:
    """Remove offsets of topics that no member reads.  Raises `KafkaError`."""
    classic = table.get(plan.group_id)
    group = classic or consumers.get(plan.group_id)
    if group is None:
        raise KafkaError(ErrorCode.GROUP_ID_NOT_FOUND, plan.group_id)
    if classic is not None and not classic.is_empty and not classic.uses_consumer_protocol:
        raise KafkaError(ErrorCode.NON_EMPTY_GROUP, "nobody knows what its members read")
    records: list[CoordinatorRecord] = []
    topics: list[OffsetDeleteResponseTopic] = []
    for topic in plan.request.topics:
        partitions: list[OffsetDeleteResponsePartition] = []
        for partition in topic.partitions:
            index = partition.partition_index
            error = ErrorCode.NONE
            if TopicPartition(topic.name, index) in plan.unknown:
                error = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
            elif group.is_subscribed_to(topic.name):
                error = ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC
            else:
                key = OffsetKey(plan.group_id, topic.name, index)
                if key in offsets.views.written:
                    records.append(offset_tombstone(key))
            partitions.append(
                OffsetDeleteResponsePartition(partition_index=index, error_code=error)
            )
        topics.append(OffsetDeleteResponseTopic(name=topic.name, partitions=tuple(partitions)))
    return Result(tuple(records), OffsetDeleteResponse(topics=tuple(topics)))


def forget_topics(offsets: OffsetTable, deleted: Mapping[str, TopicImage]) -> Result:
    """The offsets of deleted topics go, but not those of a new topic of the same name."""
    records = tuple(
        offset_tombstone(key)
        for key, stored in offsets.views.written.items()
        if key.topic in deleted and stored.topic_id in (ZERO_UUID, deleted[key.topic].topic_id)
    )
    records += tuple(offset_tombstone(key) for key in offsets.unstable() if key.topic in deleted)
    return Result(records, is_atomic=False)


def forget_expired(
    table: GroupTable, consumers: ConsumerGroupTable, offsets: OffsetTable, now: int
) -> Result:
    """Offsets whose time is over, and empty groups that have none."""
    retention_ms = table.config.int("offsets.retention.minutes") * _MINUTE_MS
    records: list[CoordinatorRecord] = []
    for group_id, classic in table.live.items():
        is_any_left = bool(offsets.unstable_of(group_id))
        for key, stored in offsets.written_of(group_id):
            is_stable = not offsets.is_unstable(key)
            if is_stable and has_expired(classic, key, stored, retention_ms, now):
                records.append(offset_tombstone(key))
            else:
                is_any_left = True
        if classic.is_empty and not classic.members.pending and not is_any_left:
            records.append(group_tombstone(group_id))
    for group in consumers.written.values():
        records += _expired_of(group, offsets, retention_ms, now)
    return Result(tuple(records), is_atomic=False)


def _expired_of(
    group: ConsumerGroup, offsets: OffsetTable, retention_ms: int, now: int
) -> list[CoordinatorRecord]:
    """Of a consumer group: its offsets live from their commit, while nobody reads the topic."""
    subscribed = group.subscribed_topics()
    stored = offsets.written_of(group.group_id)
    expired = [
        key
        for key, value in stored
        if key.topic not in subscribed and now - value.commit_timestamp >= retention_ms
    ]
    records = [offset_tombstone(key) for key in expired]
    if not group.members and len(expired) == len(stored):
        records += group_tombstones(group)
    return records


def has_expired(
    group: ClassicGroup, key: OffsetKey, stored: StoredOffset, retention_ms: int, now: int
) -> bool:
    """In Kafka: `ClassicGroup.offsetExpirationCondition`."""
    if group.is_subscribed_to(key.topic) and not group.is_empty:
        return False
    since = stored.commit_timestamp
    if group.protocol_type is not None:
        if group.is_empty:
            since = since if group.state_timestamp is None else group.state_timestamp
        elif group.state is not S.STABLE or group.subscribed_topics is None:
            return False
    if stored.expire_timestamp >= 0:
        return now >= stored.expire_timestamp
    return now - since >= retention_ms
