"""What compaction leaves of a batch: some of its records, or only its header.

The base offset, the last offset, the producer and its sequence stay as they were, so offsets keep
their meaning, and a producer that goes on is still known by its last batch.

A batch with a tombstone (or the marker of a transaction of which nothing is left) gets a *delete
horizon* when it is first cleaned: the time from which the tombstone may go.  It stands where the
base timestamp was, with a bit that says so (KIP-534).

In Kafka: `MemoryRecords.filterTo`, `DefaultRecordBatch.writeEmptyHeader`.
Read next: `log.cleaner`, which decides what stays.
"""

from collections.abc import Sequence

from kafkalab.record.batch import (
    COMPRESSION_MASK,
    DELETE_HORIZON,
    Batch,
    encode_body,
)
from kafkalab.record.compression import Compression, compress
from kafkalab.record.record import Record, encode_record

_NO_TIMESTAMP = -1


def delete_horizon(batch: Batch) -> int | None:
    """From when (ms) the tombstones of this batch may be removed; None if nobody has said yet."""
    return batch.base_timestamp if batch.attributes & DELETE_HORIZON else None


def with_records(
    batch: Batch, base_offset: int, records: Sequence[Record], horizon: int | None
) -> Batch:
    """The same batch with only these records of it (at least one), and this delete horizon."""
    assert records
    base = records[0].timestamp if horizon is None else horizon
    payload = bytearray()
    for record in records:
        encode_record(
            payload,
            record.offset - base_offset,
            record.timestamp - base,
            record.key,
            record.value,
            record.headers,
        )
    latest = batch.max_timestamp
    if not batch.is_log_append_time:
        latest = max([record.timestamp for record in records])
    attributes = batch.attributes & ~DELETE_HORIZON
    kind = batch.compression
    return Batch(
        encode_body(
            attributes=attributes if horizon is None else attributes | DELETE_HORIZON,
            last_offset_delta=batch.last_offset_delta,
            base_timestamp=base,
            max_timestamp=latest,
            producer_id=batch.producer_id,
            producer_epoch=batch.producer_epoch,
            base_sequence=batch.base_sequence,
            record_count=len(records),
            payload=payload if kind is Compression.NONE else compress(kind, bytes(payload)),
        )
    )


def without_records(batch: Batch) -> Batch:
    """Only the header: offsets, producer and sequence."""
    return Batch(
        encode_body(
            attributes=batch.attributes & ~(DELETE_HORIZON | COMPRESSION_MASK),
            last_offset_delta=batch.last_offset_delta,
            base_timestamp=_NO_TIMESTAMP,
            max_timestamp=batch.max_timestamp,
            producer_id=batch.producer_id,
            producer_epoch=batch.producer_epoch,
            base_sequence=batch.base_sequence,
            record_count=0,
            payload=b"",
        )
    )
