"""The five requests of a group's member, as they go out to the coordinator.

Read next: `membership`, which decides when.
"""

from enum import Enum, auto
from typing import Final

from kafkalab.client.connections import Asked, Link
from kafkalab.client.consumer.context import Context
from kafkalab.client.consumer.group_protocol import (
    PROTOCOL_TYPE,
    Had,
    subscription_bytes,
)
from kafkalab.client.consumer.member import Member
from kafkalab.protocol.messages.classic_groups import (
    HeartbeatRequest,
    JoinGroupRequest,
    JoinGroupRequestProtocol,
    LeaveGroupRequest,
    MemberIdentity,
    SyncGroupRequest,
    SyncGroupRequestAssignment,
)
from kafkalab.protocol.schema import Message

OWNER: Final = "membership"
_JOIN_GRACE_MS: Final = 5_000  # beyond the time others have to join
_LEAVES_BY_LIST: Final = 3  # from this version on several members can leave at once


class What(Enum):
    """What was asked; the first half of a request's key."""

    JOIN = auto()
    SYNC = auto()
    HEARTBEAT = auto()
    LEAVE = auto()


Key = tuple[What, int | Member]


class GroupRequests:
    """Has no state of its own."""

    __slots__ = ("_context",)

    def __init__(self, context: Context) -> None:
        self._context = context

    def join(
        self,
        link: Link,
        number: int,
        member: Member,
        strategies: tuple[str, ...],
        topics: tuple[str, ...],
        had: Had,
        now: int,
    ) -> None:
        """The answer comes when all have joined, so it may take long."""
        conf = self._context.conf
        request = JoinGroupRequest(
            group_id=self._context.group_id,
            session_timeout_ms=conf.int("session.timeout.ms"),
            rebalance_timeout_ms=conf.int("max.poll.interval.ms"),
            member_id=member.id,
            group_instance_id=self._context.instance_id,
            protocol_type=PROTOCOL_TYPE,
            protocols=tuple(
                JoinGroupRequestProtocol(
                    name=name,
                    metadata=subscription_bytes(
                        name, topics, had, conf.text("client.rack") or None
                    ),
                )
                for name in strategies
            ),
        )
        self._send(link, (What.JOIN, number), request, now, self._rebalance_ms)

    def sync(
        self,
        link: Link,
        number: int,
        member: Member,
        assignments: tuple[SyncGroupRequestAssignment, ...],
        now: int,
    ) -> None:
        request = SyncGroupRequest(
            group_id=self._context.group_id,
            generation_id=member.generation,
            member_id=member.id,
            group_instance_id=self._context.instance_id,
            protocol_type=PROTOCOL_TYPE,
            protocol_name=member.strategy,
            assignments=assignments,
        )
        self._send(link, (What.SYNC, number), request, now, self._rebalance_ms)

    def heartbeat(self, link: Link, member: Member, now: int) -> None:
        request = HeartbeatRequest(
            group_id=self._context.group_id,
            generation_id=member.generation,
            member_id=member.id,
            group_instance_id=self._context.instance_id,
        )
        key = (What.HEARTBEAT, member)
        self._send(link, key, request, now, self._context.conf.int("session.timeout.ms"))

    def leave(self, link: Link, number: int, member: Member, now: int) -> None:
        version = self._context.connections.version(link, LeaveGroupRequest)
        group_id = self._context.group_id
        if version < _LEAVES_BY_LIST:
            request = LeaveGroupRequest(group_id=group_id, member_id=member.id)
        else:
            request = LeaveGroupRequest(
                group_id=group_id, members=(MemberIdentity(member_id=member.id),)
            )
        key = (What.LEAVE, number)
        self._send(link, key, request, now, self._context.request_timeout_ms)

    @property
    def _rebalance_ms(self) -> int:
        return self._context.conf.int("max.poll.interval.ms") + _JOIN_GRACE_MS

    def _send(self, link: Link, key: Key, request: Message, now: int, timeout_ms: int) -> None:
        connections = self._context.connections
        version = connections.version(link, type(request))
        connections.send(link, request, Asked(OWNER, key, version), now, timeout_ms)
