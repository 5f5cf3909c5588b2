"""Where to begin: the committed offset, else what auto.offset.reset says.

    COMMITTED ── OffsetFetch ──▶ ACTIVE, or RESET ── ListOffsets ──▶ ACTIVE      (`assignment`)

One OffsetFetch at a time, and one ListOffsets to each leader, each about all partitions that need
it.  An answer counts only if the partition's `version` is still the one that was asked for.

In Kafka: `ConsumerCoordinator.initWithCommittedOffsetsIfNeeded`, `OffsetFetcher`; in librdkafka:
`rd_kafka_assignment_serve`, `rd_kafka_offset_reset`.
"""

from typing import Final, Self

from kafkalab.client.connections import Answer, Asked, LinkState
from kafkalab.client.consumer.assignment import AssignedPartition, Phase
from kafkalab.client.consumer.context import Context
from kafkalab.client.consumer.coordinator import MOVED, Coordinator
from kafkalab.client.consumer.offset_requests import (
    EARLIEST,
    LATEST,
    OFFSET_FETCH_VERSION_MAX,
    STALE_LEADER,
    CommittedOffset,
    ListedOffset,
    committed_offsets,
    list_offsets_request,
    listed_offsets,
    offset_fetch_request,
)
from kafkalab.client.errors import AUTO_OFFSET_RESET, words
from kafkalab.errors import RETRIABLE, ErrorCode
from kafkalab.ids import NodeId, TopicPartition
from kafkalab.protocol.messages.group_offsets import OffsetFetchRequest
from kafkalab.protocol.messages.log_offsets import ListOffsetsRequest

OWNER: Final = "lookups"
_COMMITTED: Final = "committed"
_NOT_A_MEMBER: Final = (ErrorCode.STALE_MEMBER_EPOCH, ErrorCode.UNKNOWN_MEMBER_ID)
_POLICIES: Final = {"earliest": EARLIEST, "latest": LATEST}
_NAMES: Final = {EARLIEST: "earliest", LATEST: "latest"}

Versions = dict[TopicPartition, int]


class Lookups:
    """Finds the first offset of each assigned partition."""

    __slots__ = ("_committed_asked", "_context", "_coordinator", "_listed_asked", "timer")

    def __init__(self, context: Context, coordinator: Coordinator) -> None:
        self._context = context
        self._coordinator = coordinator
        self._committed_asked: Versions | None = None  # what is in flight, with versions
        self._listed_asked: dict[NodeId, Versions] = {}
        self.timer: int | None = None

    def step(self, now: int) -> None:
        """Ask about all partitions that need it and may be asked about."""
        self.timer = None
        if not self._context.assignment.is_placed():
            self._fetch_committed(now)
            self._list_offsets(now)

    # --- the committed offset

    def _fetch_committed(self, now: int) -> None:
        if self._committed_asked is not None:
            return
        due = self._due(Phase.COMMITTED, now)
        link = self._coordinator.ready(now) if due else None
        if link is None:
            return
        connections = self._context.connections
        version = min(connections.version(link, OffsetFetchRequest), OFFSET_FETCH_VERSION_MAX)
        request = offset_fetch_request(
            self._context.group_id,
            [assigned.partition for assigned in due],
            self._context.isolation_level == 1,
            version,
            self._context.member,
        )
        asked = Asked(OWNER, _COMMITTED, version)
        connections.send(link, request, asked, now, self._context.request_timeout_ms)
        self._committed_asked = {assigned.partition: assigned.version for assigned in due}

    def _on_committed(self, answer: Answer, now: int) -> None:
        asked, self._committed_asked = self._committed_asked, None
        assert asked is not None
        if answer.response is None:
            self._coordinator.failed()
            self._fail(asked, 0, now)
            return
        error, offsets = committed_offsets(answer.response)
        if error:
            if error in MOVED:
                self._coordinator.failed()
            self._fail(asked, error, now)
            return
        for partition, version in asked.items():
            assigned = self._alive(partition, version, Phase.COMMITTED)
            if assigned is not None:
                found = offsets.get(partition, CommittedOffset(-1, -1, 0))
                self._learn_committed(assigned, found, now)

    def _learn_committed(
        self, assigned: AssignedPartition, found: CommittedOffset, now: int
    ) -> None:
        if found.error in MOVED:
            self._coordinator.failed()
        if found.error:
            self._fail({assigned.partition: assigned.version}, found.error, now)
        elif found.offset >= 0:
            assigned.committed = found.offset
            assigned.begin_at(found.offset, found.leader_epoch)
        else:
            self.reset_by_policy(assigned, "no committed offset")

    def reset_by_policy(self, assigned: AssignedPartition, reason: str) -> None:
        """There is no offset to go on from: auto.offset.reset decides."""
        context = self._context
        policy = context.conf.text("auto.offset.reset")
        context.buffer.drop(assigned.partition)
        assigned.version += 1
        if policy in _POLICIES:
            assigned.reset(_POLICIES[policy], is_policy=True)
            return
        assigned.stop()
        place = f"{assigned.partition}: {reason}"
        text = f"{words(AUTO_OFFSET_RESET)} ({place}): seek() or assign() it somewhere"
        context.buffer.add_error(
            AUTO_OFFSET_RESET, text, assigned.partition, max(assigned.fetch_offset, -1)
        )

    # --- the ends of a log

    def _list_offsets(self, now: int) -> None:
        by_leader: dict[NodeId, list[AssignedPartition]] = {}
        for assigned in self._due(Phase.RESET, now):
            view = self._context.metadata.leader(assigned.partition)
            is_stale = view is not None and view.leader_epoch == assigned.stale_epoch
            if view is None or view.leader < 0 or is_stale:
                self._context.metadata.request_update()
            if view is not None and view.leader >= 0:
                by_leader.setdefault(view.leader, []).append(assigned)
        for leader, due in by_leader.items():
            if leader not in self._listed_asked:
                self._ask_leader(leader, due, now)

    def _ask_leader(self, leader: NodeId, due: list[AssignedPartition], now: int) -> None:
        context = self._context
        link = context.metadata.link_of(leader)
        if link is None or not context.connections.ready(link, now):
            if link is None or context.connections.state(link) is LinkState.CLOSED:
                context.metadata.request_update()
            return
        timeout = context.request_timeout_ms
        request = list_offsets_request(
            {assigned.partition: assigned.reset_to for assigned in due},
            context.metadata,
            context.isolation_level,
            timeout,
        )
        version = context.connections.version(link, ListOffsetsRequest)
        context.connections.send(link, request, Asked(OWNER, leader, version), now, timeout)
        self._listed_asked[leader] = {assigned.partition: assigned.version for assigned in due}

    def _on_listed(self, leader: NodeId, answer: Answer, now: int) -> None:
        asked = self._listed_asked.pop(leader)
        offsets: dict[TopicPartition, ListedOffset] = {}
        if answer.response is None:
            self._context.metadata.request_update()
        else:
            offsets = listed_offsets(answer.response)
        for partition, version in asked.items():
            assigned = self._alive(partition, version, Phase.RESET)
            found = offsets.get(partition)
            if assigned is None:
                continue
            if found is None or found.error or found.offset < 0:
                self._fail({partition: version}, found.error if found is not None else 0, now)
                continue
            name = _NAMES[assigned.reset_to]
            self._context.output.emit("OffsetReset", *partition, found.offset, name)
            assigned.begin_at(found.offset)

    # --- both

    def _due(self, phase: Phase, now: int) -> list[AssignedPartition]:
        due = []
        for assigned in self._context.assignment.in_phase(phase):
            if assigned.retry_at <= now:
                due.append(assigned)
            elif self.timer is None or assigned.retry_at < self.timer:
                self.timer = assigned.retry_at
        return due

    def _alive(
        self, partition: TopicPartition, version: int, phase: Phase
    ) -> AssignedPartition | None:
        assigned = self._context.assignment.get(partition)
        if assigned is None or assigned.version != version or assigned.phase is not phase:
            return None
        return assigned

    def _fail(self, asked: Versions, error: int, now: int) -> None:
        """Ask again after a while; what will not pass by itself is told the application once."""
        for partition, version in asked.items():
            assigned = self._context.assignment.get(partition)
            if assigned is None or assigned.version != version:
                continue
            if error in STALE_LEADER:
                view = self._context.metadata.leader(partition)
                assigned.stale_epoch = view.leader_epoch if view is not None else None
            elif error in _NOT_A_MEMBER:
                pass  # its next heartbeat tells
            elif error and error not in RETRIABLE and not assigned.attempts:
                self._context.buffer.add_error(error, None, partition)
            assigned.retry_at = now + self._context.retry_delay_ms(assigned.attempts)
            assigned.attempts += 1

    def on_answer(self, answer: Answer, now: int) -> None:
        """Take in an OffsetFetchResponse or a ListOffsetsResponse."""
        key = answer.asked.key
        if key == _COMMITTED:
            self._on_committed(answer, now)
        else:
            assert isinstance(key, int)
            self._on_listed(key, answer, now)

    def fork(self, context: Context, coordinator: Coordinator) -> Self:
        other = type(self)(context, coordinator)
        if self._committed_asked is not None:
            other._committed_asked = self._committed_asked.copy()
        other._listed_asked = {key: value.copy() for key, value in self._listed_asked.items()}
        other.timer = self.timer
        return other
