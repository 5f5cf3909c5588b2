"""What the network's picture says: majorities as the controllers have them, and lines it has."""

from kafkalab import Simulation
from kafkalab.frames import cluster_frame
from kafkalab.frames.network import network_detail
from lab.scenes.network_map import quiet_pairs
from lab.scenes.network_sides import quorum_words
from lab.scenes.picture import Sight
from lab.scenes.pictures.network import NETWORK
from lab.scenes.view import View


def test_the_side_that_is_said_to_have_a_majority_has_the_active_controller() -> None:
    sim = Simulation(brokers=2, seed=3, controllers=3)
    sim.run(2)
    active = cluster_frame(sim)["controller"]["leader"]
    alone = {active, 1}
    rest = {2, *({101, 102, 103} - alone)}
    sim.network.partition(alone, rest)
    sim.run(12)
    frame = network_detail(sim.world, ())
    spots = {spot["name"]: spot for spot in frame["spots"]}
    said = [quorum_words(side, spots) for side in frame["sides"]]
    assert sorted(said) == [
        "1 of 3 controllers: no majority",
        "2 of 3 controllers: a majority, so it can have an active one",
    ]
    most = frame["sides"][said.index(max(said))]
    elected = cluster_frame(sim)["controller"]["leader"]
    assert elected != active
    assert f"controller-{elected}" in most
    assert quorum_words(["broker-1"], {"broker-1": spots["broker-1"]}) == ""
    sim.network.partition({1}, {2})  # the controllers reach both
    frame = network_detail(sim.world, ())
    spots = {spot["name"]: spot for spot in frame["spots"]}
    assert [quorum_words(side, spots) for side in frame["sides"]] == ["", ""]


def test_beside_trouble_a_large_network_is_quiet_and_its_legend_has_no_more() -> None:
    sim = Simulation(brokers=12, seed=7)
    sim.create_topic("orders", partitions=60, replication_factor=3)
    sim.run(1)
    before = network_detail(sim.world, ())
    assert not quiet_pairs(before, "")
    sim.network.delay(1, 2, 300)
    sim.run(1)
    frame = network_detail(sim.world, ())
    quiet = quiet_pairs(frame, "")
    assert ("broker-3", "broker-4") in quiet
    assert ("broker-1", "broker-2") not in quiet
    sight = Sight(cluster_frame(sim), frame, View(picture="network"), None, 1200)
    loud = {
        kind
        for link in frame["links"]
        if (link["source"], link["target"]) not in quiet
        for kind in link["lately"]
    }
    words = [entry.words for entry in NETWORK.legend(sight)]
    assert ("fetch (copy or read)" in words) == ("fetch" in loud)
