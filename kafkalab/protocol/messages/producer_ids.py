"""Producer ids and epochs: handing them out, and who writes to a partition."""

from dataclasses import dataclass
from typing import ClassVar

from kafkalab.protocol.schema import (
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
class InitProducerIdRequest(Message):
    """API key 22, versions 0-5."""

    API_KEY: ClassVar[int] = 22
    VERSIONS: ClassVar[Versions] = versions("0-5", flexible="2+")

    transactional_id: str | None = wire(STRING, nullable="0+")
    transaction_timeout_ms: int = wire(INT32)
    producer_id: int = wire(INT64, "3+", default=-1)
    producer_epoch: int = wire(INT16, "3+", default=-1)


@dataclass(frozen=True, slots=True, kw_only=True)
class InitProducerIdResponse(Message):
    """API key 22, versions 0-6."""

    API_KEY: ClassVar[int] = 22
    VERSIONS: ClassVar[Versions] = versions("0-6", flexible="2+")

    throttle_time_ms: int = wire(INT32)
    error_code: int = wire(INT16)
    producer_id: int = wire(INT64, default=-1)
    producer_epoch: int = wire(INT16)
    ongoing_txn_producer_id: int = wire(INT64, "6+", default=-1)
    ongoing_txn_producer_epoch: int = wire(INT16, "6+", default=-1)


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocateProducerIdsRequest(Message):
    """API key 67, versions 0."""

    API_KEY: ClassVar[int] = 67
    VERSIONS: ClassVar[Versions] = versions("0", flexible="0+")

    broker_id: int = wire(INT32)
    broker_epoch: int = wire(INT64, default=-1)


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocateProducerIdsResponse(Message):
    """API key 67, versions 0."""

    API_KEY: ClassVar[int] = 67
    VERSIONS: ClassVar[Versions] = versions("0", flexible="0+")

    throttle_time_ms: int = wire(INT32)
    error_code: int = wire(INT16)
    producer_id_start: int = wire(INT64)
    producer_id_len: int = wire(INT32)


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicRequest:
    """Part of DescribeProducersRequest."""

    name: str = wire(STRING)
    partition_indexes: tuple[int, ...] = wire(array(INT32))


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeProducersRequest(Message):
    """API key 61, versions 0."""

    API_KEY: ClassVar[int] = 61
    VERSIONS: ClassVar[Versions] = versions("0", flexible="0+")

    topics: tuple[TopicRequest, ...] = wire(array(TopicRequest))


@dataclass(frozen=True, slots=True, kw_only=True)
class ProducerState:
    """Part of DescribeProducersResponse."""

    producer_id: int = wire(INT64)
    producer_epoch: int = wire(INT32)
    last_sequence: int = wire(INT32, default=-1)
    last_timestamp: int = wire(INT64, default=-1)
    coordinator_epoch: int = wire(INT32)
    current_txn_start_offset: int = wire(INT64, default=-1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionResponse:
    """Part of DescribeProducersResponse."""

    partition_index: int = wire(INT32)
    error_code: int = wire(INT16)
    error_message: str | None = wire(STRING, nullable="0+", default=None)
    active_producers: tuple[ProducerState, ...] = wire(array(ProducerState))


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicResponse:
    """Part of DescribeProducersResponse."""

    name: str = wire(STRING)
    partitions: tuple[PartitionResponse, ...] = wire(array(PartitionResponse))


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeProducersResponse(Message):
    """API key 61, versions 0."""

    API_KEY: ClassVar[int] = 61
    VERSIONS: ClassVar[Versions] = versions("0", flexible="0+")

    throttle_time_ms: int = wire(INT32)
    topics: tuple[TopicResponse, ...] = wire(array(TopicResponse))
