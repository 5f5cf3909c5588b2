"""TxnOffsetCommit 0-5: offsets that count only if a producer's transaction commits.

    consume ─▶ transform ─▶ produce        in one transaction: output and input offset together
    TxnOffsetCommit ─▶ pending ─▶ the marker in `__consumer_offsets` decides

The offsets are written in the producer's own name, so its marker ends them as it ends its records.
From version 3 on the consumer says which member of which generation it is, and one that has been
replaced is refused (KIP-447); that is what fences a processor without a transactional id per
partition.

In Kafka: `KafkaApis.handleTxnOffsetCommitRequest`,
`OffsetMetadataManager.commitTransactionalOffset`.
"""

from dataclasses import dataclass
from typing import Final

from kafkalab.coordination import Result, Writer
from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.groups.classic import ClassicGroup
from kafkalab.groups.committing import check_epoch
from kafkalab.groups.consumer import ConsumerGroup, ConsumerGroupTable
from kafkalab.groups.group_table import GroupTable
from kafkalab.groups.stored import OffsetKey, StoredOffset, offset_record
from kafkalab.ids import TopicPartition
from kafkalab.metadata import MetadataImage
from kafkalab.protocol.messages.transactions import (
    TxnOffsetCommitRequest,
    TxnOffsetCommitRequestPartition,
    TxnOffsetCommitResponse,
    TxnOffsetCommitResponsePartition,
    TxnOffsetCommitResponseTopic,
)

_KNOWS_LOADING: Final = 2


@dataclass(frozen=True, slots=True)
class TxnCommitPlan:
    """A request, `unknown` partitions that do not exist, and the guard of its verification."""

    request: TxnOffsetCommitRequest
    unknown: frozenset[TopicPartition]
    guard: int

    @property
    def group_id(self) -> str:
        return self.request.group_id


def plan_transactional(
    request: TxnOffsetCommitRequest, image: MetadataImage, guard: int
) -> TxnCommitPlan:
    """Find out what does not exist."""
    asked = (
        TopicPartition(topic.name, partition.partition_index)
        for topic in request.topics
        for partition in topic.partitions
    )
    unknown = frozenset(each for each in asked if image.partition(each) is None)
    return TxnCommitPlan(request, unknown, guard)


def commit_transactional(
    table: GroupTable,
    consumers: ConsumerGroupTable,
    plan: TxnCommitPlan,
    image: MetadataImage,
    now: int,
) -> Result:
    """Write what can be written.  Raises `KafkaError`, and then nothing has changed."""
    request = plan.request
    group = table.get(request.group_id)
    consumer = consumers.get(request.group_id)
    if consumer is not None:
        _check_epoch(consumer, plan, image)
    elif group is not None:
        _validate(group, request)
    elif request.generation_id >= 0:
        raise KafkaError(ErrorCode.ILLEGAL_GENERATION)
    length_max = table.config.int("offset.metadata.max.bytes")
    records = tuple(
        offset_record(
            OffsetKey(request.group_id, topic.name, partition.partition_index),
            StoredOffset(
                offset=partition.committed_offset,
                leader_epoch=partition.committed_leader_epoch,
                metadata=partition.committed_metadata or "",
                commit_timestamp=table.effects.clock.at(now),
                topic_id=image.topics[topic.name].topic_id,
            ),
        )
        for topic in request.topics
        for partition in topic.partitions
        if not _own_error(plan, topic.name, partition, length_max)
    )
    writer = Writer(request.producer_id, request.producer_epoch, plan.guard)
    return Result(records, transactional_answer(plan, length_max=length_max), writer=writer)


def transactional_answer(
    plan: TxnCommitPlan,
    error: ErrorCode = ErrorCode.NONE,
    *,
    length_max: int = 1 << 30,
    version: int = _KNOWS_LOADING,
) -> TxnOffsetCommitResponse:
    """`error` for each partition that has none of its own."""
    if error is ErrorCode.COORDINATOR_LOAD_IN_PROGRESS and version < _KNOWS_LOADING:
        error = ErrorCode.COORDINATOR_NOT_AVAILABLE  # these would crash (KAFKA-7296)
    return TxnOffsetCommitResponse(
        topics=tuple(
            TxnOffsetCommitResponseTopic(
                name=topic.name,
                partitions=tuple(
                    TxnOffsetCommitResponsePartition(
                        partition_index=partition.partition_index,
                        error_code=_own_error(plan, topic.name, partition, length_max) or error,
                    )
                    for partition in topic.partitions
                ),
            )
            for topic in plan.request.topics
        )
    )


def _own_error(
    plan: TxnCommitPlan, topic: str, partition: TxnOffsetCommitRequestPartition, length_max: int
) -> ErrorCode:
    if TopicPartition(topic, partition.partition_index) in plan.unknown:
        return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    if len(partition.committed_metadata or "") > length_max:
        return ErrorCode.OFFSET_METADATA_TOO_LARGE
    return ErrorCode.NONE


def _validate(group: ClassicGroup, request: TxnOffsetCommitRequest) -> None:
    """In Kafka: `ClassicGroup.validateOffsetCommit`; older producers do not say who they are."""
    generation, member_id = request.generation_id, request.member_id
    if generation < 0 and (group.is_empty or not (member_id or request.group_instance_id)):
        return
    group.known_now(member_id, request.group_instance_id, generation)


def _check_epoch(group: ConsumerGroup, plan: TxnCommitPlan, image: MetadataImage) -> None:
    """As other commits; producers know no member epochs, and are told of an old generation."""
    request = plan.request
    epoch, member_id = request.generation_id, request.member_id
    if epoch < 0 and not (member_id or request.group_instance_id):
        return
    wanted = (
        (image.topics[topic.name].topic_id, partition.partition_index)
        for topic in request.topics
        for partition in topic.partitions
        if TopicPartition(topic.name, partition.partition_index) not in plan.unknown
    )
    try:
        check_epoch(group, member_id, epoch, wanted)
    except KafkaError as error:
        if error.code is ErrorCode.STALE_MEMBER_EPOCH:
            raise KafkaError(ErrorCode.ILLEGAL_GENERATION, error.message) from None
        raise
