"""The five requests of a transactional producer, and what it makes of the errors in the answers.

| error | what follows |
| --- | --- |
| NOT_COORDINATOR, COORDINATOR_NOT_AVAILABLE, no answer | look for the coordinator, ask again |
| …LOAD_IN_PROGRESS, CONCURRENT_TRANSACTIONS, other retriable ones | ask again |
| PRODUCER_FENCED, INVALID_PRODUCER_EPOCH | fatal: another producer has taken over (_FENCED) |
| of the group (ILLEGAL_GENERATION, …), INVALID_TXN_STATE, TRANSACTION_ABORTABLE | abort it |
| all others | fatal |

In librdkafka: the handlers in `rdkafka_txnmgr.c`; in Kafka: `TransactionManager.TxnRequestHandler`.
"""

from collections.abc import Iterable
from enum import Enum
from typing import Any, Final, NamedTuple

from kafkalab.errors import RETRIABLE, ErrorCode
from kafkalab.ids import TopicPartition
from kafkalab.protocol.messages.producer_ids import InitProducerIdRequest
from kafkalab.protocol.messages.transactions import (
    AddOffsetsToTxnRequest,
    AddPartitionsToTxnRequest,
    AddPartitionsToTxnTopic,
    EndTxnRequest,
    TxnOffsetCommitRequest,
    TxnOffsetCommitRequestPartition,
    TxnOffsetCommitRequestTopic,
)
from kafkalab.protocol.schema import Message

#: The highest versions that librdkafka speaks: none of them knows KIP-890.
OLDER: Final[dict[int, int]] = {
    InitProducerIdRequest.API_KEY: 4,
    AddPartitionsToTxnRequest.API_KEY: 0,
    AddOffsetsToTxnRequest.API_KEY: 0,
    EndTxnRequest.API_KEY: 1,
    TxnOffsetCommitRequest.API_KEY: 3,
}
OLDER_PRODUCE: Final = 10
_FIRST_OF_VERSION_2: Final = 5  # of EndTxn


class GroupMember(NamedTuple):
    """Who commits offsets: a group, and its member as of some generation."""

    group_id: str
    generation: int = -1
    member_id: str = ""
    group_instance_id: str | None = None


class Offset(NamedTuple):
    """An offset to be committed."""

    topic: str
    partition: int
    offset: int
    metadata: str = ""


class Verdict(Enum):
    """What an error means for the transaction."""

    DONE = "done"
    RETRY = "ask again"
    FIND = "look for the coordinator, then ask again"
    ABORT = "the transaction must be aborted"
    FENCED = "another producer has taken over"
    FATAL = "nothing can be done"


_FIND: Final = frozenset({ErrorCode.NOT_COORDINATOR, ErrorCode.COORDINATOR_NOT_AVAILABLE})
#: The coordinator has no such producer: it takes no EndTxn of it, an abort asks for another id.
UNKNOWN: Final = ErrorCode.INVALID_PRODUCER_ID_MAPPING
_FENCED: Final = frozenset({ErrorCode.PRODUCER_FENCED, ErrorCode.INVALID_PRODUCER_EPOCH})
_ABORT: Final = frozenset(
    {
        ErrorCode.UNKNOWN_MEMBER_ID,
        ErrorCode.ILLEGAL_GENERATION,
        ErrorCode.FENCED_INSTANCE_ID,
        ErrorCode.REBALANCE_IN_PROGRESS,
        ErrorCode.INVALID_GROUP_ID,
        ErrorCode.OFFSET_METADATA_TOO_LARGE,
        ErrorCode.INVALID_TXN_STATE,
        ErrorCode.TRANSACTION_ABORTABLE,
        UNKNOWN,
        ErrorCode.UNKNOWN_PRODUCER_ID,
        ErrorCode.TOPIC_AUTHORIZATION_FAILED,
        ErrorCode.GROUP_AUTHORIZATION_FAILED,
    }
)


def verdict(error: int | None) -> Verdict:
    """What to do about an error; None: the connection went, or no answer came in time."""
    if error is None or error in _FIND:
        return Verdict.FIND
    if not error:
        return Verdict.DONE
    if error in RETRIABLE or error == ErrorCode.OPERATION_NOT_ATTEMPTED:
        return Verdict.RETRY
    if error in _FENCED:
        return Verdict.FENCED
    return Verdict.ABORT if error in _ABORT else Verdict.FATAL


def error_of(response: Any) -> int | None:
    """The error of an answer, the first if it has several; None without an answer."""
    if response is None:
        return None
    if hasattr(response, "results_by_topic_v3_and_below"):
        errors: Iterable[int] = [
            one.partition_error_code
            for topic in response.results_by_topic_v3_and_below
            for one in topic.results_by_partition
        ]
    elif hasattr(response, "topics"):
        errors = [one.error_code for topic in response.topics for one in topic.partitions]
    else:
        return int(response.error_code)
    not_attempted = ErrorCode.OPERATION_NOT_ATTEMPTED
    others = [each for each in errors if each and each != not_attempted]
    return others[0] if others else next(iter(errors), 0)


def init(id: str, producer_id: int, epoch: int, timeout_ms: int) -> Message:
    return InitProducerIdRequest(
        transactional_id=id,
        transaction_timeout_ms=timeout_ms,
        producer_id=producer_id,
        producer_epoch=epoch,
    )


def end(id: str, producer_id: int, epoch: int, committed: bool) -> Message:
    return EndTxnRequest(
        transactional_id=id, producer_id=producer_id, producer_epoch=epoch, committed=committed
    )


def add_offsets(id: str, producer_id: int, epoch: int, group_id: str) -> Message:
    return AddOffsetsToTxnRequest(
        transactional_id=id, producer_id=producer_id, producer_epoch=epoch, group_id=group_id
    )


def add_partitions(
    id: str, producer_id: int, epoch: int, partitions: Iterable[TopicPartition]
) -> Message:
    topics: dict[str, list[int]] = {}
    for topic, number in partitions:
        topics.setdefault(topic, []).append(number)
    return AddPartitionsToTxnRequest(
        v3_and_below_transactional_id=id,
        v3_and_below_producer_id=producer_id,
        v3_and_below_producer_epoch=epoch,
        v3_and_below_topics=tuple(
            AddPartitionsToTxnTopic(name=name, partitions=tuple(numbers))
            for name, numbers in topics.items()
        ),
    )


def commit_offsets(
    id: str, producer_id: int, epoch: int, member: GroupMember, offsets: tuple[Offset, ...]
) -> Message:
    topics: dict[str, list[TxnOffsetCommitRequestPartition]] = {}
    for topic, partition, offset, metadata in offsets:
        one = TxnOffsetCommitRequestPartition(
            partition_index=partition, committed_offset=offset, committed_metadata=metadata
        )
        topics.setdefault(topic, []).append(one)
    return TxnOffsetCommitRequest(
        transactional_id=id,
        group_id=member.group_id,
        producer_id=producer_id,
        producer_epoch=epoch,
        generation_id=member.generation,
        member_id=member.member_id,
        group_instance_id=member.group_instance_id,
        topics=tuple(
            TxnOffsetCommitRequestTopic(name=name, partitions=tuple(parts))
            for name, parts in topics.items()
        ),
    )
