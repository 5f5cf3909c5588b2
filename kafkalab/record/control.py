"""Control batches: what brokers write into logs for themselves, and consumers never see.

    key    version int16, type int16        0 abort  1 commit  2 leader change  3 snapshot header  …
    value  for a transaction's end: version int16, coordinator epoch int32
           for the others: a message of `protocol.messages.control_records`, encoded by its writer

A commit or abort marker ends a transaction in one partition; its batch carries the producer's id
and epoch and no sequence.  The quorum's control batches begin each leader's epoch and frame
snapshots.

In Kafka: `ControlRecordType`, `EndTransactionMarker`, `MemoryRecords.withEndTransactionMarker`.
Read next: `log.producer_state`, which takes markers in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from struct import Struct
from typing import Final

from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.record.batch import NO_PRODUCER_ID, Batch
from kafkalab.record.builder import build_batch
from kafkalab.record.record import Record

_KEY: Final = Struct(">hh")
_END_TRANSACTION: Final = Struct(">hi")


class ControlType(IntEnum):
    """Kafka's `ControlRecordType`."""

    ABORT = 0
    COMMIT = 1
    LEADER_CHANGE = 2
    SNAPSHOT_HEADER = 3
    SNAPSHOT_FOOTER = 4
    KRAFT_VERSION = 5
    KRAFT_VOTERS = 6


_TYPES: Final = frozenset(ControlType)


@dataclass(frozen=True, slots=True)
class EndMarker:
    """The end of a transaction in one partition."""

    committed: bool
    coordinator_epoch: int


def control_batch(
    records: Sequence[tuple[ControlType, bytes]],
    timestamp: int,
    *,
    producer_id: int = NO_PRODUCER_ID,
    producer_epoch: int = -1,
    is_transactional: bool = False,
) -> Batch:
    """A control batch of (type, encoded value)."""
    return build_batch(
        (Record(_KEY.pack(0, kind), value, (), timestamp) for kind, value in records),
        producer_id=producer_id,
        producer_epoch=producer_epoch,
        is_transactional=is_transactional,
        is_control=True,
    )


def end_marker_batch(
    *,
    committed: bool,
    producer_id: int,
    producer_epoch: int,
    coordinator_epoch: int,
    timestamp: int,
) -> Batch:
    """The marker that commits or aborts a producer's transaction."""
    kind = ControlType.COMMIT if committed else ControlType.ABORT
    return control_batch(
        [(kind, _END_TRANSACTION.pack(0, coordinator_epoch))],
        timestamp,
        producer_id=producer_id,
        producer_epoch=producer_epoch,
        is_transactional=True,
    )


def control_type(record: Record) -> ControlType | None:
    """What a record of a control batch is; None for a type that came after this release."""
    if record.key is None or len(record.key) < _KEY.size:
        raise KafkaError(ErrorCode.INVALID_RECORD, "a control record has no type")
    _, number = _KEY.unpack_from(record.key)
    return ControlType(number) if number in _TYPES else None


def end_marker(batch: Batch) -> EndMarker | None:
    """The marker in a control batch, or None if it is another kind of control batch."""
    if batch.record_count == 0:
        return None  # compaction took it
    record = batch.records(0)[0]
    kind = control_type(record)
    if kind not in (ControlType.ABORT, ControlType.COMMIT):
        return None
    if record.value is None or len(record.value) < _END_TRANSACTION.size:
        raise KafkaError(ErrorCode.INVALID_RECORD, "a transaction's marker is too short")
    _, coordinator_epoch = _END_TRANSACTION.unpack_from(record.value)
    return EndMarker(kind is ControlType.COMMIT, coordinator_epoch)
