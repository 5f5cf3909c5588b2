"""Reading and changing configurations of topics and brokers."""

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
class DescribeConfigsResource:
    """Part of DescribeConfigsRequest."""

    resource_type: int = wire(INT8)
    resource_name: str = wire(STRING)
    configuration_keys: tuple[str, ...] | None = wire(array(STRING), nullable="0+")


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeConfigsRequest(Message):
    """API key 32, versions 1-4."""

    API_KEY: ClassVar[int] = 32
    VERSIONS: ClassVar[Versions] = versions("1-4", flexible="4+")

    resources: tuple[DescribeConfigsResource, ...] = wire(array(DescribeConfigsResource))
    include_synonyms: bool = wire(BOOL, "1+")
    include_documentation: bool = wire(BOOL, "3+")


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeConfigsSynonym:
    """Part of DescribeConfigsResponse."""

    name: str = wire(STRING, "1+")
    value: str | None = wire(STRING, "1+", nullable="0+")
    source: int = wire(INT8, "1+")


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeConfigsResourceResult:
    """Part of DescribeConfigsResponse."""

    name: str = wire(STRING)
    value: str | None = wire(STRING, nullable="0+")
    read_only: bool = wire(BOOL)
    config_source: int = wire(INT8, "1+", default=-1)
    is_sensitive: bool = wire(BOOL)
    synonyms: tuple[DescribeConfigsSynonym, ...] = wire(array(DescribeConfigsSynonym), "1+")
    config_type: int = wire(INT8, "3+")
    documentation: str | None = wire(STRING, "3+", nullable="0+")


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeConfigsResult:
    """Part of DescribeConfigsResponse."""

    error_code: int = wire(INT16)
    error_message: str | None = wire(STRING, nullable="0+")
    resource_type: int = wire(INT8)
    resource_name: str = wire(STRING)
    configs: tuple[DescribeConfigsResourceResult, ...] = wire(array(DescribeConfigsResourceResult))


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeConfigsResponse(Message):
    """API key 32, versions 1-4."""

    API_KEY: ClassVar[int] = 32
    VERSIONS: ClassVar[Versions] = versions("1-4", flexible="4+")

    throttle_time_ms: int = wire(INT32)
    results: tuple[DescribeConfigsResult, ...] = wire(array(DescribeConfigsResult))


@dataclass(frozen=True, slots=True, kw_only=True)
class AlterConfigsRequestAlterableConfig:
    """Part of AlterConfigsRequest."""

    name: str = wire(STRING)
    value: str | None = wire(STRING, nullable="0+")


@dataclass(frozen=True, slots=True, kw_only=True)
class AlterConfigsRequestAlterConfigsResource:
    """Part of AlterConfigsRequest."""

    resource_type: int = wire(INT8)
    resource_name: str = wire(STRING)
    configs: tuple[AlterConfigsRequestAlterableConfig, ...] = wire(
        array(AlterConfigsRequestAlterableConfig)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AlterConfigsRequest(Message):
    """API key 33, versions 0-2."""

    API_KEY: ClassVar[int] = 33
    VERSIONS: ClassVar[Versions] = versions("0-2", flexible="2+")

    resources: tuple[AlterConfigsRequestAlterConfigsResource, ...] = wire(
        array(AlterConfigsRequestAlterConfigsResource)
    )
    validate_only: bool = wire(BOOL)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlterConfigsResourceResponse:
    """Part of AlterConfigsResponse."""

    error_code: int = wire(INT16)
    error_message: str | None = wire(STRING, nullable="0+")
    resource_type: int = wire(INT8)
    resource_name: str = wire(STRING)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlterConfigsResponse(Message):
    """API key 33, versions 0-2."""

    API_KEY: ClassVar[int] = 33
    VERSIONS: ClassVar[Versions] = versions("0-2", flexible="2+")

    throttle_time_ms: int = wire(INT32)
    responses: tuple[AlterConfigsResourceResponse, ...] = wire(array(AlterConfigsResourceResponse))


@dataclass(frozen=True, slots=True, kw_only=True)
class IncrementalAlterConfigsRequestAlterableConfig:
    """Part of IncrementalAlterConfigsRequest."""

    name: str = wire(STRING)
    config_operation: int = wire(INT8)
    value: str | None = wire(STRING, nullable="0+")


@dataclass(frozen=True, slots=True, kw_only=True)
class IncrementalAlterConfigsRequestAlterConfigsResource:
    """Part of IncrementalAlterConfigsRequest."""

    resource_type: int = wire(INT8)
    resource_name: str = wire(STRING)
    configs: tuple[IncrementalAlterConfigsRequestAlterableConfig, ...] = wire(
        array(IncrementalAlterConfigsRequestAlterableConfig)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class IncrementalAlterConfigsRequest(Message):
    """API key 44, versions 0-1."""

    API_KEY: ClassVar[int] = 44
    VERSIONS: ClassVar[Versions] = versions("0-1", flexible="1+")

    resources: tuple[IncrementalAlterConfigsRequestAlterConfigsResource, ...] = wire(
        array(IncrementalAlterConfigsRequestAlterConfigsResource)
    )
    validate_only: bool = wire(BOOL)


@dataclass(frozen=True, slots=True, kw_only=True)
class IncrementalAlterConfigsResponse(Message):
    """API key 44, versions 0-1."""

    API_KEY: ClassVar[int] = 44
    VERSIONS: ClassVar[Versions] = versions("0-1", flexible="1+")

    throttle_time_ms: int = wire(INT32)
    responses: tuple[AlterConfigsResourceResponse, ...] = wire(array(AlterConfigsResourceResponse))
