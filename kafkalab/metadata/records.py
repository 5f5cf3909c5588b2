"""The records of the metadata log, `__cluster_metadata` (KIP-631), by Kafka's own names."""

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
    UINT16,
    UUID,
    Message,
    Versions,
    array,
    versions,
    wire,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerEndpoint:
    """Part of RegisterBrokerRecord."""

    name: str = wire(STRING)
    host: str = wire(STRING)
    port: int = wire(UINT16)
    security_protocol: int = wire(INT16)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerFeature:
    """Part of RegisterBrokerRecord."""

    name: str = wire(STRING)
    min_supported_version: int = wire(INT16)
    max_supported_version: int = wire(INT16)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterBrokerRecord(Message):
    """Record type 0, versions 0-4."""

    API_KEY: ClassVar[int] = 0
    VERSIONS: ClassVar[Versions] = versions("0-4", flexible="0+")

    broker_id: int = wire(INT32)
    is_migrating_zk_broker: bool = wire(BOOL, "2+")
    incarnation_id: Uuid = wire(UUID)
    broker_epoch: int = wire(INT64)
    end_points: tuple[BrokerEndpoint, ...] = wire(array(BrokerEndpoint))
    features: tuple[BrokerFeature, ...] = wire(array(BrokerFeature))
    rack: str | None = wire(STRING, nullable="0+")
    fenced: bool = wire(BOOL, default=True)
    in_controlled_shutdown: bool = wire(BOOL, "1+")
    log_dirs: tuple[Uuid, ...] = wire(array(UUID), "3+", tag=0)
    cordoned_log_dirs: tuple[Uuid, ...] | None = wire(
        array(UUID), "4+", nullable="4+", tag=1, default=None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class UnregisterBrokerRecord(Message):
    """Record type 1, versions 0."""

    API_KEY: ClassVar[int] = 1
    VERSIONS: ClassVar[Versions] = versions("0", flexible="0+")

    broker_id: int = wire(INT32)
    broker_epoch: int = wire(INT64)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerRegistrationChangeRecord(Message):
    """Record type 17, versions 0-3."""

    API_KEY: ClassVar[int] = 17
    VERSIONS: ClassVar[Versions] = versions("0-3", flexible="0+")

    broker_id: int = wire(INT32)
    broker_epoch: int = wire(INT64)
    fenced: int = wire(INT8, tag=0)
    in_controlled_shutdown: int = wire(INT8, "1+", tag=1)
    log_dirs: tuple[Uuid, ...] = wire(array(UUID), "2+", tag=2)
    cordoned_log_dirs: tuple[Uuid, ...] | None = wire(
        array(UUID), "3+", nullable="3+", tag=3, default=None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FenceBrokerRecord(Message):
    """Record type 7, versions 0."""

    API_KEY: ClassVar[int] = 7
    VERSIONS: ClassVar[Versions] = versions("0", flexible="0+")

    id: int = wire(INT32)
    epoch: int = wire(INT64)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnfenceBrokerRecord(Message):
    """Record type 8, versions 0."""

    API_KEY: ClassVar[int] = 8
    VERSIONS: ClassVar[Versions] = versions("0", flexible="0+")

    id: int = wire(INT32)
    epoch: int = wire(INT64)


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicRecord(Message):
    """Record type 2, versions 0."""

    API_KEY: ClassVar[int] = 2
    VERSIONS: ClassVar[Versions] = versions("0", flexible="0+")

    name: str = wire(STRING)
    topic_id: Uuid = wire(UUID)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionRecord(Message):
    """Record type 3, versions 0-2."""

    API_KEY: ClassVar[int] = 3
    VERSIONS: ClassVar[Versions] = versions("0-2", flexible="0+")

    partition_id: int = wire(INT32, default=-1)
    topic_id: Uuid = wire(UUID)
    replicas: tuple[int, ...] = wire(array(INT32))
    isr: tuple[int, ...] = wire(array(INT32))
    removing_replicas: tuple[int, ...] = wire(array(INT32))
    adding_replicas: tuple[int, ...] = wire(array(INT32))
    leader: int = wire(INT32, default=-1)
    leader_recovery_state: int = wire(INT8, tag=0)
    leader_epoch: int = wire(INT32, default=-1)
    partition_epoch: int = wire(INT32, default=-1)
    directories: tuple[Uuid, ...] = wire(array(UUID), "1+")
    eligible_leader_replicas: tuple[int, ...] | None = wire(
        array(INT32), "2+", nullable="2+", tag=1, default=None
    )
    last_known_elr: tuple[int, ...] | None = wire(
        array(INT32), "2+", nullable="2+", tag=2, default=None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionChangeRecord(Message):
    """Record type 5, versions 0-2."""

    API_KEY: ClassVar[int] = 5
    VERSIONS: ClassVar[Versions] = versions("0-2", flexible="0+")

    partition_id: int = wire(INT32, default=-1)
    topic_id: Uuid = wire(UUID)
    isr: tuple[int, ...] | None = wire(array(INT32), nullable="0+", tag=0, default=None)
    leader: int = wire(INT32, tag=1, default=-2)
    replicas: tuple[int, ...] | None = wire(array(INT32), nullable="0+", tag=2, default=None)
    removing_replicas: tuple[int, ...] | None = wire(
        array(INT32), nullable="0+", tag=3, default=None
    )
    adding_replicas: tuple[int, ...] | None = wire(array(INT32), nullable="0+", tag=4, default=None)
    leader_recovery_state: int = wire(INT8, tag=5, default=-1)
    directories: tuple[Uuid, ...] | None = wire(
        array(UUID), "1+", nullable="1+", tag=8, default=None
    )
    eligible_leader_replicas: tuple[int, ...] | None = wire(
        array(INT32), "2+", nullable="2+", tag=6, default=None
    )
    last_known_elr: tuple[int, ...] | None = wire(
        array(INT32), "2+", nullable="2+", tag=7, default=None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveTopicRecord(Message):
    """Record type 9, versions 0."""

    API_KEY: ClassVar[int] = 9
    VERSIONS: ClassVar[Versions] = versions("0", flexible="0+")

    topic_id: Uuid = wire(UUID)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigRecord(Message):
    """Record type 4, versions 0."""

    API_KEY: ClassVar[int] = 4
    VERSIONS: ClassVar[Versions] = versions("0", flexible="0+")

    resource_type: int = wire(INT8)
    resource_name: str = wire(STRING)
    name: str = wire(STRING)
    value: str | None = wire(STRING, nullable="0+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProducerIdsRecord(Message):
    """Record type 15, versions 0."""

    API_KEY: ClassVar[int] = 15
    VERSIONS: ClassVar[Versions] = versions("0", flexible="0+")

    broker_id: int = wire(INT32)
    broker_epoch: int = wire(INT64, default=-1)
    next_producer_id: int = wire(INT64)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureLevelRecord(Message):
    """Record type 12, versions 0."""

    API_KEY: ClassVar[int] = 12
    VERSIONS: ClassVar[Versions] = versions("0", flexible="0+")

    name: str = wire(STRING)
    feature_level: int = wire(INT16)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoOpRecord(Message):
    """Record type 20, versions 0."""

    API_KEY: ClassVar[int] = 20
    VERSIONS: ClassVar[Versions] = versions("0", flexible="0+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerEndpoint:
    """Part of RegisterControllerRecord."""

    name: str = wire(STRING)
    host: str = wire(STRING)
    port: int = wire(UINT16)
    security_protocol: int = wire(INT16)


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerFeature:
    """Part of RegisterControllerRecord."""

    name: str = wire(STRING)
    min_supported_version: int = wire(INT16)
    max_supported_version: int = wire(INT16)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterControllerRecord(Message):
    """Record type 27, versions 0."""

    API_KEY: ClassVar[int] = 27
    VERSIONS: ClassVar[Versions] = versions("0", flexible="0+")

    controller_id: int = wire(INT32)
    incarnation_id: Uuid = wire(UUID)
    zk_migration_ready: bool = wire(BOOL)
    end_points: tuple[ControllerEndpoint, ...] = wire(array(ControllerEndpoint))
    features: tuple[ControllerFeature, ...] = wire(array(ControllerFeature))


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginTransactionRecord(Message):
    """Record type 23, versions 0."""

    API_KEY: ClassVar[int] = 23
    VERSIONS: ClassVar[Versions] = versions("0", flexible="0+")

    name: str | None = wire(STRING, nullable="0+", tag=0, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndTransactionRecord(Message):
    """Record type 24, versions 0."""

    API_KEY: ClassVar[int] = 24
    VERSIONS: ClassVar[Versions] = versions("0", flexible="0+")


@dataclass(frozen=True, slots=True, kw_only=True)
class AbortTransactionRecord(Message):
    """Record type 25, versions 0."""

    API_KEY: ClassVar[int] = 25
    VERSIONS: ClassVar[Versions] = versions("0", flexible="0+")

    reason: str | None = wire(STRING, nullable="0+", tag=0, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearElrRecord(Message):
    """Record type 28, versions 0."""

    API_KEY: ClassVar[int] = 28
    VERSIONS: ClassVar[Versions] = versions("0", flexible="0+")

    topic_name: str = wire(STRING)
