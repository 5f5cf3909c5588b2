"""Every hash partitioner of librdkafka, key by key, against the real client."""

from typing import Any

import pytest

confluent_kafka = pytest.importorskip("confluent_kafka")
from confluent_kafka.admin import AdminClient, NewTopic  # noqa: E402

from kafkalab.chance import Stream  # noqa: E402
from kafkalab.client.partitioners import Partitioning  # noqa: E402

pytestmark = [pytest.mark.peer, pytest.mark.xdist_group("confluent")]
KEYS = [b"", b"a", b"kafka", "Straße".encode(), b"\x00\xff", *(b"user-%d" % n for n in range(30))]
PARTITIONS = 7


@pytest.mark.parametrize(
    "name",
    ["consistent", "consistent_random", "murmur2", "murmur2_random", "fnv1a", "fnv1a_random"],
)
def test_keys_go_where_librdkafka_puts_them(served: Any, name: str) -> None:
    servers = {"bootstrap.servers": served.bootstrap_servers, "log_level": 0}
    topic = served.new_topic()
    admin = AdminClient(servers)
    admin.create_topics([NewTopic(topic, PARTITIONS, 1)])[topic].result(10)
    producer = confluent_kafka.Producer({**servers, "partitioner": name})
    placed: dict[bytes, int] = {}

    def report(error: Any, message: Any) -> None:
        assert error is None, error
        placed[message.key() or b""] = message.partition()

    for key in KEYS:
        producer.produce(topic, b"x", key=key, on_delivery=report)
    assert producer.flush(20) == 0
    ours = Partitioning(name, 10, Stream(0, "test"))
    for key in KEYS:
        if key or name != "consistent_random":  # there an empty key is none
            chosen = ours.choose(topic, key, PARTITIONS, lambda _: True, 0)
            assert chosen == placed[key], (name, key)
