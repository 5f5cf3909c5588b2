"""A classic rebalance: everybody joins, a generation begins, everybody asks for its part.

    prepare ──▶ (all have joined, or rebalance.timeout.ms) ──▶ complete_join ──▶ members sync
       │                                                            │
       └─ a first rebalance waits group.initial.rebalance.delay.ms  └─ who did not come is out
          and again while members still come (KIP-134)

Nothing of this is written, but for a group that has become empty.

Invariants: a group in PreparingRebalance has its JOIN alarm set or completes at once; one in
CompletingRebalance has its SYNC alarm set.

In Kafka: `GroupMetadataManager.prepareRebalance`, `completeClassicGroupJoin`, `expirePendingSync`.
Read next: `joining`, `syncing`, `liveness`: who calls these.
"""

from kafkalab.coordination import NOTHING, Result
from kafkalab.errors import ErrorCode
from kafkalab.groups.classic import ClassicGroup, GroupState
from kafkalab.groups.group_table import Alarm, AlarmKind, GroupTable
from kafkalab.groups.members import Member
from kafkalab.groups.stored import group_record
from kafkalab.protocol.messages.classic_groups import (
    JoinGroupResponse,
    JoinGroupResponseMember,
    SyncGroupResponse,
)

S = GroupState


def rebalance_or_complete(table: GroupTable, group: ClassicGroup, reason: str, now: int) -> Result:
    """Begin a rebalance; if one is on, see whether it can go on."""
    if group.can_rebalance:
        return prepare_rebalance(table, group, reason, now)
    return complete_if_all_joined(table, group, now)


def prepare_rebalance(table: GroupTable, group: ClassicGroup, reason: str, now: int) -> Result:
    """Ask all members to join again (they learn it by their heartbeats)."""
    if group.state is S.COMPLETING_REBALANCE:
        reset_assignments(table, group, ErrorCode.REBALANCE_IN_PROGRESS, now)
    group.members.unsynced.clear()
    table.alarms.cancel(Alarm(AlarmKind.SYNC, group.group_id))
    is_initial = group.is_empty
    table.move(group, S.PREPARING_REBALANCE, reason, now)
    join_alarm = Alarm(AlarmKind.JOIN, group.group_id)
    if is_initial:
        delay_ms = table.config.int("group.initial.rebalance.delay.ms")
        remaining_ms = max(group.members.rebalance_timeout_ms - delay_ms, 0)
        group.initial_delay = (delay_ms, remaining_ms)
        table.alarms.set(join_alarm, now + delay_ms)
        return NOTHING
    if group.members.have_all_joined:
        return complete_join(table, group, now)
    table.alarms.set(join_alarm, now + group.members.rebalance_timeout_ms)
    return NOTHING


def complete_if_all_joined(table: GroupTable, group: ClassicGroup, now: int) -> Result:
    """A first rebalance waits out its delay even so."""
    is_due = group.state is S.PREPARING_REBALANCE and not group.is_initial_rebalance
    if is_due and group.members.have_all_joined:
        return complete_join(table, group, now)
    return NOTHING


def on_join_alarm(table: GroupTable, group: ClassicGroup, now: int) -> Result:
    """The join phase has lasted long enough, unless members are still coming for the first."""
    if group.state is not S.PREPARING_REBALANCE:
        return NOTHING
    if group.initial_delay is not None and group.member_added:
        delay_ms, remaining_ms = group.initial_delay
        if remaining_ms > 0:
            group.member_added = False
            again_ms = min(table.config.int("group.initial.rebalance.delay.ms"), remaining_ms)
            group.initial_delay = (again_ms, max(remaining_ms - delay_ms, 0))
            table.alarms.set(Alarm(AlarmKind.JOIN, group.group_id), now + again_ms)
            return NOTHING
    return complete_join(table, group, now)


def complete_join(table: GroupTable, group: ClassicGroup, now: int) -> Result:
    """Begin the next generation with those who joined; static members may be late."""
    join_alarm = Alarm(AlarmKind.JOIN, group.group_id)
    table.alarms.cancel(join_alarm)
    for member in list(group.members):
        if member.awaiting_join is None and not member.is_static:
            table.remove_member(group, member.member_id, "did not join in time")
    if not group.elect_joined_leader() and group.members:
        table.alarms.set(join_alarm, now + group.members.rebalance_timeout_ms)
        return NOTHING
    if not group.members:
        table.next_generation(group, "the last member has gone", now)
        return Result(records=(group_record(group, {}),))
    table.next_generation(group, "all members have joined", now)
    for member in group.members:
        table.answer_join(group, member, joined(group, member))
        table.expect_heartbeat(group, member, now)
        member.is_new = False
        group.members.unsynced[member.member_id] = None
    sync_alarm = Alarm(AlarmKind.SYNC, group.group_id)
    table.alarms.set(sync_alarm, now + group.members.rebalance_timeout_ms)
    return NOTHING


def on_sync_alarm(table: GroupTable, group: ClassicGroup, now: int) -> Result:
    """Who has not asked for its assignment by now is out."""
    late = list(group.members.unsynced)
    if not late or group.state not in (S.COMPLETING_REBALANCE, S.STABLE):
        return NOTHING
    for member_id in late:
        table.remove_member(group, member_id, "did not ask for its assignment in time")
    return prepare_rebalance(table, group, "members did not ask for their assignment", now)


def reset_assignments(table: GroupTable, group: ClassicGroup, error: ErrorCode, now: int) -> None:
    """Nobody has an assignment; those who wait for one are told why."""
    for member in group.members:
        member.assignment = b""
        if table.answer_sync(member, SyncGroupResponse(error_code=error)):
            table.expect_heartbeat(group, member, now)


def joined(
    group: ClassicGroup, member: Member, *, skip_assignment: bool = False
) -> JoinGroupResponse:
    """What a member is told of the generation; the leader gets what all have said."""
    others: tuple[JoinGroupResponseMember, ...] = ()
    if group.leader_id == member.member_id:
        assert group.protocol_name is not None, group.group_id
        others = tuple(
            JoinGroupResponseMember(
                member_id=other.member_id,
                group_instance_id=other.group_instance_id,
                metadata=other.metadata(group.protocol_name),
            )
            for other in group.members
        )
    return JoinGroupResponse(
        generation_id=group.generation,
        protocol_type=group.protocol_type,
        protocol_name=group.protocol_name,
        leader=group.leader_id or "",
        skip_assignment=skip_assignment,
        member_id=member.member_id,
        members=others,
    )
