"""Sticky assignment among members that want different topics: level, then sticky, by moving.

1. Everybody keeps what it has and still wants.
2. What nobody has goes to the member with least that wants it; partitions of topics with the
   fewest subscribers first.
3. Partitions move, one by one, to members with at least two fewer, preferably back to where they
   were in an older generation.  If that made nothing more level, it is taken back.

In Kafka: `AbstractStickyAssignor.GeneralAssignmentBuilder`.
Read next: `movements`, which keeps two moves from crossing.
"""

from bisect import insort
from collections.abc import Sequence

from kafkalab.client.assignors.movements import Movements
from kafkalab.client.assignors.racks import RackInfo
from kafkalab.client.assignors.subscriber import (
    NO_GENERATION,
    Assignments,
    Subscriber,
    Topics,
)
from kafkalab.ids import TopicPartition

Owned = dict[str, dict[TopicPartition, None]]


class GeneralBuilder:
    """`members` and `owned` (what each has) in Kafka's order.

    Invariants: `_ranked` holds (partitions, member) of each member that takes part in moving.
    """

    def __init__(
        self, topics: Topics, racks: RackInfo, owned: Owned, members: Sequence[Subscriber]
    ) -> None:
        self._topics = topics
        self._racks = racks
        self._members = members
        self._owned = owned
        self._wanted = {
            member.member_id: dict.fromkeys(topic for topic in member.topics if topic in topics)
            for member in members
        }
        self._readers: dict[str, list[str]] = {topic: [] for topic in topics}
        for member_id, wanted in self._wanted.items():
            for topic in wanted:
                self._readers[topic].append(member_id)
        self._owner_of: dict[TopicPartition, str] = {}
        self._ranked: list[tuple[int, str]] = []
        self._movements = Movements()
        self._is_balanced: bool | None = None  # None: something has changed since it was asked

    def build(self) -> Assignments:
        """See the module's docstring."""
        is_shrinking = self._keep()
        ordered = sorted(self._topics, key=lambda topic: (len(self._readers[topic]), topic))
        everything = [
            TopicPartition(topic, number)
            for topic in ordered
            for number in range(len(self._topics[topic]))
        ]
        unassigned = [one for one in everything if one not in self._owner_of]
        self._ranked = sorted((len(owned), member_id) for member_id, owned in self._owned.items())
        is_first = not self._ranked[-1][0]
        self._give_out(unassigned)
        fixed = self._set_aside()
        before = {member_id: owned.copy() for member_id, owned in self._owned.items()}
        may_move = [one for one in everything if len(self._readers[one.topic]) > 1]
        if not is_shrinking:
            new = frozenset(unassigned)
            self._move([one for one in may_move if one in new])
        has_moved = self._move(may_move)
        if not is_first and has_moved and _unevenness(self._owned) >= _unevenness(before):
            self._owned = before
        self._owned.update(fixed)
        return {member_id: list(owned) for member_id, owned in self._owned.items()}

    # --- who has what

    def _keep(self) -> bool:
        """Whether somebody had to give something up."""
        is_shrinking = False
        for member_id, owned in self._owned.items():
            for partition in list(owned):
                if partition.topic not in self._topics:
                    del owned[partition]
                elif partition.topic not in self._wanted[member_id] or self._racks.is_far(
                    member_id, partition
                ):
                    del owned[partition]
                    is_shrinking = True
                else:
                    self._owner_of[partition] = member_id
        return is_shrinking

    def _give_out(self, unassigned: list[TopicPartition]) -> None:
        if self._racks.is_used:
            unassigned = [one for one in unassigned if not self._give_to_least(one, only_near=True)]
        for partition in unassigned:
            self._give_to_least(partition, only_near=False)

    def _give_to_least(self, partition: TopicPartition, *, only_near: bool) -> bool:
        for place, (size, member_id) in enumerate(self._ranked):
            if partition.topic not in self._wanted[member_id]:
                continue
            if only_near and self._racks.is_far(member_id, partition):
                continue
            del self._ranked[place]
            insort(self._ranked, (size + 1, member_id))
            self._owned[member_id][partition] = None
            self._owner_of[partition] = member_id
            return True
        return False

    def _set_aside(self) -> Owned:
        """Those who can neither get nor give anything; they do not take part in moving."""
        fixed: Owned = {}
        for member_id in self._wanted:
            owned = self._owned[member_id]
            can_get = len(owned) < self._size_max(member_id)
            can_give = any(len(self._readers[partition.topic]) > 1 for partition in owned)
            if not can_get and not can_give:
                self._ranked.remove((len(owned), member_id))
                fixed[member_id] = self._owned.pop(member_id)
        return fixed

    def _size_max(self, member_id: str) -> int:
        return sum(len(self._topics[topic]) for topic in self._wanted[member_id])

    # --- moving

    def _move(self, partitions: list[TopicPartition]) -> bool:
        """Until nothing moves any more; whether anything did."""
        before = self._before()
        has_moved, goes_on = False, True
        while goes_on:
            goes_on = False
            for partition in partitions:
                if self._is_level():
                    break
                target = self._better_owner(partition, before)
                if target is not None:
                    self._move_one(partition, target)
                    has_moved = goes_on = True
        return has_moved

    def _before(self) -> dict[TopicPartition, str]:
        """Owners in older generations than the newest that anybody knows."""
        known = [
            NO_GENERATION if member.generation is None else member.generation
            for member in self._members
        ]
        newest = max(known, default=NO_GENERATION)
        before: dict[TopicPartition, tuple[int, str]] = {}
        for member, generation in zip(self._members, known, strict=True):
            if generation == newest:
                continue
            for partition in member.owned:
                if partition not in before or generation > before[partition][0]:
                    before[partition] = generation, member.member_id
        return {partition: member_id for partition, (_, member_id) in before.items()}

    def _better_owner(
        self, partition: TopicPartition, before: dict[TopicPartition, str]
    ) -> str | None:
        owner = self._owner_of[partition]
        enough = len(self._owned[owner]) - 1  # whoever has less is better off
        former = before.get(partition)
        if former is not None and former in self._owned and len(self._owned[former]) < enough:
            return former
        if not any(len(self._owned[one]) < enough for one in self._readers[partition.topic]):
            return None
        return next(one for _, one in self._ranked if partition.topic in self._wanted[one])

    def _move_one(self, wished: TopicPartition, target: str) -> None:
        partition = self._movements.best_to_move(wished, self._owner_of[wished], target)
        source = self._owner_of[partition]
        self._movements.moved(partition, source, target)
        for member_id, change in ((source, -1), (target, 1)):
            size = len(self._owned[member_id])
            self._ranked.remove((size, member_id))
            insort(self._ranked, (size + change, member_id))
        del self._owned[source][partition]
        self._owned[target][partition] = None
        self._owner_of[partition] = target
        self._is_balanced = None

    def _is_level(self) -> bool:
        """Whether nobody could get a partition of somebody who has at least two more."""
        if self._is_balanced is None:
            self._is_balanced = self._find_level()
        return self._is_balanced

    def _find_level(self) -> bool:
        if not self._ranked or self._ranked[0][0] >= self._ranked[-1][0] - 1:
            return True
        largest: dict[str, int] = {}
        for owned in self._owned.values():
            size = len(owned)
            for topic, _ in owned:
                if size > largest.get(topic, 0):
                    largest[topic] = size
        return not any(
            size + 1 < largest.get(topic, 0)
            for size, member_id in self._ranked
            if size != self._size_max(member_id)
            for topic in self._wanted[member_id]
        )


def _unevenness(owned: Owned) -> int:
    """The differences between all pairs of members, added up."""
    sizes = sorted(len(partitions) for partitions in owned.values())
    return sum((2 * place - len(sizes) + 1) * size for place, size in enumerate(sizes))
