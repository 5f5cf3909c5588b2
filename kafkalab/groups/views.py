"""Groups as a picture or an invariant sees them: read-only, made when asked for.

Of a consumer group (KIP-848) `generation` is the group epoch, and a member's `partitions` are what
it has: `revoking` is what it still may have but is to give up, `target` what it is on the way to.

Read next: `coordinator.GroupCoordinator.groups`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kafkalab.groups.assignors import NOTHING_ASSIGNED
from kafkalab.groups.classic import ClassicGroup
from kafkalab.groups.consumer import ConsumerGroup, ConsumerMember
from kafkalab.groups.consumer.member import named_partitions
from kafkalab.groups.consumer.targets import preferred_assignor
from kafkalab.groups.consumer_protocol import assigned_partitions
from kafkalab.groups.shard import GroupShard
from kafkalab.ids import TopicPartition

Partitions = tuple[TopicPartition, ...]


@dataclass(frozen=True, slots=True)
class MemberView:
    """A member and the partitions it was assigned.  `epoch` is its own, or its generation."""

    member_id: str
    client_id: str
    group_instance_id: str | None
    partitions: Partitions
    epoch: int = -1
    state: str = ""  # KIP-848: STABLE, UNREVOKED_PARTITIONS, UNRELEASED_PARTITIONS
    revoking: Partitions = ()
    target: Partitions | None = None  # None: there is no such thing in a classic group


@dataclass(frozen=True, slots=True)
class GroupView:
    """A group; `state` is Kafka's word for it, `offsets` are committed."""

    group_id: str
    state: str
    generation: int
    protocol: str | None
    members: tuple[MemberView, ...]
    offsets: Mapping[TopicPartition, int]
    type: str = "classic"
    assignment_epoch: int = -1  # KIP-848: the group epoch that targets are for


def views_of(shard: GroupShard) -> Iterator[GroupView]:
    """All groups of a shard, classic ones first, oldest first."""
    for group in shard.table.live.values():
        yield _classic(group, shard)
    for consumer in shard.consumers.written.values():
        yield _consumer(consumer, shard)


def _classic(group: ClassicGroup, shard: GroupShard) -> GroupView:
    return GroupView(
        group_id=group.group_id,
        state=group.state.value,
        generation=group.generation,
        protocol=group.protocol_name,
        members=tuple(
            MemberView(
                member.member_id,
                member.client_id,
                member.group_instance_id,
                assigned_partitions(member.assignment),
                group.generation,
            )
            for member in group.members
        ),
        offsets=_offsets(group.group_id, shard),
    )


def _consumer(group: ConsumerGroup, shard: GroupShard) -> GroupView:
    return GroupView(
        group_id=group.group_id,
        state=group.state.value,
        generation=group.epoch,
        protocol=preferred_assignor(group.members),
        members=tuple(_member(member, group, shard) for member in group.members.values()),
        offsets=_offsets(group.group_id, shard),
        type="consumer",
        assignment_epoch=group.assignment_epoch,
    )


def _member(member: ConsumerMember, group: ConsumerGroup, shard: GroupShard) -> MemberView:
    target = group.targets.get(member.member_id, NOTHING_ASSIGNED)
    return MemberView(
        member.member_id,
        member.client_id,
        member.instance_id,
        named_partitions(member.assigned, shard.image),
        member.epoch,
        member.state.name,
        named_partitions(member.revoking, shard.image),
        named_partitions(target, shard.image),
    )


def _offsets(group_id: str, shard: GroupShard) -> dict[TopicPartition, int]:
    return {
        TopicPartition(key.topic, key.partition): stored.offset
        for key, stored in shard.offsets.committed_of(group_id)
    }
