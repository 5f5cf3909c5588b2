"""The directory of one log: `orders-0/`, laid out as Apache Kafka lays it out.

    00000000000000000000.log .index .timeindex .txnindex     sealed: never written again
    00000000000000000042.log                                 active: indexes come at its end
    00000000000000000042.snapshot                            producers, as of that offset
    leader-epoch-checkpoint   partition.metadata

Batches go to the file as they come.  The newest `MEMORY_BYTES` stay in memory beside it, for those
who read at the end of the log; older ones are read from the file again.

What is deleted is renamed to `….deleted` first, and removed after `file.delete.delay.ms`.

Invariants: the active file ends where the log ends; a file below the recovery point is flushed.

In Kafka: `LocalLog`, `LogSegment`, `UnifiedLog`.
Left out: indexes of the active segment are not written as it grows (Kafka maps them into memory):
a start after a crash makes them anew from the batches, as it does in Kafka.
Read next: `recovery`, which reads all this again.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Final

from kafkalab.log import file_formats as formats
from kafkalab.log.log_segment import LogSegment
from kafkalab.log.partition_log import PartitionLog
from kafkalab.log.producer_state import ProducerEntry
from kafkalab.log.storage_files import (
    SegmentFile,
    naming,
    read_whole,
    remove,
    sync_directory,
    write_whole,
)
from kafkalab.log.stored_run import SparseIndex, StoredRun
from kafkalab.log.transaction_index import AbortedTransaction
from kafkalab.record import Entry

LOG: Final = ".log"
INDEX: Final = ".index"
TIME_INDEX: Final = ".timeindex"
ABORTED_INDEX: Final = ".txnindex"
SNAPSHOT: Final = ".snapshot"
DELETED: Final = ".deleted"
CLEANED: Final = ".cleaned"
SWAP: Final = ".swap"
EPOCHS_FILE: Final = "leader-epoch-checkpoint"
METADATA_FILE: Final = "partition.metadata"
SEGMENT_SUFFIXES: Final = (LOG, INDEX, TIME_INDEX, ABORTED_INDEX)
#: Of the newest batches of a log that stay in memory.
MEMORY_BYTES: Final = 4 << 20


class StoredSegmentFile(SegmentFile):
    """A segment's `.log` that can find, or make, its indexes.  Implements `IndexedSource`."""

    __slots__ = ("interval_bytes",)

    def __init__(self, path: Path, interval_bytes: int) -> None:
        super().__init__(path)
        self.interval_bytes = interval_bytes

    def beside(self, suffix: str) -> Path:
        """Another file of the same segment."""
        return self.path.with_suffix(suffix)

    def load_index(self, run: StoredRun) -> SparseIndex:
        """From `.index` and `.timeindex`; from the batches if one is missing or damaged."""
        index = SparseIndex(self.interval_bytes)
        try:
            offsets = read_whole(self.beside(INDEX))
            times = read_whole(self.beside(TIME_INDEX))
            if offsets is not None and times is not None:
                for offset, position in formats.unpack_rows(formats.OFFSET_ROW, offsets):
                    if position >= run.size_in_bytes:
                        raise formats.Damaged(f"position {position} is beyond the segment's end")
                    index.offsets.append(run.base_offset + offset)
                    index.positions.append(position)
                for timestamp, offset in formats.unpack_rows(formats.TIME_ROW, times):
                    index.times.append((timestamp, run.base_offset + offset))
                    index.max_timestamp, index.latest_at = index.times[-1]
                return index
        except formats.Damaged:
            index = SparseIndex(self.interval_bytes)
        for position, entry in run.batches():
            index.append(entry, position)
        index.seal()
        return index

    def write_index(self, run: StoredRun) -> None:
        """`.index` and `.timeindex` of a complete segment."""
        index, base = run.index, run.base_offset
        index.seal()
        offsets = zip(index.offsets, index.positions, strict=True)
        offset_rows = [(offset - base, position) for offset, position in offsets]
        time_rows = [(timestamp, offset - base) for timestamp, offset in index.times]
        for suffix, row, rows in (
            (INDEX, formats.OFFSET_ROW, offset_rows),
            (TIME_INDEX, formats.TIME_ROW, time_rows),
        ):
            path, data = self.beside(suffix), formats.pack_rows(row, rows)
            write_whole(path, data, is_durable=False)


#: Do something later, in order, beside the thread that serves (flushing a sealed segment).
Later = Callable[[Callable[[], None]], object]
#: Make sure that the checkpoints promise no more of a log than it will have.
Lower = Callable[[PartitionLog], None]


class LogFiles:
    """See the module's docstring.  Implements `LogStorage`."""

    def __init__(self, directory: Path, interval_bytes: int, later: Later, lower: Lower) -> None:
        self.directory = directory
        self.interval_bytes = interval_bytes
        self._later = later
        self._lower = lower
        self.files: dict[int, StoredSegmentFile] = {}  # by base offset
        self._epochs: tuple[tuple[int, int], ...] = ()  # as they are in the file
        #: Renamed files, to be removed after a while, and when they were first seen so.
        self.doomed: list[tuple[Path, int | None]] = []
        self.delay_ms = 60_000

    # --- LogStorage ---------------------------------------------------------------------------
    def append(self, log: PartitionLog, entry: Entry) -> None:
        active = log.segments.active
        file = self.files.get(active.base_offset)
        if file is None:
            file = self._create(active.base_offset)
        if not self._epochs or self._epochs[-1][0] != entry.leader_epoch:
            self._write_epochs(log)
        file.append([entry.prefix, entry.batch.body], active.size_in_bytes)
        if active.bytes_in_memory > 2 * MEMORY_BYTES:
            self._let_go(active, MEMORY_BYTES)

    def roll(self, log: PartitionLog, base_offset: int) -> None:
        active = log.segments.active
        self._seal(log, active)
        self.write_snapshot(base_offset, log.producers.entries)
        file = self.files[active.base_offset]

        self._later(file.flushing())
        file.close()
        self._create(base_offset)

    def flush(self, log: PartitionLog) -> None:
        file = self.files.get(log.segments.active.base_offset)
        if file is not None:
            file.flush()

    def reconcile(self, log: PartitionLog) -> None:
        self._lower(log)
        self.delay_ms = log.config.int("file.delete.delay.ms")
        wanted = {segment.base_offset for segment in log.segments}
        for base_offset in sorted(self.files.keys() - wanted):
            self.delete(base_offset)
        active = log.segments.active
        file = self.files.get(active.base_offset)
        if file is None:
            self._create(active.base_offset)
        elif file.size_in_bytes != active.size_in_bytes:
            self._cut(active, file)
        for offset in self.snapshots():
            is_useful = offset in wanted or offset == log.log_end_offset
            if offset > log.log_end_offset or not is_useful:
                remove(self.path(offset, SNAPSHOT))
        self._write_epochs(log)

    def replace(self, old: Sequence[LogSegment], new: LogSegment) -> None:
        """First `.cleaned`, then `.swap` once it is whole, then the old ones go, then its name."""
        base_offset = new.base_offset
        cleaned = self.path(base_offset, f"{LOG}{CLEANED}")
        remove(cleaned)
        file = StoredSegmentFile(cleaned, self.interval_bytes)
        position = 0
        for entry in new.entries:
            file.append([entry.prefix, entry.batch.body], position)
            position += entry.size_in_bytes
        file.flush()
        swap = self.path(base_offset, f"{LOG}{SWAP}")
        with naming(cleaned, "cannot be renamed"):
            cleaned.replace(swap)
        for segment in old:
            self.delete(segment.base_offset)
        final = self.path(base_offset, LOG)
        with naming(swap, "cannot be renamed"):
            swap.replace(final)
        file.path = final
        self.files[base_offset] = file
        self._let_go(new, 0)
        assert new.stored is not None
        file.write_index(new.stored)
        file.close()

    def fork(self) -> None:
        return None

    # --- for recovery and the directory -------------------------------------------------------
    def find(self, shared: Collection[Path] = ()) -> None:
        """List the segments; finish, or undo, what a process before this one left half done.

        `shared`: files that somebody still reads who has them from that process.
        """
        swaps = []
        for path in self._paths():
            if path.name.endswith((DELETED, CLEANED, ".tmp")):
                remove(path)
            elif path.name.endswith(LOG + SWAP):
                swaps.append(path)
        for swap in sorted(swaps):
            self._finish_swap(swap)
        for path in sorted(self._paths()):
            base_offset = formats.offset_of(path.name, LOG)
            if base_offset is not None:
                file = self.files[base_offset] = StoredSegmentFile(path, self.interval_bytes)
                if path in shared:
                    file.spare()

    def _finish_swap(self, swap: Path) -> None:
        """The cleaned segment is whole: those it stands for go, and it gets its name."""
        final = swap.with_suffix("")
        base_offset = formats.offset_of(final.name, LOG)
        if base_offset is None:
            return  # a stray file
        file = StoredSegmentFile(swap, self.interval_bytes)
        run = StoredRun(file, base_offset, base_offset, file.size_in_bytes, -1)
        next_offset = base_offset + 1
        for _, entry in run.batches():
            next_offset = entry.next_offset
        file.close()
        for path in self._paths():
            for suffix in SEGMENT_SUFFIXES:
                offset = formats.offset_of(path.name, suffix)
                if offset is not None and base_offset <= offset < next_offset:
                    remove(path)
        with naming(swap, "cannot be renamed"):
            swap.replace(final)

    def _paths(self) -> list[Path]:
        with naming(self.directory, "cannot be read"):
            return list(self.directory.iterdir())

    def path(self, offset: int, suffix: str) -> Path:
        return self.directory / formats.segment_name(offset, suffix)

    def snapshots(self) -> list[int]:
        """The offsets there are producer snapshots of, rising."""
        found = (formats.offset_of(path.name, SNAPSHOT) for path in self._paths())
        return sorted(offset for offset in found if offset is not None)

    def write_snapshot(self, offset: int, producers: Mapping[int, ProducerEntry]) -> None:
        data = formats.pack_producers(producers)
        write_whole(self.path(offset, SNAPSHOT), data, is_durable=False)

    def write_aborted(self, segment: LogSegment, rows: Sequence[AbortedTransaction]) -> None:
        """The `.txnindex` of a segment; none if nothing was aborted in it."""
        path = self.path(segment.base_offset, ABORTED_INDEX)
        if rows:
            write_whole(path, formats.pack_aborted(rows), is_durable=False)
        else:
            remove(path)

    def stored_run(self, base_offset: int, next_offset: int, size: int, latest: int) -> StoredRun:
        """A segment's file as recovery found it."""
        return StoredRun(self.files[base_offset], base_offset, next_offset, size, latest)

    def known_epochs(self, rows: tuple[tuple[int, int], ...]) -> None:
        """What `leader-epoch-checkpoint` holds."""
        self._epochs = rows

    def seal_all(self, log: PartitionLog) -> None:
        """A clean end: indexes of the active segment, producers at the log's end, all flushed."""
        active = log.segments.active
        if active.base_offset not in self.files:
            self._create(active.base_offset)
        self._seal(log, active)
        self.write_snapshot(log.log_end_offset, log.producers.entries)
        self._write_epochs(log)
        self.files[active.base_offset].flush()

    def delete(self, base_offset: int) -> None:
        """Take a segment out of the log; its files are removed later."""
        file = self.files.pop(base_offset, None)
        for suffix in SEGMENT_SUFFIXES:
            path = self.path(base_offset, suffix)
            doomed = path.with_name(f"{path.name}{DELETED}")
            with naming(path, "cannot be renamed"):
                if path.exists():
                    path.replace(doomed)
                    self.doomed.append((doomed, None))
        if file is not None:
            file.close()

    def remove_doomed(self, now: int) -> None:
        """Remove what was found renamed at least `file.delete.delay.ms` ago."""
        kept: list[tuple[Path, int | None]] = []
        for path, seen in self.doomed:
            if seen is None or now - seen < self.delay_ms:
                kept.append((path, now if seen is None else seen))
            else:
                remove(path)
        self.doomed = kept

    def close(self) -> None:
        for file in self.files.values():
            file.close()

    # ------------------------------------------------------------------------------------------
    def _create(self, base_offset: int) -> StoredSegmentFile:
        file = StoredSegmentFile(self.path(base_offset, LOG), self.interval_bytes)
        self.files[base_offset] = file
        file.truncate(0)
        self._later(lambda: sync_directory(self.directory))
        return file

    def _let_go(self, segment: LogSegment, kept_bytes: int) -> None:
        stored = segment.stored
        if stored is None:
            file = self.files[segment.base_offset]
            base = segment.base_offset
            stored = StoredRun(file, base, base, 0, -1, SparseIndex(self.interval_bytes))
        segment.let_go(stored, kept_bytes)

    def _seal(self, log: PartitionLog, segment: LogSegment) -> None:
        self._let_go(segment, 0)
        assert segment.stored is not None
        file = self.files[segment.base_offset]
        file.write_index(segment.stored)
        ended = log.aborted.ended_in(segment.base_offset, segment.next_offset)
        self.write_aborted(segment, ended)

    def _cut(self, active: LogSegment, file: StoredSegmentFile) -> None:
        base_offset = active.base_offset
        for suffix in (INDEX, TIME_INDEX, ABORTED_INDEX):
            remove(self.path(base_offset, suffix))
        if file.truncate(active.size_in_bytes) is not file:
            file = self.files[base_offset] = StoredSegmentFile(file.path, self.interval_bytes)
            if active.stored is not None:
                active.stored.source = file

    def _write_epochs(self, log: PartitionLog) -> None:
        rows = log.epochs.rows
        if rows != self._epochs:
            text = formats.checkpoint_text(rows)
            write_whole(self.directory / EPOCHS_FILE, text.encode(), is_durable=False)
            self._epochs = rows
