"""The quorum as a server sees it: append records, take what is committed, ask who leads.

    controller ──append──▶ RaftClient (Leader) ◀──Fetch── RaftClient (Follower) ──▶ a controller
               ◀─take_committed─┘              ◀──Fetch── RaftClient (observer) ──▶ a broker

A node has one role at a time, an object of its own (`roles`).  Whatever comes in or falls due is
given to the modules that know about it, then the role does what is left to do: ask for votes,
fetch, tell others.  A single voter elects itself at once.

In Kafka: `KafkaRaftClient`.
Left out: dynamic voters (KIP-853: AddRaftVoter, RemoveRaftVoter, UpdateRaftVoter, voters in the
log); NoOpRecords at idle (`metadata.max.idle.interval.ms`), with which Kafka measures lag: they
would be half of all that happens in a quiet cluster and show nothing.
Read next: `roles`, `quorum`; then `voting`, `following`, `leading`.
"""

from collections.abc import Hashable
from typing import Any, Final, Self

from kafkalab.config import Config
from kafkalab.ids import NodeId
from kafkalab.log import Disk
from kafkalab.metadata import MetadataImage
from kafkalab.metadata.image_records import records_of
from kafkalab.node import Effects, Ticket
from kafkalab.protocol.messages import quorum as q
from kafkalab.protocol.messages import snapshots as s
from kafkalab.protocol.messages.fetch import FetchRequest, FetchResponse
from kafkalab.raft import following, leading, voting
from kafkalab.raft.metadata_log import CommittedBatch
from kafkalab.raft.quorum import Quorum
from kafkalab.raft.request_manager import CallKey
from kafkalab.raft.roles import Candidate, Follower, Leader, Prospective, Resigned, Unattached
from kafkalab.raft.snapshot import SnapshotId, write_snapshot
from kafkalab.timers import earliest

LOADER: Final = "loader"  # who replays the log for the server, and writes snapshots
_SHUTDOWN_TIMEOUT_MS: Final = 5_000  # `KafkaRaftClientDriver.shutdown`
_CLEAN_INTERVAL_MS: Final = 60_000  # `KafkaRaftClient`: snapshots are looked at every minute


class RaftClient:
    """One node's part in the quorum.  Its log is on `disk`; a call's owner is "raft"."""

    __slots__ = (
        "_bytes_since_snapshot",
        "_clean_due",
        "_due",
        "_quorum",
        "_shutdown_due",
        "_snapshot_at",
    )

    def __init__(
        self,
        node_id: NodeId,
        voters: tuple[NodeId, ...],
        disk: Disk,
        config: Config,
        effects: Effects,
        seed: int,
        now: int = 0,
    ) -> None:
        self._quorum = Quorum(node_id, voters, disk, config, effects, seed)
        self._bytes_since_snapshot = 0
        self._snapshot_at = now  # when the last snapshot was written or read
        self._clean_due: int | None = None
        self._shutdown_due: int | None = None
        self._due: int | None = now
        self._quorum.start(now)
        role = self._quorum.role
        if isinstance(role, Leader):
            leading.appended(self._quorum, role)
            self._due = None

    # --- what there is

    @property
    def node_id(self) -> NodeId:
        return self._quorum.node_id

    @property
    def voters(self) -> tuple[NodeId, ...]:
        return self._quorum.voters

    @property
    def leader_id(self) -> NodeId:
        """Who leads, as far as this node knows, or NO_NODE."""
        return self._quorum.leader_id

    @property
    def epoch(self) -> int:
        """The newest quorum epoch this node knows."""
        return self._quorum.epoch

    @property
    def role(self) -> str:
        """`Leader`, `Follower`, `Candidate`, `Prospective`, `Unattached` or `Resigned`."""
        return type(self._quorum.role).__name__

    @property
    def voted_id(self) -> NodeId:
        """Whom it voted for in this epoch, or NO_NODE."""
        return self._quorum.voted_id

    @property
    def is_leader(self) -> bool:
        return isinstance(self._quorum.role, Leader)

    @property
    def high_watermark(self) -> int:
        """Every entry below it is committed, as far as this node knows."""
        return self._quorum.log.high_watermark

    @property
    def log_start_offset(self) -> int:
        """Where the log begins; what was before is in a snapshot."""
        return self._quorum.log.start_offset

    @property
    def log_end_offset(self) -> int:
        """Where the next record will stand."""
        return self._quorum.log.end_offset

    @property
    def snapshot_ids(self) -> tuple[SnapshotId, ...]:
        """Of the snapshots on this node's disk, oldest first."""
        return tuple(snapshot.id for snapshot in self._quorum.log.snapshots.all)

    # --- writing and reading

    def append(self, records: tuple[Any, ...] | list[Any], now: int) -> int:
        """Write records as one atomic batch; the offset of the last.  Leader only."""
        role = self._quorum.role
        assert isinstance(role, Leader), role
        assert records, "an empty batch"
        return leading.append(self._quorum, role, tuple(records), now)

    def has_news(self, listener: str = LOADER) -> bool:
        """Whether more is committed than this listener has taken."""
        return self._quorum.log.has_news(listener)

    def take_committed(self, listener: str = LOADER) -> list[CommittedBatch]:
        """The batches committed since this listener last asked; each once in a process's life."""
        committed = self._quorum.log.take_committed(listener)
        for batch in committed if listener == LOADER else ():
            size = 0 if batch.is_snapshot else self._bytes_since_snapshot + batch.size_in_bytes
            self._bytes_since_snapshot = size
        return committed

    def maybe_snapshot(self, image: MetadataImage, now: int) -> None:
        """Write a snapshot of `image`, which is all that was taken, if it is time for one.

        After so many bytes, or so long, since the last (`metadata.log.max.…`), and at news only.
        In Kafka: `SnapshotGenerator`.
        """
        if not self._bytes_since_snapshot:
            return
        config, log = self._quorum.config, self._quorum.log
        enough = config.int("metadata.log.max.record.bytes.between.snapshots")
        interval_ms = config.int("metadata.log.max.snapshot.interval.ms")
        is_late = 0 < interval_ms <= now - self._snapshot_at
        if self._bytes_since_snapshot < enough and not is_late:
            return
        id = SnapshotId(image.offset + 1, image.epoch)
        log.snapshots.add(write_snapshot(id, records_of(image), now))
        self._bytes_since_snapshot, self._snapshot_at = 0, now
        self._quorum.effects.emit("SnapshotWritten", *id)
        if log.snapshots.second is not None and self._clean_due is None:
            self._clean_due = now + _CLEAN_INTERVAL_MS

    def _clean(self, now: int) -> None:
        config, log = self._quorum.config, self._quorum.log
        log.clean(
            config.int("metadata.max.retention.bytes"),
            config.int("metadata.max.retention.ms"),
            self._quorum.effects.clock.at(now),
        )
        has_more = log.snapshots.second is not None
        self._clean_due = now + _CLEAN_INTERVAL_MS if has_more else None

    # --- messages

    def handle(self, ticket: Ticket, request: Any, now: int) -> None:
        """A request of the quorum's protocol, answered by `effects.reply`, now or later."""
        quorum = self._quorum
        answer: Any = None
        match request:
            case FetchRequest():
                leading.handle_fetch(quorum, ticket, request, now)
            case q.VoteRequest():
                answer = voting.handle_vote(quorum, request, now)
            case q.BeginQuorumEpochRequest():
                answer = voting.handle_begin_epoch(quorum, request, now)
            case q.EndQuorumEpochRequest():
                answer = voting.handle_end_epoch(quorum, request, now)
            case s.FetchSnapshotRequest():
                answer = leading.handle_fetch_snapshot(quorum, request, now)
            case q.DescribeQuorumRequest():
                answer = leading.describe(quorum, request, now)
            case _:
                raise AssertionError(request)
        if answer is not None:
            quorum.effects.reply(ticket, answer)
        self._poll(now)

    def on_response(self, key: Hashable, response: Any, now: int) -> None:
        """The answer to a call of ours; None if the connection broke or time ran out."""
        assert isinstance(key, CallKey), key
        quorum = self._quorum
        match response:
            case FetchResponse():
                well = following.take_fetch(quorum, key, response, now)
            case q.VoteResponse():
                well = voting.take_vote(quorum, key.target, response, now)
            case q.BeginQuorumEpochResponse():
                well = voting.take_begin_epoch(quorum, response, now)
            case q.EndQuorumEpochResponse():
                well = voting.take_end_epoch(quorum, key.target, response, now)
            case s.FetchSnapshotResponse():
                well = following.take_snapshot(quorum, key, response, now)
            case _:
                well = False
        quorum.requests.ended(key, now, well=well)
        self._poll(now)

    # --- time

    def on_timer(self, now: int) -> None:
        if self._clean_due is not None and self._clean_due <= now:
            self._clean(now)
        self._poll(now)

    def next_timer(self) -> int | None:
        due = self._due
        role = self._quorum.role
        if isinstance(role, Leader):
            parked = role.timers.first
            if parked is not None and (due is None or parked < due):
                due = parked
        if self._clean_due is not None:
            due = self._clean_due if due is None else min(due, self._clean_due)
        return due

    def _poll(self, now: int) -> None:
        """Let the role do what it has to, until it stays the same; note when it has more to do."""
        quorum = self._quorum
        while True:
            role = quorum.role
            match role:
                case Follower():
                    due = self._poll_follower(role, now)
                case Leader():
                    due = self._poll_leader(role, now)
                case Unattached():
                    due = self._poll_unattached(role, now)
                case Prospective() | Candidate():
                    due = self._poll_nominee(role, now)
                case Resigned():
                    due = self._poll_resigned(role, now)
            if quorum.role is role:
                break
        self._due = due if self._shutdown_due is None else self._shutdown_due

    def _poll_follower(self, role: Follower, now: int) -> int | None:
        quorum = self._quorum
        if self._is_over(role.fetch_due, now):
            quorum.become_prospective(now)
            return None
        following.fetch(quorum, role, now)
        return earliest(role.fetch_due, self._retry_due(now))

    def _poll_unattached(self, role: Unattached, now: int) -> int | None:
        quorum = self._quorum
        if self._is_over(role.election_due, now):
            quorum.become_prospective(now)
            return None
        following.find_leader(quorum, role, now)
        return earliest(role.election_due, self._retry_due(now))

    def _poll_nominee(self, role: Prospective | Candidate, now: int) -> int | None:
        quorum = self._quorum
        if self._is_over(role.election_due, now):
            if isinstance(role, Prospective):
                voting.give_up(quorum, role, now)
            else:
                quorum.become_prospective(now)
            return None
        voting.ask_for_votes(quorum, role, now)
        return earliest(role.election_due, quorum.requests.next_retry(now))

    def _poll_resigned(self, role: Resigned, now: int) -> int | None:
        quorum = self._quorum
        if self._is_over(role.election_due, now):
            # In the next epoch, for in this one it would be told to follow itself.
            quorum.become_unattached(role.epoch + 1, now)
            return None
        voting.announce_end(quorum, role, now)
        return earliest(role.election_due, quorum.requests.next_retry(now))

    def _poll_leader(self, role: Leader, now: int) -> int | None:
        quorum = self._quorum
        if role.check_quorum_due is None:
            leading.expire(quorum, role, now)
            return None
        if role.check_quorum_due <= now or self._shutdown_due is not None:
            quorum.become_resigned(now)
            return None
        leading.expire(quorum, role, now)
        interval_ms = quorum.fetch_timeout_ms // 2
        begin_due = role.next_begin(interval_ms)
        if begin_due is not None and begin_due <= now:
            voting.announce_epoch(quorum, role, now)
            begin_due = role.next_begin(interval_ms)
        return earliest(role.check_quorum_due, begin_due)

    def _is_over(self, due: int | None, now: int) -> bool:
        """Whether it is time for another role; a node that is to go starts no election."""
        return due is not None and due <= now and self._shutdown_due is None

    def _retry_due(self, now: int) -> int | None:
        """When to ask again; nothing to do while an answer is awaited."""
        requests = self._quorum.requests
        return None if requests.has_any_in_flight else requests.next_retry(now)

    # --- the end

    def begin_shutdown(self, now: int) -> None:
        """Leave in order: a leader hands its epoch over first."""
        self._shutdown_due = now + _SHUTDOWN_TIMEOUT_MS
        self._poll(now)

    def has_shut_down(self, now: int) -> bool:
        """Whether the process may end: another leads, or it has waited long enough."""
        quorum = self._quorum
        if self._shutdown_due is None:
            return False
        another_leads = quorum.leader_id >= 0 and quorum.leader_id != quorum.node_id
        is_free = not quorum.is_voter or quorum.is_only_voter or another_leads
        return is_free or now >= self._shutdown_due

    def fork(self, effects: Effects, disk: Disk) -> Self:
        """An equal client on a forked disk."""
        other = type(self).__new__(type(self))
        other._quorum = self._quorum.fork(effects, disk)
        other._bytes_since_snapshot = self._bytes_since_snapshot
        other._snapshot_at = self._snapshot_at
        other._clean_due, other._shutdown_due = self._clean_due, self._shutdown_due
        other._due = self._due
        return other
