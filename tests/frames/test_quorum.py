"""A frame of several controllers: each with its role, vote and place in the metadata log."""

import json

import pytest

from kafkalab import Simulation
from kafkalab.frames import cluster_frame


@pytest.mark.parametrize(
    ("options", "ids"), [({"controllers": 3}, [101, 102, 103]), ({"combined": True}, [1, 2, 3])]
)
def test_every_controller_is_told_with_its_role(options: dict[str, int], ids: list[int]) -> None:
    sim = Simulation(brokers=3, seed=1, **options)
    sim.run(1)
    frame = cluster_frame(sim)["controller"]
    assert json.loads(json.dumps(frame)) == frame
    nodes = {node["id"]: node for node in frame["nodes"]}
    assert list(nodes) == ids
    assert sorted(node["role"] for node in nodes.values()) == ["Follower", "Follower", "Leader"]
    leader = frame["leader"]
    assert nodes[leader]["role"] == "Leader"
    assert {node["leader"] for node in nodes.values()} == {leader}
    assert {node["voted"] for node in nodes.values()} == {leader}
    assert {node["epoch"] for node in nodes.values()} == {frame["epoch"]}
    assert {node["high_watermark"] for node in nodes.values()} == {sim.metadata.offset + 1}
    sim.controller(leader).crash()
    sim.run(1)
    frame = cluster_frame(sim)["controller"]
    assert frame["leader"] is None
    assert [node["state"] for node in frame["nodes"] if node["id"] == leader] == ["crashed"]
    sim.run(5)
    assert cluster_frame(sim)["controller"]["leader"] not in (None, leader)
