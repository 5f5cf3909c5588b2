"""The three clocks of a member: its heartbeats, its session, and its application's polls.

    heartbeat.interval.ms   say: I am here
    session.timeout.ms      no answer for so long: the coordinator has given me up
    max.poll.interval.ms    no poll for so long: my application has hung, I give up (KIP-62)

In Kafka: `Heartbeat`; in librdkafka: `rd_kafka_max_poll_exceeded`.
"""

from enum import Enum, auto
from typing import Self

from kafkalab.config import Config


class Overdue(Enum):
    """What has taken too long."""

    SESSION = auto()
    POLL = auto()


class Liveness:
    """Times only; `membership` acts by them."""

    __slots__ = (
        "_heartbeat_ms",
        "_poll_ms",
        "_session_ms",
        "heartbeat_due",
        "is_heartbeat_out",
        "is_polling",
        "last_heard",
        "last_poll",
        "must_poll",
        "timer",
    )

    def __init__(self, conf: Config) -> None:
        self._heartbeat_ms = conf.int("heartbeat.interval.ms")
        self._poll_ms = conf.int("max.poll.interval.ms")
        self._session_ms = conf.int("session.timeout.ms")
        self.heartbeat_due = 0
        self.is_heartbeat_out = False
        self.last_heard = 0  # from the coordinator, as a member
        self.last_poll = 0
        self.is_polling = False  # the application waits in poll
        self.must_poll = False  # before it may join again
        self.timer: int | None = None

    def joined(self, now: int) -> None:
        """The coordinator has answered JoinGroup or SyncGroup."""
        self.last_heard = now
        self.heartbeat_due = now + self._heartbeat_ms

    def polled(self, now: int, *, is_polling: bool = False) -> bool:
        """The application has come for messages (or waits for them); whether it had to."""
        self.last_poll, self.is_polling = now, is_polling
        had_to, self.must_poll = self.must_poll, False
        return had_to

    def overdue(self, now: int) -> Overdue | None:
        """What has taken too long, of a member that has its partitions."""
        session_ends = self.last_heard + self._session_ms
        if now >= session_ends:
            return Overdue.SESSION
        self._wake_at(session_ends)
        return Overdue.POLL if self.is_poll_overdue(now) else None

    def is_poll_overdue(self, now: int) -> bool:
        """Whether the application has not polled for too long; then it must, first of all."""
        if self.is_polling:
            return False
        if now >= self.poll_due:
            self.must_poll = True
            return True
        self._wake_at(self.poll_due)
        return False

    @property
    def poll_due(self) -> int:
        return self.last_poll + self._poll_ms

    def poll_reason(self, now: int) -> str:
        """What an application is told that has not polled for too long."""
        most, late = self._poll_ms, now - self.poll_due
        return f"Application maximum poll interval ({most}ms) exceeded by {late}ms"

    def is_heartbeat_due(self, now: int) -> bool:
        """One is out at a time."""
        if self.is_heartbeat_out:
            return False
        if now < self.heartbeat_due:
            self._wake_at(self.heartbeat_due)
            return False
        return True

    def heartbeat_sent(self, now: int) -> None:
        self.is_heartbeat_out = True
        self.heartbeat_due = now + self._heartbeat_ms

    def _wake_at(self, due: int) -> None:
        self.timer = due if self.timer is None else min(self.timer, due)

    def fork(self) -> Self:
        other = type(self).__new__(type(self))
        for name in self.__slots__:
            setattr(other, name, getattr(self, name))
        return other
