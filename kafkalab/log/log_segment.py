"""A stretch of a log that is kept, and thrown away, as a whole.

Only the last segment of a log takes appends.  The others are sealed, and sealed segments never
change: branches share them, and a truncation that ends inside one goes on with a fork of it.

    offsets   40 … 71            72 … 97
              stored run         entries in memory
              (on disk only)     └ the newest; all of them if the log is not on a disk

Invariants: entries' offsets rise; none is below `base_offset`; the indexes have what the entries
have; the stored run ends where the entries in memory begin.

In Kafka: `LogSegment`.  Read next: `log_segments`, `stored_run`.
"""

from collections.abc import Iterator
from typing import Self

from kafkalab.log.offset_index import OffsetIndex
from kafkalab.log.shared_list import SharedList
from kafkalab.log.stored_run import StoredRun
from kafkalab.log.time_index import TimeIndex
from kafkalab.record import Entry


class LogSegment:
    """Entries in a row from `base_offset` on, with an index by offset and one by time."""

    __slots__ = ("base_offset", "entries", "next_offset", "offsets", "stored", "times")

    def __init__(self, base_offset: int, stored: StoredRun | None = None) -> None:
        self.base_offset = base_offset
        self.next_offset = base_offset if stored is None else stored.next_offset
        self.stored = stored
        self._forget()

    def _forget(self) -> None:
        self.entries: SharedList[Entry] = SharedList()
        self.offsets = OffsetIndex()
        self.times = TimeIndex()

    @property
    def size_in_bytes(self) -> int:
        size = self.offsets.size_in_bytes
        return size if self.stored is None else size + self.stored.size_in_bytes

    @property
    def is_empty(self) -> bool:
        return not self.entries and (self.stored is None or not self.stored.size_in_bytes)

    @property
    def bytes_in_memory(self) -> int:
        return self.offsets.size_in_bytes

    @property
    def max_timestamp(self) -> int:
        """The latest of its records, -1 if none has a timestamp."""
        latest = self.times.max_timestamp
        return latest if self.stored is None else max(latest, self.stored.max_timestamp)

    @property
    def first_timestamp(self) -> int:
        """Of its first batch; -1 if there is none."""
        first = next(self.entries_from(self.base_offset), None)
        return -1 if first is None else first.batch.max_timestamp

    def append(self, entry: Entry) -> None:
        self.times.append(entry.batch.max_timestamp, len(self.entries))
        self.offsets.append(entry.base_offset, entry.size_in_bytes)
        self.entries.append(entry)
        self.next_offset = entry.next_offset

    def should_roll(self, entry: Entry, segment_bytes: int, segment_ms: int) -> bool:
        """Whether `entry` must begin a new segment: this one is full, or began too long before.

        Age is measured in the records' own time.  A batch larger than a segment may be gets one to
        itself (Kafka refuses it, and does not allow segments so small).
        """
        stored = self.stored
        if stored is None:
            size = self.offsets.size_in_bytes
            if not size:
                return False
            began = self.entries[0].batch.max_timestamp
        else:
            size = self.size_in_bytes
            if not size:
                return False
            began = stored.first_timestamp if stored.size_in_bytes else self.first_timestamp
        if size + entry.size_in_bytes > segment_bytes:
            return True
        return began >= 0 and entry.batch.max_timestamp - began > segment_ms

    def find(self, offset: int) -> int:
        """The number, in memory, of the first batch that ends at or after `offset`."""
        number = self.offsets.floor(offset)
        if number < 0 or self.entries[number].next_offset <= offset:
            return number + 1
        return number

    def entries_from(self, offset: int) -> Iterator[Entry]:
        """Every batch from the one that has `offset`."""
        if self.stored is not None:
            yield from self.stored.entries_from(offset)
        yield from self.entries.slice(self.find(offset), len(self.entries))

    def entries_since(self, timestamp: int) -> Iterator[Entry]:
        """Every batch from the first that has a record as late as `timestamp`, or before it."""
        if self.stored is not None:
            yield from self.stored.entries_since(timestamp)
        number = self.times.first_at_or_after(timestamp)
        if number is not None:
            yield from self.entries.slice(number, len(self.entries))

    def read(
        self, offset: int, max_bytes: int, up_to: int, at_least_one: bool
    ) -> tuple[list[Entry], bool]:
        """Whole batches from the one that has `offset`, and whether more may follow later on.

        None goes over `up_to`; together they have at most `max_bytes`, but for a first one if
        `at_least_one`.
        """
        stored = self.stored
        if stored is not None and offset < stored.next_offset:
            some, more = stored.read(offset, max_bytes, up_to, at_least_one)
            if not more:
                return some, False
            max_bytes -= sum([entry.size_in_bytes for entry in some])
            rest, more = self._read(offset, max_bytes, up_to, at_least_one and not some)
            return some + rest, more
        return self._read(offset, max_bytes, up_to, at_least_one)

    def _read(
        self, offset: int, max_bytes: int, up_to: int, at_least_one: bool
    ) -> tuple[list[Entry], bool]:
        count = len(self.entries)
        if count and self.next_offset <= up_to:
            last = self.entries[count - 1]
            if last.base_offset == offset and (at_least_one or last.size_in_bytes <= max_bytes):
                return [last], True  # what followers ask for, nearly always
        start = self.find(offset)
        if start >= count:
            return [], True
        stop = self.offsets.within(max_bytes, start)
        if stop == start and at_least_one:
            stop += 1
        if self.next_offset > up_to:
            end = self.offsets.below(up_to, start)
            if end > start and self.entries[end - 1].next_offset > up_to:
                end -= 1
            stop = min(stop, end)
        return self.entries.slice(start, stop), stop == len(self.entries)

    def truncate(self, offset: int) -> None:
        """Remove every batch that ends at or after `offset`."""
        batches = self.find(offset)
        self.entries.truncate(batches)
        self.offsets.truncate(batches)
        self.times.truncate(batches)
        if batches:
            self.next_offset = self.entries[-1].next_offset
            return
        if self.stored is not None and self.stored.next_offset > offset:
            self.stored.truncate(offset)
        self.next_offset = self.base_offset if self.stored is None else self.stored.next_offset

    def let_go(self, stored: StoredRun, kept_bytes: int) -> None:
        """Keep about `kept_bytes` in memory, the newest; the others are in the file of `stored`."""
        entries, self.stored = list(self.entries), stored
        excess = self.offsets.size_in_bytes - kept_bytes
        self._forget()
        next_offset = self.next_offset
        for entry in entries:
            if excess > 0:
                stored.append(entry)
                excess -= entry.size_in_bytes
            else:
                self.append(entry)
        self.next_offset = next_offset

    def fork(self) -> Self:
        other = type(self).__new__(type(self))
        other.base_offset = self.base_offset
        other.next_offset = self.next_offset
        other.stored = self.stored.fork() if self.stored is not None else None
        other.entries = self.entries.fork()
        other.offsets = self.offsets.fork()
        other.times = self.times.fork()
        return other

    def __repr__(self) -> str:
        return f"LogSegment({self.base_offset}…{self.next_offset - 1}, {self.size_in_bytes} bytes)"
