"""Changes to partitions that go through the controller: ISR, elections, reassignments."""

from dataclasses import dataclass
from typing import ClassVar

from kafkalab.ids import Uuid
from kafkalab.protocol.schema import (
    BOOL,
    INT8,
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
class BrokerState:
    """Part of AlterPartitionRequest."""

    broker_id: int = wire(INT32, "3+")
    broker_epoch: int = wire(INT64, "3+", default=-1)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlterPartitionRequestPartitionData:
    """Part of AlterPartitionRequest."""

    partition_index: int = wire(INT32)
    leader_epoch: int = wire(INT32)
    new_isr: tuple[int, ...] = wire(array(INT32), "0-2")
    new_isr_with_epochs: tuple[BrokerState, ...] = wire(array(BrokerState), "3+")
    leader_recovery_state: int = wire(INT8, "1+")
    partition_epoch: int = wire(INT32)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlterPartitionRequestTopicData:
    """Part of AlterPartitionRequest."""

    topic_id: Uuid = wire(UUID, "2+")
    partitions: tuple[AlterPartitionRequestPartitionData, ...] = wire(
        array(AlterPartitionRequestPartitionData)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AlterPartitionRequest(Message):
    """API key 56, versions 2-3."""

    API_KEY: ClassVar[int] = 56
    VERSIONS: ClassVar[Versions] = versions("2-3", flexible="0+")

    broker_id: int = wire(INT32)
    broker_epoch: int = wire(INT64, default=-1)
    topics: tuple[AlterPartitionRequestTopicData, ...] = wire(array(AlterPartitionRequestTopicData))


@dataclass(frozen=True, slots=True, kw_only=True)
class AlterPartitionResponsePartitionData:
    """Part of AlterPartitionResponse."""

    partition_index: int = wire(INT32)
    error_code: int = wire(INT16)
    leader_id: int = wire(INT32)
    leader_epoch: int = wire(INT32)
    isr: tuple[int, ...] = wire(array(INT32))
    leader_recovery_state: int = wire(INT8, "1+")
    partition_epoch: int = wire(INT32)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlterPartitionResponseTopicData:
    """Part of AlterPartitionResponse."""

    topic_id: Uuid = wire(UUID, "2+")
    partitions: tuple[AlterPartitionResponsePartitionData, ...] = wire(
        array(AlterPartitionResponsePartitionData)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AlterPartitionResponse(Message):
    """API key 56, versions 2-3."""

    API_KEY: ClassVar[int] = 56
    VERSIONS: ClassVar[Versions] = versions("2-3", flexible="0+")

    throttle_time_ms: int = wire(INT32)
    error_code: int = wire(INT16)
    topics: tuple[AlterPartitionResponseTopicData, ...] = wire(
        array(AlterPartitionResponseTopicData)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicPartitions:
    """Part of ElectLeadersRequest."""

    topic: str = wire(STRING)
    partitions: tuple[int, ...] = wire(array(INT32))


@dataclass(frozen=True, slots=True, kw_only=True)
class ElectLeadersRequest(Message):
    """API key 43, versions 0-2."""

    API_KEY: ClassVar[int] = 43
    VERSIONS: ClassVar[Versions] = versions("0-2", flexible="2+")

    election_type: int = wire(INT8, "1+")
    topic_partitions: tuple[TopicPartitions, ...] | None = wire(
        array(TopicPartitions), nullable="0+"
    )
    timeout_ms: int = wire(INT32, default=60000)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionResult:
    """Part of ElectLeadersResponse."""

    partition_id: int = wire(INT32)
    error_code: int = wire(INT16)
    error_message: str | None = wire(STRING, nullable="0+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaElectionResult:
    """Part of ElectLeadersResponse."""

    topic: str = wire(STRING)
    partition_result: tuple[PartitionResult, ...] = wire(array(PartitionResult))


@dataclass(frozen=True, slots=True, kw_only=True)
class ElectLeadersResponse(Message):
    """API key 43, versions 0-2."""

    API_KEY: ClassVar[int] = 43
    VERSIONS: ClassVar[Versions] = versions("0-2", flexible="2+")

    throttle_time_ms: int = wire(INT32)
    error_code: int = wire(INT16, "1+")
    replica_election_results: tuple[ReplicaElectionResult, ...] = wire(array(ReplicaElectionResult))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReassignablePartition:
    """Part of AlterPartitionReassignmentsRequest."""

    partition_index: int = wire(INT32)
    replicas: tuple[int, ...] | None = wire(array(INT32), nullable="0+", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReassignableTopic:
    """Part of AlterPartitionReassignmentsRequest."""

    name: str = wire(STRING)
    partitions: tuple[ReassignablePartition, ...] = wire(array(ReassignablePartition))


@dataclass(frozen=True, slots=True, kw_only=True)
class AlterPartitionReassignmentsRequest(Message):
    """API key 45, versions 0-1."""

    API_KEY: ClassVar[int] = 45
    VERSIONS: ClassVar[Versions] = versions("0-1", flexible="0+")

    timeout_ms: int = wire(INT32, default=60000)
    allow_replication_factor_change: bool = wire(BOOL, "1+", default=True)
    topics: tuple[ReassignableTopic, ...] = wire(array(ReassignableTopic))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReassignablePartitionResponse:
    """Part of AlterPartitionReassignmentsResponse."""

    partition_index: int = wire(INT32)
    error_code: int = wire(INT16)
    error_message: str | None = wire(STRING, nullable="0+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReassignableTopicResponse:
    """Part of AlterPartitionReassignmentsResponse."""

    name: str = wire(STRING)
    partitions: tuple[ReassignablePartitionResponse, ...] = wire(
        array(ReassignablePartitionResponse)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AlterPartitionReassignmentsResponse(Message):
    """API key 45, versions 0-1."""

    API_KEY: ClassVar[int] = 45
    VERSIONS: ClassVar[Versions] = versions("0-1", flexible="0+")

    throttle_time_ms: int = wire(INT32)
    allow_replication_factor_change: bool = wire(BOOL, "1+", default=True)
    error_code: int = wire(INT16)
    error_message: str | None = wire(STRING, nullable="0+")
    responses: tuple[ReassignableTopicResponse, ...] = wire(array(ReassignableTopicResponse))


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPartitionReassignmentsTopics:
    """Part of ListPartitionReassignmentsRequest."""

    name: str = wire(STRING)
    partition_indexes: tuple[int, ...] = wire(array(INT32))


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPartitionReassignmentsRequest(Message):
    """API key 46, versions 0."""

    API_KEY: ClassVar[int] = 46
    VERSIONS: ClassVar[Versions] = versions("0", flexible="0+")

    timeout_ms: int = wire(INT32, default=60000)
    topics: tuple[ListPartitionReassignmentsTopics, ...] | None = wire(
        array(ListPartitionReassignmentsTopics), nullable="0+", default=None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OngoingPartitionReassignment:
    """Part of ListPartitionReassignmentsResponse."""

    partition_index: int = wire(INT32)
    replicas: tuple[int, ...] = wire(array(INT32))
    adding_replicas: tuple[int, ...] = wire(array(INT32))
    removing_replicas: tuple[int, ...] = wire(array(INT32))


@dataclass(frozen=True, slots=True, kw_only=True)
class OngoingTopicReassignment:
    """Part of ListPartitionReassignmentsResponse."""

    name: str = wire(STRING)
    partitions: tuple[OngoingPartitionReassignment, ...] = wire(array(OngoingPartitionReassignment))


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPartitionReassignmentsResponse(Message):
    """API key 46, versions 0."""

    API_KEY: ClassVar[int] = 46
    VERSIONS: ClassVar[Versions] = versions("0", flexible="0+")

    throttle_time_ms: int = wire(INT32)
    error_code: int = wire(INT16)
    error_message: str | None = wire(STRING, nullable="0+")
    topics: tuple[OngoingTopicReassignment, ...] = wire(array(OngoingTopicReassignment))
