"""A snapshot of the metadata log: everything its entries below one offset come to.

    00000000000000000120-0000000003.checkpoint      end offset 120, written in epoch 3
    [header, time of the last entry] [records …] [records …] [footer]

It stands for the log below its end offset, which may then be cut off; who is further behind fetches
the snapshot instead (FetchSnapshot), in pieces.  Its bytes are batches of Kafka's format.

Invariant (Q7): replaying it gives what replaying the log up to its end offset gives.

In Kafka: `RecordsSnapshotWriter`, `Snapshots`, `SnapshotFileReader`; KIP-630.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from kafkalab.metadata.serde import decode_batch, encode_batch
from kafkalab.protocol.codec import encode_bytes
from kafkalab.protocol.messages.control_records import SnapshotFooterRecord, SnapshotHeaderRecord
from kafkalab.record import Batch, ControlType, Entry, Records, control_batch, parse_records

_RECORDS_IN_A_BATCH: Final = 500
_VERSION: Final = 0


class SnapshotId(NamedTuple):
    """What a snapshot stands for: the log below `end_offset`, whose last entry is of `epoch`."""

    end_offset: int
    epoch: int

    @property
    def file_name(self) -> str:
        return f"{self.end_offset:020d}-{self.epoch:010d}.checkpoint"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`timestamp`: of the last entry it contains, in ms.  `data`: batches, as in a file."""

    id: SnapshotId
    timestamp: int
    data: bytes

    def records(self) -> tuple[Any, ...]:
        """The metadata records in it, in order."""
        entries = parse_records(self.data)
        return tuple(record for entry in entries for record in decode_batch(entry.batch))


def write_snapshot(id: SnapshotId, records: Iterable[Any], timestamp: int) -> Snapshot:
    """The snapshot that holds these records."""
    content = tuple(records)
    header = SnapshotHeaderRecord(version=_VERSION, last_contained_log_timestamp=timestamp)
    footer = SnapshotFooterRecord(version=_VERSION)
    batches = [
        _control(ControlType.SNAPSHOT_HEADER, header, timestamp),
        *[
            encode_batch(content[at : at + _RECORDS_IN_A_BATCH], timestamp)
            for at in range(0, len(content), _RECORDS_IN_A_BATCH)
        ],
        _control(ControlType.SNAPSHOT_FOOTER, footer, timestamp),
    ]
    entries, offset = [], 0
    for batch in batches:
        entry = Entry(offset, id.epoch, batch)
        entries.append(entry)
        offset = entry.next_offset
    return Snapshot(id, timestamp, b"".join(Records(tuple(entries)).buffers()))


def read_snapshot(id: SnapshotId, data: bytes) -> Snapshot:
    """A snapshot from its bytes, as they were fetched.  KafkaError for damage."""
    (header, *_) = parse_records(data)
    return Snapshot(id, header.batch.max_timestamp, data)


def _control(kind: ControlType, message: Any, timestamp: int) -> Batch:
    return control_batch([(kind, encode_bytes(message, _VERSION))], timestamp)
