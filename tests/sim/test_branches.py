"""The tree of branches, and going to the next interesting instant."""

import pytest

from kafkalab import Simulation
from kafkalab.errors import LearnerError
from kafkalab.world import StillWaiting


def test_the_tree_has_names_origins_and_instants() -> None:
    sim = Simulation(seed=7)
    first = sim.fork("what if")
    first.run(2)
    second = first.fork("and then")
    sim.run(1)
    sim.fork("broker 3 stays up")
    assert repr(second.branches).splitlines() == [
        "Simulation  began at 0.012 s, now 1.012 s",
        "├─ what if  from 0.012 s, now 2.012 s",
        "│  └─ and then  from 2.012 s, now 2.012 s   ◀ this one",
        "└─ broker 3 stays up  from 1.012 s, now 1.012 s",
    ]
    assert sim.branches["and then"] is second
    assert second.branch.origin is first.branch
    with pytest.raises(
        LearnerError, match="no branch 'what of'; there are 'Simulation', 'what if'"
    ):
        sim.branches["what of"]


def test_a_named_branch_is_kept_and_an_unnamed_one_is_not() -> None:
    sim = Simulation(seed=7, brokers=1)
    sim.fork("kept")
    sim.fork()
    assert [branch.name for branch in sim.branches] == ["Simulation", "kept"]
    again = sim.fork("kept")
    assert sim.branches["kept"] is again
    assert len(sim.branches) == 2


def test_a_fork_of_a_view_hangs_where_the_view_looked() -> None:
    sim = Simulation(seed=7, brokers=1)
    sim.run(5)
    branch = sim.at(2).fork("from the past")
    assert branch.branch.origin is sim.branch
    assert branch.branch.at == 2000
    assert len(sim.branches) == 2


def test_running_to_the_next_of_a_kind_stops_at_it() -> None:
    sim = Simulation(seed=7)
    sim.create_topic("orders", replication_factor=3)
    leader = sim.leader("orders", 0)
    sim.broker(leader).crash()
    fenced = sim.run_to_next("fence")
    assert (fenced.what, fenced.at) == ("fence", sim.now)
    elected = sim.instants("leader", topic="orders")[-1]
    assert elected.at == sim.now
    sim.broker(leader).restart()
    back = sim.run_to_next("isr", topic="orders")
    assert leader in back.entry.fields["after"]
    assert leader in sim.isr("orders", 0)
    with pytest.raises(StillWaiting, match="still not: the next generation"):
        sim.run_to_next("generation", limit_ms=500)
    with pytest.raises(LearnerError, match="no instant 'hw'; there are isr, watermark"):
        sim.run_to_next("hw")


def test_watermarks_are_those_of_leaders() -> None:
    sim = Simulation(seed=7)
    sim.create_topic("orders", replication_factor=3)
    name = sim.add_client("producer", {"bootstrap.servers": "kafka:9092"})
    sim.driver.act(name, "produce", "orders", b"1", None, -1, (), 0)
    moved = sim.run_to_next("watermark")
    assert moved.entry.node == f"broker-{sim.leader('orders', 0)}"
    sim.run(2)
    assert [each.at for each in sim.instants("watermark")] == [moved.at]
