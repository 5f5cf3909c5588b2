"""The segments of one log, and the entries across them.

    sealed        sealed        active
    [0 … 41]      [42 … 90]     [91 … 97]  ◀── append; rolls when it is full
    └ deleted, oldest first     └ truncated, newest first

Invariants: there is always an active segment; base offsets rise; a sealed one is never empty.

In Kafka: `LogSegments`, `LocalLog`.  Left out: a fetch of Kafka's ends at the end of a segment,
because it is sent from one file.  Read next: `partition_log`.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import Self

from kafkalab.log.log_segment import LogSegment
from kafkalab.record import Entry

_BASE_OFFSET = attrgetter("base_offset")


class LogSegments:
    """At least one segment; the last is the active one."""

    __slots__ = ("_segments", "active")

    def __init__(self, base_offset: int) -> None:
        self.active = LogSegment(base_offset)
        self._segments = [self.active]

    @property
    def base_offset(self) -> int:
        return self._segments[0].base_offset

    @property
    def size_in_bytes(self) -> int:
        return sum([segment.size_in_bytes for segment in self._segments])

    def roll(self, base_offset: int) -> None:
        """Seal the active segment, which must not be empty, and begin another."""
        assert not self.active.is_empty
        self.active = LogSegment(base_offset)
        self._segments.append(self.active)

    def read(self, offset: int, max_bytes: int, up_to: int, at_least_one: bool) -> list[Entry]:
        """As `LogSegment.read`, across segments."""
        active = self.active
        if offset >= active.base_offset:
            return active.read(offset, max_bytes, up_to, at_least_one)[0]
        entries: list[Entry] = []
        for number in range(self._floor(offset), len(self._segments)):
            segment = self._segments[number]
            some, more = segment.read(offset, max_bytes, up_to, at_least_one and not entries)
            entries += some
            max_bytes -= sum([entry.size_in_bytes for entry in some])
            if not more or max_bytes <= 0:
                break
        return entries

    def entries_from(self, offset: int) -> Iterator[Entry]:
        """Every entry from the one that has `offset` to the end."""
        for segment in self._segments[self._floor(offset) :]:
            yield from segment.entries_from(offset)

    def truncate_to(self, offset: int) -> None:
        """Remove every batch that ends at or after `offset`."""
        while len(self._segments) > 1 and self.active.base_offset > offset:
            self._segments.pop()
            self.active = self._segments[-1].fork()  # sealed ones may be shared
            self._segments[-1] = self.active
        self.active.truncate(offset)

    def delete_oldest(self, count: int) -> list[LogSegment]:
        """Drop `count` segments, never the active one; which they were."""
        assert count < len(self._segments)
        gone = self._segments[:count]
        del self._segments[:count]
        return gone

    def replace(self, old: Sequence[LogSegment], new: LogSegment) -> None:
        """Put one sealed segment in the place of several in a row, as the cleaner does."""
        place = self._segments.index(old[0])
        assert self._segments[place : place + len(old)] == list(old), old
        assert self.active not in old
        self._segments[place : place + len(old)] = [new]

    @classmethod
    def of(cls, segments: Sequence[LogSegment]) -> Self:
        """As they were found on a disk, oldest first."""
        other = cls(segments[0].base_offset)
        other._segments = list(segments)
        other.active = segments[-1]
        return other

    def fork(self) -> Self:
        other = type(self).__new__(type(self))
        other._segments = self._segments.copy()
        other.active = other._segments[-1] = self.active.fork()
        for segment in self._segments:
            if segment.stored is not None:
                segment.stored.source.share()
        return other

    def _floor(self, offset: int) -> int:
        return max(0, bisect_right(self._segments, offset, key=_BASE_OFFSET) - 1)

    def __iter__(self) -> Iterator[LogSegment]:
        return iter(self._segments)

    def __len__(self) -> int:
        return len(self._segments)

    def __getitem__(self, index: int) -> LogSegment:
        return self._segments[index]
