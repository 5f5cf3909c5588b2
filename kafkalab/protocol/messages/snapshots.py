"""Fetching a snapshot of the metadata log, piece by piece (KIP-630)."""

from dataclasses import dataclass
from typing import ClassVar

from kafkalab.ids import Uuid
from kafkalab.protocol.schema import (
    INT16,
    INT32,
    INT64,
    RECORDS,
    STRING,
    UINT16,
    UUID,
    Message,
    RecordData,
    Versions,
    array,
    versions,
    wire,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchSnapshotRequestSnapshotId:
    """Part of FetchSnapshotRequest."""

    end_offset: int = wire(INT64)
    epoch: int = wire(INT32)


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchSnapshotRequestPartitionSnapshot:
    """Part of FetchSnapshotRequest."""

    partition: int = wire(INT32)
    current_leader_epoch: int = wire(INT32)
    snapshot_id: FetchSnapshotRequestSnapshotId = wire(FetchSnapshotRequestSnapshotId)
    position: int = wire(INT64)
    replica_directory_id: Uuid = wire(UUID, "1+", tag=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchSnapshotRequestTopicSnapshot:
    """Part of FetchSnapshotRequest."""

    name: str = wire(STRING)
    partitions: tuple[FetchSnapshotRequestPartitionSnapshot, ...] = wire(
        array(FetchSnapshotRequestPartitionSnapshot)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchSnapshotRequest(Message):
    """API key 59, versions 0-1."""

    API_KEY: ClassVar[int] = 59
    VERSIONS: ClassVar[Versions] = versions("0-1", flexible="0+")

    cluster_id: str | None = wire(STRING, nullable="0+", tag=0, default=None)
    replica_id: int = wire(INT32, default=-1)
    max_bytes: int = wire(INT32, default=0x7FFFFFFF)
    topics: tuple[FetchSnapshotRequestTopicSnapshot, ...] = wire(
        array(FetchSnapshotRequestTopicSnapshot)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchSnapshotResponseSnapshotId:
    """Part of FetchSnapshotResponse."""

    end_offset: int = wire(INT64)
    epoch: int = wire(INT32)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaderIdAndEpoch:
    """Part of FetchSnapshotResponse."""

    leader_id: int = wire(INT32)
    leader_epoch: int = wire(INT32)


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchSnapshotResponsePartitionSnapshot:
    """Part of FetchSnapshotResponse."""

    index: int = wire(INT32)
    error_code: int = wire(INT16)
    snapshot_id: FetchSnapshotResponseSnapshotId = wire(FetchSnapshotResponseSnapshotId)
    current_leader: LeaderIdAndEpoch = wire(LeaderIdAndEpoch, tag=0)
    size: int = wire(INT64)
    position: int = wire(INT64)
    unaligned_records: RecordData = wire(RECORDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchSnapshotResponseTopicSnapshot:
    """Part of FetchSnapshotResponse."""

    name: str = wire(STRING)
    partitions: tuple[FetchSnapshotResponsePartitionSnapshot, ...] = wire(
        array(FetchSnapshotResponsePartitionSnapshot)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeEndpoint:
    """Part of FetchSnapshotResponse."""

    node_id: int = wire(INT32, "1+")
    host: str = wire(STRING, "1+")
    port: int = wire(UINT16, "1+")


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchSnapshotResponse(Message):
    """API key 59, versions 0-1."""

    API_KEY: ClassVar[int] = 59
    VERSIONS: ClassVar[Versions] = versions("0-1", flexible="0+")

    throttle_time_ms: int = wire(INT32)
    error_code: int = wire(INT16)
    topics: tuple[FetchSnapshotResponseTopicSnapshot, ...] = wire(
        array(FetchSnapshotResponseTopicSnapshot)
    )
    node_endpoints: tuple[NodeEndpoint, ...] = wire(array(NodeEndpoint), "1+", tag=0)
