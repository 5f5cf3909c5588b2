"""The part of a segment that is only on the disk: read when asked for, by a sparse index.

    file      ┌───────────────────────────────┬ ─ ─ ─ ─ ─ ─ ─ ─
              │ stored run                    │ in memory too …
    rows      ·    ·    ·    ·    ·    ·      (last offset, position), every index.interval.bytes

A log in memory has none.  On disk the newest batches of the active segment are in memory as well,
for the followers and consumers who are near; all else is here.  The index is loaded on first use,
so a log of a gigabyte opens without reading it.

Invariants: bytes below `size_in_bytes` never change while a run shares them; rows rise.

In Kafka: `FileRecords`, `OffsetIndex` and `TimeIndex` of a `LogSegment`.
Read next: `log_segment`; `storage_log`, whose files these are.
"""

from collections.abc import Iterator
from struct import Struct
from typing import Final, Protocol, Self

from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.log.shared_list import SharedList
from kafkalab.record import Entry
from kafkalab.record.records import entries_in

_CHUNK_BYTES: Final = 1 << 18
_LENGTH: Final = Struct(">8xi")


class ByteSource(Protocol):
    """A file, or what stands for one."""

    @property
    def name(self) -> str: ...

    def read(self, position: int, size: int) -> bytes:
        """At most `size` bytes; fewer only at the end."""

    def share(self) -> None:
        """Somebody else keeps this: from now on what is there must not be overwritten."""


class SparseIndex:
    """Rows for some of the batches of a segment, by offset and by time, as Kafka writes them."""

    __slots__ = (
        "_interval",
        "_since",
        "latest_at",
        "max_timestamp",
        "offsets",
        "positions",
        "times",
    )

    def __init__(self, interval_bytes: int) -> None:
        self._interval = interval_bytes
        self._since = 0
        self.max_timestamp = -1
        self.latest_at = -1  # the last offset of the batch that has it
        self.offsets: SharedList[int] = SharedList()
        self.positions: SharedList[int] = SharedList()
        self.times: SharedList[tuple[int, int]] = SharedList()  # (timestamp, last offset)

    def append(self, entry: Entry, position: int) -> None:
        """The batch at `position` follows."""
        if entry.batch.max_timestamp > self.max_timestamp:
            self.max_timestamp, self.latest_at = entry.batch.max_timestamp, entry.last_offset
        if self._since > self._interval:
            self.offsets.append(entry.last_offset)
            self.positions.append(position)
            self.seal()
            self._since = 0
        self._since += entry.size_in_bytes

    def follow(self, entry: Entry) -> None:
        """A batch after the last row, found again: it has no row of its own."""
        if entry.batch.max_timestamp > self.max_timestamp:
            self.max_timestamp, self.latest_at = entry.batch.max_timestamp, entry.last_offset
        self._since += entry.size_in_bytes

    def seal(self) -> None:
        """Write down the latest timestamp so far."""
        if self.max_timestamp >= 0 and (not self.times or self.times[-1][0] < self.max_timestamp):
            self.times.append((self.max_timestamp, self.latest_at))

    def position_of(self, offset: int) -> int:
        """Where to begin to look for the batch with `offset`."""
        row = self.offsets.bisect_right(offset) - 1
        return self.positions[row] if row >= 0 else 0

    def offset_before(self, timestamp: int) -> int:
        """An offset at or before the first batch as late as `timestamp`; 0 if none is known."""
        row = self.times.bisect_left((timestamp,)) - 1
        return self.times[row][1] if row >= 0 else 0

    def truncate(self, position: int, offset: int) -> None:
        """Only what lies below `position`, and ends below `offset`, is left."""
        rows = self.positions.bisect_left(position)
        self.offsets.truncate(rows)
        self.positions.truncate(rows)
        count = len(self.times)
        while count and self.times[count - 1][1] >= offset:
            count -= 1
        self.times.truncate(count)
        self.max_timestamp, self.latest_at = self.times[-1] if count else (-1, -1)
        self._since = position - (self.positions[-1] if rows else 0)

    def fork(self) -> Self:
        other = type(self)(self._interval)
        other._since, other.max_timestamp = self._since, self.max_timestamp
        other.latest_at = self.latest_at
        other.offsets, other.positions = self.offsets.fork(), self.positions.fork()
        other.times = self.times.fork()
        return other


class StoredRun:
    """See the module's docstring.  `index` None: not loaded yet; `load_index` gives it."""

    __slots__ = (
        "_began",
        "_index",
        "base_offset",
        "max_timestamp",
        "next_offset",
        "size_in_bytes",
        "source",
    )

    def __init__(
        self,
        source: "IndexedSource",
        base_offset: int,
        next_offset: int,
        size_in_bytes: int,
        max_timestamp: int,
        index: SparseIndex | None = None,
    ) -> None:
        self.source = source
        self.base_offset = base_offset
        self.next_offset = next_offset
        self.size_in_bytes = size_in_bytes
        self.max_timestamp = max_timestamp
        self._index = index
        self._began: int | None = None

    @property
    def first_timestamp(self) -> int:
        """Of its first batch, read once."""
        if self._began is None:
            _, first = next(self.batches())
            self._began = first.batch.max_timestamp
        return self._began

    @property
    def index(self) -> SparseIndex:
        """Loaded now if it has not been."""
        if self._index is None:
            self._index = self.source.load_index(self)
        return self._index

    @property
    def is_indexed(self) -> bool:
        return self._index is not None

    def append(self, entry: Entry) -> None:
        """The batch that follows in the file need not be kept in memory any more."""
        self.index.append(entry, self.size_in_bytes)
        self.size_in_bytes += entry.size_in_bytes
        self.next_offset = entry.next_offset
        self.max_timestamp = max(self.max_timestamp, entry.batch.max_timestamp)

    def batches(self, position: int = 0) -> Iterator[tuple[int, Entry]]:
        """(position, batch) from the batch that begins at `position` on.

        KafkaError CORRUPT_MESSAGE names the file if there is none.  The CRC is not checked.
        """
        while position < self.size_in_bytes:
            data = self.source.read(position, min(_CHUNK_BYTES, self.size_in_bytes - position))
            begin = position
            try:
                for entry in entries_in(data):
                    yield position, entry
                    position += entry.size_in_bytes
                if position == begin:
                    entry = self._large(data, position)
                    yield position, entry
                    position += entry.size_in_bytes
            except KafkaError as error:
                raise self._damaged(position, error.message) from None

    def entries_from(self, offset: int) -> Iterator[Entry]:
        """Every batch from the one that has `offset`."""
        if offset >= self.next_offset:
            return
        for _, entry in self.batches(self.index.position_of(offset)):
            if entry.next_offset > offset:
                yield entry

    def entries_since(self, timestamp: int) -> Iterator[Entry]:
        """Every batch from the first that may have a record as late as `timestamp`."""
        if timestamp <= self.max_timestamp:
            yield from self.entries_from(max(self.index.offset_before(timestamp), self.base_offset))

    def read(
        self, offset: int, max_bytes: int, up_to: int, at_least_one: bool
    ) -> tuple[list[Entry], bool]:
        """As `LogSegment.read`."""
        entries: list[Entry] = []
        for entry in self.entries_from(offset):
            is_too_much = entry.size_in_bytes > max_bytes and (entries or not at_least_one)
            if entry.next_offset > up_to or is_too_much:
                return entries, False
            entries.append(entry)
            max_bytes -= entry.size_in_bytes
        return entries, True

    def truncate(self, offset: int) -> None:
        """Remove every batch that ends at or after `offset`; the file is not touched."""
        start = self.index.position_of(offset - 1)  # the batch of that row stays
        end, next_offset = start, self.base_offset
        for position, entry in self.batches(start):
            if entry.next_offset > offset:
                break
            end, next_offset = position + entry.size_in_bytes, entry.next_offset
        self.size_in_bytes, self.next_offset = end, next_offset
        index = self.index
        index.truncate(end, offset)
        after = index.offset_before(1 << 62)
        for _, entry in self.batches(index.position_of(after)):
            if entry.batch.max_timestamp > index.max_timestamp:
                index.max_timestamp = entry.batch.max_timestamp
                index.latest_at = entry.last_offset
        self.max_timestamp = index.max_timestamp

    def fork(self) -> Self:
        """Another that shares the bytes; they stay as they are from now on."""
        self.source.share()
        return type(self)(
            self.source,
            self.base_offset,
            self.next_offset,
            self.size_in_bytes,
            self.max_timestamp,
            self._index.fork() if self._index else None,
        )

    def _large(self, data: bytes, position: int) -> Entry:
        """A batch larger than a chunk."""
        size = 12 + _LENGTH.unpack_from(data)[0] if len(data) >= _LENGTH.size else 0
        if size <= len(data) or position + size > self.size_in_bytes:
            raise KafkaError(ErrorCode.CORRUPT_MESSAGE, "a batch has no end")
        return next(iter(entries_in(self.source.read(position, size))))

    def _damaged(self, position: int, what: str) -> KafkaError:
        return KafkaError(
            ErrorCode.CORRUPT_MESSAGE, f"{self.source.name} is damaged at byte {position}: {what}"
        )


class IndexedSource(ByteSource, Protocol):
    """A segment's file, with its index files."""

    def load_index(self, run: StoredRun) -> SparseIndex:
        """From its file, or anew from the batches if that is missing or damaged."""
