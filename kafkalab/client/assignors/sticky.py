"""Sticky and cooperative-sticky: as level as can be, and of those the one that moves least.

    sticky                members give everything up, and join with a note of what they had
    cooperative-sticky    members keep reading while they join; what is to go from one to another
                          is first assigned to nobody.  Who loses it says so by joining again, and
                          only in that second rebalance does somebody get it (KIP-429)

In Kafka: `AbstractStickyAssignor`, `StickyAssignor`, `CooperativeStickyAssignor`.
Read next: `constrained` (all want the same topics), `general`.
"""

from collections.abc import Sequence

from kafkalab.client.assignors.constrained import ConstrainedBuilder
from kafkalab.client.assignors.general import GeneralBuilder
from kafkalab.client.assignors.racks import RackInfo
from kafkalab.client.assignors.subscriber import (
    NO_GENERATION,
    Assignments,
    Subscriber,
    Topics,
    in_java_order,
    subscribed,
)
from kafkalab.ids import TopicPartition


def assign_sticky(topics: Topics, members: Sequence[Subscriber]) -> Assignments:
    """A topic that is not in `topics` is left out."""
    return _assign(topics, members)[0]


def assign_cooperative_sticky(topics: Topics, members: Sequence[Subscriber]) -> Assignments:
    """As `assign_sticky`, but what another member must first give up is left out."""
    assignments, moving = _assign(topics, members)
    if moving is None:
        moving = _moving(members, assignments)
    for partition, member_id in moving.items():
        assignments[member_id].remove(partition)
    return assignments


def _assign(
    topics: Topics, members: Sequence[Subscriber]
) -> tuple[Assignments, dict[TopicPartition, str] | None]:
    """The assignment, and what changes hands in it (None: not known)."""
    wanted = {topic: topics[topic] for topic in subscribed(topics, members)}
    ordered = in_java_order(members)
    owned, disputed = _owned(wanted, ordered)
    racks = RackInfo(wanted, ordered)
    first = frozenset(ordered[0].topics)
    if all(frozenset(member.topics) == first for member in ordered):
        builder = ConstrainedBuilder(wanted, racks, owned, disputed)
        return builder.build(), builder.moving
    return GeneralBuilder(wanted, racks, owned, ordered).build(), None


def _owned(
    topics: Topics, members: Sequence[Subscriber]
) -> tuple[dict[str, dict[TopicPartition, None]], dict[TopicPartition, None]]:
    """What each has: of two who claim a partition the one of the newer generation, or neither."""
    owned: dict[str, dict[TopicPartition, None]] = {}
    disputed: dict[TopicPartition, None] = {}
    claims: dict[TopicPartition, tuple[int, str]] = {}
    for member in members:
        mine = owned[member.member_id] = {}
        generation = NO_GENERATION if member.generation is None else member.generation
        for partition in member.owned:
            if partition.topic not in topics:
                continue
            claim = claims.get(partition)
            if claim is not None and claim[0] > generation:
                continue
            if claim is not None:
                owned[claim[1]].pop(partition, None)
            if claim is not None and claim[0] == generation:
                disputed[partition] = None
            else:
                mine[partition] = None
            claims[partition] = generation, member.member_id
    return owned, disputed


def _moving(members: Sequence[Subscriber], assignments: Assignments) -> dict[TopicPartition, str]:
    """What one member gets and another loses."""
    gained: dict[TopicPartition, str] = {}
    lost: dict[TopicPartition, None] = {}
    for member in members:
        assigned, had = assignments[member.member_id], frozenset(member.owned)
        gained |= dict.fromkeys((one for one in assigned if one not in had), member.member_id)
        has = frozenset(assigned)
        lost |= dict.fromkeys(one for one in member.owned if one not in has)
    return {partition: to for partition, to in gained.items() if partition in lost}
