"""Reads ahead: one long-polling Fetch at a time to each leader, about all that may be fetched.

    ACTIVE partitions, not paused, with room in the buffer ── by leader ──▶ Fetch
    answer: records ▶ buffer    OFFSET_OUT_OF_RANGE ▶ auto.offset.reset    stale leader ▶ metadata

The broker parks a Fetch until fetch.min.bytes are there or fetch.wait.max.ms have passed.  An
answer counts only if the partition still has the `version` that was asked for.

In Kafka: `Fetcher`, `FetchCollector`; in librdkafka: `rdkafka_fetcher.c`.
Left out: fetch sessions (KIP-227), reading from followers (KIP-392), leaders named in errors
(KIP-951).
Read next: `fetched`.
"""

from typing import Final, NamedTuple, Self

from kafkalab.client.connections import Answer, Asked, Link, LinkState
from kafkalab.client.consumer.assignment import AssignedPartition, Phase
from kafkalab.client.consumer.context import Context
from kafkalab.client.consumer.fetched import fetched
from kafkalab.client.consumer.group_protocol import by_topic
from kafkalab.client.consumer.lookups import Lookups
from kafkalab.client.consumer.offset_requests import STALE_LEADER
from kafkalab.client.errors import PARTITION_EOF
from kafkalab.errors import RETRIABLE, ErrorCode, KafkaError
from kafkalab.ids import ZERO_UUID, NodeId, TopicPartition
from kafkalab.protocol.messages.fetch import (
    FetchPartition,
    FetchRequest,
    FetchResponse,
    FetchTopic,
    PartitionData,
)
from kafkalab.record import parse_records

OWNER: Final = "fetcher"
_BY_TOPIC_ID: Final = 13  # the first version that names topics by id
_KILOBYTE: Final = 1024


class AskedAs(NamedTuple):
    """How a partition stood when it was asked about."""

    version: int
    leader_epoch: int


class Fetcher:
    """See the module's docstring."""

    __slots__ = (
        "_asked",
        "_bytes_max",
        "_context",
        "_lookups",
        "_records_enough",
        "_turn",
        "timer",
    )

    def __init__(self, context: Context, lookups: Lookups) -> None:
        self._records_enough = context.conf.int("queued.min.messages")
        self._bytes_max = context.conf.int("queued.max.messages.kbytes") * _KILOBYTE
        self._context = context
        self._lookups = lookups
        self._asked: dict[NodeId, dict[TopicPartition, AskedAs]] = {}  # in flight
        self._turn = 0  # so that no partition is always the last to be read
        self.timer: int | None = None

    def step(self, now: int) -> None:
        """Ask each leader that is not being asked already."""
        self.timer = None
        by_leader: dict[NodeId, list[AssignedPartition]] = {}
        for assigned in self._context.assignment.in_phase(Phase.ACTIVE):
            leader = self._leader(assigned, now)
            if leader is not None:
                by_leader.setdefault(leader, []).append(assigned)
        for leader, due in by_leader.items():
            if leader not in self._asked:
                self._ask(leader, due, now)

    def _leader(self, assigned: AssignedPartition, now: int) -> NodeId | None:
        """Whom to ask, if anybody is to be asked now."""
        if assigned.is_paused or not self._has_room(assigned.partition):
            return None
        metadata = self._context.metadata
        view = metadata.leader(assigned.partition)
        if view is None or view.leader < 0:
            metadata.request_update()
            return None
        if assigned.stale_epoch == view.leader_epoch:
            metadata.request_update()
        elif assigned.stale_epoch is not None:
            assigned.stale_epoch = None
            assigned.retry_at = 0
        if assigned.retry_at > now:
            if self.timer is None or assigned.retry_at < self.timer:
                self.timer = assigned.retry_at
            return None
        return view.leader

    def _has_room(self, partition: TopicPartition) -> bool:
        buffer = self._context.buffer
        return buffer.count(partition) < self._records_enough and buffer.size < self._bytes_max

    def _ask(self, leader: NodeId, due: list[AssignedPartition], now: int) -> None:
        connections, metadata = self._context.connections, self._context.metadata
        link = metadata.link_of(leader)
        if link is None or not connections.ready(link, now):
            if link is None or connections.state(link) is LinkState.CLOSED:
                metadata.request_update()
            return
        self._turn += 1
        first = self._turn % len(due)
        self._send(leader, link, due[first:] + due[:first], now)

    def _send(self, leader: NodeId, link: Link, due: list[AssignedPartition], now: int) -> None:
        connections, metadata, conf = (
            self._context.connections,
            self._context.metadata,
            self._context.conf,
        )
        parts = {assigned.partition: self._part(assigned) for assigned in due}
        topics = tuple(
            FetchTopic(
                topic=topic,
                topic_id=metadata.topic_id(topic),
                partitions=tuple(parts[TopicPartition(topic, index)] for index in indexes),
            )
            for topic, indexes in by_topic(parts).items()
        )
        version = connections.version(link, FetchRequest)
        if any(topic.topic_id == ZERO_UUID for topic in topics):
            version = min(version, _BY_TOPIC_ID - 1)
        request = FetchRequest(
            max_wait_ms=conf.int("fetch.wait.max.ms"),
            min_bytes=conf.int("fetch.min.bytes"),
            max_bytes=conf.int("fetch.max.bytes"),
            isolation_level=self._context.isolation_level,
            topics=topics,
            rack_id=conf.text("client.rack"),
        )
        timeout = self._context.request_timeout_ms + conf.int("fetch.wait.max.ms")
        connections.send(link, request, Asked(OWNER, leader, version), now, timeout)
        self._asked[leader] = {
            assigned.partition: AskedAs(
                assigned.version, parts[assigned.partition].current_leader_epoch
            )
            for assigned in due
        }

    def _part(self, assigned: AssignedPartition) -> FetchPartition:
        view = self._context.metadata.leader(assigned.partition)
        assert view is not None
        return FetchPartition(
            partition=assigned.partition.partition,
            current_leader_epoch=view.leader_epoch,
            fetch_offset=assigned.fetch_offset,
            last_fetched_epoch=assigned.fetch_epoch,
            partition_max_bytes=self._context.conf.int("max.partition.fetch.bytes"),
        )

    # --- answers

    def on_answer(self, answer: Answer, now: int) -> None:
        """Take in a FetchResponse."""
        leader = answer.asked.key
        assert isinstance(leader, int)
        asked = self._asked.pop(leader)
        response: FetchResponse | None = answer.response
        if response is None or response.error_code:
            self._context.metadata.request_update()
            if response is not None:
                self._fail_all(asked, response.error_code, now)
            return
        by_id = {self._context.metadata.topic_id(one.topic): one.topic for one in asked}
        for topic in response.responses:
            name = topic.topic or by_id.get(topic.topic_id, "")
            for data in topic.partitions:
                partition = TopicPartition(name, data.partition_index)
                as_it_was = asked.get(partition)
                assigned = self._alive(partition, as_it_was)
                if assigned is None or as_it_was is None:
                    continue  # revoked, sought elsewhere or paused meanwhile
                if data.error_code:
                    self._fail(assigned, data.error_code, as_it_was.leader_epoch, now)
                else:
                    self._take(assigned, data, as_it_was.leader_epoch, now)

    def _alive(
        self, partition: TopicPartition, as_it_was: AskedAs | None
    ) -> AssignedPartition | None:
        assigned = self._context.assignment.get(partition)
        if assigned is None or as_it_was is None or assigned.version != as_it_was.version:
            return None
        return assigned

    def _take(
        self, assigned: AssignedPartition, data: PartitionData, leader_epoch: int, now: int
    ) -> None:
        assigned.low_watermark = data.log_start_offset
        assigned.high_watermark = data.high_watermark
        if data.diverging_epoch.end_offset >= 0:
            self._truncated(assigned, data.diverging_epoch.end_offset, data.diverging_epoch.epoch)
            return
        try:
            got = fetched(
                assigned.partition,
                parse_records(data.records or b""),
                assigned.fetch_offset,
                assigned.fetch_epoch,
                data.aborted_transactions or (),
                self._context.conf.bool("check.crcs"),
            )
        except KafkaError as error:
            self._fail(assigned, error.code, leader_epoch, now)
            return
        for chunk in got.chunks:
            self._context.buffer.add(chunk)
        moved = got.next_offset > assigned.fetch_offset
        assigned.fetch_offset, assigned.fetch_epoch = got.next_offset, got.leader_epoch
        assigned.attempts = 0
        if not moved:
            self._reached_end(assigned, data)

    def _reached_end(self, assigned: AssignedPartition, data: PartitionData) -> None:
        """Tell the application once, if it wants to know (enable.partition.eof)."""
        end = data.high_watermark
        if self._context.isolation_level and data.last_stable_offset >= 0:
            end = data.last_stable_offset
        at = assigned.fetch_offset
        if at < end or assigned.end_reported == at:
            return
        assigned.end_reported = at
        if self._context.conf.bool("enable.partition.eof"):
            self._context.buffer.add_error(PARTITION_EOF, None, assigned.partition, at)

    def _truncated(self, assigned: AssignedPartition, end_offset: int, epoch: int) -> None:
        """The log was cut below what has been read: go back to where both still agreed."""
        self._context.buffer.drop(assigned.partition)
        self._context.output.emit("OffsetReset", *assigned.partition, end_offset, "truncation")
        assigned.begin_at(end_offset, epoch)

    def _fail_all(self, asked: dict[TopicPartition, AskedAs], error: int, now: int) -> None:
        for partition, as_it_was in asked.items():
            assigned = self._alive(partition, as_it_was)
            if assigned is not None:
                self._fail(assigned, error, as_it_was.leader_epoch, now)

    def _fail(self, assigned: AssignedPartition, error: int, leader_epoch: int, now: int) -> None:
        context = self._context
        view = context.metadata.leader(assigned.partition)
        if view is None or view.leader_epoch != leader_epoch:
            return  # an answer of a former leader
        if error == ErrorCode.OFFSET_OUT_OF_RANGE:
            self._lookups.reset_by_policy(
                assigned, f"offset {assigned.fetch_offset} is not in the log"
            )
            return
        assigned.retry_at = now + context.conf.int("fetch.error.backoff.ms")
        if error in STALE_LEADER:
            assigned.stale_epoch = leader_epoch
            context.metadata.request_update()
        elif error not in RETRIABLE and not assigned.attempts:
            context.buffer.add_error(error, None, assigned.partition, assigned.fetch_offset)
        assigned.attempts += 1

    def fork(self, context: Context, lookups: Lookups) -> Self:
        other = type(self)(context, lookups)
        other._asked = {leader: asked.copy() for leader, asked in self._asked.items()}
        other._turn = self._turn
        other.timer = self.timer
        return other
