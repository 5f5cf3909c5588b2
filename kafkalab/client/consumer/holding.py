"""What a classic member has, from one rebalance to the next.

    eager        everything goes before it joins; a note of what it had helps a sticky assignor
    cooperative  it keeps what it has; of a new assignment it learns what goes and what comes

In Kafka: `RebalanceProtocol`; in librdkafka: `rkcg_group_assignment`.
"""

from typing import Self

from kafkalab.client.assignors import COOPERATIVE
from kafkalab.client.consumer.group_protocol import Had
from kafkalab.ids import TopicPartition

Partitions = tuple[TopicPartition, ...]


class Holding:
    """`had` is the last assignment, and with cooperative rebalances what the member has now."""

    __slots__ = ("_to_add", "had", "is_cooperative")

    def __init__(self, strategies: tuple[str, ...]) -> None:
        #: Only if all strategies are; whoever knows an eager one must be ready for it (KIP-429).
        self.is_cooperative = set(strategies) == {COOPERATIVE}
        self.had = Had()
        self._to_add: Partitions | None = None  # once what must go has gone

    @property
    def is_holding(self) -> bool:
        """Whether a cooperative member has partitions, wherever it stands."""
        return self.is_cooperative and bool(self.had.partitions)

    def change(self, partitions: Partitions, generation: int) -> Partitions:
        """A new assignment: what of the old one goes; what comes is there for `take_added`."""
        before, self.had = self.had.partitions, Had(partitions, generation)
        has, keeps = frozenset(before), frozenset(partitions)
        self._to_add = tuple(one for one in partitions if one not in has)
        return tuple(one for one in before if one not in keeps)

    def take_added(self) -> Partitions | None:
        """What is to be assigned now; None if that has been done."""
        added, self._to_add = self._to_add, None
        return added

    def lose(self) -> None:
        """Everything goes; an eager member remembers what it had."""
        self._to_add = None
        if self.is_cooperative:
            self.had = Had()

    def fork(self) -> Self:
        other = type(self)(())
        other.is_cooperative = self.is_cooperative
        other.had, other._to_add = self.had, self._to_add
        return other
