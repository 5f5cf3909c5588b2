"""One partition of a coordinator's topic, led by this broker: the log is the state.

    operation ──▶ Result(records, response) ──append──▶ the partition's log
                                                │            │ high watermark passes
                     replay: the written view ◀─┘            ▼
                                             the committed view; the parked response leaves

A state machine (groups, later transactions) decides; this runs it.  Its records go to the log as
one batch and are replayed into it when they stand there; the response is parked until they are
committed.  An operation without records waits for those before it: what it saw must not be lost.
An election reads the whole log through the same `replay`, so failover is nothing special.

Invariants: parked responses rise by offset and by deadline; a response leaves only when the high
watermark has passed all it rests on.  A failed append changes no record's state; a lost
leadership answers everything parked with NOT_COORDINATOR.

In Kafka: `CoordinatorRuntime.CoordinatorContext`, `CoordinatorLoaderImpl`.
Left out: lingering, by which several operations share a batch (`…coordinator.append.linger.ms`).
Read next: `two_views`, then `groups.shard`, a state machine.
"""

from collections import deque
from dataclasses import dataclass
from enum import Enum
from struct import error as struct_error
from typing import Any, Final, Generic, NamedTuple, Protocol, Self, TypeVar

from kafkalab.coordination.coordinator_record import (
    CoordinatorRecord,
    RecordTypes,
    decode_record,
    encode_record,
)
from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.ids import TopicPartition
from kafkalab.log import PartitionLog
from kafkalab.record import Batch, BatchBuilder, Entry, end_marker, estimated_size

#: Bytes of log read before other requests get a turn (`offsets.load.buffer.size`).
LOAD_BYTES: Final = 5 << 20


class LogWriter(Protocol):
    """Where coordinators append: with acks=all, as a leader (`ReplicaManager.append`)."""

    def append(
        self,
        tp: TopicPartition,
        batch: Batch,
        now: int,
        /,
        *,
        transaction_version: int = 0,
        guard: int = 0,
    ) -> int:
        """Append and return the last offset; the last two are for transactions (`log`).

        Raises NOT_LEADER_OR_FOLLOWER, NOT_ENOUGH_REPLICAS and others, and then nothing was done.
        """


class Writer(NamedTuple):
    """On whose behalf records are written in a transaction; `guard`: see `log.verification`."""

    producer_id: int
    producer_epoch: int
    guard: int


@dataclass(frozen=True, slots=True)
class Result:
    """What an operation wants: records written, then `response` sent.

    With a `writer` they are part of its transaction.  `then` is data handed back to the state
    machine once the records are committed, or have failed.
    Records that need not stand together (`is_atomic` False) may be split over batches.
    """

    records: tuple[CoordinatorRecord, ...] = ()
    response: Any = None
    then: Any = None
    is_atomic: bool = True
    writer: Writer | None = None


NOTHING: Final = Result()


class Outcome(NamedTuple):
    """An operation is over.  `asked` is the caller's own; `error` says that it failed."""

    asked: Any
    response: Any
    error: ErrorCode | None


class StateMachine(Protocol):
    """What is coordinated.  All of it can be made again from the partition's records."""

    record_types: RecordTypes

    def replay(self, record: CoordinatorRecord, offset: int, producer_id: int, /) -> None:
        """Change the written view as the record at `offset` says.

        `producer_id` is -1 unless the record is part of that producer's transaction.
        """

    def end_transaction(self, producer_id: int, is_committed: bool, offset: int, /) -> None:
        """The marker at `offset` ends the producer's transaction here."""

    def commit(self, high_watermark: int, /) -> None:
        """Let the committed view catch up: no record below `high_watermark` can be lost."""

    def clock_at(self, now: int, /) -> int:
        """What the broker's own clock shows: what records are dated with."""

    def on_loaded(self, now: int, /) -> None:
        """The log has been replayed to its end."""

    def on_settled(self, then: Any, error: ErrorCode | None, now: int, /) -> None:
        """The records of the result that carried `then` are committed, or have failed."""


class Phase(Enum):
    """What the partition is ready for."""

    LOADING = "loading"
    ACTIVE = "active"
    FAILED = "failed"  # the log holds what nobody can read


class Parked(NamedTuple):
    """A response that waits for the high watermark to reach `end_offset`."""

    end_offset: int
    deadline: int
    asked: Any
    response: Any
    then: Any


Machine = TypeVar("Machine", bound=StateMachine)


class HostedPartition(Generic[Machine]):
    """See the module's docstring.  `outcomes` is for the owner to drain after each call."""

    def __init__(
        self,
        topic_partition: TopicPartition,
        machine: Machine,
        log: PartitionLog,
        writer: LogWriter,
        *,
        commit_timeout_ms: int,
        batch_bytes_max: int,
        now: int,
    ) -> None:
        self.topic_partition = topic_partition
        self.machine = machine
        self.phase = Phase.LOADING
        self.high_watermark = log.high_watermark
        self.end_offset = log.log_end_offset
        self.outcomes: list[Outcome] = []
        self._writer = writer
        self._commit_timeout_ms = commit_timeout_ms
        self._batch_bytes_max = batch_bytes_max
        self._parked: deque[Parked] = deque()
        self._unread: deque[Entry] = deque(log.entries_from(log.log_start_offset))
        self._elected_at = now

    @property
    def refusal(self) -> ErrorCode | None:
        """Why no operation can be run now, or None."""
        if self.phase is Phase.ACTIVE:
            return None
        if self.phase is Phase.LOADING:
            return ErrorCode.COORDINATOR_LOAD_IN_PROGRESS
        return ErrorCode.NOT_COORDINATOR

    def run(self, result: Result, asked: Any, now: int) -> None:
        """Write what an operation decided; `asked` comes back in its outcome (None: nobody)."""
        assert self.phase is Phase.ACTIVE, self.phase
        if result.records:
            try:
                self._append(result, now)
            except KafkaError as error:
                self._settle(asked, result.response, result.then, as_coordinator(error.code), now)
                return
        if self.high_watermark >= self.end_offset:
            self._settle(asked, result.response, result.then, None, now)
        elif asked is not None or result.then is not None:
            deadline = now + self._commit_timeout_ms
            self._parked.append(
                Parked(self.end_offset, deadline, asked, result.response, result.then)
            )

    def end_transaction(self, marker: Batch, transaction_version: int, now: int) -> int:
        """Append a marker and take it in; the last offset.

        Raises what the log refuses, NOT_LEADER_OR_FOLLOWER unless ACTIVE; then nothing was done.
        """
        if self.phase is not Phase.ACTIVE:
            raise KafkaError(ErrorCode.NOT_LEADER_OR_FOLLOWER, "the coordinator is not ready")
        last_offset = self._writer.append(
            self.topic_partition, marker, now, transaction_version=transaction_version
        )
        end = end_marker(marker)
        assert end is not None, marker
        self.machine.end_transaction(marker.producer_id, end.committed, last_offset)
        self.end_offset = last_offset + 1
        return last_offset

    def advance(self, high_watermark: int, now: int) -> None:
        """Records below `high_watermark` cannot be lost any more."""
        self.high_watermark = high_watermark
        if self.phase is not Phase.ACTIVE:
            return
        self.machine.commit(high_watermark)
        parked = self._parked
        while parked and parked[0].end_offset <= high_watermark:
            _, _, asked, response, then = parked.popleft()
            self._settle(asked, response, then, None, now)

    def resign(self, now: int) -> None:
        """This broker leads the partition no more: what was parked can never be confirmed."""
        while self._parked:
            _, _, asked, response, then = self._parked.popleft()
            self._settle(asked, response, then, ErrorCode.NOT_COORDINATOR, now)

    def on_timer(self, now: int) -> None:
        """Read on in the log; give up what has waited too long (it may yet be committed)."""
        if self.phase is Phase.LOADING:
            self._load(now)
        error = as_coordinator(ErrorCode.REQUEST_TIMED_OUT)
        while self._parked and self._parked[0].deadline <= now:
            _, _, asked, response, then = self._parked.popleft()
            self._settle(asked, response, then, error, now)

    def next_timer(self) -> int | None:
        """At once while loading."""
        if self.phase is Phase.LOADING:
            return self._elected_at
        return self._parked[0].deadline if self._parked else None

    def fork(self, machine: Machine, writer: LogWriter) -> Self:
        """An equal one; `machine` is the fork of this one's."""
        other = type(self).__new__(type(self))
        other.topic_partition = self.topic_partition
        other.machine = machine
        other.phase = self.phase
        other.high_watermark, other.end_offset = self.high_watermark, self.end_offset
        other.outcomes = self.outcomes.copy()
        other._writer = writer
        other._commit_timeout_ms = self._commit_timeout_ms
        other._batch_bytes_max = self._batch_bytes_max
        other._parked = self._parked.copy()
        other._unread = self._unread.copy()
        other._elected_at = self._elected_at
        return other

    def _settle(
        self, asked: Any, response: Any, then: Any, error: ErrorCode | None, now: int
    ) -> None:
        if then is not None:
            self.machine.on_settled(then, error, now)
        if asked is not None:
            self.outcomes.append(Outcome(asked, response, error))

    def _append(self, result: Result, now: int) -> None:
        builder = BatchBuilder()
        first, by_clock = 0, self.machine.clock_at(now)
        for index, record in enumerate(result.records):
            key, value = encode_record(record)
            if not result.is_atomic and builder.record_count:
                size = builder.size_in_bytes + estimated_size(key, value)
                if size > self._batch_bytes_max:
                    self._append_batch(builder.build(), result.records[first:index], now)
                    builder, first = BatchBuilder(), index
            builder.append(key, value, (), by_clock)
        batch, guard = builder.build(), 0
        if result.writer is not None:
            producer_id, producer_epoch, guard = result.writer
            batch = builder.build(
                producer_id=producer_id, producer_epoch=producer_epoch, is_transactional=True
            )
        self._append_batch(batch, result.records[first:], now, guard)

    def _append_batch(
        self, batch: Batch, records: tuple[CoordinatorRecord, ...], now: int, guard: int = 0
    ) -> None:
        last_offset = self._writer.append(self.topic_partition, batch, now, guard=guard)
        base_offset = last_offset - len(records) + 1
        for delta, record in enumerate(records):
            self.machine.replay(record, base_offset + delta, batch.producer_id)
        self.end_offset = last_offset + 1

    def _load(self, now: int) -> None:
        left = LOAD_BYTES
        try:
            while self._unread and left > 0:
                entry = self._unread.popleft()
                left -= entry.size_in_bytes
                self._replay(entry)
        except (KafkaError, struct_error):
            self.phase = Phase.FAILED
            self._unread.clear()
            return
        if not self._unread:
            self.phase = Phase.ACTIVE
            self.machine.commit(self.high_watermark)
            self.machine.on_loaded(now)

    def _replay(self, entry: Entry) -> None:
        batch = entry.batch
        if batch.is_control:
            end = end_marker(batch)
            if end is not None:
                self.machine.end_transaction(batch.producer_id, end.committed, entry.base_offset)
            return
        producer_id = batch.producer_id if batch.is_transactional else -1
        for stored in batch.records(entry.base_offset):
            record = decode_record(self.machine.record_types, stored)
            if record is not None:
                self.machine.replay(record, stored.offset, producer_id)


def as_coordinator(error: ErrorCode) -> ErrorCode:
    """What a client of a coordinator is told when a write fails with `error`."""
    return _AS_COORDINATOR.get(error, error)


_AS_COORDINATOR: Final = {
    # a transaction could not be verified: asking again is enough, the coordinator is here
    ErrorCode.NETWORK_EXCEPTION: ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION: ErrorCode.COORDINATOR_NOT_AVAILABLE,
    ErrorCode.NOT_ENOUGH_REPLICAS: ErrorCode.COORDINATOR_NOT_AVAILABLE,
    ErrorCode.REQUEST_TIMED_OUT: ErrorCode.COORDINATOR_NOT_AVAILABLE,
    ErrorCode.NOT_LEADER_OR_FOLLOWER: ErrorCode.NOT_COORDINATOR,
    ErrorCode.KAFKA_STORAGE_ERROR: ErrorCode.NOT_COORDINATOR,
    ErrorCode.MESSAGE_TOO_LARGE: ErrorCode.UNKNOWN_SERVER_ERROR,
    ErrorCode.RECORD_LIST_TOO_LARGE: ErrorCode.UNKNOWN_SERVER_ERROR,
    ErrorCode.INVALID_FETCH_SIZE: ErrorCode.UNKNOWN_SERVER_ERROR,
}
