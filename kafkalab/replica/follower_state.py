"""What a leader knows of one of its followers, from the follower's fetches alone.

A fetch at offset n says "I have everything below n".  A follower is *caught up* while it has all
the leader has, or had it within the last `replica.lag.time.max.ms`; a follower that never reads
to the end falls behind although it fetches all the time.

Idle partitions are not looked at when their follower fetches (`fetch_session`), so the time of a
follower's last fetch is noted once for all of them, and taken over here when a record is appended.

In Kafka: `Replica`, `ReplicaState`.  Read next: `partition`.
"""

from dataclasses import dataclass, replace
from typing import Final, Self

from kafkalab.ids import NodeId

#: Longer ago than anything; times begin at 0.
NEVER: Final = -(1 << 62)
UNKNOWN_OFFSET: Final = -1
UNKNOWN_EPOCH: Final = -2  # of a broker of which no fetch has been seen; -1 is "any", as in Kafka


@dataclass(slots=True)
class FollowerState:
    """One follower of one partition.  Times in milliseconds."""

    id: NodeId
    log_end_offset: int = UNKNOWN_OFFSET
    log_start_offset: int = UNKNOWN_OFFSET
    last_caught_up_ms: int = NEVER
    last_fetch_ms: int = NEVER
    last_fetch_leader_end_offset: int = 0  # where the leader's log ended at that fetch
    broker_epoch: int = UNKNOWN_EPOCH
    is_fetching: bool = False  # it has a fetch session with this partition in it

    def is_caught_up(self, leader_end_offset: int, now: int, lag_time_max_ms: int) -> bool:
        return (
            self.log_end_offset == leader_end_offset
            or now - self.last_caught_up_ms <= lag_time_max_ms
        )

    def fetched(
        self,
        offset: int,
        log_start_offset: int,
        leader_end_offset: int,
        broker_epoch: int,
        now: int,
    ) -> None:
        """The follower asks for `offset` while the leader's log ends at `leader_end_offset`."""
        if offset >= leader_end_offset:
            self.last_caught_up_ms = now
        elif offset >= self.last_fetch_leader_end_offset:
            self.last_caught_up_ms = max(self.last_caught_up_ms, self.last_fetch_ms)
        self.log_end_offset = offset
        self.log_start_offset = log_start_offset
        self.last_fetch_ms = now
        self.last_fetch_leader_end_offset = leader_end_offset
        self.broker_epoch = broker_epoch
        self.is_fetching = True

    def idled(self, last_fetch_ms: int) -> None:
        """It had everything up to now, and fetched last at this time."""
        if last_fetch_ms > self.last_caught_up_ms:
            self.last_caught_up_ms = self.last_fetch_ms = last_fetch_ms

    def reset(self, leader_end_offset: int, now: int, *, is_new: bool, in_isr: bool) -> None:
        """A new leader epoch begins.  Who is in the ISR gets the benefit of the doubt."""
        self.last_caught_up_ms = now if in_isr else NEVER
        if is_new:
            self.log_end_offset = self.log_start_offset = UNKNOWN_OFFSET
            self.last_fetch_leader_end_offset = 0
            self.last_fetch_ms = NEVER
            self.broker_epoch = UNKNOWN_EPOCH
            self.is_fetching = False
        else:
            self.last_fetch_leader_end_offset = leader_end_offset
            self.last_fetch_ms = now if in_isr else NEVER

    def fork(self) -> Self:
        return replace(self)
