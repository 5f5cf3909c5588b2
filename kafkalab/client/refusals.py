"""What a producer makes of an error: sent again, given up, or the end of everything.

| error | again? | counts? | may be in the log? |
| --- | --- | --- | --- |
| stale metadata (NOT_LEADER_OR_FOLLOWER, …) | yes, after asking who leads | no | no |
| NOT_ENOUGH_REPLICAS and other retriable ones | yes | yes | no |
| the connection broke, or no answer came | yes, after asking who leads | yes | yes |
| REQUEST_TIMED_OUT, NOT_ENOUGH_REPLICAS_AFTER_APPEND | yes | yes | yes |
| DUPLICATE_SEQUENCE_NUMBER | no: it is there | | |
| OUT_OF_ORDER_SEQUENCE_NUMBER, behind an unacknowledged batch | yes, in order | no | no |
| the same for the next batch, UNKNOWN_PRODUCER_ID | yes, under a new epoch | no | no |
| INVALID_PRODUCER_EPOCH, PRODUCER_FENCED, CLUSTER_AUTHORIZATION_FAILED | no: fatal | | |
| all others (MESSAGE_TOO_LARGE, …) | no | | |

In a transaction nothing is tried under a new epoch: what fails is given up, and the transaction
must be aborted.  With protocol 2 (KIP-890) INVALID_PRODUCER_EPOCH is no more than that.

In Kafka: `Sender.canRetry`, `TransactionManager.canRetry`; in librdkafka:
`rd_kafka_handle_Produce_error`.
"""

from enum import Enum
from typing import Final

from kafkalab.client.errors import TRANSPORT
from kafkalab.errors import RETRIABLE, ErrorCode


class Verdict(Enum):
    """What to do with a batch that has come back."""

    ACKNOWLEDGED = "acknowledged"
    RETRY = "retry"
    FIND_LEADER = "retry, once the leader is known; the try does not count"
    RECONNECT = "retry, once the leader is known"
    WAIT_TURN = "retry, once the batches before it are in"
    NEW_EPOCH = "retry under a new producer epoch"
    GIVE_UP = "give up"
    FATAL = "give up everything"


_STALE: Final = frozenset(
    {
        ErrorCode.NOT_LEADER_OR_FOLLOWER,
        ErrorCode.LEADER_NOT_AVAILABLE,
        ErrorCode.REPLICA_NOT_AVAILABLE,
        ErrorCode.KAFKA_STORAGE_ERROR,
        ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
        ErrorCode.UNKNOWN_TOPIC_ID,
        ErrorCode.INCONSISTENT_TOPIC_ID,
        ErrorCode.FENCED_LEADER_EPOCH,
        ErrorCode.UNKNOWN_LEADER_EPOCH,
    }
)
_FATAL: Final = frozenset(
    {
        ErrorCode.INVALID_PRODUCER_EPOCH,
        ErrorCode.PRODUCER_FENCED,
        ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
    }
)


def verdict(
    error: int, is_idempotent: bool, is_next: bool, transaction_version: int = 0
) -> Verdict:
    """`is_next`: the partition's older batches are all acknowledged or given up.

    `transaction_version` is 0 for a producer without transactions.
    """
    if not error or error == ErrorCode.DUPLICATE_SEQUENCE_NUMBER:
        return Verdict.ACKNOWLEDGED
    if error == TRANSPORT:
        return Verdict.RECONNECT
    if error in _STALE:
        return Verdict.FIND_LEADER
    if is_idempotent:
        if error == ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER and not is_next:
            return Verdict.WAIT_TURN
        if error in (ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, ErrorCode.UNKNOWN_PRODUCER_ID):
            return Verdict.GIVE_UP if transaction_version else Verdict.NEW_EPOCH
        if transaction_version > 1 and error == ErrorCode.INVALID_PRODUCER_EPOCH:
            return Verdict.GIVE_UP
        if error in _FATAL:
            return Verdict.FATAL
    return Verdict.RETRY if error in RETRIABLE else Verdict.GIVE_UP


def counts(decided: Verdict) -> bool:
    """Whether this failure counts against `retries`."""
    return decided in (Verdict.RETRY, Verdict.RECONNECT)
