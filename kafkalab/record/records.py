"""Batches in a row: at their places in a log, on the wire, or both at once.

    Records ── Entry ── Entry ── Entry        Entry = (base offset, leader epoch, Batch)
    wire:  prefix body prefix body prefix body        prefix = 16 bytes, made when it is sent

Nothing is joined or copied between a log and a socket, and what comes in is copied once.

Invariants: `next_offset` > `base_offset` in every entry that came through `parse_records` or
`validate_produced`.

In Kafka: `MemoryRecords`, `ByteBufferLogInputStream`.  Read next: `log.partition_log`.
"""

from collections.abc import Iterator, Sequence
from struct import Struct
from typing import ClassVar, Final, Protocol, final

from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.record.batch import HEADER_BYTES, MAGIC, PREFIX_BYTES, Batch
from kafkalab.record.record import Record

_PREFIX: Final = Struct(">qii")
_SHORTEST_LENGTH: Final = 14  # of a record in format 0; Kafka refuses less before it looks further


@final
class Entry:
    """A batch at its place in a log.  Immutable, shared by replicas and branches."""

    __slots__ = ("base_offset", "batch", "leader_epoch", "next_offset", "size_in_bytes")

    base_offset: int
    batch: Batch
    leader_epoch: int
    next_offset: int
    size_in_bytes: int

    def __init__(self, base_offset: int, leader_epoch: int, batch: Batch) -> None:
        self.base_offset = base_offset
        self.leader_epoch = leader_epoch
        self.batch = batch
        self.next_offset = base_offset + batch.last_offset_delta + 1
        self.size_in_bytes = batch.size_in_bytes

    @property
    def last_offset(self) -> int:
        return self.next_offset - 1

    @property
    def prefix(self) -> bytes:
        """The sixteen bytes before the body on the wire."""
        return _PREFIX.pack(self.base_offset, self.size_in_bytes - 12, self.leader_epoch)

    def records(self) -> tuple[Record, ...]:
        """The records with their offsets."""
        return self.batch.records(self.base_offset)

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, Entry)
            and self.base_offset == other.base_offset
            and self.leader_epoch == other.leader_epoch
            and self.batch == other.batch
        )

    def __hash__(self) -> int:
        return hash((self.base_offset, self.leader_epoch, self.batch))

    def __repr__(self) -> str:
        return (
            f"Entry({self.base_offset}…{self.last_offset}, epoch {self.leader_epoch}, {self.batch})"
        )


@final
class Records:
    """Entries on their way from a log to a log, a socket or a consumer; never joined."""

    __slots__ = ("entries",)

    EMPTY: ClassVar["Records"]
    entries: tuple[Entry, ...]

    def __init__(self, entries: tuple[Entry, ...]) -> None:
        self.entries = entries

    @property
    def size_in_bytes(self) -> int:
        """On the wire."""
        entries = self.entries
        if len(entries) == 1:
            return entries[0].size_in_bytes
        return sum([entry.size_in_bytes for entry in entries])

    def buffers(self) -> Sequence[bytes | memoryview]:
        """The wire's bytes in pieces: prefix, body, prefix, body …"""
        pieces: list[bytes | memoryview] = []
        for entry in self.entries:
            pieces += (entry.prefix, entry.batch.body)
        return pieces

    def records(self) -> tuple[Record, ...]:
        """All records of all batches, control records too."""
        return tuple([record for entry in self.entries for record in entry.records()])

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Records) and self.entries == other.entries

    def __hash__(self) -> int:
        return hash(self.entries)

    def __repr__(self) -> str:
        return f"Records{self.entries!r}"


Records.EMPTY = Records(())


class Buffers(Protocol):
    """Record data in pieces (`protocol.schema.Buffers`, of which this package cannot know)."""

    @property
    def size_in_bytes(self) -> int: ...

    def buffers(self) -> Sequence[bytes | memoryview]: ...


RecordData = Buffers | bytes | memoryview | None


def parse_records(data: RecordData) -> Records:
    """The batches in `data`, as a consumer or follower takes them.

    `Records` pass through untouched; bytes are copied once, per batch.  An incomplete last batch
    is dropped (a fetch may end anywhere).  Raises CORRUPT_MESSAGE for damage.
    """
    if isinstance(data, Records):
        return data
    entries = tuple(entries_in(data))
    for entry in entries:
        entry.batch.check_crc()
        if entry.batch.last_offset_delta < 0:
            raise KafkaError(ErrorCode.CORRUPT_MESSAGE, "a batch ends before it begins")
    return Records(entries)


def entries_in(data: RecordData) -> Iterator[Entry]:
    """The complete batches in `data`, CRC unchecked."""
    if isinstance(data, Records):
        yield from data.entries
        return
    if data is None:
        return
    if not isinstance(data, bytes | memoryview):
        data = b"".join(data.buffers())
    view = memoryview(data)
    position, end = 0, len(view)
    while end - position > PREFIX_BYTES:
        base_offset, length, leader_epoch = _PREFIX.unpack_from(view, position)
        if length < _SHORTEST_LENGTH:
            raise KafkaError(ErrorCode.CORRUPT_MESSAGE, f"a batch has length {length}")
        start, position = position + PREFIX_BYTES, position + 12 + length
        magic = view[start]
        if magic > MAGIC:
            raise KafkaError(ErrorCode.CORRUPT_MESSAGE, f"a batch has magic {magic}")
        if position > end:
            return
        if magic < MAGIC:
            message = f"a batch has magic {magic}; the formats before 2 ended with Kafka 4.0"
            raise KafkaError(ErrorCode.INVALID_RECORD, message)
        if position - start < HEADER_BYTES:
            raise KafkaError(ErrorCode.CORRUPT_MESSAGE, f"a batch has length {length}")
        yield Entry(base_offset, leader_epoch, Batch(bytes(view[start:position])))
