"""Telling every partition of a decided transaction how it ended.

    decided ──add──▶ still to be told: {partition}  ──by leader──▶ WriteTxnMarkers, one a broker
                          ▲      │ all told ──▶ `take_complete`         in flight
                          └──────┴── refused, lost, no leader: again after a while ◀──┘

The request carries the coordinator's epoch, so that a coordinator that has been replaced cannot
write markers any more; and all transactions that end at the same time share it.

Invariants: a partition of a transaction is unsent, in flight, waits to be sent again, or has been
told; at most one request is in flight to each broker.

In Kafka: `TransactionMarkerChannelManager`, `TransactionMarkerRequestCompletionHandler`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Self

from kafkalab.errors import ErrorCode
from kafkalab.ids import NodeId, TopicPartition
from kafkalab.metadata import MetadataImage
from kafkalab.node import Effects
from kafkalab.protocol.messages.transaction_admin import (
    WritableTxnMarker,
    WritableTxnMarkerTopic,
    WriteTxnMarkersRequest,
    WriteTxnMarkersResponse,
)
from kafkalab.timers import Timers
from kafkalab.transactions.states import Transaction, TransactionState

OWNER: Final = "transactions"
_RETRY_MS: Final = 50
#: The producer or the coordinator has been replaced: somebody else ends this transaction.
_OVER: Final = frozenset(
    {ErrorCode.INVALID_PRODUCER_EPOCH, ErrorCode.TRANSACTION_COORDINATOR_FENCED}
)


class Told(NamedTuple):
    """A partition of a transaction; `number` is unique, a transactional id comes again."""

    number: int
    partition: TopicPartition


@dataclass(slots=True)
class Telling:
    """A decided transaction; `left` has not been told, as far as is known."""

    transaction: Transaction
    number: int
    coordinator_partition: int
    coordinator_epoch: int
    left: dict[TopicPartition, None] = field(default_factory=dict)

    def marker(self, partitions: Iterable[TopicPartition]) -> WritableTxnMarker:
        topics: dict[str, list[int]] = {}
        for topic, number in partitions:
            topics.setdefault(topic, []).append(number)
        transaction = self.transaction
        return WritableTxnMarker(
            producer_id=transaction.producer_id,
            producer_epoch=transaction.producer_epoch,
            transaction_result=transaction.state is TransactionState.PREPARE_COMMIT,
            topics=tuple(
                WritableTxnMarkerTopic(name=name, partition_indexes=tuple(numbers))
                for name, numbers in topics.items()
            ),
            coordinator_epoch=self.coordinator_epoch,
            transaction_version=transaction.client_version,
        )


class Markers:
    """See the module's docstring.  `image` is the coordinator's, kept up to date by it."""

    __slots__ = (
        "_complete",
        "_count",
        "_effects",
        "_in_flight",
        "_retries",
        "_unsent",
        "image",
        "pending",
    )

    def __init__(self, effects: Effects) -> None:
        self.image = MetadataImage.EMPTY
        self.pending: dict[int, Telling] = {}
        self._count = 0
        self._effects = effects
        self._unsent: dict[NodeId, dict[Told, None]] = {}
        self._in_flight: dict[NodeId, tuple[Told, ...]] = {}
        self._retries: Timers[Told] = Timers()
        self._complete: list[Telling] = []

    def add(self, transaction: Transaction, partition: int, epoch: int, now: int) -> None:
        """Tell all its partitions; `partition` and `epoch` are the coordinator's."""
        self._count += 1
        left = dict.fromkeys(transaction.partitions)
        telling = Telling(transaction, self._count, partition, epoch, left)
        self.pending[telling.number] = telling
        for each in transaction.partitions:
            self._queue(Told(telling.number, each), now)
        self._finish_if_told(telling)

    def drop(self, partition: int) -> None:
        """This broker does not coordinate the transactions of that partition any more."""
        for number, telling in list(self.pending.items()):
            if telling.coordinator_partition == partition:
                del self.pending[number]

    def take_complete(self) -> list[Telling]:
        """Those whose partitions have all been told since this was last asked."""
        complete, self._complete = self._complete, []
        return complete

    # --- sending ------------------------------------------------------------------------------
    def _queue(self, told: Told, now: int) -> None:
        """Find out whom to ask; a partition that is gone needs no marker."""
        telling = self.pending.get(told.number)
        if telling is None or told.partition not in telling.left:
            return
        known = self.image.partition(told.partition)
        if known is None:
            del telling.left[told.partition]
            return
        leader = self.image.brokers.get(known.leader)
        if leader is None or leader.fenced:
            self._retries.set(told, now + _RETRY_MS)
        else:
            self._unsent.setdefault(known.leader, {})[told] = None

    def send(self) -> None:
        """Send what can be sent: to each broker one request at a time."""
        for broker in [each for each in self._unsent if each not in self._in_flight]:
            due: dict[int, list[TopicPartition]] = {}
            for number, partition in self._unsent.pop(broker):
                if number in self.pending:
                    due.setdefault(number, []).append(partition)
            if not due:
                continue
            sent = tuple(Told(number, each) for number, parts in due.items() for each in parts)
            markers = tuple(self.pending[number].marker(parts) for number, parts in due.items())
            self._in_flight[broker] = sent
            self._effects.call(broker, WriteTxnMarkersRequest(markers=markers), OWNER, broker)

    def on_response(self, broker: Any, response: WriteTxnMarkersResponse | None, now: int) -> None:
        """A broker has written them, or not."""
        errors: dict[tuple[int, TopicPartition], int] = {}
        for marker in response.markers if response is not None else ():
            for topic in marker.topics:
                for one in topic.partitions:
                    where = TopicPartition(topic.name, one.partition_index)
                    errors[marker.producer_id, where] = one.error_code
        for told in self._in_flight.pop(broker, ()):
            telling = self.pending.get(told.number)
            if telling is None or told.partition not in telling.left:
                continue
            asked = telling.transaction.producer_id, told.partition
            self._answered(telling, told, errors.get(asked, ErrorCode.NETWORK_EXCEPTION), now)

    def _answered(self, telling: Telling, told: Told, error: int, now: int) -> None:
        if error in _OVER:
            del self.pending[told.number]
        elif error:
            self._retries.set(told, now + _RETRY_MS)
        else:
            del telling.left[told.partition]
            self._finish_if_told(telling)

    def _finish_if_told(self, telling: Telling) -> None:
        if not telling.left:
            del self.pending[telling.number]
            self._complete.append(telling)

    # --- time ---------------------------------------------------------------------------------
    def next_timer(self) -> int | None:
        return self._retries.first

    def on_timer(self, now: int) -> None:
        """Try again what is due."""
        for told in self._retries.pop_due(now):
            self._queue(told, now)
            telling = self.pending.get(told.number)
            if telling is not None:
                self._finish_if_told(telling)

    def fork(self, effects: Effects) -> Self:
        other = type(self)(effects)
        other.image = self.image
        other.pending = {
            number: Telling(
                each.transaction,
                each.number,
                each.coordinator_partition,
                each.coordinator_epoch,
                each.left.copy(),
            )
            for number, each in self.pending.items()
        }
        other._count = self._count
        other._unsent = {broker: told.copy() for broker, told in self._unsent.items()}
        other._in_flight = self._in_flight.copy()
        other._retries = self._retries.fork()
        other._complete = self._complete.copy()
        return other
