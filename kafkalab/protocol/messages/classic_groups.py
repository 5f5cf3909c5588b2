"""The classic group protocol: find, join, sync, heartbeat, leave."""

from dataclasses import dataclass
from typing import ClassVar

from kafkalab.protocol.schema import (
    BOOL,
    BYTES,
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
class FindCoordinatorRequest(Message):
    """API key 10, versions 0-6."""

    API_KEY: ClassVar[int] = 10
    VERSIONS: ClassVar[Versions] = versions("0-6", flexible="3+")

    key: str = wire(STRING, "0-3")
    key_type: int = wire(INT8, "1+")
    coordinator_keys: tuple[str, ...] = wire(array(STRING), "4+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Coordinator:
    """Part of FindCoordinatorResponse."""

    key: str = wire(STRING, "4+")
    node_id: int = wire(INT32, "4+")
    host: str = wire(STRING, "4+")
    port: int = wire(INT32, "4+")
    error_code: int = wire(INT16, "4+")
    error_message: str | None = wire(STRING, "4+", nullable="4+")


@dataclass(frozen=True, slots=True, kw_only=True)
class FindCoordinatorResponse(Message):
    """API key 10, versions 0-6."""

    API_KEY: ClassVar[int] = 10
    VERSIONS: ClassVar[Versions] = versions("0-6", flexible="3+")

    throttle_time_ms: int = wire(INT32, "1+")
    error_code: int = wire(INT16, "0-3")
    error_message: str | None = wire(STRING, "1-3", nullable="1-3")
    node_id: int = wire(INT32, "0-3")
    host: str = wire(STRING, "0-3")
    port: int = wire(INT32, "0-3")
    coordinators: tuple[Coordinator, ...] = wire(array(Coordinator), "4+")


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinGroupRequestProtocol:
    """Part of JoinGroupRequest."""

    name: str = wire(STRING)
    metadata: bytes = wire(BYTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinGroupRequest(Message):
    """API key 11, versions 0-9."""

    API_KEY: ClassVar[int] = 11
    VERSIONS: ClassVar[Versions] = versions("0-9", flexible="6+")

    group_id: str = wire(STRING)
    session_timeout_ms: int = wire(INT32)
    rebalance_timeout_ms: int = wire(INT32, "1+", default=-1)
    member_id: str = wire(STRING)
    group_instance_id: str | None = wire(STRING, "5+", nullable="5+", default=None)
    protocol_type: str = wire(STRING)
    protocols: tuple[JoinGroupRequestProtocol, ...] = wire(array(JoinGroupRequestProtocol))
    reason: str | None = wire(STRING, "8+", nullable="8+", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinGroupResponseMember:
    """Part of JoinGroupResponse."""

    member_id: str = wire(STRING)
    group_instance_id: str | None = wire(STRING, "5+", nullable="5+", default=None)
    metadata: bytes = wire(BYTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinGroupResponse(Message):
    """API key 11, versions 0-9."""

    API_KEY: ClassVar[int] = 11
    VERSIONS: ClassVar[Versions] = versions("0-9", flexible="6+")

    throttle_time_ms: int = wire(INT32, "2+")
    error_code: int = wire(INT16)
    generation_id: int = wire(INT32, default=-1)
    protocol_type: str | None = wire(STRING, "7+", nullable="7+", default=None)
    protocol_name: str | None = wire(STRING, nullable="7+")
    leader: str = wire(STRING)
    skip_assignment: bool = wire(BOOL, "9+")
    member_id: str = wire(STRING)
    members: tuple[JoinGroupResponseMember, ...] = wire(array(JoinGroupResponseMember))


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncGroupRequestAssignment:
    """Part of SyncGroupRequest."""

    member_id: str = wire(STRING)
    assignment: bytes = wire(BYTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncGroupRequest(Message):
    """API key 14, versions 0-5."""

    API_KEY: ClassVar[int] = 14
    VERSIONS: ClassVar[Versions] = versions("0-5", flexible="4+")

    group_id: str = wire(STRING)
    generation_id: int = wire(INT32)
    member_id: str = wire(STRING)
    group_instance_id: str | None = wire(STRING, "3+", nullable="3+", default=None)
    protocol_type: str | None = wire(STRING, "5+", nullable="5+", default=None)
    protocol_name: str | None = wire(STRING, "5+", nullable="5+", default=None)
    assignments: tuple[SyncGroupRequestAssignment, ...] = wire(array(SyncGroupRequestAssignment))


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncGroupResponse(Message):
    """API key 14, versions 0-5."""

    API_KEY: ClassVar[int] = 14
    VERSIONS: ClassVar[Versions] = versions("0-5", flexible="4+")

    throttle_time_ms: int = wire(INT32, "1+")
    error_code: int = wire(INT16)
    protocol_type: str | None = wire(STRING, "5+", nullable="5+", default=None)
    protocol_name: str | None = wire(STRING, "5+", nullable="5+", default=None)
    assignment: bytes = wire(BYTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatRequest(Message):
    """API key 12, versions 0-4."""

    API_KEY: ClassVar[int] = 12
    VERSIONS: ClassVar[Versions] = versions("0-4", flexible="4+")

    group_id: str = wire(STRING)
    generation_id: int = wire(INT32)
    member_id: str = wire(STRING)
    group_instance_id: str | None = wire(STRING, "3+", nullable="3+", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatResponse(Message):
    """API key 12, versions 0-4."""

    API_KEY: ClassVar[int] = 12
    VERSIONS: ClassVar[Versions] = versions("0-4", flexible="4+")

    throttle_time_ms: int = wire(INT32, "1+")
    error_code: int = wire(INT16)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberIdentity:
    """Part of LeaveGroupRequest."""

    member_id: str = wire(STRING, "3+")
    group_instance_id: str | None = wire(STRING, "3+", nullable="3+", default=None)
    reason: str | None = wire(STRING, "5+", nullable="5+", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveGroupRequest(Message):
    """API key 13, versions 0-5."""

    API_KEY: ClassVar[int] = 13
    VERSIONS: ClassVar[Versions] = versions("0-5", flexible="4+")

    group_id: str = wire(STRING)
    member_id: str = wire(STRING, "0-2")
    members: tuple[MemberIdentity, ...] = wire(array(MemberIdentity), "3+")


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberResponse:
    """Part of LeaveGroupResponse."""

    member_id: str = wire(STRING, "3+")
    group_instance_id: str | None = wire(STRING, "3+", nullable="3+")
    error_code: int = wire(INT16, "3+")


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveGroupResponse(Message):
    """API key 13, versions 0-5."""

    API_KEY: ClassVar[int] = 13
    VERSIONS: ClassVar[Versions] = versions("0-5", flexible="4+")

    throttle_time_ms: int = wire(INT32, "1+")
    error_code: int = wire(INT16)
    members: tuple[MemberResponse, ...] = wire(array(MemberResponse), "3+")
