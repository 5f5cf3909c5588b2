"""A stretch of a log that is kept, and thrown away, as a whole.

Only the last segment of a log takes appends.  The others are sealed, and sealed segments never
change: branches share them, and a truncation that ends inside one goes on with a fork of it.

Invariants: entries' offsets rise; none is below `base_offset`; the indexes have what the entries
have.

In Kafka: `LogSegment`.  Read next: `log_segments`.
"""

from typing import Self

from kafkalab.log.offset_index import OffsetIndex
from kafkalab.log.shared_list import SharedList
from kafkalab.log.time_index import TimeIndex
from kafkalab.record import Entry


class LogSegment:
    """Entries in a row from `base_offset` on, with an index by offset and one by time."""

    __slots__ = ("base_offset", "entries", "next_offset", "offsets", "times")

    def __init__(self, base_offset: int) -> None:
        self.base_offset = base_offset
        self.next_offset = base_offset
        self.entries: SharedList[Entry] = SharedList()
        self.offsets = OffsetIndex()
        self.times = TimeIndex()

    @property
    def size_in_bytes(self) -> int:
        return self.offsets.size_in_bytes

    @property
    def max_timestamp(self) -> int:
        """The latest of its records, -1 if none has a timestamp."""
        return self.times.max_timestamp

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
        if not self.entries:
            return False
        if self.size_in_bytes + entry.size_in_bytes > segment_bytes:
            return True
        began = self.entries[0].batch.max_timestamp
        return began >= 0 and entry.batch.max_timestamp - began > segment_ms

    def find(self, offset: int) -> int:
        """The number of the first batch that ends at or after `offset`."""
        number = self.offsets.floor(offset)
        if number < 0 or self.entries[number].next_offset <= offset:
            return number + 1
        return number

    def read(
        self, offset: int, max_bytes: int, up_to: int, at_least_one: bool
    ) -> tuple[list[Entry], bool]:
        """Whole batches from the one that has `offset`, and whether more may follow later on.

        None goes over `up_to`; together they have at most `max_bytes`, but for a first one if
        `at_least_one`.
        """
        start = self.find(offset)
        if start >= len(self.entries):
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
        self.next_offset = self.entries[-1].next_offset if batches else self.base_offset

    def fork(self) -> Self:
        other = type(self).__new__(type(self))
        other.base_offset = self.base_offset
        other.next_offset = self.next_offset
        other.entries = self.entries.fork()
        other.offsets = self.offsets.fork()
        other.times = self.times.fork()
        return other

    def __repr__(self) -> str:
        return f"LogSegment({self.base_offset}…{self.next_offset - 1}, {self.size_in_bytes} bytes)"
