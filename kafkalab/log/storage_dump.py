"""The files of a log in words, one line a batch, record or row: for `kafkalab dump-log`.

It reads what this project wrote and what Apache Kafka wrote: the format is the same.

In Kafka: `org.apache.kafka.tools.DumpLogSegments --deep-iteration --print-data-log`.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from kafkalab.errors import KafkaError, LearnerError
from kafkalab.log import file_formats as formats
from kafkalab.log.storage_files import read_whole
from kafkalab.log.storage_log import (
    ABORTED_INDEX,
    INDEX,
    LOG,
    SNAPSHOT,
    TIME_INDEX,
    StoredSegmentFile,
)
from kafkalab.log.stored_run import StoredRun
from kafkalab.record import Batch, Entry, control_type, end_marker
from kafkalab.record.retained import delete_horizon

#: What the records of a batch say, if their values are more than bytes (the metadata log's).
Describe = Callable[[Batch], list[str]]
_KINDS: Final = (LOG, ".checkpoint", INDEX, TIME_INDEX, ABORTED_INDEX, SNAPSHOT)
_INTERVAL_BYTES: Final = 4096


def dump(path: Path, describe: Describe | None = None) -> Iterator[str]:
    """The lines.  `LearnerError` if it is no file of a log; damage is told where it is found."""
    if not path.is_file():
        raise LearnerError(f"{path} is no file: give a segment, such as …/00000000000000000000.log")
    if path.suffix not in _KINDS:
        raise LearnerError(f"{path} is none of {', '.join(f'*{kind}' for kind in _KINDS)}")
    if path.suffix in (LOG, ".checkpoint"):
        yield from _batches(path, describe)
        return
    data = read_whole(path) or b""
    base = formats.offset_of(path.name, path.suffix) or 0
    try:
        if path.suffix == INDEX:
            for offset, position in formats.unpack_rows(formats.OFFSET_ROW, data):
                yield f"offset: {base + offset} position: {position}"
        elif path.suffix == TIME_INDEX:
            for timestamp, offset in formats.unpack_rows(formats.TIME_ROW, data):
                yield f"timestamp: {timestamp} offset: {base + offset}"
        elif path.suffix == ABORTED_INDEX:
            for row in formats.unpack_aborted(data):
                yield (
                    f"producerId: {row.producer_id} firstOffset: {row.first_offset} "
                    f"lastOffset: {row.last_offset}"
                )
        else:
            for producer_id, entry in formats.unpack_producers(data).items():
                yield f"producerId: {producer_id} {entry}"
    except formats.Damaged as error:
        yield f"{path} is damaged: {error}"


def _batches(path: Path, describe: Describe | None) -> Iterator[str]:
    file = StoredSegmentFile(path, _INTERVAL_BYTES)
    run = StoredRun(file, 0, 0, file.size_in_bytes, -1)
    end = 0
    try:
        for position, entry in run.batches():
            end = position + entry.size_in_bytes
            yield _batch(entry, position)
            yield from _records(entry, describe)
    except KafkaError as error:
        yield str(error)
    if end != run.size_in_bytes:
        yield f"{run.size_in_bytes - end} bytes from position {end} on are no whole batch"


def _batch(entry: Entry, position: int) -> str:
    batch = entry.batch
    try:
        batch.check_crc()
        is_valid = True
    except KafkaError:
        is_valid = False
    time = "LogAppendTime" if batch.is_log_append_time else "CreateTime"
    horizon = delete_horizon(batch)
    return (
        f"baseOffset: {entry.base_offset} lastOffset: {entry.last_offset} "
        f"count: {batch.record_count} baseSequence: {batch.base_sequence} "
        f"lastSequence: {batch.last_sequence} producerId: {batch.producer_id} "
        f"producerEpoch: {batch.producer_epoch} partitionLeaderEpoch: {entry.leader_epoch} "
        f"isTransactional: {_word(batch.is_transactional)} isControl: {_word(batch.is_control)} "
        f"deleteHorizonMs: {'none' if horizon is None else horizon} position: {position} "
        f"{time}: {batch.max_timestamp} size: {entry.size_in_bytes} magic: 2 "
        f"compresscodec: {batch.compression.name.lower()} crc: {batch.crc} "
        f"isvalid: {_word(is_valid)}"
    )


def _records(entry: Entry, describe: Describe | None) -> Iterator[str]:
    batch = entry.batch
    told = describe(batch) if describe is not None and not batch.is_control else []
    for number, record in enumerate(entry.records()):
        line = f"| offset: {record.offset} timestamp: {record.timestamp}"
        if batch.is_control:
            kind, marker = control_type(record), end_marker(batch)
            line += f" control: {kind.name if kind is not None else 'unknown'}"
            if marker is not None:
                line += f" coordinatorEpoch: {marker.coordinator_epoch}"
        elif told:
            line += f" {told[number]}"
        else:
            headers = " ".join(f"{name}={_text(value)}" for name, value in record.headers)
            line += f" key: {_text(record.key)} value: {_text(record.value)}"
            line += f" headers: {headers}" if headers else ""
        yield line


def _text(data: bytes | None) -> str:
    if data is None:
        return "null"
    text = data.decode("utf-8", "replace")
    return text if text.isprintable() and "\ufffd" not in text else f"0x{data.hex()}"


def _word(value: bool) -> str:
    return str(value).lower()
