"""Creating and deleting topics, adding partitions."""

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
class CreatableReplicaAssignment:
    """Part of CreateTopicsRequest."""

    partition_index: int = wire(INT32)
    broker_ids: tuple[int, ...] = wire(array(INT32))


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatableTopicConfig:
    """Part of CreateTopicsRequest."""

    name: str = wire(STRING)
    value: str | None = wire(STRING, nullable="0+")


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatableTopic:
    """Part of CreateTopicsRequest."""

    name: str = wire(STRING)
    num_partitions: int = wire(INT32)
    replication_factor: int = wire(INT16)
    assignments: tuple[CreatableReplicaAssignment, ...] = wire(array(CreatableReplicaAssignment))
    configs: tuple[CreatableTopicConfig, ...] = wire(array(CreatableTopicConfig))


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTopicsRequest(Message):
    """API key 19, versions 2-7."""

    API_KEY: ClassVar[int] = 19
    VERSIONS: ClassVar[Versions] = versions("2-7", flexible="5+")

    topics: tuple[CreatableTopic, ...] = wire(array(CreatableTopic))
    timeout_ms: int = wire(INT32, default=60000)
    validate_only: bool = wire(BOOL, "1+")


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatableTopicConfigs:
    """Part of CreateTopicsResponse."""

    name: str = wire(STRING, "5+")
    value: str | None = wire(STRING, "5+", nullable="5+")
    read_only: bool = wire(BOOL, "5+")
    config_source: int = wire(INT8, "5+", default=-1)
    is_sensitive: bool = wire(BOOL, "5+")


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatableTopicResult:
    """Part of CreateTopicsResponse."""

    name: str = wire(STRING)
    topic_id: Uuid = wire(UUID, "7+")
    error_code: int = wire(INT16)
    error_message: str | None = wire(STRING, "1+", nullable="0+")
    topic_config_error_code: int = wire(INT16, "5+", tag=0)
    num_partitions: int = wire(INT32, "5+", default=-1)
    replication_factor: int = wire(INT16, "5+", default=-1)
    configs: tuple[CreatableTopicConfigs, ...] | None = wire(
        array(CreatableTopicConfigs), "5+", nullable="5+"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTopicsResponse(Message):
    """API key 19, versions 2-7."""

    API_KEY: ClassVar[int] = 19
    VERSIONS: ClassVar[Versions] = versions("2-7", flexible="5+")

    throttle_time_ms: int = wire(INT32, "2+")
    topics: tuple[CreatableTopicResult, ...] = wire(array(CreatableTopicResult))


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteTopicState:
    """Part of DeleteTopicsRequest."""

    name: str | None = wire(STRING, "6+", nullable="6+", default=None)
    topic_id: Uuid = wire(UUID, "6+")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteTopicsRequest(Message):
    """API key 20, versions 1-6."""

    API_KEY: ClassVar[int] = 20
    VERSIONS: ClassVar[Versions] = versions("1-6", flexible="4+")

    topics: tuple[DeleteTopicState, ...] = wire(array(DeleteTopicState), "6+")
    topic_names: tuple[str, ...] = wire(array(STRING), "0-5")
    timeout_ms: int = wire(INT32)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletableTopicResult:
    """Part of DeleteTopicsResponse."""

    name: str | None = wire(STRING, nullable="6+")
    topic_id: Uuid = wire(UUID, "6+")
    error_code: int = wire(INT16)
    error_message: str | None = wire(STRING, "5+", nullable="5+", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteTopicsResponse(Message):
    """API key 20, versions 1-6."""

    API_KEY: ClassVar[int] = 20
    VERSIONS: ClassVar[Versions] = versions("1-6", flexible="4+")

    throttle_time_ms: int = wire(INT32, "1+")
    responses: tuple[DeletableTopicResult, ...] = wire(array(DeletableTopicResult))


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatePartitionsAssignment:
    """Part of CreatePartitionsRequest."""

    broker_ids: tuple[int, ...] = wire(array(INT32))


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatePartitionsTopic:
    """Part of CreatePartitionsRequest."""

    name: str = wire(STRING)
    count: int = wire(INT32)
    assignments: tuple[CreatePartitionsAssignment, ...] | None = wire(
        array(CreatePartitionsAssignment), nullable="0+"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatePartitionsRequest(Message):
    """API key 37, versions 0-3."""

    API_KEY: ClassVar[int] = 37
    VERSIONS: ClassVar[Versions] = versions("0-3", flexible="2+")

    topics: tuple[CreatePartitionsTopic, ...] = wire(array(CreatePartitionsTopic))
    timeout_ms: int = wire(INT32)
    validate_only: bool = wire(BOOL)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatePartitionsTopicResult:
    """Part of CreatePartitionsResponse."""

    name: str = wire(STRING)
    error_code: int = wire(INT16)
    error_message: str | None = wire(STRING, nullable="0+", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatePartitionsResponse(Message):
    """API key 37, versions 0-3."""

    API_KEY: ClassVar[int] = 37
    VERSIONS: ClassVar[Versions] = versions("0-3", flexible="2+")

    throttle_time_ms: int = wire(INT32)
    results: tuple[CreatePartitionsTopicResult, ...] = wire(array(CreatePartitionsTopicResult))
