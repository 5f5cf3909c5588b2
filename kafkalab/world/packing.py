"""A thousand entries of a long list, packed when they are old: equal ones come back when read.

    entries  [ 1024 ]  ── pack ──▶  bytes: 8 of an event of the trace, 4 of a line of an app's log
                       ◀── read ──  made again each time, and kept by nobody here

They are tuples of one kind, written column by column (pickle, then zlib).  Only plain data and this
project's own values are written; an entry with anything else (a function, an error that was raised)
stays as it is, for there the same object must come back.

Invariants: entries never change; whether they are packed is seen by nobody who reads them.
Read next: `chunks`, which has many of these; `history`, which has old ones packed.
"""

import io
import pickle
import zlib
from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, TypeVar

Item = TypeVar("Item")

_LEVEL: Final = 1  # of zlib: higher ones take twice as long and save a tenth
_OURS: Final = __name__.partition(".")[0] + "."


class Chunk(Generic[Item]):
    """Entries as all forks share them.  `labels`: of what kinds they are; None until packed."""

    __slots__ = ("_entries", "_odd", "_packed", "first", "labels")

    def __init__(self, entries: list[Item]) -> None:
        self._entries: list[Item] | None = entries
        self._packed = b""
        self._odd: dict[int, Item] = {}  # by place
        self.first = entries[0]
        self.labels: frozenset[str] | None = None

    @property
    def is_packed(self) -> bool:
        return self._entries is None

    def entries(self) -> list[Item]:
        """Not to be changed; a new list each time if it is packed."""
        entries = self._entries  # looked at once: another thread may pack it meanwhile
        if entries is not None:
            return entries
        unpacked: list[Item] = _unpacked(self._packed)
        for place, entry in self._odd.items():  # in rising order: each comes to its old place
            unpacked.insert(place, entry)
        return unpacked

    def pack(self, label: Callable[[Item], str] | None = None) -> None:
        """Take less room.  Nothing if it is packed already."""
        entries = self._entries
        if entries is None:
            return
        try:
            self._packed = _packed(entries)
        except _NOT_PLAIN:
            self._odd = {place: each for place, each in enumerate(entries) if not _is_plain(each)}
            self._packed = _packed([e for i, e in enumerate(entries) if i not in self._odd])
        if label is not None:
            self.labels = frozenset(map(label, entries))
        self._entries = None


class _Pickler(pickle.Pickler):
    """Refuses what would come back as another object than it was."""

    def reducer_override(self, value: Any) -> Any:
        """Asked about all that is not of Python's own plain types, classes too."""
        kind = value if isinstance(value, type) else type(value)
        if kind.__module__.startswith(_OURS) and not issubclass(kind, BaseException):
            if kind is not value and issubclass(kind, tuple) and hasattr(kind, "_fields"):
                return kind, tuple(value)  # a named tuple, a third faster than as usual
            return NotImplemented
        raise pickle.PicklingError(kind)


_NOT_PLAIN: Final = (pickle.PicklingError, AttributeError, TypeError)


def _packed(entries: Sequence[Any]) -> bytes:
    kind = type(entries[0]) if entries else tuple
    make = None if kind is tuple else kind
    return zlib.compress(_pickled((make, list(zip(*entries, strict=True)))), _LEVEL)


def _unpacked(packed: bytes) -> list[Any]:
    make, columns = pickle.loads(zlib.decompress(packed))
    rows = zip(*columns, strict=True)
    return list(rows if make is None else map(make._make, rows))


def _pickled(value: Any) -> bytes:
    file = io.BytesIO()
    _Pickler(file, pickle.HIGHEST_PROTOCOL).dump(value)
    return file.getvalue()


def _is_plain(entry: Any) -> bool:
    try:
        _pickled(entry)
    except _NOT_PLAIN:
        return False
    return True
