"""Members added and removed by hand: apps of their own, which a branch and a saved run repeat."""

from pathlib import Path

import pytest

from kafkalab import Consumer, LiveCluster, Simulation
from kafkalab.errors import LearnerError
from lab.bench.commands import run
from lab.playback.live import LiveSource


@pytest.fixture
def sim() -> Simulation:
    sim = Simulation(brokers=3, seed=4)
    sim.create_topic("orders", 4)
    return sim


def _doing(sim: Simulation) -> dict[str, str]:
    nodes = sim.world.nodes
    return {
        name: nodes[name].doing(sim.now)  # type: ignore[attr-defined]
        for name in nodes
        if name.startswith("consumer")
    }


def test_a_member_joins_and_leaves(sim: Simulation) -> None:
    run(sim, "consume orders billing")
    run(sim, "consume orders billing")
    sim.run(10)
    assert _doing(sim) == dict.fromkeys(("consumer-1", "consumer-2"), "reads 2 of billing")
    run(sim, "leave consumer-1")
    sim.run(10)
    assert _doing(sim) == {"consumer-1": "closed", "consumer-2": "reads 4 of billing"}
    assert "Stable" in run(sim, "groups")
    assert "leaving" not in run(sim, "describe group billing")


@pytest.mark.parametrize(
    "conf",
    [
        {"group.protocol": "consumer"},
        {"partition.assignment.strategy": "cooperative-sticky"},
        {"partition.assignment.strategy": "roundrobin"},
    ],
)
def test_it_speaks_the_protocol_of_its_group(sim: Simulation, conf: dict[str, str]) -> None:
    first = Consumer({"bootstrap.servers": "kafka:9092", "group.id": "g", **conf}, sim=sim)
    first.subscribe(["orders"])
    first.poll(5)
    run(sim, "consume orders g")
    for _ in range(10):
        first.poll(1)
    assert _doing(sim) == dict.fromkeys(("consumer-1", "consumer-2"), "reads 2 of g")


def test_a_branch_and_a_saved_run_have_it_again(sim: Simulation, tmp_path: Path) -> None:
    run(sim, "consume orders billing")
    sim.run(5)
    before = sim.now / 1000
    sim.run(1)
    run(sim, "leave consumer-1")
    sim.run(5)
    branch = sim.at(before).fork()
    branch.run(5)
    assert _doing(branch) == {"consumer-1": "reads 4 of billing"}
    sim.save(tmp_path / "run")
    again = Simulation.load(tmp_path / "run")
    assert again.trace.digest() == sim.trace.digest()
    assert _doing(again) == {"consumer-1": "closed"}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("consume", "consume TOPIC"),
        ("consume none g", "there is no topic 'none'; topics: orders"),
        ("leave", "there are none"),
        ("leave broker-1", "which consumer leaves"),
    ],
)
def test_what_cannot_be(sim: Simulation, line: str, words: str) -> None:
    with pytest.raises(LearnerError, match=words):
        run(sim, line)


def test_a_live_clusters_consumers_are_programs() -> None:
    with LiveCluster(brokers=1) as cluster, pytest.raises(LearnerError, match="where they run"):
        LiveSource(cluster).command("consume orders g")
