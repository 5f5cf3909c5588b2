"""A member under the consumer protocol (KIP-848): the coordinator assigns, the member follows.

    UNJOINED ── heartbeat(epoch 0) ──▶ STABLE ── heartbeat every … ms, as the coordinator says ──┐
        ▲                                │ ▲                                                     │
        │ fenced: all is lost            │ └── heartbeat(what I have now) ◀── ASSIGNING ◀────────┤
        └────────────────────────────────┘                                        ▲              │
                                                        what must go ─▶ REVOKING ─┘ ◀─ assignment┘

There is no barrier: reading goes on in all partitions that stay.  Before the member says that it
has let partitions go, what it did with them is committed, since their next owner begins there.

Invariants: one heartbeat is out at a time; what is said only when it has changed is said in full
after an answer that did not come (`said`); nothing is said while a callback runs that a fenced
member still owes.

In Kafka: `ConsumerMembershipManager`, `ConsumerHeartbeatRequestManager`; in librdkafka:
`rd_kafka_cgrp_consumer_serve`.
Read next: `said`; `membership`, the classic protocol, which offers the same.
"""

from typing import Final, Self

from kafkalab.chance import Stream
from kafkalab.client.connections import Answer
from kafkalab.client.consumer.commits import Commits
from kafkalab.client.consumer.context import Context
from kafkalab.client.consumer.coordinator import MOVED, Coordinator
from kafkalab.client.consumer.liveness import Liveness
from kafkalab.client.consumer.member import NOBODY, Member, State
from kafkalab.client.consumer.rebalance import LOST, REVOKE, Rebalance
from kafkalab.client.consumer.retries import Retries
from kafkalab.client.consumer.said import OWNER, Said, target_of
from kafkalab.client.consumer.subscription import Subscription
from kafkalab.client.errors import MAX_POLL_EXCEEDED
from kafkalab.errors import RETRIABLE, ErrorCode
from kafkalab.ids import TopicPartition, Uuid, uuid_text
from kafkalab.protocol.messages.consumer_groups import ConsumerGroupHeartbeatResponse

Partitions = tuple[TopicPartition, ...]

_JOINING: Final = 0
_LEAVING: Final = -1
_LEAVING_STATIC: Final = -2
_LEAVE_LIMIT_MS: Final = 5_000  # then the coordinator must find out by itself
_FENCED: Final = frozenset({ErrorCode.FENCED_MEMBER_EPOCH, ErrorCode.UNKNOWN_MEMBER_ID})


class Following:
    """See the module's docstring."""

    __slots__ = (
        "_beat_due",
        "_commits",
        "_context",
        "_coordinator",
        "_id",
        "_is_out",
        "_leave_due",
        "_number",
        "_said",
        "_target",
        "_version",
        "has_failed",
        "held",
        "is_closing",
        "liveness",
        "member",
        "rebalance",
        "retries",
        "state",
        "subscription",
        "timer",
    )

    def __init__(
        self, context: Context, coordinator: Coordinator, commits: Commits, ids: Stream
    ) -> None:
        self._context = context
        self._coordinator = coordinator
        self._commits = commits
        self._id = uuid_text(ids.uuid())
        self._said = Said(context)
        self.retries = Retries()
        self.subscription = Subscription(context)
        self.rebalance = Rebalance(context, commits)
        self.liveness = Liveness(context.conf)
        self.state = State.UNJOINED
        self.member = NOBODY
        self.held: Partitions = ()  # given by the group, and not given back
        self._target: dict[Uuid, tuple[int, ...]] | None = None  # the last assignment told
        self._version = -1  # of the metadata by which the target was last looked at
        self._number = 0  # of the membership: answers to an earlier one are dead
        self._is_out = False  # a heartbeat
        self._beat_due = 0
        self._leave_due: int | None = None
        self.has_failed = False  # for good
        self.is_closing = False
        self.timer: int | None = None

    # --- what the application wants

    def subscribe(self, topics: tuple[str, ...], has_callbacks: bool, now: int) -> None:
        """Want these topics instead of what was wanted; () to want none, and leave."""
        self.subscription.change(topics)
        self._beat_due = now
        if topics:
            self.rebalance.has_callbacks = has_callbacks
            self.liveness.last_poll = now

    def close(self) -> None:
        """Give the partitions back, and leave."""
        self.is_closing = True

    @property
    def is_out(self) -> bool:
        """Whether nothing of a membership is left."""
        return self.state is State.UNJOINED and self.rebalance.kind is None and not self.held

    @property
    def is_holding(self) -> bool:
        """Whether it has partitions of the group's."""
        return bool(self.held)

    @property
    def _wants_out(self) -> bool:
        return self.is_closing or self.has_failed or not self.subscription.wanted

    # --- each step

    def step(self, now: int) -> None:
        """Do what the state asks for."""
        self.timer = self.liveness.timer = None
        self.subscription.step()
        self._check_refused(now)
        before = None
        while before is not self.state:
            before = self.state
            self._act(now)
        self._beat(now)
        self._context.member = self.member
        if self.liveness.timer is not None:
            self._wake_at(self.liveness.timer)

    def _act(self, now: int) -> None:
        if self.rebalance.kind is not None:
            return  # the application must hear of it first
        match self.state:
            case State.STABLE if self._wants_out:
                self._revoke(REVOKE, self.held, now)
            case State.STABLE if self.liveness.is_poll_overdue(now):
                self._hang(now)
            case State.STABLE:
                self._follow(now)
            case State.REVOKING if self._commits.is_idle or self.member is NOBODY:
                self._revoked(now)
            case State.ASSIGNING:
                self._enter(State.STABLE)
                self._beat_due = now  # it is to be told at once
            case State.LEAVING:
                self._go_on_leaving(now)
            case _:
                pass

    def _follow(self, now: int) -> None:
        """Go to the target, as far as its topics are known by name."""
        metadata = self._context.metadata
        if self._target is None or self._version == metadata.version:
            return
        self._version = metadata.version
        target, are_all_known = target_of(self._target, metadata)
        if not are_all_known:
            metadata.request_update()
        wanted = frozenset(target)
        gone = tuple(one for one in self.held if one not in wanted)
        if gone:
            self._revoke(REVOKE, gone, now)
        else:
            self._assign(target, now)

    def _assign(self, target: Partitions, now: int) -> None:
        has = frozenset(self.held)
        new = tuple(one for one in target if one not in has)
        if not new:
            return
        for partition in new:
            self._context.metadata.want(partition.topic)
        self.held = (*self.held, *new)
        self._enter(State.ASSIGNING)
        self.rebalance.begin_assign(new, self.member, now, is_incremental=True)

    def _revoke(self, kind: str, partitions: Partitions, now: int) -> None:
        gone = frozenset(partitions)
        self.held = tuple(one for one in self.held if one not in gone)
        self._enter(State.REVOKING)
        if partitions:
            self.rebalance.begin_revoke(kind, self.member, now, partitions)

    def _revoked(self, now: int) -> None:
        """Leave, join again, or take what comes instead and say so."""
        if self._wants_out and not self.held:
            self._leave(now)
        elif self.member is NOBODY:
            self._enter(State.UNJOINED)
        else:
            self._enter(State.ASSIGNING)
            if self._target is not None:
                self._assign(target_of(self._target, self._context.metadata)[0], now)

    # --- heartbeats

    def _beat(self, now: int) -> None:
        if self._is_out or self.state is State.LEAVING:
            return
        if self.member is NOBODY:
            may_join = self.state is State.UNJOINED and self.rebalance.kind is None
            if self._wants_out or self.liveness.must_poll or not may_join:
                return
        must_tell = self.state is State.STABLE and self._said.has_news(self.subscription, self.held)
        due = min(now, self._beat_due) if must_tell else self._beat_due
        due = max(due, self.retries.not_before)
        if now < due:
            self._wake_at(due)
            return
        link = self._coordinator.ready(now)
        if link is None:
            return
        self._is_out = True
        epoch = self.member.generation if self.member is not NOBODY else _JOINING
        me = Member(self._id, epoch)
        key = self._number
        is_settled = self.state is State.STABLE or epoch == _JOINING
        self._said.beat(link, key, me, self.subscription, self.held if is_settled else None, now)

    def _on_beat(self, response: ConsumerGroupHeartbeatResponse, now: int) -> None:
        if response.error_code:
            self._refused(response, now)
            return
        self.retries.worked()
        self._said.was_heard()
        interval_ms = response.heartbeat_interval_ms
        self._beat_due = now + interval_ms
        self.member = Member(self._id, response.member_epoch)
        if self.state is State.UNJOINED:
            self._enter(State.STABLE)
        if response.assignment is not None:
            self._target = {
                each.topic_id: each.partitions for each in response.assignment.topic_partitions
            }
            self._version = -1

    def _refused(self, response: ConsumerGroupHeartbeatResponse, now: int) -> None:
        error = ErrorCode(response.error_code)
        self._said.forget()
        if error in MOVED:
            self._coordinator.failed()
        if error in _FENCED:
            self._lose(now)
        elif error in RETRIABLE:
            self.retries.failed(self._context, now)
        else:
            self.has_failed = True
            self._context.tell_fatal(error, response.error_message)
            self._lose(now)

    def _lose(self, now: int) -> None:
        """The coordinator has given it up: all is lost, and it begins anew."""
        self._forget()
        if self.rebalance.kind is not None:
            return  # what is being given back is gone already; the rest follows
        if self.held:
            self._revoke(LOST, self.held, now)
        elif self.state is not State.LEAVING:
            self._enter(State.UNJOINED)

    def _forget(self) -> None:
        self.member = NOBODY
        self._target = None
        self._number += 1
        self._is_out = False
        self._beat_due = 0
        self._said.forget()

    def _hang(self, now: int) -> None:
        """The application does not poll: leave, until it does (KIP-62)."""
        reason = self.liveness.poll_reason(now)
        link = self._coordinator.ready(now)
        if link is not None:
            self._said.leave(link, -1, Member(self._id, self._leaving_epoch), now)
        self._forget()
        self._revoke(LOST, self.held, now)
        self._context.buffer.add_error(MAX_POLL_EXCEEDED, reason)

    def _check_refused(self, now: int) -> None:
        """A commit can be the first to hear that the member is fenced."""
        if self._commits.take_refusal():
            self._beat_due = now  # it will say the same, if this is so

    # --- leaving

    @property
    def _leaving_epoch(self) -> int:
        """Static members stay in the group for their session timeout (KIP-345)."""
        return _LEAVING if self._context.instance_id is None else _LEAVING_STATIC

    def _leave(self, now: int) -> None:
        self._leave_due = now + _LEAVE_LIMIT_MS
        self._number += 1
        self._is_out = False
        self._enter(State.LEAVING)
        if self.member is NOBODY or self.has_failed:
            self._left()

    def _go_on_leaving(self, now: int) -> None:
        assert self._leave_due is not None
        if now >= self._leave_due:
            self._left()
            return
        self._wake_at(self._leave_due)
        link = self._coordinator.ready(now) if not self._is_out else None
        if link is not None:
            self._is_out = True
            self._said.leave(link, self._number, Member(self._id, self._leaving_epoch), now)

    def _left(self) -> None:
        self._forget()
        self._enter(State.UNJOINED)

    # --- answers

    def on_answer(self, answer: Answer, now: int) -> None:
        """Take in a ConsumerGroupHeartbeatResponse, if it is about how things are now."""
        response: ConsumerGroupHeartbeatResponse | None = answer.response
        if response is None:
            self._coordinator.failed()
        if answer.asked.key != self._number:
            return
        self._is_out = False
        if self.state is State.LEAVING:
            self._left()
        elif response is None:
            self._said.forget()
            self.retries.failed(self._context, now)
        else:
            self._on_beat(response, now)

    def _enter(self, state: State) -> None:
        self.state = state

    def _wake_at(self, due: int) -> None:
        self.timer = due if self.timer is None else min(self.timer, due)

    def fork(self, context: Context, coordinator: Coordinator, commits: Commits) -> Self:
        other = type(self).__new__(type(self))
        for name in self.__slots__:
            setattr(other, name, getattr(self, name))
        other._context, other._coordinator, other._commits = context, coordinator, commits
        other._said = self._said.fork(context)
        other.retries = self.retries.fork()
        other.subscription = self.subscription.fork(context)
        other.rebalance = self.rebalance.fork(context, commits)
        other.liveness = self.liveness.fork()
        return other


__all__ = ["OWNER", "Following"]
