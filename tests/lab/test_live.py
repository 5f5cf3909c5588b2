"""A live cluster in a picture: frames of real clients' work, faults by words."""

import time
from typing import Any

import pytest

from kafkalab import LiveCluster
from kafkalab.errors import LearnerError
from kafkalab.frames.shape import Frame
from lab.playback.live import LiveSource
from lab.playback.source import Happening
from lab.player import Player
from lab.scenes.controls import Controls

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
        producer = confluent_kafka.Producer(
            {"bootstrap.servers": cluster.bootstrap_servers, "client.id": "web-shop"}
        )
        producer.produce("orders", "live", key="k")
        assert producer.flush(10) == 0
        source.command("crash 2")
        with pytest.raises(LearnerError, match="no topic 'ordres'"):
            source.command("produce ordres")
        source.run_for(1000)
        source.step()
        frame = source.frame()
        assert [broker["state"] for broker in frame["brokers"]] == ["online", "crashed"]
        partitions = frame["topics"][0]["partitions"]
        assert sum(each["high_watermark"] for each in partitions) == 1
        outside = [client for client in frame["clients"] if client["kind"] == "external"]
        assert [client["name"] for client in outside] == ["web-shop"]
        assert outside[0]["sent"] >= 1
        assert " at broker-" in outside[0]["doing"]
        kinds = {kind for happening in seen for kind in happening.kinds}
        assert {"TopicCreated", "Appended", "Crashed"} <= kinds
        del producer


def test_a_record_by_hand() -> None:
    with LiveCluster(brokers=2) as cluster:
        cluster.create_topic("orders", partitions=1, replication_factor=2)
        source = LiveSource(cluster)
        source.command("produce orders")
        source.command("produce orders")
        end = lambda: source.frame()["topics"][0]["partitions"][0]["high_watermark"]  # noqa: E731
        cluster.wait(lambda: end() == 2, 10, "both are committed")
        assert [client["name"] for client in source.frame()["clients"]] == ["by hand"]


class Watcher:
    """A view that counts pictures."""

    def __init__(self) -> None:
        self.ends: list[int] = []

    def show(self, frame: Frame, controls: Controls, *, is_cut: bool) -> bool:
        partition = frame["topics"][0]["partitions"][0]
        self.ends.append(partition["high_watermark"])
        self.waiting = controls.waiting
        return True

    def wants(self, frame: Any) -> tuple[str, ...]:
        return ()

    def renew(self) -> None: ...

    def handle(self, message: dict[str, object]) -> bool:
        return False


def test_a_picture_of_a_busy_cluster_keeps_up_with_it() -> None:
    """Few pictures, each of now; and the last is of the end."""
    with LiveCluster(brokers=3) as cluster:
        cluster.create_topic("orders", partitions=1, replication_factor=3)
        player, view = Player(LiveSource(cluster)), Watcher()
        player.add(view)
        producer = confluent_kafka.Producer({"bootstrap.servers": cluster.bootstrap_servers})
        for number in range(1000):
            producer.produce("orders", f"{number}")
            producer.flush(10)
        until = time.monotonic() + 5
        while view.ends[-1] < 1000 and time.monotonic() < until:
            time.sleep(0.02)
        player.remove(view)
        assert view.ends[-1] == 1000
        assert view.waiting == 0
        assert 3 <= len(view.ends) <= 100
