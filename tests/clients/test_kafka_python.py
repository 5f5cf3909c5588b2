"""kafka-python, unmodified, against `kafkalab serve`."""

import json
from typing import Any

import pytest

pytest.importorskip("kafka")
pytestmark = [
    pytest.mark.peer,
    pytest.mark.xdist_group("kafka-python"),
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.usefixtures("sockets_left_open"),
]


def test_topics_produce_group_and_commit(served: Any) -> None:
    from kafka import KafkaConsumer, KafkaProducer
    from kafka.admin import KafkaAdminClient, NewTopic

    topic = served.new_topic()
    servers = served.bootstrap_servers.split(",")
    admin = KafkaAdminClient(bootstrap_servers=servers)
    admin.create_topics([NewTopic(topic, 3, 3)])
    producer = KafkaProducer(bootstrap_servers=servers, acks="all", compression_type="gzip")
    for number in range(100):
        producer.send(topic, value=f"{number}".encode(), key=f"k{number % 7}".encode())
    producer.flush(20)
    producer.close()
    consumer = KafkaConsumer(
        topic,
        bootstrap_servers=servers,
        group_id=f"g-{topic}",
        auto_offset_reset="earliest",
        consumer_timeout_ms=20_000,
    )
    got = []
    for message in consumer:
        got.append(int(message.value))
        if len(got) == 100:
            break
    consumer.commit()
    consumer.close()
    assert sorted(got) == list(range(100))
    assert topic in admin.list_topics()
    admin.delete_topics([topic])
    admin.close()


def test_the_subjects_samples_while_the_leader_dies(served: Any) -> None:
    """The subject's producer and consumer as kafka-python has them: nothing is lost."""
    from kafka import KafkaConsumer, KafkaProducer
    from kafka.admin import KafkaAdminClient, NewTopic

    topic, servers = served.new_topic(), served.bootstrap_servers.split(",")
    admin = KafkaAdminClient(bootstrap_servers=servers)
    admin.create_topics([NewTopic(topic, 1, 3, topic_configs={"min.insync.replicas": "2"})])
    admin.close()
    producer = KafkaProducer(bootstrap_servers=servers, acks="all", enable_idempotence=True)
    crashed, sent = 0, []
    for order in range(60):
        if order == 20:
            crashed = served.leader(topic, 0)
            assert served.command(f"crash {crashed}") == {"ok": True}
        value = json.dumps({"order": order}).encode()
        sent.append(producer.send(topic, key=f"order-{order}".encode(), value=value))
    assert [future.get(40).offset for future in sent] == list(range(60))
    producer.close()
    assert served.leader(topic, 0) != crashed
    consumer = KafkaConsumer(
        topic,
        bootstrap_servers=servers,
        group_id=f"g-{topic}",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        consumer_timeout_ms=40_000,
    )
    read = []
    for message in consumer:
        read.append(json.loads(message.value)["order"])
        consumer.commit()
        if len(read) == 30:
            assert served.command(f"restart {crashed}") == {"ok": True}
        if len(read) == 60:
            break
    consumer.close()
    assert read == list(range(60))
