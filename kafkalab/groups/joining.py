"""JoinGroup 0-9: somebody wants to be in the next generation of a classic group.

A request that takes part in a rebalance is parked with its member until the join phase ends.
Since version 4 a dynamic member joins twice: the first time it is only given its id, so that a
client that gives up and retries leaves no ghost member behind (KIP-394).  A static member that
comes back takes its old place, mostly without a rebalance (KIP-345); the new id is written before
it is told.

In Kafka: `GroupMetadataManager.classicGroupJoinToClassicGroup` and what it calls.
Read next: `rebalance`, then `syncing`.
"""

from dataclasses import dataclass
from typing import Final

from kafkalab.coordination import NOTHING, Result
from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.groups.classic import ClassicGroup, GroupState
from kafkalab.groups.group_table import Alarm, AlarmKind, GroupTable
from kafkalab.groups.members import Member, Protocols
from kafkalab.groups.rebalance import (
    complete_if_all_joined,
    joined,
    prepare_rebalance,
    rebalance_or_complete,
)
from kafkalab.groups.stored import group_record, new_group_record
from kafkalab.node import Ticket
from kafkalab.protocol.messages.classic_groups import (
    JoinGroupRequest,
    JoinGroupResponse,
)

S = GroupState

#: A new member knows no id yet and cannot send heartbeats; it must ask again within this time.
NEW_MEMBER_JOIN_TIMEOUT_MS: Final = 5 * 60 * 1000
#: From this version on a member must join with the id it was given.
_MEMBER_ID_REQUIRED: Final = 4
#: From this version on a leader can be told that nothing needs to be assigned (KIP-814).
_SKIP_ASSIGNMENT: Final = 9


@dataclass(frozen=True, slots=True)
class GroupCreated:
    """The record of a new group has been settled."""

    group_id: str


@dataclass(frozen=True, slots=True)
class StaticMemberReplaced:
    """The record with a static member's new id has been settled."""

    group_id: str
    group_instance_id: str
    old_id: str
    new_id: str
    old_leader_id: str
    old_protocols: Protocols
    old_rebalance_timeout_ms: int
    old_session_timeout_ms: int
    version: int


def join(table: GroupTable, ticket: Ticket, request: JoinGroupRequest, now: int) -> Result:
    """Answer or park a JoinGroup.  Raises `KafkaError`, and then nothing has changed."""
    group = table.get(request.group_id)
    is_new_group = group is None
    if group is None:
        if request.member_id:
            raise KafkaError(ErrorCode.UNKNOWN_MEMBER_ID, "the group does not exist")
        if not (request.protocol_type and request.protocols):
            raise KafkaError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL, "no protocol is offered")
        group = table.create(request.group_id, now)
    elif not accepts(group, request.member_id, table.config.int("group.max.size")):
        table.remove_member(group, request.member_id, "the group is full")
        refused = JoinGroupResponse(error_code=ErrorCode.GROUP_MAX_SIZE_REACHED)
        table.effects.reply(ticket, refused)
        return NOTHING
    elif not group.supports(request.protocol_type, request.protocols):
        raise KafkaError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL, "no protocol all support")
    if request.member_id:
        result = _join_with_id(table, group, ticket, request, now)
    else:
        result = _join_without_id(table, group, ticket, request, now)
    if is_new_group and not result.records:
        return Result((new_group_record(group),), then=GroupCreated(group.group_id))
    return result


def accepts(group: ClassicGroup, member_id: str, size_max: int) -> bool:
    """Whether there is room; while all join again, the first who come have it."""
    member = group.members.get(member_id)
    if group.state is S.PREPARING_REBALANCE:
        if member is not None and member.awaiting_join is not None:
            return True
        return group.members.awaiting_join_count < size_max
    if group.state in (S.COMPLETING_REBALANCE, S.STABLE):
        return member is not None or len(group.members) < size_max
    return True


def on_group_created(
    table: GroupTable, then: GroupCreated, error: ErrorCode | None, now: int
) -> None:
    """A group whose record could not be written does not exist; who joined is told so."""
    group = table.get(then.group_id)
    if error is None or group is None or then.group_id in table.metadata.written:
        return
    for member in list(group.members):
        table.refuse_parked(group, member, error, "")
        table.remove_member(group, member.member_id, "the group could not be written")
    table.alarms.cancel(Alarm(AlarmKind.JOIN, then.group_id))
    del table.live[then.group_id]


def on_static_member_replaced(
    table: GroupTable, then: StaticMemberReplaced, error: ErrorCode | None, now: int
) -> None:
    """Tell a static member its new id, or put the old one back if it could not be written."""
    group = table.get(then.group_id)
    member = group.members.get(then.new_id) if group is not None else None
    if group is None or member is None or group.state is not S.STABLE:
        return  # a rebalance has begun meanwhile: its end answers
    if error is not None:
        refused = JoinGroupResponse(
            error_code=error,
            generation_id=group.generation,
            protocol_type=group.protocol_type,
            protocol_name=group.protocol_name,
            leader=then.old_leader_id,
        )
        table.answer_join(group, member, refused)
        group.members.update(
            member,
            then.old_protocols,
            then.old_rebalance_timeout_ms,
            then.old_session_timeout_ms,
        )
        old = table.replace_static(group, then.new_id, then.old_id)
        table.expect_heartbeat(group, old, now)
        return
    is_leader = group.leader_id == then.new_id
    if then.version >= _SKIP_ASSIGNMENT:
        response = joined(group, member, skip_assignment=is_leader)
    else:
        # The old leader's id: so the client takes itself for a follower, and assigns nothing.
        response = JoinGroupResponse(
            generation_id=group.generation,
            protocol_type=group.protocol_type,
            protocol_name=group.protocol_name,
            leader=then.old_leader_id,
            member_id=then.new_id,
        )
    table.answer_join(group, member, response)


def _join_without_id(
    table: GroupTable, group: ClassicGroup, ticket: Ticket, request: JoinGroupRequest, now: int
) -> Result:
    instance_id = request.group_instance_id
    if instance_id is not None:
        member_id = table.new_member_id(instance_id)
        old_id = group.members.static_id(instance_id)
        if old_id is not None:
            return _replace_static(table, group, ticket, request, old_id, member_id, now)
        return _add(table, group, ticket, request, member_id, now)
    member_id = table.new_member_id(ticket.client_id or "")
    if ticket.api_version < _MEMBER_ID_REQUIRED:
        return _add(table, group, ticket, request, member_id, now)
    group.members.pending[member_id] = None
    table.expect_pending(group, member_id, now + request.session_timeout_ms)
    response = JoinGroupResponse(error_code=ErrorCode.MEMBER_ID_REQUIRED, member_id=member_id)
    table.effects.reply(ticket, response)
    return NOTHING


def _join_with_id(
    table: GroupTable, group: ClassicGroup, ticket: Ticket, request: JoinGroupRequest, now: int
) -> Result:
    if request.member_id in group.members.pending:
        return _add(table, group, ticket, request, request.member_id, now)
    member = group.known(request.member_id, request.group_instance_id)
    reason = ""
    if group.state is S.PREPARING_REBALANCE:
        reason = f"{member.member_id} joins again"
    elif member.protocols != request.protocols:
        reason = f"{member.member_id} has changed its subscription"
    elif group.state is S.STABLE and group.leader_id == member.member_id:
        reason = f"the leader {member.member_id} joins again"
    if not reason:
        table.effects.reply(ticket, joined(group, member))  # it may have missed the answer
        return NOTHING
    _update(group, member, ticket, request)
    table.effects.emit("MemberRejoined", group.group_id, member.member_id)
    return rebalance_or_complete(table, group, _because(reason, request), now)


def _add(
    table: GroupTable,
    group: ClassicGroup,
    ticket: Ticket,
    request: JoinGroupRequest,
    member_id: str,
    now: int,
) -> Result:
    rebalance_ms = request.rebalance_timeout_ms
    member = Member(
        member_id=member_id,
        group_instance_id=request.group_instance_id,
        client_id=ticket.client_id or "",
        client_host=f"/{ticket.connection.client}",
        rebalance_timeout_ms=rebalance_ms if rebalance_ms >= 0 else request.session_timeout_ms,
        session_timeout_ms=request.session_timeout_ms,
        protocol_type=request.protocol_type,
        protocols=request.protocols,
        awaiting_join=ticket,
        is_new=True,
    )
    if group.is_initial_rebalance:
        group.member_added = True
    table.add_member(group, member)
    table.expect_heartbeat(group, member, now, NEW_MEMBER_JOIN_TIMEOUT_MS)
    return rebalance_or_complete(table, group, _because(f"{member_id} joins", request), now)


def _replace_static(
    table: GroupTable,
    group: ClassicGroup,
    ticket: Ticket,
    request: JoinGroupRequest,
    old_id: str,
    new_id: str,
    now: int,
) -> Result:
    """A static member has come back under a new id; whoever still uses the old one is fenced."""
    old = group.known(old_id, request.group_instance_id)
    old_leader_id = group.leader_id or ""
    table.refuse_parked(group, old, ErrorCode.FENCED_INSTANCE_ID, old_id)
    then = StaticMemberReplaced(
        group.group_id,
        request.group_instance_id or "",
        old_id,
        new_id,
        old_leader_id,
        old.protocols,
        old.rebalance_timeout_ms,
        old.session_timeout_ms,
        ticket.api_version,
    )
    member = table.replace_static(group, old_id, new_id)
    table.expect_heartbeat(group, member, now)
    _update(group, member, ticket, request)
    reason = _because(f"the static member {request.group_instance_id} is back", request)
    if group.state is S.STABLE:
        if group.members.select_protocol() != group.protocol_name:
            return prepare_rebalance(table, group, reason, now)
        assignment = {other.member_id: other.assignment for other in group.members}
        return Result((group_record(group, assignment),), then=then)
    if group.state is S.COMPLETING_REBALANCE:
        # The leader may be assigning to the old id just now.
        return prepare_rebalance(table, group, reason, now)
    return complete_if_all_joined(table, group, now)


def _update(group: ClassicGroup, member: Member, ticket: Ticket, request: JoinGroupRequest) -> None:
    rebalance_ms = request.rebalance_timeout_ms
    if rebalance_ms < 0:
        rebalance_ms = request.session_timeout_ms
    session_ms = request.session_timeout_ms
    group.members.update(member, request.protocols, rebalance_ms, session_ms)
    group.members.await_join(member, ticket)


def _because(reason: str, request: JoinGroupRequest) -> str:
    return f"{reason}: {request.reason}" if request.reason else reason
