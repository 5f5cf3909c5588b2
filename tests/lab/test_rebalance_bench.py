"""The rebalance bench: what it counts is what happened, and what it says is what it counted."""

import xml.etree.ElementTree as ET
from dataclasses import replace
from functools import cache
from itertools import pairwise

import pytest

from kafkalab.errors import LearnerError
from lab import RebalanceBench
from lab.experiments.rebalancing import (
    FIRST,
    HEARTBEAT_MS,
    PROTOCOLS,
    SCRIPT,
    SESSION_TIMEOUT_MS,
    WORK_MS,
    Run,
    Span,
    read_script,
    run_scripts,
)
from lab.scenes.rebalancing import cost_of, draw_bench
from lab.scenes.svg import write_svg

CHANGES = read_script(SCRIPT)
SEEDS = (0, 4)
EVERY = pytest.mark.parametrize(
    "run",
    [pytest.param((seed, each), id=each) for seed in SEEDS for each in PROTOCOLS],
    indirect=True,
)
pytestmark = pytest.mark.xdist_group("rebalance-bench")  # they share the runs


@cache
def runs(seed: int) -> tuple[Run, ...]:
    return run_scripts(CHANGES, seed=seed)


@pytest.fixture
def run(request: pytest.FixtureRequest) -> Run:
    seed, protocol = request.param
    return next(each for each in runs(seed) if each.protocol == protocol)


@EVERY
def test_each_partition_is_accounted_for_to_the_end(run: Run) -> None:
    assert len(run.spans) == 6
    for spans in run.spans:
        assert spans[0].since == 0
        assert spans[-1].until == run.end
        assert all(a.until == b.since and a.owner != b.owner for a, b in pairwise(spans))
    assert run.states[0].since == 0
    assert run.states[-1].until == run.end
    assert run.states[-1].name == "Stable"


@EVERY
def test_in_the_end_those_who_stayed_share_everything(run: Run) -> None:
    owners = [spans[-1].owner for spans in run.spans]
    assert sorted(map(str, owners)) == ["C", "C", "C", "D", "D", "D"]


@EVERY
def test_nobody_reads_before_joining_or_after_the_end(run: Run) -> None:
    for span in (span for spans in run.spans for span in spans):
        if span.owner == "D":
            assert span.since >= 2_000
        if span.owner == "A":
            assert span.until <= 12_000
        if span.owner == "B":
            assert span.until <= 20_000


@EVERY
def test_a_crash_is_noticed_when_the_session_ends(run: Run) -> None:
    """Not sooner than a session after the last heartbeat, and one round of heartbeats later."""
    beat = HEARTBEAT_MS[run.protocol]
    stops = [one for p in range(6) for one in run.stops(p) if one.since == 20_000]
    assert len(stops) == 2  # B read two of six
    for stop in stops:
        assert SESSION_TIMEOUT_MS - beat <= stop.until - stop.since
        assert stop.until - stop.since <= SESSION_TIMEOUT_MS + beat + 2 * WORK_MS


@pytest.mark.parametrize("seed", SEEDS)
def test_eager_stops_all_the_others_only_what_changes_hands(seed: int) -> None:
    eager, *others = runs(seed)
    for partition in range(6):
        stops = eager.stops(partition)
        for since, until in ((2_000, 12_000), (12_000, 20_000), (20_000, eager.end)):
            assert sum(since <= stop.since < until for stop in stops) == 1
    for run in others:
        assert run.never_stopped() == 2
        for spans in run.spans:
            for before, stop, after in zip(spans, spans[1:], spans[2:], strict=False):
                if stop.owner is None:
                    assert before.owner != after.owner
        assert run.stopped_ms() < eager.stopped_ms()


@pytest.mark.parametrize("seed", SEEDS)
def test_reading_ends_when_a_member_hears_of_it_and_begins_in_its_poll(seed: int) -> None:
    """They hear at one heartbeat; each then gives up, and takes again, in polls of its own."""
    eager = runs(seed)[0]
    joins = [one for p in range(6) for one in eager.stops(p) if one.since < 12_000]
    assert len({stop.since for stop in joins}) == 1
    assert len({stop.until for stop in joins}) == 4  # A, B, C and D poll at their own instants


def test_the_same_seed_gives_the_same_run() -> None:
    assert run_scripts(CHANGES, seed=4) == runs(4)


def test_without_changes_nothing_stops() -> None:
    for run in run_scripts((), first=("A",), partitions=2):
        assert run.stopped_ms() == 0
        assert {spans[0].owner for spans in run.spans} == {"A"}


def test_windows_cut_stops() -> None:
    run = Run("eager", ((Span(0, 10, "A"), Span(10, 30, None), Span(30, 40, "B")),), (), 40)
    assert (run.stopped_ms(), run.stopped_ms(20), run.stopped_ms(0, 15)) == (20, 10, 5)


def test_costs_of_the_changes_add_up_and_the_sentence_says_them() -> None:
    bench = RebalanceBench()
    for run in bench.runs.values():
        costs = [cost_of(bench._bench, number, run) for number in range(3)]
        assert sum(costs) == run.stopped_ms() == bench.stopped[run.protocol] * 1000
        assert f"{run.stopped_ms() / 1000:.1f}" in bench.say
    assert "0, 2 and 2 of 6 partitions" in bench.say


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["join D"], "SECONDS join"),
        (["1 dance D"], "SECONDS join"),
        (["2 join D", "1 join E"], "back in time"),
        (["1 join A"], "was in the group already"),
        (["1 leave D"], "is not in the group then"),
        (["1 leave A", "2 crash A"], "is not in the group then"),
        (["1 leave A", "2 crash B", "3 leave C"], "nobody would be left"),
    ],
)
def test_a_script_that_cannot_be_is_explained(lines: list[str], words: str) -> None:
    with pytest.raises(LearnerError, match=words):
        read_script(lines, FIRST)


def test_other_mistakes_are_explained() -> None:
    with pytest.raises(LearnerError, match="several lines"):
        RebalanceBench("2 join D")
    with pytest.raises(LearnerError, match="different names"):
        RebalanceBench(members=["A", "A"])
    with pytest.raises(LearnerError, match="partitions are 1 to"):
        RebalanceBench(partitions=0)


def test_text_and_picture() -> None:
    bench = RebalanceBench()
    assert "D joins" in repr(bench)
    assert "never" in repr(bench)
    bench._handle({"width": 700})
    for width in (640, 960, 1300):
        ET.fromstring(write_svg(draw_bench(replace(bench._bench, width=width))))
    assert "image/svg+xml" in bench._repr_mimebundle_()
