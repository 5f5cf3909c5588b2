"""What a transactional id looks like in `__transaction_state`, and back.

In Kafka: `TransactionLog`, `TransactionLogKey`, `TransactionLogValue`.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from kafkalab.coordination import CoordinatorRecord, RecordTypes
from kafkalab.ids import TopicPartition
from kafkalab.protocol.schema import (
    INT8,
    INT16,
    INT32,
    INT64,
    STRING,
    Message,
    Versions,
    array,
    versions,
    wire,
)
from kafkalab.transactions.states import Transaction, TransactionState

TRANSACTIONS_TOPIC: Final = "__transaction_state"


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionLogKey(Message):
    """Record type 0, versions 0."""

    API_KEY: ClassVar[int] = 0
    VERSIONS: ClassVar[Versions] = versions("0", flexible="none")

    transactional_id: str = wire(STRING, "0")


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionsSchema:
    """Part of TransactionLogValue."""

    topic: str = wire(STRING)
    partition_ids: tuple[int, ...] = wire(array(INT32))


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionLogValue(Message):
    """Record type 0, versions 0-1."""

    API_KEY: ClassVar[int] = 0
    VERSIONS: ClassVar[Versions] = versions("0-1", flexible="1+")

    producer_id: int = wire(INT64)
    previous_producer_id: int = wire(INT64, "1+", tag=0, default=-1)
    next_producer_id: int = wire(INT64, "1+", tag=1, default=-1)
    producer_epoch: int = wire(INT16)
    next_producer_epoch: int = wire(INT16, "1+", tag=3, default=-1)
    transaction_timeout_ms: int = wire(INT32)
    transaction_status: int = wire(INT8)
    transaction_partitions: tuple[PartitionsSchema, ...] | None = wire(
        array(PartitionsSchema), nullable="0+"
    )
    transaction_last_update_timestamp_ms: int = wire(INT64)
    transaction_start_timestamp_ms: int = wire(INT64)
    client_transaction_version: int = wire(INT16, "1+", tag=2, default=0)


RECORD_TYPES: Final[RecordTypes] = {0: (TransactionLogKey, TransactionLogValue)}
_STATES: Final = tuple(TransactionState)


def transaction_record(transaction: Transaction, transaction_version: int) -> CoordinatorRecord:
    """Its state as a record, in the format of the cluster's transaction version."""
    topics: dict[str, list[int]] = {}
    for topic, partition in transaction.partitions:
        topics.setdefault(topic, []).append(partition)
    partitions = None
    if transaction.state is not TransactionState.EMPTY:
        partitions = tuple(
            PartitionsSchema(topic=topic, partition_ids=tuple(ids)) for topic, ids in topics.items()
        )
    value = TransactionLogValue(
        producer_id=transaction.producer_id,
        previous_producer_id=transaction.previous_producer_id,
        next_producer_id=transaction.next_producer_id,
        producer_epoch=transaction.producer_epoch,
        transaction_timeout_ms=transaction.timeout_ms,
        transaction_status=transaction.state.id,
        transaction_partitions=partitions,
        transaction_last_update_timestamp_ms=transaction.update_timestamp,
        transaction_start_timestamp_ms=transaction.start_timestamp,
        client_transaction_version=transaction.client_version,
    )
    key = TransactionLogKey(transactional_id=transaction.transactional_id)
    return CoordinatorRecord(key, value, min(transaction_version, 1))


def tombstone(transactional_id: str) -> CoordinatorRecord:
    """That an id is forgotten."""
    return CoordinatorRecord(TransactionLogKey(transactional_id=transactional_id), None)


def restored(transactional_id: str, value: TransactionLogValue) -> Transaction:
    """The transactional id of a record."""
    return Transaction(
        transactional_id=transactional_id,
        producer_id=value.producer_id,
        producer_epoch=value.producer_epoch,
        timeout_ms=value.transaction_timeout_ms,
        state=_STATES[value.transaction_status],
        partitions=tuple(
            TopicPartition(topic.topic, partition)
            for topic in value.transaction_partitions or ()
            for partition in topic.partition_ids
        ),
        previous_producer_id=value.previous_producer_id,
        next_producer_id=value.next_producer_id,
        start_timestamp=value.transaction_start_timestamp_ms,
        update_timestamp=value.transaction_last_update_timestamp_ms,
        client_version=value.client_transaction_version,
    )
