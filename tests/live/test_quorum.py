"""A live cluster with several controllers: the same servers, on the wall clock."""

from pathlib import Path
from typing import Any

import pytest

from kafkalab import LiveCluster
from kafkalab.world import servers

#: So that a failover takes a tenth of a second; Kafka's own timeouts are ten times these.
QUICK = {
    "controller.quorum.election.timeout.ms": 100,
    "controller.quorum.fetch.timeout.ms": 200,
    "controller.quorum.election.backoff.max.ms": 100,
    "broker.heartbeat.interval.ms": 200,
    "broker.session.timeout.ms": 1_000,
}


def active(cluster: LiveCluster) -> int | None:
    with cluster.locked() as world:
        node = servers.active_controller(world)
        return node.node_id if node is not None else None


def topics(cluster: LiveCluster) -> set[str]:
    with cluster.locked() as world:
        return set(servers.metadata(world).topics)


@pytest.mark.parametrize("options", [{"controllers": 3}, {"combined": True}])
def test_the_active_controller_may_die_or_leave(options: dict[str, Any]) -> None:
    with LiveCluster(brokers=3, config=QUICK, **options) as cluster:
        cluster.create_topic("before", 1, 2)
        first = active(cluster)
        assert first in ((101, 102, 103) if "controllers" in options else (1, 2, 3))
        cluster.command(f"crash {first}")
        cluster.wait(lambda: active_now(cluster) not in (None, first), 10, "another is active")
        cluster.wait(lambda: fenced_are_known(cluster), 10, "who is down is fenced")
        cluster.create_topic("meanwhile", 1, 2)
        cluster.command(f"restart {first}")
        cluster.wait(lambda: servers.is_ready(cluster.world), 10, "all are in service")
        second = active(cluster)
        cluster.command(f"shutdown {second}")
        cluster.wait(lambda: active_now(cluster) not in (None, second), 10, "yet another")
        assert topics(cluster) == {"before", "meanwhile"}


def active_now(cluster: LiveCluster) -> int | None:
    """On the loop's thread."""
    node = servers.active_controller(cluster.world)
    return node.node_id if node is not None else None


def fenced_are_known(cluster: LiveCluster) -> bool:
    world = cluster.world
    known = servers.metadata(world).brokers
    return all(
        known[node.broker_id].fenced
        for node in servers.brokers(world)
        if node.name in world.crashed
    )


@pytest.mark.parametrize("options", [{"controllers": 3}, {"combined": True}])
def test_a_quorum_on_disk_comes_back_with_its_epoch(
    options: dict[str, Any], tmp_path: Path
) -> None:
    config = {**QUICK, "metadata.log.max.record.bytes.between.snapshots": 3_000}
    with LiveCluster(brokers=3, config=config, data=tmp_path, **options) as cluster:
        for name in "abcdef":
            cluster.create_topic(name, 2, 2)
        with cluster.locked() as world:
            epoch = max(node.raft.epoch for node in servers.controllers(world))
            ids = {name: topic.topic_id for name, topic in servers.metadata(world).topics.items()}
    assert list(tmp_path.glob("*/__cluster_metadata-0/*.checkpoint"))
    with LiveCluster(brokers=3, config=config, data=tmp_path, **options) as cluster:
        with cluster.locked() as world:
            assert max(node.raft.epoch for node in servers.controllers(world)) > epoch
            after = servers.metadata(world).topics
            assert {name: topic.topic_id for name, topic in after.items()} == ids
        cluster.create_topic("g", 2, 2)
