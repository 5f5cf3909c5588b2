"""All that a class does with confluent_kafka, against any cluster: `everything(servers)`."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

QUIET = {"log_level": 0}
COMPRESSIONS = ("none", "gzip", "snappy", "lz4", "zstd")


def everything(servers: str) -> None:
    """Raises if anything is not as Kafka would have it."""
    from confluent_kafka.admin import AdminClient

    admin = AdminClient({"bootstrap.servers": servers, **QUIET})
    topics(admin)
    count = produce(servers)
    positions(servers, count)
    group(servers, admin, count)
    configs(admin)
    delete(admin)


def topics(admin: Any) -> None:
    from confluent_kafka import TopicCollection
    from confluent_kafka.admin import NewPartitions, NewTopic

    config = {"min.insync.replicas": "2", "retention.ms": "1000000"}
    admin.create_topics([NewTopic("all", 2, 3, config=config)])["all"].result(10)
    admin.create_partitions([NewPartitions("all", 3)])["all"].result(10)
    until = time.monotonic() + 10
    while len(admin.list_topics("all", timeout=10).topics["all"].partitions) < 3:
        assert time.monotonic() < until
    described = admin.describe_topics(TopicCollection(["all"]))["all"].result(10)
    assert [len(each.isr) for each in described.partitions] == [3, 3, 3]
    cluster = admin.describe_cluster().result(10)
    assert sorted(node.id for node in cluster.nodes) == [1, 2, 3]


def produce(servers: str) -> int:
    """Every acks, idempotence, every compression; how many records."""
    from confluent_kafka import Producer

    confs: list[dict[str, Any]] = [
        {"acks": 0},
        {"acks": 1},
        {"acks": "all"},
        *({"enable.idempotence": True, "compression.type": name} for name in COMPRESSIONS),
    ]
    reports: list[Any] = []
    for conf in confs:
        producer = Producer({"bootstrap.servers": servers, "linger.ms": 5, **QUIET, **conf})
        for number in range(20):
            producer.produce(
                "all",
                f"{conf} {'x' * 100} {number}",
                key=f"{number}",
                headers={"trace": b"7"},
                on_delivery=lambda error, message: reports.append(error),
            )
        assert producer.flush(20) == 0
    assert reports == [None] * 20 * len(confs)
    return len(reports)


@contextmanager
def consumer(servers: str, group_id: str, **conf: Any) -> Iterator[Any]:
    from confluent_kafka import Consumer

    made = Consumer(
        {
            "bootstrap.servers": servers,
            "group.id": group_id,
            "auto.offset.reset": "earliest",
            **QUIET,
            **conf,
        }
    )
    yield made
    made.close()


def positions(servers: str, count: int) -> None:
    """Assign, seek, watermarks, offsets by time, offsets of a group that is not there."""
    from confluent_kafka import OFFSET_BEGINNING, TopicPartition

    with consumer(servers, "nobody") as reader:
        (none,) = reader.committed([TopicPartition("all", 0)], timeout=10)
        assert (none.offset, none.error) == (-1001, None)
        reader.assign([TopicPartition("all", 0, OFFSET_BEGINNING)])
        first = reader.poll(10)
        assert (first.offset(), first.headers()) == (0, [("trace", b"7")])
        reader.seek(TopicPartition("all", 0, 7))
        assert reader.poll(10).offset() == 7
        ends = [reader.get_watermark_offsets(TopicPartition("all", p), 10)[1] for p in range(3)]
        assert sum(ends) == count
        at = first.timestamp()[1]
        (found,) = reader.offsets_for_times([TopicPartition("all", 0, at)], timeout=10)
        assert found.offset == 0


def group(servers: str, admin: Any, count: int) -> None:
    from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition

    got: set[tuple[int, int]] = set()
    with consumer(servers, "all-readers", **{"enable.auto.commit": False}) as reader:
        reader.subscribe(["all"])
        until = time.monotonic() + 20
        while len(got) < count:
            assert time.monotonic() < until, len(got)
            message = reader.poll(0.5)
            if message is not None and message.error() is None:
                got.add((message.partition(), message.offset()))
        reader.commit(asynchronous=False)
        described = admin.describe_consumer_groups(["all-readers", "no-such"])
        state = described["all-readers"].result(10).state.name
        assert state == "STABLE", state
        absent(described["no-such"])
    listed = admin.list_consumer_groups().result(10)
    assert "all-readers" in [each.group_id for each in listed.valid]
    ask = ConsumerGroupTopicPartitions("all-readers")
    stored = admin.list_consumer_group_offsets([ask])["all-readers"].result(10)
    assert sum(each.offset for each in stored.topic_partitions) == count
    back = ConsumerGroupTopicPartitions("all-readers", [TopicPartition("all", 0, 1)])
    admin.alter_consumer_group_offsets([back])["all-readers"].result(10)
    admin.delete_consumer_groups(["all-readers"])["all-readers"].result(10)


def absent(described: Any) -> None:
    """A group that does not exist is dead, or GROUP_ID_NOT_FOUND (KIP-1043); nothing else."""
    from confluent_kafka import KafkaException

    try:
        assert described.result(10).state.name == "DEAD"
    except KafkaException as error:
        assert error.args[0].code() == 69, error


def configs(admin: Any) -> None:
    from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource

    resource = ConfigResource(ConfigResource.Type.TOPIC, "all")
    before = admin.describe_configs([resource])[resource].result(10)
    assert before["retention.ms"].value == "1000000"
    entry = ConfigEntry("retention.ms", "2000000", incremental_operation=AlterConfigOpType.SET)
    change = ConfigResource(ConfigResource.Type.TOPIC, "all", incremental_configs=[entry])
    admin.incremental_alter_configs([change])[change].result(10)
    until = time.monotonic() + 10
    while (
        admin.describe_configs([resource])[resource].result(10)["retention.ms"].value != "2000000"
    ):
        assert time.monotonic() < until
    broker = ConfigResource(ConfigResource.Type.BROKER, "1")
    assert "num.partitions" in admin.describe_configs([broker])[broker].result(10)


def delete(admin: Any) -> None:
    from confluent_kafka import TopicPartition

    admin.delete_records([TopicPartition("all", 0, 2)])
    admin.delete_topics(["all"])["all"].result(10)
    until = time.monotonic() + 10
    while "all" in admin.list_topics(timeout=10).topics:
        assert time.monotonic() < until
