"""A player plays a simulation that a cell drives."""

import threading

from kafkalab import Simulation
from lab.playback.simulated import SimulationSource
from lab.playback.source import Happening
from lab.playback.sources import source_of
from lab.player import Player


def test_an_observer_sees_frames_of_what_happened() -> None:
    sim = Simulation(seed=7)
    source = SimulationSource(sim)
    seen: list[tuple[int, tuple[str, ...], str]] = []

    def observer(happening: Happening) -> None:
        seen.append((happening.at, happening.kinds, happening.frame()["say"]))

    source.observe(observer)
    sim.create_topic("orders", replication_factor=3)
    assert any("TopicCreated" in kinds for _, kinds, _ in seen)
    source.command("crash 2")
    assert seen[-1][1] == ("Crashed",)
    assert "down" in seen[-1][2]
    source.run_for(1000)
    assert seen[-1][:2] == (sim.now, ())
    before = sim.now
    source.step()
    assert sim.now > before


def test_a_click_acts_while_a_cell_waits() -> None:
    sim = Simulation(seed=7)
    player = Player(SimulationSource(sim), clock=lambda: 0.0)
    clicks: list[threading.Thread] = []

    def is_down() -> bool:
        if not clicks:
            player.post({"action": "crash 3"})
            clicks.append(threading.Thread(target=player.tick, args=(0.0,)))
            clicks[0].start()
        return 3 not in sim.alive()

    sim.run_until(is_down, limit_ms=3_600_000, what="broker 3 is down")
    clicks[0].join()


def test_all_views_of_a_simulation_share_one_source() -> None:
    sim = Simulation(seed=7)
    source = source_of(sim)
    assert source_of(sim) is source
    assert source_of(source) is source
    assert source_of(Simulation(seed=7)) is not source
