"""Append record batches to partitions."""

from typing import ClassVar

from kafkalab.ids import Uuid
from kafkalab.protocol.schema import (
    INT16,
    INT32,
    INT64,
    RECORDS,
    STRING,
    UUID,
    Message,
    RecordData,
    Versions,
    array,
    versions,
    wire,
)
from kafkalab.values import value


@value(kw_only=True)
class PartitionProduceData:
    """Part of ProduceRequest."""

    index: int = wire(INT32)
    records: RecordData = wire(RECORDS, nullable="0+")


@value(kw_only=True)
class TopicProduceData:
    """Part of ProduceRequest."""

    name: str = wire(STRING, "0-12")
    topic_id: Uuid = wire(UUID, "13+")
    partition_data: tuple[PartitionProduceData, ...] = wire(array(PartitionProduceData))


@value(kw_only=True)
class ProduceRequest(Message):
    """API key 0, versions 3-13."""

    API_KEY: ClassVar[int] = 0
    VERSIONS: ClassVar[Versions] = versions("3-13", flexible="9+")

    transactional_id: str | None = wire(STRING, "3+", nullable="3+", default=None)
    acks: int = wire(INT16)
    timeout_ms: int = wire(INT32)
    topic_data: tuple[TopicProduceData, ...] = wire(array(TopicProduceData))


@value(kw_only=True)
class BatchIndexAndErrorMessage:
    """Part of ProduceResponse."""

    batch_index: int = wire(INT32, "8+")
    batch_index_error_message: str | None = wire(STRING, "8+", nullable="8+", default=None)


@value(kw_only=True)
class LeaderIdAndEpoch:
    """Part of ProduceResponse."""

    leader_id: int = wire(INT32, "10+", default=-1)
    leader_epoch: int = wire(INT32, "10+", default=-1)


@value(kw_only=True)
class PartitionProduceResponse:
    """Part of ProduceResponse."""

    index: int = wire(INT32)
    error_code: int = wire(INT16)
    base_offset: int = wire(INT64)
    log_append_time_ms: int = wire(INT64, "2+", default=-1)
    log_start_offset: int = wire(INT64, "5+", default=-1)
    record_errors: tuple[BatchIndexAndErrorMessage, ...] = wire(
        array(BatchIndexAndErrorMessage), "8+"
    )
    error_message: str | None = wire(STRING, "8+", nullable="8+", default=None)
    current_leader: LeaderIdAndEpoch = wire(LeaderIdAndEpoch, "10+", tag=0)


@value(kw_only=True)
class TopicProduceResponse:
    """Part of ProduceResponse."""

    name: str = wire(STRING, "0-12")
    topic_id: Uuid = wire(UUID, "13+")
    partition_responses: tuple[PartitionProduceResponse, ...] = wire(
        array(PartitionProduceResponse)
    )


@value(kw_only=True)
class NodeEndpoint:
    """Part of ProduceResponse."""

    node_id: int = wire(INT32, "10+")
    host: str = wire(STRING, "10+")
    port: int = wire(INT32, "10+")
    rack: str | None = wire(STRING, "10+", nullable="10+", default=None)


@value(kw_only=True)
class ProduceResponse(Message):
    """API key 0, versions 3-13."""

    API_KEY: ClassVar[int] = 0
    VERSIONS: ClassVar[Versions] = versions("3-13", flexible="9+")

    responses: tuple[TopicProduceResponse, ...] = wire(array(TopicProduceResponse))
    throttle_time_ms: int = wire(INT32, "1+")
    node_endpoints: tuple[NodeEndpoint, ...] = wire(array(NodeEndpoint), "10+", tag=0)
