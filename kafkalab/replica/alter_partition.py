"""Asking the controller for ISR changes: all that are wanted in one request, one request at a time.

    Leading ──asked──▶ unsent ──▶ AlterPartition ──▶ controller
                          ▲                              │ per partition: done, refused, ask again
                          └────────── 50 ms ◀────────────┘ as a whole: not heard, stale, busy

A change stays in `unsent` until it is answered for, so a lost answer means asking again; the
controller finds it done already or out of date by its partition epoch.

Invariants: a partition has at most one change here; an answer counts only while the ISR state it
was asked for is still in place.

In Kafka: `AlterPartitionManager`.  Read next: `leading.isr_altered`, `leading.isr_refused`.
"""

from typing import Any, Final, Self

from kafkalab.errors import ErrorCode
from kafkalab.ids import TopicPartition, Uuid
from kafkalab.node import ACTIVE_CONTROLLER
from kafkalab.protocol.messages.partitions import (
    AlterPartitionRequest,
    AlterPartitionRequestTopicData,
    AlterPartitionResponse,
    AlterPartitionResponsePartitionData,
)
from kafkalab.replica.isr import PendingIsr
from kafkalab.replica.local_broker import LocalBroker

KEY: Final = "alter-partition"
_RETRY_MS: Final = 50


class AlterPartitions:
    """The ISR changes that leaders here have asked for."""

    __slots__ = ("_in_flight", "_local", "_unsent")

    def __init__(self, local: LocalBroker) -> None:
        self._local = local
        self._unsent: dict[TopicPartition, PendingIsr] = {}
        self._in_flight: dict[tuple[Uuid, int], tuple[TopicPartition, PendingIsr]] | None = None

    def submit(self, asked: dict[TopicPartition, PendingIsr]) -> None:
        """Ask for these, now or when the request under way is answered."""
        self._unsent.update(asked)
        self.send()

    def send(self) -> None:
        """Send what is unsent, unless a request is under way."""
        if self._in_flight is not None:
            return
        local = self._local
        topics: dict[Uuid, list[Any]] = {}
        sent: dict[tuple[Uuid, int], tuple[TopicPartition, PendingIsr]] = {}
        for name, pending in list(self._unsent.items()):
            if not self._is_current(name, pending):
                del self._unsent[name]
                continue
            topic_id = local.partitions[name].topic_id
            topics.setdefault(topic_id, []).append(pending.request)
            sent[topic_id, name.partition] = (name, pending)
        if not sent:
            return
        self._in_flight = sent
        request = AlterPartitionRequest(
            broker_id=local.id,
            broker_epoch=local.epoch,
            topics=tuple(
                [
                    AlterPartitionRequestTopicData(topic_id=topic_id, partitions=tuple(partitions))
                    for topic_id, partitions in topics.items()
                ]
            ),
        )
        local.effects.call(ACTIVE_CONTROLLER, request, owner="replica", key=KEY)

    def on_response(self, response: AlterPartitionResponse | None, now: int) -> None:
        """The controller has answered, or (None) has not been heard."""
        sent, self._in_flight = self._in_flight, None
        if sent is None:
            return
        if response is None or response.error_code:
            self._local.timers.set((KEY, None), now + _RETRY_MS)
            return
        for topic in response.topics:
            for answer in topic.partitions:
                asked = sent.get((topic.topic_id, answer.partition_index))
                if asked is not None:
                    self._answered(*asked, answer, now)
        self.send()

    def _answered(
        self,
        name: TopicPartition,
        pending: PendingIsr,
        answer: AlterPartitionResponsePartitionData,
        now: int,
    ) -> None:
        if self._unsent.get(name) is not pending:
            return
        if not self._is_current(name, pending):
            del self._unsent[name]
            return
        leading = self._local.partitions[name].lead()
        if answer.error_code == ErrorCode.NONE:
            del self._unsent[name]
            leading.isr_altered(answer, now)
        elif not leading.isr_refused(pending, ErrorCode(answer.error_code)):
            del self._unsent[name]

    def _is_current(self, name: TopicPartition, pending: PendingIsr) -> bool:
        """Whether this is still the state that the partition waits in."""
        partition = self._local.partitions.get(name)
        return (
            partition is not None
            and partition.leading is not None
            and partition.leading.isr_state is pending
        )

    def fork(self, local: LocalBroker) -> Self:
        other = type(self)(local)
        other._unsent = self._unsent.copy()
        other._in_flight = self._in_flight.copy() if self._in_flight is not None else None
        return other
