"""Who is it that sends a heartbeat?  A member, a new one, a static one that is back, or nobody.

A member of an older epoch is let in once: if its last heartbeat was answered and the answer was
lost, it comes with the epoch before and with nothing but what it has been given (G8).  All else is
fenced: it must give everything up and join again.

In Kafka: `getOrMaybeSubscribe…ConsumerGroupMember`, `throwIfConsumerGroupMemberEpochIsInvalid`.
"""

from dataclasses import replace

from kafkalab.coordination import CoordinatorRecord
from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.groups.assignors import NOTHING_ASSIGNED
from kafkalab.groups.consumer.group import ConsumerGroup
from kafkalab.groups.consumer.member import (
    JOINING,
    LEAVING_STATIC,
    ConsumerMember,
    owns_nothing_else,
)
from kafkalab.groups.consumer.reconciling import Owned
from kafkalab.groups.consumer.stored import (
    current_record,
    member_record,
    member_tombstones,
    target_record,
)
from kafkalab.protocol.messages.consumer_groups import ConsumerGroupHeartbeatRequest

E = ErrorCode


def find_member(
    group: ConsumerGroup,
    request: ConsumerGroupHeartbeatRequest,
    member_id: str,
    owned: Owned | None,
    records: list[CoordinatorRecord],
) -> ConsumerMember:
    """The member as it was; `records` get what a static member's return needs.  `KafkaError`."""
    epoch = request.member_epoch
    if request.instance_id is not None:
        return _find_static(group, request.instance_id, member_id, epoch, owned, records)
    member = group.members.get(member_id)
    if member is not None:
        check_epoch(member, epoch, owned)
        return member
    if epoch != JOINING:
        raise unknown(group, member_id)
    return ConsumerMember(member_id)


def _find_static(
    group: ConsumerGroup,
    instance_id: str,
    member_id: str,
    epoch: int,
    owned: Owned | None,
    records: list[CoordinatorRecord],
) -> ConsumerMember:
    if epoch != JOINING:
        member = known_static(group, instance_id, member_id)
        check_epoch(member, epoch, owned)
        return member
    before = static_member(group, instance_id)
    if before is None:
        return group.members.get(member_id) or ConsumerMember(member_id)
    if before.epoch != LEAVING_STATIC:
        raise KafkaError(
            E.UNRELEASED_INSTANCE_ID,
            f"Static member {member_id} with instance id {instance_id} cannot join the group "
            f"because the instance id is owned by {before.member_id} member.",
        )
    member = replace(before, member_id=member_id, epoch=JOINING, previous_epoch=0)
    target = group.targets.get(before.member_id, NOTHING_ASSIGNED)
    records += member_tombstones(group.group_id, before.member_id)
    records.append(member_record(group.group_id, member))
    records.append(target_record(group.group_id, member_id, target))
    records.append(current_record(group.group_id, member))
    return member


def static_member(group: ConsumerGroup, instance_id: str) -> ConsumerMember | None:
    """Whoever has this instance id."""
    member_id = group.static_members.get(instance_id)
    return group.members.get(member_id) if member_id is not None else None


def known_static(group: ConsumerGroup, instance_id: str, member_id: str) -> ConsumerMember:
    """UNKNOWN_MEMBER_ID, or FENCED_INSTANCE_ID if another has the instance id now."""
    member = static_member(group, instance_id)
    if member is None:
        raise KafkaError(E.UNKNOWN_MEMBER_ID, f"Instance id {instance_id} is unknown.")
    if member.member_id != member_id:
        raise KafkaError(
            E.FENCED_INSTANCE_ID,
            f"Static member {member_id} with instance id {instance_id} was fenced by member "
            f"{member.member_id}.",
        )
    return member


def unknown(group: ConsumerGroup, member_id: str) -> KafkaError:
    reason = f"Member {member_id} is not a member of group {group.group_id}."
    return KafkaError(E.UNKNOWN_MEMBER_ID, reason)


def check_epoch(member: ConsumerMember, epoch: int, owned: Owned | None) -> None:
    """FENCED_MEMBER_EPOCH for one that is not where the coordinator left it."""
    if epoch in (JOINING, member.epoch):
        return
    size = "greater" if epoch > member.epoch else "smaller"
    is_answer_lost = epoch == member.previous_epoch and owns_nothing_else(owned, member.assigned)
    if epoch > member.epoch or not is_answer_lost:
        raise KafkaError(
            E.FENCED_MEMBER_EPOCH,
            f"The consumer group member has a {size} member epoch ({epoch}) than the one known by "
            f"the group coordinator ({member.epoch}). The member must abandon all its partitions "
            "and rejoin.",
        )
