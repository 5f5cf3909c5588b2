"""One partition's log on one disk: entries in segments, and all that is known from them.

    log start             last stable       high watermark      log end
        │ 0 1 2 3 4 5 6 7 8 │ 9 10 11 12 13 14 │ 15 16 17 18 19 │
        └── for read_committed ┘               │                │
        └── for other consumers ───────────────┘                │
        └── for followers ──────────────────────────────────────┘

A leader gives a batch its offset and epoch here; followers append the very same entries.

Invariants: log start <= last stable offset <= high watermark <= log end; offsets and epochs rise
along the log; `epochs`, `producers` and the aborted transactions are functions of the entries
(T3, R8; a leader's newest epoch may be known before its first entry).

Every change goes to `storage` first, if the log is on a disk.  Below `recovery_point` all is
flushed: a loss of power takes only what lies above.  It promises batches, so it never lies beyond
the last one, where a log that was cut within a batch may end (`truncate_to`).

In Kafka: `UnifiedLog`.  Left out: tiered storage.
Read next: `log_segments`, `leader_epoch_cache`, `producer_state`, `retention`, `cleaner`.
"""

from collections.abc import Iterator, Sequence
from typing import Self

from kafkalab.config import Config
from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.ids import TopicPartition, Uuid
from kafkalab.log.leader_epoch_cache import LeaderEpochCache
from kafkalab.log.log_segment import LogSegment
from kafkalab.log.log_segments import LogSegments
from kafkalab.log.producer_state import ProducerStates
from kafkalab.log.results import AppendResult, Deleted, TimestampOffset
from kafkalab.log.retention import Retention, expired_segments
from kafkalab.log.rewriting import COMPRESSIONS, rewritten
from kafkalab.log.storage import LogStorage
from kafkalab.log.transaction_index import AbortedTransaction, TransactionIndex
from kafkalab.log.verification import UNCHECKED, Verifications
from kafkalab.record import Batch, Entry, Record, Records


class PartitionLog:
    """See the module's docstring.  Offsets are of records; `now` is in milliseconds."""

    __slots__ = (
        "_compression",
        "_config",
        "_flush_messages",
        "_is_log_append_time",
        "_retention",
        "_segment_bytes",
        "_segment_ms",
        "aborted",
        "clean_offset",
        "epochs",
        "high_watermark",
        "log_end_offset",
        "log_start_offset",
        "producers",
        "recovery_point",
        "segments",
        "storage",
        "topic_id",
        "topic_partition",
        "verifications",
    )

    def __init__(self, topic_partition: TopicPartition, config: Config, topic_id: Uuid) -> None:
        self.topic_partition = topic_partition
        self.topic_id = topic_id
        self.config = config
        self.log_start_offset = 0
        self.log_end_offset = 0
        self.high_watermark = 0
        self.segments = LogSegments(0)
        self.epochs = LeaderEpochCache()
        self.producers = ProducerStates()
        self.aborted = TransactionIndex()
        self.verifications = Verifications()
        self.recovery_point = 0
        self.clean_offset = 0  # below it the log has been compacted
        self.storage: LogStorage | None = None

    @property
    def config(self) -> Config:
        """The topic's settings; may be replaced at any time."""
        return self._config

    @config.setter
    def config(self, config: Config) -> None:
        self._config = config
        self._segment_bytes = config.int("segment.bytes")
        self._segment_ms = config.int("segment.ms")
        if "compact" in config.text("cleanup.policy"):  # what is not sealed cannot be cleaned
            self._segment_ms = min(self._segment_ms, config.int("max.compaction.lag.ms"))
        self._flush_messages = config.int("flush.messages")
        self._compression = COMPRESSIONS[config.text("compression.type")]
        self._is_log_append_time = config.text("message.timestamp.type") == "LogAppendTime"
        self._retention = Retention(
            config.int("retention.ms"),
            config.int("retention.bytes"),
            "delete" in config.text("cleanup.policy"),
        )

    @property
    def last_stable_offset(self) -> int:
        """Below it every transaction is decided and its end replicated (T7)."""
        unstable = self.producers.first_unstable_offset
        if unstable is None or unstable >= self.high_watermark:
            return self.high_watermark
        return max(unstable, self.log_start_offset)

    @property
    def size_in_bytes(self) -> int:
        return self.segments.size_in_bytes

    def append_as_leader(
        self,
        batch: Batch,
        leader_epoch: int,
        now: int,
        *,
        transaction_version: int = 0,
        guard: int = UNCHECKED,
    ) -> AppendResult:
        """Give `batch` the next offset and this epoch, unless its producer sent it before.

        Raises what `ProducerStates.check` and `Verifications.check` do, and then nothing has
        changed.  `transaction_version` is for markers, `guard` for what begins a transaction.
        """
        assert leader_epoch >= self.epochs.latest_epoch, (leader_epoch, self.epochs)
        append_time = now if self._is_log_append_time else -1
        if batch.producer_id >= 0:
            known = self.producers.check(batch, transaction_version)
            if known is not None:
                time = known.timestamp if self._is_log_append_time else -1
                return AppendResult(known.base_offset, known.last_offset, True, time)
            if batch.is_transactional and not batch.is_control and guard != UNCHECKED:
                self._check_transaction(batch, guard)
        if self._is_log_append_time or self._compression is not None:
            batch = rewritten(batch, self._compression, self._is_log_append_time, now)
        entry = Entry(self.log_end_offset, leader_epoch, batch)
        self._append(entry)
        return AppendResult(entry.base_offset, entry.next_offset - 1, False, append_time)

    def _check_transaction(self, batch: Batch, guard: int) -> None:
        producers = self.producers
        if not producers.has_open_transaction(batch.producer_id, batch.producer_epoch):
            entry = producers.entries.get(batch.producer_id)
            is_known = entry is not None and bool(entry.batches)
            self.verifications.check(batch, guard, is_known=is_known)

    def append_as_follower(self, records: Records) -> None:
        """Append a leader's entries as they are: the first must be the next here.

        In a log without entries the first may also begin before the log's end, as when the leader
        deleted records up to the middle of a batch.
        """
        for entry in records.entries:
            if entry.base_offset < self.log_end_offset:
                assert not self.segments.size_in_bytes, (entry, self)
                assert entry.next_offset > self.log_end_offset, (entry, self)
                self.segments = LogSegments(entry.base_offset)
                self._reconcile()
            assert entry.leader_epoch >= self.epochs.latest_epoch, (entry, self.epochs)
            self._append(entry)

    def read(self, offset: int, max_bytes: int, up_to: int, at_least_one: bool = True) -> Records:
        """The entries from the one that has `offset`, none of which goes over `up_to`.

        At most `max_bytes`, but for a first one if `at_least_one`.  Raises OFFSET_OUT_OF_RANGE.
        """
        if not self.log_start_offset <= offset <= self.log_end_offset:
            raise self._out_of_range(offset)
        if offset >= up_to:
            return Records.EMPTY
        return Records(tuple(self.segments.read(offset, max_bytes, up_to, at_least_one)))

    def entries_from(self, offset: int) -> Iterator[Entry]:
        """Every entry from the one that has `offset` to the end of the log."""
        return self.segments.entries_from(offset)

    def truncate_to(self, offset: int) -> int:
        """Remove every batch that ends at or after `offset`, which is the log's end from then on.

        Returns by how many offsets that is less.  What is known from the log follows it, and so
        does the high watermark.  If the last records below `offset` have been compacted away, the
        end lies beyond the last batch, until a restart finds the batches alone
        (`LocalLog.truncateTo`, `LogSegment.readNextOffset`).
        """
        before = self.log_end_offset
        if offset >= before:
            self.epochs.truncate_from_end(before)  # an epoch led, but never written in
            return 0
        if offset < self.segments.base_offset:
            self.truncate_fully_and_start_at(offset)
            return before - offset
        self.segments.truncate_to(offset)
        self.log_end_offset = offset
        self.log_start_offset = min(self.log_start_offset, self.log_end_offset)
        self.epochs.truncate_from_end(self.log_end_offset)
        self.rebuild_producers()
        self.set_high_watermark(self.high_watermark)
        self._reconcile()
        return before - self.log_end_offset

    def lose_unflushed(self) -> int:
        """The power went: what had not been flushed is gone; how many records that were."""
        if self.recovery_point >= self.segments.active.next_offset:
            return 0
        return self.truncate_to(max(self.recovery_point, self.segments.base_offset))

    def flush(self) -> None:
        """Nothing below the log's end can be lost any more."""
        if self.storage is not None:
            self.storage.flush(self)
        self.recovery_point = self.segments.active.next_offset

    def cleaned_to(
        self, offset: int, aborted: Sequence[AbortedTransaction], new: Sequence[LogSegment]
    ) -> None:
        """The cleaner has put `new` segments in the place of all below `offset`.

        Of the aborted transactions that ended there, these have a marker left.
        """
        self.aborted.keep(aborted, offset)
        self.clean_offset = offset
        if self.storage is not None:
            for segment in new:
                ended = self.aborted.ended_in(segment.base_offset, segment.next_offset)
                self.storage.write_aborted(segment, ended)
        self._reconcile()

    def roll(self) -> None:
        """Seal the active segment, which must not be empty, and begin another."""
        if self.storage is not None:
            self.storage.roll(self, self.log_end_offset)
        self.segments.roll(self.log_end_offset)
        self.recovery_point = self.log_end_offset  # a sealed segment is flushed

    def truncate_fully_and_start_at(self, offset: int) -> None:
        """Remove everything; the next record gets `offset`."""
        self.segments = LogSegments(offset)
        self.log_start_offset = self.log_end_offset = self.high_watermark = offset
        self.epochs.clear()
        self.producers = ProducerStates()
        self.aborted.clear()
        self._reconcile()

    def advance_high_watermark(self, offset: int) -> bool:
        """Raise the high watermark to `offset`, at most the log's end; whether it rose."""
        offset = min(offset, self.log_end_offset)
        if offset <= self.high_watermark:
            return False
        self.high_watermark = offset
        self.producers.on_high_watermark(offset)
        return True

    def set_high_watermark(self, offset: int) -> None:
        """Set it to `offset`, or as near as the log allows; may lower it."""
        self.high_watermark = min(max(offset, self.log_start_offset), self.log_end_offset)
        self.producers.on_high_watermark(self.high_watermark)

    def delete_records_before(self, offset: int) -> bool:
        """Start the log at `offset`; whether it started before.  Whole segments go at once.

        Raises OFFSET_OUT_OF_RANGE above the high watermark.
        """
        if offset > self.high_watermark:
            raise self._out_of_range(offset)
        if offset <= self.log_start_offset:
            return False
        self.log_start_offset = offset
        self.epochs.truncate_from_start(offset)
        self.aborted.delete_before(offset)
        gone = [segment for segment in self.segments if segment.next_offset <= offset]
        self.segments.delete_oldest(min(len(gone), len(self.segments) - 1))
        self._reconcile()
        return True

    def apply_retention(self, now: int) -> Deleted | None:
        """Delete the segments that had their time; None if none had."""
        segments = list(self.segments)
        reasons = expired_segments(
            segments, self._retention, self.log_start_offset, self.high_watermark, now
        )
        if not reasons:
            return None
        count = len(reasons)
        if count == len(segments):
            self.roll()
        if not self.delete_records_before(self.segments[count].base_offset):
            self.segments.delete_oldest(count)
            self._reconcile()
        size = sum([segment.size_in_bytes for segment in segments[:count]])
        return Deleted(count, size, reasons[0])

    def offset_for_timestamp(self, timestamp: int) -> TimestampOffset | None:
        """The first record at or after `timestamp`, in the order of offsets."""
        for segment in self.segments:
            if segment.max_timestamp < timestamp:
                continue
            for entry in segment.entries_since(timestamp):
                if entry.batch.max_timestamp < timestamp:
                    continue
                for record in entry.records():
                    if record.timestamp >= timestamp and record.offset >= self.log_start_offset:
                        return TimestampOffset(record.timestamp, record.offset, entry.leader_epoch)
        return None

    def offset_of_max_timestamp(self) -> TimestampOffset | None:
        """The first of the records with the latest timestamp there is."""
        latest = max([segment.max_timestamp for segment in self.segments])
        return self.offset_for_timestamp(latest) if latest >= 0 else None

    def aborted_transactions(self, offset: int, up_to: int) -> tuple[AbortedTransaction, ...]:
        """Those a reader of `offset` … `up_to` (that excluded) must leave out."""
        return self.aborted.overlapping(offset, up_to)

    def records(self) -> Iterator[Record]:
        """Every record there is, markers too."""
        for entry in self.entries_from(self.log_start_offset):
            yield from [one for one in entry.records() if one.offset >= self.log_start_offset]

    def rebuild_producers(self) -> None:
        """Read the producers' state, and what was aborted, from the batches again."""
        self.producers = ProducerStates()
        self.aborted.clear()
        for entry in self.segments.entries_from(self.log_start_offset):
            if entry.batch.producer_id >= 0:
                aborted = self.producers.update(entry)
                if aborted is not None:
                    self.aborted.append(aborted)
        self.producers.on_high_watermark(self.high_watermark)

    def fork(self) -> Self:
        other = type(self).__new__(type(self))
        other.topic_partition = self.topic_partition
        other.topic_id = self.topic_id
        other._config = self._config
        other._segment_bytes = self._segment_bytes
        other._segment_ms = self._segment_ms
        other._flush_messages = self._flush_messages
        other._compression = self._compression
        other._is_log_append_time = self._is_log_append_time
        other._retention = self._retention
        other.log_start_offset = self.log_start_offset
        other.log_end_offset = self.log_end_offset
        other.high_watermark = self.high_watermark
        other.segments = self.segments.fork()
        other.epochs = self.epochs.fork()
        other.producers = self.producers.fork()
        other.aborted = self.aborted.fork()
        other.verifications = self.verifications.fork()
        other.recovery_point = self.recovery_point
        other.clean_offset = self.clean_offset
        other.storage = self.storage.fork() if self.storage is not None else None
        return other

    def _append(self, entry: Entry) -> None:
        if self.segments.active.should_roll(entry, self._segment_bytes, self._segment_ms):
            self.roll()
        if entry.leader_epoch != self.epochs.latest_epoch:
            self.epochs.assign(entry.leader_epoch, entry.base_offset)
        if self.storage is not None:
            self.storage.append(self, entry)
        self.segments.active.append(entry)
        self.log_end_offset = entry.next_offset
        if entry.batch.producer_id >= 0:
            if entry.batch.is_transactional:
                self.verifications.forget(entry.batch)
            aborted = self.producers.update(entry)
            if aborted is not None:
                self.aborted.append(aborted)
        if entry.next_offset - self.recovery_point >= self._flush_messages:
            self.flush()

    def _reconcile(self) -> None:
        self.recovery_point = min(self.recovery_point, self.segments.active.next_offset)
        self.clean_offset = min(self.clean_offset, self.log_end_offset)
        if self.storage is not None:
            self.storage.reconcile(self)

    def _out_of_range(self, offset: int) -> KafkaError:
        return KafkaError(
            ErrorCode.OFFSET_OUT_OF_RANGE,
            f"{self.topic_partition} has the offsets {self.log_start_offset} to "
            f"{self.log_end_offset}, not {offset}",
        )

    def __repr__(self) -> str:
        return (
            f"PartitionLog({self.topic_partition}: {self.log_start_offset}…{self.log_end_offset}, "
            f"high watermark {self.high_watermark})"
        )
