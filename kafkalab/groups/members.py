"""Who is in a classic group: members, those expected to join, and what all can agree on.

A member that waits for the answer to its JoinGroup or SyncGroup holds the ticket of that request:
being parked *is* the state "has joined" or "has asked for its assignment".

Invariants: a static id names a member (G6); `pending` members have an id and are not members yet
(KIP-394); `_support[name]` counts the members that offer the protocol `name`; members stand in the
order in which they came.

In Kafka: `ClassicGroupMember`, and the member tables of `ClassicGroup`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

from kafkalab.node import Ticket
from kafkalab.protocol.messages.classic_groups import JoinGroupRequestProtocol

Protocols = tuple[JoinGroupRequestProtocol, ...]


@dataclass(slots=True)
class Member:
    """One member.  `is_new`: it has not yet seen a generation, so it cannot send heartbeats."""

    member_id: str
    group_instance_id: str | None
    client_id: str
    client_host: str
    rebalance_timeout_ms: int
    session_timeout_ms: int
    protocol_type: str
    protocols: Protocols
    assignment: bytes = b""
    awaiting_join: Ticket | None = None
    awaiting_sync: Ticket | None = None
    is_new: bool = False

    @property
    def is_static(self) -> bool:
        return self.group_instance_id is not None

    @property
    def is_alive_while_silent(self) -> bool:
        """Whether it may be silent: the group itself keeps it waiting."""
        if self.is_new:
            return False
        return self.awaiting_join is not None or self.awaiting_sync is not None

    def metadata(self, protocol: str) -> bytes:
        """What it says of itself under one of its protocols."""
        for offered in self.protocols:
            if offered.name == protocol:
                return offered.metadata
        raise AssertionError(f"{self.member_id} does not support {protocol}")

    def vote(self, candidates: frozenset[str]) -> str:
        """The first of its protocols that everybody supports."""
        return next(offered.name for offered in self.protocols if offered.name in candidates)


class Members:
    """See the module's docstring.  Iterates over the members, oldest first."""

    __slots__ = ("_by_id", "_static", "_support", "awaiting_join_count", "pending", "unsynced")

    def __init__(self) -> None:
        self._by_id: dict[str, Member] = {}
        self._static: dict[str, str] = {}
        self._support: dict[str, int] = {}
        self.awaiting_join_count = 0
        self.pending: dict[str, None] = {}  # have an id, and are to join with it
        self.unsynced: dict[str, None] = {}  # in this generation, and have not sent SyncGroup

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Member]:
        return iter(self._by_id.values())

    def __contains__(self, member_id: str) -> bool:
        return member_id in self._by_id

    def get(self, member_id: str) -> Member | None:
        return self._by_id.get(member_id)

    def static_id(self, group_instance_id: str) -> str | None:
        """The member that has this `group.instance.id` (KIP-345)."""
        return self._static.get(group_instance_id)

    def add(self, member: Member) -> None:
        """A new member; it is expected no more."""
        assert member.member_id not in self._by_id, member
        if member.group_instance_id is not None:
            assert member.group_instance_id not in self._static, member
            self._static[member.group_instance_id] = member.member_id
        self._by_id[member.member_id] = member
        self._count(member.protocols, 1)
        self.awaiting_join_count += member.awaiting_join is not None
        self.pending.pop(member.member_id, None)

    def remove(self, member_id: str) -> Member | None:
        """Forget a member, or one that was expected."""
        self.pending.pop(member_id, None)
        self.unsynced.pop(member_id, None)
        member = self._by_id.pop(member_id, None)
        if member is not None:
            self._count(member.protocols, -1)
            self.awaiting_join_count -= member.awaiting_join is not None
            if member.group_instance_id is not None:
                del self._static[member.group_instance_id]
        return member

    def replace_static(self, old_id: str, new_id: str) -> Member:
        """Give a static member, who waits for nothing, another member id."""
        old = self._by_id.pop(old_id)
        assert old.group_instance_id is not None, old
        assert old.awaiting_join is None and old.awaiting_sync is None, old
        self.unsynced.pop(old_id, None)
        new = replace(old, member_id=new_id, is_new=False)
        self._by_id[new_id] = new
        self._static[old.group_instance_id] = new_id
        return new

    def update(
        self, member: Member, protocols: Protocols, rebalance_timeout_ms: int, session_ms: int
    ) -> None:
        """What a member says when it joins again."""
        self._count(member.protocols, -1)
        self._count(protocols, 1)
        member.protocols = protocols
        member.rebalance_timeout_ms = rebalance_timeout_ms
        member.session_timeout_ms = session_ms

    def await_join(self, member: Member, ticket: Ticket | None) -> None:
        """Park its JoinGroup, or (None) let it go."""
        self.awaiting_join_count += (ticket is not None) - (member.awaiting_join is not None)
        member.awaiting_join = ticket

    @property
    def have_all_joined(self) -> bool:
        return self.awaiting_join_count == len(self._by_id) and not self.pending

    @property
    def rebalance_timeout_ms(self) -> int:
        """The longest that any member asks for."""
        return max([member.rebalance_timeout_ms for member in self], default=0)

    def supports(self, protocols: Protocols) -> bool:
        """Whether one of these protocols is supported by every member."""
        size = len(self._by_id)
        return any(self._support.get(offered.name, 0) == size for offered in protocols)

    def select_protocol(self) -> str:
        """Among those all support, the one most members prefer; in a tie, the oldest member's."""
        size = len(self._by_id)
        candidates = frozenset(name for name, count in self._support.items() if count == size)
        votes: dict[str, int] = {}
        for member in self:
            vote = member.vote(candidates)
            votes[vote] = votes.get(vote, 0) + 1
        return max(votes, key=votes.__getitem__)

    def fork(self) -> Self:
        other = type(self)()
        other._by_id = {member_id: replace(member) for member_id, member in self._by_id.items()}
        other._static = self._static.copy()
        other._support = self._support.copy()
        other.awaiting_join_count = self.awaiting_join_count
        other.pending = self.pending.copy()
        other.unsynced = self.unsynced.copy()
        return other

    def _count(self, protocols: Protocols, change: int) -> None:
        support = self._support
        for offered in protocols:
            count = support.get(offered.name, 0) + change
            if count:
                support[offered.name] = count
            else:
                del support[offered.name]
