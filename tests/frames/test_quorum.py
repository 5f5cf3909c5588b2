"""The detail of the quorum: what its voters have, in words; plain JSON that tells the truth."""

import json

from kafkalab import Simulation
from kafkalab.frames.details import details


def quorum(sim: Simulation) -> dict[str, object]:
    found = details(sim.world, ("quorum",))["quorum"]
    assert json.loads(json.dumps(found)) == found
    return found  # type: ignore[no-any-return]


def test_the_log_of_a_cluster_in_words() -> None:
    sim = Simulation(brokers=3, controllers=3, seed=7)
    sim.create_topic("orders", partitions=2, replication_factor=3, config={"retention.ms": 1})
    leader = sim.leader("orders", 0)
    sim.broker(leader).crash()
    sim.run(12)
    found = quorum(sim)
    said = [(record["kind"], record["words"]) for record in found["records"]]
    assert ("Topic", "topic orders") in said
    assert ("Config", "orders: retention.ms = 1") in said
    assert ("BrokerRegistrationChange", f"broker {leader}: fenced") in said
    assert any(
        kind == "PartitionChange" and words.startswith("orders-0: leader") for kind, words in said
    )
    assert [record["offset"] for record in found["records"]] == list(range(len(said)))
    by_id = {node["id"]: node for node in found["nodes"]}
    assert list(by_id) == [101, 102, 103, 1, 2, 3]
    assert by_id[101]["replayed"] == len(said) - 1
    assert by_id[leader]["replayed"] < len(said) - 1
    assert not by_id[leader]["is_up"]


def test_a_lost_majority_shows() -> None:
    sim = Simulation(brokers=3, controllers=3, seed=7)
    active = quorum(sim)["active"]
    others = [number for number in (101, 102, 103) if number != active]
    for number in others:
        sim.controller(number).crash()
    sim.run(20)
    found = quorum(sim)
    assert found["majority"] == 2
    assert found["active"] is None
    assert sum(node["is_up"] for node in found["nodes"] if node["is_voter"]) == 1


def test_a_combined_server_is_a_voter_once() -> None:
    found = quorum(Simulation(brokers=3, combined=True, seed=7))
    assert [(node["id"], node["is_voter"]) for node in found["nodes"]] == [
        (1, True),
        (2, True),
        (3, True),
    ]
