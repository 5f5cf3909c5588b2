"""The log of the quorum, `__cluster_metadata-0`: metadata records in, committed batches out.

    0 1 2 3 4 5 6 7 8 9 10
    └ taken ┘   │       └ log end: written here
                └ high watermark: on a majority of the voters, so it can never be undone

Each batch is atomic: its records take effect together.  Every committed batch is handed out once
in the life of a process; a restarted one replays its log, as far as it is known to be committed.

Invariants: taken <= high watermark <= log end; nothing below the high watermark is ever truncated.

In Kafka: `KafkaRaftLog`, `BlockingMessageQueue` of batches to `RaftClient.Listener.handleCommit`.
Left out: snapshots, so the log is kept whole.
"""

from typing import Any, Final, NamedTuple, Self

from kafkalab.config import TOPIC_KEYS, Config
from kafkalab.ids import NodeId, TopicPartition, Uuid
from kafkalab.log import Disk, PartitionLog
from kafkalab.log.leader_epoch_cache import EpochEnd
from kafkalab.metadata.serde import decode_batch, encode_batch
from kafkalab.protocol.codec import encode_bytes
from kafkalab.protocol.messages.control_records import (
    LeaderChangeMessage,
    LeaderChangeMessageVoter,
)
from kafkalab.record import Batch, ControlType, Records, control_batch

METADATA_PARTITION: Final = TopicPartition("__cluster_metadata", 0)
METADATA_TOPIC_ID: Final[Uuid] = bytes(15) + b"\x01"
_LEADER_CHANGE_VERSION: Final = 0  # at kraft.version 0: voters without directory ids


class CommittedBatch(NamedTuple):
    """Records that took effect together; none if it was a control batch."""

    base_offset: int
    last_offset: int
    epoch: int
    records: tuple[Any, ...]


class MetadataLog:
    """The quorum's log on one disk, and how much of it has been handed out."""

    __slots__ = ("_log", "_taken")

    def __init__(self, disk: Disk) -> None:
        self._log = _log_on(disk)
        self._taken = 0

    def recover(self) -> None:
        """A new process knows of nothing committed, until the leader says what is."""
        self._log.set_high_watermark(0)

    @property
    def end_offset(self) -> int:
        return self._log.log_end_offset

    @property
    def high_watermark(self) -> int:
        return self._log.high_watermark

    @property
    def last_epoch(self) -> int:
        """The epoch of the last entry; 0 if there is none, as Kafka has it."""
        return max(self._log.epochs.latest_epoch, 0)

    def append(self, records: tuple[Any, ...], epoch: int, now: int) -> int:
        """One atomic batch of metadata records; its last offset."""
        return self._append(encode_batch(records, now), epoch, now)

    def append_leader_change(
        self, leader_id: NodeId, voters: tuple[NodeId, ...], epoch: int, now: int
    ) -> int:
        """The control record with which a leader begins its epoch; its offset."""
        members = tuple(LeaderChangeMessageVoter(voter_id=voter) for voter in voters)
        message = LeaderChangeMessage(
            version=_LEADER_CHANGE_VERSION,
            leader_id=leader_id,
            voters=members,
            granting_voters=members,
        )
        value = encode_bytes(message, _LEADER_CHANGE_VERSION)
        return self._append(control_batch([(ControlType.LEADER_CHANGE, value)], now), epoch, now)

    def _append(self, batch: Batch, epoch: int, now: int) -> int:
        return self._log.append_as_leader(batch, epoch, now).last_offset

    def append_fetched(self, records: Records) -> None:
        """What the leader sent, as it is; it must begin at the end of this log."""
        self._log.append_as_follower(records)

    def read(self, offset: int, max_bytes: int) -> Records:
        """From `offset` to the end, committed or not: followers must have it to commit it."""
        return self._log.read(offset, max_bytes, self._log.log_end_offset)

    def diverging_end(self, offset: int, epoch: int) -> EpochEnd | None:
        """Where a follower that has `offset` entries, the last of `epoch`, must truncate to.

        None if its log is a prefix of this one.
        """
        if offset == 0 and epoch == 0:
            return None
        end = self._log.epochs.end_offset_for(epoch, self._log.log_end_offset)
        if end.epoch == epoch and end.end_offset >= offset:
            return None
        return EpochEnd(max(end.epoch, 0), max(end.end_offset, 0))

    def truncate_to(self, end: EpochEnd) -> int:
        """Remove what the leader does not have; how many records that were."""
        mine = self._log.epochs.end_offset_for(end.epoch, self._log.log_end_offset)
        offset = end.end_offset
        if mine.end_offset >= 0 and mine.epoch == end.epoch:
            offset = min(offset, mine.end_offset)
        assert offset >= self._log.high_watermark, (end, self._log)
        return self._log.truncate_to(offset)

    def advance_high_watermark(self, offset: int) -> bool:
        """Everything below `offset` is committed; whether that is news."""
        return self._log.advance_high_watermark(offset)

    def take_committed(self) -> list[CommittedBatch]:
        """The batches committed since last asked, in order."""
        high_watermark = self._log.high_watermark
        committed: list[CommittedBatch] = []
        if self._taken >= high_watermark:
            return committed
        for entry in self._log.entries_from(self._taken):
            if entry.next_offset > high_watermark:
                break
            committed.append(
                CommittedBatch(
                    entry.base_offset,
                    entry.last_offset,
                    entry.leader_epoch,
                    decode_batch(entry.batch),
                )
            )
            self._taken = entry.next_offset
        return committed

    def fork(self, disk: Disk) -> Self:
        """The same place in the forked disk's log."""
        other = type(self)(disk)
        other._taken = self._taken
        return other


def _log_on(disk: Disk) -> PartitionLog:
    log = disk.logs.get(METADATA_PARTITION)
    if log is None:
        config = Config(TOPIC_KEYS, {"retention.ms": -1})
        log = disk.create_log(METADATA_PARTITION, config, METADATA_TOPIC_ID)
    return log
