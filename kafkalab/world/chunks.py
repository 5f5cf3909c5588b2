"""A list that only grows, in chunks that forks share; what is old can be packed.

    packed   ▪ ▪ ▪ ▪ ▪ ▪                   a few bytes an entry; made again when it is read
    sealed   [ 1024 ][ 1024 ][ 1024 ]      never changed again, shared by every fork
    tail     [ 17 ]                        its own in every fork that has looked at it

Copying a million entries so costs a thousand references.  A fork borrows its origin's tail, which
only grows, and its length; it copies it when first looked at.  A checkpoint never is, so it holds
nothing that the origin has packed since.  `drop_before` lets go of the oldest chunks; places (the
number of an entry, from 0) stay what they were.  `pack` lets go of nothing; a chunk is packed for
all forks at once.

Invariants: every sealed chunk has SIZE entries, the tail fewer.
Read next: `packing`; `trace`, which keeps events so.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterator
from typing import Final, Generic, Self, TypeVar

from kafkalab.world.packing import Chunk

Item = TypeVar("Item")

SIZE: Final = 1024


class Chunks(Generic[Item]):
    """Append-only; forks share what is sealed."""

    __slots__ = ("_borrowed", "_dropped", "_last_read", "_lent", "_packed", "_sealed", "tail")

    #: What is not sealed yet.  Whoever appends here itself calls `seal` at SIZE entries.
    tail: list[Item]

    def __init__(self) -> None:
        self._dropped = 0  # chunks let go of
        self._packed = 0  # the number of the first that is not known to be packed
        self._sealed: list[Chunk[Item]] = []
        self.tail = []
        self._lent: Chunk[Item] | None = None  # the tail, as forks know it
        self._borrowed: tuple[Chunk[Item], int] | None = None  # while there is no tail here
        self._last_read: tuple[Chunk[Item] | None, list[Item]] = (None, [])

    def __getattr__(self, name: str) -> list[Item]:
        """Called for what is not there: the tail of a fork, when it is first looked at."""
        borrowed = self._borrowed
        if name == "tail" and borrowed is not None:
            chunk, length = borrowed
            self.tail = chunk.entries()[:length]
            self._borrowed = None
        return object.__getattribute__(self, name)  # type: ignore[no-any-return]

    def append(self, item: Item) -> None:
        tail = self.tail
        tail.append(item)
        if len(tail) == SIZE:
            self.seal()

    def seal(self) -> None:
        """The tail, which has SIZE entries now, is never changed again."""
        self._sealed.append(self._lent or Chunk(self.tail))
        self.tail, self._lent = [], None

    def pack(self, keep: int, label: Callable[[Item], str] | None = None) -> None:
        """Pack all sealed chunks but the newest `keep`; by its label an item is found sooner."""
        until = self.last_sealed - keep
        for number in range(max(self._packed, self._dropped), until):
            self._sealed[number - self._dropped].pack(label)
        self._packed = max(self._packed, until)

    @property
    def first(self) -> int:
        """The place of the oldest entry that is still here."""
        return self._dropped * SIZE

    @property
    def last_sealed(self) -> int:
        """How many chunks have been sealed so far, dropped ones too."""
        return self._dropped + len(self._sealed)

    @property
    def unpacked(self) -> int:
        """How many entries are here as they were added."""
        return sum(SIZE for each in self._sealed if not each.is_packed) + len(self.tail)

    def sealed(self, number: int) -> list[Item]:
        """A sealed chunk by its number; not to be changed."""
        return self._sealed[number - self._dropped].entries()

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
        if chunk == len(self._sealed):
            return self.tail[within]
        return self._read(self._sealed[chunk])[within]

    def _read(self, chunk: Chunk[Item]) -> list[Item]:
        """Its entries; those of the packed one that was read last are still at hand."""
        if not chunk.is_packed:
            return chunk.entries()
        last, entries = self._last_read
        if last is not chunk:
            entries = chunk.entries()
            self._last_read = (chunk, entries)
        return entries

    def since(self, place: int) -> Iterator[Item]:
        """The entries from `place` on, or from the oldest that is here."""
        chunk, within = divmod(max(place, self.first), SIZE)
        tail = self.tail
        for sealed in self._sealed[chunk - self._dropped :]:
            yield from sealed.entries()[within:]
            within = 0
        yield from tail[within:]

    def labelled(self, wanted: Collection[str], label: Callable[[Item], str]) -> Iterator[Item]:
        """Those with one of these labels; packed chunks that have none such are passed over."""
        tail = self.tail
        for sealed in self._sealed.copy():
            if sealed.labels is None or not sealed.labels.isdisjoint(wanted):
                yield from (item for item in sealed.entries() if label(item) in wanted)
        yield from (item for item in tail if label(item) in wanted)

    def backwards(self) -> Iterator[Item]:
        """The newest first."""
        yield from reversed(self.tail)
        for sealed in reversed(self._sealed):
            yield from reversed(sealed.entries())

    def find(self, wanted: int, key: Callable[[Item], int]) -> Item | None:
        """The item with this key, in a list whose keys rise."""
        items = self.tail
        if not items or key(items[0]) > wanted:
            chunk = bisect_right(self._sealed, wanted, key=lambda each: key(each.first)) - 1
            items = self._read(self._sealed[chunk]) if chunk >= 0 else []
        place = bisect_left(items, wanted, key=key)
        found = items[place] if place < len(items) else None
        return found if found is not None and key(found) == wanted else None

    def fork(self) -> Self:
        other = type(self)()
        other._dropped, other._packed = self._dropped, self._packed
        other._sealed = self._sealed.copy()
        other._borrowed = self._borrowed or self._lend()
        if other._borrowed is not None:
            del other.tail
        return other

    def copy_tail(self) -> None:
        """Borrow no longer: where the origin's chunks are never packed, a copy holds less."""
        _ = self.tail

    def _lend(self) -> tuple[Chunk[Item], int] | None:
        tail = self.tail
        if tail and self._lent is None:
            self._lent = Chunk(tail)
        return None if self._lent is None else (self._lent, len(tail))
