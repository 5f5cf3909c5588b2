"""Groups as a picture shows them: read-only, made when asked for.

Read next: `coordinator.GroupCoordinator.groups`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kafkalab.groups.classic import ClassicGroup
from kafkalab.groups.consumer_protocol import assigned_partitions
from kafkalab.groups.shard import GroupShard
from kafkalab.ids import TopicPartition


@dataclass(frozen=True, slots=True)
class MemberView:
    """A member and the partitions it was assigned in its last generation."""

    member_id: str
    client_id: str
    group_instance_id: str | None
    partitions: tuple[TopicPartition, ...]


@dataclass(frozen=True, slots=True)
class GroupView:
    """A group; `state` is Kafka's word for it, `offsets` are committed."""

    group_id: str
    state: str
    generation: int
    protocol: str | None
    members: tuple[MemberView, ...]
    offsets: Mapping[TopicPartition, int]


def views_of(shard: GroupShard) -> Iterator[GroupView]:
    """All groups of a shard, oldest first."""
    for group in shard.table.live.values():
        yield _view(group, shard)


def _view(group: ClassicGroup, shard: GroupShard) -> GroupView:
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
            )
            for member in group.members
        ),
        offsets={
            TopicPartition(key.topic, key.partition): stored.offset
            for key, stored in shard.offsets.committed_of(group.group_id)
        },
    )
