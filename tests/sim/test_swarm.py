"""The swarm: a slice of it, its seeds that once failed, and what a failure says."""

import io
from pathlib import Path

import pytest

from kafkalab.sim import fleet, swarm
from kafkalab.sim.plan import Plan

SECONDS = 5
SLICE = 12
KNOWN = Path(__file__).parents[1] / "seeds.txt"


def known_seeds() -> list[tuple[int, float]]:
    """The (seed, seconds) of `seeds.txt`: each failed once, for the reason given there."""
    lines = [line.partition("#")[0].split() for line in KNOWN.read_text().splitlines()]
    return [(int(words[0]), float(words[1])) for words in lines if words]


@pytest.mark.parametrize("seed", range(SLICE))
def test_a_slice_of_the_swarm_keeps_every_promise(seed: int) -> None:
    swarm.run(Plan.of(seed, SECONDS))


@pytest.mark.parametrize(("seed", "seconds"), known_seeds())
def test_seeds_that_failed_once_do_not_any_more(seed: int, seconds: float) -> None:
    swarm.run(Plan.of(seed, seconds))


def test_watching_changes_nothing() -> None:
    plan = Plan.of(7, SECONDS)
    assert swarm.run(plan) == swarm.run(plan, watched=False)


def test_a_plan_is_the_same_each_time_and_can_be_read() -> None:
    assert Plan.of(7, SECONDS) == Plan.of(7, SECONDS) != Plan.of(8, SECONDS)
    assert str(Plan.of(7, SECONDS)).startswith("seed 7, 5 s: ")


def test_a_failure_says_how_to_see_it_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(swarm, "LIVE_WITHIN_MS", -1)
    out = io.StringIO()
    assert fleet.run_fleet(range(3, 4), 1.0, 1, out) == 1
    text = out.getvalue()
    assert "seed 3 failed: it becomes live again" in text
    assert "the last events" in text
    assert "kafkalab sim --seed 3 --seconds 1" in text
