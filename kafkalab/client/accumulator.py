"""Records on their way to one partition: gathered into batches, in flight, or to be sent again.

    append ──▶ waiting ── take ──▶ in_flight ── acknowledged ──▶ gone
                                    │      ▲
                              failed▼      │take (first, in order)
                                   retrying ┘

A batch grows until it is full or sent, so while requests are slow batches get larger.  Once sent
it never changes: a retry is the same bytes with the same sequence numbers, which is how the broker
knows it again.

Invariants: batch numbers grow with the order of `produce`; `retrying` is in that order, and all of
it is older than `waiting`.

In Kafka: `RecordAccumulator`, `ProducerBatch`; in librdkafka: `rd_kafka_toppar_t`, its queues.
Read next: `sender`.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, Self

from kafkalab.client.connections import Link
from kafkalab.ids import TopicPartition
from kafkalab.record import Batch, Compression, Record, build_batch
from kafkalab.timers import earliest

NO_SEQUENCE = -1
_SEQUENCES = 1 << 31  # after the last one comes 0 again


class Pending(NamedTuple):
    """A record that has not been reported."""

    id: int  # of its delivery report
    record: Record
    enqueued_at: int
    size: int  # in a batch, at most


class Limits(NamedTuple):
    """When a batch is full, or has waited long enough."""

    records: int
    size: int
    linger_ms: int


@dataclass(slots=True)
class ProducerBatch:
    """Records that are sent, acknowledged or refused together."""

    number: int
    pending: list[Pending] = field(default_factory=list)
    size: int = 0
    attempts: int = 0  # failures that count against `retries`
    not_before: int = 0  # when it may be sent again
    base_sequence: int = NO_SEQUENCE
    sent: Batch | None = None  # what went out; the same on each retry

    @property
    def oldest(self) -> int:
        """When its first record was produced."""
        return self.pending[0].enqueued_at if self.pending else 0

    def is_full(self, limits: Limits) -> bool:
        return len(self.pending) >= limits.records or self.size >= limits.size

    def build(
        self, compression: Compression, producer_id: int, epoch: int, is_transactional: bool
    ) -> Batch:
        """The bytes to send; made once."""
        if self.sent is None:
            self.sent = build_batch(
                (pending.record for pending in self.pending),
                compression=compression,
                producer_id=producer_id,
                producer_epoch=epoch,
                base_sequence=self.base_sequence,
                is_transactional=is_transactional,
            )
        return self.sent

    def fork(self) -> Self:
        return type(self)(
            self.number,
            self.pending.copy(),
            self.size,
            self.attempts,
            self.not_before,
            self.base_sequence,
            self.sent,
        )


class PartitionQueue:
    """See the picture above."""

    __slots__ = (
        "in_flight",
        "is_known",
        "link",
        "next_sequence",
        "partition",
        "retrying",
        "waiting",
    )

    def __init__(self, partition: TopicPartition) -> None:
        self.partition = partition
        self.waiting: deque[ProducerBatch] = deque()
        self.retrying: list[ProducerBatch] = []
        self.in_flight: dict[int, ProducerBatch] = {}
        self.link: Link | None = None  # where the batches in flight went
        self.next_sequence = 0
        self.is_known = False  # a batch of this producer epoch has been acknowledged

    @property
    def has_unsent(self) -> bool:
        return bool(self.waiting or self.retrying)

    def append(self, pending: Pending, limits: Limits, number: int) -> bool:
        """Add a record, to a new batch with this number if need be; whether it was needed."""
        batch = self.waiting[-1] if self.waiting else None
        is_new = batch is None or batch.is_full(limits) or batch.size + pending.size > limits.size
        if is_new or batch is None:
            batch = ProducerBatch(number)
            self.waiting.append(batch)
        batch.pending.append(pending)
        batch.size += pending.size
        return is_new

    def ready_at(self, limits: Limits) -> int:
        """When the next batch may go, other reasons apart; something must be unsent."""
        if self.retrying:
            return self.retrying[0].not_before
        first = self.waiting[0]
        if len(self.waiting) > 1 or first.is_full(limits):
            return 0
        return first.oldest + limits.linger_ms

    def take(self, is_sequenced: bool) -> ProducerBatch:
        """The next batch to send, now in flight; an idempotent producer's is numbered here."""
        batch = self.retrying.pop(0) if self.retrying else self.waiting.popleft()
        if is_sequenced and batch.base_sequence == NO_SEQUENCE:
            batch.base_sequence = self.next_sequence
            self.next_sequence = (self.next_sequence + len(batch.pending)) % _SEQUENCES
        self.in_flight[batch.number] = batch
        return batch

    def retry(self, batch: ProducerBatch) -> None:
        """Put a batch that has come back to its place in the order."""
        self.retrying.append(batch)
        self.retrying.sort(key=_number)

    def is_next(self, batch: ProducerBatch) -> bool:
        """Whether all older batches have been acknowledged or given up."""
        older = [*self.in_flight, *(other.number for other in self.retrying)]
        return all(batch.number <= number for number in older)

    def oldest(self) -> int | None:
        """When the oldest unsent record was produced."""
        return earliest(
            self.retrying[0].oldest if self.retrying else None,
            self.waiting[0].oldest if self.waiting else None,
        )

    def take_expired(self, before: int) -> tuple[list[Pending], bool]:
        """Unsent records from `before` or earlier, and whether any of them was sent before.

        A batch that was sent before expires as a whole.
        """
        expired: list[Pending] = []
        while self.retrying and self.retrying[0].oldest <= before:
            expired += self.retrying.pop(0).pending
        was_sent = bool(expired)
        while self.waiting and self.waiting[0].oldest <= before:
            batch = self.waiting[0]
            late = [pending for pending in batch.pending if pending.enqueued_at <= before]
            expired += late
            del batch.pending[: len(late)]
            batch.size -= sum(pending.size for pending in late)
            if not batch.pending:
                self.waiting.popleft()
        return expired, was_sent

    def take_unsent(self) -> list[Pending]:
        """All of them, for purging."""
        unsent = [pending for batch in self.unsent() for pending in batch.pending]
        self.retrying.clear()
        self.waiting.clear()
        return unsent

    def unsent(self) -> Iterator[ProducerBatch]:
        """Batches not in flight, oldest first."""
        yield from self.retrying
        yield from self.waiting

    def restart_sequences(self) -> None:
        """A new producer epoch has begun; nothing is in flight."""
        assert not self.in_flight
        self.next_sequence = 0
        self.is_known = False
        for batch in self.retrying:
            batch.base_sequence = NO_SEQUENCE
            batch.sent = None

    def fork(self) -> Self:
        other = type(self)(self.partition)
        other.waiting = deque(batch.fork() for batch in self.waiting)
        other.retrying = [batch.fork() for batch in self.retrying]
        other.in_flight = {number: batch.fork() for number, batch in self.in_flight.items()}
        other.link = self.link
        other.next_sequence = self.next_sequence
        other.is_known = self.is_known
        return other


def _number(batch: ProducerBatch) -> int:
    return batch.number
