"""A member of a classic group: joins, learns its partitions, keeps alive, gives them back.

    UNJOINED ── JoinGroup ──▶ JOINING ── SyncGroup ──▶ SYNCING ──▶ ASSIGNING ──▶ STABLE
        ▲                                                                          │ rebalance,
        └──────────── LEAVING ◀── (closing) ── REVOKING ◀──────────────────────────┘ expelled

An eager member gives up all its partitions, and commits, before it joins again.  A cooperative one
(KIP-429) keeps them, learns in SYNCING what is to go, gives that up, and joins once more, so that
somebody else can get it.  The leader assigns for all between JoinGroup and SyncGroup.

Invariants: an eager member has partitions in STABLE and REVOKING alone, a cooperative one wherever
it has a generation; an answer counts only if its number is `_number`, which grows with each move.

In Kafka: `AbstractCoordinator`, `ConsumerCoordinator`; in librdkafka: `rdkafka_cgrp.c`.
Read next: `group_requests` (what is sent), `liveness`, `rebalance`, `subscription`, `commits`;
`following`, a member under the consumer protocol (KIP-848).
"""

from typing import Any, Final, Self

from kafkalab.client.assignors import strategies
from kafkalab.client.connections import Answer
from kafkalab.client.consumer.commits import Commits
from kafkalab.client.consumer.context import Context
from kafkalab.client.consumer.coordinator import MOVED, Coordinator
from kafkalab.client.consumer.group_protocol import assigned_partitions
from kafkalab.client.consumer.group_requests import GroupRequests, What
from kafkalab.client.consumer.holding import Holding
from kafkalab.client.consumer.leading import Leading
from kafkalab.client.consumer.liveness import Liveness, Overdue
from kafkalab.client.consumer.member import NO_GENERATION, NOBODY, Member, State
from kafkalab.client.consumer.rebalance import LOST, REVOKE, Rebalance
from kafkalab.client.consumer.retries import Retries
from kafkalab.client.consumer.subscription import Subscription
from kafkalab.client.errors import MAX_POLL_EXCEEDED
from kafkalab.errors import RETRIABLE, ErrorCode
from kafkalab.protocol.messages.classic_groups import JoinGroupResponse, SyncGroupResponse

OWNER: Final = "membership"
_LEAVE_LIMIT_MS: Final = 5_000  # then the coordinator must find out by itself
_NOT_AWAITED: Final = -1  # as a request's number


class Membership:
    """See the module's docstring."""

    __slots__ = (
        "_commits",
        "_context",
        "_coordinator",
        "_holding",
        "_is_sent",
        "_leading",
        "_leave_due",
        "_must_rejoin",
        "_number",
        "_requests",
        "_strategies",
        "has_failed",
        "is_closing",
        "liveness",
        "member",
        "rebalance",
        "retries",
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
        self._holding = Holding(self._strategies)
        self._leading = Leading(context)
        self.subscription = Subscription(context)
        self.rebalance = Rebalance(context, commits)
        self.state = State.UNJOINED
        self.member = NOBODY
        self.liveness = Liveness(context.conf)
        self._number = 0
        self._is_sent = False  # this state's request is out
        self._must_rejoin = False  # once this round is over
        self.retries = Retries()
        self._leave_due: int | None = None
        self.has_failed = False  # fenced: for good
        self.is_closing = False
        self.timer: int | None = None

    # --- what the application wants

    def subscribe(self, topics: tuple[str, ...], has_callbacks: bool, now: int) -> None:
        """Want these topics instead of what was wanted; () to want none, and leave."""
        self.subscription.change(topics)
        if topics:
            self.rebalance.has_callbacks = has_callbacks
            self.liveness.last_poll = now
        self._must_rejoin = self.state is not State.UNJOINED

    def close(self) -> None:
        """Give the partitions back, and leave."""
        self.is_closing = True
        self._must_rejoin = self.state is not State.UNJOINED

    @property
    def is_out(self) -> bool:
        """Whether nothing of a membership is left."""
        return self.state is State.UNJOINED and self.rebalance.kind is None

    # --- each step

    def step(self, now: int) -> None:
        """Do what the state asks for."""
        self.timer = self.liveness.timer = None
        if self.subscription.step() and self.state is not State.UNJOINED:
            self._must_rejoin = True
        self._check_refused()
        before = None
        while before is not self.state:
            before = self.state
            self._act(now)
        if self.liveness.timer is not None:
            self._wake_at(self.liveness.timer)

    def _act(self, now: int) -> None:
        match self.state:
            case State.UNJOINED:
                self._join(now)
            case State.JOINING | State.SYNCING if self._wants_out and self.is_holding:
                self._revoke(REVOKE, now)
            case State.JOINING | State.SYNCING if self._wants_out:
                self._leave(now)
            case State.JOINING:
                pass
            case State.SYNCING:
                assignments = self._leading.assignments()
                if assignments is not None:
                    self._sync(now, assignments)
            case State.ASSIGNING if self.rebalance.kind is None:
                self._assigned(now)
            case State.STABLE if self._must_rejoin:
                self._rejoin(now)
            case State.ASSIGNING | State.STABLE:
                self._keep_alive(now)
            case State.REVOKING:
                is_committed = self._commits.is_idle or self.member.generation == NO_GENERATION
                if self.rebalance.kind is None and is_committed:
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
        has_lost = self.is_holding and self.member.generation == NO_GENERATION
        if self.rebalance.kind is None and self.is_holding and (self._wants_out or has_lost):
            self._revoke(LOST if has_lost else REVOKE, now)
            return
        if self._wants_out or self.liveness.must_poll or self.rebalance.kind is not None:
            return
        if now < self.retries.not_before:
            self._wake_at(self.retries.not_before)
            return
        link = self._coordinator.ready(now)
        if link is None or not self.subscription.is_known:
            return
        self._must_rejoin = False
        self.subscription.joined()
        self._enter(State.JOINING)
        had, wanted = self._holding.had, self.subscription.effective
        self._requests.join(link, self._number, self.member, self._strategies, wanted, had, now)

    def _on_joined(self, response: JoinGroupResponse, now: int) -> None:
        if response.error_code == ErrorCode.MEMBER_ID_REQUIRED:
            self.member = Member(response.member_id)
            self._enter(State.UNJOINED)
            return
        if response.error_code:
            self._join_refused(response.error_code, now)
            return
        self.member = Member(response.member_id, response.generation_id, response.protocol_name)
        self.retries.worked()
        self.liveness.joined(now)
        self._enter(State.SYNCING)
        if response.leader == response.member_id and not response.skip_assignment:
            self._leading.begin(response)

    def _sync(self, now: int, assignments: tuple[Any, ...]) -> None:
        if self._is_sent:
            return
        link = self._coordinator.ready(now)
        if link is None:
            if self._coordinator.link is None:  # the generation may not outlive this
                self._again(now)
            return
        self._leading.joined, self._is_sent = None, True
        self._requests.sync(link, self._number, self.member, assignments, now)

    def _on_synced(self, response: SyncGroupResponse, now: int) -> None:
        if response.error_code:
            self._join_refused(response.error_code, now)
            return
        self.liveness.joined(now)
        self._enter(State.ASSIGNING)
        partitions = assigned_partitions(response.assignment)
        gone = self._holding.change(partitions, self.member.generation)
        if not self._holding.is_cooperative:
            self._holding.take_added()
            self.rebalance.begin_assign(partitions, self.member, now)
        elif gone:
            self._must_rejoin = True  # so that somebody else can have them
            self.rebalance.begin_revoke(REVOKE, self.member, now, gone)

    def _assigned(self, now: int) -> None:
        """What had to go has gone: take the rest, or be stable."""
        added = self._holding.take_added()
        if added is not None:
            self.rebalance.begin_assign(added, self.member, now, is_incremental=True)
        if self.rebalance.kind is None:
            self._enter(State.STABLE)

    def _join_refused(self, error: int, now: int) -> None:
        """JoinGroup or SyncGroup did not work: try again, after what the error says."""
        self._refused(error)
        is_lasting = error not in RETRIABLE and error not in _TRANSIENT and not self.has_failed
        self._again(now, error, is_lasting)

    def _again(self, now: int, error: int = 0, is_lasting: bool = False) -> None:
        self.retries.failed(self._context, now, error, is_lasting)
        self._enter(State.UNJOINED)

    # --- being a member

    def _keep_alive(self, now: int) -> None:
        """Send heartbeats; give up when one of the clocks has run out."""
        liveness = self.liveness
        overdue = liveness.overdue(now) if self.state is State.STABLE else None
        if overdue is not None:
            self._give_up(overdue, now)
            return
        if self.member.generation == NO_GENERATION or not liveness.is_heartbeat_due(now):
            return
        link = self._coordinator.ready(now)
        if link is not None:
            liveness.heartbeat_sent(now)
            self._requests.heartbeat(link, self.member, now)

    def _give_up(self, overdue: Overdue, now: int) -> None:
        if overdue is Overdue.SESSION:
            self.member = NOBODY
            self._coordinator.failed()
            self._revoke(LOST, now)
            return
        reason = self.liveness.poll_reason(now)
        link = self._coordinator.ready(now)
        if link is not None and self._context.instance_id is None:
            self._requests.leave(link, _NOT_AWAITED, self.member, now)
        self.member = NOBODY
        self._revoke(LOST, now)
        self._context.buffer.add_error(MAX_POLL_EXCEEDED, reason)

    def _on_heartbeat(self, error: int, now: int) -> None:
        if not error or error == ErrorCode.REBALANCE_IN_PROGRESS:
            self.liveness.last_heard = now
            self._must_rejoin |= bool(error)
            return
        self._refused(error)
        if error not in RETRIABLE and self.state is State.STABLE:
            self._revoke(LOST, now)
        elif error not in RETRIABLE:
            self._must_rejoin = True

    def _check_refused(self) -> None:
        """A commit can be the first to hear that a rebalance has begun."""
        error = self._commits.take_refusal()
        if error == ErrorCode.REBALANCE_IN_PROGRESS and self.state is State.STABLE:
            self._must_rejoin = True
        elif error:
            self.liveness.heartbeat_due = 0  # it will say the same, if this is so

    def _refused(self, error: int) -> None:
        """What the coordinator says of this member, or of itself."""
        self.member = self.member.after(error)
        if error in MOVED:
            self._coordinator.failed()
        if error == ErrorCode.FENCED_INSTANCE_ID:
            self.has_failed = True
            reason = "this group.instance.id is in use by a newer consumer"
            self._context.tell_fatal(error, reason)

    # --- giving partitions back, leaving

    @property
    def is_holding(self) -> bool:
        """Whether it has partitions of the group's though it is not in a generation."""
        return self._holding.is_holding

    def _rejoin(self, now: int) -> None:
        if self._wants_out or not self._holding.is_cooperative:
            self._revoke(REVOKE, now)
        else:  # nothing is revoked, but what is done is committed first
            self._commits.commit_automatically(self.member, now)
            self._enter(State.REVOKING)

    def _revoke(self, kind: str, now: int) -> None:
        if kind == LOST:
            self.member = self.member.without_generation()
        self._holding.lose()
        self._enter(State.REVOKING)
        self.rebalance.begin_revoke(kind, self.member, now)

    def _revoked(self, now: int) -> None:
        self._must_rejoin = False
        self.subscription.left()
        if self._wants_out or self.liveness.must_poll:
            self._leave(now)
        else:
            self._enter(State.UNJOINED)

    def _leave(self, now: int) -> None:
        """Static members never say so: they are expected back (KIP-345)."""
        self._leave_due = now + _LEAVE_LIMIT_MS
        self._enter(State.LEAVING)
        if not self.member.id or self._context.instance_id is not None or self.has_failed:
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
            self._requests.leave(link, self._number, self.member, now)

    def _left(self) -> None:
        self.member = NOBODY
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
            self.liveness.is_heartbeat_out = False
            is_now = number == self.member and self.state in _MEMBER  # its id may be another
            if response is not None and is_now:
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
        self._leading.joined = None

    def _wake_at(self, due: int) -> None:
        self.timer = due if self.timer is None else min(self.timer, due)

    def fork(self, context: Context, coordinator: Coordinator, commits: Commits) -> Self:
        other = type(self).__new__(type(self))
        for name in self.__slots__:
            setattr(other, name, getattr(self, name))
        other._context, other._coordinator, other._commits = context, coordinator, commits
        other._requests, other._holding = GroupRequests(context), self._holding.fork()
        other._leading = self._leading.fork(context)
        other.subscription = self.subscription.fork(context)
        other.rebalance = self.rebalance.fork(context, commits)
        other.liveness, other.retries = self.liveness.fork(), self.retries.fork()
        return other


_MEMBER: Final = frozenset({State.ASSIGNING, State.STABLE, State.REVOKING})
_TRANSIENT: Final = frozenset(
    {ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.ILLEGAL_GENERATION, ErrorCode.REBALANCE_IN_PROGRESS}
)
