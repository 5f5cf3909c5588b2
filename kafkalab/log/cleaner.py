"""Compaction: of each key, the last record stays; offsets and their order do not change.

    clean offset ┐         first uncleanable ┐          active segment ┐
    0 k1  3 k2   │ 4 k1  5 k3  6 k2=null     │ 7 k1 …                  │ …
    ── cleaned ──┴──── dirty: mapped ────────┴── too young, undecided ─┴─

    4 k1  5 k3  6 k2=null       records 0 and 3 have a later one; the tombstone stays for a while

The dirty part is read once into a map, key → last offset; then every segment before its end is
written anew with what the map does not contradict.  A log is cleaned when its dirty part is more
than `min.cleanable.dirty.ratio` of it, or older than `max.compaction.lag.ms`.  Never cleaned are
the active segment, what lies above the last stable offset, and what is younger than
`min.compaction.lag.ms`.

A tombstone goes `delete.retention.ms` after it was first cleaned, so that slow readers see it.
Records of aborted transactions go at once; a marker goes only after all records of its transaction
have gone, and as late as a tombstone.  The last batch of each producer stays, emptied if need be.

Invariants (R17): the last value of each key below the clean offset is kept; offsets rise as before;
a marker outlives its data.

In Kafka: `Cleaner`, `LogCleanerManager`, `LogToClean`, `CleanedTransactionMetadata`.
Left out: a limit to the map (`log.cleaner.dedupe.buffer.size`); throttling.
Read next: `record.retained`.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from kafkalab.log.log_segment import LogSegment
from kafkalab.log.partition_log import PartitionLog
from kafkalab.log.transaction_index import AbortedTransaction
from kafkalab.record import Batch, Entry, Record, end_marker
from kafkalab.record.retained import delete_horizon, with_records, without_records


class Cleanable(NamedTuple):
    """A log that may be cleaned from `first_dirty` to before `first_uncleanable`."""

    first_dirty: int
    first_uncleanable: int
    dirty_ratio: float
    is_due: bool  # by the ratio, or because it has waited too long


class Cleaned(NamedTuple):
    """What cleaning a log has done."""

    clean_offset: int
    records_before: int
    records_after: int
    bytes_before: int
    bytes_after: int


def cleanable(log: PartitionLog, now: int) -> Cleanable | None:
    """What may be cleaned of a log; None if there is nothing."""
    start, end = log.log_start_offset, log.log_end_offset
    first_dirty = log.clean_offset if start <= log.clean_offset <= end else start
    sealed = list(log.segments)[:-1]
    first_uncleanable = _first_uncleanable(log, sealed, first_dirty, now)
    dirty = [segment for segment in sealed if segment.next_offset > first_dirty]
    dirty_bytes = sum(
        [segment.size_in_bytes for segment in dirty if segment.base_offset < first_uncleanable]
    )
    if not dirty_bytes:
        return None
    clean_bytes = sum(
        [segment.size_in_bytes for segment in sealed if segment.next_offset <= first_dirty]
    )
    ratio = dirty_bytes / (clean_bytes + dirty_bytes)
    began = [timestamp for segment in dirty if (timestamp := segment.first_timestamp) > 0]
    has_waited_ms = now - min(began, default=now)
    is_due = has_waited_ms > log.config.int("max.compaction.lag.ms")
    is_due = is_due or ratio > float(log.config["min.cleanable.dirty.ratio"])
    return Cleanable(first_dirty, first_uncleanable, ratio, is_due)


def _first_uncleanable(
    log: PartitionLog, sealed: Sequence[LogSegment], first_dirty: int, now: int
) -> int:
    """The base offset of the first segment that must stay as it is."""
    limit = min(log.last_stable_offset, log.segments.active.base_offset)
    lag_ms = log.config.int("min.compaction.lag.ms")
    if lag_ms > 0:
        for segment in sealed:
            if segment.next_offset > first_dirty and segment.max_timestamp > now - lag_ms:
                limit = min(limit, segment.base_offset)
                break
    limit = max(limit, first_dirty)
    return max([base for segment in log.segments if (base := segment.base_offset) <= limit])


def clean(log: PartitionLog, what: Cleanable, now: int) -> Cleaned:
    """Do it; readers see the log before or after, never between."""
    end = what.first_uncleanable
    sealed = [segment for segment in log.segments if segment.base_offset < end]
    before = [entry for segment in sealed[-1:] for entry in segment.entries_from(0)]
    filtering = _Filter(log, what, before[-1].last_offset, now)
    counts = [0, 0, 0, 0]
    new: LogSegment | None = None
    pending: list[LogSegment] = []  # of which nothing is left so far
    cleaned = []
    for group in _groups(sealed, log.config.int("segment.bytes")):
        pending += group
        new = LogSegment(pending[0].base_offset)
        for segment in group:
            for entry in segment.entries_from(segment.base_offset):
                counts[0] += entry.batch.record_count
                counts[2] += entry.size_in_bytes
                kept = filtering.of(entry)
                if kept is not None:
                    counts[1] += kept.batch.record_count
                    counts[3] += kept.size_in_bytes
                    new.append(kept)
        if not new.is_empty:
            if log.storage is not None:
                log.storage.replace(pending, new)
            log.segments.replace(pending, new)
            cleaned.append(new)
            pending = []
    assert not pending, "the last batch of all stays"
    log.cleaned_to(end, filtering.transactions.still_needed, cleaned)
    return Cleaned(end, *counts)


def _groups(sealed: Sequence[LogSegment], segment_bytes: int) -> Iterator[list[LogSegment]]:
    """Segments in a row that fit into one, so that cleaning does not leave many small ones."""
    group: list[LogSegment] = []
    size = 0
    for segment in sealed:
        if group and size + segment.size_in_bytes > segment_bytes:
            yield group
            group, size = [], 0
        group.append(segment)
        size += segment.size_in_bytes
    if group:
        yield group


def _offset_map(log: PartitionLog, start: int, end: int) -> dict[bytes, int]:
    """The last offset of each key in the dirty part; aborted records do not count."""
    offsets: dict[bytes, int] = {}
    transactions = _Transactions(log.aborted.overlapping(start, end))
    for entry in log.entries_from(start):
        if entry.base_offset >= end:
            break
        if entry.batch.is_control:
            transactions.on_marker(entry)
        elif not transactions.is_aborted(entry):
            for record in entry.records():
                if record.key is not None and record.offset >= start:
                    offsets[record.key] = record.offset
    return offsets


class _Transactions:
    """Which batches are of aborted transactions, read along the log, and which markers may go."""

    def __init__(self, aborted: Sequence[AbortedTransaction]) -> None:
        self._coming = sorted(aborted, key=lambda row: row.first_offset, reverse=True)
        self._aborted: dict[int, AbortedTransaction] = {}  # open here, by producer
        self._has_data: set[int] = set()  # producers of open transactions with batches left
        self.still_needed: list[AbortedTransaction] = []  # their markers stay

    def is_aborted(self, entry: Entry) -> bool:
        """Whether a batch of data is of a transaction that was aborted."""
        self._begin(entry.last_offset)
        batch = entry.batch
        if not batch.is_transactional:
            return False
        self._has_data.add(batch.producer_id)
        return batch.producer_id in self._aborted

    def on_marker(self, entry: Entry) -> bool:
        """Whether nothing is left of the transaction that this marker ends."""
        self._begin(entry.last_offset)
        batch = entry.batch
        marker = end_marker(batch)
        if marker is None:
            return batch.record_count == 0  # emptied before, or no marker at all
        has_data = batch.producer_id in self._has_data
        self._has_data.discard(batch.producer_id)
        aborted = self._aborted.pop(batch.producer_id, None)
        if aborted is not None and has_data:
            self.still_needed.append(aborted)
        return not has_data

    def _begin(self, offset: int) -> None:
        while self._coming and self._coming[-1].first_offset <= offset:
            row = self._coming.pop()
            self._aborted.setdefault(row.producer_id, row)


class _Filter:
    """What is left of each batch."""

    def __init__(self, log: PartitionLog, what: Cleanable, last_offset: int, now: int) -> None:
        end = what.first_uncleanable
        self._offsets = _offset_map(log, what.first_dirty, end)
        self._last_offset = last_offset  # of all that is cleaned
        self._retention_ms = log.config.int("delete.retention.ms")
        self.transactions = _Transactions(log.aborted.overlapping(0, end))
        self._producers = log.producers.entries
        self._now = now

    def of(self, entry: Entry) -> Entry | None:
        """The batch as it stays, or None if it goes."""
        batch = entry.batch
        horizon = delete_horizon(batch)
        if batch.is_control:
            is_over = self.transactions.on_marker(entry)
            is_gone = is_over and horizon is not None and horizon <= self._now
            records = () if is_gone else entry.records()
            needs_horizon = is_over
        else:
            is_gone = self.transactions.is_aborted(entry)
            records = () if is_gone else self._kept(entry, horizon)
            needs_horizon = any(record.value is None for record in records)
        if not records:
            return self._emptied(entry) if self._must_stay(entry) else None
        if needs_horizon and horizon is None:
            horizon = self._now + self._retention_ms
        elif len(records) == batch.record_count:
            return entry
        return self._with(entry, with_records(batch, entry.base_offset, records, horizon))

    def _kept(self, entry: Entry, horizon: int | None) -> tuple[Record, ...]:
        tombstones_stay = horizon is None or self._now < horizon
        offsets = self._offsets
        return tuple(
            [
                record
                for record in entry.records()
                if record.key is not None
                and record.offset >= offsets.get(record.key, -1)
                and (record.value is not None or tombstones_stay)
            ]
        )

    def _must_stay(self, entry: Entry) -> bool:
        """Its producer goes on from it, or it shows where the cleaned part ends."""
        batch = entry.batch
        producer = self._producers.get(batch.producer_id)
        if producer is not None:
            if producer.batches:
                if entry.last_offset == producer.batches[-1].last_offset:
                    return True
            elif batch.is_control and batch.producer_epoch == producer.producer_epoch:
                return True
        return entry.last_offset == self._last_offset

    def _emptied(self, entry: Entry) -> Entry:
        if not entry.batch.record_count:
            return entry
        return self._with(entry, without_records(entry.batch))

    def _with(self, entry: Entry, batch: Batch) -> Entry:
        return Entry(entry.base_offset, entry.leader_epoch, batch)
