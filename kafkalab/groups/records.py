"""The records of `__consumer_offsets`, by Kafka's own names."""

from dataclasses import dataclass
from typing import ClassVar

from kafkalab.ids import Uuid
from kafkalab.protocol.schema import (
    BYTES,
    INT8,
    INT32,
    INT64,
    STRING,
    UUID,
    Message,
    Versions,
    array,
    versions,
    wire,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetCommitKey(Message):
    """Record type 1, versions 0."""

    API_KEY: ClassVar[int] = 1
    VERSIONS: ClassVar[Versions] = versions("0", flexible="none")

    group: str = wire(STRING, "0")
    topic: str = wire(STRING, "0")
    partition: int = wire(INT32, "0")


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetCommitValue(Message):
    """Record type 1, versions 0-4."""

    API_KEY: ClassVar[int] = 1
    VERSIONS: ClassVar[Versions] = versions("0-4", flexible="4+")

    offset: int = wire(INT64)
    leader_epoch: int = wire(INT32, "3+", default=-1)
    metadata: str = wire(STRING)
    commit_timestamp: int = wire(INT64)
    expire_timestamp: int = wire(INT64, "1", default=-1)
    topic_id: Uuid = wire(UUID, "4+", tag=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupMetadataKey(Message):
    """Record type 2, versions 0."""

    API_KEY: ClassVar[int] = 2
    VERSIONS: ClassVar[Versions] = versions("0", flexible="none")

    group: str = wire(STRING, "0")


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberMetadata:
    """Part of GroupMetadataValue."""

    member_id: str = wire(STRING)
    group_instance_id: str | None = wire(STRING, "3+", nullable="3+", default=None)
    client_id: str = wire(STRING)
    client_host: str = wire(STRING)
    rebalance_timeout: int = wire(INT32, "1+", default=-1)
    session_timeout: int = wire(INT32)
    subscription: bytes = wire(BYTES)
    assignment: bytes = wire(BYTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupMetadataValue(Message):
    """Record type 2, versions 0-4."""

    API_KEY: ClassVar[int] = 2
    VERSIONS: ClassVar[Versions] = versions("0-4", flexible="4+")

    protocol_type: str = wire(STRING)
    generation: int = wire(INT32)
    protocol: str | None = wire(STRING, nullable="0+")
    leader: str | None = wire(STRING, nullable="0+")
    current_state_timestamp: int = wire(INT64, "2+", default=-1)
    members: tuple[MemberMetadata, ...] = wire(array(MemberMetadata))


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerGroupMetadataKey(Message):
    """Record type 3, versions 0."""

    API_KEY: ClassVar[int] = 3
    VERSIONS: ClassVar[Versions] = versions("0", flexible="none")

    group_id: str = wire(STRING, "0")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerGroupMetadataValue(Message):
    """Record type 3, versions 0."""

    API_KEY: ClassVar[int] = 3
    VERSIONS: ClassVar[Versions] = versions("0", flexible="0+")

    epoch: int = wire(INT32)
    metadata_hash: int = wire(INT64, tag=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerGroupMemberMetadataKey(Message):
    """Record type 5, versions 0."""

    API_KEY: ClassVar[int] = 5
    VERSIONS: ClassVar[Versions] = versions("0", flexible="none")

    group_id: str = wire(STRING, "0")
    member_id: str = wire(STRING, "0")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassicProtocol:
    """Part of ConsumerGroupMemberMetadataValue."""

    name: str = wire(STRING)
    metadata: bytes = wire(BYTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassicMemberMetadata:
    """Part of ConsumerGroupMemberMetadataValue."""

    session_timeout_ms: int = wire(INT32)
    supported_protocols: tuple[ClassicProtocol, ...] = wire(array(ClassicProtocol))


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerGroupMemberMetadataValue(Message):
    """Record type 5, versions 0."""

    API_KEY: ClassVar[int] = 5
    VERSIONS: ClassVar[Versions] = versions("0", flexible="0+")

    instance_id: str | None = wire(STRING, nullable="0+")
    rack_id: str | None = wire(STRING, nullable="0+")
    client_id: str = wire(STRING)
    client_host: str = wire(STRING)
    subscribed_topic_names: tuple[str, ...] = wire(array(STRING))
    subscribed_topic_regex: str | None = wire(STRING, nullable="0+")
    rebalance_timeout_ms: int = wire(INT32, default=-1)
    server_assignor: str | None = wire(STRING, nullable="0+")
    classic_member_metadata: ClassicMemberMetadata | None = wire(
        ClassicMemberMetadata, nullable="0+", tag=0, default=None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerGroupTargetAssignmentMetadataKey(Message):
    """Record type 6, versions 0."""

    API_KEY: ClassVar[int] = 6
    VERSIONS: ClassVar[Versions] = versions("0", flexible="none")

    group_id: str = wire(STRING, "0")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerGroupTargetAssignmentMetadataValue(Message):
    """Record type 6, versions 0."""

    API_KEY: ClassVar[int] = 6
    VERSIONS: ClassVar[Versions] = versions("0", flexible="0+")

    assignment_epoch: int = wire(INT32)
    assignment_timestamp: int = wire(INT64, tag=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerGroupTargetAssignmentMemberKey(Message):
    """Record type 7, versions 0."""

    API_KEY: ClassVar[int] = 7
    VERSIONS: ClassVar[Versions] = versions("0", flexible="none")

    group_id: str = wire(STRING, "0")
    member_id: str = wire(STRING, "0")


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicPartition:
    """Part of ConsumerGroupTargetAssignmentMemberValue."""

    topic_id: Uuid = wire(UUID)
    partitions: tuple[int, ...] = wire(array(INT32))


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerGroupTargetAssignmentMemberValue(Message):
    """Record type 7, versions 0."""

    API_KEY: ClassVar[int] = 7
    VERSIONS: ClassVar[Versions] = versions("0", flexible="0+")

    topic_partitions: tuple[TopicPartition, ...] = wire(array(TopicPartition))


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerGroupCurrentMemberAssignmentKey(Message):
    """Record type 8, versions 0."""

    API_KEY: ClassVar[int] = 8
    VERSIONS: ClassVar[Versions] = versions("0", flexible="none")

    group_id: str = wire(STRING, "0")
    member_id: str = wire(STRING, "0")


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicPartitions:
    """Part of ConsumerGroupCurrentMemberAssignmentValue."""

    topic_id: Uuid = wire(UUID)
    partitions: tuple[int, ...] = wire(array(INT32))
    assignment_epochs: tuple[int, ...] | None = wire(array(INT32), nullable="0+", tag=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerGroupCurrentMemberAssignmentValue(Message):
    """Record type 8, versions 0."""

    API_KEY: ClassVar[int] = 8
    VERSIONS: ClassVar[Versions] = versions("0", flexible="0+")

    member_epoch: int = wire(INT32)
    previous_member_epoch: int = wire(INT32)
    state: int = wire(INT8)
    assigned_partitions: tuple[TopicPartitions, ...] = wire(array(TopicPartitions))
    partitions_pending_revocation: tuple[TopicPartitions, ...] = wire(array(TopicPartitions))


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerGroupRegularExpressionKey(Message):
    """Record type 16, versions 0."""

    API_KEY: ClassVar[int] = 16
    VERSIONS: ClassVar[Versions] = versions("0", flexible="none")

    group_id: str = wire(STRING, "0")
    regular_expression: str = wire(STRING, "0")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerGroupRegularExpressionValue(Message):
    """Record type 16, versions 0."""

    API_KEY: ClassVar[int] = 16
    VERSIONS: ClassVar[Versions] = versions("0", flexible="0+")

    topics: tuple[str, ...] = wire(array(STRING))
    version: int = wire(INT64)
    timestamp: int = wire(INT64)
