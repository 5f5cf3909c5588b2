"""The consumer group protocol of KIP-848."""

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
class ConsumerGroupHeartbeatRequestTopicPartitions:
    """Part of ConsumerGroupHeartbeatRequest."""

    topic_id: Uuid = wire(UUID)
    partitions: tuple[int, ...] = wire(array(INT32))


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerGroupHeartbeatRequest(Message):
    """API key 68, versions 0-1."""

    API_KEY: ClassVar[int] = 68
    VERSIONS: ClassVar[Versions] = versions("0-1", flexible="0+")

    group_id: str = wire(STRING)
    member_id: str = wire(STRING)
    member_epoch: int = wire(INT32)
    instance_id: str | None = wire(STRING, nullable="0+", default=None)
    rack_id: str | None = wire(STRING, nullable="0+", default=None)
    rebalance_timeout_ms: int = wire(INT32, default=-1)
    subscribed_topic_names: tuple[str, ...] | None = wire(
        array(STRING), nullable="0+", default=None
    )
    subscribed_topic_regex: str | None = wire(STRING, "1+", nullable="1+", default=None)
    server_assignor: str | None = wire(STRING, nullable="0+", default=None)
    topic_partitions: tuple[ConsumerGroupHeartbeatRequestTopicPartitions, ...] | None = wire(
        array(ConsumerGroupHeartbeatRequestTopicPartitions), nullable="0+", default=None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerGroupHeartbeatResponseTopicPartitions:
    """Part of ConsumerGroupHeartbeatResponse."""

    topic_id: Uuid = wire(UUID)
    partitions: tuple[int, ...] = wire(array(INT32))


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerGroupHeartbeatResponseAssignment:
    """Part of ConsumerGroupHeartbeatResponse."""

    topic_partitions: tuple[ConsumerGroupHeartbeatResponseTopicPartitions, ...] = wire(
        array(ConsumerGroupHeartbeatResponseTopicPartitions)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerGroupHeartbeatResponse(Message):
    """API key 68, versions 0-1."""

    API_KEY: ClassVar[int] = 68
    VERSIONS: ClassVar[Versions] = versions("0-1", flexible="0+")

    throttle_time_ms: int = wire(INT32)
    error_code: int = wire(INT16)
    error_message: str | None = wire(STRING, nullable="0+", default=None)
    member_id: str | None = wire(STRING, nullable="0+", default=None)
    member_epoch: int = wire(INT32)
    heartbeat_interval_ms: int = wire(INT32)
    assignment: ConsumerGroupHeartbeatResponseAssignment | None = wire(
        ConsumerGroupHeartbeatResponseAssignment, nullable="0+", default=None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerGroupDescribeRequest(Message):
    """API key 69, versions 0-1."""

    API_KEY: ClassVar[int] = 69
    VERSIONS: ClassVar[Versions] = versions("0-1", flexible="0+")

    group_ids: tuple[str, ...] = wire(array(STRING))
    include_authorized_operations: bool = wire(BOOL)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerGroupDescribeResponseTopicPartitions:
    """Part of ConsumerGroupDescribeResponse."""

    topic_id: Uuid = wire(UUID)
    topic_name: str = wire(STRING)
    partitions: tuple[int, ...] = wire(array(INT32))


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerGroupDescribeResponseAssignment:
    """Part of ConsumerGroupDescribeResponse."""

    topic_partitions: tuple[ConsumerGroupDescribeResponseTopicPartitions, ...] = wire(
        array(ConsumerGroupDescribeResponseTopicPartitions)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Part of ConsumerGroupDescribeResponse."""

    member_id: str = wire(STRING)
    instance_id: str | None = wire(STRING, nullable="0+", default=None)
    rack_id: str | None = wire(STRING, nullable="0+", default=None)
    member_epoch: int = wire(INT32)
    client_id: str = wire(STRING)
    client_host: str = wire(STRING)
    subscribed_topic_names: tuple[str, ...] = wire(array(STRING))
    subscribed_topic_regex: str | None = wire(STRING, nullable="0+", default=None)
    assignment: ConsumerGroupDescribeResponseAssignment = wire(
        ConsumerGroupDescribeResponseAssignment
    )
    target_assignment: ConsumerGroupDescribeResponseAssignment = wire(
        ConsumerGroupDescribeResponseAssignment
    )
    member_type: int = wire(INT8, "1+", default=-1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribedGroup:
    """Part of ConsumerGroupDescribeResponse."""

    error_code: int = wire(INT16)
    error_message: str | None = wire(STRING, nullable="0+", default=None)
    group_id: str = wire(STRING)
    group_state: str = wire(STRING)
    group_epoch: int = wire(INT32)
    assignment_epoch: int = wire(INT32)
    assignor_name: str = wire(STRING)
    members: tuple[Member, ...] = wire(array(Member))
    authorized_operations: int = wire(INT32, default=-2147483648)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerGroupDescribeResponse(Message):
    """API key 69, versions 0-1."""

    API_KEY: ClassVar[int] = 69
    VERSIONS: ClassVar[Versions] = versions("0-1", flexible="0+")

    throttle_time_ms: int = wire(INT32)
    groups: tuple[DescribedGroup, ...] = wire(array(DescribedGroup))
