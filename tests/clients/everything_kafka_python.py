"""All that a class does with kafka-python, against any cluster: `everything(servers)`."""

import time
from typing import Any

COMPRESSIONS = (None, "gzip", "snappy", "lz4", "zstd")


def everything(servers: str) -> None:
    """Raises if anything is not as Kafka would have it."""
    from kafka.admin import KafkaAdminClient

    admin = KafkaAdminClient(bootstrap_servers=servers.split(","))
    topics(admin)
    count = produce(servers)
    positions(servers, count)
    group(servers, admin, count)
    configs(admin)
    admin.delete_topics(["all"])
    until = time.monotonic() + 10
    while "all" in admin.list_topics():
        assert time.monotonic() < until
    admin.close()


def topics(admin: Any) -> None:
    from kafka.admin import NewPartitions, NewTopic

    config = {"min.insync.replicas": "2", "retention.ms": "1000000"}
    admin.create_topics([NewTopic("all", 2, 3, topic_configs=config)])
    admin.create_partitions({"all": NewPartitions(3)})
    until = time.monotonic() + 10
    while len(admin.describe_topics(["all"])[0]["partitions"]) < 3:
        assert time.monotonic() < until
    assert len(admin.describe_cluster()["brokers"]) == 3


def produce(servers: str) -> int:
    """Every acks, idempotence, and every compression this machine has; how many records."""
    from kafka import KafkaProducer

    confs: list[dict[str, Any]] = [{"acks": 0, "enable_idempotence": False}]
    confs += [{"acks": 1, "enable_idempotence": False}, {"acks": "all"}]
    confs += [{"enable_idempotence": True, "compression_type": name} for name in COMPRESSIONS]
    count = 0
    for conf in confs:
        try:
            producer = KafkaProducer(bootstrap_servers=servers.split(","), linger_ms=5, **conf)
        except RuntimeError:
            continue  # its library for this compression is not installed
        for number in range(20):
            headers = [("trace", b"7")]
            producer.send("all", f"{number}".encode() * 30, key=b"%d" % number, headers=headers)
        producer.flush(20)
        producer.close()
        count += 20
    assert count >= 80
    return count


def reader(servers: str, *topics: str, **conf: Any) -> Any:
    from kafka import KafkaConsumer

    return KafkaConsumer(
        *topics,
        bootstrap_servers=servers.split(","),
        auto_offset_reset="earliest",
        consumer_timeout_ms=20_000,
        **conf,
    )


def positions(servers: str, count: int) -> None:
    """Assign, seek, ends, offsets by time, offsets of a group that is not there."""
    from kafka import TopicPartition

    consumer = reader(servers, group_id="nobody")
    partitions = [TopicPartition("all", number) for number in range(3)]
    assert consumer.committed(partitions[0]) is None
    consumer.assign(partitions[:1])
    consumer.seek_to_beginning()
    first = next(consumer)
    assert (first.offset, list(first.headers)) == (0, [("trace", b"7")])
    consumer.seek(partitions[0], 7)
    assert next(consumer).offset == 7
    assert sum(consumer.end_offsets(partitions).values()) == count
    found = consumer.offsets_for_times({partitions[0]: first.timestamp})
    assert found[partitions[0]].offset == 0
    consumer.close()


def group(servers: str, admin: Any, count: int) -> None:
    consumer = reader(servers, "all", group_id="all-readers", enable_auto_commit=False)
    got = set()
    for message in consumer:
        got.add((message.partition, message.offset))
        if len(got) == count:
            break
    assert len(got) == count
    consumer.commit()
    described = admin.describe_groups(["all-readers"])
    assert "Stable" in str(described), described
    consumer.close()
    assert "all-readers" in str(admin.list_groups())
    assert str(admin.list_group_offsets(["all-readers"])).count("offset=") >= 3
    admin.delete_groups(["all-readers"])


def configs(admin: Any) -> None:
    from kafka.admin import ConfigResource, ConfigResourceType

    def retention() -> str:
        asked = ConfigResource(ConfigResourceType.TOPIC, "all")
        return str(admin.describe_configs([asked]))

    assert "1000000" in retention()
    change = {"retention.ms": "2000000"}
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, "all", configs=change)])
    until = time.monotonic() + 10
    while "2000000" not in retention():
        assert time.monotonic() < until, retention()
