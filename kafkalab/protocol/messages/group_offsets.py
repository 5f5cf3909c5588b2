"""Offsets that groups commit, fetch and delete."""

from dataclasses import dataclass
from typing import ClassVar

from kafkalab.ids import Uuid
from kafkalab.protocol.schema import (
    BOOL,
    INT16,
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
class OffsetCommitRequestPartition:
    """Part of OffsetCommitRequest."""

    partition_index: int = wire(INT32)
    committed_offset: int = wire(INT64)
    committed_leader_epoch: int = wire(INT32, "6+", default=-1)
    committed_metadata: str | None = wire(STRING, nullable="0+")


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetCommitRequestTopic:
    """Part of OffsetCommitRequest."""

    name: str = wire(STRING, "0-9")
    topic_id: Uuid = wire(UUID, "10+")
    partitions: tuple[OffsetCommitRequestPartition, ...] = wire(array(OffsetCommitRequestPartition))


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetCommitRequest(Message):
    """API key 8, versions 2-10."""

    API_KEY: ClassVar[int] = 8
    VERSIONS: ClassVar[Versions] = versions("2-10", flexible="8+")

    group_id: str = wire(STRING)
    generation_id_or_member_epoch: int = wire(INT32, "1+", default=-1)
    member_id: str = wire(STRING, "1+")
    group_instance_id: str | None = wire(STRING, "7+", nullable="7+", default=None)
    retention_time_ms: int = wire(INT64, "2-4", default=-1)
    topics: tuple[OffsetCommitRequestTopic, ...] = wire(array(OffsetCommitRequestTopic))


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetCommitResponsePartition:
    """Part of OffsetCommitResponse."""

    partition_index: int = wire(INT32)
    error_code: int = wire(INT16)


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetCommitResponseTopic:
    """Part of OffsetCommitResponse."""

    name: str = wire(STRING, "0-9")
    topic_id: Uuid = wire(UUID, "10+")
    partitions: tuple[OffsetCommitResponsePartition, ...] = wire(
        array(OffsetCommitResponsePartition)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetCommitResponse(Message):
    """API key 8, versions 2-10."""

    API_KEY: ClassVar[int] = 8
    VERSIONS: ClassVar[Versions] = versions("2-10", flexible="8+")

    throttle_time_ms: int = wire(INT32, "3+")
    topics: tuple[OffsetCommitResponseTopic, ...] = wire(array(OffsetCommitResponseTopic))


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetFetchRequestTopic:
    """Part of OffsetFetchRequest."""

    name: str = wire(STRING, "0-7")
    partition_indexes: tuple[int, ...] = wire(array(INT32), "0-7")


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetFetchRequestTopics:
    """Part of OffsetFetchRequest."""

    name: str = wire(STRING, "8-9")
    topic_id: Uuid = wire(UUID, "10+")
    partition_indexes: tuple[int, ...] = wire(array(INT32), "8+")


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetFetchRequestGroup:
    """Part of OffsetFetchRequest."""

    group_id: str = wire(STRING, "8+")
    member_id: str | None = wire(STRING, "9+", nullable="9+", default=None)
    member_epoch: int = wire(INT32, "9+", default=-1)
    topics: tuple[OffsetFetchRequestTopics, ...] | None = wire(
        array(OffsetFetchRequestTopics), "8+", nullable="8+"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetFetchRequest(Message):
    """API key 9, versions 1-10."""

    API_KEY: ClassVar[int] = 9
    VERSIONS: ClassVar[Versions] = versions("1-10", flexible="6+")

    group_id: str = wire(STRING, "0-7")
    topics: tuple[OffsetFetchRequestTopic, ...] | None = wire(
        array(OffsetFetchRequestTopic), "0-7", nullable="2-7"
    )
    groups: tuple[OffsetFetchRequestGroup, ...] = wire(array(OffsetFetchRequestGroup), "8+")
    require_stable: bool = wire(BOOL, "7+")


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetFetchResponsePartition:
    """Part of OffsetFetchResponse."""

    partition_index: int = wire(INT32, "0-7")
    committed_offset: int = wire(INT64, "0-7")
    committed_leader_epoch: int = wire(INT32, "5-7", default=-1)
    metadata: str | None = wire(STRING, "0-7", nullable="0-7")
    error_code: int = wire(INT16, "0-7")


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetFetchResponseTopic:
    """Part of OffsetFetchResponse."""

    name: str = wire(STRING, "0-7")
    partitions: tuple[OffsetFetchResponsePartition, ...] = wire(
        array(OffsetFetchResponsePartition), "0-7"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetFetchResponsePartitions:
    """Part of OffsetFetchResponse."""

    partition_index: int = wire(INT32, "8+")
    committed_offset: int = wire(INT64, "8+")
    committed_leader_epoch: int = wire(INT32, "8+", default=-1)
    metadata: str | None = wire(STRING, "8+", nullable="8+")
    error_code: int = wire(INT16, "8+")


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetFetchResponseTopics:
    """Part of OffsetFetchResponse."""

    name: str = wire(STRING, "8-9")
    topic_id: Uuid = wire(UUID, "10+")
    partitions: tuple[OffsetFetchResponsePartitions, ...] = wire(
        array(OffsetFetchResponsePartitions), "8+"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetFetchResponseGroup:
    """Part of OffsetFetchResponse."""

    group_id: str = wire(STRING, "8+")
    topics: tuple[OffsetFetchResponseTopics, ...] = wire(array(OffsetFetchResponseTopics), "8+")
    error_code: int = wire(INT16, "8+")


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetFetchResponse(Message):
    """API key 9, versions 1-10."""

    API_KEY: ClassVar[int] = 9
    VERSIONS: ClassVar[Versions] = versions("1-10", flexible="6+")

    throttle_time_ms: int = wire(INT32, "3+")
    topics: tuple[OffsetFetchResponseTopic, ...] = wire(array(OffsetFetchResponseTopic), "0-7")
    error_code: int = wire(INT16, "2-7")
    groups: tuple[OffsetFetchResponseGroup, ...] = wire(array(OffsetFetchResponseGroup), "8+")


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetDeleteRequestPartition:
    """Part of OffsetDeleteRequest."""

    partition_index: int = wire(INT32)


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetDeleteRequestTopic:
    """Part of OffsetDeleteRequest."""

    name: str = wire(STRING)
    partitions: tuple[OffsetDeleteRequestPartition, ...] = wire(array(OffsetDeleteRequestPartition))


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetDeleteRequest(Message):
    """API key 47, versions 0."""

    API_KEY: ClassVar[int] = 47
    VERSIONS: ClassVar[Versions] = versions("0", flexible="none")

    group_id: str = wire(STRING)
    topics: tuple[OffsetDeleteRequestTopic, ...] = wire(array(OffsetDeleteRequestTopic))


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetDeleteResponsePartition:
    """Part of OffsetDeleteResponse."""

    partition_index: int = wire(INT32)
    error_code: int = wire(INT16)


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetDeleteResponseTopic:
    """Part of OffsetDeleteResponse."""

    name: str = wire(STRING)
    partitions: tuple[OffsetDeleteResponsePartition, ...] = wire(
        array(OffsetDeleteResponsePartition)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetDeleteResponse(Message):
    """API key 47, versions 0."""

    API_KEY: ClassVar[int] = 47
    VERSIONS: ClassVar[Versions] = versions("0", flexible="none")

    error_code: int = wire(INT16)
    throttle_time_ms: int = wire(INT32)
    topics: tuple[OffsetDeleteResponseTopic, ...] = wire(array(OffsetDeleteResponseTopic))
