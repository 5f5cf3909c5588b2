"""Transaction markers between brokers, and looking at transactions."""

from dataclasses import dataclass
from typing import ClassVar

from kafkalab.protocol.schema import (
    BOOL,
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


@dataclass(frozen=True, slots=True, kw_only=True)
class WritableTxnMarkerTopic:
    """Part of WriteTxnMarkersRequest."""

    name: str = wire(STRING)
    partition_indexes: tuple[int, ...] = wire(array(INT32))


@dataclass(frozen=True, slots=True, kw_only=True)
class WritableTxnMarker:
    """Part of WriteTxnMarkersRequest."""

    producer_id: int = wire(INT64)
    producer_epoch: int = wire(INT16)
    transaction_result: bool = wire(BOOL)
    topics: tuple[WritableTxnMarkerTopic, ...] = wire(array(WritableTxnMarkerTopic))
    coordinator_epoch: int = wire(INT32)
    transaction_version: int = wire(INT8, "2+")


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteTxnMarkersRequest(Message):
    """API key 27, versions 1-2."""

    API_KEY: ClassVar[int] = 27
    VERSIONS: ClassVar[Versions] = versions("1-2", flexible="1+")

    markers: tuple[WritableTxnMarker, ...] = wire(array(WritableTxnMarker))


@dataclass(frozen=True, slots=True, kw_only=True)
class WritableTxnMarkerPartitionResult:
    """Part of WriteTxnMarkersResponse."""

    partition_index: int = wire(INT32)
    error_code: int = wire(INT16)


@dataclass(frozen=True, slots=True, kw_only=True)
class WritableTxnMarkerTopicResult:
    """Part of WriteTxnMarkersResponse."""

    name: str = wire(STRING)
    partitions: tuple[WritableTxnMarkerPartitionResult, ...] = wire(
        array(WritableTxnMarkerPartitionResult)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WritableTxnMarkerResult:
    """Part of WriteTxnMarkersResponse."""

    producer_id: int = wire(INT64)
    topics: tuple[WritableTxnMarkerTopicResult, ...] = wire(array(WritableTxnMarkerTopicResult))


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteTxnMarkersResponse(Message):
    """API key 27, versions 1-2."""

    API_KEY: ClassVar[int] = 27
    VERSIONS: ClassVar[Versions] = versions("1-2", flexible="1+")

    markers: tuple[WritableTxnMarkerResult, ...] = wire(array(WritableTxnMarkerResult))


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeTransactionsRequest(Message):
    """API key 65, versions 0."""

    API_KEY: ClassVar[int] = 65
    VERSIONS: ClassVar[Versions] = versions("0", flexible="0+")

    transactional_ids: tuple[str, ...] = wire(array(STRING))


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicData:
    """Part of DescribeTransactionsResponse."""

    topic: str = wire(STRING)
    partitions: tuple[int, ...] = wire(array(INT32))


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeTransactionsResponseTransactionState:
    """Part of DescribeTransactionsResponse."""

    error_code: int = wire(INT16)
    transactional_id: str = wire(STRING)
    transaction_state: str = wire(STRING)
    transaction_timeout_ms: int = wire(INT32)
    transaction_start_time_ms: int = wire(INT64)
    producer_id: int = wire(INT64)
    producer_epoch: int = wire(INT16)
    topics: tuple[TopicData, ...] = wire(array(TopicData))


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeTransactionsResponse(Message):
    """API key 65, versions 0."""

    API_KEY: ClassVar[int] = 65
    VERSIONS: ClassVar[Versions] = versions("0", flexible="0+")

    throttle_time_ms: int = wire(INT32)
    transaction_states: tuple[DescribeTransactionsResponseTransactionState, ...] = wire(
        array(DescribeTransactionsResponseTransactionState)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ListTransactionsRequest(Message):
    """API key 66, versions 0-2."""

    API_KEY: ClassVar[int] = 66
    VERSIONS: ClassVar[Versions] = versions("0-2", flexible="0+")

    state_filters: tuple[str, ...] = wire(array(STRING))
    producer_id_filters: tuple[int, ...] = wire(array(INT64))
    duration_filter: int = wire(INT64, "1+", default=-1)
    transactional_id_pattern: str | None = wire(STRING, "2+", nullable="2+", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListTransactionsResponseTransactionState:
    """Part of ListTransactionsResponse."""

    transactional_id: str = wire(STRING)
    producer_id: int = wire(INT64)
    transaction_state: str = wire(STRING)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListTransactionsResponse(Message):
    """API key 66, versions 0-2."""

    API_KEY: ClassVar[int] = 66
    VERSIONS: ClassVar[Versions] = versions("0-2", flexible="0+")

    throttle_time_ms: int = wire(INT32)
    error_code: int = wire(INT16)
    unknown_state_filters: tuple[str, ...] = wire(array(STRING))
    transaction_states: tuple[ListTransactionsResponseTransactionState, ...] = wire(
        array(ListTransactionsResponseTransactionState)
    )
