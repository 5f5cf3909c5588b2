"""Leader: the voter that writes the log, and knows how far each follower has copied it.

    end offsets, descending   [self 12, voter 10, voter 7]    high watermark = 10, the middle one,
                                                              if that is above the epoch's start

An entry of an older epoch is not committed because a majority has it: a voter without it could
still be elected with a newer one and cut it off.  An entry of the leader's own epoch on a majority
settles all before it.  So a leader knows no high watermark until that (Q5).

In Kafka: `LeaderState`, `LeaderState.ReplicaState`.
Left out: changes of the set of voters (KIP-853).
"""

from dataclasses import dataclass, replace
from typing import Final, Self

from kafkalab.ids import NO_NODE, NodeId
from kafkalab.node import Ticket
from kafkalab.protocol.messages.fetch import FetchPartition, FetchResponse
from kafkalab.raft.quorum_state import QuorumState
from kafkalab.timers import Timers

UNKNOWN: Final = -1
_OBSERVER_SESSION_MS: Final = 300_000


@dataclass(frozen=True, slots=True)
class Replica:
    """What the leader knows of a follower.  Offsets and times are -1 until it has fetched."""

    end_offset: int = UNKNOWN
    fetched_at: int = UNKNOWN
    caught_up_at: int = UNKNOWN
    leader_end_offset: int = UNKNOWN  # when it fetched

    def fetched(self, offset: int, leader_end_offset: int, now: int) -> Self:
        """It has everything below `offset`.  It was caught up now, if that is the end; or at its
        last fetch, if it has what was the end then."""
        caught_up_at = self.caught_up_at
        if offset >= leader_end_offset:
            caught_up_at = now
        elif self.leader_end_offset > 0 and offset >= self.leader_end_offset:
            caught_up_at = max(caught_up_at, self.fetched_at)
        return replace(
            self,
            end_offset=offset,
            fetched_at=now,
            caught_up_at=caught_up_at,
            leader_end_offset=leader_end_offset,
        )


class Leader:
    """See the module's docstring.  `due`s are in ms."""

    __slots__ = (
        "begin_due",
        "check_quorum_due",
        "epoch",
        "epoch_start_offset",
        "fetched",
        "high_watermark",
        "idle_answer",
        "leader_id",
        "observers",
        "parked",
        "timers",
        "voters",
    )

    def __init__(
        self, node_id: NodeId, epoch: int, epoch_start_offset: int, voters: tuple[NodeId, ...]
    ) -> None:
        self.leader_id = node_id
        self.epoch = epoch
        self.epoch_start_offset = epoch_start_offset
        self.high_watermark = UNKNOWN  # until an entry of this epoch is committed
        self.voters = {voter: Replica() for voter in voters}
        self.observers: dict[NodeId, Replica] = {}
        self.fetched: dict[NodeId, None] = {}  # voters, since the last majority
        self.check_quorum_due: int | None = None  # None with a single voter
        self.begin_due: int | None = None
        self.parked: dict[Ticket, FetchPartition] = {}
        self.timers: Timers[Ticket] = Timers()
        self.idle_answer: FetchResponse | None = None  # the same for all, until something happens

    @property
    def voted_id(self) -> NodeId:
        """Kafka's leader forgets that it voted for itself: leading says as much."""
        return NO_NODE

    @property
    def election(self) -> QuorumState:
        return QuorumState(self.epoch, self.leader_id)

    def can_grant(self, candidate: NodeId, *, is_up_to_date: bool, pre_vote: bool) -> bool:
        return False

    @property
    def others(self) -> list[NodeId]:
        """The voters but for itself."""
        return [voter for voter in self.voters if voter != self.leader_id]

    @property
    def successors(self) -> tuple[NodeId, ...]:
        """The other voters, by how much of the log they have."""
        return tuple(sorted(self.others, key=lambda voter: -self.voters[voter].end_offset))

    def note_fetch(self, node: NodeId, offset: int, log_end_offset: int, now: int) -> None:
        """A replica has everything below `offset`."""
        replicas = self.voters if node in self.voters else self.observers
        replicas[node] = replicas.get(node, Replica()).fetched(offset, log_end_offset, now)

    def note_contact(self, voter: NodeId) -> bool:
        """A voter was heard; whether a majority now has been since it last had."""
        if voter in self.voters and voter != self.leader_id:
            self.fetched[voter] = None
        if len(self.fetched) < len(self.voters) // 2:
            return False
        self.fetched.clear()
        return True

    def advance(self, log_end_offset: int) -> bool:
        """Move the high watermark to what a majority has; whether it moved."""
        own = self.leader_id
        ends = sorted(
            [
                log_end_offset if voter == own else replica.end_offset
                for voter, replica in self.voters.items()
            ],
            reverse=True,
        )
        majority_has = ends[len(ends) // 2]
        if majority_has <= self.epoch_start_offset or majority_has <= self.high_watermark:
            return False
        self.high_watermark = majority_has
        return True

    def forget_silent_observers(self, now: int) -> None:
        """Those that have not fetched for five minutes are gone."""
        self.observers = {
            node: replica
            for node, replica in self.observers.items()
            if now - replica.fetched_at < _OBSERVER_SESSION_MS
        }

    def next_begin(self, interval_ms: int) -> int | None:
        """When a voter must be told again that the epoch has begun; None with a single voter."""
        if self.begin_due is None:
            return None
        own = self.leader_id
        heard = min([r.fetched_at for voter, r in self.voters.items() if voter != own])
        return max(self.begin_due, heard + interval_ms) if heard >= 0 else self.begin_due

    def fork(self) -> Self:
        other = type(self)(self.leader_id, self.epoch, self.epoch_start_offset, ())
        other.high_watermark = self.high_watermark
        other.voters = self.voters.copy()
        other.observers = self.observers.copy()
        other.fetched = self.fetched.copy()
        other.check_quorum_due, other.begin_due = self.check_quorum_due, self.begin_due
        other.parked = self.parked.copy()
        other.timers = self.timers.fork()
        other.idle_answer = self.idle_answer
        return other
