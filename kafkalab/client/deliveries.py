"""What became of the records: reports that wait for the application, and counts for pictures.

What nobody takes piles up, as in a real client; forks share it, so checkpoints do not copy it.

Invariants: a record is reported once; `outstanding` counts what is not reported or not yet taken.

In confluent_kafka: the delivery reports that `poll` and `flush` serve.
"""

from collections.abc import Iterable
from typing import Self

from kafkalab.client.accumulator import Pending
from kafkalab.client.message import OFFSET_INVALID, Delivery
from kafkalab.client.output import Output
from kafkalab.ids import TopicPartition
from kafkalab.log.shared_list import SharedList
from kafkalab.record import Record


class Deliveries:
    """The reports of one producer."""

    __slots__ = (
        "_errors_only",
        "_output",
        "acknowledged",
        "bytes",
        "failed",
        "last_error",
        "ready",
        "unsettled",
    )

    def __init__(self, output: Output, errors_only: bool) -> None:
        self._output = output
        self._errors_only = errors_only
        self.ready: SharedList[Delivery] = SharedList()
        self.unsettled = 0  # records produced and not reported
        self.bytes = 0  # of those
        self.acknowledged = 0
        self.failed = 0
        self.last_error = 0

    def expect(self, pending: Pending) -> None:
        """A record has been produced."""
        self.unsettled += 1
        self.bytes += pending.size

    def acknowledge(
        self,
        partition: TopicPartition,
        records: Iterable[Pending],
        base_offset: int,
        append_time: int,
        now: int,
    ) -> None:
        """A batch is in the log from `base_offset` on (below 0: not known where)."""
        for index, pending in enumerate(records):
            self._settle(pending)
            self.acknowledged += 1
            offset = base_offset + index if base_offset >= 0 else OFFSET_INVALID
            self._output.emit("RecordAcknowledged", *partition, offset, pending.id)
            if not self._errors_only:
                timestamp = append_time if append_time >= 0 else pending.record.timestamp
                self._report(pending, partition, offset, timestamp, 0, now)

    def fail(
        self, partition: TopicPartition, records: Iterable[Pending], error: int, now: int
    ) -> None:
        """These will not be sent (again); a partition of -1 had not been chosen."""
        for pending in records:
            self._settle(pending)
            self.failed += 1
            self.last_error = error
            self._output.emit("RecordFailed", *partition, error, pending.id)
            timestamp = pending.record.timestamp
            self._report(pending, partition, OFFSET_INVALID, timestamp, error, now)

    def take(self) -> tuple[Delivery, ...]:
        """Hand over, and forget."""
        ready, self.ready = self.ready, SharedList()
        return tuple(ready)

    def _settle(self, pending: Pending) -> None:
        self.unsettled -= 1
        self.bytes -= pending.size

    def _report(
        self,
        pending: Pending,
        partition: TopicPartition,
        offset: int,
        timestamp: int,
        error: int,
        now: int,
    ) -> None:
        given = pending.record
        record = Record(given.key, given.value, given.headers, timestamp, offset)
        latency_ms = now - pending.enqueued_at
        topic, number = partition
        self.ready.append(Delivery(pending.id, topic, number, record, error, latency_ms=latency_ms))

    def fork(self, output: Output) -> Self:
        other = type(self)(output, self._errors_only)
        other.ready = self.ready.fork()
        other.unsettled, other.bytes = self.unsettled, self.bytes
        other.acknowledged, other.failed = self.acknowledged, self.failed
        other.last_error = self.last_error
        return other
