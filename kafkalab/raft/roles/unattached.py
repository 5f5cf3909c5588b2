"""Unattached: the epoch is known, its leader is not.  It asks around, and votes.

In Kafka: `UnattachedState`, `QuorumState.unattachedOrProspectiveCanGrantVote`.
Left out: an unattached node that knows the leader's number but not its address.
"""

from dataclasses import dataclass
from typing import Self

from kafkalab.ids import NO_NODE, NodeId
from kafkalab.raft.quorum_state import QuorumState


@dataclass(slots=True)
class Unattached:
    """Times in ms; an observer has no election timeout (None)."""

    epoch: int
    voted_id: NodeId
    election_due: int | None
    leader_id: NodeId = NO_NODE

    @property
    def election(self) -> QuorumState:
        return QuorumState(self.epoch, NO_NODE, self.voted_id)

    def can_grant(self, candidate: NodeId, *, is_up_to_date: bool, pre_vote: bool) -> bool:
        """See `grants`."""
        return grants(
            self.voted_id, NO_NODE, candidate, is_up_to_date=is_up_to_date, pre_vote=pre_vote
        )

    def fork(self) -> Self:
        return type(self)(self.epoch, self.voted_id, self.election_due)


def grants(
    voted_id: NodeId, leader_id: NodeId, candidate: NodeId, *, is_up_to_date: bool, pre_vote: bool
) -> bool:
    """A pre-vote binds nobody; a vote is given once in an epoch, and never against a leader."""
    if pre_vote:
        return is_up_to_date
    if voted_id != NO_NODE:
        return voted_id == candidate
    return leader_id == NO_NODE and is_up_to_date
