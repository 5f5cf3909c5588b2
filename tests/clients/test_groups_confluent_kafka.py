"""confluent_kafka's groups against `kafkalab serve`: classic, cooperative, static, and KIP-848."""

import time
from collections.abc import Callable
from typing import Any

import pytest

confluent_kafka = pytest.importorskip("confluent_kafka")
from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, Producer  # noqa: E402
from confluent_kafka import TopicPartition as Place  # noqa: E402
from confluent_kafka.admin import AdminClient, NewTopic  # noqa: E402

from kafkalab.client.conf import consumer_conf  # noqa: E402
from kafkalab.config import ConfigError  # noqa: E402

pytestmark = [pytest.mark.peer, pytest.mark.xdist_group("confluent")]

PROTOCOLS: dict[str, dict[str, Any]] = {
    "eager": {"partition.assignment.strategy": "range"},
    "cooperative": {"partition.assignment.strategy": "cooperative-sticky"},
    "consumer": {"group.protocol": "consumer"},
}


class Group:
    """Consumers of one topic with six partitions, polled in turn."""

    def __init__(self, served: Any, protocol: str) -> None:
        self.servers = served.bootstrap_servers
        self.topic = served.new_topic()
        self.id = f"group-of-{self.topic}"
        self.conf = PROTOCOLS[protocol]
        self.admin = AdminClient({"bootstrap.servers": self.servers, "log_level": 0})
        self.admin.create_topics([NewTopic(self.topic, 6, 3)])[self.topic].result(10)
        self.consumers: dict[str, Any] = {}
        self.told: list[tuple[str, str, list[int]]] = []
        self.read: list[tuple[int, int]] = []

    def join(self, name: str, **more: Any) -> Any:
        conf = {
            "bootstrap.servers": self.servers,
            "group.id": self.id,
            "client.id": name,
            "auto.offset.reset": "earliest",
            "log_level": 0,
            **self.conf,
            **{key.replace("_", "."): value for key, value in more.items()},
        }
        if "group.protocol" not in conf:
            conf |= {"session.timeout.ms": 6000, "heartbeat.interval.ms": 300}
        consumer = self.consumers[name] = Consumer(conf)

        def telling(what: str) -> Callable[[Any, list[Any]], None]:
            def tell(_: Any, partitions: list[Any]) -> None:
                self.told.append((name, what, sorted(each.partition for each in partitions)))

            return tell

        consumer.subscribe(
            [self.topic],
            on_assign=telling("assign"),
            on_revoke=telling("revoke"),
            on_lost=telling("lost"),
        )
        return consumer

    def owned(self, name: str) -> set[int]:
        return {each.partition for each in self.consumers[name].assignment()}

    def poll_until(self, is_so: Callable[[], bool], seconds: float = 30) -> None:
        end = time.monotonic() + seconds
        while not is_so():
            assert time.monotonic() < end, (self.told, {n: self.owned(n) for n in self.consumers})
            for consumer in self.consumers.values():
                message = consumer.poll(0.02)
                if message is not None:
                    assert message.error() is None, message.error()
                    self.read.append((message.partition(), message.offset()))

    def is_level(self) -> bool:
        owned = [self.owned(name) for name in self.consumers]
        sizes = [len(each) for each in owned]
        return sum(sizes) == len(set().union(*owned)) == 6 and max(sizes) - min(sizes) <= 1

    def produce(self, count: int) -> None:
        producer = Producer({"bootstrap.servers": self.servers, "log_level": 0})
        for number in range(count):
            producer.produce(self.topic, str(number).encode(), partition=number % 6)
        assert producer.flush(20) == 0

    def leave(self, name: str) -> None:
        self.consumers.pop(name).close()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_members_come_and_go(served: Any, protocol: str) -> None:
    group = Group(served, protocol)
    group.produce(60)
    group.join("one")
    group.poll_until(lambda: len(group.read) == 60)
    group.join("two")
    group.join("three")
    group.poll_until(group.is_level)
    group.produce(60)
    group.poll_until(lambda: len(set(group.read)) == 120)
    group.leave("one")
    group.poll_until(group.is_level)
    group.produce(60)
    group.poll_until(lambda: len(set(group.read)) == 180)
    assert sorted(set(group.read)) == [(p, offset) for p in range(6) for offset in range(30)]
    revoked = [partitions for name, what, partitions in group.told if what == "revoke"]
    if protocol == "eager":
        assert list(range(6)) in revoked
    else:  # nobody ever gives up all at once, but who leaves
        assert all(len(partitions) < 6 for partitions in revoked)
    assert not [each for each in group.told if each[1] == "lost"]
    for name in list(group.consumers):
        group.leave(name)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_static_member_comes_back(served: Any, protocol: str) -> None:
    group = Group(served, protocol)
    group.join("one", group_instance_id="i1")
    group.join("two", group_instance_id="i2")
    group.poll_until(group.is_level)
    had, told = group.owned("two"), len(group.told)
    group.leave("two")
    group.join("two", group_instance_id="i2")
    group.poll_until(group.is_level)
    assert group.owned("two") == had
    assert not [each for each in group.told[told:] if each[0] == "one"]
    for name in list(group.consumers):
        group.leave(name)


@pytest.mark.parametrize("protocol", ["eager", "consumer"])
def test_administration(served: Any, protocol: str) -> None:
    group = Group(served, protocol)
    group.produce(12)
    group.join("one")
    group.poll_until(lambda: len(group.read) == 12)
    group.consumers["one"].commit(asynchronous=False)
    listed = {each.group_id: each for each in group.admin.list_consumer_groups().result(10).valid}
    wanted = "CLASSIC" if protocol == "eager" else "CONSUMER"
    assert listed[group.id].type.name == wanted
    assert listed[group.id].state.name == "STABLE"
    described = group.admin.describe_consumer_groups([group.id])[group.id].result(10)
    assert described.partition_assignor == ("range" if protocol == "eager" else "uniform")
    (member,) = described.members
    assert len(member.assignment.topic_partitions) == 6
    group.leave("one")
    (asked,) = group.admin.list_consumer_group_offsets(
        [ConsumerGroupTopicPartitions(group.id)]
    ).values()
    assert {each.offset for each in asked.result(10).topic_partitions} == {2}
    there = ConsumerGroupTopicPartitions(group.id, [Place(group.topic, 0, 1)])
    (changed,) = group.admin.alter_consumer_group_offsets([there]).values()
    changed.result(10)
    group.read.clear()
    group.join("again")
    group.poll_until(lambda: bool(group.read))
    assert group.read == [(0, 1)]
    group.leave("again")
    group.admin.delete_consumer_groups([group.id])[group.id].result(10)
    ids = {each.group_id for each in group.admin.list_consumer_groups().result(10).valid}
    assert group.id not in ids


def test_the_coordinator_matches_patterns(served: Any) -> None:
    group = Group(served, "consumer")
    consumer = group.join("one")
    consumer.subscribe([f"^{group.topic}$"])
    group.poll_until(lambda: len(group.owned("one")) == 6)
    group.leave("one")


@pytest.mark.parametrize("protocol", ["cooperative", "consumer"])
def test_the_coordinator_crashes(served: Any, protocol: str) -> None:
    group = Group(served, protocol)
    group.join("one")
    group.join("two")
    group.poll_until(group.is_level)
    state = served.command("state")["state"]
    coordinator = next(each["coordinator"] for each in state["groups"] if each["id"] == group.id)
    assert served.command(f"crash {coordinator}")["ok"]
    try:
        group.produce(60)
        group.poll_until(lambda: len(set(group.read)) == 60 and group.is_level(), 60)
    finally:
        assert served.command(f"restart {coordinator}")["ok"]
    for name in list(group.consumers):
        group.leave(name)


def test_a_fenced_static_member_gets_the_code_fatal(served: Any) -> None:
    """What the simulated consumer does too (`tests/client/test_group_members.py`)."""
    group = Group(served, "eager")
    older = group.join("older", group_instance_id="one")
    group.poll_until(lambda: len(group.owned("older")) == 6)
    del group.consumers["older"]
    group.join("newer", group_instance_id="one")
    errors: list[Any] = []

    def is_fenced() -> bool:
        message = older.poll(0.02)
        if message is not None and message.error() is not None:
            errors.append(message.error())
        return bool(errors)

    group.poll_until(is_fenced)
    [error] = errors
    assert (error.code(), error.fatal()) == (confluent_kafka.KafkaError._FATAL, False)
    with pytest.raises(confluent_kafka.KafkaException) as refused:
        older.subscribe([group.topic])
    assert refused.value.args[0].code() == confluent_kafka.KafkaError._FATAL
    older.close()
    group.consumers["newer"].close()


@pytest.mark.parametrize("mixed", ["range,cooperative-sticky", "range,sticky"])
def test_librdkafka_refuses_what_the_simulated_consumer_refuses(mixed: str) -> None:
    given = {"group.id": "g", "partition.assignment.strategy": mixed}
    with pytest.raises(confluent_kafka.KafkaException):
        Consumer({"bootstrap.servers": "127.0.0.1:1", **given})
    with pytest.raises(ConfigError):
        consumer_conf(given, "c")
