"""Sticky assignment among members that all want the same topics: quick, and as level as can be.

    minimum = total // members, maximum = minimum + 1 for `total % members` of them

Everybody keeps what it owns up to its share; what is over, new, or was claimed twice is given out
round robin to those below the minimum, then to those at it.

In Kafka: `AbstractStickyAssignor.ConstrainedAssignmentBuilder`.
"""

from collections import deque

from kafkalab.client.assignors.racks import RackInfo
from kafkalab.client.assignors.subscriber import Assignments, Topics
from kafkalab.ids import TopicPartition


class ConstrainedBuilder:
    """`owned`: what each member has, in Kafka's order; `disputed`: claimed by two of them.

    After `build`, `moving` says which partitions go from one member to another, and to whom.
    """

    def __init__(
        self,
        topics: Topics,
        racks: RackInfo,
        owned: dict[str, dict[TopicPartition, None]],
        disputed: dict[TopicPartition, None],
    ) -> None:
        self._topics = topics
        self._racks = racks
        self._owned = owned
        self._disputed = disputed
        total = sum(len(partitions) for partitions in topics.values())
        self._least, self._extras_max = divmod(total, len(owned))
        self._most = self._least + (self._extras_max > 0)
        self._extras = 0  # members above the minimum so far
        self._below: list[str] = []  # the minimum
        self._at: deque[str] = deque()  # the minimum, and they may get one more
        self._revoked: dict[TopicPartition, str] = {}
        self._assigned: dict[TopicPartition, None] = {}
        self.assignments: Assignments = {member_id: [] for member_id in owned}
        self.moving: dict[TopicPartition, str] = {}

    def build(self) -> Assignments:
        """See the module's docstring."""
        for member_id, owned in self._owned.items():
            self._keep(member_id, list(owned))
        unassigned = [
            partition
            for topic in sorted(self._topics)
            for number in range(len(self._topics[topic]))
            if (partition := TopicPartition(topic, number)) not in self._assigned
        ]
        self._below.sort()
        self._at = deque(sorted(self._at))
        unassigned = self._racks.fewest_near_first(unassigned)
        if self._racks.is_used:
            unassigned = self._give_to_near(unassigned)
        self._give_in_turn(unassigned)
        return self.assignments

    def _keep(self, member_id: str, partitions: list[TopicPartition]) -> None:
        near: list[TopicPartition] = []
        for partition in partitions:
            if self._racks.is_far(member_id, partition):
                self._revoked[partition] = member_id
            elif partition not in self._disputed:
                near.append(partition)
        near.sort(key=lambda one: (one.partition, one.topic))
        if len(near) < self._least:
            kept = near
            self._below.append(member_id)
        elif len(near) >= self._most and self._extras < self._extras_max:
            kept = near[: self._most]
            self._one_more_extra()
        else:
            kept = near[: self._least]
            if self._extras < self._extras_max:
                self._at.append(member_id)
        self.assignments[member_id] += kept
        self._assigned.update(dict.fromkeys(kept))
        self._revoked.update(dict.fromkeys(near[len(kept) :], member_id))

    def _one_more_extra(self) -> None:
        self._extras += 1
        if self._extras == self._extras_max:
            self._at.clear()

    def _give_to_near(self, unassigned: list[TopicPartition]) -> list[TopicPartition]:
        """To members in a rack of theirs; what is left over comes back."""
        left, turn = [], 0
        for partition in unassigned:
            place = self._racks.next_near(partition, self._below, turn)
            if place is not None:
                member_id = self._below[place]
                count = len(self.assignments[member_id]) + 1
                if count >= self._least:
                    del self._below[place]
                    if count < self._most and self._extras < self._extras_max:
                        self._at.append(member_id)
                else:
                    place += 1
                turn = place % len(self._below) if self._below else 0
                self._give(partition, member_id)
                continue
            at = self._racks.next_near(partition, self._at, 0) if self._at else None
            if at is None:
                left.append(partition)
                continue
            member_id = self._at[at]
            if len(self.assignments[member_id]) + 1 == self._most:
                del self._at[at]
                self._one_more_extra()
            self._give(partition, member_id)
        return left

    def _give_in_turn(self, unassigned: list[TopicPartition]) -> None:
        turn = 0
        for partition in unassigned:
            if self._below:
                turn %= len(self._below)
                member_id = self._below[turn]
                turn += 1
            else:
                member_id = self._at.popleft()
            if self._give(partition, member_id) == self._least:
                turn -= 1
                del self._below[turn]
                self._at.append(member_id)
                if turn == len(self._below):
                    turn = 0

    def _give(self, partition: TopicPartition, member_id: str) -> int:
        """How many it has then."""
        self.assignments[member_id].append(partition)
        was = self._revoked.get(partition)
        if (was is not None and was != member_id) or partition in self._disputed:
            self.moving[partition] = member_id
        return len(self.assignments[member_id])
