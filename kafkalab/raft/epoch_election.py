"""The votes of one election, or of the question before it (pre-vote, KIP-996).

Invariant: granted and rejected never both; a voter's answer does not change.

In Kafka: `EpochElection`.
"""

from typing import Self

from kafkalab.ids import NodeId


class EpochElection:
    """Who has granted, who has rejected, who has not answered; the nominee grants itself."""

    __slots__ = ("_votes",)

    def __init__(self, voters: tuple[NodeId, ...], nominee: NodeId) -> None:
        self._votes: dict[NodeId, bool | None] = dict.fromkeys(voters)
        self.record(nominee, granted=True)

    def record(self, voter: NodeId, *, granted: bool) -> None:
        """An answer has come.  One from a node that is no voter counts for nothing."""
        if voter in self._votes:
            self._votes[voter] = granted

    @property
    def majority(self) -> int:
        return len(self._votes) // 2 + 1

    @property
    def granting(self) -> tuple[NodeId, ...]:
        return tuple([voter for voter, vote in self._votes.items() if vote])

    @property
    def unrecorded(self) -> tuple[NodeId, ...]:
        """Who is still to be asked."""
        return tuple([voter for voter, vote in self._votes.items() if vote is None])

    @property
    def is_granted(self) -> bool:
        return len(self.granting) >= self.majority

    @property
    def is_rejected(self) -> bool:
        """Whether no majority can come together any more."""
        return len(self.granting) + len(self.unrecorded) < self.majority

    def fork(self) -> Self:
        other = type(self).__new__(type(self))
        other._votes = self._votes.copy()
        return other
