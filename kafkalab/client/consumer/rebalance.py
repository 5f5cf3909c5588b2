"""Partitions change hands: what the application has to hear, and agree to.

    begin("revoke", …) ──▶ callbacks? no ──────────────────────────────▶ confirmed
                               yes ──▶ take ──▶ the callback runs ──▶ confirm ──┘

librdkafka's word for partitions that are gone already (the member was expelled) is "lost": there
is nothing left to commit.

In Kafka: `ConsumerRebalanceListener`; in librdkafka: `rd_kafka_rebalance_op`.
"""

from dataclasses import dataclass
from typing import Final, Self

from kafkalab.ids import TopicPartition

ASSIGN: Final = "assign"
REVOKE: Final = "revoke"
LOST: Final = "lost"


@dataclass(slots=True)
class Rebalance:
    """The change that is going on, if one is."""

    has_callbacks: bool = False
    kind: str | None = None
    partitions: tuple[TopicPartition, ...] = ()
    is_taken: bool = False
    is_assigned_by_application: bool = False  # it called assign() or unassign() in its callback

    @property
    def is_waiting(self) -> bool:
        """Whether the application has not yet taken it."""
        return self.kind is not None and not self.is_taken

    def begin(self, kind: str, partitions: tuple[TopicPartition, ...]) -> bool:
        """Begin; whether the application must confirm it."""
        assert self.kind is None, self
        self.kind, self.partitions = kind, partitions
        self.is_taken = self.is_assigned_by_application = False
        return self.has_callbacks

    def take(self) -> tuple[str, tuple[TopicPartition, ...]] | None:
        """What to call back with, once."""
        if self.kind is None or self.is_taken:
            return None
        self.is_taken = True
        return self.kind, self.partitions

    def end(self) -> None:
        self.kind, self.partitions = None, ()

    def fork(self) -> Self:
        return type(self)(
            self.has_callbacks,
            self.kind,
            self.partitions,
            self.is_taken,
            self.is_assigned_by_application,
        )
