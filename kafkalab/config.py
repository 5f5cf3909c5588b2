"""Configuration by Kafka's own keys, with Kafka's defaults and, in one place, the lab's.

A `Config` is an immutable mapping.  Topics look a key up in their own settings, then in the
broker's (under the broker's name for it, such as `log.retention.ms`), then in the default.  A
key nobody knows is refused with the nearest one that exists.

`LAB_DEFAULTS` is the list of defaults that differ from Kafka's, and why; the lab says so on
screen where it matters.

In Kafka: `TopicConfig`, `LogConfig`, `ServerLogConfigs`, `ReplicationConfigs`,
`GroupCoordinatorConfig` (4.3.1).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum
from typing import Any, Final

from kafkalab.errors import LearnerError

DAY_MS: Final = 24 * 60 * 60 * 1000


class Type(Enum):
    """How a value is read from text; the names are Kafka's `ConfigDef.Type`."""

    BOOLEAN = "boolean"
    INT = "int"
    LONG = "long"
    DOUBLE = "double"
    STRING = "string"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class Key:
    """One configuration key.  `broker_key` is what a topic key is called on the broker."""

    name: str
    type: Type
    default: Any
    low: int | None = None
    choices: tuple[str, ...] = ()
    broker_key: str | None = None
    dynamic: bool = False  # may be changed while the broker runs


class ConfigError(LearnerError, ValueError):
    """An unknown key or a value that does not fit; says what would."""


def _keys(*keys: Key) -> dict[str, Key]:
    return {key.name: key for key in keys}


_I, _L, _B, _S, _D, _LIST = Type.INT, Type.LONG, Type.BOOLEAN, Type.STRING, Type.DOUBLE, Type.LIST
_COMPRESSIONS = ("uncompressed", "zstd", "lz4", "snappy", "gzip", "producer")

TOPIC_KEYS: Final[Mapping[str, Key]] = _keys(
    Key(
        "cleanup.policy",
        _LIST,
        "delete",
        choices=("compact", "delete"),
        broker_key="log.cleanup.policy",
    ),
    Key("compression.type", _S, "producer", choices=_COMPRESSIONS, broker_key="compression.type"),
    Key("delete.retention.ms", _L, DAY_MS, 0, broker_key="log.cleaner.delete.retention.ms"),
    Key("file.delete.delay.ms", _L, 60_000, 0, broker_key="log.segment.delete.delay.ms"),
    Key("flush.messages", _L, (1 << 63) - 1, 1, broker_key="log.flush.interval.messages"),
    Key("flush.ms", _L, (1 << 63) - 1, 0, broker_key="log.flush.interval.ms"),
    Key("index.interval.bytes", _I, 4096, 0, broker_key="log.index.interval.bytes"),
    Key(
        "max.compaction.lag.ms",
        _L,
        (1 << 63) - 1,
        1,
        broker_key="log.cleaner.max.compaction.lag.ms",
    ),
    Key("max.message.bytes", _I, 1_048_588, 0, broker_key="message.max.bytes"),
    Key(
        "message.timestamp.after.max.ms",
        _L,
        3_600_000,
        0,
        broker_key="log.message.timestamp.after.max.ms",
    ),
    Key(
        "message.timestamp.before.max.ms",
        _L,
        (1 << 63) - 1,
        0,
        broker_key="log.message.timestamp.before.max.ms",
    ),
    Key(
        "message.timestamp.type",
        _S,
        "CreateTime",
        choices=("CreateTime", "LogAppendTime"),
        broker_key="log.message.timestamp.type",
    ),
    Key("min.cleanable.dirty.ratio", _D, 0.5, 0, broker_key="log.cleaner.min.cleanable.ratio"),
    Key("min.compaction.lag.ms", _L, 0, 0, broker_key="log.cleaner.min.compaction.lag.ms"),
    Key("min.insync.replicas", _I, 1, 1, broker_key="min.insync.replicas"),
    Key("retention.bytes", _L, -1, -1, broker_key="log.retention.bytes"),
    Key("retention.ms", _L, 7 * DAY_MS, -1, broker_key="log.retention.ms"),
    Key("segment.bytes", _I, 1 << 30, 14, broker_key="log.segment.bytes"),
    Key("segment.ms", _L, 7 * DAY_MS, 1, broker_key="log.roll.ms"),
    Key(
        "unclean.leader.election.enable",
        _B,
        False,
        broker_key="unclean.leader.election.enable",
    ),
)

BROKER_KEYS: Final[Mapping[str, Key]] = _keys(
    *(
        Key(key.broker_key, key.type, key.default, key.low, key.choices, dynamic=True)
        for key in TOPIC_KEYS.values()
        if key.broker_key is not None
    ),
    # topics
    Key("auto.create.topics.enable", _B, True),
    Key("num.partitions", _I, 1, 1),
    Key("default.replication.factor", _I, 1, 1),
    # requests
    Key("socket.request.max.bytes", _I, 104_857_600, 1),
    Key("max.connections", _I, (1 << 31) - 1, 0),
    Key("request.timeout.ms", _I, 30_000, 1),
    # replication
    Key("replica.lag.time.max.ms", _L, 30_000, 1),
    Key("replica.fetch.wait.max.ms", _I, 500, 1),
    Key("replica.fetch.min.bytes", _I, 1, 0),
    Key("replica.fetch.max.bytes", _I, 1 << 20, 0),
    Key("replica.fetch.response.max.bytes", _I, 10 << 20, 0),
    Key("replica.fetch.backoff.ms", _I, 1_000, 0),
    Key("replica.high.watermark.checkpoint.interval.ms", _L, 5_000, 1),
    Key("log.retention.check.interval.ms", _L, 300_000, 1),
    Key("log.cleaner.backoff.ms", _L, 15_000, 0),
    Key("log.flush.scheduler.interval.ms", _L, (1 << 63) - 1, 1),
    Key("max.incremental.fetch.session.cache.slots", _I, 1_000, 0),
    Key("fetch.max.bytes", _I, 55 << 20, 1024),
    # the controller, and the brokers' life
    Key("broker.heartbeat.interval.ms", _I, 2_000, 1),
    Key("broker.session.timeout.ms", _I, 9_000, 1),
    Key("controller.quorum.election.timeout.ms", _I, 1_000, 1),
    Key("controller.quorum.fetch.timeout.ms", _I, 2_000, 1),
    Key("controller.quorum.election.backoff.max.ms", _I, 1_000, 0),
    Key("controller.quorum.request.timeout.ms", _I, 2_000, 1),
    Key("controller.quorum.retry.backoff.ms", _I, 20, 0),
    Key("controller.quorum.fetch.max.bytes", _I, 1 << 20, 1),
    Key("controller.quorum.fetch.snapshot.max.bytes", _I, 1 << 20, 1),
    Key("metadata.log.max.record.bytes.between.snapshots", _L, 20 << 20, 1),
    Key("metadata.log.max.snapshot.interval.ms", _L, 3_600_000, 0),
    Key("metadata.log.segment.bytes", _I, 1 << 30, 14),
    Key("metadata.max.retention.bytes", _L, 100 << 20),
    Key("metadata.max.retention.ms", _L, 7 * DAY_MS),
    Key("metadata.max.idle.interval.ms", _I, 500, 0),
    Key("controlled.shutdown.enable", _B, True),
    Key("broker.rack", _S, None),
    Key("auto.leader.rebalance.enable", _B, True),
    Key("leader.imbalance.check.interval.seconds", _L, 300, 1),
    Key("unclean.leader.election.interval.ms", _L, 300_000, 1),
    # groups
    Key("group.initial.rebalance.delay.ms", _I, 3_000, 0),
    Key("group.min.session.timeout.ms", _I, 6_000, 1),
    Key("group.max.session.timeout.ms", _I, 1_800_000, 1),
    Key("group.max.size", _I, (1 << 31) - 1, 1),
    # of consumer groups (KIP-848)
    Key("group.consumer.session.timeout.ms", _I, 45_000, 1),
    Key("group.consumer.heartbeat.interval.ms", _I, 5_000, 1),
    Key("group.consumer.max.size", _I, (1 << 31) - 1, 1),
    Key("group.consumer.assignment.interval.ms", _I, 1_000, 0),
    Key("group.consumer.regex.refresh.interval.ms", _I, 600_000, 10_000),
    # offsets
    Key("offset.metadata.max.bytes", _I, 4096, 1),
    Key("offsets.commit.timeout.ms", _I, 5_000, 1),
    Key("offsets.retention.minutes", _I, 7 * 24 * 60, 1),
    Key("offsets.retention.check.interval.ms", _L, 600_000, 1),
    Key("offsets.topic.num.partitions", _I, 50, 1),
    Key("offsets.topic.replication.factor", _I, 3, 1),
    Key("offsets.topic.segment.bytes", _I, 100 << 20, 1),
    # transactions and idempotence
    Key("producer.id.expiration.ms", _I, DAY_MS, 1),
    Key("producer.id.expiration.check.interval.ms", _I, 600_000, 1),
    Key("transaction.partition.verification.enable", _B, True),
    Key("transaction.abort.timed.out.transaction.cleanup.interval.ms", _I, 10_000, 1),
    Key("transaction.remove.expired.transaction.cleanup.interval.ms", _I, 3_600_000, 1),
    Key("transactional.id.expiration.ms", _I, 7 * DAY_MS, 1),
    Key("add.partitions.to.txn.retry.backoff.ms", _I, 20, 1),
    Key("add.partitions.to.txn.retry.backoff.max.ms", _I, 100, 0),
    Key("transaction.state.log.segment.bytes", _I, 100 << 20, 1),
    Key("transaction.state.log.num.partitions", _I, 50, 1),
    Key("transaction.state.log.replication.factor", _I, 3, 1),
    Key("transaction.state.log.min.isr", _I, 2, 1),
    Key("transaction.max.timeout.ms", _I, 900_000, 1),
)

#: What a live cluster's logs in memory may hold, for each broker; then the oldest segments go.
MEMORY_BYTES_MAX: Final = 256 << 20

#: What the lab sets otherwise than Kafka, and why.
LAB_DEFAULTS: Final[Mapping[str, tuple[Any, str]]] = {
    "offsets.topic.num.partitions": (3, "fifty would crowd every picture of a small cluster"),
    "transaction.state.log.num.partitions": (
        3,
        "fifty would crowd every picture of a small cluster",
    ),
    "controller.quorum.retry.backoff.ms": (
        100,
        "twenty would fill a trace with attempts on a controller that has crashed",
    ),
    "log.message.timestamp.after.max.ms": (
        (1 << 63) - 1,
        "records may be dated by your wall clock while the cluster's time is virtual",
    ),
    "max.connections": (1_000, "one notebook process serves them all"),
}


class Config(Mapping[str, Any]):
    """Immutable settings for a table of keys; absent ones have their default.

    `Config(BROKER_KEYS, {"num.partitions": "3"})` raises `ConfigError` for what does not fit.
    """

    __slots__ = ("_keys", "_values")

    def __init__(self, keys: Mapping[str, Key], values: Mapping[str, Any] | None = None) -> None:
        self._keys = keys
        self._values = {name: read(keys, name, value) for name, value in (values or {}).items()}

    def __getitem__(self, name: str) -> Any:
        if name in self._values:
            return self._values[name]
        return self._keys[name].default

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def int(self, name: str) -> int:
        values = self._values  # written out: asked for all the time
        value = values[name] if name in values else self._keys[name].default
        assert isinstance(value, int), (name, value)
        return value

    def bool(self, name: str) -> bool:
        value = self[name]
        assert isinstance(value, bool), (name, value)
        return value

    def text(self, name: str) -> str:
        return str(self[name])

    @property
    def changed(self) -> Mapping[str, Any]:
        """Only what was set."""
        return self._values

    def with_(self, values: Mapping[str, Any]) -> "Config":
        """A copy with more settings."""
        return Config(self._keys, {**self._values, **values})


def broker_config(values: Mapping[str, Any] | None = None) -> Config:
    """A broker's or controller's settings: the lab's defaults, then `values`."""
    lab = {name: value for name, (value, _) in LAB_DEFAULTS.items()}
    return Config(BROKER_KEYS, {**lab, **(values or {})})


def topic_config(broker: Config, values: Mapping[str, Any] | None = None) -> Config:
    """A topic's settings: what the broker says under its own keys, then `values`."""
    inherited = {
        key.name: broker[key.broker_key]
        for key in TOPIC_KEYS.values()
        if key.broker_key is not None and key.broker_key in broker.changed
    }
    return Config(TOPIC_KEYS, {**inherited, **(values or {})})


def read(keys: Mapping[str, Key], name: str, value: Any) -> Any:
    """One value, checked and in its type; text is read as Kafka reads it."""
    key = keys.get(name)
    if key is None:
        near = get_close_matches(name, keys, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ConfigError(f"unknown configuration {name!r}{hint}")
    if value is None:
        return key.default
    try:
        typed = _READERS[key.type](value)
    except (TypeError, ValueError):
        raise ConfigError(f"{name} must be of type {key.type.value}, not {value!r}") from None
    if key.low is not None and isinstance(typed, int | float) and typed < key.low:
        raise ConfigError(f"{name} must be at least {key.low}, not {typed}")
    chosen = typed.split(",") if key.type is Type.LIST else [typed]
    if key.choices and not all(one.strip() in key.choices for one in chosen):
        raise ConfigError(f"{name} must be one of {', '.join(key.choices)}, not {typed!r}")
    return typed


def _whole(value: Any) -> int:
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise ValueError(value)
    return int(value)


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    words = {"true": True, "false": False}
    return (
        words[str(value).strip().lower()] if str(value).strip().lower() in words else _refuse(value)
    )


def _refuse(value: Any) -> bool:
    raise ValueError(value)


_READERS: Final[Mapping[Type, Any]] = {
    Type.BOOLEAN: _boolean,
    Type.INT: _whole,
    Type.LONG: _whole,
    Type.DOUBLE: float,
    Type.STRING: str,
    Type.LIST: str,
}
