"""The network as told against the network itself: who can hear whom, what is on its way."""

import json
import time

import pytest

from kafkalab import Consumer, Producer, Simulation
from kafkalab.frames import cluster_frame
from kafkalab.frames.network import LinkFrame, NetworkFrame, network_detail
from kafkalab.sim.changes import words_of
from kafkalab.sim.telling import tell


@pytest.fixture
def sim() -> Simulation:
    sim = Simulation(brokers=3, seed=4, controllers=1)
    sim.create_topic("orders", partitions=3, replication_factor=3)
    producer = Producer({"bootstrap.servers": sim.bootstrap_servers}, sim=sim)
    producer.produce("orders", "one")
    producer.flush()
    return sim


def told(sim: Simulation) -> NetworkFrame:
    frame = network_detail(sim.world, ())
    assert json.loads(json.dumps(frame)) == frame
    return frame


def links(frame: NetworkFrame) -> dict[tuple[str, str], LinkFrame]:
    return {(link["source"], link["target"]): link for link in frame["links"]}


def test_spots_are_servers_then_clients_and_links_are_connections(sim: Simulation) -> None:
    frame = told(sim)
    names = [spot["name"] for spot in frame["spots"]]
    assert names == ["broker-1", "broker-2", "broker-3", "controller-101", "producer-1"]
    assert [spot["name"] for spot in frame["spots"] if spot["is_active"]] == ["controller-101"]
    there = {(c.client, c.server) for c in sim.network.connections if c.client != "operator"}
    both = there | {(b, a) for a, b in there}
    assert {pair for pair, link in links(frame).items() if link["connections"]} == both
    assert not any(link["is_cut"] or link["is_slow"] for link in frame["links"])
    (of,) = {record.partition for record in sim.records("orders")}
    leader = f"broker-{sim.leader('orders', of)}"
    assert links(frame)["producer-1", leader]["lately"]["produce"] == 1


def test_a_partition_cuts_both_ways_and_a_one_way_one_only_one(sim: Simulation) -> None:
    sim.network.partition({1}, {2, 3, 101})
    cut = {pair for pair, link in links(told(sim)).items() if link["is_cut"]}
    others = ("broker-2", "broker-3", "controller-101")
    assert cut == {("broker-1", o) for o in others} | {(o, "broker-1") for o in others}
    assert [spot["side"] for spot in told(sim)["spots"]] == [0, 1, 1, 1, None]
    sim.network.heal()
    sim.network.partition_one_way({1}, {2, 3})
    frame = told(sim)
    assert frame["is_one_way"]
    cut = {pair for pair, link in links(frame).items() if link["is_cut"]}
    assert cut == {("broker-1", "broker-2"), ("broker-1", "broker-3")}
    sim.run(2)
    waits = [link for link in told(sim)["links"] if link["waiting"]]
    assert {(link["source"], link["target"]) for link in waits} <= cut
    assert waits, "messages of broker 1 wait"


def test_delays_holds_and_disks_are_told(sim: Simulation) -> None:
    sim.network.delay(1, 2, 300)
    sim.network.hold(3, 1)
    sim.broker(2).slow_disk(40)
    frame = told(sim)
    found = links(frame)
    assert (found["broker-1", "broker-2"]["latency_ms"], frame["latency_ms"]) == (300, 1)
    assert found["broker-2", "broker-1"]["is_slow"]
    assert found["broker-3", "broker-1"]["is_held"]
    assert not found["broker-1", "broker-3"]["is_held"]
    assert [spot["disk_ms"] for spot in frame["spots"][:3]] == [None, 40, None]
    sim.run(1)
    held = links(told(sim))["broker-3", "broker-1"]
    assert held["waiting"] == held["in_flight"] > 0


def test_racks_are_told() -> None:
    sim = Simulation(brokers=2, seed=1, config={"broker.rack": "eu-a"})
    frame = told(sim)
    assert frame["racks"] == ["eu-a"]
    assert {spot["rack"] for spot in frame["spots"] if spot["kind"] == "broker"} == {"eu-a"}


def test_many_clients_are_told_as_one_of_a_kind(sim: Simulation) -> None:
    for _ in range(12):
        conf = {"bootstrap.servers": sim.bootstrap_servers, "group.id": "many"}
        Consumer(conf, sim=sim).subscribe(["orders"])
    sim.run(1)
    began = time.process_time()
    frame = told(sim)
    assert time.process_time() - began < 0.2
    assert [(s["name"], s["members"]) for s in frame["spots"] if s["id"] is None] == [
        ("producer-1", 1), ("12 consumers", 12)
    ]  # fmt: skip
    assert any("12 consumers" in (link["source"], link["target"]) for link in frame["links"])


def test_what_is_cut_one_way_is_told_with_its_way(sim: Simulation) -> None:
    sim.network.partition_one_way({1}, {2, 3})
    (cut,) = sim.trace.of("Partitioned")
    frame = cluster_frame(sim)
    assert frame["say"].startswith("The network is cut one way. ")
    newest = frame["events"][0]
    assert (newest["glyph"], newest["text"]) == ("one way", "Cut one way: 1 → 2, 3")
    assert tell(cut) == "the network is cut one way: broker 1 → broker 2, broker 3"
    assert repr(sim.network) == "<Network: broker-1 → broker-2, broker-3>"
    assert words_of(cut) == "partition broker-1 > broker-2,broker-3"
    sim.network.partition({1}, {2, 3})
    assert words_of(sim.trace.of("Partitioned")[1]) == "partition broker-1 | broker-2,broker-3"
    assert cluster_frame(sim)["events"][0]["text"] == "The network is partitioned"
