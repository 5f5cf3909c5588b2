"""confluent_kafka (librdkafka), unmodified, against `kafkalab serve`."""

import json
import time
from typing import Any

import pytest

confluent_kafka = pytest.importorskip("confluent_kafka")
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition  # noqa: E402
from confluent_kafka.admin import (  # noqa: E402
    AdminClient,
    ConfigResource,
    NewPartitions,
    NewTopic,
)

pytestmark = [pytest.mark.peer, pytest.mark.xdist_group("confluent")]
QUIET = {"log_level": 0}


def a_topic(served: Any, partitions: int = 3, **config: str) -> str:
    name = served.new_topic()
    admin = AdminClient({"bootstrap.servers": served.bootstrap_servers, **QUIET})
    topic = NewTopic(name, partitions, 3, config={"min.insync.replicas": "2", **config})
    admin.create_topics([topic])[name].result(10)
    return name


def produce(served: Any, topic: str, values: list[str], **conf: Any) -> list[tuple[int, int]]:
    """(partition, offset) of each, as reported."""
    options = {"bootstrap.servers": served.bootstrap_servers, **QUIET, **conf}
    producer = Producer(options)
    placed: list[tuple[int, int]] = []

    def report(error: Any, message: Any) -> None:
        assert error is None, error
        placed.append((message.partition(), message.offset()))

    for number, value in enumerate(values):
        producer.produce(topic, value, key=f"k{number % 5}", callback=report)
    assert producer.flush(30) == 0
    return placed


def consume(served: Any, topic: str, count: int, group: str, **conf: Any) -> list[str]:
    consumer = Consumer(
        {
            "bootstrap.servers": served.bootstrap_servers,
            "group.id": group,
            "auto.offset.reset": "earliest",
            **QUIET,
            **conf,
        }
    )
    consumer.subscribe([topic])
    got: list[str] = []
    until = time.monotonic() + 30
    while len(got) < count and time.monotonic() < until:
        message = consumer.poll(0.5)
        if message is not None:
            assert message.error() is None, message.error()
            got.append(message.value().decode())
    consumer.close()
    return got


@pytest.mark.parametrize("acks", ["0", "1", "all"])
def test_every_acks(served: Any, acks: str) -> None:
    topic = a_topic(served)
    values = [f"{acks}-{number}" for number in range(200)]
    produce(served, topic, values, acks=acks)
    assert sorted(consume(served, topic, 200, f"g-{topic}")) == sorted(values)


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_every_compression(served: Any, codec: str) -> None:
    topic = a_topic(served)
    values = [f"{'x' * 500} {number}" for number in range(300)]
    options = {"compression.type": codec, "enable.idempotence": True, "linger.ms": 20}
    produce(served, topic, values, **options)
    assert sorted(consume(served, topic, 300, f"g-{topic}")) == sorted(values)


def test_assignment_seek_offsets_by_time_and_watermarks(served: Any) -> None:
    topic = a_topic(served, partitions=1)
    produce(served, topic, [str(number) for number in range(10)])
    consumer = Consumer({"bootstrap.servers": served.bootstrap_servers, "group.id": "x", **QUIET})
    consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
    first = consumer.poll(10)
    assert (first.value(), first.offset()) == (b"0", 0)
    consumer.seek(TopicPartition(topic, 0, 7))
    assert consumer.poll(10).value() == b"7"
    assert consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=10) == (0, 10)
    kind, at = first.timestamp()
    assert kind == 1
    (found,) = consumer.offsets_for_times([TopicPartition(topic, 0, at)], timeout=10)
    assert found.offset == 0
    consumer.close()


def test_a_group_goes_on_where_it_committed(served: Any) -> None:
    topic = a_topic(served)
    produce(served, topic, [f"a{number}" for number in range(50)])
    group = f"g-{topic}"
    first = consume(served, topic, 50, group)
    produce(served, topic, [f"b{number}" for number in range(50)])
    second = consume(served, topic, 50, group)
    assert {value[0] for value in first} == {"a"}
    assert {value[0] for value in second} == {"b"}


def test_administration(served: Any) -> None:
    topic = a_topic(served, **{"retention.ms": "1000000"})
    admin = AdminClient({"bootstrap.servers": served.bootstrap_servers, **QUIET})
    admin.create_partitions([NewPartitions(topic, 5)])[topic].result(10)
    until = time.monotonic() + 10
    while time.monotonic() < until:
        described = admin.list_topics(topic, timeout=10).topics[topic]
        if len(described.partitions) == 5:
            break
    assert len(described.partitions) == 5
    assert all(len(each.isrs) == 3 for each in described.partitions.values())
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
    config = admin.describe_configs([resource])[resource].result(10)
    assert config["retention.ms"].value == "1000000"
    assert config["min.insync.replicas"].value == "2"
    cluster = admin.describe_cluster().result(10)
    assert sorted(node.id for node in cluster.nodes) == [1, 2, 3]
    produce(served, topic, ["x"])
    group = f"g-{topic}"
    consume(served, topic, 1, group)
    groups = admin.list_consumer_groups().result(10)
    assert group in [each.group_id for each in groups.valid]
    state = admin.describe_consumer_groups([group])[group].result(10).state.name
    assert state in ("EMPTY", "STABLE", "DEAD")
    admin.delete_consumer_groups([group])[group].result(10)
    admin.delete_topics([topic])[topic].result(10)
    until = time.monotonic() + 10
    while topic in admin.list_topics(timeout=10).topics and time.monotonic() < until:
        time.sleep(0.05)
    assert topic not in admin.list_topics(timeout=10).topics


def subjects_producer(served: Any, topic: str, order: int, report: Any) -> Any:
    producer = Producer(
        {
            "bootstrap.servers": served.bootstrap_servers,
            "acks": "all",
            "enable.idempotence": True,
            **QUIET,
        }
    )
    producer.produce(
        topic=topic,
        key=f"order-{order}".encode(),
        value=json.dumps({"order": order}),
        callback=report,
    )
    return producer


def subjects_consumer(served: Any, topic: str) -> Any:
    consumer = Consumer(
        {
            "bootstrap.servers": served.bootstrap_servers,
            "group.id": f"g-{topic}",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            **QUIET,
        }
    )
    consumer.subscribe([topic])
    return consumer


def test_the_subjects_samples_while_the_leader_dies(served: Any) -> None:
    """The producer and consumer of the subject, with only the address changed."""
    topic = a_topic(served)
    acknowledged: list[int] = []

    def report(error: Any, message: Any) -> None:
        assert error is None, error
        acknowledged.append(json.loads(message.value())["order"])

    crashed = 0
    for order in range(12):
        producer = subjects_producer(served, topic, order, report)
        if order == 5:
            crashed = served.leader(topic, 0)
            assert served.command(f"crash {crashed}") == {"ok": True}
        producer.flush()
    assert acknowledged == list(range(12))
    consumer = subjects_consumer(served, topic)
    read: list[int] = []
    until = time.monotonic() + 40
    while len(read) < 12 and time.monotonic() < until:
        message = consumer.poll(timeout=1.0)
        if message is None or message.error():
            continue
        read.append(json.loads(message.value())["order"])
        consumer.commit(asynchronous=False)
        if len(read) == 4:
            assert served.command(f"restart {crashed}") == {"ok": True}
    consumer.close()
    assert sorted(read) == list(range(12))
