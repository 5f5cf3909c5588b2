"""What the graphs say, against what the cluster does: majorities elect, single points are so."""

from itertools import combinations

import pytest

from kafkalab import AdminClient, NewTopic, Simulation
from kafkalab.errors import LearnerError
from kafkalab.frames import cluster_frame
from lab import in_touch, placement_graph, single_points, topology_graph

RACKS = {1: "a", 2: "a", 3: "b", 4: "b"}


def controllers(sim: Simulation, group: set[str]) -> list[str]:
    graph = topology_graph(sim)
    return [name for name in group if graph.nodes[name]["kind"] == "controller"]


@pytest.mark.parametrize("alone", [{101}, {102}, {101, 1}, {101, 102}])
def test_only_who_is_in_touch_with_a_majority_of_controllers_elects(alone: set[int]) -> None:
    sim = Simulation(brokers=2, seed=3, controllers=3)
    sim.run(2)
    assert in_touch(topology_graph(sim)) == [set(topology_graph(sim).nodes)]
    sim.network.partition(alone, {1, 2, 101, 102, 103} - alone)
    sim.run(12)
    graph = topology_graph(sim)
    sides = in_touch(graph)
    assert [len(side) for side in sides] == sorted([len(alone), 5 - len(alone)], reverse=True)
    (most,) = [side for side in sides if len(controllers(sim, side)) >= 2]
    (active,) = [name for name in graph if graph.nodes[name]["is_active"] and name in most]
    assert active == f"controller-{cluster_frame(sim)['controller']['leader']}"


def test_one_way_and_held_links_and_who_is_down_are_no_edges() -> None:
    sim = Simulation(brokers=3, seed=1)
    sim.network.partition_one_way({1}, {2})
    sim.network.hold(3, 2)
    graph = topology_graph(sim)
    assert not graph.has_edge("broker-1", "broker-2")
    assert graph.has_edge("broker-2", "broker-1")
    assert not graph.has_edge("broker-3", "broker-2")
    # two do not hear each other, a third hears both: it stands in each group
    assert [{"broker-1", "broker-3", "controller-101"}, {"broker-2", "controller-101"}] == (
        in_touch(graph)
    )
    sim.broker(1).crash()
    graph = topology_graph(sim)
    assert graph.nodes["broker-1"]["state"] == "crashed"
    assert not graph.degree("broker-1")


def test_without_a_single_point_partitions_are_offline_and_without_others_none_is() -> None:
    sim = Simulation(brokers=4, seed=5, racks=RACKS)
    admin = AdminClient({"bootstrap.servers": "kafka:9092"}, sim=sim)
    for topic, replicas in (("one", [[2]]), ("rack", [[1, 2]]), ("far", [[1, 3], [2, 4]])):
        new = NewTopic(topic, len(replicas), replica_assignment=replicas)
        admin.create_topics([new])[topic].result()
    sim.run(1)
    points = single_points(placement_graph(sim))
    assert points == {"broker-2": ["one-0"], "rack a": ["one-0", "rack-0"]}
    assert set(placement_graph(sim, "far")) >= {"cluster", "rack a", "rack b", "far-0", "far-1"}
    domains = {f"broker-{id}": [id] for id in RACKS}
    domains |= {f"rack {rack}": [i for i in RACKS if RACKS[i] == rack] for rack in "ab"}
    for name, brokers in domains.items():
        branch = sim.fork(name)
        for id in brokers:
            branch.broker(id).crash()
        branch.run(12)
        graph = placement_graph(branch)
        offline = [
            each for each, kind in graph.nodes("kind")
            if kind == "partition" and graph.nodes[each]["leader"] is None
        ]  # fmt: skip
        assert sorted(offline) == points.get(name, []), name
        assert all(set(offline).isdisjoint(lost) for lost in single_points(graph).values())


def test_a_topic_that_is_none_is_told() -> None:
    with pytest.raises(LearnerError, match="there is no topic 'orders'"):
        placement_graph(Simulation(brokers=1), "orders")


def test_every_pair_of_a_whole_cluster_hears_each_other() -> None:
    graph = topology_graph(Simulation(brokers=4, seed=1))
    assert all(graph.has_edge(a, b) and graph.has_edge(b, a) for a, b in combinations(graph, 2))
