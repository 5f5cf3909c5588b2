"""A live cluster in a picture: frames of real clients' work, faults by words."""

import pytest

from kafkalab import LiveCluster
from kafkalab.errors import LearnerError
from lab.playback.live import LiveSource
from lab.playback.source import Happening

confluent_kafka = pytest.importorskip("confluent_kafka")


def test_what_real_clients_do_is_seen() -> None:
    with LiveCluster(brokers=2) as cluster:
        source = LiveSource(cluster)
        seen: list[Happening] = []
        frames = []

        def observer(happening: Happening) -> None:
            seen.append(happening)
            frames.append(happening.frame())

        source.observe(observer)
        cluster.create_topic("orders", partitions=2, replication_factor=2)
        producer = confluent_kafka.Producer({"bootstrap.servers": cluster.bootstrap_servers})
        producer.produce("orders", "live", key="k")
        assert producer.flush(10) == 0
        source.command("crash 2")
        with pytest.raises(LearnerError, match="confluent_kafka"):
            source.command("produce orders")
        source.run_for(1000)
        source.step()
        frame = source.frame()
        assert [broker["state"] for broker in frame["brokers"]] == ["online", "crashed"]
        partitions = frame["topics"][0]["partitions"]
        assert sum(each["high_watermark"] for each in partitions) == 1
        assert "external" in {client["kind"] for client in frame["clients"]}
        kinds = {kind for happening in seen for kind in happening.kinds}
        assert {"TopicCreated", "Appended", "Crashed"} <= kinds
        del producer
