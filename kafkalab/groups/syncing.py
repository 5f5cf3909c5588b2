"""SyncGroup 0-5: the leader brings the assignment, everybody fetches its own part.

    members   SyncGroup ──▶ parked ─────────────────────────────────┐
    leader    SyncGroup(assignments) ──▶ group record ──committed──▶ all are answered: Stable

No member learns its partitions before the record is committed, so a new coordinator knows of all
that anybody acts on.

In Kafka: `GroupMetadataManager.classicGroupSyncToClassicGroup`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from kafkalab.coordination import NOTHING, Result
from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.groups.classic import ClassicGroup, GroupState
from kafkalab.groups.consumer_protocol import assigned_partitions
from kafkalab.groups.group_table import Alarm, AlarmKind, GroupTable
from kafkalab.groups.members import Member
from kafkalab.groups.rebalance import rebalance_or_complete, reset_assignments
from kafkalab.groups.stored import group_record
from kafkalab.node import Ticket
from kafkalab.protocol.messages.classic_groups import SyncGroupRequest, SyncGroupResponse

S = GroupState


@dataclass(frozen=True, slots=True)
class GroupAssigned:
    """The record with a generation's assignment has been settled."""

    group_id: str
    generation: int
    assignment: Mapping[str, bytes]  # never changed


def sync(table: GroupTable, ticket: Ticket, request: SyncGroupRequest, now: int) -> Result:
    """Answer or park a SyncGroup.  Raises `KafkaError`, and then nothing has changed."""
    group, member = _validated(table, request)
    if group.state is S.STABLE:
        _has_synced(table, group, member)
        table.effects.reply(ticket, _assigned(group, member))
        return NOTHING
    assert group.state is S.COMPLETING_REBALANCE, group.state
    member.awaiting_sync = ticket
    _has_synced(table, group, member)
    if group.leader_id != member.member_id:
        return NOTHING
    brought = {part.member_id: part.assignment for part in request.assignments}
    assignment = {
        other.member_id: bytes(brought.get(other.member_id, b"")) for other in group.members
    }
    then = GroupAssigned(group.group_id, group.generation, assignment)
    return Result((group_record(group, assignment),), then=then)


def on_group_assigned(
    table: GroupTable, then: GroupAssigned, error: ErrorCode | None, now: int
) -> None:
    """Hand out the assignment; if it could not be written, rebalance again."""
    group = table.get(then.group_id)
    if group is None or group.state is not S.COMPLETING_REBALANCE:
        return
    if group.generation != then.generation:
        return
    if error is not None:
        reset_assignments(table, group, error, now)
        rebalance_or_complete(table, group, f"the assignment was not written: {error.name}", now)
        return
    table.move(group, S.STABLE, "the assignment is committed", now)
    for member in group.members:
        member.assignment = then.assignment.get(member.member_id, b"")
        partitions = assigned_partitions(member.assignment)
        table.effects.emit("PartitionsAssigned", group.group_id, member.member_id, partitions)
        if table.answer_sync(member, _assigned(group, member)):
            # Its session may have run out unheeded while it waited.
            table.expect_heartbeat(group, member, now)


def _validated(table: GroupTable, request: SyncGroupRequest) -> tuple[ClassicGroup, Member]:
    group = table.get(request.group_id)
    if group is None or group.is_empty:
        raise KafkaError(ErrorCode.UNKNOWN_MEMBER_ID, "the group has no members")
    member = group.known_now(request.member_id, request.group_instance_id, request.generation_id)
    for said, known in (
        (request.protocol_type, group.protocol_type),
        (request.protocol_name, group.protocol_name),
    ):
        if said is not None and known is not None and said != known:
            raise KafkaError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL, f"{said} is not {known}")
    if group.state is S.PREPARING_REBALANCE:
        raise KafkaError(ErrorCode.REBALANCE_IN_PROGRESS)
    return group, member


def _has_synced(table: GroupTable, group: ClassicGroup, member: Member) -> None:
    group.members.unsynced.pop(member.member_id, None)
    if not group.members.unsynced:
        table.alarms.cancel(Alarm(AlarmKind.SYNC, group.group_id))


def _assigned(group: ClassicGroup, member: Member) -> SyncGroupResponse:
    return SyncGroupResponse(
        protocol_type=group.protocol_type,
        protocol_name=group.protocol_name,
        assignment=member.assignment,
    )
