"""One node's place in the quorum: its role, and the legal moves from one role to another.

Whatever changes epoch, leader or vote is written to the disk by the move itself (`quorum_state`),
before an answer can leave.

Invariants: epochs never fall (Q6); within an epoch the vote stays, and a leader once known stays.

In Kafka: `QuorumState`, and the `transitionTo…`, `onBecome…` of `KafkaRaftClient`.
Left out: `controller.quorum.append.linger.ms` (what is written is appended at once), changes of the
voters (KIP-853).
Read next: `roles`; `voting`, `following` and `leading`, which call the moves.
"""

from typing import Any, Final, Self

from kafkalab.chance import Stream
from kafkalab.config import Config
from kafkalab.errors import ErrorCode
from kafkalab.ids import NO_NODE, NodeId
from kafkalab.log import Disk
from kafkalab.node import Effects
from kafkalab.protocol.messages.fetch import LeaderIdAndEpoch
from kafkalab.raft import messages, quorum_state
from kafkalab.raft.epoch_election import EpochElection
from kafkalab.raft.metadata_log import MetadataLog
from kafkalab.raft.quorum_state import QuorumState
from kafkalab.raft.request_manager import RequestManager
from kafkalab.raft.roles import (
    Candidate,
    Follower,
    Leader,
    Prospective,
    Resigned,
    Role,
    Unattached,
)

OWNER: Final = "raft"


class Quorum:
    """See the module's docstring.  `role` is replaced by `become_…` and `start` alone."""

    def __init__(
        self,
        node_id: NodeId,
        voters: tuple[NodeId, ...],
        disk: Disk,
        config: Config,
        effects: Effects,
        seed: int,
    ) -> None:
        self.node_id = node_id
        self.voters = voters
        self.config = config
        self.effects = effects
        self.log = MetadataLog(disk, config.int("metadata.log.segment.bytes"))
        self.requests = RequestManager(config.int("controller.quorum.retry.backoff.ms"))
        self._disk = disk
        self._chance = Stream(seed, f"raft/{node_id}")
        self.role: Role = Unattached(0, NO_NODE, None)

    @property
    def is_voter(self) -> bool:
        return self.node_id in self.voters

    @property
    def is_only_voter(self) -> bool:
        return self.voters == (self.node_id,)

    @property
    def epoch(self) -> int:
        return self.role.epoch

    @property
    def leader_id(self) -> NodeId:
        """Who leads this epoch, or led it until it resigned; NO_NODE if that is not known."""
        return self.role.leader_id

    @property
    def leader_and_epoch(self) -> LeaderIdAndEpoch:
        return LeaderIdAndEpoch(leader_id=self.leader_id, leader_epoch=self.epoch)

    @property
    def voted_id(self) -> NodeId:
        """Whom this node voted for in this epoch, or NO_NODE; a leader for itself."""
        return self.node_id if isinstance(self.role, Leader) else self.role.voted_id

    def send(self, target: NodeId, request: Any) -> None:
        """A request to a node that is ready for one."""
        key = self.requests.sent(target)
        timeout_ms = self.config.int("controller.quorum.request.timeout.ms")
        self.effects.call(target, request, OWNER, key, timeout_ms)

    def someone_ready(self, now: int) -> NodeId | None:
        """Any other voter that can be asked who leads, if nothing at all is under way."""
        if self.requests.has_any_in_flight:
            return None
        others = [voter for voter in self.voters if voter != self.node_id]
        ready = [voter for voter in others if self.requests.is_ready(voter, now)]
        return ready[self._chance.below(len(ready))] if ready else None

    # --- moves

    def start(self, now: int) -> None:
        """Be again what this node was when its last process ended, as far as that is safe."""
        self.log.recover()
        state = quorum_state.load(self._disk)
        epoch, leader_id, voted_id = state
        if epoch < self.log.last_epoch:
            self._become(Unattached(self.log.last_epoch, NO_NODE, self._election_due(now)))
        elif leader_id == self.node_id:
            others = tuple(voter for voter in self.voters if voter != self.node_id)
            due = now + self._election_timeout_ms()
            self._become(Resigned(epoch, self.node_id, (), others, due))
        elif voted_id == self.node_id:
            votes = EpochElection(self.voters, self.node_id)
            due = now + self._election_timeout_ms()
            self._become(Candidate(epoch, self.node_id, votes, due))
        elif leader_id != NO_NODE:
            self._become(self._follower(epoch, leader_id, voted_id, now))
        else:
            self._become(Unattached(epoch, voted_id, self._election_due(now)))
        if self.is_only_voter and not isinstance(self.role, Candidate):
            self.become_prospective(now)
        elif isinstance(self.role, Candidate) and self.role.votes.is_granted:
            self.become_leader(now)

    def become_unattached(self, epoch: int, now: int) -> None:
        """A higher epoch, whose leader is not known; or this one, after a lost pre-vote."""
        role = self.role
        is_lost = isinstance(role, Prospective)
        assert epoch > role.epoch or (is_lost and epoch == role.epoch), (epoch, role)
        due = self._election_due(now)
        match role:
            case Candidate() | Unattached() | Resigned():
                due = role.election_due
            case Prospective() if not role.votes.is_rejected:
                due = role.election_due
        voted_id = role.voted_id if epoch == role.epoch else NO_NODE
        self._become(Unattached(epoch, voted_id, due))

    def vote_for(self, candidate: NodeId, now: int) -> None:
        """Remember the vote; the candidate gets time to win before this node tries itself."""
        role = self.role
        if isinstance(role, Unattached) and role.voted_id == NO_NODE:
            self._become(Unattached(role.epoch, candidate, self._election_due(now)))
        elif isinstance(role, Prospective) and role.voted_id == NO_NODE:
            votes = EpochElection(self.voters, self.node_id)
            due = now + self._election_timeout_ms()
            self._become(Prospective(role.epoch, role.leader_id, candidate, votes, due))

    def become_follower(self, epoch: int, leader_id: NodeId, now: int) -> None:
        """The leader of an epoch is known."""
        role = self.role
        assert leader_id != self.node_id, "a node does not follow itself"
        assert epoch >= role.epoch, (epoch, role)
        assert epoch > role.epoch or not isinstance(role, Leader | Follower), (leader_id, role)
        voted_id = role.voted_id if epoch == role.epoch else NO_NODE
        self._become(self._follower(epoch, leader_id, voted_id, now))

    def become_prospective(self, now: int) -> None:
        """Ask whether an election could be won, in the epoch there is."""
        role = self.role
        assert self.is_voter and not isinstance(role, Leader | Prospective), role
        votes = EpochElection(self.voters, self.node_id)
        due = now + self._election_timeout_ms()
        self._become(Prospective(role.epoch, role.leader_id, role.voted_id, votes, due))
        if votes.is_granted:
            self.become_candidate(now)

    def become_candidate(self, now: int) -> None:
        """A new epoch, with a vote for itself."""
        role = self.role
        assert isinstance(role, Prospective), role
        votes = EpochElection(self.voters, self.node_id)
        due = now + self._election_timeout_ms()
        self._become(Candidate(role.epoch + 1, self.node_id, votes, due))
        if votes.is_granted:
            self.become_leader(now)

    def become_leader(self, now: int) -> None:
        """The votes of a majority are there.  The epoch begins with an entry of its own (Q5)."""
        role = self.role
        assert isinstance(role, Candidate) and role.votes.is_granted, role
        leader = Leader(self.node_id, role.epoch, self.log.end_offset, self.voters)
        if not self.is_only_voter:
            leader.begin_due = now
            leader.check_quorum_due = now + self.check_quorum_timeout_ms
        self._become(leader)
        self.effects.emit("QuorumLeaderElected", self.node_id, leader.epoch)
        self.log.append_leader_change(
            self.node_id,
            self.voters,
            role.votes.granting,
            leader.epoch,
            self.effects.clock.at(now),
        )

    def become_resigned(self, now: int) -> None:
        """Lead no more; the voters are told, the one with most of the log first to try."""
        role = self.role
        assert isinstance(role, Leader), role
        due = now + self._election_timeout_ms()
        self._become(Resigned(role.epoch, self.node_id, role.successors, tuple(role.others), due))

    def _become(self, role: Role) -> None:
        before, self.role = self.role, role
        quorum_state.save(self._disk, self._durable(role))
        self.requests.reset()
        if isinstance(before, Leader):
            self._dismiss_fetches(before)
        names = type(before).__name__, type(role).__name__
        is_news = names[0] != names[1] or before.epoch != role.epoch
        if is_news and self.is_voter and not self.is_only_voter:
            self.effects.emit("QuorumRoleChanged", *names, role.epoch, role.leader_id)

    def _durable(self, role: Role) -> QuorumState:
        """What must survive a restart."""
        return role.election

    def _dismiss_fetches(self, leader: Leader) -> None:
        """Those that waited at the leader must look for another."""
        answer = messages.fetch_response(
            self.leader_and_epoch, error=ErrorCode.NOT_LEADER_OR_FOLLOWER
        )
        for ticket in leader.parked:
            self.effects.reply(ticket, answer)

    # --- times

    @property
    def fetch_timeout_ms(self) -> int:
        return self.config.int("controller.quorum.fetch.timeout.ms")

    @property
    def check_quorum_timeout_ms(self) -> int:
        """A leader that no majority fetches from for so long resigns."""
        return self.fetch_timeout_ms * 3 // 2

    def _election_timeout_ms(self) -> int:
        """Another one each time, so that two voters seldom try together."""
        low = self.config.int("controller.quorum.election.timeout.ms")
        return low + self._chance.below(low)

    def _election_due(self, now: int) -> int | None:
        return now + self._election_timeout_ms() if self.is_voter else None

    def _follower(self, epoch: int, leader_id: NodeId, voted_id: NodeId, now: int) -> Follower:
        if not self.is_voter:
            return Follower(epoch, leader_id, voted_id, None, None)
        timeout_ms = self.fetch_timeout_ms
        timeout_ms += self._chance.below(timeout_ms // 10 + 1)
        return Follower(epoch, leader_id, voted_id, timeout_ms, now + timeout_ms)

    def end_epoch_backoff_ms(self, successors: tuple[NodeId, ...]) -> int:
        """How long to leave it to voters with more of the log, when a leader has resigned.

        The first tries at once, each further one waits twice as long as the one before.
        """
        most = self.config.int("controller.quorum.election.backoff.max.ms")
        place = successors.index(self.node_id) if self.node_id in successors else len(successors)
        if place == 0:
            return 0
        if place == len(successors):
            return most
        return min(most, (most >> (len(successors) - 1)) << (place - 1))

    def fork(self, effects: Effects, disk: Disk) -> Self:
        other = type(self).__new__(type(self))
        other.node_id, other.voters, other.config = self.node_id, self.voters, self.config
        other.effects = effects
        other.log = self.log.fork(disk)
        other.requests = self.requests.fork()
        other._disk = disk
        other._chance = self._chance.fork()
        other.role = self.role.fork()
        return other
