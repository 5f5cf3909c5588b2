"""A member goes: it says so, it falls silent, or it does not give up what it should.

A static member that says -2 stays in the group, with its partitions, for its session timeout; who
comes under the same instance id takes its place without a rebalance.  Everybody else's leaving is a
new group epoch, and the others learn their new targets with their next heartbeats.

In Kafka: `consumerGroupLeave`, `consumerGroupFenceMembers`, the session and rebalance timers.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from kafkalab.coordination import NOTHING, CoordinatorRecord, Result
from kafkalab.errors import ErrorCode
from kafkalab.groups.consumer.group import ConsumerGroup
from kafkalab.groups.consumer.member import (
    LEAVING_STATIC,
    NO_PARTITIONS,
    ConsumerMember,
)
from kafkalab.groups.consumer.members_in import known_static, unknown
from kafkalab.groups.consumer.stored import (
    current_record,
    epoch_record,
    member_tombstones,
    regex_record,
)
from kafkalab.groups.consumer.table import ConsumerGroupTable
from kafkalab.groups.consumer.topics import metadata_hash
from kafkalab.groups.group_table import Alarm, AlarmKind
from kafkalab.protocol.messages.consumer_groups import (
    ConsumerGroupHeartbeatRequest,
    ConsumerGroupHeartbeatResponse,
)

_AGAIN_MS: Final = 500  # after records could not be written


@dataclass(frozen=True, slots=True)
class MembersFenced:
    """The records by which members go have been settled."""

    group_id: str
    member_ids: tuple[str, ...]


def on_members_fenced(
    table: ConsumerGroupTable, then: MembersFenced, error: ErrorCode | None, now: int
) -> None:
    """Who could not be put out is to be put out a little later."""
    group = table.get(then.group_id)
    if error is None or group is None:
        return
    for member_id in then.member_ids:
        if member_id in group.members:
            alarm = Alarm(AlarmKind.MEMBER_SESSION, then.group_id, member_id)
            table.alarms.set(alarm, now + _AGAIN_MS)


def leave(table: ConsumerGroupTable, request: ConsumerGroupHeartbeatRequest) -> Result:
    """A heartbeat with epoch -1 or -2.  Raises `KafkaError`."""
    group = table.known(request.group_id)
    response = ConsumerGroupHeartbeatResponse(
        member_id=request.member_id,
        member_epoch=request.member_epoch,
        heartbeat_interval_ms=0,
    )
    if request.instance_id is None:
        member = group.members.get(request.member_id)
        if member is None:
            raise unknown(group, request.member_id)
    else:
        member = known_static(group, request.instance_id, request.member_id)
        if request.member_epoch == LEAVING_STATIC:
            return Result((current_record(group.group_id, _away(member)),), response)
    return replace(fence(table, group, [member], "it has left"), response=response)


def _away(member: ConsumerMember) -> ConsumerMember:
    """Its partitions count as assigned in epoch 0, so whoever comes back may commit for them."""
    assigned = {topic: dict.fromkeys(numbers, 0) for topic, numbers in member.assigned.items()}
    return replace(member, epoch=LEAVING_STATIC, assigned=assigned, revoking=NO_PARTITIONS)


def fence(
    table: ConsumerGroupTable,
    group: ConsumerGroup,
    members: Sequence[ConsumerMember],
    reason: str,
) -> Result:
    """Put members out of the group."""
    group_id = group.group_id
    gone = {member.member_id: None for member in members}
    left = [member for member in group.members.values() if member.member_id not in gone]
    records: list[CoordinatorRecord] = []
    for member in members:
        records += member_tombstones(group_id, member.member_id)
        table.forget_member(group_id, member.member_id)
    used = {member.regex for member in left}
    records += [regex_record(group_id, regex, None) for regex in group.regexes if regex not in used]
    hashed = metadata_hash(table, group.subscribed_topics(left))
    records.append(epoch_record(group_id, group.epoch + 1, hashed))
    table.teller.reason = reason
    return Result(tuple(records), then=MembersFenced(group_id, tuple(gone)))


def on_session_alarm(table: ConsumerGroupTable, group_id: str, member_id: str) -> Result:
    """A member has been silent for its whole session timeout."""
    return _fence_one(table, group_id, member_id, "its session has timed out")


def on_revocation_alarm(table: ConsumerGroupTable, group_id: str, member_id: str) -> Result:
    """A member has not given up in time what it should."""
    group = table.get(group_id)
    member = group.members.get(member_id) if group is not None else None
    if member is None or not member.revoking:
        return NOTHING
    reason = "it did not give its partitions up within its rebalance timeout"
    return _fence_one(table, group_id, member_id, reason)


def _fence_one(table: ConsumerGroupTable, group_id: str, member_id: str, reason: str) -> Result:
    group = table.get(group_id)
    member = group.members.get(member_id) if group is not None else None
    if group is None or member is None:
        return NOTHING
    return fence(table, group, [member], reason)
