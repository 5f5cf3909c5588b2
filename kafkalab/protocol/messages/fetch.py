"""Read record batches: consumers, followers and quorum observers (KIP-227 sessions)."""

from typing import ClassVar

from kafkalab.ids import Uuid
from kafkalab.protocol.schema import (
    INT8,
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
class ReplicaState:
    """Part of FetchRequest."""

    replica_id: int = wire(INT32, "15+", default=-1)
    replica_epoch: int = wire(INT64, "15+", default=-1)


@value(kw_only=True)
class FetchPartition:
    """Part of FetchRequest."""

    partition: int = wire(INT32)
    current_leader_epoch: int = wire(INT32, "9+", default=-1)
    fetch_offset: int = wire(INT64)
    last_fetched_epoch: int = wire(INT32, "12+", default=-1)
    log_start_offset: int = wire(INT64, "5+", default=-1)
    partition_max_bytes: int = wire(INT32)
    replica_directory_id: Uuid = wire(UUID, "17+", tag=0)
    high_watermark: int = wire(INT64, "18+", tag=1, default=9223372036854775807)


@value(kw_only=True)
class FetchTopic:
    """Part of FetchRequest."""

    topic: str = wire(STRING, "0-12")
    topic_id: Uuid = wire(UUID, "13+")
    partitions: tuple[FetchPartition, ...] = wire(array(FetchPartition))


@value(kw_only=True)
class ForgottenTopic:
    """Part of FetchRequest."""

    topic: str = wire(STRING, "7-12")
    topic_id: Uuid = wire(UUID, "13+")
    partitions: tuple[int, ...] = wire(array(INT32), "7+")


@value(kw_only=True)
class FetchRequest(Message):
    """API key 1, versions 4-18."""

    API_KEY: ClassVar[int] = 1
    VERSIONS: ClassVar[Versions] = versions("4-18", flexible="12+")

    cluster_id: str | None = wire(STRING, "12+", nullable="12+", tag=0, default=None)
    replica_id: int = wire(INT32, "0-14", default=-1)
    replica_state: ReplicaState = wire(ReplicaState, "15+", tag=1)
    max_wait_ms: int = wire(INT32)
    min_bytes: int = wire(INT32)
    max_bytes: int = wire(INT32, "3+", default=0x7FFFFFFF)
    isolation_level: int = wire(INT8, "4+")
    session_id: int = wire(INT32, "7+")
    session_epoch: int = wire(INT32, "7+", default=-1)
    topics: tuple[FetchTopic, ...] = wire(array(FetchTopic))
    forgotten_topics_data: tuple[ForgottenTopic, ...] = wire(array(ForgottenTopic), "7+")
    rack_id: str = wire(STRING, "11+")


@value(kw_only=True)
class EpochEndOffset:
    """Part of FetchResponse."""

    epoch: int = wire(INT32, "12+", default=-1)
    end_offset: int = wire(INT64, "12+", default=-1)


@value(kw_only=True)
class LeaderIdAndEpoch:
    """Part of FetchResponse."""

    leader_id: int = wire(INT32, "12+", default=-1)
    leader_epoch: int = wire(INT32, "12+", default=-1)


@value(kw_only=True)
class SnapshotId:
    """Part of FetchResponse."""

    end_offset: int = wire(INT64, default=-1)
    epoch: int = wire(INT32, default=-1)


@value(kw_only=True)
class AbortedTransaction:
    """Part of FetchResponse."""

    producer_id: int = wire(INT64, "4+")
    first_offset: int = wire(INT64, "4+")


@value(kw_only=True)
class PartitionData:
    """Part of FetchResponse."""

    partition_index: int = wire(INT32)
    error_code: int = wire(INT16)
    high_watermark: int = wire(INT64)
    last_stable_offset: int = wire(INT64, "4+", default=-1)
    log_start_offset: int = wire(INT64, "5+", default=-1)
    diverging_epoch: EpochEndOffset = wire(EpochEndOffset, "12+", tag=0)
    current_leader: LeaderIdAndEpoch = wire(LeaderIdAndEpoch, "12+", tag=1)
    snapshot_id: SnapshotId = wire(SnapshotId, "12+", tag=2)
    aborted_transactions: tuple[AbortedTransaction, ...] | None = wire(
        array(AbortedTransaction), "4+", nullable="4+"
    )
    preferred_read_replica: int = wire(INT32, "11+", default=-1)
    records: RecordData = wire(RECORDS, nullable="0+")


@value(kw_only=True)
class FetchableTopicResponse:
    """Part of FetchResponse."""

    topic: str = wire(STRING, "0-12")
    topic_id: Uuid = wire(UUID, "13+")
    partitions: tuple[PartitionData, ...] = wire(array(PartitionData))


@value(kw_only=True)
class NodeEndpoint:
    """Part of FetchResponse."""

    node_id: int = wire(INT32, "16+")
    host: str = wire(STRING, "16+")
    port: int = wire(INT32, "16+")
    rack: str | None = wire(STRING, "16+", nullable="16+", default=None)


@value(kw_only=True)
class FetchResponse(Message):
    """API key 1, versions 4-18."""

    API_KEY: ClassVar[int] = 1
    VERSIONS: ClassVar[Versions] = versions("4-18", flexible="12+")

    throttle_time_ms: int = wire(INT32, "1+")
    error_code: int = wire(INT16, "7+")
    session_id: int = wire(INT32, "7+")
    responses: tuple[FetchableTopicResponse, ...] = wire(array(FetchableTopicResponse))
    node_endpoints: tuple[NodeEndpoint, ...] = wire(array(NodeEndpoint), "16+", tag=0)
