"""Transactions, as clients ask for them (KIP-98, KIP-890)."""

from dataclasses import dataclass
from typing import ClassVar

from kafkalab.protocol.schema import (
    BOOL,
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


@dataclass(frozen=True, slots=True, kw_only=True)
class AddPartitionsToTxnTopic:
    """Part of AddPartitionsToTxnRequest."""

    name: str = wire(STRING)
    partitions: tuple[int, ...] = wire(array(INT32))


@dataclass(frozen=True, slots=True, kw_only=True)
class AddPartitionsToTxnTransaction:
    """Part of AddPartitionsToTxnRequest."""

    transactional_id: str = wire(STRING, "4+")
    producer_id: int = wire(INT64, "4+")
    producer_epoch: int = wire(INT16, "4+")
    verify_only: bool = wire(BOOL, "4+")
    topics: tuple[AddPartitionsToTxnTopic, ...] = wire(array(AddPartitionsToTxnTopic), "4+")


@dataclass(frozen=True, slots=True, kw_only=True)
class AddPartitionsToTxnRequest(Message):
    """API key 24, versions 0-5."""

    API_KEY: ClassVar[int] = 24
    VERSIONS: ClassVar[Versions] = versions("0-5", flexible="3+")

    transactions: tuple[AddPartitionsToTxnTransaction, ...] = wire(
        array(AddPartitionsToTxnTransaction), "4+"
    )
    v3_and_below_transactional_id: str = wire(STRING, "0-3")
    v3_and_below_producer_id: int = wire(INT64, "0-3")
    v3_and_below_producer_epoch: int = wire(INT16, "0-3")
    v3_and_below_topics: tuple[AddPartitionsToTxnTopic, ...] = wire(
        array(AddPartitionsToTxnTopic), "0-3"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AddPartitionsToTxnPartitionResult:
    """Part of AddPartitionsToTxnResponse."""

    partition_index: int = wire(INT32)
    partition_error_code: int = wire(INT16)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddPartitionsToTxnTopicResult:
    """Part of AddPartitionsToTxnResponse."""

    name: str = wire(STRING)
    results_by_partition: tuple[AddPartitionsToTxnPartitionResult, ...] = wire(
        array(AddPartitionsToTxnPartitionResult)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AddPartitionsToTxnResult:
    """Part of AddPartitionsToTxnResponse."""

    transactional_id: str = wire(STRING, "4+")
    topic_results: tuple[AddPartitionsToTxnTopicResult, ...] = wire(
        array(AddPartitionsToTxnTopicResult), "4+"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AddPartitionsToTxnResponse(Message):
    """API key 24, versions 0-5."""

    API_KEY: ClassVar[int] = 24
    VERSIONS: ClassVar[Versions] = versions("0-5", flexible="3+")

    throttle_time_ms: int = wire(INT32)
    error_code: int = wire(INT16, "4+")
    results_by_transaction: tuple[AddPartitionsToTxnResult, ...] = wire(
        array(AddPartitionsToTxnResult), "4+"
    )
    results_by_topic_v3_and_below: tuple[AddPartitionsToTxnTopicResult, ...] = wire(
        array(AddPartitionsToTxnTopicResult), "0-3"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AddOffsetsToTxnRequest(Message):
    """API key 25, versions 0-4."""

    API_KEY: ClassVar[int] = 25
    VERSIONS: ClassVar[Versions] = versions("0-4", flexible="3+")

    transactional_id: str = wire(STRING)
    producer_id: int = wire(INT64)
    producer_epoch: int = wire(INT16)
    group_id: str = wire(STRING)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddOffsetsToTxnResponse(Message):
    """API key 25, versions 0-4."""

    API_KEY: ClassVar[int] = 25
    VERSIONS: ClassVar[Versions] = versions("0-4", flexible="3+")

    throttle_time_ms: int = wire(INT32)
    error_code: int = wire(INT16)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndTxnRequest(Message):
    """API key 26, versions 0-5."""

    API_KEY: ClassVar[int] = 26
    VERSIONS: ClassVar[Versions] = versions("0-5", flexible="3+")

    transactional_id: str = wire(STRING)
    producer_id: int = wire(INT64)
    producer_epoch: int = wire(INT16)
    committed: bool = wire(BOOL)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndTxnResponse(Message):
    """API key 26, versions 0-5."""

    API_KEY: ClassVar[int] = 26
    VERSIONS: ClassVar[Versions] = versions("0-5", flexible="3+")

    throttle_time_ms: int = wire(INT32)
    error_code: int = wire(INT16)
    producer_id: int = wire(INT64, "5+", default=-1)
    producer_epoch: int = wire(INT16, "5+", default=-1)


@dataclass(frozen=True, slots=True, kw_only=True)
class TxnOffsetCommitRequestPartition:
    """Part of TxnOffsetCommitRequest."""

    partition_index: int = wire(INT32)
    committed_offset: int = wire(INT64)
    committed_leader_epoch: int = wire(INT32, "2+", default=-1)
    committed_metadata: str | None = wire(STRING, nullable="0+")


@dataclass(frozen=True, slots=True, kw_only=True)
class TxnOffsetCommitRequestTopic:
    """Part of TxnOffsetCommitRequest."""

    name: str = wire(STRING)
    partitions: tuple[TxnOffsetCommitRequestPartition, ...] = wire(
        array(TxnOffsetCommitRequestPartition)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TxnOffsetCommitRequest(Message):
    """API key 28, versions 0-5."""

    API_KEY: ClassVar[int] = 28
    VERSIONS: ClassVar[Versions] = versions("0-5", flexible="3+")

    transactional_id: str = wire(STRING)
    group_id: str = wire(STRING)
    producer_id: int = wire(INT64)
    producer_epoch: int = wire(INT16)
    generation_id: int = wire(INT32, "3+", default=-1)
    member_id: str = wire(STRING, "3+")
    group_instance_id: str | None = wire(STRING, "3+", nullable="3+", default=None)
    topics: tuple[TxnOffsetCommitRequestTopic, ...] = wire(array(TxnOffsetCommitRequestTopic))


@dataclass(frozen=True, slots=True, kw_only=True)
class TxnOffsetCommitResponsePartition:
    """Part of TxnOffsetCommitResponse."""

    partition_index: int = wire(INT32)
    error_code: int = wire(INT16)


@dataclass(frozen=True, slots=True, kw_only=True)
class TxnOffsetCommitResponseTopic:
    """Part of TxnOffsetCommitResponse."""

    name: str = wire(STRING)
    partitions: tuple[TxnOffsetCommitResponsePartition, ...] = wire(
        array(TxnOffsetCommitResponsePartition)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TxnOffsetCommitResponse(Message):
    """API key 28, versions 0-5."""

    API_KEY: ClassVar[int] = 28
    VERSIONS: ClassVar[Versions] = versions("0-5", flexible="3+")

    throttle_time_ms: int = wire(INT32)
    topics: tuple[TxnOffsetCommitResponseTopic, ...] = wire(array(TxnOffsetCommitResponseTopic))
