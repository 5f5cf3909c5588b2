"""What a node is to the quorum: one class per role, each with the data of that role only.

    Observer ──Fetch(offset, last epoch, high watermark)──▶ Leader
             ◀── records to the log end, high watermark ───
             ◀── or: "your log diverges, truncate to …" ───
             ◀── or: NOT_LEADER_OR_FOLLOWER, "it is …" ────

A fetch that finds nothing new waits at the leader, up to its `max_wait_ms`; the next append wakes
it.  So news travels in one trip, and an idle cluster says little.

In Kafka: `LeaderState`, `FollowerState` (of an observer), `KafkaRaftClient.handleFetchRequest`;
KIP-595, KIP-1166 (a follower tells the high watermark it knows).
Left out: the voters' other roles (unattached, prospective, candidate, follower, resigned), which
come with a second voter; cluster ids in requests; snapshots.
"""

from typing import Any, Final, Self

from kafkalab.errors import ErrorCode
from kafkalab.ids import NO_NODE, NodeId
from kafkalab.log import Disk
from kafkalab.log.leader_epoch_cache import EpochEnd
from kafkalab.node import Effects, Ticket
from kafkalab.protocol.messages.fetch import (
    EpochEndOffset,
    FetchableTopicResponse,
    FetchPartition,
    FetchRequest,
    FetchResponse,
    FetchTopic,
    LeaderIdAndEpoch,
    PartitionData,
    ReplicaState,
)
from kafkalab.raft import quorum_state
from kafkalab.raft.metadata_log import METADATA_PARTITION, METADATA_TOPIC_ID, MetadataLog
from kafkalab.raft.quorum_state import QuorumState
from kafkalab.record import Records, parse_records
from kafkalab.timers import Timers

OWNER: Final = "raft"
FETCH_MAX_WAIT_MS: Final = 500  # `KafkaRaftClient.MAX_FETCH_WAIT_MS`
FETCH_MAX_BYTES: Final = 8 << 20  # `KafkaRaftClient.MAX_FETCH_SIZE_BYTES`
RETRY_BACKOFF_MS: Final = 100


class Leader:
    """The voter that writes the log.  With one voter, written is committed."""

    __slots__ = ("_effects", "_idle_answer", "_log", "_parked", "_timers", "epoch", "leader_id")

    def __init__(self, node_id: NodeId, epoch: int, log: MetadataLog, effects: Effects) -> None:
        self.leader_id = node_id
        self.epoch = epoch
        self._log = log
        self._effects = effects
        self._parked: dict[Ticket, FetchPartition] = {}
        self._timers: Timers[Ticket] = Timers()
        self._idle_answer: FetchResponse | None = None  # the same for all, until something happens

    def begin(self, voters: tuple[NodeId, ...], now: int) -> None:
        """Start the epoch, as Kafka does, with a record of its own (Q5)."""
        self._log.append_leader_change(self.leader_id, voters, self.epoch, now)
        self._appended()
        self._effects.emit("QuorumLeaderElected", self.leader_id, self.epoch)

    def append(self, records: tuple[Any, ...], now: int) -> int:
        """One atomic batch; its last offset."""
        last_offset = self._log.append(records, self.epoch, now)
        self._appended()
        return last_offset

    def _appended(self) -> None:
        self._log.advance_high_watermark(self._log.end_offset)
        self._idle_answer = None
        parked, self._parked = self._parked, {}
        for ticket, partition in parked.items():
            self._timers.cancel(ticket)
            self._effects.reply(ticket, self._answer(partition))

    def handle_fetch(self, ticket: Ticket, request: FetchRequest, now: int) -> None:
        """Answer an observer, or let it wait for news."""
        partition = metadata_partition(request)
        if partition is None:
            self._effects.reply(ticket, FetchResponse(error_code=ErrorCode.INVALID_REQUEST))
        elif request.max_wait_ms > 0 and self._has_nothing_for(partition):
            self._parked[ticket] = partition
            self._timers.set(ticket, now + request.max_wait_ms)
        else:
            self._effects.reply(ticket, self._answer(partition))

    def _has_nothing_for(self, partition: FetchPartition) -> bool:
        log = self._log
        return (
            partition.current_leader_epoch == self.epoch
            and partition.fetch_offset == log.end_offset
            and partition.last_fetched_epoch == log.last_epoch
            and partition.high_watermark >= log.high_watermark
        )

    def _answer(self, partition: FetchPartition) -> FetchResponse:
        if self._has_nothing_for(partition):
            if self._idle_answer is None:
                self._idle_answer = self._response(Records.EMPTY)
            return self._idle_answer
        if partition.current_leader_epoch < self.epoch:
            return self._response(error=ErrorCode.FENCED_LEADER_EPOCH)
        if partition.current_leader_epoch > self.epoch:
            return self._response(error=ErrorCode.UNKNOWN_LEADER_EPOCH)
        end = self._log.diverging_end(partition.fetch_offset, partition.last_fetched_epoch)
        if end is not None:
            return self._response(diverging=end)
        return self._response(self._log.read(partition.fetch_offset, FETCH_MAX_BYTES))

    def _response(
        self,
        records: Records = Records.EMPTY,
        *,
        error: ErrorCode = ErrorCode.NONE,
        diverging: EpochEnd | None = None,
    ) -> FetchResponse:
        failed = error is not ErrorCode.NONE
        end = diverging or EpochEnd(-1, -1)
        return fetch_response(
            PartitionData(
                partition_index=METADATA_PARTITION.partition,
                error_code=error,
                high_watermark=-1 if failed else self._log.high_watermark,
                log_start_offset=-1 if failed else 0,
                diverging_epoch=EpochEndOffset(epoch=end.epoch, end_offset=end.end_offset),
                current_leader=LeaderIdAndEpoch(leader_id=self.leader_id, leader_epoch=self.epoch),
                aborted_transactions=None,
                records=records,
            )
        )

    def on_response(self, response: Any, now: int) -> None:
        """A leader asks nobody."""

    def on_timer(self, now: int) -> None:
        for ticket in self._timers.pop_due(now):
            self._effects.reply(ticket, self._answer(self._parked.pop(ticket)))

    def next_timer(self) -> int | None:
        return self._timers.next()

    def fork(self, log: MetadataLog, disk: Disk, effects: Effects) -> Self:
        other = type(self)(self.leader_id, self.epoch, log, effects)
        other._parked = self._parked.copy()
        other._timers = self._timers.fork()
        other._idle_answer = self._idle_answer
        return other


class Observer:
    """A node that follows the log and has no vote: every broker."""

    __slots__ = (
        "_disk",
        "_due",
        "_effects",
        "_log",
        "_node_id",
        "_request",
        "_tried",
        "_voters",
        "epoch",
        "leader_id",
    )

    def __init__(
        self,
        node_id: NodeId,
        voters: tuple[NodeId, ...],
        log: MetadataLog,
        disk: Disk,
        effects: Effects,
        now: int,
    ) -> None:
        self.leader_id = NO_NODE  # until somebody says who it is
        self.epoch = quorum_state.load(disk).leader_epoch
        self._node_id = node_id
        self._voters = voters
        self._log = log
        self._disk = disk
        self._effects = effects
        self._tried = 0
        self._due: int | None = now  # None while a fetch is under way
        self._request: FetchRequest | None = None  # the last one, sent again while nothing changes

    def handle_fetch(self, ticket: Ticket, request: FetchRequest, now: int) -> None:
        """Say who leads, as far as is known here."""
        answer = fetch_response(
            PartitionData(
                partition_index=METADATA_PARTITION.partition,
                error_code=ErrorCode.NOT_LEADER_OR_FOLLOWER,
                high_watermark=-1,
                current_leader=LeaderIdAndEpoch(leader_id=self.leader_id, leader_epoch=self.epoch),
                aborted_transactions=None,
                records=Records.EMPTY,
            )
        )
        self._effects.reply(ticket, answer)

    def on_timer(self, now: int) -> None:
        if self._due is not None and self._due <= now:
            self._fetch()

    def next_timer(self) -> int | None:
        return self._due

    def _fetch(self) -> None:
        """Ask the leader, or one voter after the other who that is."""
        self._due = None
        if self._request is None:
            self._request = self._next_request()
        target = self.leader_id
        if target == NO_NODE:
            target = self._voters[self._tried % len(self._voters)]
        self._effects.call(target, self._request, OWNER, "fetch")

    def _next_request(self) -> FetchRequest:
        partition = FetchPartition(
            partition=METADATA_PARTITION.partition,
            current_leader_epoch=self.epoch,
            fetch_offset=self._log.end_offset,
            last_fetched_epoch=self._log.last_epoch,
            partition_max_bytes=FETCH_MAX_BYTES,
            high_watermark=self._log.high_watermark,
        )
        topic = FetchTopic(
            topic=METADATA_PARTITION.topic, topic_id=METADATA_TOPIC_ID, partitions=(partition,)
        )
        return FetchRequest(
            replica_state=ReplicaState(replica_id=self._node_id),
            max_wait_ms=FETCH_MAX_WAIT_MS,
            max_bytes=FETCH_MAX_BYTES,
            topics=(topic,),
        )

    def on_response(self, response: Any, now: int) -> None:
        """News, or nothing, or a voter that does not lead, or a broken connection (None)."""
        data = partition_data(response)
        if data is None or not self._accept_leader(data.current_leader):
            self._back_off(now)
        elif data.error_code:
            # A newer epoch is itself the reason for the refusal: ask again in that epoch.
            if self._request is None and self.leader_id != NO_NODE:
                self._fetch()
            else:
                self._back_off(now)
        else:
            self._take(data)
            self._fetch()

    def _back_off(self, now: int) -> None:
        self._tried += 1
        self._due = now + RETRY_BACKOFF_MS

    def _accept_leader(self, leader: LeaderIdAndEpoch) -> bool:
        """Believe who leads, unless that is yesterday's news."""
        if leader.leader_epoch < self.epoch:
            return False
        if (leader.leader_id, leader.leader_epoch) != (self.leader_id, self.epoch):
            self.leader_id, self.epoch = leader.leader_id, leader.leader_epoch
            quorum_state.save(self._disk, QuorumState(self.epoch, self.leader_id))
            self._request = None
        return True

    def _take(self, data: PartitionData) -> None:
        log = self._log
        diverging = data.diverging_epoch
        if diverging.epoch >= 0:
            end, before = EpochEnd(diverging.epoch, diverging.end_offset), log.end_offset
            removed = log.truncate_to(end)
            assert log.end_offset < before, (end, before)
            self._effects.emit("Truncated", *METADATA_PARTITION, log.end_offset, removed)
            self._request = None
            return
        records = parse_records(data.records)
        if records.entries:
            log.append_fetched(records)
            self._request = None
        if log.advance_high_watermark(data.high_watermark):
            self._request = None

    def fork(self, log: MetadataLog, disk: Disk, effects: Effects) -> Self:
        other = type(self)(self._node_id, self._voters, log, disk, effects, 0)
        other.leader_id, other.epoch = self.leader_id, self.epoch
        other._tried, other._due = self._tried, self._due
        other._request = self._request
        return other


def metadata_partition(request: FetchRequest) -> FetchPartition | None:
    """The one partition there is to ask about; None for anything else."""
    if len(request.topics) != 1 or request.topics[0].topic_id != METADATA_TOPIC_ID:
        return None
    partitions = request.topics[0].partitions
    if len(partitions) != 1 or partitions[0].partition != METADATA_PARTITION.partition:
        return None
    return partitions[0]


def partition_data(response: Any) -> PartitionData | None:
    """What a response says of the metadata log; None if it says nothing usable."""
    if response is None or response.error_code or not response.responses:
        return None
    data: PartitionData = response.responses[0].partitions[0]
    return data


def fetch_response(data: PartitionData) -> FetchResponse:
    """A response about the metadata log."""
    topic = FetchableTopicResponse(
        topic=METADATA_PARTITION.topic, topic_id=METADATA_TOPIC_ID, partitions=(data,)
    )
    return FetchResponse(responses=(topic,))
