"""Questions about offsets of one log: by time, by leader epoch; and deleting a prefix."""

from dataclasses import dataclass
from typing import ClassVar

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


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOffsetsPartition:
    """Part of ListOffsetsRequest."""

    partition_index: int = wire(INT32)
    current_leader_epoch: int = wire(INT32, "4+", default=-1)
    timestamp: int = wire(INT64)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOffsetsTopic:
    """Part of ListOffsetsRequest."""

    name: str = wire(STRING)
    partitions: tuple[ListOffsetsPartition, ...] = wire(array(ListOffsetsPartition))


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOffsetsRequest(Message):
    """API key 2, versions 1-11."""

    API_KEY: ClassVar[int] = 2
    VERSIONS: ClassVar[Versions] = versions("1-11", flexible="6+")

    replica_id: int = wire(INT32)
    isolation_level: int = wire(INT8, "2+")
    topics: tuple[ListOffsetsTopic, ...] = wire(array(ListOffsetsTopic))
    timeout_ms: int = wire(INT32, "10+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOffsetsPartitionResponse:
    """Part of ListOffsetsResponse."""

    partition_index: int = wire(INT32)
    error_code: int = wire(INT16)
    timestamp: int = wire(INT64, "1+", default=-1)
    offset: int = wire(INT64, "1+", default=-1)
    leader_epoch: int = wire(INT32, "4+", default=-1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOffsetsTopicResponse:
    """Part of ListOffsetsResponse."""

    name: str = wire(STRING)
    partitions: tuple[ListOffsetsPartitionResponse, ...] = wire(array(ListOffsetsPartitionResponse))


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOffsetsResponse(Message):
    """API key 2, versions 1-11."""

    API_KEY: ClassVar[int] = 2
    VERSIONS: ClassVar[Versions] = versions("1-11", flexible="6+")

    throttle_time_ms: int = wire(INT32, "2+")
    topics: tuple[ListOffsetsTopicResponse, ...] = wire(array(ListOffsetsTopicResponse))


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetForLeaderPartition:
    """Part of OffsetForLeaderEpochRequest."""

    partition: int = wire(INT32)
    current_leader_epoch: int = wire(INT32, "2+", default=-1)
    leader_epoch: int = wire(INT32)


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetForLeaderTopic:
    """Part of OffsetForLeaderEpochRequest."""

    topic: str = wire(STRING)
    partitions: tuple[OffsetForLeaderPartition, ...] = wire(array(OffsetForLeaderPartition))


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetForLeaderEpochRequest(Message):
    """API key 23, versions 2-4."""

    API_KEY: ClassVar[int] = 23
    VERSIONS: ClassVar[Versions] = versions("2-4", flexible="4+")

    replica_id: int = wire(INT32, "3+", default=-2)
    topics: tuple[OffsetForLeaderTopic, ...] = wire(array(OffsetForLeaderTopic))


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochEndOffset:
    """Part of OffsetForLeaderEpochResponse."""

    error_code: int = wire(INT16)
    partition: int = wire(INT32)
    leader_epoch: int = wire(INT32, "1+", default=-1)
    end_offset: int = wire(INT64, default=-1)


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetForLeaderTopicResult:
    """Part of OffsetForLeaderEpochResponse."""

    topic: str = wire(STRING)
    partitions: tuple[EpochEndOffset, ...] = wire(array(EpochEndOffset))


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetForLeaderEpochResponse(Message):
    """API key 23, versions 2-4."""

    API_KEY: ClassVar[int] = 23
    VERSIONS: ClassVar[Versions] = versions("2-4", flexible="4+")

    throttle_time_ms: int = wire(INT32, "2+")
    topics: tuple[OffsetForLeaderTopicResult, ...] = wire(array(OffsetForLeaderTopicResult))


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteRecordsPartition:
    """Part of DeleteRecordsRequest."""

    partition_index: int = wire(INT32)
    offset: int = wire(INT64)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteRecordsTopic:
    """Part of DeleteRecordsRequest."""

    name: str = wire(STRING)
    partitions: tuple[DeleteRecordsPartition, ...] = wire(array(DeleteRecordsPartition))


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteRecordsRequest(Message):
    """API key 21, versions 0-2."""

    API_KEY: ClassVar[int] = 21
    VERSIONS: ClassVar[Versions] = versions("0-2", flexible="2+")

    topics: tuple[DeleteRecordsTopic, ...] = wire(array(DeleteRecordsTopic))
    timeout_ms: int = wire(INT32)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteRecordsPartitionResult:
    """Part of DeleteRecordsResponse."""

    partition_index: int = wire(INT32)
    low_watermark: int = wire(INT64)
    error_code: int = wire(INT16)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteRecordsTopicResult:
    """Part of DeleteRecordsResponse."""

    name: str = wire(STRING)
    partitions: tuple[DeleteRecordsPartitionResult, ...] = wire(array(DeleteRecordsPartitionResult))


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteRecordsResponse(Message):
    """API key 21, versions 0-2."""

    API_KEY: ClassVar[int] = 21
    VERSIONS: ClassVar[Versions] = versions("0-2", flexible="2+")

    throttle_time_ms: int = wire(INT32)
    topics: tuple[DeleteRecordsTopicResult, ...] = wire(array(DeleteRecordsTopicResult))
