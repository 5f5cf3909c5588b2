"""The log of the quorum, `__cluster_metadata-0`: metadata records in, committed batches out.

    0 … 4 5 6 7 8 9 10 11 12
    snap  └ taken ┘   │     └ log end: written here
    shot              └ high watermark: on a majority of the voters, so it can never be undone

Each batch is atomic: its records take effect together.  Every committed batch is handed out once
to each listener in the life of a process; a new process begins with its newest snapshot, then
replays its log, as far as it is known to be committed.  What lies below a snapshot may be cut off.

Invariants: taken <= high watermark <= log end; nothing below the high watermark is ever truncated;
a log that begins above 0 has a snapshot that ends where it begins.

In Kafka: `KafkaRaftLog`, `RaftLog`, `BlockingMessageQueue` of batches to
`RaftClient.Listener.handleCommit`.
"""

from typing import Any, Final, NamedTuple, Self

from kafkalab.config import TOPIC_KEYS, Config
from kafkalab.ids import NodeId, TopicPartition, Uuid
from kafkalab.log import Disk, PartitionLog
from kafkalab.log.leader_epoch_cache import EpochEnd
from kafkalab.metadata import MetadataDelta, MetadataImage
from kafkalab.metadata.serde import decode_batch, encode_batch
from kafkalab.protocol.codec import encode_bytes
from kafkalab.protocol.messages.control_records import (
    LeaderChangeMessage,
    LeaderChangeMessageVoter,
)
from kafkalab.raft.snapshot import Snapshot, SnapshotId
from kafkalab.raft.snapshots import Snapshots
from kafkalab.record import Batch, ControlType, Records, control_batch

METADATA_PARTITION: Final = TopicPartition("__cluster_metadata", 0)
METADATA_TOPIC_ID: Final[Uuid] = bytes(15) + b"\x01"
_LEADER_CHANGE_VERSION: Final = 0  # at kraft.version 0: voters without directory ids
_EPOCH_OF_NOTHING: Final = 0


class CommittedBatch(NamedTuple):
    """Records that took effect together; none if it was a control batch.

    `is_snapshot`: they are all there is up to `last_offset`, and replace what was known.
    """

    base_offset: int
    last_offset: int
    epoch: int
    records: tuple[Any, ...]
    size_in_bytes: int = 0
    is_snapshot: bool = False


def replay(image: MetadataImage, batch: CommittedBatch) -> MetadataImage:
    """The image after a committed batch."""
    return delta_of(image, batch).finish(batch.last_offset, batch.epoch)


def delta_of(image: MetadataImage, batch: CommittedBatch) -> MetadataDelta:
    """What a committed batch changes; of a snapshot, the difference to what was known."""
    delta = MetadataDelta(MetadataImage.EMPTY if batch.is_snapshot else image)
    for record in batch.records:
        delta.replay(record)
    if batch.is_snapshot:
        return MetadataDelta.between(image, delta.finish(batch.last_offset, batch.epoch))
    return delta


class MetadataLog:
    """The quorum's log on one disk, and how much of it has been handed out."""

    __slots__ = ("_log", "_taken", "snapshots")

    def __init__(self, disk: Disk, segment_bytes: int) -> None:
        self._log = _log_on(disk, segment_bytes)
        self._taken: dict[str, int] = {}  # of each listener
        self.snapshots = Snapshots(disk)

    def recover(self) -> None:
        """A new process knows of nothing committed, until the leader says what is."""
        self._log.set_high_watermark(0)

    @property
    def start_offset(self) -> int:
        """Where the log begins; what was before is in a snapshot."""
        return self._log.log_start_offset

    @property
    def end_offset(self) -> int:
        return self._log.log_end_offset

    @property
    def high_watermark(self) -> int:
        return self._log.high_watermark

    @property
    def size_in_bytes(self) -> int:
        return self._log.size_in_bytes

    @property
    def last_epoch(self) -> int:
        """The epoch of the last entry; of the snapshot, if the log is empty; or 0, as in Kafka."""
        latest = self._log.epochs.latest_epoch
        if latest >= 0:
            return latest
        snapshot = self.snapshots.latest
        return snapshot.id.epoch if snapshot is not None else _EPOCH_OF_NOTHING

    def append(self, records: tuple[Any, ...], epoch: int, now: int) -> int:
        """One atomic batch of metadata records; its last offset."""
        return self._append(encode_batch(records, now), epoch, now)

    def append_leader_change(
        self,
        leader_id: NodeId,
        voters: tuple[NodeId, ...],
        granting: tuple[NodeId, ...],
        epoch: int,
        now: int,
    ) -> int:
        """The control record with which a leader begins its epoch; its offset."""
        message = LeaderChangeMessage(
            version=_LEADER_CHANGE_VERSION,
            leader_id=leader_id,
            voters=tuple(LeaderChangeMessageVoter(voter_id=voter) for voter in voters),
            granting_voters=tuple(LeaderChangeMessageVoter(voter_id=voter) for voter in granting),
        )
        value = encode_bytes(message, _LEADER_CHANGE_VERSION)
        return self._append(control_batch([(ControlType.LEADER_CHANGE, value)], now), epoch, now)

    def _append(self, batch: Batch, epoch: int, now: int) -> int:
        last_offset = self._log.append_as_leader(batch, epoch, now).last_offset
        self._log.flush()
        return last_offset

    def append_fetched(self, records: Records) -> None:
        """What the leader sent, as it is; it must begin at the end of this log."""
        self._log.append_as_follower(records)

    def flush(self) -> None:
        """What a voter has must not be lost: it counts towards the majority."""
        self._log.flush()

    def read(self, offset: int, max_bytes: int) -> Records:
        """From `offset` to the end, committed or not: followers must have it to commit it."""
        return self._log.read(offset, max_bytes, self._log.log_end_offset)

    def validate(self, offset: int, epoch: int) -> EpochEnd | SnapshotId | None:
        """How a follower goes on that has `offset` entries, the last of `epoch`.

        None: its log is a prefix of this one.  An `EpochEnd`: where to truncate to.  A snapshot:
        it is behind the start of this log.  (`RaftLog.validateOffsetAndEpoch`.)
        """
        earliest, latest = self.snapshots.earliest, self.snapshots.latest
        if offset == 0:
            # A snapshot brings an empty log further than entries do.
            return latest.id if latest is not None else None
        if earliest is not None and latest is not None:
            is_at_start = offset == self.start_offset and epoch != earliest.id.epoch
            if offset < self.start_offset or is_at_start or epoch < earliest.id.epoch:
                return latest.id
        end = self._end_of(epoch)
        if end.epoch == epoch and end.end_offset >= offset:
            return None
        return end

    def _end_of(self, epoch: int) -> EpochEnd:
        """Where the last epoch not above `epoch` ends (`RaftLog.endOffsetForEpoch`)."""
        end = self._log.epochs.end_offset_for(epoch, self.end_offset)
        if end.end_offset < 0:
            return EpochEnd(self.last_epoch, self.end_offset)
        earliest = self.snapshots.earliest
        is_before_start = earliest is not None and end == (epoch, earliest.id.end_offset)
        if earliest is not None and is_before_start:
            return EpochEnd(earliest.id.epoch, earliest.id.end_offset)
        return end

    def truncate_to(self, end: EpochEnd) -> int:
        """Remove what the leader does not have; how many records that were."""
        offset = min(end.end_offset, self.end_offset)
        if end.epoch > 0:
            mine = self._end_of(end.epoch)
            offset = min(mine.end_offset, offset) if mine.epoch == end.epoch else mine.end_offset
        assert offset >= self._log.high_watermark, (end, self._log)
        return self._log.truncate_to(offset)

    def advance_high_watermark(self, offset: int) -> bool:
        """Everything below `offset` is committed; whether that is news."""
        return self._log.advance_high_watermark(offset)

    def has_news(self, listener: str) -> bool:
        """Whether more is committed than this listener has taken."""
        return self._taken.get(listener, 0) < self._log.high_watermark

    def take_committed(self, listener: str) -> list[CommittedBatch]:
        """The batches committed since this listener last asked, in order.

        A snapshot first, if it begins or is behind the start of the log.
        """
        committed: list[CommittedBatch] = []
        if not self.has_news(listener):
            return committed
        high_watermark, taken = self._log.high_watermark, self._taken.get(listener, 0)
        snapshot = self.snapshots.latest
        if snapshot is not None and (taken == 0 or taken < self.start_offset):
            id = snapshot.id
            committed.append(
                CommittedBatch(0, id.end_offset - 1, id.epoch, snapshot.records(), 0, True)
            )
            taken = id.end_offset
        for entry in self._log.entries_from(taken):
            if entry.next_offset > high_watermark:
                break
            committed.append(
                CommittedBatch(
                    entry.base_offset,
                    entry.last_offset,
                    entry.leader_epoch,
                    decode_batch(entry.batch),
                    entry.size_in_bytes,
                )
            )
            taken = entry.next_offset
        self._taken[listener] = taken
        return committed

    def install(self, snapshot: Snapshot) -> None:
        """Begin anew with a fetched snapshot that is ahead of this log."""
        assert (snapshot.id.epoch, snapshot.id.end_offset) > (self.last_epoch, self.end_offset)
        self.snapshots.replace(snapshot)
        self._log.truncate_fully_and_start_at(snapshot.id.end_offset)

    def clean(self, retention_bytes: int, retention_ms: int, now: int) -> None:
        """Drop old snapshots, and the log below the oldest one left, as the limits say.

        A limit below zero is none.  The newest snapshot always stays.
        """
        snapshots = self.snapshots
        while (second := snapshots.second) is not None and (oldest := snapshots.earliest):
            size = self.size_in_bytes + snapshots.size_in_bytes
            is_too_big = 0 <= retention_bytes < size
            is_too_old = 0 <= retention_ms < now - oldest.timestamp
            if not (is_too_big or is_too_old):
                return
            snapshots.drop_oldest()
            self._log.delete_records_before(second.id.end_offset)

    def fork(self, disk: Disk) -> Self:
        """The same place in the forked disk's log."""
        other = type(self).__new__(type(self))
        other._log = disk.logs[METADATA_PARTITION]
        other._taken = self._taken.copy()
        other.snapshots = Snapshots(disk)
        return other


def _log_on(disk: Disk, segment_bytes: int) -> PartitionLog:
    log = disk.logs.get(METADATA_PARTITION)
    config = Config(TOPIC_KEYS, {"retention.ms": -1, "segment.bytes": segment_bytes})
    if log is not None:
        log.config = config
    else:
        log = disk.create_log(METADATA_PARTITION, config, METADATA_TOPIC_ID)
    return log
