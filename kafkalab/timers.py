"""What a node waits for: operations due at a millisecond, cheap to cancel.

A heap of distinct milliseconds beside `{due: {id: operation}}`.  Cancelling removes the
operation at once, so a finished 30 s produce timeout keeps no data alive; its millisecond stays
in the heap until it comes up, and is skipped there.

Invariants: an id is due at most once; every due millisecond with an operation is in the heap, and
none without one is in the dictionary.
"""

from collections.abc import Hashable
from heapq import heappop, heappush
from typing import Generic, Self, TypeVar

Key = TypeVar("Key", bound=Hashable)


def earliest(*timers: int | None) -> int | None:
    """The first of several times, or None if none is set."""
    first = None
    for timer in timers:
        if timer is not None and (first is None or timer < first):
            first = timer
    return first


class Timers(Generic[Key]):
    """A set of (key, due) in which each key is due once.  Times in whole milliseconds."""

    __slots__ = ("_due_of", "_heap", "_keys_at", "first")

    def __init__(self) -> None:
        self._heap: list[int] = []
        self._keys_at: dict[int, dict[Key, None]] = {}
        self._due_of: dict[Key, int] = {}
        self.first: int | None = None  # the earliest due millisecond, to be read only

    def set(self, key: Key, due: int) -> None:
        """Make `key` due at `due`, wherever it was before."""
        due_of = self._due_of
        if key in due_of:
            if due_of[key] == due:
                return
            self.cancel(key)
        due_of[key] = due
        keys = self._keys_at.get(due)
        if keys is None:
            self._keys_at[due] = {key: None}
            heappush(self._heap, due)
            if self.first is None or due < self.first:
                self.first = due
        else:
            keys[key] = None

    def cancel(self, key: Key) -> None:
        """Forget `key`, if it was set."""
        due = self._due_of.pop(key, None)
        if due is None:
            return
        keys = self._keys_at[due]
        if len(keys) > 1:
            del keys[key]
            return
        del self._keys_at[due]
        if due == self.first:
            self._find_first()

    def pop_due(self, now: int) -> list[Key]:
        """The keys due at or before `now`, earliest first, then in the order they were set."""
        popped: list[Key] = []
        while self.first is not None and self.first <= now:
            for key in self._keys_at.pop(self.first):
                del self._due_of[key]
                popped.append(key)
            self._find_first()
        return popped

    def pop_first(self, now: int) -> Key | None:
        """The first of `pop_due`, if any: for work that sets or cancels what else is due."""
        if self.first is None or self.first > now:
            return None
        key = next(iter(self._keys_at[self.first]))
        self.cancel(key)
        return key

    def _find_first(self) -> None:
        heap, keys_at = self._heap, self._keys_at
        while heap and heap[0] not in keys_at:
            heappop(heap)
        self.first = heap[0] if heap else None

    def __contains__(self, key: Key) -> bool:
        return key in self._due_of

    def __len__(self) -> int:
        return len(self._due_of)

    def due(self, key: Key) -> int | None:
        """When `key` is due, or None."""
        return self._due_of.get(key)

    def fork(self) -> Self:
        other = type(self)()
        other._heap = self._heap.copy()
        other._keys_at = {due: keys.copy() for due, keys in self._keys_at.items()}
        other._due_of = self._due_of.copy()
        other.first = self.first
        return other
