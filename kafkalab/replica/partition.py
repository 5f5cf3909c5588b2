"""One replica of one partition: a log, and the role it plays for it, leader or follower.

    metadata log ──▶ become_leader / become_follower
    as leader    append ──▶ log ◀── read      `leading` has the followers, high watermark, ISR
    as follower  append_fetched, truncate_to_common, start_over      (`fetcher` decides)

Invariants: only the leader of the current epoch appends; a follower's log is changed by nothing
but its leader's answers, and cut only where leader epochs show that it diverges.

In Kafka: `Partition`.  Left out: log directories, tiered storage, reassignments in progress,
reading from followers (KIP-392).
Read next: `leading`, then `replica_manager`.
"""

from typing import Final, NamedTuple, Self

from kafkalab.config import Config
from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.ids import NO_NODE, NodeId, Uuid
from kafkalab.log import SENTINEL, AppendResult, Disk, EpochEnd, PartitionLog
from kafkalab.log.cleaner import clean, cleanable
from kafkalab.metadata.image import PartitionImage
from kafkalab.record import Batch, Records, end_marker
from kafkalab.record.validation import TimestampBounds
from kafkalab.replica.follower_state import FollowerState
from kafkalab.replica.leading import Leading
from kafkalab.replica.local_broker import LocalBroker

ALL_IN_SYNC: Final = -1  # acks=all
ANY_EPOCH: Final = -1


class Fetched(NamedTuple):
    """What a read gave, with the offsets as they were before it.

    `diverging` says where the reader's log parts from this one; then there are no records.
    """

    records: Records
    high_watermark: int
    last_stable_offset: int
    log_start_offset: int
    diverging: EpochEnd | None


class Partition:
    """See the module's docstring.  Offsets are of records, times in milliseconds."""

    __slots__ = (
        "_flushed_at",
        "_partition_epoch",
        "is_compacted",
        "leader_epoch",
        "leader_id",
        "leading",
        "local",
        "log",
        "max_message_bytes",
        "metadata_isr",
        "timestamp_bounds",
        "topic_partition",
    )

    def __init__(self, local: LocalBroker, log: PartitionLog) -> None:
        self.local = local
        self.log = log
        self.topic_partition = log.topic_partition
        self.leader_id: NodeId = NO_NODE
        self.leader_epoch = -1
        self._partition_epoch = -1
        self.metadata_isr: tuple[NodeId, ...] = ()
        self.leading: Leading | None = None
        self._flushed_at = 0
        self.configured()

    @property
    def topic_id(self) -> Uuid:
        return self.log.topic_id

    @property
    def is_leader(self) -> bool:
        return self.leading is not None

    @property
    def isr(self) -> tuple[NodeId, ...]:
        """The committed ISR: a leader's, or what the metadata said."""
        return self.leading.isr_state.isr if self.leading else self.metadata_isr

    @property
    def high_watermark(self) -> int:
        return self.log.high_watermark

    @property
    def replica_states(self) -> dict[NodeId, FollowerState]:
        """What a leader knows of its followers; of a follower, nothing."""
        return self.leading.followers if self.leading else {}

    @property
    def partition_epoch(self) -> int:
        return self.leading.partition_epoch if self.leading else self._partition_epoch

    # --- roles --------------------------------------------------------------------------------
    def become_leader(self, image: PartitionImage, now: int) -> bool:
        """Lead as the metadata says; whether that is a new leader epoch.

        Nothing changes if the answer to an AlterPartition was here before the metadata.
        """
        if image.partition_epoch < self.partition_epoch:
            return False
        is_new_epoch = self._assign(image)
        if self.leading is None:
            self.leading = Leading(self.local, self.log)
        self.leading.assigned(image, now)
        return is_new_epoch

    def become_follower(self, image: PartitionImage) -> bool:
        """Follow whom the metadata says, or nobody; whether that is a new leader epoch."""
        if image.partition_epoch < self.partition_epoch:
            return False
        is_new_epoch = self._assign(image)
        self.leading = None
        if is_new_epoch and image.has_leader:
            self._emit("FollowerStarted", image.leader, image.leader_epoch)
        return is_new_epoch

    def _assign(self, image: PartitionImage) -> bool:
        is_new_epoch = image.leader_epoch > self.leader_epoch
        self.leader_id, self.leader_epoch = image.leader, image.leader_epoch
        self._partition_epoch, self.metadata_isr = image.partition_epoch, image.isr
        self.local.changed[self.topic_partition] = None
        return is_new_epoch

    def configured(self) -> None:
        """The topic's settings have changed."""
        config = self.log.config
        self.max_message_bytes = config.int("max.message.bytes")
        self.is_compacted = "compact" in config.text("cleanup.policy")
        self.timestamp_bounds = _timestamp_bounds(config)
        if self.leading is not None:
            self.leading.configured()

    # --- as leader ----------------------------------------------------------------------------
    def lead(self, leader_epoch: int = ANY_EPOCH) -> Leading:
        """The leader's state.

        Raises unless this replica leads, and in the epoch the caller believes in (KIP-320):
        NOT_LEADER_OR_FOLLOWER, FENCED_LEADER_EPOCH, UNKNOWN_LEADER_EPOCH.
        """
        if leader_epoch != self.leader_epoch and leader_epoch >= 0:
            code = ErrorCode.UNKNOWN_LEADER_EPOCH
            if leader_epoch < self.leader_epoch:
                code = ErrorCode.FENCED_LEADER_EPOCH
            raise KafkaError(code, f"{self.topic_partition} is in epoch {self.leader_epoch} here")
        if self.leading is None:
            raise KafkaError(
                ErrorCode.NOT_LEADER_OR_FOLLOWER,
                f"broker {self.local.id} does not lead {self.topic_partition}",
            )
        return self.leading

    def check_enough_in_sync(self) -> None:
        """Raise NOT_ENOUGH_REPLICAS if acks=all cannot be promised."""
        leading = self.lead()
        if len(leading.isr_state.isr) < leading.min_isr:
            raise KafkaError(
                ErrorCode.NOT_ENOUGH_REPLICAS,
                f"{self.topic_partition} has ISR {self.isr}, but needs {leading.min_isr}",
            )

    def append(
        self, batch: Batch, now: int, *, transaction_version: int = 0, guard: int = SENTINEL
    ) -> AppendResult:
        """Append a batch, unless it is there already; the last two are for transactions.

        Raises NOT_LEADER_OR_FOLLOWER and what the log refuses; then nothing has changed.
        """
        leading, log, effects = self.lead(), self.log, self.local.effects
        emit = effects.emit
        end_before, active = log.log_end_offset, log.segments.active
        result = log.append_as_leader(
            batch,
            self.leader_epoch,
            effects.clock.at(now),
            transaction_version=transaction_version,
            guard=guard,
        )
        base_offset, last_offset, is_duplicate, _ = result
        topic, partition = self.topic_partition
        if is_duplicate:
            producer_id, sequence = batch.producer_id, batch.base_sequence
            emit("DuplicateDropped", topic, partition, producer_id, sequence, base_offset)
        else:
            emit("Appended", topic, partition, base_offset, last_offset, self.leader_epoch)
            if batch.is_control:
                self._marked(batch, base_offset)
            if log.segments.active is not active:
                self._rolled()
            leading.appended(end_before, now)
        return result

    def _marked(self, batch: Batch, offset: int) -> None:
        marker = end_marker(batch)
        if marker is not None:
            result = "commit" if marker.committed else "abort"
            self._emit("MarkerWritten", batch.producer_id, batch.producer_epoch, result, offset)

    def read(
        self, offset: int, max_bytes: int, up_to: int, last_fetched_epoch: int, at_least_one: bool
    ) -> Fetched:
        """Entries from `offset`, or where the reader's log diverges (KIP-595).

        Raises OFFSET_OUT_OF_RANGE.  Call `lead` first.
        """
        log = self.log
        records, diverging = Records.EMPTY, None
        if last_fetched_epoch >= 0:
            diverging = self._divergence(last_fetched_epoch, offset)
        if diverging is None:
            records = log.read(offset, max_bytes, up_to, at_least_one)
        return Fetched(
            records, log.high_watermark, log.last_stable_offset, log.log_start_offset, diverging
        )

    def _divergence(self, last_fetched_epoch: int, offset: int) -> EpochEnd | None:
        log = self.log
        if (
            last_fetched_epoch == log.epochs.latest_epoch
            and log.log_start_offset <= offset <= log.log_end_offset
        ):
            return None
        end = log.epochs.end_offset_for(last_fetched_epoch, log.log_end_offset)
        if end.end_offset < 0 or offset < log.log_start_offset:
            raise KafkaError(ErrorCode.OFFSET_OUT_OF_RANGE, f"nothing is known about {offset}")
        if end.epoch < last_fetched_epoch or end.end_offset < offset:
            return end
        return None

    def delete_records_before(self, offset: int) -> int:
        """Start the log at `offset` (-1: the high watermark); that offset.

        Raises OFFSET_OUT_OF_RANGE, POLICY_VIOLATION, NOT_LEADER_OR_FOLLOWER.
        """
        self.lead()
        if "delete" not in self.log.config.text("cleanup.policy"):
            raise KafkaError(ErrorCode.POLICY_VIOLATION, "a compacted topic keeps its records")
        offset = self.log.high_watermark if offset == -1 else offset
        if offset < 0:
            raise KafkaError(ErrorCode.OFFSET_OUT_OF_RANGE, f"offset {offset}")
        self._raise_log_start(offset)
        return offset

    def apply_retention(self, now: int) -> None:
        """Delete the segments that had their time."""
        before = self.log.log_start_offset
        deleted = self.log.apply_retention(now)
        if deleted is None:
            return
        self._emit("SegmentsDeleted", *deleted)
        if self.log.log_start_offset > before:
            self._log_start_rose()

    def delete_below(self, offset: int, reason: str) -> None:
        """Delete the segments that end at or below `offset`, which one of them does."""
        segments = [each for each in self.log.segments if each.next_offset <= offset]
        size = sum([each.size_in_bytes for each in segments])
        self._emit("SegmentsDeleted", len(segments), size, reason)
        self._raise_log_start(offset)

    def clean(self, now: int) -> None:
        """Compact the log, if it is compacted and dirty enough."""
        if not self.is_compacted:
            return
        what = cleanable(self.log, now)
        if what is not None and what.is_due:
            done = clean(self.log, what, now)
            saved = done.bytes_before - done.bytes_after
            before, after = done.records_before, done.records_after
            self._emit("LogCleaned", done.clean_offset, before, after, saved)

    def flush(self, now: int) -> None:
        """Flush what has been written, if `flush.ms` have passed since it was done last."""
        log = self.log
        if log.recovery_point == log.log_end_offset:
            self._flushed_at = now
        elif now - self._flushed_at >= log.config.int("flush.ms"):
            log.flush()
            self._flushed_at = now

    def forget_producers(self, now: int) -> None:
        """Forget producers that have been idle for `producer.id.expiration.ms`."""
        expiration_ms = self.local.config.int("producer.id.expiration.ms")
        self.log.producers.remove_expired(now, expiration_ms)

    # --- as follower --------------------------------------------------------------------------
    def append_fetched(self, records: Records) -> None:
        """Append what the leader sent, up to the epoch in which it was asked (KAFKA-18723)."""
        entries = records.entries
        if entries[-1].leader_epoch > self.leader_epoch:
            entries = tuple([entry for entry in entries if entry.leader_epoch <= self.leader_epoch])
            records = Records(entries)
            if not entries:
                return
        active = self.log.segments.active
        self.log.append_as_follower(records)
        if self.log.segments.active is not active:
            self._rolled()
        first, last = entries[0], entries[-1]
        topic, partition = self.topic_partition
        self.local.effects.emit(
            "Replicated",
            topic,
            partition,
            first.base_offset,
            last.next_offset - 1,
            last.leader_epoch,
        )

    def follow_offsets(self, high_watermark: int, log_start_offset: int) -> None:
        """Take over the leader's high watermark, as far as the log goes, and its log start."""
        log = self.log
        if high_watermark > log.high_watermark:
            if log.advance_high_watermark(high_watermark):
                self._emit("HighWatermarkAdvanced", log.high_watermark)
        elif high_watermark < log.high_watermark:
            log.set_high_watermark(high_watermark)  # a new leader may know less than the old one
        if log.log_start_offset < log_start_offset <= log.high_watermark:
            self._raise_log_start(log_start_offset)

    def truncate_to_common(self, leader: EpochEnd) -> None:
        """Cut at the first divergence, as far as `leader` tells (KIP-279).

        `leader` is the largest epoch the leader knows that is not above ours, and its end there.
        If we do not know that epoch, we cut back to the one below it and ask again.
        """
        log = self.log
        own = log.epochs.end_offset_for(leader.epoch, log.log_end_offset)
        if own.end_offset < 0:
            offset = leader.end_offset
        elif own.epoch != leader.epoch:
            offset = own.end_offset
        else:
            offset = min(own.end_offset, leader.end_offset)
        removed = log.truncate_to(offset)
        if removed:
            self._emit("Truncated", log.log_end_offset, removed)

    def start_over(self, offset: int) -> None:
        """Drop everything: the leader's log begins only at `offset`."""
        removed = self.log.log_end_offset - self.log.log_start_offset
        self.log.truncate_fully_and_start_at(offset)
        self._emit("Truncated", offset, removed)

    # ------------------------------------------------------------------------------------------
    def _raise_log_start(self, offset: int) -> None:
        if self.log.delete_records_before(offset):
            self._log_start_rose()

    def _rolled(self) -> None:
        self._emit("SegmentRolled", self.log.segments.active.base_offset)

    def _log_start_rose(self) -> None:
        self._emit("LogStartAdvanced", self.log.log_start_offset)
        self.local.trimmed[self.topic_partition] = None

    def _emit(self, kind: str, *fields: object) -> None:
        topic, partition = self.topic_partition
        self.local.effects.emit(kind, topic, partition, *fields)

    def fork(self, local: LocalBroker, disk: Disk) -> Self:
        other = type(self).__new__(type(self))
        other.local, other.log = local, disk.logs[self.topic_partition]
        other.topic_partition = self.topic_partition
        other._flushed_at = self._flushed_at
        other.leader_id, other.leader_epoch = self.leader_id, self.leader_epoch
        other._partition_epoch, other.metadata_isr = self._partition_epoch, self.metadata_isr
        other.max_message_bytes, other.is_compacted = self.max_message_bytes, self.is_compacted
        other.timestamp_bounds = self.timestamp_bounds
        other.leading = self.leading.fork(local, other.log) if self.leading else None
        return other


def _timestamp_bounds(config: Config) -> TimestampBounds | None:
    """Of what clients write; None if there are none, as when the broker dates the records."""
    before_ms = config.int("message.timestamp.before.max.ms")
    after_ms = config.int("message.timestamp.after.max.ms")
    is_dated_here = config.text("message.timestamp.type") == "LogAppendTime"
    if is_dated_here or before_ms == after_ms == (1 << 63) - 1:
        return None
    return TimestampBounds(before_ms, after_ms)
