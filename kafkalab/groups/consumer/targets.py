"""What every member should have: computed by a server-side assignor when the group has changed.

    group epoch > assignment epoch ──▶ assignor ──▶ a record for each target that changed, then
                                                    the new assignment epoch

At most once in `group.consumer.assignment.interval.ms`, so a group that a hundred members join at
once computes a few targets, not a hundred.  Between two, members live by the last one.

In Kafka: `maybeUpdateTargetAssignment`, `TargetAssignmentBuilder`.
"""

from kafkalab.coordination import CoordinatorRecord
from kafkalab.groups.assignors import (
    NOTHING_ASSIGNED,
    SERVER_ASSIGNORS,
    Assignment,
    GroupSpec,
    MemberSpec,
)
from kafkalab.groups.consumer.group import ConsumerGroup, tally
from kafkalab.groups.consumer.member import ConsumerMember
from kafkalab.groups.consumer.stored import target_epoch_record, target_record
from kafkalab.groups.consumer.table import ConsumerGroupTable
from kafkalab.ids import Uuid
from kafkalab.java_hash import hash_order, string_hash
from kafkalab.metadata import MetadataImage

DEFAULT_ASSIGNOR = next(iter(SERVER_ASSIGNORS))


def preferred_assignor(members: dict[str, ConsumerMember]) -> str:
    """The one most members ask for, else the default."""
    counts = tally(member.assignor for member in members.values())
    in_order = hash_order(counts, string_hash)
    # Of those asked for equally often the last: so does Java's `Stream.max`.
    return max(reversed(in_order), key=counts.__getitem__, default=DEFAULT_ASSIGNOR)


def update_target(
    table: ConsumerGroupTable,
    group: ConsumerGroup,
    epoch: int,
    member: ConsumerMember,
    records: list[CoordinatorRecord],
    now: int,
) -> tuple[int, Assignment]:
    """The assignment epoch and this member's target, which may be new."""
    interval_ms = table.config.int("group.consumer.assignment.interval.ms")
    made_at = group.assignment_timestamp
    is_early = made_at and interval_ms and now < made_at + interval_ms
    if group.assignment_epoch >= epoch or is_early:
        return group.assignment_epoch, group.target(member)
    members = _members_with(group, member)
    spec = _spec(group, members, member, table.image)
    targets = SERVER_ASSIGNORS[preferred_assignor(members)](spec)
    for member_id in spec.member_ids:
        target = targets.get(member_id, NOTHING_ASSIGNED)
        if target != group.targets.get(member_id):
            records.append(target_record(group.group_id, member_id, target))
    records.append(target_epoch_record(group.group_id, epoch, now))
    return epoch, targets.get(member.member_id, NOTHING_ASSIGNED)


def _members_with(group: ConsumerGroup, member: ConsumerMember) -> dict[str, ConsumerMember]:
    """The members, with this one as it is now, and without whom it replaces."""
    members = {**group.members, member.member_id: member}
    replaced = _replaced(group, member)
    if replaced is not None:
        members.pop(replaced, None)
    return members


def _replaced(group: ConsumerGroup, member: ConsumerMember) -> str | None:
    if member.instance_id is None:
        return None
    before = group.static_members.get(member.instance_id)
    return before if before != member.member_id else None


def _spec(
    group: ConsumerGroup,
    members: dict[str, ConsumerMember],
    changed: ConsumerMember,
    image: MetadataImage,
) -> GroupSpec:
    topics = image.topics
    counts: dict[Uuid, int] = {}
    specs: dict[str, MemberSpec] = {}
    subscriptions: dict[tuple[frozenset[str], str | None], tuple[Uuid, ...]] = {}
    for member_id, member in members.items():
        wanted = (member.topics, member.regex or None)
        ids = subscriptions.get(wanted)
        if ids is None:
            names = hash_order(sorted(group.topics_of(member)), string_hash)
            known = [topics[name] for name in names if name in topics]
            counts |= {topic.topic_id: len(topic.partitions) for topic in known}
            ids = subscriptions[wanted] = tuple(topic.topic_id for topic in known)
        target = group.targets.get(member_id, NOTHING_ASSIGNED)
        if member_id == changed.member_id:
            target = group.targets.get(_replaced(group, changed) or member_id, NOTHING_ASSIGNED)
        specs[member_id] = MemberSpec(ids, target, member.instance_id)
    is_homogeneous = len(subscriptions) == 1 and not all(next(iter(subscriptions)))
    return GroupSpec(specs, counts, group.target_owners, is_homogeneous)
