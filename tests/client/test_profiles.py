"""`client.profile`: the same application with the habits of another client."""

from collections.abc import Iterator
from typing import Any

import pytest

from kafkalab import Consumer, Producer, Simulation, TopicPartition
from kafkalab.client.conf import consumer_conf, producer_conf
from kafkalab.config import ConfigError

CONF = {"bootstrap.servers": "kafka:9092"}


@pytest.fixture
def sim() -> Iterator[Simulation]:
    with Simulation(brokers=3, seed=3) as sim:
        sim.create_topic("orders", partitions=6, replication_factor=3)
        yield sim


@pytest.mark.parametrize(
    ("profile", "isolation", "idempotent", "linger"),
    [
        ("librdkafka", "read_committed", False, 5),
        ("java", "read_uncommitted", True, 5),
        ("kafka-python", "read_uncommitted", True, 0),
    ],
)
def test_defaults(profile: str, isolation: str, idempotent: bool, linger: int) -> None:
    consumer = consumer_conf({"group.id": "g", "client.profile": profile}, "c")
    assert consumer["isolation.level"] == isolation
    producer = producer_conf({"client.profile": profile}, "p")
    assert producer["enable.idempotence"] is idempotent
    assert producer["linger.ms"] == linger
    chosen = {"client.profile": profile, "linger.ms": 7, "acks": "1"}
    assert producer_conf(chosen, "p")["linger.ms"] == 7
    assert producer_conf(chosen, "p")["enable.idempotence"] is False


@pytest.mark.parametrize(
    ("profile", "strategies", "refusal"),
    [
        ("librdkafka", "range,cooperative-sticky", "does not mix cooperative-sticky with eager"),
        ("librdkafka", "cooperative-sticky,roundrobin", "does not mix"),
        ("librdkafka", "range,sticky", "has no sticky"),
        ("librdkafka", "cooperative-sticky", None),
        ("java", "range,cooperative-sticky", None),
        ("java", "cooperative-sticky,sticky", None),
        ("kafka-python", "range,cooperative-sticky", "does not mix"),
        ("kafka-python", "sticky,range", None),
    ],
)
def test_which_assignors_a_client_takes(profile: str, strategies: str, refusal: str | None) -> None:
    given = {
        "group.id": "g",
        "client.profile": profile,
        "partition.assignment.strategy": strategies,
    }
    if refusal is None:
        consumer_conf(given, "c")
    else:
        with pytest.raises(ConfigError, match=refusal):
            consumer_conf(given, "c")


def test_java_goes_on_eagerly_with_both_kinds(sim: Simulation) -> None:
    """The first bounce of an upgrade (KIP-429): all must be given back before another joins."""
    told: list[int] = []
    conf = {**CONF, "group.id": "g", "client.profile": "java"}
    one, two = Consumer(conf, sim=sim), Consumer(conf, sim=sim)
    one.subscribe(["orders"], on_revoke=lambda _, gone: told.append(len(gone)))
    one.poll(10)
    two.subscribe(["orders"])
    for _ in range(100):
        one.poll(0.1)
        two.poll(0.1)
    assert told == [6]
    assert [len(each.assignment()) for each in (one, two)] == [3, 3]


def test_there_are_three() -> None:
    with pytest.raises(ConfigError, match=r"client\.profile"):
        producer_conf({"client.profile": "sarama"}, "p")


def test_the_same_key_goes_elsewhere(sim: Simulation) -> None:
    """CRC-32 against murmur2: a record keyed by two clients lands in two partitions."""

    def places(profile: str) -> list[int]:
        found: list[int] = []
        producer = Producer({**CONF, "client.profile": profile})
        for number in range(12):
            producer.produce(
                "orders",
                b"x",
                key=f"user-{number}".encode(),
                on_delivery=lambda _, message: found.append(message.partition()),
            )
            producer.flush()
        return found

    assert places("java") == places("kafka-python") != places("librdkafka")


def committed(sim: Simulation, profile: str) -> int:
    """What is committed while the first record is in the application's hands."""
    producer = Producer(CONF)
    for _ in range(3):
        producer.produce("orders", b"x", partition=0)
    producer.flush()
    conf: dict[str, Any] = {
        **CONF,
        "client.profile": profile,
        "group.id": profile,
        "auto.offset.reset": "earliest",
        "auto.commit.interval.ms": 1000,
    }
    consumer = Consumer(conf)
    consumer.subscribe(["orders"])
    assert consumer.poll(20) is not None
    sim.run(10)  # working on it, for longer than the interval
    place = TopicPartition("orders", 0)
    before = consumer.committed([place])[0].offset
    consumer.poll(0)
    sim.run(1)
    after = consumer.committed([place])[0].offset
    assert after >= 1
    consumer.close()
    return before


def test_when_an_automatic_commit_counts_the_record_in_hand(sim: Simulation) -> None:
    """librdkafka commits it though it may yet fail; Java only once the next poll comes."""
    assert committed(sim, "librdkafka") == 1
    assert committed(sim, "java") == -1001
    assert committed(sim, "kafka-python") == -1001
