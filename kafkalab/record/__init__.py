"""Records and batches: what is produced, stored, replicated and fetched.

    Record        key, value, headers, timestamp, offset: what an application sees
    Batch         immutable bytes of many records under one header; its header read once
    Entry         a Batch at its place in a log: base offset and leader epoch
    Records       entries in a row, on their way from a log to a socket or another log

A producer fills a `BatchBuilder` (or calls `build_batch`), a leader takes the one batch of a
request through `validate_produced`, followers and consumers read by `parse_records`.  Brokers
write `control_batch` and `end_marker_batch` for themselves.

Read `record`, then `batch`, `records`, `builder`; `compression` and `control` when needed.
"""

from kafkalab.record.batch import Batch
from kafkalab.record.builder import BatchBuilder, build_batch, estimated_size, recompressed
from kafkalab.record.compression import Compression
from kafkalab.record.control import (
    ControlType,
    EndMarker,
    control_batch,
    control_type,
    end_marker,
    end_marker_batch,
)
from kafkalab.record.record import Headers, Record
from kafkalab.record.records import Entry, RecordData, Records, parse_records
from kafkalab.record.validation import validate_produced

__all__ = [
    "Batch",
    "BatchBuilder",
    "Compression",
    "ControlType",
    "EndMarker",
    "Entry",
    "Headers",
    "Record",
    "RecordData",
    "Records",
    "build_batch",
    "control_batch",
    "control_type",
    "end_marker",
    "end_marker_batch",
    "estimated_size",
    "parse_records",
    "recompressed",
    "validate_produced",
]
