"""Commits: what the group has done is written down, one OffsetCommit at a time.

    commit(offsets) ──▶ waiting ──▶ in flight ──▶ results      retried while there is time,
    every auto.commit.interval.ms ──┘   ▲ │       by id        and then given up
                                        └─┘

A commit carries the generation in which it was asked for: after a rebalance the coordinator
refuses it, because the partitions may be somebody else's.

Invariants: at most one request is in flight, the oldest, so a retry never undoes a later commit.

In Kafka: `ConsumerCoordinator.sendOffsetCommitRequest`, `OffsetCommitCallbackInvoker`; in
librdkafka: `rd_kafka_cgrp_op_handle_OffsetCommit`.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final, Self

from kafkalab.client.connections import Answer, Asked, Link
from kafkalab.client.consumer.context import CONSUMER_PROTOCOL, Context
from kafkalab.client.consumer.coordinator import MOVED, Coordinator
from kafkalab.client.consumer.group_protocol import by_topic
from kafkalab.client.consumer.member import NOBODY, Member
from kafkalab.client.consumer.offset_requests import OffsetsResult
from kafkalab.client.errors import FATAL, NO_OFFSET, TIMED_OUT
from kafkalab.client.message import OFFSET_INVALID
from kafkalab.client.profiles import commits_in_poll
from kafkalab.errors import RETRIABLE, ErrorCode
from kafkalab.ids import TopicPartition
from kafkalab.protocol.messages.group_offsets import (
    OffsetCommitRequest,
    OffsetCommitRequestPartition,
    OffsetCommitRequestTopic,
    OffsetCommitResponse,
)

OWNER: Final = "commits"
AUTOMATIC: Final = 0  # the id of commits nobody asked for
_VERSION_MAX: Final = 9  # the newest that names topics by name, as librdkafka does
_UNTAKEN_MAX: Final = 1000  # results that nobody takes are forgotten

_STALE: Final = ErrorCode.STALE_MEMBER_EPOCH  # the next heartbeat will bring the new one

Offset = tuple[TopicPartition, int, int]  # next offset, leader epoch of the record before


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit, under way."""

    id: int
    offsets: tuple[Offset, ...]
    member: Member
    due: int  # given up then
    attempts: int = 0
    not_before: int = 0

    def again(self, not_before: int) -> "Commit":
        return Commit(
            self.id,
            self.offsets,
            self.member,
            self.due,
            self.attempts + 1,
            not_before,
        )


class Commits:
    """The commits of one consumer."""

    __slots__ = (
        "_auto_interval_ms",
        "_automatic",
        "_context",
        "_coordinator",
        "_finished",
        "_is_in_flight",
        "_is_in_poll",
        "_waiting",
        "auto_due",
        "refused",
        "timer",
    )

    def __init__(self, context: Context, coordinator: Coordinator) -> None:
        self._context = context
        conf = context.conf
        self._auto_interval_ms: int | None = None
        if conf.bool("enable.auto.commit"):
            self._auto_interval_ms = max(conf.int("auto.commit.interval.ms"), 1)
        self._coordinator = coordinator
        self._waiting: deque[Commit] = deque()  # the first of them is the one in flight
        self._is_in_flight = False
        self._is_in_poll = commits_in_poll(context.conf)
        self._finished: dict[int, OffsetsResult] = {}  # by id; automatic ones by -1, -2, …
        self._automatic = 0  # how many automatic ones have ended
        self.auto_due: int | None = None
        self.refused = 0  # an error that says this is no member any more; read by the node
        self.timer: int | None = None

    @property
    def is_idle(self) -> bool:
        """Whether no commit is under way."""
        return not self._waiting

    def take_refusal(self) -> int:
        """An error that says this is no member any more, or 0; forgotten here."""
        error, self.refused = self.refused, 0
        return error

    # --- asking

    def commit(self, id: int, offsets: tuple[Offset, ...], member: Member, now: int) -> None:
        """Begin; without offsets it has ended already, with _NO_OFFSET."""
        due = now + self._context.request_timeout_ms
        commit = Commit(id, offsets, member, due)
        if not offsets:
            self._finish(commit, {}, NO_OFFSET)
            return
        self._waiting.append(commit)

    def refuse(self, id: int, offsets: tuple[Offset, ...], now: int) -> None:
        """It has ended before it began: the consumer has had a fatal error."""
        self._finish(Commit(id, offsets, NOBODY, now), {}, FATAL)

    def stored(self) -> tuple[Offset, ...]:
        """What commit() without arguments commits."""
        return tuple(
            (assigned.partition, assigned.stored, assigned.stored_epoch)
            for assigned in self._context.assignment
            if assigned.has_uncommitted
        )

    def commit_stored(self, member: Member, now: int) -> None:
        """An automatic commit; nothing happens if there is nothing new."""
        offsets = self.stored()
        if offsets:
            self.commit(AUTOMATIC, offsets, member, now)

    def commit_automatically(self, member: Member, now: int) -> None:
        """`commit_stored`, if commits are automatic."""
        if self._context.conf.bool("enable.auto.commit"):
            self.commit_stored(member, now)

    def has_result(self, id: int) -> bool:
        return id in self._finished

    def take_result(self, id: int) -> OffsetsResult | None:
        """How a commit ended, forgotten here; None if it has not."""
        return self._finished.pop(id, None)

    def take_all(self) -> tuple[OffsetsResult, ...]:
        """All that ended and were not taken, automatic ones too."""
        results = tuple(self._finished.values())
        self._finished.clear()
        return results

    # --- doing

    def step(self, member: Member, now: int) -> None:
        """Send what can be sent."""
        self.timer = None
        self._auto_commit(member, now)
        if self._is_in_flight:
            return
        while self._waiting and now >= self._waiting[0].due:
            self._finish(self._waiting.popleft(), {}, TIMED_OUT)
        if not self._waiting:
            return
        commit = self._waiting[0]
        self._wake_at(max(commit.not_before, now) if now < commit.not_before else commit.due)
        if now < commit.not_before:
            return
        link = self._coordinator.ready(now)
        if link is not None:
            self._send(link, commit, now)

    def _auto_commit(self, member: Member, now: int) -> None:
        """Every so often; the first time one interval after there was something assigned."""
        interval = self._auto_interval_ms
        if interval is None or not len(self._context.assignment):
            self.auto_due = None
            return
        if self.auto_due is None:
            self.auto_due = now + interval
        if self._is_in_poll:
            return  # `in_poll` does it
        if now >= self.auto_due:
            self.auto_due += ((now - self.auto_due) // interval + 1) * interval
            if self.is_idle:
                self.commit_stored(member, now)
        self._wake_at(self.auto_due)

    def in_poll(self, member: Member, now: int) -> bool:
        """The application polls; whether that began an automatic commit (Java's rule)."""
        interval = self._auto_interval_ms
        if interval is None or self.auto_due is None or now < self.auto_due or not self.is_idle:
            return False
        self.auto_due = now + interval
        self.commit_stored(member, now)
        return not self.is_idle

    def _send(self, link: Link, commit: Commit, now: int) -> None:
        # A KIP-848 member may have moved on; what it still has it may commit in its new epoch.
        is_consumer = self._context.protocol == CONSUMER_PROTOCOL
        member = self._context.member if is_consumer else commit.member
        epochs = {partition: (offset, epoch) for partition, offset, epoch in commit.offsets}
        metadata = self._context.metadata
        request = OffsetCommitRequest(
            group_id=self._context.group_id,
            generation_id_or_member_epoch=member.generation,
            member_id=member.id,
            group_instance_id=self._context.instance_id,
            topics=tuple(
                OffsetCommitRequestTopic(
                    name=topic,
                    topic_id=metadata.topic_id(topic),
                    partitions=tuple(
                        _partition(partition, *epochs[TopicPartition(topic, partition)])
                        for partition in partitions
                    ),
                )
                for topic, partitions in by_topic(epochs).items()
            ),
        )
        connections = self._context.connections
        version = min(connections.version(link, OffsetCommitRequest), _VERSION_MAX)
        asked = Asked(OWNER, commit.id, version)
        timeout = max(commit.due - now, 1)
        connections.send(link, request, asked, now, timeout)
        self._is_in_flight = True

    def on_answer(self, answer: Answer, now: int) -> None:
        """Take in an OffsetCommitResponse: ended, or once more."""
        self._is_in_flight = False
        commit = self._waiting.popleft()
        response: OffsetCommitResponse | None = answer.response
        if response is None:
            self._coordinator.failed()
            self._try_again(commit, TIMED_OUT, now)
            return
        errors = {
            TopicPartition(topic.name, partition.partition_index): partition.error_code
            for topic in response.topics
            for partition in topic.partitions
        }
        failed = [error for error in errors.values() if error]
        if any(error in MOVED for error in failed):
            self._coordinator.failed()
        if failed and all(error in RETRIABLE or error == _STALE for error in failed):
            self._try_again(commit, failed[0], now)
            return
        self._finish(commit, errors, failed[0] if failed else 0)

    def _try_again(self, commit: Commit, error: int, now: int) -> None:
        if now >= commit.due:
            self._finish(commit, {}, error)
        else:
            delay = self._context.retry_delay_ms(commit.attempts)
            self._waiting.appendleft(commit.again(now + delay))

    def _finish(self, commit: Commit, errors: dict[TopicPartition, int], error: int) -> None:
        ended = []
        for partition, offset, _ in commit.offsets:
            own = errors.get(partition, error)
            ended.append((*partition, offset, own))
            assigned = self._context.assignment.get(partition)
            if not own and assigned is not None:
                assigned.committed = offset
        if error in _NOT_A_MEMBER:
            self.refused = error
        id = commit.id
        if id == AUTOMATIC:
            self._automatic += 1
            id = -self._automatic
        self._finished[id] = OffsetsResult(error, tuple(ended))
        if len(self._finished) > _UNTAKEN_MAX:
            del self._finished[next(iter(self._finished))]

    def _wake_at(self, due: int) -> None:
        self.timer = due if self.timer is None else min(self.timer, due)

    def fork(self, context: Context, coordinator: Coordinator) -> Self:
        other = type(self)(context, coordinator)
        other._waiting = self._waiting.copy()
        other._is_in_flight = self._is_in_flight
        other._finished = self._finished.copy()
        other._automatic = self._automatic
        other.auto_due = self.auto_due
        other.refused = self.refused
        other.timer = self.timer
        return other


_NOT_A_MEMBER: Final = frozenset(
    {
        ErrorCode.ILLEGAL_GENERATION,
        ErrorCode.UNKNOWN_MEMBER_ID,
        ErrorCode.FENCED_INSTANCE_ID,
        ErrorCode.REBALANCE_IN_PROGRESS,
    }
)


def _partition(index: int, offset: int, epoch: int) -> OffsetCommitRequestPartition:
    assert offset > OFFSET_INVALID, offset
    return OffsetCommitRequestPartition(
        partition_index=index,
        committed_offset=offset,
        committed_leader_epoch=epoch,
        committed_metadata="",
    )
