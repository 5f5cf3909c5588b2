"""A consumer group (KIP-848): its members, its target, and who has which partition now.

    group epoch       rises when members or their subscriptions or topics change
    assignment epoch  the group epoch for which the target was computed
    member epoch      the assignment epoch that a member has come to

       Empty ──▶ Assigning ──▶ Reconciling ──▶ Stable         Assigning: group > assignment epoch
         ▲           ▲              │             │           Reconciling: members are on their way
         └───────────┴── a change ──┴─────────────┘

There is no barrier: each member moves to its target alone, with its heartbeats.  The state is not
stored; it follows from the epochs.

Invariants: no partition is assigned to, or being given up by, two members (G1, `owner_epoch`);
epochs rise (G2); `_behind` counts the members that have not come to the target.

In Kafka: `ConsumerGroup`, `ModernGroup`.
Read next: `reconciling`, `targets`, `heartbeat`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final, Self

from kafkalab.groups.assignors import NOTHING_ASSIGNED, Assignment
from kafkalab.groups.consumer.member import ConsumerMember, PartitionEpochs
from kafkalab.ids import Uuid

_FIRST_EPOCH: Final = 1
_DELETED: Final = -1


class ConsumerGroupState(Enum):
    """Kafka's own words."""

    EMPTY = "Empty"
    ASSIGNING = "Assigning"
    RECONCILING = "Reconciling"
    STABLE = "Stable"
    DEAD = "Dead"


@dataclass(frozen=True, slots=True)
class ResolvedRegex:
    """The topics a pattern matched, in the metadata of `version` (an offset), at `timestamp`."""

    topics: frozenset[str]
    version: int
    timestamp: int


class ConsumerGroup:
    """Changed by records alone, but for `refresh_due`, which need not outlive a coordinator."""

    __slots__ = (
        "_behind",
        "_owner_epochs",
        "_refresh_epoch",
        "assignment_epoch",
        "assignment_timestamp",
        "epoch",
        "group_id",
        "members",
        "metadata_hash",
        "refresh_due",
        "regexes",
        "static_members",
        "target_owners",
        "targets",
    )

    def __init__(self, group_id: str) -> None:
        self.group_id = group_id
        self.epoch = _FIRST_EPOCH
        self.metadata_hash = 0
        self.assignment_epoch = _FIRST_EPOCH
        self.assignment_timestamp = 0
        self.members: dict[str, ConsumerMember] = {}
        self.static_members: dict[str, str] = {}  # instance id -> member id
        self.targets: dict[str, Assignment] = {}
        self.target_owners: dict[tuple[Uuid, int], str] = {}
        self.regexes: dict[str, ResolvedRegex] = {}
        self._owner_epochs: dict[tuple[Uuid, int], int] = {}
        self._behind = 0
        #: When to look at the topics' partitions again; 0: at the next heartbeat.
        self.refresh_due = 0
        self._refresh_epoch = 0

    # --- what there is ------------------------------------------------------------------------
    @property
    def state(self) -> ConsumerGroupState:
        if not self.members:
            return ConsumerGroupState.EMPTY
        if self.epoch > self.assignment_epoch:
            return ConsumerGroupState.ASSIGNING
        return ConsumerGroupState.RECONCILING if self._behind else ConsumerGroupState.STABLE

    def target(self, member: ConsumerMember) -> Assignment:
        """What a member should have; a static one takes over from whom it replaces."""
        member_id: str | None = member.member_id
        if member.instance_id is not None:
            member_id = self.static_members.get(member.instance_id)
        return self.targets.get(member_id or "", NOTHING_ASSIGNED)

    def owner_epoch(self, topic_id: Uuid, partition: int) -> int | None:
        """The epoch of the member that has the partition, or has not yet given it up."""
        return self._owner_epochs.get((topic_id, partition))

    def topics_of(self, member: ConsumerMember) -> frozenset[str]:
        """What it is subscribed to, by name and by pattern; an unresolved pattern matches none."""
        resolved = self.regexes.get(member.regex) if member.regex else None
        return member.topics if resolved is None else member.topics | resolved.topics

    def subscribed_topics(self, members: Iterable[ConsumerMember] | None = None) -> frozenset[str]:
        """What anybody is subscribed to, of all members or of these."""
        names: set[str] = set()
        patterns: dict[str, None] = {}
        for member in self.members.values() if members is None else members:
            names |= member.topics
            if member.regex:
                patterns[member.regex] = None
        for pattern in patterns:
            resolved = self.regexes.get(pattern)
            if resolved is not None:
                names |= resolved.topics
        return frozenset(names)

    def is_subscribed_to(self, topic: str) -> bool:
        return any(topic in self.topics_of(member) for member in self.members.values())

    def readers_of(self, regex: str) -> int:
        """How many members are subscribed by this pattern."""
        return sum(member.regex == regex for member in self.members.values())

    # --- what records say ---------------------------------------------------------------------
    def set_epoch(self, epoch: int, metadata_hash: int) -> None:
        self.epoch, self.metadata_hash = epoch, metadata_hash

    def set_assignment_epoch(self, epoch: int, timestamp: int) -> None:
        self.assignment_epoch, self.assignment_timestamp = epoch, timestamp
        self._behind = sum(not one.is_reconciled_to(epoch) for one in self.members.values())

    def update_member(self, member: ConsumerMember) -> None:
        """A new member, or a new value of one."""
        before = self.members.get(member.member_id)
        if before is not None:
            self._let_go(before)
        self.members[member.member_id] = member
        if member.instance_id is not None:
            self.static_members[member.instance_id] = member.member_id
        for partitions in (member.assigned, member.revoking):
            self._take(partitions, member)
        self._behind += not member.is_reconciled_to(self.assignment_epoch)

    def remove_member(self, member_id: str) -> ConsumerMember | None:
        member = self.members.pop(member_id, None)
        if member is not None:
            self._let_go(member)
            instance_id = member.instance_id
            if instance_id is not None and self.static_members.get(instance_id) == member_id:
                del self.static_members[instance_id]
        return member

    def _let_go(self, member: ConsumerMember) -> None:
        self._behind -= not member.is_reconciled_to(self.assignment_epoch)
        owners = self._owner_epochs
        for partitions in (member.assigned, member.revoking):
            for topic_id, numbers in partitions.items():
                for number in numbers:
                    if owners.get((topic_id, number)) == member.epoch:
                        del owners[topic_id, number]

    def _take(self, partitions: PartitionEpochs, member: ConsumerMember) -> None:
        owners = self._owner_epochs
        for topic_id, numbers in partitions.items():
            for number in numbers:
                before = owners.get((topic_id, number))
                assert before is None or before < member.epoch, (member, topic_id, number, before)
                owners[topic_id, number] = member.epoch

    def set_target(self, member_id: str, target: Assignment | None) -> None:
        """What a member should have; None: it goes."""
        owners = self.target_owners
        for topic_id, numbers in self.targets.get(member_id, NOTHING_ASSIGNED).items():
            for number in numbers:
                if owners.get((topic_id, number)) == member_id:
                    del owners[topic_id, number]
        if target is None:
            self.targets.pop(member_id, None)
            return
        self.targets[member_id] = target
        for topic_id, numbers in target.items():
            for number in numbers:
                owners[topic_id, number] = member_id

    def resolve(self, regex: str, resolved: ResolvedRegex | None) -> None:
        if resolved is None:
            self.regexes.pop(regex, None)
        else:
            self.regexes[regex] = resolved

    # --- when to look at the topics again -------------------------------------------------------
    def refresh_at(self, due: int, epoch: int) -> None:
        """Not before `due`, if the group comes to `epoch` (its record may yet fail)."""
        self.refresh_due, self._refresh_epoch = due, epoch

    def must_refresh(self, now: int) -> bool:
        return now >= self.refresh_due or self.epoch < self._refresh_epoch

    def fork(self) -> Self:
        other = type(self)(self.group_id)
        for name in self.__slots__:
            value = getattr(self, name)
            setattr(other, name, value.copy() if isinstance(value, dict) else value)
        return other


def tally(values: Iterable[str | None]) -> Mapping[str, int]:
    """How often each text occurs, in order of first occurrence."""
    counts: dict[str, int] = {}
    for value in values:
        if value:
            counts[value] = counts.get(value, 0) + 1
    return counts
