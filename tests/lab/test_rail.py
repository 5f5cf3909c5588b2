import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafkalab import Simulation
from lab.bench.parting import parting
from lab.scenes.rail import Mark, lay_out
from lab.scenes.rail_branches import Tab, draw_branches, hung
from lab.scenes.shapes import chip_width


def mark(number: int, at: int) -> Mark:
    return Mark(number, at, "dot", "sync", f"event {number}")


@given(st.lists(st.integers(0, 10**7), max_size=20), st.integers(0, 10**7))
def test_places_rise_with_time_and_stay_on_the_rail(times: list[int], now: int) -> None:
    marks = [mark(i, at) for i, at in enumerate(sorted(times))]
    end = max([now, *times])
    rail = lay_out(marks, 0, now, end)
    places = [place for _, place in rail.marks]
    assert places == sorted(places)
    assert all(0 <= place <= 1.000001 for place in [*places, rail.now, *rail.cuts])
    assert all((at <= now) == (place <= rail.now) for (m, place) in rail.marks for at in [m.at])


def test_silence_is_cut_and_short_gaps_keep_their_proportion() -> None:
    rail = lay_out([mark(0, 100), mark(1, 200), mark(2, 60_000)], 0, 60_000, 60_000)
    first, second, third = (place for _, place in rail.marks)
    assert second - first == first
    assert third == 1
    assert len(rail.cuts) == 1
    assert second < rail.cuts[0] < 1


def worlds(*parts_at: int) -> list[Tab]:
    others = [Tab(f"world b{i}", f"branch {i}", False, at) for i, at in enumerate(parts_at)]
    return [Tab("world the run", "the run", True), *others]


@pytest.mark.parametrize("parts_at", [(5_000,), (5_000, 9_000), (100, 5_000, 8_900, 9_000)])
@pytest.mark.parametrize("room", [(300.0, 560.0, 672.0), (320.0, 1_000.0, 1_372.0)])
def test_each_branch_hangs_from_the_instant_at_which_it_parts(
    parts_at: tuple[int, ...], room: tuple[float, float, float]
) -> None:
    left, right, width = room
    rail = lay_out([mark(0, 100), mark(1, 5_000)], 0, 9_000, 9_000)
    shapes, height = draw_branches(worlds(*parts_at), rail, (left, right), width)
    assert height == 24 * len(parts_at)
    stems, here, *chips = shapes
    assert here.key == "world the run"
    assert here.attributes["aria-pressed"] == "true"
    drawn = {shape.key: str(shape.attributes["d"]) for shape in stems.children}
    rows = set()
    for i, at in enumerate(parts_at):
        x = left + rail.place(at) * (right - left)
        assert drawn[f"sworld b{i}"].startswith(f"M{x:.1f} ")
        chip = next(each for each in chips if each.key == f"world b{i}")
        words = [child.words for child in chip.children if child.words]
        assert words == [f"branch {i}"]
        assert chip.attributes["aria-label"] == f"branch {i}, parts at {at / 1000:.3f} s"
        place = [float(each) for each in re.findall(r"[\d.]+", str(chip.attributes["transform"]))]
        rows.add(place[1])
        wide = chip_width(f"branch {i}")
        assert 0 <= place[0] <= width - wide
        assert place[0] > x or place[0] + wide < x
    assert len(rows) == len(parts_at)


def test_of_many_branches_the_newest_hang_and_the_rest_are_named() -> None:
    many = worlds(*range(1_000, 8_000, 1_000))
    assert [tab.words for tab in hung(many)] == ["branch 6", "branch 5", "branch 4", "branch 3"]


def test_a_bench_knows_where_its_worlds_part() -> None:
    sim = Simulation(brokers=1, controllers=1)
    sim.run(5)
    early, late = sim.at(2).fork("early"), sim.at(4).fork("late")
    of_early = early.at(1).fork("of early")
    assert parting(sim, sim) is None
    assert parting(sim, early) == parting(early, sim) == 2_000
    assert parting(early, late) == parting(late, early) == 2_000
    assert parting(late, of_early) == 1_000
    assert parting(sim, of_early) == 1_000
