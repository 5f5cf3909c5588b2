"""The promises hold in faulty runs of the engine as it is, and not with bugs planted in it."""

from collections.abc import Callable
from typing import Any

import pytest
from faulty_run import END_MS, faulty_run

from kafkalab import Simulation
from kafkalab.sim.invariants import Broken, Monitor


def watched(sim: Simulation, until: int) -> None:
    """Run, and ask after every step."""
    monitor = Monitor(sim.world, acks_all=True)
    while sim.world.step(until):
        monitor.after_step()
    monitor.everything()


@pytest.mark.parametrize("seed", range(6))
def test_every_promise_holds_through_crashes_pauses_and_partitions(seed: int) -> None:
    sim = faulty_run(seed, wire=bool(seed % 2))
    watched(sim, sim.started_at + END_MS)


def test_when_all_is_healed_replicas_are_equal_and_in_sync() -> None:
    sim = Simulation(brokers=3, seed=4)
    sim.create_topic("orders", partitions=2, replication_factor=3)
    monitor = Monitor(sim.world, acks_all=True)
    sim.broker(2).crash()
    sim.run(12)
    sim.broker(2).restart()
    sim.run(20)
    monitor.at_rest()


def committed_by_the_leader_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The high watermark follows the leader's own log end."""
    from kafkalab.log import PartitionLog
    from kafkalab.replica.leading import Leading

    original = Leading.appended

    def appended(self: Any, end_before: int, now: int) -> None:
        original(self, end_before, now)
        log: PartitionLog = self.log
        log.advance_high_watermark(log.log_end_offset)

    monkeypatch.setattr(Leading, "appended", appended)


def fetches_count_before_they_arrive(monkeypatch: pytest.MonkeyPatch) -> None:
    """The leader takes what a follower is sent now as already copied."""
    from kafkalab.replica.follower_state import FollowerState

    original = FollowerState.fetched

    def fetched(self: Any, offset: int, log_start_offset: int, leader_end: int, *rest: int) -> None:
        original(self, leader_end, log_start_offset, leader_end, *rest)

    monkeypatch.setattr(FollowerState, "fetched", fetched)


PLANTED = (committed_by_the_leader_alone, fetches_count_before_they_arrive)


@pytest.mark.parametrize("plant", PLANTED)
def test_a_planted_bug_is_found(
    plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    found = []
    for seed in range(8):
        sim = faulty_run(seed)
        try:
            watched(sim, sim.started_at + END_MS)
        except Broken as broken:
            found.append(f"seed {seed}: {broken}")
            break
    assert found, f"{plant.__name__} was not found in 8 seeds"
