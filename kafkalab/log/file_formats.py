"""Kafka's files beside the log itself, between bytes and values: no file is touched here.

    00000000000000000042.log         batches, as on the wire
    00000000000000000042.index       rows (offset − 42: int32, position: int32), every 4096 bytes
    00000000000000000042.timeindex   rows (timestamp: int64, offset − 42: int32)
    00000000000000000042.txnindex    rows (version, producer id, first, last, last stable offset)
    00000000000000000042.snapshot    the producers, as the log says below offset 42
    leader-epoch-checkpoint          text: version, count, then a row a line
    partition.metadata               text: version, topic id

In Kafka: `OffsetIndex`, `TimeIndex`, `AbortedTxn`, `ProducerStateManager` (ProducerSnapshot.json),
`CheckpointFile`, `PartitionMetadata`.  A snapshot keeps one batch a producer, not five: so has
Kafka after a restart.
Read next: `storage_log`, which reads and writes them.
"""

import json
import struct
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Mapping
from struct import Struct
from typing import Any, Final

from kafkalab.ids import TopicPartition, Uuid, uuid_text
from kafkalab.log.producer_state import BatchMetadata, ProducerEntry
from kafkalab.log.transaction_index import AbortedTransaction
from kafkalab.record.crc32c import crc32c

OFFSET_ROW: Final = Struct(">ii")
TIME_ROW: Final = Struct(">qi")
_ABORTED_ROW: Final = Struct(">hqqqq")
_SNAPSHOT_HEAD: Final = Struct(">hI")
_COUNT: Final = Struct(">i")
_PRODUCER: Final = Struct(">qhiqiqiq")
_SNAPSHOT_VERSION: Final = 1
_QUORUM_STATE_VERSION: Final = 1
_NONE: Final = -1
_MAX_SEQUENCE: Final = (1 << 31) - 1


class Damaged(ValueError):
    """Bytes that are not what the file should hold; says what is wrong."""


def segment_name(base_offset: int, suffix: str) -> str:
    """`00000000000000000042.log`"""
    return f"{base_offset:020d}{suffix}"


def offset_of(name: str, suffix: str) -> int | None:
    """The offset in a file's name, or None if it is no such file."""
    stem = name.removesuffix(suffix)
    if stem == name or len(stem) != 20 or not (stem.isascii() and stem.isdigit()):
        return None
    return int(stem)


# --- indexes ------------------------------------------------------------------------------------


def pack_rows(row: Struct, rows: Iterable[tuple[int, int]]) -> bytes:
    return b"".join([row.pack(one, other) for one, other in rows])


def unpack_rows(row: Struct, data: bytes) -> list[tuple[int, int]]:
    """Both columns must not fall; zeros at the end are space Kafka keeps ready, not rows."""
    if len(data) % row.size:
        raise Damaged(f"{len(data)} bytes are no whole number of rows of {row.size}")
    rows: list[tuple[int, int]] = []
    before = (0, 0)
    for one, other in row.iter_unpack(data):
        if rows and (one, other) == (0, 0):
            break
        if one < before[0] or other < before[1]:
            raise Damaged(f"row {len(rows)} is {(one, other)}, after {before}")
        before = (one, other)
        rows.append(before)
    return [] if rows == [(0, 0)] and len(data) > row.size else rows


def pack_aborted(rows: Iterable[AbortedTransaction]) -> bytes:
    return b"".join(
        [
            _ABORTED_ROW.pack(
                0, row.producer_id, row.first_offset, row.last_offset, row.last_offset + 1
            )
            for row in rows
        ]
    )


def unpack_aborted(data: bytes) -> list[AbortedTransaction]:
    if len(data) % _ABORTED_ROW.size:
        raise Damaged(f"{len(data)} bytes are no whole number of rows of {_ABORTED_ROW.size}")
    rows: list[AbortedTransaction] = []
    for version, producer_id, first, last, _ in _ABORTED_ROW.iter_unpack(data):
        if version != 0 or first > last:
            raise Damaged(f"row {len(rows)} has version {version}, offsets {first} to {last}")
        rows.append(AbortedTransaction(producer_id, first, last))
    return rows


# --- producers ----------------------------------------------------------------------------------


def pack_producers(entries: Mapping[int, ProducerEntry]) -> bytes:
    """A ProducerSnapshot: the last batch and the open transaction of each."""
    rows = []
    for producer_id, entry in entries.items():
        last = entry.batches[-1] if entry.batches else None
        first_offset = entry.transaction_first_offset
        rows.append(
            _PRODUCER.pack(
                producer_id,
                entry.producer_epoch,
                last.last_sequence if last else _NONE,
                last.last_offset if last else _NONE,
                last.last_offset - last.base_offset if last else 0,
                entry.last_timestamp,
                entry.coordinator_epoch,
                _NONE if first_offset is None else first_offset,
            )
        )
    body = _COUNT.pack(len(rows)) + b"".join(rows)
    return _SNAPSHOT_HEAD.pack(_SNAPSHOT_VERSION, crc32c(body)) + body


def unpack_producers(data: bytes) -> dict[int, ProducerEntry]:
    try:
        version, crc = _SNAPSHOT_HEAD.unpack_from(data)
        body = data[_SNAPSHOT_HEAD.size :]
        (count,) = _COUNT.unpack_from(body)
        rows = list(_PRODUCER.iter_unpack(body[_COUNT.size :]))
    except struct.error as error:
        raise Damaged(str(error)) from None
    if version != _SNAPSHOT_VERSION or crc != crc32c(body) or count != len(rows):
        raise Damaged(
            f"version {version}, {count} producers, CRC {crc:#010x}: one of them is wrong"
        )
    return {row[0]: _producer(*row[1:]) for row in rows}


def _producer(
    epoch: int,
    last_sequence: int,
    last_offset: int,
    delta: int,
    timestamp: int,
    coordinator_epoch: int,
    first_offset: int,
) -> ProducerEntry:
    batches: tuple[BatchMetadata, ...] = ()
    if last_offset >= 0:
        base = _NONE if last_sequence == _NONE else (last_sequence - delta) & _MAX_SEQUENCE
        batches = (BatchMetadata(base, last_sequence, last_offset - delta, last_offset, timestamp),)
    return ProducerEntry(
        epoch,
        batches,
        timestamp,
        None if first_offset == _NONE else first_offset,
        coordinator_epoch,
    )


# --- texts --------------------------------------------------------------------------------------


def checkpoint_text(rows: Iterable[tuple[object, ...]]) -> str:
    """Version, number of rows, rows."""
    lines = [" ".join(map(str, row)) for row in rows]
    return "\n".join(["0", str(len(lines)), *lines, ""])


def checkpoint_rows(text: str, columns: int) -> list[list[str]]:
    lines = text.splitlines()
    if len(lines) < 2 or lines[0].strip() != "0" or not lines[1].strip().isdigit():
        raise Damaged("it does not begin with version 0 and a number of rows")
    rows = [line.split() for line in lines[2:] if line.strip()]
    if len(rows) != int(lines[1]) or any(len(row) != columns for row in rows):
        raise Damaged(f"there should be {lines[1]} rows of {columns} columns")
    return rows


def offsets_text(offsets: Mapping[TopicPartition, int]) -> str:
    """`recovery-point-offset-checkpoint` and its like."""
    return checkpoint_text(
        [(name.topic, name.partition, offset) for name, offset in offsets.items()]
    )


def offsets_of(text: str) -> dict[TopicPartition, int]:
    rows = checkpoint_rows(text, 3)
    try:
        return {TopicPartition(topic, int(number)): int(at) for topic, number, at in rows}
    except ValueError as error:
        raise Damaged(str(error)) from None


def epochs_of(text: str) -> list[tuple[int, int]]:
    """The rows of a `leader-epoch-checkpoint`."""
    try:
        return [(int(epoch), int(start)) for epoch, start in checkpoint_rows(text, 2)]
    except ValueError as error:
        raise Damaged(str(error)) from None


def partition_metadata_text(topic_id: Uuid) -> str:
    return f"version: 0\ntopic_id: {uuid_text(topic_id)}"


def topic_id_of(text: str) -> Uuid:
    """From a `partition.metadata`."""
    lines = dict(line.partition(": ")[::2] for line in text.splitlines())
    topic_id = urlsafe_b64decode(lines.get("topic_id", "") + "==")
    if lines.get("version") != "0" or len(topic_id) != 16:
        raise Damaged("there should be version 0 and a topic_id of 22 characters")
    return topic_id


def topic_partition_of(directory: str) -> TopicPartition | None:
    """`orders-eu-3` is partition 3 of orders-eu; None if the name has no number."""
    topic, dash, number = directory.rpartition("-")
    if not (topic and dash and number.isascii() and number.isdigit()):
        return None
    return TopicPartition(topic, int(number))


def quorum_state_text(state: Any) -> str:
    """`quorum-state`: the fields of a named tuple, in Kafka's spelling (QuorumStateData.json)."""
    fields = {_camel(name): value for name, value in state._asdict().items()}
    return json.dumps({**fields, "data_version": _QUORUM_STATE_VERSION})


def quorum_state_of(text: str) -> dict[str, Any]:
    """The fields again, in ours."""
    fields = json.loads(text)
    return {_snake(name): value for name, value in fields.items() if name != "data_version"}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join([word.capitalize() for word in rest])


def _snake(name: str) -> str:
    return "".join([f"_{letter.lower()}" if letter.isupper() else letter for letter in name])
