"""What each request makes of a transactional id: the next state, or why not.

| asked | Empty, Complete… | Ongoing | Prepare… or not committed yet |
| --- | --- | --- | --- |
| InitProducerId | epoch + 1, Empty | abort it, ask again | CONCURRENT_TRANSACTIONS |
| AddPartitionsToTxn | Ongoing, a transaction begins | more partitions | CONCURRENT_TRANSACTIONS |
| EndTxn | version 2: an abort may end nothing | Prepare… | CONCURRENT_TRANSACTIONS |

Whoever has another producer id gets INVALID_PRODUCER_ID_MAPPING, whoever has an older epoch is
fenced (PRODUCER_FENCED): a newer producer with the same transactional id has taken over.

EndTxn that comes again (version 2: with the epoch before the present one) is answered as before.

Nothing here has a state; all functions raise the brokers' `KafkaError`.
In Kafka: `TransactionCoordinator.prepareInitProducerIdTransit`, `endTransaction`, …
Left out: two-phase commit (KIP-939).  Read next: `shard`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.ids import TopicPartition
from kafkalab.transactions.states import (
    EPOCH_BUMP,
    MAX_EPOCH,
    NO_EPOCH,
    NO_PRODUCER_ID,
    Transaction,
    TransactionState,
    is_epoch_exhausted,
)

S = TransactionState
#: Gives a new producer id, or raises COORDINATOR_LOAD_IN_PROGRESS: ask again.
NewProducerId = Callable[[], int]


@dataclass(frozen=True, slots=True)
class Producer:
    """Who says that it is the producer of a transactional id."""

    producer_id: int
    epoch: int


def initialized(
    known: Transaction | None,
    transactional_id: str,
    timeout_ms: int,
    expected: Producer | None,
    new_producer_id: NewProducerId,
    now: int,
) -> Transaction:
    """InitProducerId for an id that is at rest: the next epoch, or another producer id.

    `expected`: the producer goes on after an error (KIP-360), it does not begin.
    """
    if known is None:
        producer_id, epoch = new_producer_id(), 0
        return Transaction(
            transactional_id=transactional_id,
            producer_id=producer_id,
            producer_epoch=epoch,
            timeout_ms=timeout_ms,
            previous_producer_id=producer_id,
            update_timestamp=now,
        )
    if known.is_epoch_exhausted and (expected is None or expected.epoch == known.producer_epoch):
        producer_id, epoch = new_producer_id(), 0
        last = NO_EPOCH if expected is None else known.producer_epoch
    else:
        producer_id, (epoch, last) = known.producer_id, _next_epoch(known, expected)
    return known.to(
        S.EMPTY,
        producer_id=producer_id,
        producer_epoch=epoch,
        last_producer_epoch=last,
        next_producer_id=NO_PRODUCER_ID,
        timeout_ms=timeout_ms,
        partitions=(),
        start_timestamp=-1,
        update_timestamp=now,
    )


def check_expected(known: Transaction | None, expected: Producer | None) -> None:
    """Fence a producer that goes on under an id that is no longer its own."""
    if known is None or expected is None or expected.producer_id == known.producer_id:
        return
    # An answer that got lost: it has been given another producer id since.
    if expected.producer_id == known.previous_producer_id and is_epoch_exhausted(expected.epoch):
        return
    raise KafkaError(ErrorCode.PRODUCER_FENCED)


def _next_epoch(known: Transaction, expected: Producer | None) -> tuple[int, int]:
    """(epoch, the one before if the producer asked for it itself)."""
    if expected is None:
        return known.producer_epoch + 1, NO_EPOCH
    if expected.epoch == known.producer_epoch:
        return known.producer_epoch + 1, known.producer_epoch
    if expected.epoch == known.last_producer_epoch:
        return known.producer_epoch, known.last_producer_epoch  # it asks again
    raise KafkaError(ErrorCode.PRODUCER_FENCED)


def with_partitions(
    known: Transaction, added: tuple[TopicPartition, ...], client_version: int, now: int
) -> Transaction | None:
    """A transaction begins or grows; None if it has all of them already."""
    new = tuple(each for each in added if each not in known.partitions)
    if known.state is S.ONGOING and not new:
        return None
    return known.to(
        S.ONGOING,
        partitions=known.partitions + new,
        start_timestamp=known.start_timestamp if known.state is S.ONGOING else now,
        update_timestamp=now,
        client_version=client_version,
    )


def check_producer(known: Transaction | None, producer: Producer) -> Transaction:
    """Raises INVALID_PRODUCER_ID_MAPPING or PRODUCER_FENCED."""
    if known is None or known.producer_id != producer.producer_id:
        raise KafkaError(ErrorCode.INVALID_PRODUCER_ID_MAPPING)
    if known.producer_epoch != producer.epoch:
        raise KafkaError(ErrorCode.PRODUCER_FENCED)
    return known


def ended(
    known: Transaction | None,
    producer: Producer,
    committed: bool,
    client_version: int,
    new_producer_id: NewProducerId,
    now: int,
) -> Transaction | None:
    """EndTxn: decided; None if it has been done before."""
    if client_version < EPOCH_BUMP:
        known = check_producer(known, producer)
        return _ended_v1(known, committed, now)
    if known is None:
        raise KafkaError(ErrorCode.INVALID_PRODUCER_ID_MAPPING)
    over = (
        known.previous_producer_id == producer.producer_id
        and producer.epoch == MAX_EPOCH - 1
        and known.producer_epoch == 0
    )
    if known.producer_id != producer.producer_id and not over:
        raise KafkaError(ErrorCode.INVALID_PRODUCER_ID_MAPPING)
    again = known.producer_epoch == producer.epoch + 1
    at_end = known.state in (S.COMPLETE_COMMIT, S.COMPLETE_ABORT)
    if not (producer.epoch == known.producer_epoch or (at_end and (again or over))):
        raise KafkaError(ErrorCode.PRODUCER_FENCED)
    if known.state is S.ONGOING:
        return decided(known, committed, client_version, new_producer_id, now)
    if again or over:
        if (known.state is S.COMPLETE_COMMIT) is committed:
            return None
    elif not committed:  # nothing was added: the abort ends nothing, and still raises the epoch
        return decided(known, committed, client_version, new_producer_id, now)
    raise KafkaError(ErrorCode.INVALID_TXN_STATE)


def _ended_v1(known: Transaction, committed: bool, now: int) -> Transaction | None:
    if known.state is S.ONGOING:
        return decided(known, committed, 0, _nobody, now)
    if known.state is (S.COMPLETE_COMMIT if committed else S.COMPLETE_ABORT):
        return None
    raise KafkaError(ErrorCode.INVALID_TXN_STATE)


def decided(
    known: Transaction,
    committed: bool,
    client_version: int,
    new_producer_id: NewProducerId,
    now: int,
) -> Transaction:
    """The record that decides; markers follow once it is committed."""
    epoch, last, next_id = known.producer_epoch, known.last_producer_epoch, NO_PRODUCER_ID
    if client_version >= EPOCH_BUMP:
        if known.is_epoch_exhausted:
            next_id = new_producer_id()  # epochs are used up: go on under another id
        epoch, last = min(epoch + 1, MAX_EPOCH), epoch
    return known.to(
        S.PREPARE_COMMIT if committed else S.PREPARE_ABORT,
        producer_epoch=epoch,
        last_producer_epoch=last,
        next_producer_id=next_id,
        start_timestamp=known.start_timestamp if known.state is S.ONGOING else now,
        update_timestamp=now,
        client_version=client_version,
    )


def fenced(
    known: Transaction, server_version: int, new_producer_id: NewProducerId, now: int
) -> Transaction:
    """Abort an ongoing transaction from here, so that its producer cannot go on with it."""
    if server_version >= EPOCH_BUMP:
        return decided(known, False, server_version, new_producer_id, now)
    return known.to(
        S.PREPARE_ABORT,
        producer_epoch=min(known.producer_epoch + 1, MAX_EPOCH),
        last_producer_epoch=NO_EPOCH,
        update_timestamp=now,
        client_version=0,
    )


def completed(known: Transaction, now: int) -> Transaction:
    """All markers are written."""
    over = known.client_version >= EPOCH_BUMP and known.next_producer_id != NO_PRODUCER_ID
    return known.to(
        S.COMPLETE_COMMIT if known.state is S.PREPARE_COMMIT else S.COMPLETE_ABORT,
        producer_id=known.next_producer_id if over else known.producer_id,
        producer_epoch=0 if over else known.producer_epoch,
        next_producer_id=NO_PRODUCER_ID,
        partitions=(),
        update_timestamp=now,
    )


def _nobody() -> int:
    raise AssertionError("no new producer id is needed")
