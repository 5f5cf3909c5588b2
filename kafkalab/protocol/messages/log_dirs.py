"""How large the logs are on each disk."""

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
class DescribableLogDirTopic:
    """Part of DescribeLogDirsRequest."""

    topic: str = wire(STRING)
    partitions: tuple[int, ...] = wire(array(INT32))


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeLogDirsRequest(Message):
    """API key 35, versions 1-5."""

    API_KEY: ClassVar[int] = 35
    VERSIONS: ClassVar[Versions] = versions("1-5", flexible="2+")

    topics: tuple[DescribableLogDirTopic, ...] | None = wire(
        array(DescribableLogDirTopic), nullable="0+"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeLogDirsPartition:
    """Part of DescribeLogDirsResponse."""

    partition_index: int = wire(INT32)
    partition_size: int = wire(INT64)
    offset_lag: int = wire(INT64)
    is_future_key: bool = wire(BOOL)


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeLogDirsTopic:
    """Part of DescribeLogDirsResponse."""

    name: str = wire(STRING)
    partitions: tuple[DescribeLogDirsPartition, ...] = wire(array(DescribeLogDirsPartition))


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeLogDirsResult:
    """Part of DescribeLogDirsResponse."""

    error_code: int = wire(INT16)
    log_dir: str = wire(STRING)
    topics: tuple[DescribeLogDirsTopic, ...] = wire(array(DescribeLogDirsTopic))
    total_bytes: int = wire(INT64, "4+", default=-1)
    usable_bytes: int = wire(INT64, "4+", default=-1)
    is_cordoned: bool = wire(BOOL, "5+")


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeLogDirsResponse(Message):
    """API key 35, versions 1-5."""

    API_KEY: ClassVar[int] = 35
    VERSIONS: ClassVar[Versions] = versions("1-5", flexible="2+")

    throttle_time_ms: int = wire(INT32)
    error_code: int = wire(INT16, "3+")
    results: tuple[DescribeLogDirsResult, ...] = wire(array(DescribeLogDirsResult))
