"""Consumer groups in a frame, as their coordinators have them.

A group lives at the broker that leads its partition of `__consumer_offsets`; while that moves, the
group is shown as the running broker with the newest generation has it.  Positions are the
consumers' own, found by their member ids (a `client.id` may be anything).

Read next: `cluster`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from kafkalab.frames.shape import (
    GroupFrame,
    GroupOffsetFrame,
    MemberFrame,
    MemberPartitionFrame,
    PartitionState,
)
from kafkalab.ids import NO_NODE, TopicPartition
from kafkalab.metadata import MetadataImage
from kafkalab.server import Broker
from kafkalab.world import World


def group_frames(world: World, image: MetadataImage, brokers: Sequence[Broker]) -> list[GroupFrame]:
    """Groups by their ids."""
    found = find_groups(world, brokers)
    ends = _Ends(image, brokers)
    nodes = {(node.group_id, node.member_id): node for node in consumers_of(world)}
    return [_group(nodes, *found[group_id], ends) for group_id in sorted(found)]


def consumers_of(world: World) -> list[Any]:
    """The consumers of this world, also those that have crashed or left."""
    return [node for node in world.nodes.values() if getattr(node, "kind", None) == "consumer"]


def find_groups(world: World, brokers: Sequence[Broker]) -> dict[str, tuple[int, Any]]:
    """Each group's coordinator and what it has, a `GroupView`."""
    found: dict[str, tuple[int, Any]] = {}
    for broker in brokers:
        if not world.is_up(broker.name):
            continue
        for group in _groups_of(broker):
            known = found.get(group.group_id)
            if known is None or known[1].generation < group.generation:
                found[group.group_id] = broker.broker_id, group
    return found


def _groups_of(broker: Broker) -> list[Any]:
    groups = broker.groups.groups
    return list(groups.values())


class _Ends:
    """Where partitions end, and their high watermarks, as their leaders have them."""

    def __init__(self, image: MetadataImage, brokers: Sequence[Broker]) -> None:
        self._image = image
        self._brokers = {broker.broker_id: broker for broker in brokers}

    def of(self, partition: TopicPartition) -> tuple[int, int]:
        """(log end offset, high watermark); (0, 0) if there is no such partition."""
        decided = self._image.partition(partition)
        if decided is None:
            return 0, 0
        holder = decided.leader if decided.leader != NO_NODE else decided.replicas[0]
        broker = self._brokers.get(holder)
        log = broker.disk.logs.get(partition) if broker is not None else None
        return (log.log_end_offset, log.high_watermark) if log is not None else (0, 0)


def _group(
    nodes: Mapping[tuple[str, str], Any], coordinator: int, group: Any, ends: _Ends
) -> GroupFrame:
    members = sorted(group.members, key=lambda member: member.member_id)
    return {
        "id": group.group_id,
        "type": group.type,
        "state": group.state,
        "generation": group.generation,
        "assignment_epoch": group.assignment_epoch,
        "coordinator": coordinator,
        "protocol": group.protocol or "",
        "members": [_member(nodes, member, group, ends) for member in members],
        "offsets": _offsets(group, ends),
    }


def _offsets(group: Any, ends: _Ends) -> list[GroupOffsetFrame]:
    shown = {partition for member in group.members for partition in member.partitions}
    return [
        {
            "topic": partition.topic,
            "partition": partition.partition,
            "committed": group.offsets.get(partition),
            "end": ends.of(partition)[0],
        }
        for partition in sorted({*group.offsets, *shown})
    ]


def _member(
    nodes: Mapping[tuple[str, str], Any], member: Any, group: Any, ends: _Ends
) -> MemberFrame:
    node = nodes.get((group.group_id, member.member_id))
    positions: Mapping[TopicPartition, int] = getattr(node, "positions", {})
    owned = frozenset(member.partitions)
    states: dict[TopicPartition, PartitionState] = dict.fromkeys(member.partitions, "owned")
    states |= dict.fromkeys(member.revoking, "revoking")
    states |= dict.fromkeys((one for one in member.target or () if one not in owned), "assigning")
    partitions: list[MemberPartitionFrame] = []
    for partition in sorted(states):
        end, high_watermark = ends.of(partition)
        partitions.append(
            {
                "topic": partition.topic,
                "partition": partition.partition,
                "committed": group.offsets.get(partition),
                "position": positions.get(partition),
                "end": end,
                "high_watermark": high_watermark,
                "state": states[partition],
            }
        )
    return {
        "id": member.member_id,
        "client": member.client_id,
        "instance": member.group_instance_id,
        "epoch": member.epoch,
        "state": member.state,
        "partitions": partitions,
    }
