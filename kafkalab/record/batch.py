"""A record batch (format v2): what is produced, stored, replicated and fetched, as one piece.

    offset on the wire      0            8       12            16     17   21          23
                            base offset  length  leader epoch  magic  CRC  attributes  last offset Δ
                            └── an Entry knows these ──────┘  └── a Batch owns this, to its end ──▶

    27        35       43           51              53             57     61
    base time max time producer id  producer epoch  base sequence  count  records

The first sixteen bytes change when a leader takes a batch, the rest never does, and the CRC covers
only the rest.  So a `Batch` is immutable `bytes` from the magic on, and an `Entry` puts it at its
place: leader, followers and all branches of a simulation share one object.

In Kafka: `DefaultRecordBatch`.  Left out: formats 0 and 1, gone since 4.0.
Read next: `records` (batches in a row), `builder` (makes one), `validation` (checks a client's).
"""

from struct import Struct
from typing import Final, final

from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.record.compression import Compression, decompress
from kafkalab.record.crc32c import crc32c
from kafkalab.record.record import Record, decode_records

MAGIC: Final = 2
PREFIX_BYTES: Final = 16  # what stands before the body on the wire
HEADER: Final = Struct(">bIhiqqqhii")
HEADER_BYTES: Final = HEADER.size  # of the body, before the records
CRC_FROM: Final = 5  # the CRC covers the body from the attributes on

COMPRESSION_MASK: Final = 0x07
LOG_APPEND_TIME: Final = 0x08
TRANSACTIONAL: Final = 0x10
CONTROL: Final = 0x20
DELETE_HORIZON: Final = 0x40

NO_PRODUCER_ID: Final = -1
NO_SEQUENCE: Final = -1
_MAX_SEQUENCE: Final = (1 << 31) - 1


@final
class Batch:
    """The immutable body of a batch, its header read once.  Equal if the bytes are."""

    __slots__ = (
        "attributes",
        "base_sequence",
        "base_timestamp",
        "body",
        "crc",
        "last_offset_delta",
        "max_timestamp",
        "producer_epoch",
        "producer_id",
        "record_count",
        "size_in_bytes",
    )

    body: bytes
    attributes: int
    base_sequence: int
    base_timestamp: int
    crc: int
    last_offset_delta: int
    max_timestamp: int
    producer_epoch: int
    producer_id: int
    record_count: int
    size_in_bytes: int  # on the wire: 16 + len(body)

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.size_in_bytes = PREFIX_BYTES + len(body)
        (
            magic,
            self.crc,
            self.attributes,
            self.last_offset_delta,
            self.base_timestamp,
            self.max_timestamp,
            self.producer_id,
            self.producer_epoch,
            self.base_sequence,
            self.record_count,
        ) = HEADER.unpack_from(body)
        assert magic == MAGIC, magic

    @property
    def compression(self) -> Compression:
        """Raises UNSUPPORTED_COMPRESSION_TYPE for a number no codec has."""
        try:
            return Compression(self.attributes & COMPRESSION_MASK)
        except ValueError as error:
            raise KafkaError(ErrorCode.UNSUPPORTED_COMPRESSION_TYPE, str(error)) from None

    @property
    def is_transactional(self) -> bool:
        return self.attributes & TRANSACTIONAL != 0

    @property
    def is_control(self) -> bool:
        return self.attributes & CONTROL != 0

    @property
    def is_log_append_time(self) -> bool:
        """Whether `max_timestamp`, set by the leader, is the timestamp of every record."""
        return self.attributes & LOG_APPEND_TIME != 0

    @property
    def last_sequence(self) -> int:
        """Sequence numbers go from 2³¹-1 on to 0; -1 if the batch has none."""
        if self.base_sequence == NO_SEQUENCE:
            return NO_SEQUENCE
        return (self.base_sequence + self.last_offset_delta) & _MAX_SEQUENCE

    def records(self, base_offset: int) -> tuple[Record, ...]:
        """The records, decompressed and decoded anew each time.

        Raises INVALID_RECORD if they are damaged.
        """
        data, position = self.payload()
        append_time = self.max_timestamp if self.is_log_append_time else None
        return decode_records(
            data, position, self.record_count, base_offset, self.base_timestamp, append_time
        )

    def payload(self) -> tuple[bytes, int]:
        """Some bytes, and where in them the encoded records begin; they go on to the end."""
        if self.attributes & COMPRESSION_MASK:
            return decompress(self.compression, self.body[HEADER_BYTES:]), 0
        return self.body, HEADER_BYTES

    def check_crc(self) -> None:
        """Raises CORRUPT_MESSAGE if the bytes are not those that were sent."""
        if crc32c(memoryview(self.body)[CRC_FROM:]) != self.crc:
            raise KafkaError(ErrorCode.CORRUPT_MESSAGE, f"the batch's CRC is not {self.crc:#010x}")

    def with_timestamp(self, max_timestamp: int, *, log_append_time: bool) -> "Batch":
        """The same batch with another largest timestamp and timestamp type, and a new CRC."""
        kept = self.attributes & ~LOG_APPEND_TIME
        return Batch(
            encode_body(
                attributes=kept | LOG_APPEND_TIME if log_append_time else kept,
                last_offset_delta=self.last_offset_delta,
                base_timestamp=self.base_timestamp,
                max_timestamp=max_timestamp,
                producer_id=self.producer_id,
                producer_epoch=self.producer_epoch,
                base_sequence=self.base_sequence,
                record_count=self.record_count,
                payload=memoryview(self.body)[HEADER_BYTES:],
            )
        )

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Batch) and self.body == other.body)

    def __hash__(self) -> int:
        return hash(self.body)

    def __repr__(self) -> str:
        kind = "control, " if self.is_control else "transactional, " * self.is_transactional
        return f"Batch({kind}{self.record_count} records, {self.size_in_bytes} bytes)"


def encode_body(
    *,
    attributes: int,
    last_offset_delta: int,
    base_timestamp: int,
    max_timestamp: int,
    producer_id: int,
    producer_epoch: int,
    base_sequence: int,
    record_count: int,
    payload: bytes | bytearray | memoryview,
) -> bytes:
    """A batch's bytes from the magic on; the CRC is computed here."""
    header = bytearray(
        HEADER.pack(
            MAGIC,
            0,
            attributes,
            last_offset_delta,
            base_timestamp,
            max_timestamp,
            producer_id,
            producer_epoch,
            base_sequence,
            record_count,
        )
    )
    checksum = crc32c(payload, crc32c(memoryview(header)[CRC_FROM:]))
    header[1:CRC_FROM] = checksum.to_bytes(4, "big")
    return b"".join((header, payload))
