"""Errors as confluent_kafka shows them: `KafkaError` with librdkafka's codes, and its exception.

Codes >= 0 are the brokers' (`kafkalab.errors.ErrorCode`), some under older names; negative ones
are the client's own, and their names begin with an underscore: `KafkaError._MSG_TIMED_OUT`.

    if message.error().code() == KafkaError._PARTITION_EOF: ...

Nodes keep bare codes; handles and apps show them as `KafkaError`.  Every code is an attribute of
the class.  `kafkalab.errors.KafkaError` is another thing: an exception inside brokers.
"""

import builtins
from typing import ClassVar, Final

from kafkalab.errors import ErrorCode

#: Client-side codes: number -> (name without its underscore, words).
LOCAL: Final[dict[int, tuple[str, str]]] = {
    -199: ("BAD_MSG", "Bad message format"),
    -198: ("BAD_COMPRESSION", "Invalid compressed data"),
    -197: ("DESTROY", "Broker handle destroyed for termination"),
    -196: ("FAIL", "Communication failure with broker"),
    -195: ("TRANSPORT", "Broker transport failure"),
    -193: ("RESOLVE", "Host resolution failure"),
    -192: ("MSG_TIMED_OUT", "Message timed out"),
    -191: ("PARTITION_EOF", "No more messages"),
    -190: ("UNKNOWN_PARTITION", "Unknown partition"),
    -188: ("UNKNOWN_TOPIC", "Unknown topic"),
    -187: ("ALL_BROKERS_DOWN", "All broker connections are down"),
    -186: ("INVALID_ARG", "Invalid argument or configuration"),
    -185: ("TIMED_OUT", "Timed out"),
    -184: ("QUEUE_FULL", "Queue full"),
    -180: ("WAIT_COORD", "Waiting for coordinator"),
    -179: ("UNKNOWN_GROUP", "Unknown group"),
    -178: ("IN_PROGRESS", "Operation in progress"),
    -177: ("PREV_IN_PROGRESS", "Previous operation in progress"),
    -175: ("ASSIGN_PARTITIONS", "Assign partitions"),
    -174: ("REVOKE_PARTITIONS", "Revoke partitions"),
    -173: ("CONFLICT", "Conflicting use"),
    -172: ("STATE", "Erroneous state"),
    -170: ("NOT_IMPLEMENTED", "Not implemented"),
    -168: ("NO_OFFSET", "No offset stored"),
    -167: ("OUTDATED", "Outdated"),
    -165: ("UNSUPPORTED_FEATURE", "Required feature not supported by broker"),
    -162: ("KEY_SERIALIZATION", "Key serialization error"),
    -161: ("VALUE_SERIALIZATION", "Value serialization error"),
    -160: ("KEY_DESERIALIZATION", "Key deserialization error"),
    -159: ("VALUE_DESERIALIZATION", "Value deserialization error"),
    -158: ("PARTIAL", "Partial response"),
    -153: ("RETRY", "Retry operation"),
    -152: ("PURGE_QUEUE", "Purged in queue"),
    -151: ("PURGE_INFLIGHT", "Purged in flight"),
    -150: ("FATAL", "Fatal error"),
    -147: ("MAX_POLL_EXCEEDED", "Application poll interval (max.poll.interval.ms) exceeded"),
    -144: ("FENCED", "This instance has been fenced by a newer instance"),
    -142: ("ASSIGNMENT_LOST", "Group partition assignment lost"),
    -140: ("AUTO_OFFSET_RESET", "No offset to automatically reset to"),
    -139: ("LOG_TRUNCATION", "Partition log truncation detected"),
}

#: Brokers' codes that librdkafka knows by another name than Kafka does.
_OLDER_NAMES: Final[dict[int, str]] = {
    ErrorCode.UNKNOWN_SERVER_ERROR: "UNKNOWN",
    ErrorCode.NONE: "NO_ERROR",
    ErrorCode.CORRUPT_MESSAGE: "INVALID_MSG",
    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION: "UNKNOWN_TOPIC_OR_PART",
    ErrorCode.INVALID_FETCH_SIZE: "INVALID_MSG_SIZE",
    ErrorCode.NOT_LEADER_OR_FOLLOWER: "NOT_LEADER_FOR_PARTITION",
    ErrorCode.MESSAGE_TOO_LARGE: "MSG_SIZE_TOO_LARGE",
    ErrorCode.STALE_CONTROLLER_EPOCH: "STALE_CTRL_EPOCH",
    ErrorCode.INVALID_TOPIC_EXCEPTION: "TOPIC_EXCEPTION",
}
_UNNAMED: Final = {23: "INCONSISTENT_GROUP_PROTOCOL", 26: "INVALID_SESSION_TIMEOUT"}

_NAMES: Final[dict[int, str]] = {
    **{number: f"_{name}" for number, (name, _) in LOCAL.items()},
    **_UNNAMED,
    **{int(code): code.name for code in ErrorCode},
    **{int(code): name for code, name in _OLDER_NAMES.items()},
}
_NUMBERS: Final = {name: number for number, name in _NAMES.items()}

TRANSPORT: Final = -195
MSG_TIMED_OUT: Final = -192
PARTITION_EOF: Final = -191
UNKNOWN_PARTITION: Final = -190
UNKNOWN_TOPIC: Final = -188
INVALID_ARG: Final = -186
TIMED_OUT: Final = -185
QUEUE_FULL: Final = -184
STATE: Final = -172
NO_OFFSET: Final = -168
PURGE_QUEUE: Final = -152
PURGE_INFLIGHT: Final = -151
FATAL: Final = -150
MAX_POLL_EXCEEDED: Final = -147
PREV_IN_PROGRESS: Final = -177
FENCED: Final = -144
ASSIGNMENT_LOST: Final = -142
AUTO_OFFSET_RESET: Final = -140


def words(code: int) -> str:
    """`Broker: Not leader for partition`, `Local: Queue full`."""
    if code == 0:
        return "Success"
    if code in LOCAL:
        source = "Broker" if code == PARTITION_EOF else "Local"
        return f"{source}: {LOCAL[code][1]}"
    return "Broker: " + _NAMES.get(code, f"ERROR_{code}").replace("_", " ").capitalize()


class KafkaError:
    """What went wrong, as data; `KafkaException` is raised with it."""

    __slots__ = ("_code", "_fatal", "_reason", "_retriable", "_txn_requires_abort")

    # Every other code is set below the class; these are for type checkers and readers.
    _PARTITION_EOF: ClassVar[int]
    _MSG_TIMED_OUT: ClassVar[int]
    _MAX_POLL_EXCEEDED: ClassVar[int]
    _QUEUE_FULL: ClassVar[int]
    _NO_OFFSET: ClassVar[int]
    _ALL_BROKERS_DOWN: ClassVar[int]

    def __init__(
        self,
        error: int,
        reason: str | None = None,
        fatal: bool = False,
        retriable: bool = False,
        txn_requires_abort: bool = False,
    ) -> None:
        self._code = int(error)
        self._reason = reason
        self._fatal = fatal
        self._retriable = retriable
        self._txn_requires_abort = txn_requires_abort

    def code(self) -> int:
        """The number; compare with `KafkaError._PARTITION_EOF` and the like."""
        return self._code

    def name(self) -> str:
        """`_QUEUE_FULL`, `UNKNOWN_TOPIC_OR_PART`."""
        return _NAMES.get(self._code, f"ERR_{self._code}")

    def str(self) -> str:
        """In words."""
        return self._reason or words(self._code)

    def fatal(self) -> bool:
        """Whether the client can do nothing any more."""
        return self._fatal

    def retriable(self) -> bool:
        """Whether the same call may succeed later."""
        return self._retriable

    def txn_requires_abort(self) -> bool:
        """Whether the transaction must be aborted, and can then be tried again."""
        return self._txn_requires_abort

    def __repr__(self) -> builtins.str:
        return f'KafkaError{{code={self.name()},val={self._code},str="{self.str()}"}}'

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        if isinstance(other, KafkaError):
            return self._code == other._code
        return self._code == other if isinstance(other, int) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._code)

    def __bool__(self) -> bool:
        return True


for _name, _number in _NUMBERS.items():
    setattr(KafkaError, _name, _number)


class KafkaException(Exception):
    """Raised with a `KafkaError` as its first argument, as confluent_kafka does."""


def failure(
    code: int,
    reason: str | None = None,
    *,
    fatal: bool = False,
    retriable: bool = False,
    txn_requires_abort: bool = False,
) -> KafkaException:
    """The exception for a code."""
    return KafkaException(KafkaError(code, reason, fatal, retriable, txn_requires_abort))
