"""What an application asks about offsets, apart from what its own reading needs.

    committed(partitions)  ──▶ coordinator       ┌──▶ result by id
    watermarks, times      ──▶ each leader ──────┘

A question is asked again until its time is up; each partition's answer is kept as it comes.

In librdkafka: `rd_kafka_committed`, `rd_kafka_query_watermark_offsets`,
`rd_kafka_offsets_for_times`.
Read next: `offset_requests`; `client.queries`, for questions about the cluster.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Self

from kafkalab.client.connections import Answer, Asked, LinkState
from kafkalab.client.consumer.context import Context
from kafkalab.client.consumer.coordinator import MOVED, Coordinator
from kafkalab.client.consumer.offset_requests import (
    EARLIEST,
    LATEST,
    OFFSET_FETCH_VERSION_MAX,
    STALE_LEADER,
    OffsetsResult,
    committed_offsets,
    list_offsets_request,
    listed_offsets,
    offset_fetch_request,
)
from kafkalab.client.errors import TIMED_OUT
from kafkalab.client.message import OFFSET_END, OFFSET_INVALID
from kafkalab.errors import RETRIABLE, ErrorCode
from kafkalab.ids import NodeId, TopicPartition
from kafkalab.protocol.messages.group_offsets import OffsetFetchRequest
from kafkalab.protocol.messages.log_offsets import ListOffsetsRequest

OWNER: Final = "offset queries"
COMMITTED: Final = "committed"
WATERMARKS: Final = "watermarks"
TIMES: Final = "times"

Part = tuple[TopicPartition, int]  # with a timestamp for ListOffsets, or 0


@dataclass(slots=True)
class Question:
    """One question under way."""

    kind: str
    due: int
    parts: tuple[Part, ...]
    answers: dict[Part, tuple[int, int]] = field(default_factory=dict)  # offset, error
    asked: dict[Part, None] = field(default_factory=dict)  # in flight
    not_before: int = 0
    attempts: int = 0

    def missing(self) -> list[Part]:
        """What is neither answered nor in flight."""
        return [part for part in self.parts if part not in self.answers and part not in self.asked]

    def fork(self) -> Self:
        return type(self)(
            self.kind,
            self.due,
            self.parts,
            self.answers.copy(),
            self.asked.copy(),
            self.not_before,
            self.attempts,
        )


class OffsetQueries:
    """The questions of one consumer."""

    __slots__ = ("_context", "_coordinator", "_open", "_replies", "timer")

    def __init__(self, context: Context, coordinator: Coordinator) -> None:
        self._context = context
        self._coordinator = coordinator
        self._open: dict[int, Question] = {}
        self._replies: dict[int, OffsetsResult] = {}
        self.timer: int | None = None

    def committed(
        self, id: int, partitions: Iterable[TopicPartition], timeout_ms: int, now: int
    ) -> None:
        """Answer: (topic, partition, offset or -1001, error) for each."""
        parts = tuple((partition, 0) for partition in dict.fromkeys(partitions))
        self._begin(id, Question(COMMITTED, now + timeout_ms, parts))

    def watermarks(self, id: int, partition: TopicPartition, timeout_ms: int, now: int) -> None:
        """Answer: (low, high)."""
        parts = ((partition, EARLIEST), (partition, LATEST))
        self._begin(id, Question(WATERMARKS, now + timeout_ms, parts))

    def times(
        self, id: int, wanted: Iterable[tuple[TopicPartition, int]], timeout_ms: int, now: int
    ) -> None:
        """Answer: (topic, partition, offset or -1 (end), error) for each, in order."""
        parts = tuple(dict.fromkeys(wanted))
        self._begin(id, Question(TIMES, now + timeout_ms, parts))

    def _begin(self, id: int, question: Question) -> None:
        for topic in sorted({partition.topic for partition, _ in question.parts}):
            self._context.metadata.want(topic)
        self._open[id] = question

    def has(self, id: int) -> bool:
        return id in self._replies

    def take(self, id: int) -> OffsetsResult | None:
        """The reply, forgotten here; None if there is none yet."""
        return self._replies.pop(id, None)

    def step(self, now: int) -> None:
        """Ask what can be asked; end what is answered or late."""
        self.timer = None
        for id, question in list(self._open.items()):
            if len(question.answers) == len(question.parts) or now >= question.due:
                del self._open[id]
                self._replies[id] = _reply(question)
                continue
            missing = question.missing()
            waits = now < question.not_before and missing
            self._wake_at(min(question.not_before, question.due) if waits else question.due)
            if waits or not missing:
                continue
            if question.kind == COMMITTED:
                self._ask_coordinator(id, question, missing, now)
            else:
                self._ask_leaders(id, question, missing, now)

    def _ask_coordinator(self, id: int, question: Question, parts: list[Part], now: int) -> None:
        link = self._coordinator.ready(now)
        if link is None:
            return
        connections = self._context.connections
        version = min(connections.version(link, OffsetFetchRequest), OFFSET_FETCH_VERSION_MAX)
        partitions = [partition for partition, _ in parts]
        is_stable = self._context.isolation_level == 1
        request = offset_fetch_request(self._context.group_id, partitions, is_stable, version)
        asked = Asked(OWNER, (id, tuple(parts)), version)
        connections.send(link, request, asked, now, max(question.due - now, 1))
        question.asked |= dict.fromkeys(parts)

    def _ask_leaders(self, id: int, question: Question, parts: list[Part], now: int) -> None:
        metadata = self._context.metadata
        by_leader: dict[tuple[NodeId, int], list[Part]] = {}
        for partition, timestamp in parts:
            view = metadata.leader(partition)
            if view is not None and view.leader >= 0:
                # the two watermarks of a partition need two requests
                kind = timestamp if question.kind == WATERMARKS else 0
                by_leader.setdefault((view.leader, kind), []).append((partition, timestamp))
                continue
            topic = metadata.topics.get(partition.topic)
            if topic is not None and (not topic.error or topic.error not in RETRIABLE):
                question.answers[partition, timestamp] = (OFFSET_INVALID, _UNKNOWN)
                self._wake_at(now)
            metadata.request_update()
        for (leader, _), some in by_leader.items():
            self._ask_leader(id, question, leader, some, now)

    def _ask_leader(
        self, id: int, question: Question, leader: NodeId, parts: list[Part], now: int
    ) -> None:
        connections, metadata = self._context.connections, self._context.metadata
        link = metadata.link_of(leader)
        if link is None or not connections.ready(link, now):
            if link is None or connections.state(link) is LinkState.CLOSED:
                metadata.request_update()
            return
        timeout = max(question.due - now, 1)
        isolation = self._context.isolation_level
        request = list_offsets_request(dict(parts), metadata, isolation, timeout)
        version = connections.version(link, ListOffsetsRequest)
        asked = Asked(OWNER, (id, tuple(parts)), version)
        connections.send(link, request, asked, now, timeout)
        question.asked |= dict.fromkeys(parts)

    # --- answers

    def on_answer(self, answer: Answer, now: int) -> None:
        """Take in an OffsetFetchResponse or a ListOffsetsResponse."""
        assert isinstance(answer.asked.key, tuple)
        id, parts = answer.asked.key
        question = self._open.get(id)
        if question is None:
            return
        for part in parts:
            question.asked.pop(part, None)
        got = self._read(question, answer)
        is_missing = False
        for part in parts:
            offset, error = got.get(part[0], (OFFSET_INVALID, TIMED_OUT))
            if error == TIMED_OUT or error in RETRIABLE:
                is_missing = True
            else:
                question.answers[part] = (offset, error)
        if is_missing:
            question.not_before = now + self._context.retry_delay_ms(question.attempts)
            question.attempts += 1

    def _read(self, question: Question, answer: Answer) -> dict[TopicPartition, tuple[int, int]]:
        """Offset and error by partition; nothing if nothing came."""
        response = answer.response
        if question.kind == COMMITTED:
            if response is None:
                self._coordinator.failed()
                return {}
            error, committed = committed_offsets(response)
            if error in MOVED:
                self._coordinator.failed()
            return {
                partition: (found.offset if found.offset >= 0 else OFFSET_INVALID, found.error)
                for partition, found in committed.items()
            } or {partition: (OFFSET_INVALID, error) for partition, _ in question.parts}
        if response is None:
            self._context.metadata.request_update()
            return {}
        listed = listed_offsets(response)
        if any(found.error in STALE_LEADER for found in listed.values()):
            self._context.metadata.request_update()
        return {
            partition: (found.offset if found.offset >= 0 else OFFSET_END, found.error)
            for partition, found in listed.items()
        }

    def _wake_at(self, due: int) -> None:
        self.timer = due if self.timer is None else min(self.timer, due)

    def fork(self, context: Context, coordinator: Coordinator) -> Self:
        other = type(self)(context, coordinator)
        other._open = {id: question.fork() for id, question in self._open.items()}
        other._replies = self._replies.copy()
        other.timer = self.timer
        return other


_UNKNOWN: Final = int(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)


def _reply(question: Question) -> OffsetsResult:
    if not question.answers and question.parts:
        return OffsetsResult(TIMED_OUT, ())
    found = [question.answers.get(part, (OFFSET_INVALID, TIMED_OUT)) for part in question.parts]
    if question.kind == WATERMARKS:
        errors = [error for _, error in found if error]
        return OffsetsResult(errors[0] if errors else 0, (found[0][0], found[1][0]))
    return OffsetsResult(
        0,
        tuple(
            (*partition, offset, error)
            for (partition, _), (offset, error) in zip(question.parts, found, strict=True)
        ),
    )
