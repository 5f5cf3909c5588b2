"""Follower: it knows the leader of its epoch and copies the log from it.

A voter that has not fetched successfully for `controller.quorum.fetch.timeout.ms` looks for another
leader; an observer waits.  Each follower adds up to a tenth of that, by chance: here all clocks
agree to the millisecond, and without it two followers would always try together.

In Kafka: `FollowerState`.
"""

from dataclasses import dataclass
from typing import Self

from kafkalab.ids import NodeId
from kafkalab.protocol.messages.fetch import FetchRequest
from kafkalab.raft.quorum_state import QuorumState
from kafkalab.raft.snapshot import SnapshotId


@dataclass(frozen=True, slots=True)
class Download:
    """A snapshot on its way: the bytes that have come so far."""

    id: SnapshotId
    data: bytes = b""


@dataclass(slots=True)
class Follower:
    """Times in ms; an observer has no fetch timeout (None)."""

    epoch: int
    leader_id: NodeId
    voted_id: NodeId
    fetch_timeout_ms: int | None
    fetch_due: int | None
    has_fetched: bool = False  # successfully from this leader, so it is alive: no pre-votes
    download: Download | None = None
    request: FetchRequest | None = None  # the last one, sent again while nothing changes

    def heard(self, now: int) -> None:
        """The leader has answered as it should."""
        self.has_fetched = True
        if self.fetch_timeout_ms is not None:
            self.fetch_due = now + self.fetch_timeout_ms

    @property
    def election(self) -> QuorumState:
        return QuorumState(self.epoch, self.leader_id, self.voted_id)

    def can_grant(self, candidate: NodeId, *, is_up_to_date: bool, pre_vote: bool) -> bool:
        return pre_vote and is_up_to_date and not self.has_fetched

    def fork(self) -> Self:
        return type(self)(
            self.epoch,
            self.leader_id,
            self.voted_id,
            self.fetch_timeout_ms,
            self.fetch_due,
            self.has_fetched,
            self.download,
            self.request,
        )
