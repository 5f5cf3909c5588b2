"""What a server-side assignor is given, and what it gives back (KIP-848).

    GroupSpec: each member's topics, instance id and target so far ──assign──▶ {member: Assignment}

Targets are by topic id, so a topic that is deleted and made again is another one.

In Kafka: `GroupSpec`, `MemberSubscription`, `SubscribedTopicDescriber`, `MemberAssignment`.
Read next: `uniform`, `heterogeneous`, `ranges`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from kafkalab.ids import Uuid
from kafkalab.java_hash import hash_order, string_hash, uuid_hash

#: Partitions by topic id, rising, none of them empty; never changed once made.
Assignment = Mapping[Uuid, tuple[int, ...]]

NOTHING_ASSIGNED: Final[Assignment] = {}


@dataclass(frozen=True, slots=True)
class MemberSpec:
    """One member: `topic_ids` of topics that exist, `assignment` its target so far."""

    topic_ids: tuple[Uuid, ...]
    assignment: Assignment
    group_instance_id: str | None = None

    @property
    def in_order(self) -> list[Uuid]:
        """Its topics as Kafka's assignors come upon them."""
        return hash_order(self.topic_ids, uuid_hash, filled=True)


@dataclass(frozen=True, slots=True)
class GroupSpec:
    """The group: `owners` says whose target has a partition now, members that go included."""

    members: Mapping[str, MemberSpec]
    partitions: Mapping[Uuid, int]  # how many each topic has
    owners: Mapping[tuple[Uuid, int], str]
    is_homogeneous: bool  # all want the same topics

    @property
    def member_ids(self) -> list[str]:
        """In the order in which Kafka's assignors come upon them."""
        return hash_order(self.members, string_hash)


ServerAssignor = Callable[[GroupSpec], dict[str, Assignment]]


def settled(mutable: Mapping[Uuid, set[int]]) -> Assignment:
    """A finished assignment."""
    return {topic: tuple(sorted(numbers)) for topic, numbers in mutable.items() if numbers}
