"""An append-only list that forks in no time: branches share what they have in common.

    owner    ─▶ [a b c d e]          length 5, appends in place
    fork     ─▶  └──┘                length 3, made when c was last; its first write copies a b c

Of all lists that share one underlying list a single one, the owner, may append to it; it sees all
of it.  The others see a prefix, which never changes: an owner whose list is shared copies before
it cuts.  So a fork costs a few assignments, and a copy is made at most once for each branch, when
it first goes another way.

Invariants: an owner's length is that of the underlying list; no item below the length of any list
that shares it is ever replaced.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from typing import Any, Generic, Self, TypeVar

Item = TypeVar("Item")


class SharedList(Generic[Item]):
    """A list with `append`, `truncate` and `fork`.  Its items must be immutable."""

    __slots__ = ("_is_owner", "_is_shared", "_items", "_length")

    def __init__(self, items: Iterable[Item] = ()) -> None:
        self._items: list[Item] = list(items)
        self._length = len(self._items)
        self._is_owner = True
        self._is_shared = False

    def append(self, item: Item) -> None:
        if not self._is_owner:
            self._own(self._length)
        self._items.append(item)
        self._length += 1

    def truncate(self, length: int) -> None:
        """Keep the first `length` items."""
        assert 0 <= length <= self._length, (length, self._length)
        if length == self._length:
            return
        if self._is_owner and not self._is_shared:
            del self._items[length:]
            self._length = length
        elif self._is_owner:
            self._own(length)
        else:
            self._length = length  # still a prefix: nothing to copy

    def fork(self) -> Self:
        self._is_shared = True
        other = type(self).__new__(type(self))
        other._items = self._items
        other._length = self._length
        other._is_owner = False
        other._is_shared = True
        return other

    def slice(self, start: int, stop: int) -> list[Item]:
        """The items from `start` to before `stop` (neither negative)."""
        return self._items[start : min(stop, self._length)]

    def bisect_left(self, value: Any, low: int = 0) -> int:
        """The first place at or after `low` whose item is not below `value`."""
        return bisect_left(self._items, value, low, self._length)

    def bisect_right(self, value: Any, low: int = 0) -> int:
        """The first place at or after `low` whose item is above `value`."""
        return bisect_right(self._items, value, low, self._length)

    def _own(self, length: int) -> None:
        self._items = self._items[:length]
        self._length = length
        self._is_owner = True
        self._is_shared = False

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> Item:
        if index < 0:
            index += self._length
        if not 0 <= index < self._length:
            raise IndexError(index)
        return self._items[index]

    def __iter__(self) -> Iterator[Item]:
        return iter(self._items[: self._length])

    def __repr__(self) -> str:
        return f"SharedList({list(self)!r})"
