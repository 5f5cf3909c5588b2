"""Exactly once within Kafka, whatever dies on the way."""

import pytest
from exactly_once import (
    FAULTS_END_MS,
    LIVE_WITHIN_S,
    VALUES,
    calm,
    faulty,
    is_over,
    values_committed,
)

from kafkalab import Simulation
from kafkalab.chance import Stream
from kafkalab.ids import TopicPartition
from kafkalab.server import Broker
from kafkalab.sim.invariants import Monitor
from kafkalab.transactions import TRANSACTIONS_TOPIC
from kafkalab.world import actions


def run_through(sim: Simulation, seed: int) -> None:
    """Run with all promises watched; workers die and start again as the seed says."""
    monitor = Monitor(sim.world, acks_all=True)
    chance = Stream(seed, "test/deaths")
    start = sim.now
    deaths = sorted(chance.between(2_000, FAULTS_END_MS - 5_000) for _ in range(4))
    world = sim.world
    for at in [*deaths, FAULTS_END_MS]:
        while world.step(start + at):
            monitor.after_step()
        world.pass_time(start + at)
        if at < FAULTS_END_MS:
            _kill(sim, 1 + chance.below(2))
    _until_over(sim, monitor)


def _until_over(sim: Simulation, monitor: Monitor) -> None:
    world = sim.world
    limit = world.now + LIVE_WITHIN_S * 1000
    while not is_over(world) and world.now < limit:
        for _ in range(500):
            if world.step(limit):
                monitor.after_step()
    end = world.now + 30_000  # so that what is left open times out
    while world.step(end):
        monitor.after_step()
    monitor.everything()


def _kill(sim: Simulation, number: int) -> None:
    """A worker dies where it stands, and another process takes its place."""
    name = f"worker-{number}"
    if sim.world.apps.processes[name].state.name == "RUNNING":
        actions.crash_app(sim.world, name)
    actions.restart_app(sim.world, name)


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("seed", [0, 1, 209])  # 209: a finder's timer that had passed
def test_each_value_is_moved_once(seed: int, version: int) -> None:
    sim = faulty(seed, version)
    run_through(sim, seed)
    got = values_committed(sim, "target")
    assert sorted(got, key=int) == [str(number) for number in range(VALUES)]


STATES = ("Empty", "Ongoing", "PrepareCommit", "CompleteCommit", "PrepareAbort", "CompleteAbort")
DEATHS = (
    *(("coordinator", state) for state in STATES),
    *((who, state) for who in ("worker", "target") for state in ("Ongoing", "PrepareCommit")),
)


@pytest.mark.parametrize(("who", "state"), DEATHS)
def test_a_death_in_any_state_moves_each_value_once(who: str, state: str) -> None:
    """The broker or worker dies in the very step in which the state is committed."""
    version = 1 + STATES.index(state) % 2
    sim = calm(STATES.index(state), version)
    monitor = Monitor(sim.world, acks_all=True)
    id, partition = _step_until(sim, monitor, state, times=1 if state == "Empty" else 3)
    victim = {
        "coordinator": lambda: _leader(sim, TopicPartition(TRANSACTIONS_TOPIC, partition)),
        "target": lambda: _leader(sim, TopicPartition("target", 0)),
        "worker": lambda: 0,
    }[who]()
    if victim:
        sim.world.command(f"crash {victim}")
        sim.world.schedule(sim.now + 12_000, f"restart {victim}")
    else:
        _kill(sim, int(id.removeprefix("worker-")))
    _until_over(sim, monitor)
    got = values_committed(sim, "target")
    assert sorted(got, key=int) == [str(number) for number in range(VALUES)]


def _step_until(sim: Simulation, monitor: Monitor, state: str, times: int) -> tuple[str, int]:
    """Until a transactional id is in that state again: which, and its coordinator's partition."""
    world = sim.world
    while world.now < FAULTS_END_MS:
        seen = world.trace.next_id
        assert world.step(world.now + 60_000)
        monitor.after_step()
        for entry in world.trace.recent(seen):
            if entry.event[0] == "TransactionStateChanged" and entry.event[3] == state:
                times -= 1
                if not times:
                    broker = world.nodes[entry.node]
                    assert isinstance(broker, Broker)
                    known = broker.transactions.transactions
                    by_id = {each.transactional_id: partition for partition, each in known}
                    return entry.event[1], by_id[entry.event[1]]
    raise AssertionError(f"nobody was {state}")


def _leader(sim: Simulation, name: TopicPartition) -> int:
    partition = sim.metadata.partition(name)
    assert partition is not None
    return partition.leader
