"""Writing the markers that end transactions, for their coordinator or for an operator.

    WriteTxnMarkers ──▶ a control batch in each partition ──▶ answered when the ISR has them all

An operator who ends a hanging transaction (KIP-664) sends the same request as a coordinator does.

In Kafka: `KafkaApis.handleWriteTxnMarkersRequest`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, NamedTuple, Self

from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.ids import TopicPartition
from kafkalab.node import Ticket
from kafkalab.protocol.messages.transaction_admin import (
    WritableTxnMarker,
    WritableTxnMarkerPartitionResult,
    WritableTxnMarkerResult,
    WritableTxnMarkerTopicResult,
    WriteTxnMarkersRequest,
    WriteTxnMarkersResponse,
)
from kafkalab.record import Batch, end_marker_batch
from kafkalab.replica.local_broker import LocalBroker
from kafkalab.replica.purgatory import Purgatory

TIMER: Final = "markers"

#: Appends a marker to a partition as its leader; the last offset.  Raises `KafkaError`.
AppendMarker = Callable[[TopicPartition, Batch, int], int]


class Written(NamedTuple):
    """One marker in one partition: its error, or where the high watermark must get to."""

    producer_id: int
    key: TopicPartition
    error: ErrorCode
    required_offset: int


@dataclass(slots=True)
class DelayedMarkers:
    """A request, and which of its markers are not settled yet: index in `results`."""

    ticket: Ticket
    results: list[Written]
    waiting: dict[int, TopicPartition]

    def fork(self) -> Self:
        return replace(self, results=self.results.copy(), waiting=self.waiting.copy())


class MarkerWrites:
    """The WriteTxnMarkers requests at one broker."""

    __slots__ = ("_local", "_purgatory")

    def __init__(self, local: LocalBroker) -> None:
        self._local = local
        self._purgatory: Purgatory[DelayedMarkers] = Purgatory(TIMER, local.timers)

    def handle(
        self, ticket: Ticket, request: WriteTxnMarkersRequest, append: AppendMarker, now: int
    ) -> None:
        """Append every marker, and answer when all are settled."""
        results = [
            self._write(marker, TopicPartition(topic.name, number), append, now)
            for marker in request.markers
            for topic in marker.topics
            for number in topic.partition_indexes
        ]
        operation = DelayedMarkers(ticket, results, {})
        for index, result in enumerate(results):
            if not result.error:
                operation.waiting[index] = result.key
        self._settle(operation)
        if operation.waiting:
            due = now + self._local.config.int("request.timeout.ms")
            self._purgatory.park(operation, dict.fromkeys(operation.waiting.values()), due)
        else:
            self._answer(operation)

    def _write(
        self, marker: WritableTxnMarker, key: TopicPartition, append: AppendMarker, now: int
    ) -> Written:
        batch = end_marker_batch(
            committed=marker.transaction_result,
            producer_id=marker.producer_id,
            producer_epoch=marker.producer_epoch,
            coordinator_epoch=marker.coordinator_epoch,
            timestamp=self._local.effects.clock.at(now),
        )
        try:
            last_offset = append(key, batch, marker.transaction_version)
        except KafkaError as error:
            return Written(marker.producer_id, key, error.code, -1)
        return Written(marker.producer_id, key, ErrorCode.NONE, last_offset + 1)

    # --- waiting ------------------------------------------------------------------------------
    def look_again(self, key: TopicPartition) -> None:
        """The high watermark or role of a partition has changed."""
        for number, operation in self._purgatory.waiting_for(key):
            self._settle(operation)
            if not operation.waiting:
                self._purgatory.finish(number)
                self._answer(operation)

    def expire(self, number: int) -> None:
        """Nobody can say what became of the rest."""
        operation = self._purgatory.finish(number)
        if operation is not None:
            for index in operation.waiting:
                self._fail(operation, index, ErrorCode.REQUEST_TIMED_OUT)
            self._answer(operation)

    def _settle(self, operation: DelayedMarkers) -> None:
        for index, key in list(operation.waiting.items()):
            try:
                partition = self._local.hosted(key)
                partition.lead()
            except KafkaError as error:
                self._fail(operation, index, error.code)
            else:
                if partition.log.high_watermark < operation.results[index].required_offset:
                    continue
            del operation.waiting[index]

    def _fail(self, operation: DelayedMarkers, index: int, error: ErrorCode) -> None:
        operation.results[index] = operation.results[index]._replace(error=error)

    def _answer(self, operation: DelayedMarkers) -> None:
        by_producer: dict[int, dict[str, list[WritableTxnMarkerPartitionResult]]] = {}
        for producer_id, (topic, partition), error, _ in operation.results:
            result = WritableTxnMarkerPartitionResult(partition_index=partition, error_code=error)
            by_producer.setdefault(producer_id, {}).setdefault(topic, []).append(result)
        response = WriteTxnMarkersResponse(
            markers=tuple(
                WritableTxnMarkerResult(
                    producer_id=producer_id,
                    topics=tuple(
                        WritableTxnMarkerTopicResult(name=name, partitions=tuple(results))
                        for name, results in topics.items()
                    ),
                )
                for producer_id, topics in by_producer.items()
            )
        )
        self._local.effects.reply(operation.ticket, response)

    def fork(self, local: LocalBroker) -> Self:
        other = type(self)(local)
        other._purgatory = self._purgatory.fork(local.timers)
        return other
