"""Range: of each topic a run of neighbours, the first members a longer one.

Two members, two topics with three partitions each:

    A: t0-0 t0-1  t1-0 t1-1      per topic, so the same numbers stay together (co-partitioning),
    B: t0-2       t1-2           and the first get the rest of every topic

When members and replicas have racks, and not every rack has every partition, members first take
partitions with a replica in their own rack, within their share; co-partitioned topics together
(KIP-881).

In Kafka: `RangeAssignor`.
"""

from collections.abc import Iterable, Sequence

from kafkalab.client.assignors.racks import prefers_racks
from kafkalab.client.assignors.subscriber import (
    Assignments,
    Subscriber,
    Topics,
    rank,
    subscribed,
)
from kafkalab.ids import TopicPartition


def assign_ranges(topics: Topics, members: Sequence[Subscriber]) -> Assignments:
    """A topic that is not in `topics` is left out."""
    assignments: Assignments = {member.member_id: [] for member in members}
    ranked = sorted(members, key=rank)
    states = [
        _TopicState(topic, topics[topic], [one for one in ranked if topic in one.topics])
        for topic in subscribed(topics, members)
    ]
    uses_racks = any(state.uses_racks for state in states)
    if uses_racks:
        _assign_within_racks(states, assignments)
    for state in states:
        _assign_in_order(state, assignments, only_in_rack=False)
    if uses_racks:
        for partitions in assignments.values():
            partitions.sort()
    return assignments


class _TopicState:
    """One topic: what is still to be assigned, and how much each member may yet get."""

    def __init__(
        self, topic: str, racks: Sequence[frozenset[str]], readers: Sequence[Subscriber]
    ) -> None:
        self.topic = topic
        self.readers = {reader.member_id: reader.rack or None for reader in readers}
        self.unassigned = dict.fromkeys(range(len(racks)))
        self.racks = racks
        self.uses_racks = prefers_racks(self.readers.values(), racks)
        self._assigned = dict.fromkeys(self.readers, 0)
        self._each, self._extras = divmod(len(racks), len(readers))

    @property
    def knows_racks(self) -> bool:
        return any(self.readers.values())

    def is_in_rack(self, member_id: str, partition: int) -> bool:
        rack = self.readers[member_id]
        return rack is None or (self.knows_racks and rack in self.racks[partition])

    def room(self, member_id: str) -> int:
        return max(self._each + (self._extras > 0) - self._assigned[member_id], 0)

    def give(self, member_id: str, partitions: Iterable[int], assignments: Assignments) -> None:
        for partition in partitions:
            assignments[member_id].append(TopicPartition(self.topic, partition))
            self._assigned[member_id] += 1
            del self.unassigned[partition]
        if self._assigned[member_id] > self._each:
            self._extras -= 1


def _assign_in_order(state: _TopicState, assignments: Assignments, *, only_in_rack: bool) -> None:
    for member_id in state.readers:
        if not state.unassigned:
            break
        may = [
            partition
            for partition in state.unassigned
            if not only_in_rack or state.is_in_rack(member_id, partition)
        ]
        chosen = may[: state.room(member_id)]
        if chosen:
            state.give(member_id, chosen, assignments)


def _assign_within_racks(states: Sequence[_TopicState], assignments: Assignments) -> None:
    """Topics with the same readers and as many partitions are assigned together."""
    alike: dict[tuple[tuple[str, ...], int], list[_TopicState]] = {}
    for state in states:
        count = len(state.racks) if state.knows_racks else 0
        alike.setdefault((tuple(state.readers), count), []).append(state)
    for (readers, count), together in alike.items():
        if len(together) > 1:
            _assign_together(readers, count, together, assignments)
        elif together[0].uses_racks:
            _assign_in_order(together[0], assignments, only_in_rack=True)


def _assign_together(
    readers: tuple[str, ...],
    count: int,
    states: Sequence[_TopicState],
    assignments: Assignments,
) -> None:
    remaining = dict.fromkeys(readers)
    for partition in range(count):
        chosen = next(
            (
                member_id
                for member_id in remaining
                if all(
                    state.is_in_rack(member_id, partition) and state.room(member_id) > 0
                    for state in states
                )
            ),
            None,
        )
        if chosen is None:
            continue
        for state in states:
            state.give(chosen, (partition,), assignments)
        if not any(state.room(chosen) for state in states):
            del remaining[chosen]
            if not remaining:
                break
