"""What applications hold: a message, and a topic and partition with an offset.

Both have confluent_kafka's names.  Nodes never keep them: a node hands out frozen `Consumed` and
`Delivery` records, and handles (or apps inside the world) wrap those.

An offset below zero has a meaning: -2 beginning, -1 end, -1000 the committed one, -1001 none.

In confluent_kafka: `Message`, `TopicPartition`, `OFFSET_BEGINNING` …
"""

from dataclasses import dataclass
from typing import Any, Final

from kafkalab.client.errors import KafkaError
from kafkalab.record import Record

OFFSET_BEGINNING: Final = -2
OFFSET_END: Final = -1
OFFSET_STORED: Final = -1000
OFFSET_INVALID: Final = -1001

TIMESTAMP_NOT_AVAILABLE: Final = 0
TIMESTAMP_CREATE_TIME: Final = 1
TIMESTAMP_LOG_APPEND_TIME: Final = 2

Headers = tuple[tuple[str, bytes | None], ...]


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one produced record.  `error` is 0 for success."""

    id: int
    topic: str
    partition: int
    record: Record  # its offset is -1001 if unknown
    error: int = 0
    leader_epoch: int = -1
    latency_ms: int = 0


@dataclass(frozen=True, slots=True)
class Consumed:
    """One record for the application, or (error not 0) something it should know."""

    topic: str
    partition: int
    record: Record
    leader_epoch: int = -1
    is_log_append_time: bool = False
    error: int = 0
    reason: str | None = None


class Message:
    """A record, or an error (`error()` is then not None), as confluent_kafka shows it."""

    __slots__ = (
        "_error",
        "_headers",
        "_key",
        "_latency_ms",
        "_leader_epoch",
        "_offset",
        "_partition",
        "_timestamp",
        "_topic",
        "_value",
    )

    def __init__(self, source: Consumed | Delivery) -> None:
        record = source.record
        self._topic: str | None = source.topic or None
        self._partition = source.partition
        self._offset = record.offset
        self._key: Any = record.key
        self._value: Any = record.value
        self._headers: Any = list(record.headers) or None
        self._leader_epoch = source.leader_epoch
        self._latency_ms: int | None = None
        reason, kind = None, TIMESTAMP_CREATE_TIME
        if isinstance(source, Consumed):
            reason = source.reason
            if source.is_log_append_time:
                kind = TIMESTAMP_LOG_APPEND_TIME
            if source.error and self._value is None and reason:
                self._value = reason.encode()
        else:
            self._latency_ms = source.latency_ms
        self._timestamp = (kind, record.timestamp) if record.timestamp >= 0 else (0, -1)
        self._error = KafkaError(source.error, reason) if source.error else None

    def error(self) -> KafkaError | None:
        """None for a proper message."""
        return self._error

    def topic(self) -> str | None:
        return self._topic

    def partition(self) -> int | None:
        return self._partition if self._partition >= 0 else None

    def offset(self) -> int | None:
        return self._offset if self._offset >= 0 else None

    def key(self) -> Any:
        return self._key

    def value(self) -> Any:
        return self._value

    def headers(self) -> list[tuple[str, bytes | None]] | None:
        """Pairs in order, or None if there are none."""
        headers: list[tuple[str, bytes | None]] | None = self._headers
        return headers

    def timestamp(self) -> tuple[int, int]:
        """(kind, milliseconds); the kind is one of the `TIMESTAMP_…` constants."""
        return self._timestamp

    def leader_epoch(self) -> int | None:
        return self._leader_epoch if self._leader_epoch >= 0 else None

    def latency(self) -> float | None:
        """Seconds from produce() to its acknowledgement; None for consumed messages."""
        return None if self._latency_ms is None else self._latency_ms / 1000

    def set_key(self, value: Any) -> None:
        """For deserializers."""
        self._key = value

    def set_value(self, value: Any) -> None:
        """For deserializers."""
        self._value = value

    def set_headers(self, value: Any) -> None:
        """For deserializers."""
        self._headers = value

    def __len__(self) -> int:
        """Bytes of the value."""
        return len(self._value) if self._value is not None else 0

    def __bool__(self) -> bool:
        return True  # also with an empty value

    def __repr__(self) -> str:
        if self._error is not None:
            return f"Message({self._error})"
        place = f"{self._topic}-{self._partition}@{self._offset}"
        return f"Message({place}, key={self._key!r}, value={self._value!r})"


class TopicPartition:
    """A topic and partition with an offset, metadata and error: what most calls take and give."""

    __slots__ = ("error", "leader_epoch", "metadata", "offset", "partition", "topic")

    def __init__(
        self,
        topic: str,
        partition: int = -1,
        offset: int = OFFSET_INVALID,
        metadata: str | None = None,
        leader_epoch: int | None = None,
    ) -> None:
        if not isinstance(topic, str):
            raise TypeError(f"topic must be str, not {type(topic).__name__}")
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.metadata = metadata
        self.leader_epoch = leader_epoch
        self.error: KafkaError | None = None

    def _key(self) -> tuple[str, int]:
        return (self.topic, self.partition)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TopicPartition) and self._key() == other._key()

    def __lt__(self, other: "TopicPartition") -> bool:
        return self._key() < other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        return (
            f"TopicPartition{{topic={self.topic},partition={self.partition},"
            f"offset={self.offset},"
            f"leader_epoch={self.leader_epoch},error={self.error}}}"
        )
