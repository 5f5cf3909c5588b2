"""A table with two views: what has been written, and what of it is committed.

    offset          4          5          6        high watermark
    written    a=1  a=2        b=7        a=3         = 6: records below it are on every
    committed       a=2        b=7                         in-sync replica, none can be lost

A coordinator decides by what it has written, or two requests in a row could contradict each other;
it tells others only what is committed, or they could learn what a failover then takes back.  Values
are immutable and both views are plain dicts; between them lies a queue of changes, by offset, that
the high watermark lets through.

Invariants: `committed` with the waiting changes applied is `written`; offsets rise in the queue.

In Kafka: `TimelineHashMap` and `SnapshotRegistry`.  Left out: undoing.  A change is made when its
record stands in the log, not before, so a failed append changes nothing; and a broker that loses
the partition forgets both views and reads the log again when it leads it again.
"""

from collections import deque
from collections.abc import Iterator
from typing import Generic, NamedTuple, Self, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Change(NamedTuple, Generic[K, V]):
    """What the record at `offset` says of `key`; None: it is gone."""

    offset: int
    key: K
    value: V | None


class TwoViews(Generic[K, V]):
    """See the module's docstring.  Read `written` and `committed`; change by `put`."""

    __slots__ = ("_waiting", "committed", "written")

    def __init__(self) -> None:
        self.written: dict[K, V] = {}
        self.committed: dict[K, V] = {}
        self._waiting: deque[Change[K, V]] = deque()

    def put(self, key: K, value: V | None, offset: int) -> None:
        """The record at `offset` gives `key` this value, or removes it."""
        _apply(self.written, key, value)
        self._waiting.append(Change(offset, key, value))

    def commit(self, high_watermark: int) -> Iterator[Change[K, V]]:
        """Let through the changes below `high_watermark`, and hand over each; must be used up."""
        waiting = self._waiting
        while waiting and waiting[0].offset < high_watermark:
            change = waiting.popleft()
            _apply(self.committed, change.key, change.value)
            yield change

    @property
    def is_settled(self) -> bool:
        """Whether both views are the same."""
        return not self._waiting

    def __bool__(self) -> bool:
        """Whether anything stands in either view."""
        return bool(self.written or self.committed or self._waiting)

    def fork(self) -> Self:
        other = type(self)()
        other.written = self.written.copy()
        other.committed = self.committed.copy()
        other._waiting = self._waiting.copy()
        return other


def _apply(view: dict[K, V], key: K, value: V | None) -> None:
    if value is None:
        view.pop(key, None)
    else:
        view[key] = value
