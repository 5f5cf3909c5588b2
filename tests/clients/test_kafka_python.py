"""kafka-python, unmodified, against `kafkalab serve`."""

from typing import Any

import pytest

pytest.importorskip("kafka")
pytestmark = [
    pytest.mark.peer,
    pytest.mark.xdist_group("kafka-python"),
    pytest.mark.filterwarnings("ignore"),
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
