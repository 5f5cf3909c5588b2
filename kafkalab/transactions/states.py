"""The states of a transactional id, and the moves between them.

             first partition        EndTxn          all markers written
    Empty ──────────────────▶ Ongoing ──▶ PrepareCommit ──▶ CompleteCommit ─┐
      ▲                         │  ▲  └─▶ PrepareAbort  ──▶ CompleteAbort ──┤
      │                         └──┘ more partitions                        │
      └── InitProducerId ──────────────────────────────────────────────────┘

A transaction is *decided* by the record that says PrepareCommit or PrepareAbort: once that is
committed nothing can turn it, however many coordinators crash before the markers are written.
A coordinator that loads such a record goes on writing markers.

With transaction version 2 (KIP-890) each end raises the producer's epoch, so that a record that
comes late from an ended transaction is refused; an abort is then legal from Empty and Complete too
(the producer does not know whether its first record began the transaction).

Invariants: `partitions` is empty unless Ongoing or Prepare…; the epoch never falls while the
producer id stays (T4); epoch 32767 is never a client's.

In Kafka: `TransactionState`, `TransactionMetadata`; KIP-98, KIP-360, KIP-890.
Left out: PrepareEpochFence, which never reaches the log, as a state of its own: fencing an ongoing
transaction and aborting it is one move here.  Read next: `deciding`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Final

from kafkalab.ids import TopicPartition

NO_PRODUCER_ID: Final = -1
NO_EPOCH: Final = -1
MAX_EPOCH: Final = (1 << 15) - 1
#: From this transaction version on the end of a transaction raises the epoch (KIP-890).
EPOCH_BUMP: Final = 2


class TransactionState(Enum):
    """Kafka's names; `id` is the number in the log."""

    EMPTY = "Empty"
    ONGOING = "Ongoing"
    PREPARE_COMMIT = "PrepareCommit"
    PREPARE_ABORT = "PrepareAbort"
    COMPLETE_COMMIT = "CompleteCommit"
    COMPLETE_ABORT = "CompleteAbort"
    DEAD = "Dead"
    PREPARE_EPOCH_FENCE = "PrepareEpochFence"

    @property
    def id(self) -> int:
        return _ORDER.index(self)

    @property
    def is_decided(self) -> bool:
        """Whether its markers are being written."""
        return self in (TransactionState.PREPARE_COMMIT, TransactionState.PREPARE_ABORT)


S = TransactionState
_ORDER: Final = tuple(S)

TRANSITIONS: Final[Mapping[S, frozenset[S]]] = {
    S.EMPTY: frozenset({S.EMPTY, S.ONGOING, S.PREPARE_ABORT, S.DEAD}),
    S.ONGOING: frozenset({S.ONGOING, S.PREPARE_COMMIT, S.PREPARE_ABORT}),
    S.PREPARE_COMMIT: frozenset({S.COMPLETE_COMMIT}),  # decided: cannot turn to abort
    S.PREPARE_ABORT: frozenset({S.COMPLETE_ABORT}),
    S.COMPLETE_COMMIT: frozenset({S.EMPTY, S.ONGOING, S.PREPARE_ABORT, S.DEAD}),
    S.COMPLETE_ABORT: frozenset({S.EMPTY, S.ONGOING, S.PREPARE_ABORT, S.DEAD}),
    S.DEAD: frozenset(),
    S.PREPARE_EPOCH_FENCE: frozenset(),
}

#: Where nobody waits for anything: an id may be forgotten, a transaction may begin.
AT_REST: Final = frozenset({S.EMPTY, S.COMPLETE_COMMIT, S.COMPLETE_ABORT})


class IllegalTransition(AssertionError):
    """A move that is not in the table: a mistake of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """One transactional id: its producer, and its transaction if there is one.

    Times in milliseconds, -1 for never.  `last_producer_epoch` is what the producer had before its
    epoch was raised at its own wish (KIP-360); it is not in the log, so -1 after a failover.
    `client_version` is the transaction version of the client that made the last move.
    """

    transactional_id: str
    producer_id: int
    producer_epoch: int
    timeout_ms: int
    state: TransactionState = S.EMPTY
    partitions: tuple[TopicPartition, ...] = ()
    previous_producer_id: int = NO_PRODUCER_ID
    next_producer_id: int = NO_PRODUCER_ID
    last_producer_epoch: int = NO_EPOCH
    start_timestamp: int = -1
    update_timestamp: int = -1
    client_version: int = 0

    @property
    def is_epoch_exhausted(self) -> bool:
        """Whether the next epoch would be the one that is kept for fencing."""
        return is_epoch_exhausted(self.producer_epoch)

    def to(self, state: TransactionState, **changes: Any) -> "Transaction":
        """As it is after a move.  `IllegalTransition` if the table does not have it."""
        if state not in (legal := TRANSITIONS[self.state]):
            raise IllegalTransition(self.transactional_id, self.state, state, legal)
        return replace(self, state=state, previous_producer_id=self.producer_id, **changes)


def is_epoch_exhausted(epoch: int) -> bool:
    """In Kafka: `TransactionMetadata.isEpochExhausted`."""
    return epoch >= MAX_EPOCH - 1
