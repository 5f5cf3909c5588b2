"""Heartbeat 0-4, LeaveGroup 0-5 and sessions: who is still there.

A heartbeat does three things: it renews the session, it tells the member that a rebalance is on,
and it tells one of another generation that the group has moved on without it.

In Kafka: `classicGroupHeartbeat…`, `classicGroupLeave…`, `expireClassicGroupMemberHeartbeat` of
`GroupMetadataManager`.
"""

from dataclasses import replace

from kafkalab.coordination import NOTHING, Result
from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.groups.classic import ClassicGroup, GroupState
from kafkalab.groups.group_table import GroupTable
from kafkalab.groups.rebalance import (
    complete_if_all_joined,
    complete_join,
    prepare_rebalance,
    rebalance_or_complete,
)
from kafkalab.node import Ticket
from kafkalab.protocol.messages.classic_groups import (
    HeartbeatRequest,
    HeartbeatResponse,
    LeaveGroupRequest,
    LeaveGroupResponse,
    MemberIdentity,
    MemberResponse,
)

S = GroupState


def heartbeat(table: GroupTable, request: HeartbeatRequest, now: int) -> Result:
    """Renew a session.  Raises `KafkaError` for those who are not of this generation."""
    group = table.get(request.group_id)
    if group is None:
        raise KafkaError(ErrorCode.UNKNOWN_MEMBER_ID, "the group does not exist")
    member = group.known_now(request.member_id, request.group_instance_id, request.generation_id)
    table.expect_heartbeat(group, member, now)
    error = ErrorCode.NONE
    if group.state is S.PREPARING_REBALANCE:
        error = ErrorCode.REBALANCE_IN_PROGRESS
    return Result(response=HeartbeatResponse(error_code=error))


def leaving(request: LeaveGroupRequest, version: int) -> tuple[MemberIdentity, ...]:
    """Who is to go: one up to version 2, then as many as there are (KIP-345)."""
    if version < 3:
        return (MemberIdentity(member_id=request.member_id),)
    return request.members


def left(version: int, members: tuple[MemberResponse, ...]) -> LeaveGroupResponse:
    """Up to version 2 there is one error, and it stands at the top."""
    if version < 3:
        return LeaveGroupResponse(error_code=members[0].error_code)
    return LeaveGroupResponse(members=members)


def leave(table: GroupTable, ticket: Ticket, request: LeaveGroupRequest, now: int) -> Result:
    """Members go, at their own wish or an administrator's; the others rebalance."""
    group = table.get(request.group_id)
    if group is None:
        raise KafkaError(ErrorCode.UNKNOWN_MEMBER_ID, "the group does not exist")
    version = ticket.api_version
    members = tuple(
        MemberResponse(
            member_id=identity.member_id,
            group_instance_id=identity.group_instance_id,
            error_code=_remove(table, group, identity),
        )
        for identity in leaving(request, version)
    )
    result = NOTHING
    if any(member.error_code == ErrorCode.NONE for member in members):
        if group.state is S.PREPARING_REBALANCE:
            result = complete_if_all_joined(table, group, now)
        elif group.state in (S.STABLE, S.COMPLETING_REBALANCE):
            result = rebalance_or_complete(table, group, "members have left", now)
    return replace(result, response=left(version, members))


def on_session_alarm(table: GroupTable, group: ClassicGroup, member_id: str, now: int) -> Result:
    """A member has been silent for too long; a new coordinator sets all sessions anew."""
    member = group.members.get(member_id)
    if member is None:
        if member_id not in group.members.pending:
            return NOTHING
        group.remove(member_id)
    elif member.is_alive_while_silent:
        return NOTHING
    else:
        table.remove_member(group, member_id, "its session has timed out")
        if group.state in (S.STABLE, S.COMPLETING_REBALANCE):
            reason = f"the session of {member_id} has timed out"
            return prepare_rebalance(table, group, reason, now)
    if group.state is S.PREPARING_REBALANCE and group.members.have_all_joined:
        return complete_join(table, group, now)
    return NOTHING


def begin_sessions(table: GroupTable, now: int) -> None:
    """After loading: every member gets its whole session timeout; a full group rebalances."""
    size_max = table.config.int("group.max.size")
    for group in table.live.values():
        for member in group.members:
            table.expect_heartbeat(group, member, now)
        if len(group.members) > size_max:
            prepare_rebalance(table, group, "the group has too many members", now)


def _remove(table: GroupTable, group: ClassicGroup, identity: MemberIdentity) -> ErrorCode:
    member_id = identity.member_id
    instance_id = identity.group_instance_id
    if not member_id:
        current = group.members.static_id(instance_id) if instance_id is not None else None
        if current is None:
            return ErrorCode.UNKNOWN_MEMBER_ID
        member_id = current
    elif member_id not in group.members.pending:
        try:
            group.known(member_id, instance_id)
        except KafkaError as error:
            return error.code
    table.remove_member(group, member_id, identity.reason or "it has left")
    return ErrorCode.NONE
