"""What a transactional producer may do when.

    INIT ──init──▶ READY ──begin──▶ OPEN ──commit, abort──▶ READY
                                     │ a record or a request failed
                                     ▼
                                  MUST_ABORT ──abort──▶ READY         FATAL: fenced, no way on

In librdkafka: `rd_kafka_txn_state_t`; in Kafka: `TransactionManager.State`.
Read next: `transactions`.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Final, NamedTuple


class TxnState(Enum):
    """See the picture above; OFF without a transactional id."""

    OFF = "off"
    INIT = "not initialized"
    READY = "ready"
    OPEN = "in a transaction"
    MUST_ABORT = "must abort"
    FATAL = "ended"


S = TxnState
TRANSITIONS: Final[Mapping[S, frozenset[S]]] = {
    S.OFF: frozenset(),
    S.INIT: frozenset({S.READY, S.FATAL}),
    S.READY: frozenset({S.OPEN, S.FATAL}),
    S.OPEN: frozenset({S.READY, S.MUST_ABORT, S.FATAL}),
    S.MUST_ABORT: frozenset({S.READY, S.FATAL}),
    S.FATAL: frozenset(),
}


class Call(Enum):
    """What the application waits for; the values are the names of its calls."""

    INIT = "init_transactions"
    OFFSETS = "send_offsets_to_transaction"
    COMMIT = "commit_transaction"
    ABORT = "abort_transaction"


#: In which states a call makes sense.
LEGAL_CALLS: Final[Mapping[Call, tuple[S, ...]]] = {
    Call.INIT: (S.INIT,),
    Call.OFFSETS: (S.OPEN,),
    Call.COMMIT: (S.OPEN,),
    Call.ABORT: (S.OPEN, S.MUST_ABORT),
}


class What(Enum):
    """A request that is in flight."""

    INIT = "InitProducerId"
    ADD = "AddPartitionsToTxn"
    ADD_OFFSETS = "AddOffsetsToTxn"
    OFFSETS = "TxnOffsetCommit"
    END = "EndTxn"


class Outcome(NamedTuple):
    """How a call ended; error 0: well."""

    error: int = 0
    reason: str = ""
    is_retriable: bool = False
    must_abort: bool = False
    is_fatal: bool = False


class Progress(NamedTuple):
    """How far the records are: all reported; no request with records in flight."""

    is_flushed: bool
    is_drained: bool
    failed: int  # records that failed, ever
    last_error: int
