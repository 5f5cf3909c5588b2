"""Partitions change hands: what the application has to hear, and agree to.

    begin("revoke", …) ──▶ callbacks? no ──────────────────────────────▶ confirm
                               yes ──▶ take ──▶ the callback runs ──▶ confirm ──┘

Before partitions go, what was done with them is committed (enable.auto.commit).  librdkafka's word
for partitions that are gone already, because the member was expelled, is "lost": there is nothing
left to commit.

In Kafka: `ConsumerRebalanceListener`; in librdkafka: `rd_kafka_rebalance_op`.
"""

from collections.abc import Iterable
from typing import Final, Self

from kafkalab.client.consumer.commits import Commits
from kafkalab.client.consumer.context import Context
from kafkalab.client.consumer.member import Member
from kafkalab.client.message import OFFSET_STORED
from kafkalab.ids import TopicPartition

ASSIGN: Final = "assign"
REVOKE: Final = "revoke"
LOST: Final = "lost"


class Rebalance:
    """The change that is going on, if one is (`kind` is not None)."""

    __slots__ = (
        "_commits",
        "_context",
        "_is_taken",
        "_partitions",
        "has_callbacks",
        "is_assigned_by_application",
        "kind",
    )

    def __init__(self, context: Context, commits: Commits) -> None:
        self._context = context
        self._commits = commits
        self._partitions: tuple[TopicPartition, ...] = ()
        self._is_taken = False
        self.has_callbacks = False
        self.kind: str | None = None
        self.is_assigned_by_application = False  # assign() or unassign() in its callback

    @property
    def is_waiting(self) -> bool:
        """Whether the application has not yet taken it."""
        return self.kind is not None and not self._is_taken

    def begin_assign(
        self, partitions: tuple[TopicPartition, ...], member: Member, now: int
    ) -> None:
        """These are ours, once the application has heard of it."""
        self._begin(ASSIGN, partitions)
        if not self.has_callbacks:
            self.confirm(member, now)

    def begin_revoke(self, kind: str, member: Member, now: int) -> None:
        """All go; from here on none of their records reaches the application."""
        for assigned in self._context.assignment:
            assigned.rewind()
            assigned.is_paused = True
        self._context.buffer.drop_all()
        partitions = self._context.assignment.partitions()
        self._begin(kind, partitions)
        if not self.has_callbacks or not partitions:
            self.confirm(member, now)

    def _begin(self, kind: str, partitions: tuple[TopicPartition, ...]) -> None:
        assert self.kind is None, (self.kind, kind)
        self.kind, self._partitions = kind, partitions
        self._is_taken = self.is_assigned_by_application = False

    def take(self) -> tuple[str, tuple[TopicPartition, ...]] | None:
        """What to call back with, once."""
        if self.kind is None or self._is_taken:
            return None
        self._is_taken = True
        return self.kind, self._partitions

    def confirm(self, member: Member, now: int) -> None:
        """The application's callback has returned, or there is none."""
        kind, self.kind = self.kind, None
        if kind == ASSIGN:
            if not self.is_assigned_by_application:
                self.replace(((one, OFFSET_STORED) for one in self._partitions), member, now)
        elif kind is not None:
            self.replace((), member, now, commits=kind == REVOKE)

    def replace(
        self,
        wanted: Iterable[tuple[TopicPartition, int]],
        member: Member,
        now: int,
        commits: bool = True,
    ) -> None:
        """Read these from now on."""
        context = self._context
        if commits and context.conf.bool("enable.auto.commit"):
            self._commits.commit_stored(member, now)
        context.assignment.replace(wanted)
        context.buffer.drop_all()

    def fork(self, context: Context, commits: Commits) -> Self:
        other = type(self).__new__(type(self))
        for name in self.__slots__:
            setattr(other, name, getattr(self, name))
        other._context, other._commits = context, commits
        return other
