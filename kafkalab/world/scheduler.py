"""What happens next: everything planned, in the order of (due, sequence).

    (due, sequence, what, about)      what: DELIVER a message of a pipe, WAKE a node, …

Nothing is ever removed from the middle.  Whoever pops an entry checks that it still holds (the
pipe has a message, the node still wants to be woken then) and drops it otherwise; that is cheaper
than finding it.

Invariants: sequences rise, so two entries never compare beyond them, and what was planned first
for an instant happens first.
Read next: `world`, which pops them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from heapq import heapify, heappop, heappush
from typing import Any, NamedTuple, Self


class What(IntEnum):
    """What is to be done."""

    DELIVER = 0  # about: the number of a pipe
    WAKE = 1  # about: the name of a node
    COMMAND = 2  # about: a faults.Command
    RESUME = 3  # about: the name of a paused node
    APP = 4  # about: (name of the app, number of its wait)


class Planned(NamedTuple):
    """One entry, with names; the heap holds plain tuples of the same shape."""

    due: int
    sequence: int
    what: What
    about: Any


class Scheduler:
    """A heap of plans.  Times in whole milliseconds."""

    __slots__ = ("_heap", "_sequence")

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, int, Any]] = []
        self._sequence = 0

    def plan(self, due: int, what: int, about: Any) -> int:
        """Add an entry; returns its sequence number, by which it can be known again."""
        self._sequence = sequence = self._sequence + 1
        heappush(self._heap, (due, sequence, what, about))
        return sequence

    def next_due(self) -> int | None:
        """When the next entry is due, holding or not; None if there is none."""
        return self._heap[0][0] if self._heap else None

    def pop(self, until: int) -> tuple[int, int, int, Any] | None:
        """The next entry due at or before `until`."""
        heap = self._heap
        return heappop(heap) if heap and heap[0][0] <= until else None

    def drop(self, is_unwanted: Callable[[Planned], bool]) -> None:
        """Take back what is planned, if it is a command."""
        self._heap = [
            entry
            for entry in self._heap
            if entry[2] != What.COMMAND or not is_unwanted(Planned._make(entry))
        ]
        heapify(self._heap)

    def planned(self, what: What) -> list[Planned]:
        """All entries of a kind, in order."""
        return [Planned._make(entry) for entry in sorted(self._heap) if entry[2] == what]

    def __len__(self) -> int:
        return len(self._heap)

    def fork(self) -> Self:
        other = type(self)()
        other._heap = self._heap.copy()
        other._sequence = self._sequence
        return other


@dataclass(slots=True)
class Wake:
    """When a node wants to be woken, and what is planned for it."""

    due: int | None = None
    cause: int = 0  # what was being handled when `due` last changed
    planned: int | None = None  # the due time of the entry that counts
    sequence: int = 0  # … and which one it is
    woken_at: int = -1
    rounds: int = 0  # wake-ups at `woken_at`

    def fork(self) -> "Wake":
        return Wake(self.due, self.cause, self.planned, self.sequence, self.woken_at, self.rounds)
