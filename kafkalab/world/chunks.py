"""A list that only grows, in chunks that forks share.

    sealed   [ 1024 ][ 1024 ][ 1024 ]      never changed again, shared by every fork
    tail     [ 17 ]                        its own in every fork

Copying a million entries so costs a thousand references and one short list.  `drop_before` lets
go of the oldest chunks; places (the number of an entry, from 0) stay what they were.

Invariants: every sealed chunk has SIZE entries, the tail fewer.
Read next: `trace`, which keeps events so.
"""

from collections.abc import Iterator
from typing import Final, Generic, Self, TypeVar

Item = TypeVar("Item")

SIZE: Final = 1024


class Chunks(Generic[Item]):
    """Append-only; forks share what is sealed."""

    __slots__ = ("_dropped", "_sealed", "tail")

    def __init__(self) -> None:
        self._dropped = 0  # chunks let go of
        self._sealed: list[list[Item]] = []
        #: What is not sealed yet.  Whoever appends here itself calls `seal` at SIZE entries.
        self.tail: list[Item] = []

    def append(self, item: Item) -> None:
        tail = self.tail
        tail.append(item)
        if len(tail) == SIZE:
            self.seal()

    def seal(self) -> None:
        """The tail, which has SIZE entries now, is never changed again."""
        self._sealed.append(self.tail)
        self.tail = []

    @property
    def first(self) -> int:
        """The place of the oldest entry that is still here."""
        return self._dropped * SIZE

    @property
    def last_sealed(self) -> int:
        """How many chunks have been sealed so far, dropped ones too."""
        return self._dropped + len(self._sealed)

    def sealed(self, number: int) -> list[Item]:
        """A sealed chunk by its number; not to be changed."""
        return self._sealed[number - self._dropped]

    def drop_before(self, chunk: int) -> None:
        """Let go of the chunks with a lower number."""
        gone = chunk - self._dropped
        if gone > 0:
            del self._sealed[:gone]
            self._dropped = chunk

    def __len__(self) -> int:
        """The place of the next entry: what was dropped counts."""
        return (self._dropped + len(self._sealed)) * SIZE + len(self.tail)

    def __getitem__(self, place: int) -> Item:
        chunk, within = divmod(place, SIZE)
        if chunk < self._dropped:
            raise IndexError(place)
        chunk -= self._dropped
        return self._sealed[chunk][within] if chunk < len(self._sealed) else self.tail[within]

    def since(self, place: int) -> Iterator[Item]:
        """The entries from `place` on, or from the oldest that is here."""
        chunk, within = divmod(max(place, self.first), SIZE)
        for items in (*self._sealed[chunk - self._dropped :], self.tail):
            yield from items[within:]
            within = 0

    def backwards(self) -> Iterator[Item]:
        """The newest first."""
        yield from reversed(self.tail)
        for items in reversed(self._sealed):
            yield from reversed(items)

    def fork(self) -> Self:
        other = type(self)()
        other._dropped = self._dropped
        other._sealed = self._sealed.copy()
        other.tail = self.tail.copy()
        return other
