"""Who leads what: topics, partitions, brokers, controller."""

from dataclasses import dataclass
from typing import ClassVar

from kafkalab.ids import Uuid
from kafkalab.protocol.schema import (
    BOOL,
    INT8,
    INT16,
    INT32,
    STRING,
    UUID,
    Message,
    Versions,
    array,
    versions,
    wire,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MetadataRequestTopic:
    """Part of MetadataRequest."""

    topic_id: Uuid = wire(UUID, "10+")
    name: str | None = wire(STRING, nullable="10+")


@dataclass(frozen=True, slots=True, kw_only=True)
class MetadataRequest(Message):
    """API key 3, versions 0-13."""

    API_KEY: ClassVar[int] = 3
    VERSIONS: ClassVar[Versions] = versions("0-13", flexible="9+")

    topics: tuple[MetadataRequestTopic, ...] | None = wire(
        array(MetadataRequestTopic), nullable="1+"
    )
    allow_auto_topic_creation: bool = wire(BOOL, "4+", default=True)
    include_cluster_authorized_operations: bool = wire(BOOL, "8-10")
    include_topic_authorized_operations: bool = wire(BOOL, "8+")


@dataclass(frozen=True, slots=True, kw_only=True)
class MetadataResponseBroker:
    """Part of MetadataResponse."""

    node_id: int = wire(INT32)
    host: str = wire(STRING)
    port: int = wire(INT32)
    rack: str | None = wire(STRING, "1+", nullable="1+", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class MetadataResponsePartition:
    """Part of MetadataResponse."""

    error_code: int = wire(INT16)
    partition_index: int = wire(INT32)
    leader_id: int = wire(INT32)
    leader_epoch: int = wire(INT32, "7+", default=-1)
    replica_nodes: tuple[int, ...] = wire(array(INT32))
    isr_nodes: tuple[int, ...] = wire(array(INT32))
    offline_replicas: tuple[int, ...] = wire(array(INT32), "5+")


@dataclass(frozen=True, slots=True, kw_only=True)
class MetadataResponseTopic:
    """Part of MetadataResponse."""

    error_code: int = wire(INT16)
    name: str | None = wire(STRING, nullable="12+")
    topic_id: Uuid = wire(UUID, "10+")
    is_internal: bool = wire(BOOL, "1+")
    partitions: tuple[MetadataResponsePartition, ...] = wire(array(MetadataResponsePartition))
    topic_authorized_operations: int = wire(INT32, "8+", default=-2147483648)


@dataclass(frozen=True, slots=True, kw_only=True)
class MetadataResponse(Message):
    """API key 3, versions 0-13."""

    API_KEY: ClassVar[int] = 3
    VERSIONS: ClassVar[Versions] = versions("0-13", flexible="9+")

    throttle_time_ms: int = wire(INT32, "3+")
    brokers: tuple[MetadataResponseBroker, ...] = wire(array(MetadataResponseBroker))
    cluster_id: str | None = wire(STRING, "2+", nullable="2+", default=None)
    controller_id: int = wire(INT32, "1+", default=-1)
    topics: tuple[MetadataResponseTopic, ...] = wire(array(MetadataResponseTopic))
    cluster_authorized_operations: int = wire(INT32, "8-10", default=-2147483648)
    error_code: int = wire(INT16, "13+")


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeClusterRequest(Message):
    """API key 60, versions 0-2."""

    API_KEY: ClassVar[int] = 60
    VERSIONS: ClassVar[Versions] = versions("0-2", flexible="0+")

    include_cluster_authorized_operations: bool = wire(BOOL)
    endpoint_type: int = wire(INT8, "1+", default=1)
    include_fenced_brokers: bool = wire(BOOL, "2+")


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeClusterBroker:
    """Part of DescribeClusterResponse."""

    broker_id: int = wire(INT32)
    host: str = wire(STRING)
    port: int = wire(INT32)
    rack: str | None = wire(STRING, nullable="0+", default=None)
    is_fenced: bool = wire(BOOL, "2+")


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeClusterResponse(Message):
    """API key 60, versions 0-2."""

    API_KEY: ClassVar[int] = 60
    VERSIONS: ClassVar[Versions] = versions("0-2", flexible="0+")

    throttle_time_ms: int = wire(INT32)
    error_code: int = wire(INT16)
    error_message: str | None = wire(STRING, nullable="0+", default=None)
    endpoint_type: int = wire(INT8, "1+", default=1)
    cluster_id: str = wire(STRING)
    controller_id: int = wire(INT32, default=-1)
    brokers: tuple[DescribeClusterBroker, ...] = wire(array(DescribeClusterBroker))
    cluster_authorized_operations: int = wire(INT32, default=-2147483648)


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicRequest:
    """Part of DescribeTopicPartitionsRequest."""

    name: str = wire(STRING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """Part of DescribeTopicPartitionsRequest."""

    topic_name: str = wire(STRING)
    partition_index: int = wire(INT32)


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeTopicPartitionsRequest(Message):
    """API key 75, versions 0."""

    API_KEY: ClassVar[int] = 75
    VERSIONS: ClassVar[Versions] = versions("0", flexible="0+")

    topics: tuple[TopicRequest, ...] = wire(array(TopicRequest))
    response_partition_limit: int = wire(INT32, default=2000)
    cursor: Cursor | None = wire(Cursor, nullable="0+", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeTopicPartitionsResponsePartition:
    """Part of DescribeTopicPartitionsResponse."""

    error_code: int = wire(INT16)
    partition_index: int = wire(INT32)
    leader_id: int = wire(INT32)
    leader_epoch: int = wire(INT32, default=-1)
    replica_nodes: tuple[int, ...] = wire(array(INT32))
    isr_nodes: tuple[int, ...] = wire(array(INT32))
    eligible_leader_replicas: tuple[int, ...] | None = wire(
        array(INT32), nullable="0+", default=None
    )
    last_known_elr: tuple[int, ...] | None = wire(array(INT32), nullable="0+", default=None)
    offline_replicas: tuple[int, ...] = wire(array(INT32))


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeTopicPartitionsResponseTopic:
    """Part of DescribeTopicPartitionsResponse."""

    error_code: int = wire(INT16)
    name: str | None = wire(STRING, nullable="0+")
    topic_id: Uuid = wire(UUID)
    is_internal: bool = wire(BOOL)
    partitions: tuple[DescribeTopicPartitionsResponsePartition, ...] = wire(
        array(DescribeTopicPartitionsResponsePartition)
    )
    topic_authorized_operations: int = wire(INT32, default=-2147483648)


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeTopicPartitionsResponse(Message):
    """API key 75, versions 0."""

    API_KEY: ClassVar[int] = 75
    VERSIONS: ClassVar[Versions] = versions("0", flexible="0+")

    throttle_time_ms: int = wire(INT32)
    topics: tuple[DescribeTopicPartitionsResponseTopic, ...] = wire(
        array(DescribeTopicPartitionsResponseTopic)
    )
    next_cursor: Cursor | None = wire(Cursor, nullable="0+", default=None)
