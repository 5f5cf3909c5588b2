"""Which members are near which partitions: consumers, replicas and their racks (KIP-881).

A rack-aware assignor prefers, within everybody's fair share, partitions that have a replica in the
member's own rack.  There is nothing to prefer when every rack has every partition.

In Kafka: `AbstractPartitionAssignor.useRackAwareAssignment`, `AbstractStickyAssignor.RackInfo`.
"""

from collections.abc import Iterable, Sequence

from kafkalab.client.assignors.subscriber import Subscriber, Topics
from kafkalab.ids import TopicPartition


def prefers_racks(
    member_racks: Iterable[str | None], partition_racks: Iterable[frozenset[str]]
) -> bool:
    """Whether racks make a difference."""
    listed = list(partition_racks)
    of_members = {rack for rack in member_racks if rack}
    of_partitions = frozenset().union(*listed) if listed else frozenset()
    if not of_members & of_partitions:
        return False
    return any(racks != of_partitions for racks in listed)


class RackInfo:
    """For the sticky assignors; `is_used` is False when racks make no difference."""

    def __init__(self, topics: Topics, members: Sequence[Subscriber]) -> None:
        racks = {member.member_id: member.rack for member in members if member.rack}
        everywhere = [one for some in topics.values() for one in some]
        self.is_used = prefers_racks(racks.values(), everywhere)
        self._topics = topics
        self._racks = racks
        self._in_rack: dict[str, int] = {}
        for rack in racks.values():
            self._in_rack[rack] = self._in_rack.get(rack, 0) + 1

    def rack_of(self, member_id: str) -> str | None:
        return self._racks.get(member_id) if self.is_used else None

    def racks_with(self, partition: TopicPartition) -> frozenset[str]:
        return self._topics[partition.topic][partition.partition]

    def is_far(self, member_id: str, partition: TopicPartition) -> bool:
        """Whether it has no replica in the member's rack."""
        rack = self.rack_of(member_id)
        if rack is None:
            return False
        racks = self._topics.get(partition.topic, ())
        return partition.partition >= len(racks) or rack not in racks[partition.partition]

    def fewest_near_first(self, partitions: list[TopicPartition]) -> list[TopicPartition]:
        """Those that few members are near come first."""
        if not self._racks:
            return partitions
        return sorted(
            partitions,
            key=lambda one: sum(self._in_rack.get(rack, 0) for rack in self.racks_with(one)),
        )

    def next_near(
        self, partition: TopicPartition, member_ids: Sequence[str], start: int
    ) -> int | None:
        """The place of the next member near it, from `start` and round the end."""
        racks = self.racks_with(partition)
        for step in range(len(member_ids)):
            place = (start + step) % len(member_ids)
            rack = self.rack_of(member_ids[place])
            if rack is not None and rack in racks:
                return place
        return None
