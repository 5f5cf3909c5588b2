"""Raising and lowering feature levels (KIP-584)."""

from dataclasses import dataclass
from typing import ClassVar

from kafkalab.protocol.schema import (
    BOOL,
    INT8,
    INT16,
    INT32,
    STRING,
    Message,
    Versions,
    array,
    versions,
    wire,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureUpdateKey:
    """Part of UpdateFeaturesRequest."""

    feature: str = wire(STRING)
    max_version_level: int = wire(INT16)
    allow_downgrade: bool = wire(BOOL, "0")
    upgrade_type: int = wire(INT8, "1+", default=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateFeaturesRequest(Message):
    """API key 57, versions 0-2."""

    API_KEY: ClassVar[int] = 57
    VERSIONS: ClassVar[Versions] = versions("0-2", flexible="0+")

    timeout_ms: int = wire(INT32, default=60000)
    feature_updates: tuple[FeatureUpdateKey, ...] = wire(array(FeatureUpdateKey))
    validate_only: bool = wire(BOOL, "1+")


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdatableFeatureResult:
    """Part of UpdateFeaturesResponse."""

    feature: str = wire(STRING)
    error_code: int = wire(INT16)
    error_message: str | None = wire(STRING, nullable="0+")


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateFeaturesResponse(Message):
    """API key 57, versions 0-2."""

    API_KEY: ClassVar[int] = 57
    VERSIONS: ClassVar[Versions] = versions("0-2", flexible="0+")

    throttle_time_ms: int = wire(INT32)
    error_code: int = wire(INT16)
    error_message: str | None = wire(STRING, nullable="0+")
    results: tuple[UpdatableFeatureResult, ...] = wire(array(UpdatableFeatureResult), "0-1")
