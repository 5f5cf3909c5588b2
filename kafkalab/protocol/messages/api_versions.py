"""Which APIs, versions and features a node offers (KIP-35, KIP-511, KIP-584)."""

from dataclasses import dataclass
from typing import ClassVar

from kafkalab.protocol.schema import (
    BOOL,
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
class ApiVersionsRequest(Message):
    """API key 18, versions 0-4."""

    API_KEY: ClassVar[int] = 18
    VERSIONS: ClassVar[Versions] = versions("0-4", flexible="3+")

    client_software_name: str = wire(STRING, "3+")
    client_software_version: str = wire(STRING, "3+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiVersion:
    """Part of ApiVersionsResponse."""

    api_key: int = wire(INT16)
    min_version: int = wire(INT16)
    max_version: int = wire(INT16)


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportedFeatureKey:
    """Part of ApiVersionsResponse."""

    name: str = wire(STRING, "3+")
    min_version: int = wire(INT16, "3+")
    max_version: int = wire(INT16, "3+")


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalizedFeatureKey:
    """Part of ApiVersionsResponse."""

    name: str = wire(STRING, "3+")
    max_version_level: int = wire(INT16, "3+")
    min_version_level: int = wire(INT16, "3+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiVersionsResponse(Message):
    """API key 18, versions 0-4."""

    API_KEY: ClassVar[int] = 18
    VERSIONS: ClassVar[Versions] = versions("0-4", flexible="3+")

    error_code: int = wire(INT16)
    api_keys: tuple[ApiVersion, ...] = wire(array(ApiVersion))
    throttle_time_ms: int = wire(INT32, "1+")
    supported_features: tuple[SupportedFeatureKey, ...] = wire(
        array(SupportedFeatureKey), "3+", tag=0
    )
    finalized_features_epoch: int = wire(INT64, "3+", tag=1, default=-1)
    finalized_features: tuple[FinalizedFeatureKey, ...] = wire(
        array(FinalizedFeatureKey), "3+", tag=2
    )
    zk_migration_ready: bool = wire(BOOL, "3+", tag=3)
