"""The in-sync replicas of a partition, as its leader knows them: committed, or with a change asked.

    CommittedIsr ──a follower has caught up──▶ PendingExpandIsr ──┐
         │  ▲                                                     │ the controller answers,
         │  └─────────────────────────────────────────────────────┤ or the metadata log says it
         └───────a follower lags──────────────▶ PendingShrinkIsr ─┘

A leader cannot change the ISR itself; it asks the controller (AlterPartition, KIP-497).  Until it
knows the outcome it must be safe under both: the high watermark waits for the *maximal* ISR, which
is the larger of the two.

Invariants: the leader is in every ISR; one change at a time; a state is never changed, only
replaced, and an answer counts only if the state that was sent is still in place.

In Kafka: `PartitionState`, `CommittedPartitionState`, `PendingExpandIsr`, `PendingShrinkIsr`.
Read next: `partition`, which swaps these, and `alter_partition`, which does the asking.
"""

from dataclasses import dataclass

from kafkalab.ids import NodeId
from kafkalab.protocol.messages.partitions import AlterPartitionRequestPartitionData


@dataclass(frozen=True, slots=True, eq=False)
class CommittedIsr:
    """What the controller said last."""

    isr: tuple[NodeId, ...]

    @property
    def maximal(self) -> tuple[NodeId, ...]:
        """Who must have a record before it counts as committed."""
        return self.isr


@dataclass(frozen=True, slots=True, eq=False)
class PendingExpandIsr:
    """A follower has caught up, and the controller has been asked to take it in."""

    committed: CommittedIsr
    wanted: tuple[NodeId, ...]  # one more, in the order of the replicas
    request: AlterPartitionRequestPartitionData

    @property
    def isr(self) -> tuple[NodeId, ...]:
        return self.committed.isr

    @property
    def maximal(self) -> tuple[NodeId, ...]:
        return self.wanted


@dataclass(frozen=True, slots=True, eq=False)
class PendingShrinkIsr:
    """Some have fallen behind, and the controller has been asked to leave them out."""

    committed: CommittedIsr
    wanted: tuple[NodeId, ...]
    request: AlterPartitionRequestPartitionData

    @property
    def isr(self) -> tuple[NodeId, ...]:
        return self.committed.isr

    @property
    def maximal(self) -> tuple[NodeId, ...]:
        return self.committed.isr


PendingIsr = PendingExpandIsr | PendingShrinkIsr
IsrState = CommittedIsr | PendingIsr
