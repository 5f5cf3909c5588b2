"""A client's configuration: confluent_kafka's dictionary, checked, with librdkafka's defaults.

    ClientConf.producer({"linger.ms": "20", "acks": "all"}, "producer-1")

An option nobody knows is refused with the nearest one that exists; a real one that does nothing
here is refused with what to use instead (its default value is accepted: that asks for nothing).
One that belongs to the other kind of client is refused too; librdkafka only warns.

Differs from librdkafka: `client.id` defaults to the node's name, so pictures can tell clients
apart; `auto.offset.reset` also takes Java's "none"; `partitioner` also takes a function.

Read next: `options`, the tables.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Final

from kafkalab.client.options import (
    ALIASES,
    OPTIONS,
    PARTITIONER,
    UNSUPPORTED,
    UNSUPPORTED_PREFIXES,
)
from kafkalab.client.profiles import check_strategies, consumer_defaults, producer_defaults
from kafkalab.config import Config, ConfigError
from kafkalab.ids import NodeName

_KEYS: Final = {name: option.key for name, option in OPTIONS.items()}
_KINDS: Final = {"P": "producer", "C": "consumer"}
_RESET: Final = {
    **dict.fromkeys(("smallest", "earliest", "beginning"), "earliest"),
    **dict.fromkeys(("largest", "latest", "end"), "latest"),
    **dict.fromkeys(("error", "none"), "error"),
}
_IDEMPOTENT_IN_FLIGHT_MAX: Final = 5
#: KIP-848 leaves these to the brokers: group.consumer.session.timeout.ms and its like.
_CLASSIC_ONLY: Final = (
    "session.timeout.ms",
    "heartbeat.interval.ms",
    "partition.assignment.strategy",
)
_STICKY: Final = "sticky.partitioning.linger.ms"
_ALWAYS_CREATES: Final = {"allow.auto.create.topics": True}  # librdkafka's producers do


def producer_conf(given: Mapping[str, Any], name: NodeName) -> Config:
    """Raises `ConfigError`.  The partitioner is not in it: see `partitioners.partitioner_of`."""
    values = _checked(given, "P")
    values.setdefault("client.id", name)
    conf = Config(_KEYS, {**_ALWAYS_CREATES, **producer_defaults(values), **values})
    if _STICKY not in values and _STICKY not in producer_defaults(values):
        conf = conf.with_({_STICKY: min(2 * conf.int("linger.ms"), 900_000)})
    if conf["acks"] not in (-1, 0, 1):
        raise ConfigError(f"acks must be all, 0 or 1, not {conf['acks']}")
    if conf["transactional.id"]:
        conf = _transactional(conf, values)
    return _idempotent(conf, values) if conf["enable.idempotence"] else conf


def consumer_conf(given: Mapping[str, Any], name: NodeName) -> Config:
    """Raises `ConfigError`; `auto.offset.reset` is reduced to earliest, latest or error."""
    values = _checked(given, "C")
    values.setdefault("client.id", name)
    conf = Config(_KEYS, {**consumer_defaults(values), **values})
    if not conf["group.id"]:
        raise ConfigError("group.id must be set (any text: consumers with the same one share)")
    if conf["group.protocol"] == "consumer":
        for name in _CLASSIC_ONLY:
            if name in values:
                reason = "with group.protocol=consumer that is the coordinator's to say"
                raise ConfigError(f"{name}: {reason}; leave it out")
    elif conf["max.poll.interval.ms"] < conf["session.timeout.ms"]:
        raise ConfigError("max.poll.interval.ms must be at least session.timeout.ms")
    else:
        check_strategies(conf)
    return conf.with_({"auto.offset.reset": _RESET[conf["auto.offset.reset"]]})


def admin_conf(given: Mapping[str, Any], name: NodeName) -> Config:
    """Raises `ConfigError`.  As librdkafka's admin clients, a producer that sends no records."""
    return producer_conf(given, name)


def known_keys(kind: str) -> frozenset[str]:
    """The options, aliases too, that a "producer", "consumer" or "admin" takes."""
    letter = "C" if kind == "consumer" else "P"
    known = {name for name, option in OPTIONS.items() if letter in option.clients}
    known |= {alias for alias, name in ALIASES.items() if name in known}
    return frozenset(known | ({PARTITIONER} if letter == "P" else set()))


def bootstrap_hosts(servers: str) -> tuple[str, ...]:
    """The hosts of `broker-1:9092,broker-2:9092`; ports mean nothing in a simulation."""
    return tuple(
        host
        for part in servers.split(",")
        if (host := part.strip().rpartition(":")[0] or part.strip())
    )


def _checked(given: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """The supported options of `given` under their own names, in range."""
    values: dict[str, Any] = {}
    for alias, value in given.items():
        name = ALIASES.get(alias, alias)
        if name == PARTITIONER and kind == "P":
            continue
        option = OPTIONS.get(name)
        if option is None:
            _refuse_unless_default(alias, value)
            continue
        if kind not in option.clients:
            raise ConfigError(
                f"{alias} belongs to a {_KINDS[option.clients]}, not to a "
                f"{_KINDS[kind]}: leave it out"
            )
        values[name] = -1 if name == "acks" and str(value).lower() == "all" else value
    conf = Config(_KEYS, values)
    for name in values:
        high = OPTIONS[name].high
        if high is not None and conf[name] is not None and conf[name] > high:
            raise ConfigError(f"{name} must be at most {high}, not {conf[name]}")
    return values


def _refuse_unless_default(name: str, value: Any) -> None:
    known = UNSUPPORTED.get(name)
    if known is not None:
        if known.default is not None and str(value).lower() == known.default:
            return
        raise ConfigError(f"{name} is not supported here: {known.advice}")
    for prefix, advice in UNSUPPORTED_PREFIXES.items():
        if name.startswith((f"{prefix}.", f"{prefix}_")):
            raise ConfigError(f"{name} is not supported here: {advice}")
    near = get_close_matches(name, [*OPTIONS, *ALIASES, PARTITIONER, *UNSUPPORTED], n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise ConfigError(f"unknown configuration {name!r}{hint}")


def _transactional(conf: Config, values: Mapping[str, Any]) -> Config:
    """A transactional producer is idempotent; no record may outlive its transaction."""
    if "enable.idempotence" in values and not conf["enable.idempotence"]:
        raise ConfigError("transactional.id needs enable.idempotence: leave that out")
    timeout_ms = conf.int("transaction.timeout.ms")
    message_ms = conf.int("message.timeout.ms")
    if "message.timeout.ms" in values and (message_ms > timeout_ms or not message_ms):
        raise ConfigError("message.timeout.ms must not be more than transaction.timeout.ms")
    return conf.with_(
        {"enable.idempotence": True, "message.timeout.ms": min(message_ms, timeout_ms)}
    )


def _idempotent(conf: Config, values: Mapping[str, Any]) -> Config:
    """Idempotence needs acks=all, retries and at most five requests in flight."""
    in_flight = "max.in.flight.requests.per.connection"
    if "acks" in values and conf["acks"] != -1:
        raise ConfigError("enable.idempotence needs acks=all: set acks to all, or leave it out")
    if "retries" in values and conf["retries"] < 1:
        raise ConfigError("enable.idempotence needs retries >= 1: leave retries out")
    if in_flight in values and conf[in_flight] > _IDEMPOTENT_IN_FLIGHT_MAX:
        raise ConfigError(f"enable.idempotence needs {in_flight} <= {_IDEMPOTENT_IN_FLIGHT_MAX}")
    return conf.with_({"acks": -1, in_flight: min(conf[in_flight], _IDEMPOTENT_IN_FLIGHT_MAX)})
