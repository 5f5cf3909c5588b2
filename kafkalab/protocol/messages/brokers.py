"""The life of a broker and a controller as the controller sees it (KIP-631)."""

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
class Listener:
    """Part of BrokerRegistrationRequest."""

    name: str = wire(STRING)
    host: str = wire(STRING)
    port: int = wire(UINT16)
    security_protocol: int = wire(INT16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """Part of BrokerRegistrationRequest."""

    name: str = wire(STRING)
    min_supported_version: int = wire(INT16)
    max_supported_version: int = wire(INT16)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerRegistrationRequest(Message):
    """API key 62, versions 0-4."""

    API_KEY: ClassVar[int] = 62
    VERSIONS: ClassVar[Versions] = versions("0-4", flexible="0+")

    broker_id: int = wire(INT32)
    cluster_id: str = wire(STRING)
    incarnation_id: Uuid = wire(UUID)
    listeners: tuple[Listener, ...] = wire(array(Listener))
    features: tuple[Feature, ...] = wire(array(Feature))
    rack: str | None = wire(STRING, nullable="0+")
    is_migrating_zk_broker: bool = wire(BOOL, "1+")
    log_dirs: tuple[Uuid, ...] = wire(array(UUID), "2+")
    previous_broker_epoch: int = wire(INT64, "3+", default=-1)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerRegistrationResponse(Message):
    """API key 62, versions 0-4."""

    API_KEY: ClassVar[int] = 62
    VERSIONS: ClassVar[Versions] = versions("0-4", flexible="0+")

    throttle_time_ms: int = wire(INT32)
    error_code: int = wire(INT16)
    broker_epoch: int = wire(INT64, default=-1)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerHeartbeatRequest(Message):
    """API key 63, versions 0-2."""

    API_KEY: ClassVar[int] = 63
    VERSIONS: ClassVar[Versions] = versions("0-2", flexible="0+")

    broker_id: int = wire(INT32)
    broker_epoch: int = wire(INT64, default=-1)
    current_metadata_offset: int = wire(INT64)
    want_fence: bool = wire(BOOL)
    want_shut_down: bool = wire(BOOL)
    offline_log_dirs: tuple[Uuid, ...] = wire(array(UUID), "1+", tag=0)
    cordoned_log_dirs: tuple[Uuid, ...] | None = wire(
        array(UUID), "2+", nullable="2+", tag=1, default=None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerHeartbeatResponse(Message):
    """API key 63, versions 0-2."""

    API_KEY: ClassVar[int] = 63
    VERSIONS: ClassVar[Versions] = versions("0-2", flexible="0+")

    throttle_time_ms: int = wire(INT32)
    error_code: int = wire(INT16)
    is_caught_up: bool = wire(BOOL)
    is_fenced: bool = wire(BOOL, default=True)
    should_shut_down: bool = wire(BOOL)


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerRegistrationRequest(Message):
    """API key 70, versions 0."""

    API_KEY: ClassVar[int] = 70
    VERSIONS: ClassVar[Versions] = versions("0", flexible="0+")

    controller_id: int = wire(INT32)
    incarnation_id: Uuid = wire(UUID)
    zk_migration_ready: bool = wire(BOOL)
    listeners: tuple[Listener, ...] = wire(array(Listener))
    features: tuple[Feature, ...] = wire(array(Feature))


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerRegistrationResponse(Message):
    """API key 70, versions 0."""

    API_KEY: ClassVar[int] = 70
    VERSIONS: ClassVar[Versions] = versions("0", flexible="0+")

    throttle_time_ms: int = wire(INT32)
    error_code: int = wire(INT16)
    error_message: str | None = wire(STRING, nullable="0+")


@dataclass(frozen=True, slots=True, kw_only=True)
class UnregisterBrokerRequest(Message):
    """API key 64, versions 0."""

    API_KEY: ClassVar[int] = 64
    VERSIONS: ClassVar[Versions] = versions("0", flexible="0+")

    broker_id: int = wire(INT32)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnregisterBrokerResponse(Message):
    """API key 64, versions 0."""

    API_KEY: ClassVar[int] = 64
    VERSIONS: ClassVar[Versions] = versions("0", flexible="0+")

    throttle_time_ms: int = wire(INT32)
    error_code: int = wire(INT16)
    error_message: str | None = wire(STRING, nullable="0+")
