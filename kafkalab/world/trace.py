"""What happened, in order, each entry with its cause; kept, folded into a digest, shared by forks.

    entry = (id, at, cause, node, event)         plain tuples; `Entry` gives them names
    recent  the last 100,000 entries of every kind: deliveries, timers, events
    kept    the significant ones (leader, ISR, high watermark, commit, fault, action …), for ever;
            in a long run old ones are packed (`packing`), at eight bytes each

Everything handled (a delivery, a timer, an action) has an entry, and what is said or sent while
it is handled names that entry's id as its cause.  As a sequence, a trace is its kept entries.

The digest is BLAKE2b over all entries ever, in order, chunk by chunk; a chunk is hashed when it
leaves `recent` or when somebody asks.  `marshal` in format 2 writes plain data the same way in
every process; what it does not know (an enum, a named tuple) is made plain first.

Invariants: ids count from 1 without a gap; a cause is smaller than its effect; times never fall.
Read next: `causality` (walks over causes), `trace_text` (how entries print).
"""

import marshal
from collections.abc import Collection, Iterator, Sequence
from enum import Enum
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final, NamedTuple, Self, overload

from kafkalab import events
from kafkalab.events import Event, named
from kafkalab.ids import NodeName
from kafkalab.world import trace_text
from kafkalab.world.chunks import SIZE, Chunks

RECENT_MAX: Final = 100_000
_RECENT_CHUNKS: Final = RECENT_MAX // SIZE + 1
_MARSHAL_FORMAT: Final = 2  # no references, no interning: equal data, equal bytes

_Row = tuple[int, int, int, NodeName, Event]


class Entry(NamedTuple):
    """One line of the trace.  `at` in virtual ms; `cause` is 0 for what came from outside."""

    id: int
    at: int
    cause: int
    node: NodeName
    event: Event

    @property
    def kind(self) -> str:
        kind: str = self.event[0]
        return kind

    @property
    def fields(self) -> dict[str, Any]:
        """The event's fields by name."""
        return named(self.event)

    @property
    def text(self) -> str:
        """The event alone: `Truncated(topic=orders, partition=0, offset=4, removed=2)`."""
        return events.text(self.event)

    def __str__(self) -> str:
        return trace_text.line(self)


class Trace(Sequence[Entry]):
    """See the module's docstring.  Nodes never see it; only the world writes it."""

    __slots__ = ("_folded", "_hash", "_kept", "_recent", "next_id")

    def __init__(self) -> None:
        self._kept: Chunks[_Row] = Chunks()
        self._recent: Chunks[_Row] = Chunks()
        self._hash = blake2b(digest_size=16)
        self._folded = 0  # chunks of `_recent` that are in the hash
        self.next_id = 1

    # writing

    def note(self, now: int, cause: int, node: NodeName, event: Event) -> int:
        """Add what need not be kept (a delivery, a timer).  Returns its id."""
        id = self.next_id
        self.next_id = id + 1
        self._recent.tail.append((id, now, cause, node, event))
        if not id % SIZE:
            self._seal()
        return id

    def add(self, now: int, cause: int, node: NodeName, event: Event) -> int:
        """Add a significant event.  Returns its id."""
        id = self.next_id
        self.next_id = id + 1
        row = (id, now, cause, node, event)
        self._recent.tail.append(row)
        kept = self._kept.tail
        kept.append(row)
        if len(kept) == SIZE:
            self._kept.seal()
        if not id % SIZE:
            self._seal()
        return id

    def add_all(self, now: int, cause: int, node: NodeName, events: list[Event]) -> None:
        """Add what a node said in one call."""
        id = self.next_id
        recent, kept = self._recent.tail, self._kept.tail
        for event in events:
            row = (id, now, cause, node, event)
            recent.append(row)
            kept.append(row)
            if len(kept) == SIZE:
                self._kept.seal()
                kept = self._kept.tail
            if not id % SIZE:
                self._seal()
                recent = self._recent.tail
            id += 1
        self.next_id = id

    def _seal(self) -> None:
        """A chunk of `recent` is full; let go of what is too old."""
        self._recent.seal()
        oldest = self._recent.last_sealed - _RECENT_CHUNKS
        if oldest > 0:
            self._fold(oldest)
            self._recent.drop_before(oldest)

    def let_go_of_kept(self, entries: int) -> None:
        """Keep at most about so many significant entries: a live cluster has no end."""
        self._kept.drop_before(self._kept.last_sealed - entries // SIZE)

    def pack(self, keep: int) -> None:
        """Let kept entries that are old take less room; `keep` chunks of 1,024 stay as they are."""
        self._kept.pack(keep, _kind)

    # the digest

    def digest(self) -> str:
        """32 hexadecimal digits that two runs share only if all their entries are equal."""
        self._fold(self._recent.last_sealed)
        whole = self._hash.copy()
        whole.update(_plain_bytes(self._recent.tail))
        return whole.hexdigest()

    def _fold(self, up_to: int) -> None:
        for chunk in range(self._folded, up_to):
            self._hash.update(_plain_bytes(self._recent.sealed(chunk)))
        self._folded = max(self._folded, up_to)

    # reading

    def __len__(self) -> int:
        return len(self._kept)

    @overload
    def __getitem__(self, place: int) -> Entry: ...
    @overload
    def __getitem__(self, place: slice) -> list[Entry]: ...
    def __getitem__(self, place: int | slice) -> Entry | list[Entry]:
        if isinstance(place, slice):
            return [Entry._make(self._kept[at]) for at in range(*place.indices(len(self)))]
        return Entry._make(self._kept[range(len(self))[place]])

    def __iter__(self) -> Iterator[Entry]:
        return map(Entry._make, self._kept.since(0))

    def __reversed__(self) -> Iterator[Entry]:
        return map(Entry._make, self._kept.backwards())

    def of(self, *kinds: str, node: NodeName | None = None) -> list[Entry]:
        """The kept entries of these kinds (of all, if none is named), oldest first."""
        rows = self._kept.labelled(kinds, _kind) if kinds else self._kept.since(0)
        return [Entry._make(row) for row in rows if node is None or row[3] == node]

    def latest(self, kinds: Collection[str], entries_max: int) -> list[Entry]:
        """Those of these kinds among the last `entries_max` kept entries, oldest first."""
        rows = self._kept.since(max(len(self._kept) - entries_max, 0))
        return [Entry._make(row) for row in rows if row[4][0] in kinds]

    def recent(self, since_id: int = 0) -> Iterator[Entry]:
        """Entries of every kind from an id on, as far back as they are still here."""
        return map(Entry._make, self._recent.since(max(since_id - 1, 0)))

    def entry(self, id: int) -> Entry | None:
        """The entry with this id; None if it was not significant and has been let go."""
        if not 0 < id < self.next_id:
            return None
        if id > self._recent.first:
            return Entry._make(self._recent[id - 1])
        found = self._kept.find(id, _id)
        return Entry._make(found) if found is not None else None

    def text(self, only: Collection[str] = ()) -> str:
        """The kept entries, or those of the kinds named, one line each."""
        return trace_text.lines(self.of(*only))

    def matches(self, golden: str | Path, only: Collection[str] = ()) -> None:
        """Compare with a golden file; AssertionError shows the difference (`trace_text`)."""
        trace_text.compare(self.text(only), Path(golden))

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"<Trace of {self.next_id - 1} entries, {len(self)} kept>"

    # forks

    def fork(self, *, forget_recent: bool = False) -> Self:
        """A trace that goes on from here.  `forget_recent` keeps the significant entries only."""
        if forget_recent:
            self._fold(self._recent.last_sealed)
        other = type(self)()
        other._kept, other._recent = self._kept.fork(), self._recent.fork()
        other._hash, other._folded = self._hash.copy(), self._folded
        other.next_id = self.next_id
        if forget_recent:
            other._recent.drop_before(other._recent.last_sealed)
            other._recent.copy_tail()
        return other


def _id(row: _Row) -> int:
    return row[0]


def _kind(row: _Row) -> str:
    kind: str = row[4][0]
    return kind


def _plain_bytes(rows: list[_Row]) -> bytes:
    try:
        return marshal.dumps(rows, _MARSHAL_FORMAT)
    except ValueError:
        return marshal.dumps([_plain(row) for row in rows], _MARSHAL_FORMAT)


def _plain(value: Any) -> Any:
    """Equal values, equal plain data: enums become their values, named tuples tuples."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple | list):
        return (
            type(value)(map(_plain, value))
            if type(value) in (tuple, list)
            else tuple(map(_plain, value))
        )
    if isinstance(value, dict):
        return {_plain(key): _plain(item) for key, item in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(map(_plain, value))
    if value is None or isinstance(value, bool | int | float | str | bytes | memoryview):
        return value
    raise TypeError(f"an event holds plain data only, not {value!r}")
