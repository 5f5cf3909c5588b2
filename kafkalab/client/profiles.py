"""How the three clients differ by default: `client.profile` chooses whose habits a client has.

| | `librdkafka` | `java` | `kafka-python` |
| --- | --- | --- | --- |
| a key's hash | CRC-32 | murmur2 | murmur2 |
| without a key | one partition for a while | one for `batch.size` bytes | random, each record |
| `linger.ms`, `batch.size` | 5, 1,000,000 | 5, 16,384 | 0, 16,384 |
| `enable.idempotence` | no | yes | yes |
| `message.timeout.ms` | 300,000 | 120,000 | 120,000 |
| `isolation.level` | read_committed | read_uncommitted | read_uncommitted |
| strategies | range, roundrobin | range, cooperative-sticky | range, roundrobin |
| eager and cooperative ones together | refused | eager: an upgrade's first step | refused |
| `sticky` (KIP-54) | refused | yes | yes |
| automatic commits | of what was handed over | of what earlier polls gave | as Java |
| … are made | at any time | in a poll | in a poll |
| TV1 abort, a batch given up | InitProducerId | EndTxn, then that | as librdkafka |

So with Java's rule the record in hand is not committed before the next poll (or close) says that it
has been dealt with; with librdkafka's it may be.  Whatever is set explicitly counts.

Facts of librdkafka 2.16, Apache Kafka 4.3.1 and kafka-python 3.0.
"""

from collections.abc import Mapping
from typing import Any, Final

from kafkalab.client.assignors import COOPERATIVE, STICKY, strategies
from kafkalab.config import Config, ConfigError

PROFILE: Final = "client.profile"
LIBRDKAFKA: Final = "librdkafka"
JAVA: Final = "java"
KAFKA_PYTHON: Final = "kafka-python"
PROFILES: Final = (LIBRDKAFKA, JAVA, KAFKA_PYTHON)

_PRODUCERS: Final[Mapping[str, Mapping[str, Any]]] = {
    LIBRDKAFKA: {},
    JAVA: {
        "batch.size": 16_384,
        "enable.idempotence": True,
        "message.timeout.ms": 120_000,
        "queue.buffering.max.kbytes": 32_768,
    },
    KAFKA_PYTHON: {
        "linger.ms": 0,
        "batch.size": 16_384,
        "enable.idempotence": True,
        "message.timeout.ms": 120_000,
        "sticky.partitioning.linger.ms": 0,
    },
}
_CONSUMERS: Final[Mapping[str, Mapping[str, Any]]] = {
    LIBRDKAFKA: {},
    JAVA: {
        "isolation.level": "read_uncommitted",
        "partition.assignment.strategy": "range,cooperative-sticky",
    },
    KAFKA_PYTHON: {"isolation.level": "read_uncommitted"},
}
_PARTITIONERS: Final = {
    LIBRDKAFKA: "consistent_random",
    JAVA: "uniform_sticky",
    KAFKA_PYTHON: "murmur2_random",
}


def producer_defaults(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the profile sets; as in Java, idempotence gives way to acks that exclude it."""
    defaults = _PRODUCERS.get(str(given.get(PROFILE, LIBRDKAFKA)), {})
    if given.get("acks", -1) == -1:
        return defaults
    return {name: value for name, value in defaults.items() if name != "enable.idempotence"}


def consumer_defaults(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the profile sets."""
    return _CONSUMERS.get(str(given.get(PROFILE, LIBRDKAFKA)), {})


def default_partitioner(conf: Mapping[str, Any]) -> str:
    """The name of the partitioner a producer has if none is given."""
    return _PARTITIONERS[str(conf.get(PROFILE, LIBRDKAFKA))]


def check_strategies(conf: Config) -> None:
    """`ConfigError` if the client does not take this list of assignors.

    Java goes on eagerly with a mixed one, so that a group can change over in two rolling bounces
    (KIP-429); the others cannot tell before they join which of the two they will be.

    In librdkafka: `rd_kafka_assignors_init`; in Java: `ConsumerCoordinator`; in kafka-python:
    `_validate_rebalance_protocol`.
    """
    names, profile = strategies(conf.text("partition.assignment.strategy")), conf.text(PROFILE)
    given = f"partition.assignment.strategy {','.join(names)}"
    if profile != JAVA and COOPERATIVE in names and len(names) > 1:
        raise ConfigError(
            f"{given}: {profile} does not mix {COOPERATIVE} with eager assignors; name one kind "
            f"alone (only {PROFILE}={JAVA} takes both, and then rebalances eagerly)"
        )
    if profile == LIBRDKAFKA and STICKY in names:
        raise ConfigError(
            f"{given}: {LIBRDKAFKA} has no {STICKY}; use {COOPERATIVE}, or {PROFILE}={JAVA}"
        )


def commits_in_poll(conf: Config) -> bool:
    """Whether automatic commits are made inside poll, of what earlier polls returned."""
    return bool(conf[PROFILE] != LIBRDKAFKA)
