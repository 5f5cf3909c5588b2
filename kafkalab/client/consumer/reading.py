"""The application's side of its partitions: what it takes, and where it moves.

    take ──▶ buffer ──▶ position, stored offset        seek, pause ──▶ what was fetched is dropped

In librdkafka: `rd_kafka_consume_serve`, `rd_kafka_seek`, `rd_kafka_toppar_pause_resume`.
"""

from collections.abc import Iterable, Mapping
from typing import Self

from kafkalab.client.consumer.assignment import NO_EPOCH, AssignedPartition
from kafkalab.client.consumer.context import Context
from kafkalab.client.errors import INVALID_ARG, STATE, failure
from kafkalab.client.message import Consumed
from kafkalab.client.profiles import commits_in_poll
from kafkalab.ids import TopicPartition

Pair = tuple[str, int]
Place = tuple[str, int, int]  # topic, partition, offset


class Reading:
    """See the module's docstring."""

    __slots__ = ("_context", "_handed", "is_settled_in_poll", "taken")

    def __init__(self, context: Context) -> None:
        self._context = context
        self.taken = 0  # records the application has got
        self.is_settled_in_poll = commits_in_poll(context.conf)
        #: Records handed over that the next poll will count as done: offset and epoch to store.
        self._handed: dict[TopicPartition, tuple[int, int]] = {}

    def settle(self) -> None:
        """The application polls or closes: what it was handed before it has dealt with."""
        handed, self._handed = self._handed, {}
        for partition, (offset, epoch) in handed.items():
            assigned = self._context.assignment.get(partition)
            if assigned is not None and offset <= assigned.position:
                assigned.store(offset, epoch)

    def take(self) -> tuple[Consumed, bool] | None:
        """The next record or error, and whether there may be room to fetch again."""
        taken = self._context.buffer.take()
        if taken is not None and not taken[0].error:
            self._got(taken[0])
        return taken

    def _got(self, consumed: Consumed) -> None:
        offset, epoch = consumed.record.offset, consumed.leader_epoch
        partition = TopicPartition(consumed.topic, consumed.partition)
        assigned = self._context.assignment.get(partition)
        assert assigned is not None, partition
        assigned.consumed(offset, epoch)
        if not self._context.conf.bool("enable.auto.offset.store"):
            pass
        elif self.is_settled_in_poll:
            self._handed[partition] = offset + 1, epoch
        else:
            assigned.store(offset + 1, epoch)
        self.taken += 1
        self._context.output.emit("RecordsPolled", *partition, offset, offset, epoch)

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """KafkaException _STATE if it is not assigned."""
        assigned = self._assigned(partition)
        self._context.buffer.drop(partition)
        assigned.begin_at(offset)

    def pause(self, pairs: Iterable[Pair]) -> None:
        for pair in pairs:
            assigned = self._assigned(TopicPartition(*pair))
            self._context.buffer.drop(assigned.partition)
            assigned.is_paused = True
            assigned.rewind()

    def resume(self, pairs: Iterable[Pair]) -> None:
        for pair in pairs:
            self._assigned(TopicPartition(*pair)).is_paused = False

    def store(self, places: Iterable[Place]) -> None:
        """Offsets for the next commit."""
        if self._context.conf.bool("enable.auto.offset.store"):
            raise failure(INVALID_ARG, "store_offsets() needs enable.auto.offset.store=false")
        for partition, offset, epoch in self.with_epochs(places):
            self._assigned(partition).store(offset, epoch)

    def with_epochs(self, places: Iterable[Place]) -> tuple[tuple[TopicPartition, int, int], ...]:
        """Real offsets, the last of each partition, with the epoch of the record before."""
        offsets = {TopicPartition(topic, number): offset for topic, number, offset in places}
        return tuple(
            (partition, offset, self._epoch_before(partition, offset))
            for partition, offset in offsets.items()
            if offset >= 0
        )

    def _epoch_before(self, partition: TopicPartition, offset: int) -> int:
        assigned = self._context.assignment.get(partition)
        if assigned is None or assigned.position != offset:
            return NO_EPOCH
        return assigned.position_epoch

    def position(self, pairs: Iterable[Pair]) -> tuple[int | None, ...]:
        """The offset after the last record taken of each; None before the first."""
        found = [self._context.assignment.get(TopicPartition(*pair)) for pair in pairs]
        return tuple(
            assigned.position if assigned is not None and assigned.is_read else None
            for assigned in found
        )

    def positions(self) -> Mapping[TopicPartition, int]:
        """Where the application will go on, where that is known."""
        return {
            assigned.partition: assigned.position
            for assigned in self._context.assignment
            if assigned.position >= 0
        }

    def _assigned(self, partition: TopicPartition) -> AssignedPartition:
        assigned = self._context.assignment.get(partition)
        if assigned is None:
            raise failure(STATE, f"{partition} is not assigned to this consumer")
        return assigned

    def fork(self, context: Context) -> Self:
        other = type(self)(context)
        other.taken, other._handed = self.taken, self._handed.copy()
        return other
