"""What an assignor on a client is given, and what it gives back.

    topics, subscribers ──assign──▶ {member id: [partitions]}

In Kafka: `ConsumerPartitionAssignor.Subscription`, `AbstractPartitionAssignor.MemberInfo`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from kafkalab.ids import TopicPartition
from kafkalab.java_hash import hash_order, string_hash

NO_GENERATION = -1

#: For each topic, and each of its partitions, the racks with a replica (empty: none are known).
Topics = Mapping[str, Sequence[frozenset[str]]]


class Subscriber(NamedTuple):
    """One member and the topics it wants.

    `owned` is what it had in `generation` (None: it did not say, so it is of no generation), for
    assignors that move as little as they can.  `rack` is its `client.rack` (KIP-881).
    """

    member_id: str
    topics: tuple[str, ...]
    group_instance_id: str | None = None
    owned: tuple[TopicPartition, ...] = ()
    generation: int | None = None
    rack: str | None = None


Assignments = dict[str, list[TopicPartition]]
Assignor = Callable[[Topics, Sequence[Subscriber]], Assignments]


def without_racks(partitions: Mapping[str, int]) -> Topics:
    """From how many partitions each topic has."""
    return {topic: (frozenset(),) * count for topic, count in partitions.items()}


def subscribed(topics: Topics, members: Sequence[Subscriber]) -> list[str]:
    """The topics somebody wants and that have partitions, sorted."""
    wanted = {topic: None for member in members for topic in member.topics}
    return sorted(topic for topic in wanted if topics.get(topic))


def rank(member: Subscriber) -> tuple[bool, str]:
    """Static members first, by instance id: they keep their place when dynamic ones change."""
    if member.group_instance_id is not None:
        return (False, member.group_instance_id)
    return (True, member.member_id)


def in_java_order(members: Sequence[Subscriber]) -> list[Subscriber]:
    """As Kafka's assignors come upon them, where that makes a difference."""
    return hash_order(members, lambda member: string_hash(member.member_id))
