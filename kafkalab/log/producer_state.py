"""What a partition remembers of each idempotent or transactional producer.

    producer 4000, epoch 2     the last five batches: sequences 10-14 15-15 16-20 21-21 22-29
      15-15 again              the same five: acknowledged with its first offsets, not appended
      30-31                    goes on: appended
      33-33                    a gap: OUT_OF_ORDER_SEQUENCE_NUMBER
      epoch 1, anything        INVALID_PRODUCER_EPOCH; a higher epoch begins at sequence 0

A transaction is open from its first record to its marker, *unreplicated* until the marker is below
the high watermark; the first offset of the earliest of these bounds the last stable offset.

Invariants: the state is a function of the log, so leader, follower and restarted server agree
(T3); `ProducerEntry` is immutable; a producer has at most one open transaction (T5).

In Kafka: `ProducerStateManager`, `ProducerAppendInfo`, `ProducerStateEntry`; KIP-98, KIP-360,
KIP-890, KIP-1228.  Left out: snapshots (the state is rebuilt from the whole log).
Read next: `verification`, then `partition_log`.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple, Self

from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.log.transaction_index import AbortedTransaction
from kafkalab.record import Batch, EndMarker, Entry, end_marker

BATCHES_KEPT: Final = 5
MAX_EPOCH: Final = (1 << 15) - 1
_NO_SEQUENCE: Final = -1
_MAX_SEQUENCE: Final = (1 << 31) - 1


class BatchMetadata(NamedTuple):
    """An appended batch, enough to recognise it when it is sent again."""

    base_sequence: int
    last_sequence: int
    base_offset: int
    last_offset: int
    timestamp: int


class ProducerEntry(NamedTuple):
    """One producer.  `transaction_first_offset` is None when it has none open."""

    producer_epoch: int
    batches: tuple[BatchMetadata, ...] = ()  # oldest first
    last_timestamp: int = -1
    transaction_first_offset: int | None = None
    coordinator_epoch: int = -1

    @property
    def last_sequence(self) -> int:
        return self.batches[-1].last_sequence if self.batches else _NO_SEQUENCE


class ProducerStates:
    """The producers of one partition, and its undecided transactions."""

    __slots__ = ("_entries", "_ongoing", "_unreplicated")

    def __init__(self) -> None:
        self._entries: dict[int, ProducerEntry] = {}
        self._ongoing: dict[int, int] = {}  # first offset -> producer id; first offsets rise
        self._unreplicated: dict[int, int] = {}  # first offset -> the marker's offset

    @classmethod
    def restored(cls, entries: Mapping[int, ProducerEntry]) -> Self:
        """From a snapshot: transactions open then are open now."""
        states = cls()
        states._entries = dict(entries)
        ongoing = [
            (entry.transaction_first_offset, producer_id)
            for producer_id, entry in entries.items()
            if entry.transaction_first_offset is not None
        ]
        states._ongoing = dict(sorted(ongoing))
        return states

    @property
    def entries(self) -> Mapping[int, ProducerEntry]:
        """By producer id."""
        return self._entries

    @property
    def open_transactions(self) -> Mapping[int, int]:
        """First offset -> producer id, earliest first."""
        return self._ongoing

    @property
    def first_unstable_offset(self) -> int | None:
        """The first record of any transaction undecided, or whose end is not replicated."""
        if self._unreplicated:
            return min((*self._unreplicated, *self._ongoing))
        for first_offset in self._ongoing:
            return first_offset
        return None

    def has_open_transaction(self, producer_id: int, producer_epoch: int) -> bool:
        """Whether the producer has one open here, under this epoch."""
        entry = self._entries.get(producer_id)
        return (
            entry is not None
            and entry.transaction_first_offset is not None
            and entry.producer_epoch == producer_epoch
        )

    def check(self, batch: Batch, transaction_version: int) -> BatchMetadata | None:
        """Whether a leader may append `batch`; if it already has, the batch it has.

        Raises INVALID_PRODUCER_EPOCH, OUT_OF_ORDER_SEQUENCE_NUMBER, INVALID_TXN_STATE or
        TRANSACTION_COORDINATOR_FENCED.  Changes nothing.  `transaction_version` (of markers):
        from 2 on a marker's epoch is above that of its transaction.
        """
        entry = self._entries.get(batch.producer_id)
        if batch.is_control:
            marker = end_marker(batch)
            if entry is not None and marker is not None:
                _check_marker(entry, batch, marker, transaction_version)
            return None
        if entry is None:
            return None  # nothing known, perhaps forgotten: any sequence will do
        if batch.base_sequence != _NO_SEQUENCE and batch.producer_epoch == entry.producer_epoch:
            first, last = batch.base_sequence, batch.last_sequence
            for known in entry.batches:
                if known.base_sequence == first and known.last_sequence == last:
                    return known
        _check_data(entry, batch)
        return None

    def update(self, entry: Entry) -> AbortedTransaction | None:
        """Take in an appended batch of a producer; the transaction it aborted, if it did."""
        batch = entry.batch
        if batch.is_control:
            marker = end_marker(batch)
            return None if marker is None else self._end_transaction(entry, marker)
        known = self._entries.get(batch.producer_id) or ProducerEntry(batch.producer_epoch)
        same_epoch = known.producer_epoch == batch.producer_epoch
        first_offset = known.transaction_first_offset
        if batch.is_transactional and first_offset is None:
            first_offset = entry.base_offset
            self._ongoing[first_offset] = batch.producer_id
        metadata = BatchMetadata(
            batch.base_sequence,
            batch.last_sequence,
            entry.base_offset,
            entry.next_offset - 1,
            batch.max_timestamp,
        )
        self._entries[batch.producer_id] = ProducerEntry(
            batch.producer_epoch,
            (*known.batches[1 - BATCHES_KEPT :], metadata) if same_epoch else (metadata,),
            batch.max_timestamp,
            first_offset,
            known.coordinator_epoch,
        )
        return None

    def on_high_watermark(self, high_watermark: int) -> None:
        """Transactions whose markers are below it are decided for good."""
        if self._unreplicated:
            self._unreplicated = {
                first: last for first, last in self._unreplicated.items() if last >= high_watermark
            }

    def remove_expired(self, now: int, expiration_ms: int) -> None:
        """Forget producers idle for `expiration_ms`, by the time of their last batch."""
        expired = [
            producer_id
            for producer_id, entry in self._entries.items()
            if entry.transaction_first_offset is None
            and now - entry.last_timestamp >= expiration_ms
        ]
        for producer_id in expired:
            del self._entries[producer_id]

    def _end_transaction(self, entry: Entry, marker: EndMarker) -> AbortedTransaction | None:
        batch = entry.batch
        known = self._entries.get(batch.producer_id) or ProducerEntry(batch.producer_epoch)
        self._entries[batch.producer_id] = ProducerEntry(
            batch.producer_epoch,
            known.batches if known.producer_epoch == batch.producer_epoch else (),
            batch.max_timestamp,
            None,
            marker.coordinator_epoch,
        )
        first_offset = known.transaction_first_offset
        if first_offset is None:
            return None  # a marker without a transaction: a retry, or nothing was written here
        del self._ongoing[first_offset]
        self._unreplicated[first_offset] = entry.base_offset
        if marker.committed:
            return None
        return AbortedTransaction(batch.producer_id, first_offset, entry.base_offset)

    def fork(self) -> Self:
        other = type(self).__new__(type(self))
        other._entries = self._entries.copy()
        other._ongoing = self._ongoing.copy()
        other._unreplicated = self._unreplicated.copy()
        return other


def _check_data(entry: ProducerEntry, batch: Batch) -> None:
    producer = f"producer {batch.producer_id}"
    if batch.producer_epoch < entry.producer_epoch:
        message = f"{producer} has epoch {entry.producer_epoch} now, not {batch.producer_epoch}"
        raise KafkaError(ErrorCode.INVALID_PRODUCER_EPOCH, message)
    if batch.base_sequence != _NO_SEQUENCE:  # a coordinator's batches have none
        same_epoch = batch.producer_epoch == entry.producer_epoch
        last = entry.last_sequence if same_epoch else _NO_SEQUENCE
        expected = 0 if last == _MAX_SEQUENCE else last + 1
        if batch.base_sequence != expected:
            message = f"{producer} sends sequence {batch.base_sequence}, expected is {expected}"
            raise KafkaError(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, message)
    if entry.transaction_first_offset is not None and not batch.is_transactional:
        message = f"{producer} has a transaction open and sends a record outside of it"
        raise KafkaError(ErrorCode.INVALID_TXN_STATE, message)


def _check_marker(
    entry: ProducerEntry, batch: Batch, marker: EndMarker, transaction_version: int
) -> None:
    epoch, known_epoch = batch.producer_epoch, entry.producer_epoch
    # With transaction version 2 each transaction ends with a higher epoch; a marker that comes
    # twice is let through once its transaction is closed (KAFKA-19999).
    if transaction_version >= 2 and epoch == known_epoch:
        is_stale = entry.transaction_first_offset is not None and epoch != MAX_EPOCH
    else:
        is_stale = epoch < known_epoch
    if is_stale:
        message = f"producer {batch.producer_id} has epoch {known_epoch} now, the marker {epoch}"
        raise KafkaError(ErrorCode.INVALID_PRODUCER_EPOCH, message)
    if marker.coordinator_epoch < entry.coordinator_epoch:
        message = f"the coordinator's epoch is {entry.coordinator_epoch} now"
        raise KafkaError(ErrorCode.TRANSACTION_COORDINATOR_FENCED, message)
