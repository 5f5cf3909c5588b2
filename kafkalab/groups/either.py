"""A group id names a classic group or a consumer group; an empty one may become the other.

    classic, empty  ── ConsumerGroupHeartbeat(epoch 0) ──▶ its record goes, a consumer group comes
    consumer, empty ── JoinGroup ──▶ its records go, a classic group comes

The committed offsets stay: they belong to the id.  While a group has members, who speaks the other
protocol is refused.

In Kafka: `maybeDeleteEmptyClassicGroup`, `maybeDeleteEmptyConsumerGroup`, and
`group.consumer.migration.policy=disabled`.
Left out: the other policies, by which a group with members moves from one protocol to the other.
"""

from dataclasses import replace

from kafkalab.coordination import CoordinatorRecord, Result
from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.groups.classic import ClassicGroup
from kafkalab.groups.consumer import ConsumerGroupTable
from kafkalab.groups.consumer.heartbeat import heartbeat
from kafkalab.groups.consumer.leaving import fence
from kafkalab.groups.consumer.member import JOINING, ConsumerMember
from kafkalab.groups.consumer.members_in import known_static, static_member
from kafkalab.groups.consumer.stored import group_tombstones
from kafkalab.groups.group_table import GroupTable
from kafkalab.groups.joining import join
from kafkalab.groups.liveness import leaving, left
from kafkalab.groups.stored import group_tombstone
from kafkalab.node import Ticket
from kafkalab.protocol.messages.classic_groups import (
    JoinGroupRequest,
    LeaveGroupRequest,
    MemberIdentity,
    MemberResponse,
)
from kafkalab.protocol.messages.consumer_groups import ConsumerGroupHeartbeatRequest

E = ErrorCode


def heartbeat_either(
    table: GroupTable,
    consumers: ConsumerGroupTable,
    ticket: Ticket,
    request: ConsumerGroupHeartbeatRequest,
    now: int,
) -> Result:
    """ConsumerGroupHeartbeat, to a group of either kind.  Raises `KafkaError`."""
    records: list[CoordinatorRecord] = []
    classic = table.get(request.group_id)
    if classic is not None:
        if request.member_epoch != JOINING:
            reason = f"Group {request.group_id} is not a consumer group."
            raise KafkaError(E.GROUP_ID_NOT_FOUND, reason)
        records.append(_instead_of(classic))
    return heartbeat(consumers, ticket, request, now, records)


def _instead_of(classic: ClassicGroup) -> CoordinatorRecord:
    if not classic.is_empty or classic.members.pending:
        raise KafkaError(
            E.GROUP_ID_NOT_FOUND,
            f"Cannot upgrade classic group {classic.group_id} to consumer group because it has "
            "members, and online upgrade is disabled.",
        )
    return group_tombstone(classic.group_id)


def join_either(
    table: GroupTable,
    consumers: ConsumerGroupTable,
    ticket: Ticket,
    request: JoinGroupRequest,
    now: int,
) -> Result:
    """JoinGroup, to a group of either kind.  Raises `KafkaError`."""
    consumer = consumers.get(request.group_id)
    if consumer is None:
        return join(table, ticket, request, now)
    if consumer.members:
        raise KafkaError(E.INCONSISTENT_GROUP_PROTOCOL, "it is a consumer group with members")
    result = join(table, ticket, request, now)
    return replace(result, records=(*group_tombstones(consumer), *result.records))


def leave_consumer_group(
    consumers: ConsumerGroupTable, ticket: Ticket, request: LeaveGroupRequest
) -> Result:
    """LeaveGroup of a consumer group: an administrator removes members.  Raises `KafkaError`."""
    group = consumers.known(request.group_id)
    found: list[ConsumerMember] = []
    answers: list[MemberResponse] = []
    for identity in leaving(request, ticket.api_version):
        error = E.NONE
        try:
            found.append(_identified(consumers, request.group_id, identity))
        except KafkaError as refusal:
            error = refusal.code
        answers.append(
            MemberResponse(
                member_id=identity.member_id,
                group_instance_id=identity.group_instance_id,
                error_code=error,
            )
        )
    result = (
        fence(consumers, group, found, "an administrator has removed it") if found else Result()
    )
    return replace(result, response=left(ticket.api_version, tuple(answers)))


def _identified(
    consumers: ConsumerGroupTable, group_id: str, identity: MemberIdentity
) -> ConsumerMember:
    group = consumers.known(group_id)
    instance_id = identity.group_instance_id
    if instance_id is None:
        member = group.members.get(identity.member_id)
    elif identity.member_id:
        member = known_static(group, instance_id, identity.member_id)
    else:
        member = static_member(group, instance_id)
    if member is None:
        raise KafkaError(E.UNKNOWN_MEMBER_ID, identity.member_id)
    return member
