"""How a tape is recorded and played, with a clock of the test's own."""

import copy
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.playback.playback import (
    FRAME_MS,
    GAP_MS_MAX,
    HOLD_MS,
    IDLE_MS_MAX,
    PLAY_MS,
    STEPS_MS,
    Mode,
    Playback,
    gaps,
)
from lab.playback.scripted import ScriptedSource, Story, cluster_frame, isr_story
from lab.playback.source import Happening, Observer
from lab.playback.tape import KEPT_MAX, MINOR_MAX, Moment, Tape, Weight, share

FRAME = cluster_frame(partitions=1, records=3)
json_values = st.recursive(
    st.one_of(st.none(), st.integers(), st.text(max_size=3)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=2), inner, max_size=4)
    ),
    max_leaves=12,
)


def happening(at: int, *kinds: str) -> Happening:
    return Happening(at, kinds, lambda: {**FRAME, "now": at, "say": str(kinds)})


def recorder(tape: Tape) -> Observer:
    def record(each: Happening) -> None:
        tape.record(each)

    return record


def tape_with(*happenings: Happening) -> Tape:
    tape = Tape.starting_with({**FRAME, "now": 0})
    for each in happenings:
        tape.record(each)
    return tape


def played(playback: Playback, until: float = 60_000, every: float = 5) -> list[tuple[float, int]]:
    """When each picture was shown: wall ms, virtual ms."""
    shown = []
    now = 0.0
    while now < until and playback.due() is not None:
        if playback.advance(now):
            shown.append((now, playback.tape.shown.at))
        now += every
    return shown


# ---------------------------------------------------------------- the tape


def test_every_significant_event_of_a_busy_run_keeps_its_picture() -> None:
    tape = tape_with()
    for at in range(1, 20_000):
        tape.record(happening(at, "IsrChanged" if at % 1000 == 0 else "Appended"))
    significant = [m.at for m in tape.moments[1:] if m.weight is Weight.SIGNIFICANT]
    assert significant == list(range(1000, 20_000, 1000))
    minor = [m for m in tape.moments if m.weight is Weight.MINOR]
    assert 0 < len(minor) <= MINOR_MAX


def test_events_of_one_instant_share_a_picture() -> None:
    tape = tape_with(
        happening(10, "Appended"), happening(10, "IsrChanged"), happening(10, "LeaderElected")
    )
    assert [m.at for m in tape.moments] == [0, 10]
    assert tape.moments[-1].weight is Weight.SIGNIFICANT


def test_a_minor_event_does_not_take_the_place_of_a_significant_one() -> None:
    tape = tape_with(happening(10, "Crashed"), happening(10, "Appended"))
    assert [m.weight for m in tape.moments[1:]] == [Weight.SIGNIFICANT, Weight.MINOR]


def test_time_that_only_passes_makes_one_picture() -> None:
    tape = tape_with(happening(100), happening(200), happening(300))
    assert [m.at for m in tape.moments] == [0, 300]


def test_a_run_that_changed_nothing_leaves_no_picture() -> None:
    tape = tape_with()
    assert not tape.record(Happening(0, (), lambda: {**FRAME, "now": 0}))
    assert len(tape.moments) == 1


def test_what_was_seen_is_forgotten_in_the_end() -> None:
    playback = Playback(tape_with())
    for at in range(1, 2000):
        playback.tape.record(happening(at, "IsrChanged"))
        playback.step(0)
    assert len(playback.tape.moments) <= KEPT_MAX + 2
    assert playback.tape.shown.at == 1999


def test_frames_of_a_tape_share_what_did_not_change() -> None:
    first = cluster_frame()
    second = copy.deepcopy(first)
    second["topics"][0]["partitions"][1]["isr"] = [1]
    shared = share(first, second)
    assert shared == second
    partitions = shared["topics"][0]["partitions"]
    assert partitions[0] is first["topics"][0]["partitions"][0]
    assert partitions[1]["replicas"] is first["topics"][0]["partitions"][1]["replicas"]


@given(json_values, json_values)
def test_sharing_never_changes_what_a_frame_says(old: object, new: object) -> None:
    assert share(old, new) == new


def test_marks_name_each_event_once() -> None:
    source = ScriptedSource(cluster_frame(), isr_story().moments)
    tape = Tape.starting_with(source.frame())
    source.observe(recorder(tape))
    source.run()
    words = [mark.words for mark in tape.marks]
    assert words[:3] == ["ISR of P0 shrinks to {1, 2}", "ISR of P0 grows to {1, 2, 3}",
                         "Broker 1 crashed"]  # fmt: skip
    assert len(words) == len(set(words))


# ---------------------------------------------------------------- pace


def test_dull_time_is_skipped_and_significant_events_are_held() -> None:
    tape = tape_with(
        happening(4, "Appended"),
        happening(3_600_000, "IsrChanged"),
        happening(3_600_001, "Crashed"),
    )
    assert gaps(tape.moments, 1.0) == [HOLD_MS, GAP_MS_MAX, HOLD_MS]


def test_a_few_small_events_are_seen_one_by_one_and_many_fly_by() -> None:
    few = tape_with(*(happening(at, "Appended") for at in (4, 5, 6)))
    start, *small = gaps(few.moments, 1.0, STEPS_MS)
    assert small == [HOLD_MS, HOLD_MS] and start == HOLD_MS
    many = tape_with(*(happening(at, "Appended") for at in range(4, 104)))
    assert set(gaps(many.moments, 1.0, STEPS_MS)[1:]) == {FRAME_MS}


def test_a_record_is_seen_on_its_way_at_rest_but_the_world_runs_and_lives_on_at_its_pace() -> None:
    def took(playback: Playback) -> float:
        return played(playback, every=1)[-1][0]

    tape = [happening(at, "Appended") for at in (4, 5, 6)]
    assert took(Playback(tape_with(*tape))) >= 3 * HOLD_MS
    assert took(Playback(tape_with(*tape), is_live=True)) < 2 * HOLD_MS


times = st.lists(st.integers(0, 5000), min_size=1, max_size=150)
weights = st.sampled_from(list(Weight))


@given(times, st.lists(weights, min_size=150, max_size=150), st.sampled_from([0.5, 1.0, 2.0, 4.0]))
def test_any_run_plays_in_seconds_and_slowly_enough_to_see(
    steps: Sequence[int], kinds: Sequence[Weight], speed: float
) -> None:
    at, moments = 0, []
    for step, weight in zip(steps, kinds, strict=False):
        at += step
        moments.append(Moment(at, weight, FRAME))
    stays = gaps(moments, speed)
    assert len(stays) == len(moments) - 1
    assert all(stay >= FRAME_MS for stay in stays)
    held = [m.weight is Weight.SIGNIFICANT for m in moments[:-1]]
    assert all(stay >= 150 for stay, is_held in zip(stays, held, strict=True) if is_held)
    most = PLAY_MS / speed + len(stays) * FRAME_MS + sum(held) * HOLD_MS / min(speed, 1.0)
    assert sum(stays) <= most + 1


def test_a_long_tape_does_not_slow_down_as_it_gets_shorter() -> None:
    tape = tape_with(*(happening(at, "Appended") for at in range(0, 100 * 399, 399)))
    shown = played(Playback(tape), every=1)
    stays = [b[0] - a[0] for a, b in pairwise(shown[1:])]
    assert max(stays) - min(stays) <= 2
    assert shown[-1][0] <= PLAY_MS + 500


def test_isr_three_two_three_are_separate_pictures_each_long_enough_to_see() -> None:
    source = ScriptedSource(cluster_frame(), isr_story().moments)
    playback = Playback(Tape.starting_with(source.frame()))
    source.observe(recorder(playback.tape))
    source.run()
    seen: list[tuple[float, tuple[int, ...]]] = []
    now = 0.0
    while playback.due() is not None:
        if playback.advance(now):
            isr = tuple(playback.tape.shown.frame["topics"][0]["partitions"][0]["isr"])
            seen.append((now, isr))
        now += 1
    changes = [seen[0], *(b for a, b in pairwise(seen) if a[1] != b[1])]
    assert [isr for _, isr in changes] == [(1, 2, 3), (1, 2), (1, 2, 3), (2, 3)]
    assert all(b[0] - a[0] >= 350 for a, b in pairwise(changes[1:]))
    assert now < 12_000


# ---------------------------------------------------------------- buttons


def test_pause_stops_amid_a_run_and_play_goes_on() -> None:
    playback = Playback(tape_with(*(happening(at, "IsrChanged") for at in (10, 20, 30))))
    playback.advance(400)
    assert playback.is_moving
    playback.toggle(400)
    assert playback.mode is Mode.PAUSED
    assert playback.due() is None
    playback.tape.record(happening(40, "Crashed"))
    assert not playback.advance(9999)
    playback.toggle(10_000)
    assert [at for _, at in played(playback)] == [20, 30, 40]
    assert playback.mode is Mode.FOLLOW


def test_play_at_rest_runs_the_world_and_pause_stops_it() -> None:
    playback = Playback(tape_with())
    assert not playback.is_moving
    playback.toggle(0)
    assert playback.mode is Mode.RUN
    assert playback.slice_ms(0) == 100
    playback.toggle(500)
    assert playback.mode is Mode.FOLLOW


def test_step_back_and_seek_show_earlier_pictures_as_cuts() -> None:
    playback = Playback(tape_with(*(happening(at, "IsrChanged") for at in (10, 20, 30))))
    assert [playback.step(0) for _ in range(4)] == [True, True, True, False]
    assert playback.tape.shown.at == 30
    playback.back(0)
    assert playback.tape.shown.at == 20
    assert playback.is_cut
    playback.seek(19, 0)
    assert playback.tape.shown.at == 10
    assert playback.mode is Mode.PAUSED
    playback.step(0)
    assert not playback.is_cut


def test_stepping_to_the_end_lets_the_next_run_play() -> None:
    playback = Playback(tape_with(happening(10, "IsrChanged")))
    playback.toggle(0)
    assert playback.mode is Mode.PAUSED
    playback.step(0)
    assert playback.mode is Mode.FOLLOW
    playback.tape.record(happening(50, "Crashed"))
    assert [at for _, at in played(playback)] == [50]


def test_a_run_of_very_many_events_still_ends() -> None:
    tape = tape_with(*(happening(at, "IsrChanged") for at in range(1, 301)))
    assert sum(gaps(tape.moments, 1.0)) <= 60_000
    playback = Playback(tape)
    playback.skip(0)
    assert playback.tape.shown.at == 300
    assert playback.due() is None
    assert playback.mode is Mode.FOLLOW


def test_speed_goes_round() -> None:
    playback = Playback(tape_with())
    speeds = []
    for _ in range(4):
        playback.next_speed()
        speeds.append(playback.speed)
    assert speeds == [2.0, 4.0, 0.5, 1.0]


def test_the_world_runs_faster_while_nothing_happens_and_stops_by_itself() -> None:
    playback = Playback(tape_with())
    playback.toggle(0)
    slices, now, at = [], 0.0, 0
    while slice_ms := playback.slice_ms(now):
        slices.append(slice_ms)
        at += slice_ms
        playback.tape.record(happening(at))
        playback.advance(now)
        now += 100
        assert now < 20_000
    assert slices[0] == 100
    assert max(slices) == 2000
    assert IDLE_MS_MAX < at <= IDLE_MS_MAX + 2000
    assert now < 6000


def test_news_brings_back_the_normal_pace() -> None:
    playback = Playback(tape_with())
    playback.toggle(0)
    assert playback.slice_ms(3000) == 2000
    playback.tape.record(happening(2000, "Crashed"))
    playback.advance(3000)
    assert playback.slice_ms(3100) == 100


@pytest.mark.parametrize("waiting", [0, 1])
def test_the_rail_ends_where_the_tape_does(waiting: int) -> None:
    story = Story({**FRAME, "now": 0}).wait(500).crash(1)
    tape = Tape.starting_with({**FRAME, "now": 0})
    tape.record(Happening(500, ("Crashed",), lambda: story.frame))
    playback = Playback(tape)
    if not waiting:
        playback.step(0)
    controls = playback.controls()
    assert controls.waiting == waiting
    assert controls.rail.now == (0 if waiting else 1)
    assert [place for _, place in controls.rail.marks] == [1]
