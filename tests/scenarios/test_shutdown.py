"""Leaving in order: leaderships move first, and nobody has to notice a silence."""

import pytest

from kafkalab import Simulation
from kafkalab.sim.invariants import Monitor
from kafkalab.world import servers
from kafkalab.world.faults import CommandError


def watch(sim: Simulation, ms: int, monitor: Monitor) -> None:
    until = sim.now + ms
    while sim.world.step(until):
        monitor.after_step()
    sim.run_to(until)


def happened(sim: Simulation, kind: str, node: str | None = None) -> list[int]:
    """When."""
    return [e.at for e in sim.trace if e.event[0] == kind and node in (None, e.node)]


def test_a_broker_hands_over_what_it_leads_and_comes_back_with_its_old_epoch() -> None:
    sim = Simulation(brokers=3, seed=4, controllers=3)
    sim.create_topic("orders", 3, 3)
    monitor = Monitor(sim.world, acks_all=True)
    (led,) = [number for number in range(3) if sim.leader("orders", number) == 1]
    epoch = sim.metadata.brokers[1].epoch
    sim.broker(1).shutdown()
    begun = sim.now
    watch(sim, 5_000, monitor)
    (stopped,) = happened(sim, "Stopped", "broker-1")
    assert stopped - begun < 4_200  # when the others' heartbeats say that they know
    assert sim.leader("orders", led) in (2, 3)
    assert all(1 not in sim.isr("orders", number) for number in range(3))
    without = [e for e in sim.trace if e.event[0] == "LeaderElected" and e.event[3] == -1]
    assert without == []
    assert sim.metadata.brokers[1].fenced
    sim.broker(1).restart()
    watch(sim, 15_000, monitor)
    monitor.at_rest()
    assert sim.metadata.brokers[1].epoch > epoch
    assert sim.world.nodes["broker-1"].lifecycle.previous_epoch == epoch


def test_the_last_replica_goes_too_and_its_partition_waits_for_it() -> None:
    sim = Simulation(brokers=2, seed=1)
    sim.create_topic("alone", 1, 1)
    leader = sim.leader("alone", 0)
    sim.broker(leader).shutdown()
    sim.run(5)
    assert leader not in sim.alive()
    assert sim.leader("alone", 0) is None
    sim.broker(leader).restart()
    sim.run(12)  # its old session must end first
    assert sim.leader("alone", 0) == leader


def test_without_controlled_shutdown_it_just_goes() -> None:
    sim = Simulation(brokers=3, seed=1, config={"controlled.shutdown.enable": False})
    sim.broker(2).shutdown()
    assert sim.alive() == [1, 3]


@pytest.mark.parametrize("combined", [False, True])
def test_the_active_controller_hands_over_at_once(combined: bool) -> None:
    """EndQuorumEpoch: the voter with most of the log stands without waiting for a timeout."""
    sim = Simulation(brokers=3, seed=4, controllers=3, combined=combined)
    sim.create_topic("orders", 3, 3)
    monitor = Monitor(sim.world, acks_all=True)
    active = servers.active_controller(sim.world)
    begun = sim.now
    sim.controller(active.node_id).shutdown()
    watch(sim, 5_000, monitor)
    (stopped,) = happened(sim, "Stopped", active.name)
    assert stopped - begun < (4_200 if combined else 100)
    after = servers.active_controller(sim.world)
    assert after.node_id != active.node_id
    assert after.raft.epoch == 2
    sim.controller(active.node_id).restart()
    watch(sim, 15_000, monitor)
    monitor.at_rest()


def test_who_is_down_or_leaving_already_is_told_so() -> None:
    sim = Simulation(brokers=2)
    sim.broker(2).shutdown()
    with pytest.raises(CommandError, match="leaving already"):
        sim.broker(2).shutdown()
    sim.broker(1).crash()
    with pytest.raises(CommandError, match="crashed already"):
        sim.broker(1).shutdown()


def test_a_crash_while_leaving_is_a_crash() -> None:
    sim = Simulation(brokers=3, seed=4, controllers=3)
    sim.create_topic("orders", 3, 3)
    sim.broker(1).shutdown()
    sim.broker(1).crash()
    sim.broker(1).restart()
    sim.run(15)
    assert happened(sim, "Stopped") == []
    assert set(sim.alive()) == {1, 2, 3}
    fork = sim.fork()
    fork.broker(2).shutdown()
    fork.run(3)
    assert 2 in sim.alive() and 2 not in fork.alive()
