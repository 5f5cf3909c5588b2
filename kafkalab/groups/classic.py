"""A classic group: its state, its generation, its leader.

                     ┌──────── all have gone ─────────┐
                     ▼                                │
                   Empty ── first member ──▶ PreparingRebalance ◀─────────────┐
                                              │ all joined, or time is up     │ somebody comes,
                                              ▼                               │ goes, or changes
                                     CompletingRebalance ─────────────────────┤
                                              │ the leader's assignment       │
                                              ▼  is committed                 │
                                            Stable ───────────────────────────┘
                   Dead: deleted, or coordinated elsewhere; from every state

Only Empty and Stable are written to the log: what lies between is between a coordinator and its
members, and a new coordinator starts it afresh.

Invariants: `generation` rises with each CompletingRebalance and each Empty (G2); the leader is a
member; a Stable group has a protocol that all members support; an illegal move raises and changes
nothing.

In Kafka: `ClassicGroup`, `ClassicGroupState`.
Read next: `rebalance` (who moves it), `joining`, `syncing`, `liveness`.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Final, Self

from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.groups.consumer_protocol import PROTOCOL_TYPE, subscribed_topics
from kafkalab.groups.members import Member, Members, Protocols


class GroupState(Enum):
    """Kafka's own words."""

    EMPTY = "Empty"
    PREPARING_REBALANCE = "PreparingRebalance"
    COMPLETING_REBALANCE = "CompletingRebalance"
    STABLE = "Stable"
    DEAD = "Dead"


S = GroupState

TRANSITIONS: Final[Mapping[S, frozenset[S]]] = {
    S.EMPTY: frozenset({S.PREPARING_REBALANCE, S.DEAD}),
    S.PREPARING_REBALANCE: frozenset({S.EMPTY, S.COMPLETING_REBALANCE, S.DEAD}),
    S.COMPLETING_REBALANCE: frozenset({S.PREPARING_REBALANCE, S.STABLE, S.DEAD}),
    S.STABLE: frozenset({S.PREPARING_REBALANCE, S.DEAD}),
    S.DEAD: frozenset({S.DEAD}),
}


class IllegalTransition(Exception):
    """A move that the table does not have: a bug, never a client's fault."""

    def __init__(self, group_id: str, state: GroupState, wanted: GroupState) -> None:
        legal = ", ".join(sorted(to.value for to in TRANSITIONS[state]))
        super().__init__(
            f"group {group_id} cannot go from {state.value} to {wanted.value}, only to {legal}"
        )


class ClassicGroup:
    """One group.  Times in milliseconds; `state_timestamp` is None in old records only."""

    __slots__ = (
        "generation",
        "group_id",
        "initial_delay",
        "leader_id",
        "member_added",
        "members",
        "previous_state",
        "protocol_name",
        "protocol_type",
        "state",
        "state_timestamp",
        "subscribed_topics",
    )

    def __init__(self, group_id: str, now: int | None) -> None:
        self.group_id = group_id
        self.state = S.EMPTY
        self.previous_state = S.DEAD
        self.state_timestamp = now
        self.generation = 0
        self.protocol_type: str | None = None
        self.protocol_name: str | None = None
        self.leader_id: str | None = None
        self.members = Members()
        #: Of a first rebalance: (delay that is running, what remains after it).
        self.initial_delay: tuple[int, int] | None = None
        self.member_added = False  # since that delay began
        #: None: the coordinator cannot know.
        self.subscribed_topics: frozenset[str] | None = None

    @property
    def can_rebalance(self) -> bool:
        return S.PREPARING_REBALANCE in TRANSITIONS[self.state]

    @property
    def is_empty(self) -> bool:
        return self.state is S.EMPTY

    @property
    def is_initial_rebalance(self) -> bool:
        return self.state is S.PREPARING_REBALANCE and self.previous_state is S.EMPTY

    @property
    def uses_consumer_protocol(self) -> bool:
        return self.protocol_type == PROTOCOL_TYPE

    def transition_to(self, state: GroupState, now: int) -> None:
        """Raises `IllegalTransition`, and then changes nothing."""
        if state not in TRANSITIONS[self.state]:
            raise IllegalTransition(self.group_id, self.state, state)
        self.previous_state, self.state = self.state, state
        self.state_timestamp = now

    def next_generation(self, now: int) -> None:
        """The join phase is over: choose a protocol, or be empty."""
        state = S.COMPLETING_REBALANCE if self.members else S.EMPTY
        self.transition_to(state, now)
        self.generation += 1
        self.protocol_name = self.members.select_protocol() if self.members else None
        self.members.unsynced.clear()
        self.initial_delay = None
        self.refresh_subscribed_topics()

    def add(self, member: Member) -> None:
        """The first member sets the protocol type, and leads until a leader is lost."""
        if not self.members:
            self.protocol_type = member.protocol_type
        assert self.protocol_type == member.protocol_type, member
        if self.leader_id is None:
            self.leader_id = member.member_id
        self.members.add(member)

    def remove(self, member_id: str) -> Member | None:
        """A member, or one that was expected, goes; the oldest of the others takes its lead."""
        member = self.members.remove(member_id)
        if self.leader_id == member_id:
            self.leader_id = next((other.member_id for other in self.members), None)
        return member

    def replace_static(self, old_id: str, new_id: str) -> Member:
        """See `Members.replace_static`; a leader stays the leader."""
        member = self.members.replace_static(old_id, new_id)
        if self.leader_id == old_id:
            self.leader_id = new_id
        return member

    def elect_joined_leader(self) -> bool:
        """Keep the leader if it joined, else take the oldest who did; False: there is none."""
        leader = self.members.get(self.leader_id or "")
        if leader is None:
            return False
        if leader.awaiting_join is None:
            for member in self.members:
                if member.awaiting_join is not None:
                    self.leader_id = member.member_id
                    return True
            return False
        return True

    def supports(self, protocol_type: str, protocols: Protocols) -> bool:
        """Whether somebody who speaks these can be in the group."""
        if self.state is S.EMPTY:
            return bool(protocol_type and protocols)
        return protocol_type == self.protocol_type and self.members.supports(protocols)

    def known(self, member_id: str, group_instance_id: str | None) -> Member:
        """The member, or UNKNOWN_MEMBER_ID, or FENCED_INSTANCE_ID if another took its place."""
        if group_instance_id is not None:
            current = self.members.static_id(group_instance_id)
            if current is None:
                raise KafkaError(ErrorCode.UNKNOWN_MEMBER_ID, group_instance_id)
            if current != member_id:
                raise KafkaError(ErrorCode.FENCED_INSTANCE_ID, group_instance_id)
        member = self.members.get(member_id)
        if member is None:
            raise KafkaError(ErrorCode.UNKNOWN_MEMBER_ID, member_id)
        return member

    def known_now(self, member_id: str, instance_id: str | None, generation: int) -> Member:
        """`known`, and of this generation, or ILLEGAL_GENERATION (G3)."""
        member = self.known(member_id, instance_id)
        if generation != self.generation:
            raise KafkaError(ErrorCode.ILLEGAL_GENERATION, f"{generation} in {self.generation}")
        return member

    def is_subscribed_to(self, topic: str) -> bool:
        """Yes when in doubt, if these are consumers."""
        if self.subscribed_topics is None:
            return self.uses_consumer_protocol
        return topic in self.subscribed_topics

    def refresh_subscribed_topics(self) -> None:
        """From what the members say under the chosen protocol."""
        self.subscribed_topics = None
        if not self.uses_consumer_protocol:
            return
        topics: set[str] = set()
        for member in self.members:
            if self.protocol_name is None:
                return
            found = subscribed_topics(member.metadata(self.protocol_name))
            if found is None:
                return
            topics.update(found)
        self.subscribed_topics = frozenset(topics)

    def fork(self) -> Self:
        other = type(self)(self.group_id, self.state_timestamp)
        for name in type(self).__slots__:
            setattr(other, name, getattr(self, name))
        other.members = self.members.fork()
        return other
