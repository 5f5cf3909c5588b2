"""Resigned: it led this epoch and leads it no more.  It tells the voters, and lets others win.

So is a voter that led before its restart: it neither votes nor writes again in that epoch, so that
(offset, epoch) goes on naming one entry even if its disk lost the last ones.

In Kafka: `ResignedState`.
"""

from dataclasses import dataclass
from typing import Self

from kafkalab.ids import NO_NODE, NodeId
from kafkalab.raft.quorum_state import QuorumState


@dataclass(slots=True)
class Resigned:
    """`untold`: voters that have not acknowledged the end of the epoch.  `successors`: the voters
    by how much of the log they have, the first of which may try at once."""

    epoch: int
    leader_id: NodeId
    successors: tuple[NodeId, ...]
    untold: tuple[NodeId, ...]
    election_due: int
    voted_id: NodeId = NO_NODE

    @property
    def election(self) -> QuorumState:
        return QuorumState(self.epoch, self.leader_id)

    def can_grant(self, candidate: NodeId, *, is_up_to_date: bool, pre_vote: bool) -> bool:
        return pre_vote and is_up_to_date

    def acknowledged(self, voter: NodeId) -> None:
        """This voter knows."""
        self.untold = tuple([each for each in self.untold if each != voter])

    def fork(self) -> Self:
        return type(self)(
            self.epoch, self.leader_id, self.successors, self.untold, self.election_due
        )
