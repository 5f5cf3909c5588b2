"""Making batches: all at once from records, or record by record as a producer does.

    builder = BatchBuilder(Compression.LZ4)
    builder.append(key, value, headers, timestamp)      # 0, 1, 2 …: the record's place in the batch
    builder.size_in_bytes                               # before compression: never too small
    batch = builder.build(producer_id=…, producer_epoch=…, base_sequence=…)

Invariants: records are encoded when they come, so `build` costs a checksum and one copy (and the
compression); a builder stays as it was after `build`, so a retry may build again.

In Kafka: `MemoryRecordsBuilder`.  Left out: the estimate of the compression ratio
(`CompressionRatioEstimator`): like librdkafka, a batch is full by its plain size.
"""

from collections.abc import Iterable
from typing import Self

from kafkalab.record.batch import (
    COMPRESSION_MASK,
    CONTROL,
    HEADER_BYTES,
    NO_PRODUCER_ID,
    NO_SEQUENCE,
    PREFIX_BYTES,
    TRANSACTIONAL,
    Batch,
    encode_body,
)
from kafkalab.record.compression import Compression, compress
from kafkalab.record.record import Headers, Record, encode_headers, encode_record


class BatchBuilder:
    """One batch while it fills up."""

    __slots__ = ("_base_timestamp", "_encoded", "_max_timestamp", "compression", "record_count")

    def __init__(self, compression: Compression = Compression.NONE) -> None:
        self.compression = compression
        self.record_count = 0
        self._encoded = bytearray()
        self._base_timestamp = -1
        self._max_timestamp = -1

    @property
    def size_in_bytes(self) -> int:
        """On the wire, if it were not compressed."""
        return PREFIX_BYTES + HEADER_BYTES + len(self._encoded)

    def append(
        self,
        key: bytes | None,
        value: bytes | None,
        headers: Headers = (),
        timestamp: int = -1,
    ) -> int:
        """Add a record; its place in the batch, from 0."""
        index = self.record_count
        if index == 0:
            self._base_timestamp = self._max_timestamp = timestamp
        elif timestamp > self._max_timestamp:
            self._max_timestamp = timestamp
        delta = timestamp - self._base_timestamp
        encode_record(self._encoded, index, delta, key, value, headers)
        self.record_count = index + 1
        return index

    def build(
        self,
        *,
        producer_id: int = NO_PRODUCER_ID,
        producer_epoch: int = -1,
        base_sequence: int = NO_SEQUENCE,
        is_transactional: bool = False,
        is_control: bool = False,
    ) -> Batch:
        """The batch.  At least one record must have been appended."""
        assert self.record_count > 0
        payload: bytes | bytearray = self._encoded
        if self.compression is not Compression.NONE:
            payload = compress(self.compression, bytes(payload))
        return Batch(
            encode_body(
                attributes=self.compression
                | TRANSACTIONAL * is_transactional
                | CONTROL * is_control,
                last_offset_delta=self.record_count - 1,
                base_timestamp=self._base_timestamp,
                max_timestamp=self._max_timestamp,
                producer_id=producer_id,
                producer_epoch=producer_epoch,
                base_sequence=base_sequence,
                record_count=self.record_count,
                payload=payload,
            )
        )

    def fork(self) -> Self:
        other = type(self)(self.compression)
        other.record_count = self.record_count
        other._encoded = self._encoded.copy()
        other._base_timestamp = self._base_timestamp
        other._max_timestamp = self._max_timestamp
        return other


def build_batch(
    records: Iterable[Record],
    *,
    compression: Compression = Compression.NONE,
    producer_id: int = NO_PRODUCER_ID,
    producer_epoch: int = -1,
    base_sequence: int = NO_SEQUENCE,
    is_transactional: bool = False,
    is_control: bool = False,
) -> Batch:
    """A batch of these records (at least one), in this order; their own offsets do not matter."""
    builder = BatchBuilder(compression)
    append = builder.append
    for record in records:
        append(record.key, record.value, record.headers, record.timestamp)
    return builder.build(
        producer_id=producer_id,
        producer_epoch=producer_epoch,
        base_sequence=base_sequence,
        is_transactional=is_transactional,
        is_control=is_control,
    )


def estimated_size(key: bytes | None, value: bytes | None, headers: Headers = ()) -> int:
    """Bytes a record takes in a batch before compression, at most."""
    size = 1 + 10 + 5 + 5 + 5 + 5  # attributes, timestamp and offset, and three lengths
    size += len(key or b"") + len(value or b"")
    return size + (len(encode_headers(headers)) if headers else 1)


def recompressed(batch: Batch, compression: Compression) -> Batch:
    """The same records, differently compressed (topics with their own `compression.type`)."""
    data, position = batch.payload()
    return Batch(
        encode_body(
            attributes=batch.attributes & ~COMPRESSION_MASK | compression,
            last_offset_delta=batch.last_offset_delta,
            base_timestamp=batch.base_timestamp,
            max_timestamp=batch.max_timestamp,
            producer_id=batch.producer_id,
            producer_epoch=batch.producer_epoch,
            base_sequence=batch.base_sequence,
            record_count=batch.record_count,
            payload=compress(compression, data[position:]),
        )
    )
