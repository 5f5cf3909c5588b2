"""Whether a producer may begin a transaction here: has its coordinator been asked?

    first record of a transaction ──▶ `begin`: a guard ──▶ the coordinator is asked, and says yes
    append(batch, guard)          ──▶ `check`: the same guard ──▶ the transaction is open
    meanwhile a marker            ──▶ `forget`: the guard is worth nothing any more

Without this a record that comes late, after its transaction has ended, would open one that no
coordinator knows, and the last stable offset would wait for it for ever: a hanging transaction.
The guard is unique, so that a yes from before a marker cannot open what comes after it.

Invariants: one guard for each producer; guards never come again.  All of it is volatile.

In Kafka: `VerificationGuard`, `VerificationStateEntry`; KIP-890.
"""

from dataclasses import dataclass, replace
from typing import Final, Self

from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.record import Batch

#: No guard: enough only while the producer's transaction is open.
SENTINEL: Final = 0
#: Do not ask: for logs without a coordinator, as in tests.
UNCHECKED: Final = -1


@dataclass(frozen=True, slots=True)
class VerificationState:
    """What is being verified for one producer."""

    guard: int
    epoch: int
    lowest_sequence: int
    bumps_epoch: bool  # the client speaks transaction version 2


class Verifications:
    """See the module's docstring."""

    __slots__ = ("_count", "_states")

    def __init__(self) -> None:
        self._count = 0
        self._states: dict[int, VerificationState] = {}

    def begin(self, producer_id: int, epoch: int, sequence: int, bumps_epoch: bool) -> int:
        """The guard with which the first batch must come."""
        state = self._states.get(producer_id)
        if state is None:
            self._count += 1
            state = VerificationState(self._count, epoch, sequence, bumps_epoch)
        elif epoch == state.epoch:
            state = replace(state, lowest_sequence=min(sequence, state.lowest_sequence))
        elif epoch > state.epoch:
            state = replace(state, epoch=epoch, lowest_sequence=sequence)
        self._states[producer_id] = state
        return state.guard

    def check(self, batch: Batch, guard: int, *, is_known: bool) -> None:
        """Raises INVALID_TXN_STATE or OUT_OF_ORDER_SEQUENCE_NUMBER for a batch that may not begin.

        `is_known`: something of this producer is remembered here.
        """
        state = self._states.get(batch.producer_id)
        if state is None or state.guard != guard:
            raise KafkaError(
                ErrorCode.INVALID_TXN_STATE,
                f"producer {batch.producer_id} has no transaction open in this partition",
            )
        sequence = batch.base_sequence
        is_first = sequence == 0 or is_known or not state.bumps_epoch
        if sequence >= 0 and (not is_first or sequence > state.lowest_sequence):
            raise KafkaError(
                ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
                f"producer {batch.producer_id} begins a transaction with sequence {sequence}",
            )

    def forget(self, batch: Batch) -> None:
        """A transactional batch, or a marker, has been appended.

        With version 2 a marker of the epoch that is being verified ends the transaction before.
        """
        state = self._states.get(batch.producer_id)
        if state is None:
            return
        if not (batch.is_control and state.bumps_epoch and batch.producer_epoch == state.epoch):
            del self._states[batch.producer_id]

    def fork(self) -> Self:
        other = type(self)()
        other._count = self._count
        other._states = self._states.copy()
        return other
