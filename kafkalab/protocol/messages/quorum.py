"""The controller quorum: votes, epochs and who has what (KIP-595, KIP-996)."""

from dataclasses import dataclass
from typing import ClassVar

from kafkalab.ids import Uuid
from kafkalab.protocol.schema import (
    BOOL,
    INT16,
    INT32,
    INT64,
    STRING,
    UINT16,
    UUID,
    Message,
    Versions,
    array,
    versions,
    wire,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteRequestPartitionData:
    """Part of VoteRequest."""

    partition_index: int = wire(INT32)
    replica_epoch: int = wire(INT32)
    replica_id: int = wire(INT32)
    replica_directory_id: Uuid = wire(UUID, "1+")
    voter_directory_id: Uuid = wire(UUID, "1+")
    last_offset_epoch: int = wire(INT32)
    last_offset: int = wire(INT64)
    pre_vote: bool = wire(BOOL, "2+")


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteRequestTopicData:
    """Part of VoteRequest."""

    topic_name: str = wire(STRING)
    partitions: tuple[VoteRequestPartitionData, ...] = wire(array(VoteRequestPartitionData))


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteRequest(Message):
    """API key 52, versions 0-2."""

    API_KEY: ClassVar[int] = 52
    VERSIONS: ClassVar[Versions] = versions("0-2", flexible="0+")

    cluster_id: str | None = wire(STRING, nullable="0+", default=None)
    voter_id: int = wire(INT32, "1+", default=-1)
    topics: tuple[VoteRequestTopicData, ...] = wire(array(VoteRequestTopicData))


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteResponsePartitionData:
    """Part of VoteResponse."""

    partition_index: int = wire(INT32)
    error_code: int = wire(INT16)
    leader_id: int = wire(INT32)
    leader_epoch: int = wire(INT32)
    vote_granted: bool = wire(BOOL)


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteResponseTopicData:
    """Part of VoteResponse."""

    topic_name: str = wire(STRING)
    partitions: tuple[VoteResponsePartitionData, ...] = wire(array(VoteResponsePartitionData))


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeEndpoint:
    """Part of VoteResponse."""

    node_id: int = wire(INT32, "1+")
    host: str = wire(STRING, "1+")
    port: int = wire(UINT16, "1+")


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteResponse(Message):
    """API key 52, versions 0-2."""

    API_KEY: ClassVar[int] = 52
    VERSIONS: ClassVar[Versions] = versions("0-2", flexible="0+")

    error_code: int = wire(INT16)
    topics: tuple[VoteResponseTopicData, ...] = wire(array(VoteResponseTopicData))
    node_endpoints: tuple[NodeEndpoint, ...] = wire(array(NodeEndpoint), "1+", tag=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginQuorumEpochRequestPartitionData:
    """Part of BeginQuorumEpochRequest."""

    partition_index: int = wire(INT32)
    voter_directory_id: Uuid = wire(UUID, "1+")
    leader_id: int = wire(INT32)
    leader_epoch: int = wire(INT32)


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginQuorumEpochRequestTopicData:
    """Part of BeginQuorumEpochRequest."""

    topic_name: str = wire(STRING)
    partitions: tuple[BeginQuorumEpochRequestPartitionData, ...] = wire(
        array(BeginQuorumEpochRequestPartitionData)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaderEndpoint:
    """Part of BeginQuorumEpochRequest."""

    name: str = wire(STRING, "1+")
    host: str = wire(STRING, "1+")
    port: int = wire(UINT16, "1+")


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginQuorumEpochRequest(Message):
    """API key 53, versions 0-1."""

    API_KEY: ClassVar[int] = 53
    VERSIONS: ClassVar[Versions] = versions("0-1", flexible="1+")

    cluster_id: str | None = wire(STRING, nullable="0+", default=None)
    voter_id: int = wire(INT32, "1+", default=-1)
    topics: tuple[BeginQuorumEpochRequestTopicData, ...] = wire(
        array(BeginQuorumEpochRequestTopicData)
    )
    leader_endpoints: tuple[LeaderEndpoint, ...] = wire(array(LeaderEndpoint), "1+")


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginQuorumEpochResponsePartitionData:
    """Part of BeginQuorumEpochResponse."""

    partition_index: int = wire(INT32)
    error_code: int = wire(INT16)
    leader_id: int = wire(INT32)
    leader_epoch: int = wire(INT32)


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginQuorumEpochResponseTopicData:
    """Part of BeginQuorumEpochResponse."""

    topic_name: str = wire(STRING)
    partitions: tuple[BeginQuorumEpochResponsePartitionData, ...] = wire(
        array(BeginQuorumEpochResponsePartitionData)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginQuorumEpochResponse(Message):
    """API key 53, versions 0-1."""

    API_KEY: ClassVar[int] = 53
    VERSIONS: ClassVar[Versions] = versions("0-1", flexible="1+")

    error_code: int = wire(INT16)
    topics: tuple[BeginQuorumEpochResponseTopicData, ...] = wire(
        array(BeginQuorumEpochResponseTopicData)
    )
    node_endpoints: tuple[NodeEndpoint, ...] = wire(array(NodeEndpoint), "1+", tag=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaInfo:
    """Part of EndQuorumEpochRequest."""

    candidate_id: int = wire(INT32, "1+")
    candidate_directory_id: Uuid = wire(UUID, "1+")


@dataclass(frozen=True, slots=True, kw_only=True)
class EndQuorumEpochRequestPartitionData:
    """Part of EndQuorumEpochRequest."""

    partition_index: int = wire(INT32)
    leader_id: int = wire(INT32)
    leader_epoch: int = wire(INT32)
    preferred_successors: tuple[int, ...] = wire(array(INT32), "0")
    preferred_candidates: tuple[ReplicaInfo, ...] = wire(array(ReplicaInfo), "1+")


@dataclass(frozen=True, slots=True, kw_only=True)
class EndQuorumEpochRequestTopicData:
    """Part of EndQuorumEpochRequest."""

    topic_name: str = wire(STRING)
    partitions: tuple[EndQuorumEpochRequestPartitionData, ...] = wire(
        array(EndQuorumEpochRequestPartitionData)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EndQuorumEpochRequest(Message):
    """API key 54, versions 0-1."""

    API_KEY: ClassVar[int] = 54
    VERSIONS: ClassVar[Versions] = versions("0-1", flexible="1+")

    cluster_id: str | None = wire(STRING, nullable="0+", default=None)
    topics: tuple[EndQuorumEpochRequestTopicData, ...] = wire(array(EndQuorumEpochRequestTopicData))
    leader_endpoints: tuple[LeaderEndpoint, ...] = wire(array(LeaderEndpoint), "1+")


@dataclass(frozen=True, slots=True, kw_only=True)
class EndQuorumEpochResponsePartitionData:
    """Part of EndQuorumEpochResponse."""

    partition_index: int = wire(INT32)
    error_code: int = wire(INT16)
    leader_id: int = wire(INT32)
    leader_epoch: int = wire(INT32)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndQuorumEpochResponseTopicData:
    """Part of EndQuorumEpochResponse."""

    topic_name: str = wire(STRING)
    partitions: tuple[EndQuorumEpochResponsePartitionData, ...] = wire(
        array(EndQuorumEpochResponsePartitionData)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EndQuorumEpochResponse(Message):
    """API key 54, versions 0-1."""

    API_KEY: ClassVar[int] = 54
    VERSIONS: ClassVar[Versions] = versions("0-1", flexible="1+")

    error_code: int = wire(INT16)
    topics: tuple[EndQuorumEpochResponseTopicData, ...] = wire(
        array(EndQuorumEpochResponseTopicData)
    )
    node_endpoints: tuple[NodeEndpoint, ...] = wire(array(NodeEndpoint), "1+", tag=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeQuorumRequestPartitionData:
    """Part of DescribeQuorumRequest."""

    partition_index: int = wire(INT32)


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeQuorumRequestTopicData:
    """Part of DescribeQuorumRequest."""

    topic_name: str = wire(STRING)
    partitions: tuple[DescribeQuorumRequestPartitionData, ...] = wire(
        array(DescribeQuorumRequestPartitionData)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeQuorumRequest(Message):
    """API key 55, versions 0-2."""

    API_KEY: ClassVar[int] = 55
    VERSIONS: ClassVar[Versions] = versions("0-2", flexible="0+")

    topics: tuple[DescribeQuorumRequestTopicData, ...] = wire(array(DescribeQuorumRequestTopicData))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaState:
    """Part of DescribeQuorumResponse."""

    replica_id: int = wire(INT32)
    replica_directory_id: Uuid = wire(UUID, "2+")
    log_end_offset: int = wire(INT64)
    last_fetch_timestamp: int = wire(INT64, "1+", default=-1)
    last_caught_up_timestamp: int = wire(INT64, "1+", default=-1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeQuorumResponsePartitionData:
    """Part of DescribeQuorumResponse."""

    partition_index: int = wire(INT32)
    error_code: int = wire(INT16)
    error_message: str | None = wire(STRING, "2+", nullable="2+")
    leader_id: int = wire(INT32)
    leader_epoch: int = wire(INT32)
    high_watermark: int = wire(INT64)
    current_voters: tuple[ReplicaState, ...] = wire(array(ReplicaState))
    observers: tuple[ReplicaState, ...] = wire(array(ReplicaState))


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeQuorumResponseTopicData:
    """Part of DescribeQuorumResponse."""

    topic_name: str = wire(STRING)
    partitions: tuple[DescribeQuorumResponsePartitionData, ...] = wire(
        array(DescribeQuorumResponsePartitionData)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """Part of DescribeQuorumResponse."""

    name: str = wire(STRING, "2+")
    host: str = wire(STRING, "2+")
    port: int = wire(UINT16, "2+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """Part of DescribeQuorumResponse."""

    node_id: int = wire(INT32, "2+")
    listeners: tuple[Listener, ...] = wire(array(Listener), "2+")


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeQuorumResponse(Message):
    """API key 55, versions 0-2."""

    API_KEY: ClassVar[int] = 55
    VERSIONS: ClassVar[Versions] = versions("0-2", flexible="0+")

    error_code: int = wire(INT16)
    error_message: str | None = wire(STRING, "2+", nullable="2+")
    topics: tuple[DescribeQuorumResponseTopicData, ...] = wire(
        array(DescribeQuorumResponseTopicData)
    )
    nodes: tuple[Node, ...] = wire(array(Node), "2+")
