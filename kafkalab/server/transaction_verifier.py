"""Asks transaction coordinators about transactions that producers say they have (KIP-890).

    a transactional request ──▶ ask ──▶ AddPartitionsToTxn to the coordinator, many in one
                                           ▼
                                 `take_verified`: the request goes on, with what was said

Newer clients (Produce 12, TxnOffsetCommit 5) do not add partitions to a transaction themselves:
then this adds them, and asks again for a while as long as the transaction before is being ended.
For older ones it only asks whether they have been added.

Invariants: a verification is queued, in flight, or waits to be sent again; at most one request is
in flight to each coordinator.

In Kafka: `AddPartitionsToTxnManager`, `ReplicaManager.handleProduceAppend`.
Read next: `handlers.produce`, `handlers.transactions`, which ask.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Self

from kafkalab.config import Config
from kafkalab.coordination import partition_for
from kafkalab.errors import ErrorCode
from kafkalab.ids import NodeId, TopicPartition
from kafkalab.metadata import MetadataImage
from kafkalab.node import Effects, Ticket
from kafkalab.protocol.messages.transactions import (
    AddPartitionsToTxnRequest,
    AddPartitionsToTxnResponse,
    AddPartitionsToTxnTopic,
    AddPartitionsToTxnTransaction,
)
from kafkalab.replica.verifying import Verifying
from kafkalab.server.auto_topics import TRANSACTIONS_TOPIC
from kafkalab.timers import Timers

OWNER: Final = "verifier"
Errors = Mapping[TopicPartition, ErrorCode]


class Client(Enum):
    """What the client understands."""

    OLD = "no TRANSACTION_ABORTABLE"
    KNOWS_ABORTABLE = "adds partitions itself"
    ADDS_BY_WRITING = "transaction version 2"


@dataclass(frozen=True, slots=True)
class Verification:
    """A request that waits for the word of a coordinator.  `since`: when it began to."""

    ticket: Ticket
    request: Any
    transactional_id: str
    client: Client
    verifying: Verifying
    since: int

    @property
    def partitions(self) -> tuple[TopicPartition, ...]:
        return tuple(self.verifying.asked)

    def all_with(self, error: ErrorCode) -> Errors:
        return dict.fromkeys(self.partitions, error)


class TransactionVerifier:
    """See the module's docstring.  `image` is the broker's, kept up to date by it."""

    def __init__(self, config: Config, effects: Effects) -> None:
        self.image = MetadataImage.EMPTY
        self._config = config
        self._effects = effects
        self._count = 0
        self._open: dict[int, Verification] = {}
        self._queued: dict[NodeId, dict[str, int]] = {}
        self._in_flight: dict[NodeId, dict[str, int]] = {}
        self._retries: Timers[int] = Timers()
        self.verified: list[tuple[Verification, Errors]] = []

    def ask(self, verification: Verification) -> None:
        """Ask its coordinator; the answer is among `take_verified`."""
        self._count += 1
        self._open[self._count] = verification
        self._queue(self._count)

    def take_verified(self) -> list[tuple[Verification, Errors]]:
        """What has been answered, with the errors of the partitions that have one."""
        verified, self.verified = self.verified, []
        return verified

    def _queue(self, number: int) -> None:
        verification = self._open[number]
        coordinator = self._coordinator(verification.transactional_id)
        if coordinator is None:
            self._finish(number, verification.all_with(ErrorCode.COORDINATOR_NOT_AVAILABLE))
            return
        queue = self._queued.setdefault(coordinator, {})
        other = queue.get(verification.transactional_id)
        if other is not None:
            theirs = self._open[other].verifying.producer_epoch
            ours = verification.verifying.producer_epoch
            if theirs > ours:
                self._finish(number, verification.all_with(ErrorCode.INVALID_PRODUCER_EPOCH))
                return
            # The same again: its producer has given the first up (NETWORK_EXCEPTION: try again)
            code = ErrorCode.NETWORK_EXCEPTION
            code = ErrorCode.INVALID_PRODUCER_EPOCH if theirs < ours else code
            self._finish(other, self._open[other].all_with(code))
        queue[verification.transactional_id] = number
        self._send(coordinator)

    def _coordinator(self, transactional_id: str) -> NodeId | None:
        topic = self.image.topics.get(TRANSACTIONS_TOPIC)
        if topic is None:
            return None
        number = partition_for(transactional_id, len(topic.partitions))
        leader = self.image.brokers.get(topic.partitions[number].leader)
        return None if leader is None or leader.fenced else leader.id

    def _send(self, coordinator: NodeId) -> None:
        if coordinator in self._in_flight or not self._queued.get(coordinator):
            return
        sent = self._in_flight[coordinator] = self._queued.pop(coordinator)
        transactions = tuple(_transaction(self._open[number]) for number in sent.values())
        request = AddPartitionsToTxnRequest(transactions=transactions)
        self._effects.call(coordinator, request, OWNER, coordinator)

    def on_response(
        self, coordinator: Any, response: AddPartitionsToTxnResponse | None, now: int
    ) -> None:
        """A coordinator has answered, or not."""
        sent = self._in_flight.pop(coordinator, {})
        said: dict[str, Errors] = {}
        failure = ErrorCode.NETWORK_EXCEPTION
        if response is not None:
            failure = ErrorCode(response.error_code) or failure
            for result in response.results_by_transaction:
                said[result.transactional_id] = {
                    TopicPartition(topic.name, one.partition_index): ErrorCode(
                        one.partition_error_code
                    )
                    for topic in result.topic_results
                    for one in topic.results_by_partition
                    if one.partition_error_code
                }
        for transactional_id, number in sent.items():
            verification = self._open[number]
            errors = said.get(transactional_id, verification.all_with(failure))
            self._answered(number, verification, errors, now)
        self._send(coordinator)

    def _answered(self, number: int, verification: Verification, errors: Errors, now: int) -> None:
        if ErrorCode.CONCURRENT_TRANSACTIONS in errors.values():
            patience = self._config.int("add.partitions.to.txn.retry.backoff.max.ms")
            is_new = verification.client is Client.ADDS_BY_WRITING
            if is_new and now - verification.since < patience:
                pause = self._config.int("add.partitions.to.txn.retry.backoff.ms")
                self._retries.set(number, now + pause)
                return
        is_old = verification.client is Client.OLD
        self._finish(number, {key: _as_told(error, is_old) for key, error in errors.items()})

    def _finish(self, number: int, errors: Errors) -> None:
        self.verified.append((self._open.pop(number), errors))

    def next_timer(self) -> int | None:
        return self._retries.first

    def on_timer(self, now: int) -> None:
        """Ask once more what is due."""
        for number in self._retries.pop_due(now):
            self._queue(number)

    def fork(self, effects: Effects) -> Self:
        other = type(self)(self._config, effects)
        other.image = self.image
        other._count = self._count
        other._open = self._open.copy()
        other._queued = {node: queue.copy() for node, queue in self._queued.items()}
        other._in_flight = {node: sent.copy() for node, sent in self._in_flight.items()}
        other._retries = self._retries.fork()
        other.verified = self.verified.copy()
        return other


def _transaction(verification: Verification) -> AddPartitionsToTxnTransaction:
    topics: dict[str, list[int]] = {}
    for topic, partition in verification.partitions:
        topics.setdefault(topic, []).append(partition)
    return AddPartitionsToTxnTransaction(
        transactional_id=verification.transactional_id,
        producer_id=verification.verifying.producer_id,
        producer_epoch=verification.verifying.producer_epoch,
        verify_only=verification.client is not Client.ADDS_BY_WRITING,
        topics=tuple(
            AddPartitionsToTxnTopic(name=name, partitions=tuple(numbers))
            for name, numbers in topics.items()
        ),
    )


def _as_told(error: ErrorCode, is_old: bool) -> ErrorCode:
    """As producers know it."""
    if error is ErrorCode.PRODUCER_FENCED:
        return ErrorCode.INVALID_PRODUCER_EPOCH
    if error is ErrorCode.TRANSACTION_ABORTABLE and is_old:
        return ErrorCode.INVALID_TXN_STATE
    return error
