"""A member of a classic group: joins, learns its partitions, keeps alive, gives them back.

    UNJOINED ── JoinGroup ──▶ JOINING ── SyncGroup ──▶ SYNCING ──▶ ASSIGNING ──▶ STABLE
        ▲                                                                          │ rebalance,
        └──────────── LEAVING ◀── (closing) ── REVOKING ◀──────────────────────────┘ expelled

Rebalances are eager: all partitions are given up, and what was done is committed, before the member
joins again.  The leader assigns for all in between JoinGroup and SyncGroup.

Invariants: partitions are assigned in STABLE and REVOKING alone; an answer counts only if its
number is the member's `_number`, which grows with each move.

In Kafka: `AbstractCoordinator`, `ConsumerCoordinator`; in librdkafka: `rdkafka_cgrp.c`.
Left out: cooperative rebalances (KIP-429), the consumer protocol (KIP-848).
Read next: `group_requests` (what is sent), `rebalance`, `subscription`, `commits`.
"""

from collections.abc import Iterable
from enum import Enum, auto
from typing import Any, Final, Self

from kafkalab.client.assignors import strategies
from kafkalab.client.connections import Answer
from kafkalab.client.consumer.commits import Commits
from kafkalab.client.consumer.context import Context
from kafkalab.client.consumer.coordinator import MOVED, Coordinator
from kafkalab.client.consumer.group_protocol import assigned_partitions, wanted_topics
from kafkalab.client.consumer.group_requests import GroupRequests, What
from kafkalab.client.consumer.rebalance import ASSIGN, LOST, REVOKE, Rebalance
from kafkalab.client.consumer.subscription import Subscription
from kafkalab.client.errors import MAX_POLL_EXCEEDED
from kafkalab.client.message import OFFSET_STORED
from kafkalab.errors import RETRIABLE, ErrorCode
from kafkalab.ids import TopicPartition
from kafkalab.protocol.messages.classic_groups import JoinGroupResponse, SyncGroupResponse

OWNER: Final = "membership"
NO_GENERATION: Final = -1
_LEAVE_LIMIT_MS: Final = 5_000  # then the coordinator must find out by itself
_GIVE_UP_RETRY_MS: Final = 1_000  # after an error that will not pass by itself


class State(Enum):
    """See the picture above."""

    UNJOINED = auto()
    JOINING = auto()
    SYNCING = auto()
    ASSIGNING = auto()
    STABLE = auto()
    REVOKING = auto()
    LEAVING = auto()


class Membership:
    """See the module's docstring."""

    __slots__ = (
        "_attempts",
        "_commits",
        "_context",
        "_coordinator",
        "_heartbeat_at",
        "_is_heartbeat_out",
        "_is_sent",
        "_joined",
        "_last_told",
        "_leave_due",
        "_must_rejoin",
        "_number",
        "_requests",
        "_retry_at",
        "_strategies",
        "_strategy",
        "generation",
        "has_failed",
        "is_closing",
        "is_polling",
        "last_heard",
        "last_poll",
        "member_id",
        "must_poll",
        "rebalance",
        "state",
        "subscription",
        "timer",
    )

    def __init__(self, context: Context, coordinator: Coordinator, commits: Commits) -> None:
        self._context = context
        self._coordinator = coordinator
        self._commits = commits
        self._requests = GroupRequests(context)
        self._strategies = strategies(context.conf.text("partition.assignment.strategy"))
        self.subscription = Subscription(context)
        self.rebalance = Rebalance()
        self.state = State.UNJOINED
        self.member_id = ""
        self.generation = NO_GENERATION
        self._number = 0
        self._is_sent = False  # this state's request is out
        self._strategy: str | None = None  # the one the coordinator has chosen
        self._joined: JoinGroupResponse | None = None  # what the leader assigns by
        self._must_rejoin = False  # once this round is over
        self._attempts = 0
        self._retry_at = 0
        self._heartbeat_at = 0
        self._is_heartbeat_out = False
        self._leave_due: int | None = None
        self._last_told = 0  # the last lasting error the application was told of
        self.last_heard = 0  # from the coordinator, as a member
        self.last_poll = 0
        self.is_polling = False
        self.must_poll = False  # before it may join again: max.poll.interval.ms was exceeded
        self.has_failed = False  # fenced: for good
        self.is_closing = False
        self.timer: int | None = None

    # --- what the application wants

    def subscribe(self, topics: tuple[str, ...], has_callbacks: bool, now: int) -> None:
        """Want these topics instead of what was wanted; () to want none, and leave."""
        self.subscription.change(topics)
        if topics:
            self.rebalance.has_callbacks = has_callbacks
            self.last_poll = now
        self._must_rejoin = self.state is not State.UNJOINED

    def close(self) -> None:
        """Give the partitions back, and leave."""
        self.is_closing = True
        self._must_rejoin = self.state is not State.UNJOINED

    @property
    def is_out(self) -> bool:
        """Whether nothing of a membership is left."""
        return self.state is State.UNJOINED and self.rebalance.kind is None

    def polled(self, now: int) -> None:
        """The application has come for messages."""
        self.last_poll = now
        self.is_polling = False
        self.must_poll = False

    def confirm(self, now: int) -> None:
        """The application's callback has returned, or there is none."""
        rebalance = self.rebalance
        kind, partitions = rebalance.kind, rebalance.partitions
        if kind is None:
            return
        if kind == ASSIGN:
            if not rebalance.is_assigned_by_application:
                self.replace_assignment(((one, OFFSET_STORED) for one in partitions), now)
            self._enter(State.STABLE)
        else:
            self.replace_assignment((), now, commits=kind == REVOKE)
        rebalance.end()

    def replace_assignment(
        self, wanted: Iterable[tuple[TopicPartition, int]], now: int, commits: bool = True
    ) -> None:
        """Read these from now on; what was done with the others is committed (if automatic)."""
        context = self._context
        if commits and context.conf.bool("enable.auto.commit"):
            self._commits.commit_stored(self.member_id, self.generation, now)
        context.assignment.replace(wanted)
        context.buffer.drop_all()

    # --- each step

    def step(self, now: int) -> None:
        """Do what the state asks for."""
        self.timer = None
        if self.subscription.step() and self.state is not State.UNJOINED:
            self._must_rejoin = True
        self._check_refused()
        self._check_poll(now)
        before = None
        while before is not self.state:
            before = self.state
            self._act(now)

    def _act(self, now: int) -> None:
        match self.state:
            case State.UNJOINED:
                self._join(now)
            case State.JOINING | State.SYNCING:
                if self._wants_out:
                    self._leave(now)
                elif self._joined is not None:
                    self._sync_as_leader(now)
                elif not self._is_sent:
                    self._sync(now, ())
            case State.ASSIGNING | State.STABLE:
                if self.state is State.STABLE and self._must_rejoin:
                    self._revoke(REVOKE, now)
                else:
                    self._keep_alive(now)
            case State.REVOKING:
                if self.rebalance.kind is None and self._commits.is_idle:
                    self._revoked(now)
                else:
                    self._keep_alive(now)
            case State.LEAVING:
                self._go_on_leaving(now)

    @property
    def _wants_out(self) -> bool:
        return self.is_closing or self.has_failed or not self.subscription.wanted

    # --- joining

    def _join(self, now: int) -> None:
        if self._wants_out or self.must_poll or self.rebalance.kind is not None:
            return
        if now < self._retry_at:
            self._wake_at(self._retry_at)
            return
        if not self.subscription.is_known:
            return
        link = self._coordinator.ready(now)
        if link is None:
            return
        self._must_rejoin = False
        self.subscription.joined()
        self._enter(State.JOINING)
        self._is_sent = True
        topics = self.subscription.effective
        key = (What.JOIN, self._number)
        self._requests.join(link, key, self.member_id, self._strategies, topics, now)

    def _on_joined(self, response: JoinGroupResponse, now: int) -> None:
        if response.error_code == ErrorCode.MEMBER_ID_REQUIRED:
            self.member_id = response.member_id
            self._enter(State.UNJOINED)
            return
        if response.error_code:
            self._join_refused(response.error_code, now)
            return
        self.member_id = response.member_id
        self.generation = response.generation_id
        self._strategy = response.protocol_name
        self._attempts = self._last_told = 0
        self.last_heard = now
        self._enter(State.SYNCING)
        if response.leader == response.member_id and not response.skip_assignment:
            self._joined = response
            for topic in wanted_topics(response.members):
                self._context.metadata.want(topic)

    def _sync_as_leader(self, now: int) -> None:
        """Assign, as soon as the partitions of all topics anybody wants are known."""
        assert self._joined is not None
        topics = self._context.metadata.topics
        wanted = wanted_topics(self._joined.members)
        if not all(topic in topics for topic in wanted):
            self._context.metadata.request_update()
            return
        counts = {topic: len(topics[topic].partitions) for topic in wanted}
        self._sync(now, self._requests.assignments(self._joined, counts))

    def _sync(self, now: int, assignments: tuple[Any, ...]) -> None:
        link = self._coordinator.ready(now)
        if link is None:
            if self._coordinator.link is None:  # the generation may not outlive this
                self._again(now)
            return
        self._joined = None
        self._is_sent = True
        key = (What.SYNC, self._number)
        member = (self.member_id, self.generation, self._strategy)
        self._requests.sync(link, key, member, assignments, now)

    def _on_synced(self, response: SyncGroupResponse, now: int) -> None:
        if response.error_code:
            self._join_refused(response.error_code, now)
            return
        self.last_heard = now
        self._heartbeat_at = now + self._context.conf.int("heartbeat.interval.ms")
        self._enter(State.ASSIGNING)
        self._begin_rebalance(ASSIGN, assigned_partitions(response.assignment), now)

    def _join_refused(self, error: int, now: int) -> None:
        """JoinGroup or SyncGroup did not work: try again, after what the error says."""
        self._forget_identity(error)
        if error in MOVED:
            self._coordinator.failed()
        if error == ErrorCode.FENCED_INSTANCE_ID:
            self._fail(error)
        lasting = error not in RETRIABLE and error not in _TRANSIENT and not self.has_failed
        if lasting and error != self._last_told:
            self._last_told = error
            self._context.buffer.add_error(error, None)
        self._again(now)
        if lasting:
            self._retry_at = max(self._retry_at, now + _GIVE_UP_RETRY_MS)

    def _again(self, now: int) -> None:
        self._retry_at = now
        if self._attempts:
            self._retry_at += self._context.retry_delay_ms(self._attempts - 1)
        self._attempts += 1
        self._enter(State.UNJOINED)

    # --- being a member

    def _keep_alive(self, now: int) -> None:
        """Send heartbeats; without an answer for session.timeout.ms nothing is ours any more."""
        session_ends = self.last_heard + self._context.conf.int("session.timeout.ms")
        if now >= session_ends and self.state is State.STABLE:
            self.member_id = ""
            self._coordinator.failed()
            self._lose(now)
            return
        if self.state is State.STABLE:
            self._wake_at(session_ends)
        if self._is_heartbeat_out or self.generation == NO_GENERATION:
            return
        if now < self._heartbeat_at:
            self._wake_at(self._heartbeat_at)
            return
        link = self._coordinator.ready(now)
        if link is not None:
            self._is_heartbeat_out = True
            self._heartbeat_at = now + self._context.conf.int("heartbeat.interval.ms")
            self._requests.heartbeat(
                link, (What.HEARTBEAT, 0), self.member_id, self.generation, now
            )

    def _on_heartbeat(self, error: int, now: int) -> None:
        if not error:
            self.last_heard = now
        elif error in MOVED:
            self._coordinator.failed()
        elif error == ErrorCode.REBALANCE_IN_PROGRESS:
            self.last_heard = now
            self._must_rejoin = True
        elif error not in RETRIABLE:
            self._expelled(error, now)

    def _check_refused(self) -> None:
        """A commit can be the first to hear that a rebalance has begun."""
        error, self._commits.refused = self._commits.refused, 0
        if not error or self.state is not State.STABLE:
            return
        if error == ErrorCode.REBALANCE_IN_PROGRESS:
            self._must_rejoin = True
        else:
            self._heartbeat_at = 0  # it will say the same, if this is so

    def _expelled(self, error: int, now: int) -> None:
        """The coordinator does not know this member, or not in this generation."""
        self._forget_identity(error)
        if error == ErrorCode.FENCED_INSTANCE_ID:
            self._fail(error)
        if self.state is State.STABLE:
            self._lose(now)
        else:
            self._must_rejoin = True

    def _forget_identity(self, error: int) -> None:
        if error == ErrorCode.UNKNOWN_MEMBER_ID:
            self.member_id = ""
        if error in (ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.ILLEGAL_GENERATION):
            self.generation = NO_GENERATION

    def _fail(self, error: int) -> None:
        self.has_failed = True
        reason = "Fatal: this group.instance.id is in use by a newer consumer"
        self._context.buffer.add_error(error, reason)

    def _check_poll(self, now: int) -> None:
        """An application that does not poll for too long gives up its partitions."""
        if self.state is not State.STABLE or self.is_polling:
            return
        most = self._context.conf.int("max.poll.interval.ms")
        due = self.last_poll + most
        if now < due:
            self._wake_at(due)
            return
        self.must_poll = True
        self._lose(now)
        reason = f"Application maximum poll interval ({most}ms) exceeded by {now - due}ms"
        self._context.buffer.add_error(MAX_POLL_EXCEEDED, reason)

    # --- giving partitions back

    def _lose(self, now: int) -> None:
        self.generation = NO_GENERATION
        self._revoke(LOST, now)

    def _revoke(self, kind: str, now: int) -> None:
        """From here on no record of these partitions reaches the application."""
        context = self._context
        for assigned in context.assignment:
            if assigned.position >= 0:
                assigned.rewind()
            assigned.is_paused = True
        context.buffer.drop_all()
        self._enter(State.REVOKING)
        self._begin_rebalance(kind, context.assignment.partitions(), now)

    def _begin_rebalance(self, kind: str, partitions: tuple[TopicPartition, ...], now: int) -> None:
        must_ask = self.rebalance.begin(kind, partitions)
        if not must_ask or (kind != ASSIGN and not partitions):
            self.confirm(now)

    def _revoked(self, now: int) -> None:
        self._must_rejoin = False
        self.subscription.left()
        if self._wants_out or self.must_poll:
            self._leave(now)
        else:
            self._enter(State.UNJOINED)

    # --- leaving

    def _leave(self, now: int) -> None:
        """Static members never say so: they are expected back (KIP-345)."""
        self._leave_due = now + _LEAVE_LIMIT_MS
        self._joined = None
        self._must_rejoin = False
        self._enter(State.LEAVING)
        if not self.member_id or self._context.instance_id is not None or self.has_failed:
            self._left()

    def _go_on_leaving(self, now: int) -> None:
        assert self._leave_due is not None
        if now >= self._leave_due:
            self._left()
            return
        self._wake_at(self._leave_due)
        link = self._coordinator.ready(now) if not self._is_sent else None
        if link is not None:
            self._is_sent = True
            self._requests.leave(link, (What.LEAVE, self._number), self.member_id, now)

    def _left(self) -> None:
        self.member_id = ""
        self.generation = NO_GENERATION
        self._enter(State.UNJOINED)

    # --- answers

    def on_answer(self, answer: Answer, now: int) -> None:
        """Take in what the coordinator says, if it is about how things are now."""
        assert isinstance(answer.asked.key, tuple)
        what, number = answer.asked.key
        response = answer.response
        if response is None:
            self._coordinator.failed()
        if what is What.HEARTBEAT:
            self._is_heartbeat_out = False
            if response is not None and self.state in _MEMBER:
                self._on_heartbeat(response.error_code, now)
        elif number != self._number:
            return
        elif what is What.LEAVE:
            self._left()
        elif response is None:
            self._again(now)
        elif what is What.JOIN:
            self._on_joined(response, now)
        else:
            self._on_synced(response, now)

    def _enter(self, state: State) -> None:
        self.state = state
        self._number += 1
        self._is_sent = False
        if state is State.UNJOINED:
            self._joined = None

    def _wake_at(self, due: int) -> None:
        self.timer = due if self.timer is None else min(self.timer, due)

    def fork(self, context: Context, coordinator: Coordinator, commits: Commits) -> Self:
        other = type(self).__new__(type(self))
        for name in self.__slots__:
            setattr(other, name, getattr(self, name))
        other._context, other._coordinator, other._commits = context, coordinator, commits
        other._requests = GroupRequests(context)
        other.subscription = self.subscription.fork(context)
        other.rebalance = self.rebalance.fork()
        return other


_MEMBER: Final = frozenset({State.ASSIGNING, State.STABLE, State.REVOKING})
_TRANSIENT: Final = frozenset(
    {
        ErrorCode.UNKNOWN_MEMBER_ID,
        ErrorCode.ILLEGAL_GENERATION,
        ErrorCode.REBALANCE_IN_PROGRESS,
    }
)
