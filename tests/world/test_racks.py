"""Racks: brokers say theirs, copies are spread over them, clients see them."""

from pathlib import Path

import pytest

from kafkalab import Consumer, LiveCluster, Simulation
from kafkalab.errors import LearnerError
from kafkalab.frames import cluster_frame
from kafkalab.handles import AdminClient
from kafkalab.world.servers import racks_of


def test_names_are_dealt_out_in_turn_or_given_by_number() -> None:
    assert racks_of(3, ["a", "b"]) == ("a", "b", "a")
    assert racks_of(3, {1: "a", 3: "b"}) == ("a", None, "b")
    assert racks_of(3, None) == racks_of(3, []) == ()


@pytest.mark.parametrize("racks", [{4: "a"}, "ab", [""], [7]])
def test_racks_that_do_not_fit(racks: object) -> None:
    with pytest.raises(LearnerError):
        Simulation(brokers=3, racks=racks)  # type: ignore[arg-type]


def test_copies_are_spread_over_racks_and_clients_are_told() -> None:
    sim = Simulation(brokers=6, seed=3, racks=["a", "a", "b", "b", "c", "c"])
    sim.create_topic("orders", 12, 3)
    rack_of = {1: "a", 2: "a", 3: "b", 4: "b", 5: "c", 6: "c"}
    for partition in sim.metadata.topics["orders"].partitions.values():
        assert sorted(rack_of[id] for id in partition.replicas) == ["a", "b", "c"]
    admin = AdminClient({"bootstrap.servers": "kafka:9092"}, sim=sim)
    nodes = admin.describe_cluster().result().nodes
    assert {node.id: node.rack for node in nodes} == rack_of
    assert [each["rack"] for each in cluster_frame(sim)["brokers"]] == list(rack_of.values())


def test_an_assignor_prefers_what_is_in_the_member_s_rack() -> None:
    sim = Simulation(brokers=2, seed=3, racks=["a", "b"])
    sim.create_topic("orders", 4, 1)
    consumers = {}
    for rack in ("b", "a"):
        conf = {"bootstrap.servers": "kafka:9092", "group.id": "g", "client.rack": rack}
        consumers[rack] = Consumer({**conf, "partition.assignment.strategy": "range"}, sim=sim)
        consumers[rack].subscribe(["orders"])
    for _ in range(10):
        for consumer in consumers.values():
            consumer.poll(1)
    leader_in = {"a": 1, "b": 2}
    for rack, consumer in consumers.items():
        leaders = {sim.leader("orders", each.partition) for each in consumer.assignment()}
        assert leaders == {leader_in[rack]}


def test_a_restart_a_fork_and_a_saved_run_keep_them(tmp_path: Path) -> None:
    sim = Simulation(brokers=3, seed=3, racks={2: "b"})
    sim.broker(2).crash()
    sim.broker(2).restart()
    sim.run(20)
    assert [sim.fork().metadata.brokers[id].rack for id in (1, 2, 3)] == [None, "b", None]
    sim.save(tmp_path / "run.json")
    assert Simulation.load(tmp_path / "run.json").metadata.brokers[2].rack == "b"


def test_a_live_cluster_has_them_too() -> None:
    with LiveCluster(brokers=2, racks=["a", "b"]) as cluster:
        assert [each["rack"] for each in cluster_frame(cluster)["brokers"]] == ["a", "b"]
        assert cluster.freeze().metadata.brokers[2].rack == "b"
