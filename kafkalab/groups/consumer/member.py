"""A member of a consumer group (KIP-848), as its coordinator knows it.

                    ┌── target reached ──┐
                    ▼                    │
       join ──▶  STABLE ──new target──▶ UNREVOKED_PARTITIONS   has to give partitions up, and keeps
                    ▲  └──────────────▶ │                      its epoch until it says it has
                    │                   ▼
                    └─── all free ─── UNRELEASED_PARTITIONS    is in the target's epoch; some of its
                                                               partitions are not given up yet

A member is a value: each change makes another one.  Every partition it has carries the epoch in
which it was assigned, so that a commit which left before a later epoch is still accepted for it.

In Kafka: `ConsumerGroupMember`, `MemberState`, `ModernGroupMember`.
Read next: `reconciling`, which moves it; `group`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Final, Self

from kafkalab.ids import TopicPartition, Uuid
from kafkalab.metadata import MetadataImage

#: The epoch in which each partition was assigned, by topic id; never changed once made.
PartitionEpochs = Mapping[Uuid, Mapping[int, int]]

NO_PARTITIONS: Final[PartitionEpochs] = {}
JOINING: Final = 0  # as a member epoch: let me in
LEAVING: Final = -1  # for good
LEAVING_STATIC: Final = -2  # I shall be back, under the same instance id


class MemberState(IntEnum):
    """As records have it."""

    STABLE = 0
    UNREVOKED_PARTITIONS = 1
    UNRELEASED_PARTITIONS = 2
    UNKNOWN = 127


@dataclass(frozen=True, slots=True)
class ConsumerMember:
    """Invariants: `previous_epoch` ≤ `epoch`, but for one that joins or leaves; `revoking` is empty
    unless UNREVOKED_PARTITIONS.
    """

    member_id: str
    epoch: int = JOINING
    previous_epoch: int = -1
    instance_id: str | None = None
    rack_id: str | None = None
    rebalance_timeout_ms: int = -1
    client_id: str = ""
    client_host: str = ""
    topics: frozenset[str] = frozenset()  # subscribed by name
    regex: str | None = None  # subscribed by pattern; "" is none
    assignor: str | None = None
    state: MemberState = MemberState.STABLE
    assigned: PartitionEpochs = field(default_factory=dict)
    revoking: PartitionEpochs = field(default_factory=dict)

    def is_reconciled_to(self, epoch: int) -> bool:
        return self.state is MemberState.STABLE and self.epoch == epoch

    def in_epoch(self, epoch: int) -> Self:
        """The next one, which remembers the last."""
        return replace(self, epoch=epoch, previous_epoch=self.epoch)

    def assignment_epoch(self, topic_id: Uuid, partition: int) -> int | None:
        """When it got the partition; None: it neither has it nor is giving it up."""
        for mine in (self.assigned, self.revoking):
            epoch = mine.get(topic_id, {}).get(partition)
            if epoch is not None:
                return epoch
        return None


def owns_any(owned: Mapping[Uuid, tuple[int, ...]] | None, of: PartitionEpochs) -> bool:
    """Whether a member that says it has `owned` has any of these (None: it did not say)."""
    if owned is None:
        return True
    return any(
        partition in of[topic_id]
        for topic_id, partitions in owned.items()
        if topic_id in of
        for partition in partitions
    )


def owns_nothing_else(owned: Mapping[Uuid, tuple[int, ...]] | None, of: PartitionEpochs) -> bool:
    """Whether it has none but these."""
    if owned is None:
        return False
    return all(
        partition in of.get(topic_id, {})
        for topic_id, partitions in owned.items()
        for partition in partitions
    )


def named_partitions(
    partitions: Mapping[Uuid, Iterable[int]], image: MetadataImage
) -> tuple[TopicPartition, ...]:
    """By the names of their topics (a topic that is gone by its id), sorted."""
    named = []
    for topic_id, numbers in partitions.items():
        topic = image.topics_by_id.get(topic_id)
        name = topic.name if topic is not None else topic_id.hex()
        named += [TopicPartition(name, number) for number in numbers]
    return tuple(sorted(named))
