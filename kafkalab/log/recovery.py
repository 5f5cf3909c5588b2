"""Opening a log that a process before this one wrote, and that may have died while writing.

    recovery point ┐                        cut here: the first batch that is not whole
    ▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓│▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒│░░
    flushed: taken │ every batch is read, and its CRC checked
    as it is

After a clean end nothing is read but the last index rows.  After another one every segment from
the recovery point's on is read; indexes, leader epochs and producers are made anew from it.  What
is torn lies above the recovery point, because below it everything had been flushed: damage there
is no torn write, and is refused with the name of the file.  A cut below the high watermark is
told: it can only come from a loss of power, and other replicas have what is missing.

In Kafka: `LogLoader`, `UnifiedLog.rebuildProducerState`, `LogSegment.recover`.
Read next: `storage_directory`, which calls this for each log.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from kafkalab.config import Config
from kafkalab.errors import KafkaError
from kafkalab.ids import TopicPartition, Uuid
from kafkalab.log import file_formats as formats
from kafkalab.log.log_segment import LogSegment
from kafkalab.log.log_segments import LogSegments
from kafkalab.log.partition_log import PartitionLog
from kafkalab.log.producer_state import ProducerStates
from kafkalab.log.restarting import end_with_the_batches
from kafkalab.log.storage import StorageFailure
from kafkalab.log.storage_files import read_whole, remove
from kafkalab.log.storage_log import ABORTED_INDEX, EPOCHS_FILE, SNAPSHOT, TIME_INDEX, LogFiles
from kafkalab.log.stored_run import SparseIndex, StoredRun
from kafkalab.record import Entry


class Checkpoints(NamedTuple):
    """What the directory's checkpoints say of one log; absent ones are 0."""

    recovery_point: int
    high_watermark: int
    log_start_offset: int
    clean_offset: int


@dataclass(slots=True)
class Opened:
    """A log, and what had to be done to it, in sentences."""

    log: PartitionLog
    notes: list[str]


def open_log(
    files: LogFiles,
    name: TopicPartition,
    topic_id: Uuid,
    config: Config,
    known: Checkpoints,
    *,
    is_clean: bool,
) -> Opened:
    """The log in `files`, whose segments have been listed.  `StorageFailure` if it is damaged."""
    log = PartitionLog(name, config, topic_id)
    log.storage = files
    notes: list[str] = []
    bases = sorted(files.files)
    if not bases:
        log.segments = LogSegments(known.log_start_offset)
        log.log_start_offset = log.log_end_offset = known.log_start_offset
        files.reconcile(log)
        return Opened(log, notes)
    from_base = bases[-1]
    if not is_clean:
        from_base = max([base for base in bases if base <= known.recovery_point], default=bases[0])
    segments = [
        LogSegment(base, _sealed(files, base, following))
        for base, following in pairwise(bases)
        if base < from_base
    ]
    rows = _epochs(files, segments)
    for row in rows:
        log.epochs.assign(*row)
    if is_clean:
        segments.append(LogSegment(from_base, _tail(files, from_base)))
    else:
        for base in bases[len(segments) :]:
            run, is_whole = _checked(files, base, known.recovery_point, log, notes)
            segments.append(LogSegment(base, run))
            if not is_whole:
                for later in bases[len(segments) :]:
                    notes.append(f"{files.files[later].name}: removed, because it follows a cut")
                break
    log.segments = LogSegments.of(segments)
    found = log.segments.active.next_offset
    _restore(log, files, known, from_base, is_clean=is_clean)
    return Opened(log, notes if is_clean else notes + _remarks(log, known, found))


def _remarks(log: PartitionLog, known: Checkpoints, found: int) -> list[str]:
    """What is strange about its end; `found` is where its files ended."""
    name = log.topic_partition
    if found < known.log_start_offset:
        return [
            f"{name} begins anew at offset {known.log_start_offset}: what was in its files ended "
            f"before that, at {found}"
        ]
    if log.log_end_offset < known.high_watermark:
        return [
            f"{name} ends at offset {log.log_end_offset}, below its last known high watermark "
            f"{known.high_watermark}: other replicas have what is missing"
        ]
    return []


def _restore(
    log: PartitionLog, files: LogFiles, known: Checkpoints, from_base: int, *, is_clean: bool
) -> None:
    end_with_the_batches(log, known.log_start_offset)
    end = log.log_end_offset
    log.recovery_point = end if is_clean else min(known.recovery_point, end)
    log.clean_offset = min(known.clean_offset, end)
    log.epochs.truncate_from_end(end)
    log.epochs.truncate_from_start(log.log_start_offset)
    log.high_watermark = min(max(known.high_watermark, log.log_start_offset), end)
    _restore_producers(log, files, end if is_clean else from_base)
    log.producers.on_high_watermark(log.high_watermark)
    files.reconcile(log)


def _sealed(files: LogFiles, base: int, following: int) -> StoredRun:
    """A segment that was flushed: its last row of times is all that is read."""
    file = files.files[base]
    run = files.stored_run(base, following, file.size_in_bytes, -1)
    try:
        rows = formats.unpack_rows(formats.TIME_ROW, read_whole(file.beside(TIME_INDEX)) or b"")
    except formats.Damaged:
        rows = []
    if rows:
        run.max_timestamp = rows[-1][0]
    else:
        run.max_timestamp = run.index.max_timestamp
        file.write_index(run)
    return run


def _tail(files: LogFiles, base: int) -> StoredRun:
    """The active segment after a clean end: from its last index row on."""
    file = files.files[base]
    run = files.stored_run(base, base, file.size_in_bytes, -1)
    index = run.index
    position = index.positions[-1] if index.positions else 0
    try:
        for at, entry in run.batches(position):
            index.follow(entry)
            run.next_offset, position = entry.next_offset, at + entry.size_in_bytes
    except KafkaError as error:
        raise StorageFailure(f"{error}; it was whole when the process ended: restore it") from None
    run.max_timestamp = index.max_timestamp
    return run


def _checked(
    files: LogFiles, base: int, recovery_point: int, log: PartitionLog, notes: list[str]
) -> tuple[StoredRun, bool]:
    """A segment, batch by batch; whether it was whole.  Indexes and epochs are made on the way."""
    file = files.files[base]
    size = file.size_in_bytes
    whole = files.stored_run(base, base, size, -1)
    run = StoredRun(file, base, base, 0, -1, SparseIndex(files.interval_bytes))
    what = "no batch follows"
    try:
        for entry in _in_order(whole, base):
            if entry.leader_epoch > log.epochs.latest_epoch:
                log.epochs.assign(entry.leader_epoch, entry.base_offset)
            run.append(entry)
    except KafkaError as error:
        what = error.message.rpartition(": ")[2]
    if run.size_in_bytes == size:
        return run, True
    if run.next_offset < recovery_point:
        raise StorageFailure(
            f"{file.name} is damaged at byte {run.size_in_bytes} ({what}).  Everything below "
            f"offset {recovery_point} had been flushed, so this is no torn write: restore the "
            f"file, or remove {files.directory} and let the replica be copied anew"
        )
    notes.append(
        f"{file.name}: cut at offset {run.next_offset}, {size - run.size_in_bytes} bytes were no "
        f"whole batch"
    )
    return run, False


def _in_order(run: StoredRun, base: int) -> Iterator[Entry]:
    expected = base
    for _, entry in run.batches():
        entry.batch.check_crc()
        if entry.base_offset < expected or entry.batch.last_offset_delta < 0:
            return
        expected = entry.next_offset
        yield entry


def _epochs(files: LogFiles, segments: list[LogSegment]) -> tuple[tuple[int, int], ...]:
    """`leader-epoch-checkpoint`; from the batches of the sealed segments if it is not readable."""
    text = read_whole(files.directory / EPOCHS_FILE)
    try:
        rows = tuple(formats.epochs_of((text or b"").decode("utf-8", "replace")))
        files.known_epochs(rows)
        return rows
    except formats.Damaged:
        found: dict[int, int] = {}
        for segment in segments:
            for entry in segment.entries_from(segment.base_offset):
                found.setdefault(entry.leader_epoch, entry.base_offset)
        return tuple(sorted(found.items()))


def _restore_producers(log: PartitionLog, files: LogFiles, from_offset: int) -> None:
    """The newest readable snapshot up to `from_offset`, then what the log says after it."""
    log.producers = ProducerStates()
    start = log.log_start_offset
    for offset in reversed([at for at in files.snapshots() if at <= from_offset]):
        path = files.path(offset, SNAPSHOT)
        try:
            log.producers = ProducerStates.restored(
                formats.unpack_producers(read_whole(path) or b"")
            )
        except formats.Damaged:
            remove(path)
            continue
        start = max(offset, start)
        break
    log.aborted.clear()
    for segment in log.segments:
        if segment.base_offset < start and not _restore_aborted(log, files, segment, start):
            log.producers, start = ProducerStates(), log.log_start_offset
            log.aborted.clear()
            break
    for entry in log.segments.entries_from(start):
        if entry.batch.producer_id >= 0 and entry.base_offset >= start:
            aborted = log.producers.update(entry)
            if aborted is not None:
                log.aborted.append(aborted)


def _restore_aborted(log: PartitionLog, files: LogFiles, segment: LogSegment, up_to: int) -> bool:
    """What was aborted in a sealed segment; False if its index is damaged."""
    data = read_whole(files.path(segment.base_offset, ABORTED_INDEX)) or b""
    try:
        rows = formats.unpack_aborted(data)
    except formats.Damaged:
        return False
    for row in rows:
        if log.log_start_offset <= row.last_offset < up_to:
            log.aborted.append(row)
    return True
