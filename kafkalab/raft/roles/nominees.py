"""The two who ask for votes: Prospective, who asks first whether it would get them, and Candidate.

A voter that has lost its leader would, as a candidate, raise the epoch and so depose a leader whom
everyone else still hears.  So it first asks for pre-votes, which change nothing anywhere (KIP-996):
voters that have just fetched from a leader refuse, and it goes back to following.

In Kafka: `ProspectiveState`, `CandidateState`, `NomineeState`.
"""

from dataclasses import dataclass
from typing import Self

from kafkalab.ids import NO_NODE, NodeId
from kafkalab.raft.epoch_election import EpochElection
from kafkalab.raft.quorum_state import QuorumState
from kafkalab.raft.roles.unattached import grants


@dataclass(slots=True)
class Prospective:
    """In the epoch it was in before; the leader it lost is still named, if there was one."""

    epoch: int
    leader_id: NodeId
    voted_id: NodeId
    votes: EpochElection
    election_due: int

    @property
    def election(self) -> QuorumState:
        return QuorumState(self.epoch, self.leader_id, self.voted_id)

    def can_grant(self, candidate: NodeId, *, is_up_to_date: bool, pre_vote: bool) -> bool:
        """As an unattached voter would: see `unattached.grants`."""
        return grants(
            self.voted_id,
            self.leader_id,
            candidate,
            is_up_to_date=is_up_to_date,
            pre_vote=pre_vote,
        )

    def fork(self) -> Self:
        return type(self)(
            self.epoch, self.leader_id, self.voted_id, self.votes.fork(), self.election_due
        )


@dataclass(slots=True)
class Candidate:
    """In a new epoch, in which it has voted for itself."""

    epoch: int
    voted_id: NodeId
    votes: EpochElection
    election_due: int
    leader_id: NodeId = NO_NODE

    @property
    def election(self) -> QuorumState:
        return QuorumState(self.epoch, NO_NODE, self.voted_id)

    def can_grant(self, candidate: NodeId, *, is_up_to_date: bool, pre_vote: bool) -> bool:
        """It has voted for itself; a pre-vote costs nothing."""
        return pre_vote and is_up_to_date

    def fork(self) -> Self:
        return type(self)(self.epoch, self.voted_id, self.votes.fork(), self.election_due)
