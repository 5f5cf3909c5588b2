"""Uniform assignment among members that want different topics: level first, then sticky.

1. Take from each member what it does not want any more.
2. Give out what nobody has, to the member with least; topics with many partitions per subscriber
   first, since there the others have least choice.
3. Topic by topic, move partitions from the member with most to the one with least, until nothing
   moves any more or sixteen rounds are over (that bounds the time; perfection is not promised).

In Kafka: `UniformHeterogeneousAssignmentBuilder`.
Read next: `balancer`, which finds who has least and most.
"""

from struct import unpack
from typing import Final

from kafkalab.groups.assignors.balancer import NOBODY, Balancer
from kafkalab.groups.assignors.spec import Assignment, GroupSpec, settled
from kafkalab.ids import Uuid

_ROUNDS_MAX: Final = 16


def assign_different_topics(spec: GroupSpec) -> dict[str, Assignment]:
    """See the module's docstring."""
    builder = _Builder(spec)
    if not builder.subscribers:
        return {}
    builder.keep()
    builder.give_out()
    builder.balance()
    return {
        member_id: settled(owned)
        for member_id, owned in zip(builder.member_ids, builder.owned, strict=True)
    }


class _Builder:
    """Members are numbered in Kafka's order."""

    def __init__(self, spec: GroupSpec) -> None:
        self._spec = spec
        self.member_ids = spec.member_ids
        self.subscribers: dict[Uuid, list[int]] = {}
        for number, member_id in enumerate(self.member_ids):
            for topic in spec.members[member_id].topic_ids:
                self.subscribers.setdefault(topic, []).append(number)
        self.owned: list[dict[Uuid, set[int]]] = [{} for _ in self.member_ids]
        self._sizes = [0] * len(self.member_ids)
        self._owners = {topic: [NOBODY] * spec.partitions[topic] for topic in self.subscribers}
        self._balancer = Balancer(self._sizes)

    def keep(self) -> None:
        """What a member has, and still wants."""
        for number, member_id in enumerate(self.member_ids):
            member = self._spec.members[member_id]
            wanted = frozenset(member.topic_ids)
            for topic, partitions in member.assignment.items():
                if topic in wanted:
                    self.owned[number][topic] = set(partitions)
                    self._sizes[number] += len(partitions)
                    for partition in partitions:
                        self._owners[topic][partition] = number

    def give_out(self) -> None:
        """What nobody has."""
        free = {
            topic: [partition for partition, owner in enumerate(owners) if owner == NOBODY]
            for topic, owners in self._owners.items()
        }
        for topic in sorted((topic for topic in free if free[topic]), key=self._rank):
            self._balancer.begin(self.subscribers[topic])
            for partition in free[topic]:
                self._move(topic, partition, self._balancer.next_least())

    def balance(self) -> None:
        """Round after round, until one goes by in which nothing moves."""
        topics = sorted(
            (topic for topic, members in self.subscribers.items() if len(members) > 1),
            key=self._rank,
        )
        last_moved = -1
        for _ in range(_ROUNDS_MAX):
            for index, topic in enumerate(topics):
                if index == last_moved:
                    return
                if self._balance_topic(topic) or last_moved == -1:
                    last_moved = index

    def _balance_topic(self, topic: Uuid) -> int:
        """How many of its partitions were moved."""
        balancer = self._balancer
        if balancer.begin(self.subscribers[topic]) <= 1:
            return 0
        owners = self._owners[topic]
        to_give: dict[int, list[int]] = {}
        for partition, owner in enumerate(owners):
            to_give.setdefault(owner, []).append(partition)
        moved = 0
        while not balancer.is_balanced:
            most = balancer.next_most()
            while most != NOBODY and not to_give.get(most):
                balancer.exclude_most()
                most = balancer.next_most()
            if most == NOBODY:
                break
            partition = to_give[most].pop()
            least = balancer.next_least()
            if balancer.is_balanced:
                break
            self._move(topic, partition, least)
            moved += 1
        return moved

    def _move(self, topic: Uuid, partition: int, to: int) -> None:
        owner = self._owners[topic][partition]
        if owner != NOBODY:
            self.owned[owner][topic].remove(partition)
            self._sizes[owner] -= 1
        self.owned[to].setdefault(topic, set()).add(partition)
        self._owners[topic][partition] = to
        self._sizes[to] += 1

    def _rank(self, topic: Uuid) -> tuple[float, int, tuple[int, ...]]:
        """Most partitions per subscriber first, then fewest subscribers, then by id (signed)."""
        count = len(self.subscribers[topic])
        return (-self._spec.partitions[topic] / count, count, unpack(">qq", topic))
