"""Listing, describing and deleting groups."""

from dataclasses import dataclass
from typing import ClassVar

from kafkalab.protocol.schema import (
    BOOL,
    BYTES,
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
class ListGroupsRequest(Message):
    """API key 16, versions 0-5."""

    API_KEY: ClassVar[int] = 16
    VERSIONS: ClassVar[Versions] = versions("0-5", flexible="3+")

    states_filter: tuple[str, ...] = wire(array(STRING), "4+")
    types_filter: tuple[str, ...] = wire(array(STRING), "5+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedGroup:
    """Part of ListGroupsResponse."""

    group_id: str = wire(STRING)
    protocol_type: str = wire(STRING)
    group_state: str = wire(STRING, "4+")
    group_type: str = wire(STRING, "5+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListGroupsResponse(Message):
    """API key 16, versions 0-5."""

    API_KEY: ClassVar[int] = 16
    VERSIONS: ClassVar[Versions] = versions("0-5", flexible="3+")

    throttle_time_ms: int = wire(INT32, "1+")
    error_code: int = wire(INT16)
    groups: tuple[ListedGroup, ...] = wire(array(ListedGroup))


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeGroupsRequest(Message):
    """API key 15, versions 0-6."""

    API_KEY: ClassVar[int] = 15
    VERSIONS: ClassVar[Versions] = versions("0-6", flexible="5+")

    groups: tuple[str, ...] = wire(array(STRING))
    include_authorized_operations: bool = wire(BOOL, "3+")


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribedGroupMember:
    """Part of DescribeGroupsResponse."""

    member_id: str = wire(STRING)
    group_instance_id: str | None = wire(STRING, "4+", nullable="4+", default=None)
    client_id: str = wire(STRING)
    client_host: str = wire(STRING)
    member_metadata: bytes = wire(BYTES)
    member_assignment: bytes = wire(BYTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribedGroup:
    """Part of DescribeGroupsResponse."""

    error_code: int = wire(INT16)
    error_message: str | None = wire(STRING, "6+", nullable="6+", default=None)
    group_id: str = wire(STRING)
    group_state: str = wire(STRING)
    protocol_type: str = wire(STRING)
    protocol_data: str = wire(STRING)
    members: tuple[DescribedGroupMember, ...] = wire(array(DescribedGroupMember))
    authorized_operations: int = wire(INT32, "3+", default=-2147483648)


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeGroupsResponse(Message):
    """API key 15, versions 0-6."""

    API_KEY: ClassVar[int] = 15
    VERSIONS: ClassVar[Versions] = versions("0-6", flexible="5+")

    throttle_time_ms: int = wire(INT32, "1+")
    groups: tuple[DescribedGroup, ...] = wire(array(DescribedGroup))


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteGroupsRequest(Message):
    """API key 42, versions 0-2."""

    API_KEY: ClassVar[int] = 42
    VERSIONS: ClassVar[Versions] = versions("0-2", flexible="2+")

    groups_names: tuple[str, ...] = wire(array(STRING))


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletableGroupResult:
    """Part of DeleteGroupsResponse."""

    group_id: str = wire(STRING)
    error_code: int = wire(INT16)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteGroupsResponse(Message):
    """API key 42, versions 0-2."""

    API_KEY: ClassVar[int] = 42
    VERSIONS: ClassVar[Versions] = versions("0-2", flexible="2+")

    throttle_time_ms: int = wire(INT32)
    results: tuple[DeletableGroupResult, ...] = wire(array(DeletableGroupResult))
