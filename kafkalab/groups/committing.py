"""OffsetCommit 2-10: a consumer says how far it has come.

    request ──plan(image)──▶ CommitPlan: each partition by name and id, or its error
            ──commit──▶ one record per partition; answered when they are committed

Members commit in their generation, so that one that was thrown out cannot move its successor's
offsets (G3); anybody may commit, with generation -1, for a group that has no members.

In Kafka: `KafkaApis.handleOffsetCommitRequest`, `OffsetMetadataManager.commitOffset`.
Left out: transactional offsets.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from kafkalab.coordination import Result
from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.groups.classic import ClassicGroup, GroupState
from kafkalab.groups.consumer import ConsumerGroup, ConsumerGroupTable
from kafkalab.groups.group_table import GroupTable
from kafkalab.groups.stored import OffsetKey, StoredOffset, offset_record
from kafkalab.ids import TopicPartition, Uuid
from kafkalab.metadata import MetadataImage
from kafkalab.node import Ticket
from kafkalab.protocol.messages.group_offsets import (
    OffsetCommitRequest,
    OffsetCommitRequestPartition,
    OffsetCommitRequestTopic,
    OffsetCommitResponse,
    OffsetCommitResponsePartition,
    OffsetCommitResponseTopic,
)

S = GroupState

#: From this version on topics are named by their id alone.
TOPIC_IDS: Final = 10
#: From this version on members of consumer groups can say their epoch.
_MEMBER_EPOCH: Final = 9
#: From this version on a commit to a group that does not exist is told so.
_GROUP_ID_NOT_FOUND: Final = 9


@dataclass(frozen=True, slots=True)
class PlannedTopic:
    """A topic with its name and id, and what is to be said of each partition so far."""

    name: str
    topic_id: Uuid
    partitions: tuple[tuple[OffsetCommitRequestPartition, ErrorCode], ...]


@dataclass(frozen=True, slots=True)
class CommitPlan:
    """A request whose topics have been looked up."""

    request: OffsetCommitRequest
    topics: tuple[PlannedTopic, ...]

    @property
    def group_id(self) -> str:
        return self.request.group_id

    @property
    def is_hopeless(self) -> bool:
        """Whether no partition of it exists."""
        return not any(
            error is ErrorCode.NONE for topic in self.topics for _, error in topic.partitions
        )


def plan_commit(request: OffsetCommitRequest, image: MetadataImage, version: int) -> CommitPlan:
    """Look up topics and partitions."""
    topics: list[PlannedTopic] = []
    for topic in request.topics:
        name, topic_id, unknown = _look_up(topic, image, version)
        partitions = tuple(
            (partition, unknown or _existence(image, name, partition.partition_index))
            for partition in topic.partitions
        )
        topics.append(PlannedTopic(name, topic_id, partitions))
    return CommitPlan(request, tuple(topics))


def commit(
    table: GroupTable,
    consumers: ConsumerGroupTable,
    ticket: Ticket,
    plan: CommitPlan,
    now: int,
) -> Result:
    """Write what can be written.  Raises `KafkaError`, and then nothing has changed."""
    request = plan.request
    _check_member(table, consumers, ticket, plan, now)
    plan = _without_large_metadata(plan, table.config.int("offset.metadata.max.bytes"))
    by_clock = table.effects.clock.at(now)
    expire_timestamp = -1
    if request.retention_time_ms >= 0:
        expire_timestamp = by_clock + request.retention_time_ms
    records = tuple(
        offset_record(
            OffsetKey(request.group_id, topic.name, partition.partition_index),
            StoredOffset(
                offset=partition.committed_offset,
                leader_epoch=partition.committed_leader_epoch,
                metadata=partition.committed_metadata or "",
                commit_timestamp=by_clock,
                expire_timestamp=expire_timestamp,
                topic_id=topic.topic_id,
            ),
        )
        for topic in plan.topics
        for partition, error in topic.partitions
        if error is ErrorCode.NONE
    )
    return Result(records, committed(plan))


def _check_member(
    table: GroupTable, consumers: ConsumerGroupTable, ticket: Ticket, plan: CommitPlan, now: int
) -> None:
    """Whether whoever commits may; in a classic group that renews its session."""
    request = plan.request
    group = table.get(request.group_id)
    consumer = consumers.get(request.group_id)
    if consumer is not None:
        _check_version(consumer, request, ticket)
        check_epoch(
            consumer,
            request.member_id,
            request.generation_id_or_member_epoch,
            (
                (topic.topic_id, partition.partition_index)
                for topic in plan.topics
                for partition, error in topic.partitions
                if error is ErrorCode.NONE
            ),
        )
    elif group is not None:
        _validate(group, request)
        member = group.members.get(request.member_id)
        if member is not None:
            table.expect_heartbeat(group, member, now)
    elif request.generation_id_or_member_epoch >= 0:
        is_told = ticket.api_version >= _GROUP_ID_NOT_FOUND
        raise KafkaError(ErrorCode.GROUP_ID_NOT_FOUND if is_told else ErrorCode.ILLEGAL_GENERATION)


def check_epoch(
    group: ConsumerGroup,
    member_id: str,
    epoch: int,
    partitions: Iterable[tuple[Uuid, int]],
) -> None:
    """Whether a member of a consumer group may commit for these (topic id, partition).

    A commit of an older epoch may be on its way while the member moves on; it counts if the
    partition has been the member's ever since.  UNKNOWN_MEMBER_ID, STALE_MEMBER_EPOCH.
    """
    if epoch < 0 and not group.members:
        return
    member = group.members.get(member_id)
    if member is None:
        raise KafkaError(ErrorCode.UNKNOWN_MEMBER_ID, member_id)
    if epoch == member.epoch:
        return
    if epoch > member.epoch:
        raise KafkaError(ErrorCode.STALE_MEMBER_EPOCH, f"{epoch} is newer than {member.epoch}")
    for topic_id, partition in partitions:
        since = member.assignment_epoch(topic_id, partition)
        if since is None or epoch < since:
            reason = f"{epoch} is older than its assignment of partition {partition}"
            raise KafkaError(ErrorCode.STALE_MEMBER_EPOCH, reason)


def _check_version(group: ConsumerGroup, request: OffsetCommitRequest, ticket: Ticket) -> None:
    if ticket.api_version < _MEMBER_EPOCH and request.member_id in group.members:
        raise KafkaError(ErrorCode.UNSUPPORTED_VERSION, "older versions know no member epoch")


def committed(plan: CommitPlan, error: ErrorCode = ErrorCode.NONE) -> OffsetCommitResponse:
    """The answer: `error` for each partition that has none of its own."""
    return OffsetCommitResponse(
        topics=tuple(
            OffsetCommitResponseTopic(
                name=topic.name,
                topic_id=topic.topic_id,
                partitions=tuple(
                    OffsetCommitResponsePartition(
                        partition_index=partition.partition_index, error_code=own or error
                    )
                    for partition, own in topic.partitions
                ),
            )
            for topic in plan.topics
        )
    )


def _look_up(
    topic: OffsetCommitRequestTopic, image: MetadataImage, version: int
) -> tuple[str, Uuid, ErrorCode]:
    if version >= TOPIC_IDS:
        by_id = image.topics_by_id.get(topic.topic_id)
        if by_id is None:
            return "", topic.topic_id, ErrorCode.UNKNOWN_TOPIC_ID
        return by_id.name, topic.topic_id, ErrorCode.NONE
    by_name = image.topics.get(topic.name)
    if by_name is None:
        return topic.name, topic.topic_id, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    return topic.name, by_name.topic_id, ErrorCode.NONE


def _existence(image: MetadataImage, topic: str, partition: int) -> ErrorCode:
    is_known = image.partition(TopicPartition(topic, partition)) is not None
    return ErrorCode.NONE if is_known else ErrorCode.UNKNOWN_TOPIC_OR_PARTITION


def _without_large_metadata(plan: CommitPlan, length_max: int) -> CommitPlan:
    topics = tuple(
        replace(
            topic,
            partitions=tuple(
                (partition, own or _fitness(partition, length_max))
                for partition, own in topic.partitions
            ),
        )
        for topic in plan.topics
    )
    return replace(plan, topics=topics)


def _fitness(partition: OffsetCommitRequestPartition, length_max: int) -> ErrorCode:
    is_fit = len(partition.committed_metadata or "") <= length_max
    return ErrorCode.NONE if is_fit else ErrorCode.OFFSET_METADATA_TOO_LARGE


def _validate(group: ClassicGroup, request: OffsetCommitRequest) -> None:
    """In Kafka: `ClassicGroup.validateOffsetCommit`."""
    generation = request.generation_id_or_member_epoch
    if generation < 0 and group.is_empty:
        return
    if generation < 0 and not request.member_id and request.group_instance_id is None:
        raise KafkaError(ErrorCode.UNKNOWN_MEMBER_ID, "the group has members, this is none")
    group.known_now(request.member_id, request.group_instance_id, generation)
    if group.state is S.COMPLETING_REBALANCE:
        raise KafkaError(ErrorCode.REBALANCE_IN_PROGRESS)
