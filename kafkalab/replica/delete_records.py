"""Deleting records from the front of logs; answered when every live replica has moved its start.

A follower tells its log start with each fetch, and learns the leader's with each answer.

In Kafka: `ReplicaManager.deleteRecords`, `DelayedDeleteRecords`.
Read next: `partition.delete_records_before`, `leading.low_watermark`.
"""

from dataclasses import dataclass, replace
from typing import Final, Self

from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.ids import TopicPartition
from kafkalab.node import Ticket
from kafkalab.protocol.messages.log_offsets import (
    DeleteRecordsPartitionResult,
    DeleteRecordsRequest,
    DeleteRecordsResponse,
    DeleteRecordsTopicResult,
)
from kafkalab.replica.local_broker import LocalBroker
from kafkalab.replica.produce import INTERNAL_TOPICS
from kafkalab.replica.purgatory import Purgatory

TIMER: Final = "delete-records"


@dataclass(slots=True)
class DelayedDelete:
    """A request, what is known of each partition, and the offsets still waited for."""

    ticket: Ticket
    results: dict[TopicPartition, DeleteRecordsPartitionResult]
    waiting: dict[TopicPartition, int]

    def fork(self) -> Self:
        return replace(self, results=self.results.copy(), waiting=self.waiting.copy())


class Deletes:
    """The DeleteRecords requests at one broker."""

    __slots__ = ("_local", "_purgatory")

    def __init__(self, local: LocalBroker) -> None:
        self._local = local
        self._purgatory: Purgatory[DelayedDelete] = Purgatory(TIMER, local.timers)

    def handle(self, ticket: Ticket, request: DeleteRecordsRequest, now: int) -> None:
        """Delete here, and answer when the followers have done so."""
        operation = DelayedDelete(ticket, {}, {})
        for topic in request.topics:
            for asked in topic.partitions:
                key = TopicPartition(topic.name, asked.partition_index)
                self._delete(operation, key, asked.offset)
        for key in list(operation.waiting):
            self._settle(operation, key)
        if operation.waiting:
            self._purgatory.park(operation, operation.waiting, now + request.timeout_ms)
        else:
            self._answer(operation)

    def _delete(self, operation: DelayedDelete, key: TopicPartition, offset: int) -> None:
        try:
            if key.topic in INTERNAL_TOPICS:
                raise KafkaError(ErrorCode.INVALID_TOPIC_EXCEPTION, f"{key.topic} is internal")
            offset = self._local.hosted(key).delete_records_before(offset)
            operation.waiting[key] = offset
            operation.results[key] = _result(key, ErrorCode.REQUEST_TIMED_OUT)
        except KafkaError as error:
            operation.results[key] = _result(key, error.code)

    def _settle(self, operation: DelayedDelete, key: TopicPartition) -> None:
        try:
            low = self._local.hosted(key).lead().low_watermark
        except KafkaError as error:
            operation.results[key] = _result(key, error.code)
        else:
            if low < operation.waiting[key]:
                return
            operation.results[key] = _result(key, ErrorCode.NONE, low)
        del operation.waiting[key]

    def look_again(self, key: TopicPartition) -> None:
        """A log start has moved, or a role has changed."""
        for number, operation in self._purgatory.waiting_for(key):
            if key in operation.waiting:
                self._settle(operation, key)
            if not operation.waiting:
                self._purgatory.finish(number)
                self._answer(operation)

    def look_again_at_all(self) -> None:
        """Other brokers are alive now."""
        for key in self._purgatory.watched():
            self.look_again(key)

    def expire(self, number: int) -> None:
        """`timeout_ms` is over."""
        operation = self._purgatory.finish(number)
        if operation is not None:
            self._answer(operation)

    def _answer(self, operation: DelayedDelete) -> None:
        topics: dict[str, list[DeleteRecordsPartitionResult]] = {}
        for key, result in operation.results.items():
            topics.setdefault(key.topic, []).append(result)
        response = DeleteRecordsResponse(
            throttle_time_ms=0,
            topics=tuple(
                [
                    DeleteRecordsTopicResult(name=name, partitions=tuple(results))
                    for name, results in topics.items()
                ]
            ),
        )
        self._local.effects.reply(operation.ticket, response)

    def fork(self, local: LocalBroker) -> Self:
        other = type(self)(local)
        other._purgatory = self._purgatory.fork(local.timers)
        return other


def _result(
    key: TopicPartition, code: ErrorCode, low_watermark: int = -1
) -> DeleteRecordsPartitionResult:
    return DeleteRecordsPartitionResult(
        partition_index=key.partition, low_watermark=low_watermark, error_code=code
    )
