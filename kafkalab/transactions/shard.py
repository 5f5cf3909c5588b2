"""The state machine of one partition of `__transaction_state`: transactional ids.

    request ──handle──▶ Result(record, response) ──▶ HostedPartition ──▶ the log
    record  ──replay──▶ transactions (written)          high watermark ──commit──▶ (committed)
                                                              └── Prepare…: `take_decided`

While the last record of an id is not committed, or its markers are being written, every other
request about it is told CONCURRENT_TRANSACTIONS: one move at a time.

Invariants: markers are asked for only when the decision is committed (T6); all but
`last_producer_epoch` can be made again from the log.

In Kafka: `TransactionStateManager` (its cache is our committed view, `pendingState` our written
one) and the deciding half of `TransactionCoordinator`.  Read next: `deciding`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Self

from kafkalab.config import Config
from kafkalab.coordination import NOTHING, CoordinatorRecord, RecordTypes, Result, TwoViews
from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.ids import TopicPartition
from kafkalab.node import Effects
from kafkalab.protocol.messages.producer_ids import InitProducerIdResponse
from kafkalab.protocol.messages.transactions import EndTxnResponse
from kafkalab.transactions import deciding
from kafkalab.transactions.deciding import NewProducerId, Producer
from kafkalab.transactions.states import AT_REST, EPOCH_BUMP, Transaction, TransactionState
from kafkalab.transactions.stored import (
    RECORD_TYPES,
    TransactionLogKey,
    TransactionLogValue,
    restored,
    tombstone,
    transaction_record,
)

S = TransactionState


@dataclass(frozen=True, slots=True)
class InitProducerId:
    """Begin, or (with `expected`) go on, as the producer of a transactional id."""

    transactional_id: str
    timeout_ms: int
    expected: Producer | None


@dataclass(frozen=True, slots=True)
class AddPartitions:
    """Take partitions into the transaction, or only ask whether they are in it."""

    transactional_id: str
    producer: Producer
    partitions: tuple[TopicPartition, ...]
    client_version: int
    verify_only: bool = False


@dataclass(frozen=True, slots=True)
class EndTransaction:
    """Commit or abort."""

    transactional_id: str
    producer: Producer
    committed: bool
    client_version: int


Operation = InitProducerId | AddPartitions | EndTransaction


class TransactionShard:
    """See the module's docstring.  `server_version` is the cluster's `transaction.version`."""

    record_types: RecordTypes = RECORD_TYPES

    def __init__(
        self,
        topic_partition: TopicPartition,
        config: Config,
        effects: Effects,
        new_producer_id: NewProducerId,
        server_version: int,
    ) -> None:
        self.topic_partition = topic_partition
        self.server_version = server_version
        self.views: TwoViews[str, Transaction] = TwoViews()
        self.ongoing: dict[str, None] = {}  # as written: these may time out
        self._config = config
        self._effects = effects
        self._new_producer_id = new_producer_id
        self._last_epochs: dict[str, Producer] = {}  # the one before, of whom asked for another
        self._decided: list[Transaction] = []
        self._told: dict[str, str] = {}  # the committed state of each
        self._is_loaded = False

    # --- requests -----------------------------------------------------------------------------
    def handle(self, operation: Operation, now: int) -> Result:
        """Run one operation.  Raises `KafkaError`, and then nothing has changed."""
        return _OPERATIONS[type(operation)](self, operation, now)

    def is_pending(self, transactional_id: str) -> bool:
        """Whether a move is under way: not committed yet, or its markers are being written."""
        written = self.views.written.get(transactional_id)
        if written is not self.views.committed.get(transactional_id):
            return True
        return written is not None and written.state.is_decided

    def _settled(self, transactional_id: str) -> Transaction | None:
        if self.is_pending(transactional_id):
            raise KafkaError(ErrorCode.CONCURRENT_TRANSACTIONS)
        return self.views.written.get(transactional_id)

    def _init_producer_id(self, asked: InitProducerId, now: int) -> Result:
        known = self._settled(asked.transactional_id)
        deciding.check_expected(known, asked.expected)
        if known is not None and known.state is S.ONGOING:
            # Its producer is gone, or another has come: abort for it, and let the new one ask again
            aborted = self._fenced(known, now)
            self._fence(known, "another producer began")
            return self._result(aborted, init_refused(ErrorCode.CONCURRENT_TRANSACTIONS))
        made = deciding.initialized(
            known,
            asked.transactional_id,
            asked.timeout_ms,
            asked.expected,
            self._new_producer_id,
            now,
        )
        if known is not None and asked.expected is None:
            self._fence(known, "another producer began")
        answer = InitProducerIdResponse(
            producer_id=made.producer_id, producer_epoch=made.producer_epoch
        )
        return self._result(made, answer)

    def _add_partitions(self, asked: AddPartitions, now: int) -> Result:
        if asked.verify_only:
            return Result(response=self._verified(asked))
        known = deciding.check_producer(self._settled(asked.transactional_id), asked.producer)
        made = deciding.with_partitions(known, asked.partitions, asked.client_version, now)
        errors = dict.fromkeys(asked.partitions, ErrorCode.NONE)
        return Result(response=errors) if made is None else self._result(made, errors)

    def _verified(self, asked: AddPartitions) -> dict[TopicPartition, ErrorCode]:
        known = self.views.written.get(asked.transactional_id)
        known = deciding.check_producer(known, asked.producer)
        if known.state.is_decided:
            raise KafkaError(ErrorCode.CONCURRENT_TRANSACTIONS)
        return {
            each: ErrorCode.NONE if each in known.partitions else ErrorCode.TRANSACTION_ABORTABLE
            for each in asked.partitions
        }

    def _end(self, asked: EndTransaction, now: int) -> Result:
        if asked.client_version < EPOCH_BUMP:  # before asking whether something is pending
            written = self.views.written.get(asked.transactional_id)
            deciding.check_producer(written, asked.producer)
        known = self._settled(asked.transactional_id)
        made = deciding.ended(
            known,
            asked.producer,
            asked.committed,
            asked.client_version,
            self._new_producer_id,
            now,
        )
        if made is None:
            assert known is not None
            return Result(response=_end_answer(known, asked.client_version))
        complete = deciding.completed(made, now)
        return self._result(made, _end_answer(complete, asked.client_version))

    # --- by itself ----------------------------------------------------------------------------
    def complete(self, transactional_id: str, producer_id: int, now: int) -> Result:
        """All markers are written."""
        known = self.views.committed.get(transactional_id)
        if known is None or known.producer_id != producer_id or not known.state.is_decided:
            return NOTHING
        if self.views.written.get(transactional_id) is not known:
            return NOTHING  # its record is on its way
        return self._result(deciding.completed(known, now), None)

    def abort_timed_out(self, now: int) -> list[Result]:
        """Abort what has been open for longer than its producer said it would be."""
        results: list[Result] = []
        for known in [self.views.written[id] for id in self.ongoing]:
            is_late = known.start_timestamp + known.timeout_ms < now
            if not is_late or self.is_pending(known.transactional_id):
                continue
            try:
                made = self._fenced(known, now)
            except KafkaError:
                continue  # no producer id at hand: the next round
            self._fence(known, "the transaction timed out")
            results.append(self._result(made, None))
        return results

    def forget_expired(self, now: int) -> Result:
        """Ids that nobody has used for `transactional.id.expiration.ms`."""
        expiration_ms = self._config.int("transactional.id.expiration.ms")
        records = tuple(
            tombstone(known.transactional_id)
            for known in self.views.committed.values()
            if known.state in AT_REST
            and known.update_timestamp <= now - expiration_ms
            and not self.is_pending(known.transactional_id)
        )
        return Result(records, is_atomic=False)

    def is_written(self, record: CoordinatorRecord) -> bool:
        """Whether a record that was to be written stands in the log."""
        key, value = record.key, record.value
        assert isinstance(key, TransactionLogKey)
        assert isinstance(value, TransactionLogValue)
        written = self.views.written.get(key.transactional_id)
        return written is not None and written.state.id == value.transaction_status

    def take_decided(self) -> list[Transaction]:
        """Those whose decision has been committed since this was last asked."""
        decided, self._decided = self._decided, []
        return decided

    def _fenced(self, known: Transaction, now: int) -> Transaction:
        return deciding.fenced(known, self.server_version, self._new_producer_id, now)

    def _fence(self, known: Transaction, reason: str) -> None:
        fields = known.transactional_id, known.producer_id, known.producer_epoch, reason
        self._effects.emit("ProducerFenced", *fields)

    def _result(self, made: Transaction, response: Any) -> Result:
        self._last_epochs[made.transactional_id] = Producer(
            made.producer_id, made.last_producer_epoch
        )
        return Result((transaction_record(made, self.server_version),), response)

    # --- the log (`coordination.StateMachine`) ------------------------------------------------
    def replay(self, record: CoordinatorRecord, offset: int, producer_id: int) -> None:
        key: Any = record.key
        value: Any = record.value
        if value is None:
            self.views.put(key.transactional_id, None, offset)
            self.ongoing.pop(key.transactional_id, None)
            self._last_epochs.pop(key.transactional_id, None)
            return
        made = restored(key.transactional_id, value)
        last = self._last_epochs.get(key.transactional_id)
        if last is not None and last.producer_id == made.producer_id:
            made = replace(made, last_producer_epoch=last.epoch)
        self.views.put(key.transactional_id, made, offset)
        if made.state is S.ONGOING:
            self.ongoing[made.transactional_id] = None
        else:
            self.ongoing.pop(made.transactional_id, None)

    def end_transaction(self, producer_id: int, is_committed: bool, offset: int) -> None:
        raise AssertionError("nobody writes to __transaction_state in a transaction")

    def commit(self, high_watermark: int) -> None:
        for change in self.views.commit(high_watermark):
            before = self._told.pop(change.key, "")
            if change.value is None:
                continue
            now = change.value
            self._told[change.key] = state = now.state.value
            if not self._is_loaded:
                continue
            if state != before:
                who = now.producer_id, now.producer_epoch
                self._effects.emit("TransactionStateChanged", change.key, before, state, *who)
            if self._waits_for_markers(now):
                self._decided.append(now)

    def clock_at(self, now: int) -> int:
        """What the broker's own clock shows."""
        return self._effects.clock.at(now)

    def on_loaded(self, now: int) -> None:
        self._is_loaded = True
        self._effects.emit("CoordinatorLoaded", *self.topic_partition)
        self._decided += filter(self._waits_for_markers, self.views.committed.values())

    def _waits_for_markers(self, known: Transaction) -> bool:
        """Decided, and nothing came after it.

        After an election the log is read to its end, but is committed only in part: a decision in
        it may be an old one, whose markers would end the transaction that is open now.
        """
        return known.state.is_decided and self.views.written.get(known.transactional_id) is known

    def on_settled(self, then: Any, error: ErrorCode | None, now: int) -> None:
        raise AssertionError(then)

    def unload(self) -> None:
        """Another broker coordinates these from now on."""
        self._effects.emit("CoordinatorUnloaded", *self.topic_partition)

    def fork(self, effects: Effects, new_producer_id: NewProducerId) -> Self:
        other = type(self)(
            self.topic_partition, self._config, effects, new_producer_id, self.server_version
        )
        other.views = self.views.fork()
        other.ongoing = self.ongoing.copy()
        other._last_epochs = self._last_epochs.copy()
        other._decided = self._decided.copy()
        other._told = self._told.copy()
        other._is_loaded = self._is_loaded
        return other


def init_refused(error: ErrorCode) -> InitProducerIdResponse:
    """No producer id."""
    return InitProducerIdResponse(error_code=error, producer_id=-1, producer_epoch=-1)


def _end_answer(known: Transaction, client_version: int) -> EndTxnResponse:
    """With version 2 the producer is told who it is from now on."""
    if client_version < EPOCH_BUMP:
        return EndTxnResponse(error_code=0)
    return EndTxnResponse(
        error_code=0, producer_id=known.producer_id, producer_epoch=known.producer_epoch
    )


_OPERATIONS: Final[Mapping[type, Callable[[TransactionShard, Any, int], Result]]] = {
    InitProducerId: TransactionShard._init_producer_id,
    AddPartitions: TransactionShard._add_partitions,
    EndTransaction: TransactionShard._end,
}
