"""The options of confluent_kafka that the simulated clients know: names, types, defaults, ranges.

Facts of librdkafka 2.x (its CONFIGURATION page).  An option stands in one of two tables: those
that do something here, and those that do not, each with what to use instead.

Read next: `conf`, which checks a learner's dictionary against both.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from kafkalab.client.profiles import LIBRDKAFKA, PROFILE, PROFILES
from kafkalab.config import Key, Type

INT32_MAX: Final = (1 << 31) - 1

_PLAINTEXT = "the lab's listeners are plaintext: leave it out"
_NO_SOCKET = "the lab has no sockets, DNS or threads of its own: leave it out"
_NO_LOG = "the engine does not log: look at sim.trace, or at the bench"
_CALLBACK = "use the on_delivery argument of produce(), or message.error() after poll()"
_BOTH, _PRODUCER, _CONSUMER = "PC", "P", "C"


class Option(NamedTuple):
    """One option: how its value is read, the largest legal one, and which clients have it."""

    key: Key
    high: int | None = None
    clients: str = _BOTH


class Unsupported(NamedTuple):
    """A real option that does nothing here: `default` is accepted, `advice` says what to use."""

    advice: str
    default: str | None = None


def _whole(name: str, default: int, low: int, high: int, clients: str = _BOTH) -> Option:
    return Option(Key(name, Type.INT, default, low), high, clients)


def _boolean(name: str, default: bool, clients: str = _BOTH) -> Option:
    return Option(Key(name, Type.BOOLEAN, default), None, clients)


def _text(
    name: str, default: str | None, clients: str = _BOTH, choices: tuple[str, ...] = ()
) -> Option:
    return Option(Key(name, Type.STRING, default, choices=choices), None, clients)


_P, _C = _PRODUCER, _CONSUMER
_ALL: Final = (
    # both
    _text("client.id", None),  # the lab: the node's name; librdkafka says "rdkafka" for all
    _text("bootstrap.servers", None),
    _text("client.rack", ""),
    _text(PROFILE, LIBRDKAFKA, choices=PROFILES),  # the lab's own
    _whole("message.max.bytes", 1_000_000, 1_000, 1_000_000_000),
    _whole("max.in.flight.requests.per.connection", 1_000_000, 1, 1_000_000),
    _whole("topic.metadata.refresh.interval.ms", 300_000, -1, 3_600_000),
    _whole("topic.metadata.refresh.fast.interval.ms", 100, 1, 60_000),
    _whole("topic.metadata.propagation.max.ms", 30_000, 0, 3_600_000),
    _whole("socket.timeout.ms", 60_000, 10, 300_000),
    _whole("socket.connection.setup.timeout.ms", 30_000, 1_000, INT32_MAX),
    _whole("reconnect.backoff.ms", 100, 0, 3_600_000),
    _whole("reconnect.backoff.max.ms", 10_000, 0, 3_600_000),
    _whole("retry.backoff.ms", 100, 1, 300_000),
    _whole("retry.backoff.max.ms", 1_000, 1, 300_000),
    _boolean("allow.auto.create.topics", False),
    # producers
    _boolean("enable.idempotence", False, _P),
    _text("transactional.id", None, _P),
    _whole("transaction.timeout.ms", 60_000, 1_000, INT32_MAX, _P),
    # the lab's own: 1 as librdkafka, 2 as Java clients of 4.x (KIP-890)
    _whole("lab.transaction.version", 1, 1, 2, _P),
    _whole("queue.buffering.max.messages", 100_000, 0, INT32_MAX, _P),
    _whole("queue.buffering.max.kbytes", 1_048_576, 1, INT32_MAX, _P),
    _whole("linger.ms", 5, 0, 900_000, _P),
    _whole("retries", INT32_MAX, 0, INT32_MAX, _P),
    _whole("batch.num.messages", 10_000, 1, 1_000_000, _P),
    _whole("batch.size", 1_000_000, 1, INT32_MAX, _P),
    _whole("sticky.partitioning.linger.ms", 10, 0, 900_000, _P),
    _text("compression.type", "none", _P, ("none", "gzip", "snappy", "lz4", "zstd")),
    _whole("acks", -1, -1, 1_000, _P),
    _whole("request.timeout.ms", 30_000, 1, 900_000, _P),
    _whole("message.timeout.ms", 300_000, 0, INT32_MAX, _P),
    _boolean("delivery.report.only.error", False, _P),
    # consumers
    _text("group.id", None, _C),
    _text("group.instance.id", None, _C),
    _text("group.protocol", "classic", _C, ("classic", "consumer")),
    _text("group.remote.assignor", None, _C),
    _text("partition.assignment.strategy", "range,roundrobin", _C),
    _whole("session.timeout.ms", 45_000, 1, 3_600_000, _C),
    _whole("heartbeat.interval.ms", 3_000, 1, 3_600_000, _C),
    _whole("max.poll.interval.ms", 300_000, 1, 86_400_000, _C),
    _boolean("enable.auto.commit", True, _C),
    _whole("auto.commit.interval.ms", 5_000, 0, 86_400_000, _C),
    _boolean("enable.auto.offset.store", True, _C),
    _whole("queued.min.messages", 100_000, 1, 10_000_000, _C),
    _whole("queued.max.messages.kbytes", 65_536, 1, 2_097_151, _C),
    _whole("fetch.wait.max.ms", 500, 0, 300_000, _C),
    _whole("fetch.queue.backoff.ms", 1_000, 0, 300_000, _C),
    _whole("max.partition.fetch.bytes", 1_048_576, 1, 1_000_000_000, _C),
    _whole("fetch.max.bytes", 52_428_800, 0, INT32_MAX - 512, _C),
    _whole("fetch.min.bytes", 1, 0, INT32_MAX, _C),
    _whole("fetch.error.backoff.ms", 500, 0, 300_000, _C),
    _text("isolation.level", "read_committed", _C, ("read_committed", "read_uncommitted")),
    _boolean("enable.partition.eof", False, _C),
    _boolean("check.crcs", False, _C),
    # "none" is Java's word for "error"; librdkafka does not know it, the subject's page does
    _text(
        "auto.offset.reset",
        "largest",
        _C,
        ("smallest", "earliest", "beginning", "largest", "latest", "end", "error", "none"),
    ),
)

OPTIONS: Final[Mapping[str, Option]] = {option.key.name: option for option in _ALL}

PARTITIONER: Final = "partitioner"  # a name, or here also a function: read by `partitioners`

ALIASES: Final[Mapping[str, str]] = {
    "metadata.broker.list": "bootstrap.servers",
    "max.in.flight": "max.in.flight.requests.per.connection",
    "queue.buffering.max.ms": "linger.ms",
    "message.send.max.retries": "retries",
    "compression.codec": "compression.type",
    "request.required.acks": "acks",
    "delivery.timeout.ms": "message.timeout.ms",
    "fetch.message.max.bytes": "max.partition.fetch.bytes",
    "auto.commit.enable": "enable.auto.commit",
}

_U = Unsupported
UNSUPPORTED: Final[Mapping[str, Unsupported]] = {
    "security.protocol": _U(_PLAINTEXT, "plaintext"),
    "enable.gapless.guarantee": _U("handle errors in on_delivery instead", "false"),
    "queuing.strategy": _U("records are sent in the order of produce()", "fifo"),
    "queue.buffering.backpressure.threshold": _U("use linger.ms and batch.size", "1"),
    "compression.level": _U("every codec uses its own default level", "-1"),
    "produce.offset.report": _U("offsets are always reported: leave it out"),
    "group.protocol.type": _U("the protocol of consumers is fixed", "consumer"),
    "coordinator.query.interval.ms": _U("the coordinator is asked for when it moves", "600000"),
    "offset.store.method": _U("offsets are kept by the brokers: leave it out", "broker"),
    "offset.store.path": _U("offsets are kept by the brokers: leave it out"),
    "offset.store.sync.interval.ms": _U("offsets are kept by the brokers: leave it out", "-1"),
    "consume.callback.max.messages": _U("use consume(num_messages)", "0"),
    "max.poll.records": _U("for share consumers only: use consume(num_messages)", "500"),
    "share.acknowledgement.mode": _U("there are no share consumers in this release"),
    "metadata.recovery.strategy": _U("rebootstrapping is built in", "rebootstrap"),
    "metadata.recovery.rebootstrap.trigger.ms": _U("rebootstrapping is built in", "300000"),
    "metadata.max.age.ms": _U("use topic.metadata.refresh.interval.ms", "900000"),
    "topic.metadata.refresh.fast.cnt": _U("no longer used by librdkafka either: leave it out"),
    "topic.metadata.refresh.sparse": _U("only the topics in use are asked for", "true"),
    "topic.blacklist": _U("subscribe to what you want to read"),
    "receive.message.max.bytes": _U("use fetch.max.bytes", "100000000"),
    "message.copy.max.bytes": _U(_NO_SOCKET, "65535"),
    "connections.max.idle.ms": _U("connections stay open", "0"),
    "plugin.library.paths": _U("there are no plugins: leave it out"),
    "debug": _U(_NO_LOG),
    "statistics.interval.ms": _U(_NO_LOG, "0"),
    "enable.metrics.push": _U("brokers here take no client metrics: leave it out", "true"),
    **dict.fromkeys(
        ("error_cb", "stats_cb", "throttle_cb", "dr_cb", "dr_msg_cb", "background_event_cb"),
        _U(_CALLBACK),
    ),
    **dict.fromkeys(("consume_cb", "rebalance_cb"), _U("use subscribe(on_assign=…, on_revoke=…)")),
    **dict.fromkeys(("offset_commit_cb",), _U("use on_commit")),
    **dict.fromkeys(("partitioner_cb", "msg_order_cmp"), _U("use partitioner")),
    **dict.fromkeys(("logger", "log_cb", "log_level", "log.queue", "log.thread.name"), _U(_NO_LOG)),
    **dict.fromkeys(("log.connection.close", "enabled_events"), _U(_NO_LOG)),
    **dict.fromkeys(
        (
            "socket.blocking.max.ms",
            "socket.send.buffer.bytes",
            "socket.receive.buffer.bytes",
            "socket.keepalive.enable",
            "socket.nagle.disable",
            "socket.max.fails",
            "broker.address.ttl",
            "broker.address.family",
            "reconnect.backoff.jitter.ms",
            "enable.random.seed",
            "internal.termination.signal",
            "api.version.request",
            "api.version.request.timeout.ms",
            "api.version.fallback.ms",
            "broker.version.fallback",
            "client.dns.lookup",
            "socket_cb",
            "connect_cb",
            "closesocket_cb",
            "open_cb",
            "resolve_cb",
            "opaque",
            "default_topic_conf",
            "interceptors",
            "builtin.features",
        ),
        _U(_NO_SOCKET),
    ),
}

#: Families of options that are refused as one.
UNSUPPORTED_PREFIXES: Final[Mapping[str, str]] = {
    "ssl": _PLAINTEXT,
    "sasl": _PLAINTEXT,
    "https": _PLAINTEXT,
    "enable.ssl": _PLAINTEXT,
    "enable.sasl": _PLAINTEXT,
    "oauthbearer": _PLAINTEXT,
}
