"""Where operations wait for partitions: a produce for the ISR, a deletion for every replica.

    park(operation, partitions, due) ──▶ watched under each partition
    the partition changes ──▶ waiting_for(partition) ──▶ look again ──▶ finish(number)
    time runs out ──▶ timers (kind, number) ──▶ finish(number)

Operations are data; those who park them know what they wait for.  Fetches wait in their sessions
instead (`fetch`).

Invariant: an operation here has a timer, and is watched under at least one partition.

In Kafka: `DelayedOperationPurgatory`, `DelayedOperation`.
"""

from collections.abc import Iterable
from typing import Any, Generic, Protocol, Self, TypeVar

from kafkalab.ids import TopicPartition
from kafkalab.timers import Timers


class Operation(Protocol):
    """What can wait here."""

    def fork(self) -> Any: ...


Waiting = TypeVar("Waiting", bound=Operation)


class Purgatory(Generic[Waiting]):
    """Operations of one kind by number."""

    __slots__ = ("_count", "_keys", "_kind", "_operations", "_timers", "_watching")

    def __init__(self, kind: str, timers: Timers[tuple[str, Any]]) -> None:
        self._kind = kind
        self._timers = timers
        self._count = 0
        self._operations: dict[int, Waiting] = {}
        self._keys: dict[int, tuple[TopicPartition, ...]] = {}
        self._watching: dict[TopicPartition, dict[int, None]] = {}

    def park(self, operation: Waiting, keys: Iterable[TopicPartition], due: int) -> None:
        """Keep an operation until it is finished, at the latest when its time is up."""
        self._count += 1
        number = self._count
        self._operations[number] = operation
        self._keys[number] = tuple(keys)
        for key in self._keys[number]:
            self._watching.setdefault(key, {})[number] = None
        self._timers.set((self._kind, number), due)

    def waiting_for(self, key: TopicPartition) -> list[tuple[int, Waiting]]:
        """The operations that a change of this partition may complete, oldest first."""
        numbers = self._watching.get(key)
        if not numbers:
            return []
        return [(number, self._operations[number]) for number in numbers]

    def watched(self) -> list[TopicPartition]:
        """The partitions that something here waits for."""
        return list(self._watching)

    def finish(self, number: int) -> Waiting | None:
        """Forget an operation; None if it was finished already."""
        operation = self._operations.pop(number, None)
        if operation is None:
            return None
        self._timers.cancel((self._kind, number))
        for key in self._keys.pop(number):
            numbers = self._watching[key]
            del numbers[number]
            if not numbers:
                del self._watching[key]
        return operation

    def __len__(self) -> int:
        return len(self._operations)

    def fork(self, timers: Timers[tuple[str, Any]]) -> Self:
        other = type(self)(self._kind, timers)
        other._count = self._count
        other._operations = {number: one.fork() for number, one in self._operations.items()}
        other._keys = self._keys.copy()
        other._watching = {key: numbers.copy() for key, numbers in self._watching.items()}
        return other
