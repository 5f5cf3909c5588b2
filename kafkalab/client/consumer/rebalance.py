"""Partitions change hands: what the application has to hear, and agree to.

    begin("revoke", …) ──▶ callbacks? no ──────────────────────────────▶ confirm
                               yes ──▶ take ──▶ the callback runs ──▶ confirm ──┘

Eagerly all partitions go and others come; a cooperative or a KIP-848 member is told of those alone
that change hands, and reads on in the others.

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
        "_is_incremental",
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
        self._is_incremental = False  # the change is all that is told, not what there is after it
        self.has_callbacks = False
        self.kind: str | None = None
        self.is_assigned_by_application = False  # assign() or unassign() in its callback

    @property
    def is_waiting(self) -> bool:
        """Whether the application has not yet taken it."""
        return self.kind is not None and not self._is_taken

    def begin_assign(
        self,
        partitions: tuple[TopicPartition, ...],
        member: Member,
        now: int,
        *,
        is_incremental: bool = False,
    ) -> None:
        """These are ours, once the application has heard of it; incremental: these too."""
        self._begin(ASSIGN, partitions, is_incremental)
        if not self.has_callbacks:
            self.confirm(member, now)

    def begin_revoke(
        self,
        kind: str,
        member: Member,
        now: int,
        some: tuple[TopicPartition, ...] | None = None,
    ) -> None:
        """All go, or `some`; from here on none of their records reaches the application."""
        context = self._context
        partitions = context.assignment.partitions() if some is None else some
        for partition in partitions:
            assigned = context.assignment.get(partition)
            if assigned is not None:
                assigned.rewind()
                assigned.is_paused = True
                context.buffer.drop(partition)
        self._begin(kind, partitions, some is not None)
        if not self.has_callbacks or not partitions:
            self.confirm(member, now)

    def _begin(
        self, kind: str, partitions: tuple[TopicPartition, ...], is_incremental: bool
    ) -> None:
        assert self.kind is None, (self.kind, kind)
        self.kind, self._partitions = kind, partitions
        self._is_incremental = is_incremental
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
                wanted = [(one, OFFSET_STORED) for one in self._partitions]
                if self._is_incremental:
                    self._context.assignment.add(wanted)
                else:
                    self.replace(wanted, member, now)
        elif kind is not None:
            self._tell(kind)
            if self._is_incremental:
                self.remove(self._partitions, member, now, commits=kind == REVOKE)
            else:
                self.replace((), member, now, commits=kind == REVOKE)

    def _tell(self, kind: str) -> None:
        if self._partitions:
            name = "PartitionsRevoked" if kind == REVOKE else "PartitionsLost"
            self._context.output.emit(name, self._context.group_id, self._partitions)

    def remove(
        self,
        partitions: tuple[TopicPartition, ...],
        member: Member,
        now: int,
        commits: bool = True,
    ) -> None:
        """Read these no more; all others go on."""
        if commits:
            self._commits.commit_automatically(member, now)
        self._context.assignment.remove(partitions)
        for partition in partitions:
            self._context.buffer.drop(partition)

    def replace(
        self,
        wanted: Iterable[tuple[TopicPartition, int]],
        member: Member,
        now: int,
        commits: bool = True,
    ) -> None:
        """Read these from now on."""
        context = self._context
        if commits:
            self._commits.commit_automatically(member, now)
        context.assignment.replace(wanted)
        context.buffer.drop_all()

    def fork(self, context: Context, commits: Commits) -> Self:
        other = type(self).__new__(type(self))
        for name in self.__slots__:
            setattr(other, name, getattr(self, name))
        other._context, other._commits = context, commits
        return other
