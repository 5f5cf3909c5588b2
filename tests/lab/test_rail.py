from hypothesis import given
from hypothesis import strategies as st

from lab.scenes.rail import Mark, lay_out


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
