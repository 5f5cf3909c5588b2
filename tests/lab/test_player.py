"""The player: what reaches views, when, and on which thread."""

import threading
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from kafkalab.frames.shape import Frame
from lab.playback.scripted import ScriptedSource, cluster_frame, isr_story
from lab.player import Player, player_of
from lab.scenes.controls import Controls


class FakeView:
    """Remembers what it was shown; `selected` stands for a choice of its own."""

    def __init__(self) -> None:
        self.pictures: list[tuple[int, Controls, bool]] = []
        self.renewals: list[int] = []
        self.frame: Frame | None = None

    def show(self, frame: Frame, controls: Controls, *, is_cut: bool) -> bool:
        picture = (frame["now"], controls, is_cut)
        if self.pictures and self.pictures[-1] == picture:
            return False
        self.frame = frame
        self.pictures.append(picture)
        return True

    def wants(self, frame: Any) -> tuple[str, ...]:
        return ()

    def renew(self) -> None:
        self.renewals.append(len(self.pictures))

    def handle(self, message: dict[str, object]) -> bool:
        return "width" in message


class Bench:
    """A player without its thread: the test calls `tick` and owns the clock."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.source = ScriptedSource(cluster_frame(), isr_story().moments)
        self.player = Player(self.source, clock=lambda: self.now)
        self.player.start = lambda: None  # type: ignore[method-assign]
        self.view = FakeView()
        self.player.add(self.view)
        self.player.tick(self.now)

    def play(self, duration: float) -> None:
        """Tick exactly when the player asks for it."""
        until = self.now + duration
        while True:
            due = self.player.tick(self.now)
            if due is None or due > until:
                self.now = until
                return
            assert due > self.now
            self.now = due

    def press(self, *actions: str) -> None:
        for action in actions:
            self.player.post({"action": action}, self.view)
        self.play(40)

    @property
    def shown_at(self) -> int:
        return self.view.pictures[-1][0]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_run_is_played_back_one_picture_after_the_other(bench: Bench) -> None:
    bench.source.run()
    bench.play(15_000)
    instants = [now for now, _, _ in bench.view.pictures]
    assert instants == sorted(instants)
    assert instants[-1] == bench.source.frame()["now"]
    # Two pictures of one instant (appended and elected) may share; all others are there.
    assert len(set(instants)) == len({moment.frame["now"] for moment in isr_story().moments}) + 1


def test_pictures_go_out_at_most_thirty_times_a_second(bench: Bench) -> None:
    times: list[float] = []
    show = bench.view.show

    def timed(frame: Frame, controls: Controls, *, is_cut: bool) -> bool:
        times.append(bench.now)
        return show(frame, controls, is_cut=is_cut)

    bench.view.show = timed  # type: ignore[method-assign]
    for _ in range(200):
        bench.source.command("produce orders")
        bench.player.post({"action": "speed"}, bench.view)
        bench.play(3)
    bench.play(1000)
    assert len(times) > 5
    assert min(b - a for a, b in pairwise(times)) >= 33


def test_at_rest_the_last_thing_sent_is_a_whole_picture(bench: Bench) -> None:
    bench.source.run()
    bench.play(15_000)
    assert bench.view.renewals[-1] == len(bench.view.pictures)
    assert bench.player.tick(bench.now) is None  # nothing more to do until woken


def test_a_moving_view_gets_a_whole_picture_each_second(bench: Bench) -> None:
    bench.source.run()
    bench.play(3000)
    assert 2 <= len(bench.view.renewals) <= 4


def test_world_commands_reach_the_source_and_show(bench: Bench) -> None:
    bench.press("crash 2")
    assert bench.source.commands == ["crash 2"]
    bench.play(500)
    assert bench.view.frame is not None
    assert bench.view.frame["brokers"][1]["state"] == "crashed"


def test_a_refused_command_becomes_a_notice_and_ends_nothing(bench: Bench) -> None:
    bench.press("crash 9")
    assert bench.view.pictures[-1][1].notice == "there is no broker 9"
    bench.press("crash 1")
    bench.play(500)
    assert bench.view.pictures[-1][1].notice == ""


def test_who_acts_while_looking_back_is_told_that_it_was_done_at_the_present(bench: Bench) -> None:
    bench.source.run()
    bench.play(15_000)
    bench.press("back")
    bench.press("crash 1")
    notice = bench.view.pictures[-1][1].notice
    assert notice.startswith("Done at the present, ") and "branch here first" in notice
    bench.press("end")
    assert bench.view.pictures[-1][1].notice == ""
    bench.press("restart 1")
    assert bench.view.pictures[-1][1].notice == ""


def test_a_views_own_action_goes_no_further(bench: Bench) -> None:
    bench.player.post({"width": 700}, bench.view)
    bench.play(50)
    assert bench.source.commands == []


def test_step_at_the_end_steps_the_world(bench: Bench) -> None:
    before = bench.shown_at
    bench.press("step")
    bench.play(500)
    assert bench.shown_at == before + 300
    bench.press("back")
    assert bench.shown_at == before
    assert bench.view.pictures[-1][2]  # a cut


def test_play_at_rest_runs_the_world_through_dull_time_to_its_end(bench: Bench) -> None:
    bench.press("play")
    bench.play(30_000)
    assert bench.view.frame is not None
    assert bench.view.frame["groups"][0]["generation"] == 6
    assert not bench.view.pictures[-1][1].is_moving  # it has stopped by itself


def test_pause_while_a_run_plays_keeps_the_rest_for_later(bench: Bench) -> None:
    bench.source.run()
    bench.play(500)
    bench.press("play")
    shown = bench.shown_at
    bench.play(5000)
    assert bench.shown_at == shown
    assert bench.view.pictures[-1][1].waiting > 0
    bench.press("play")
    bench.play(15_000)
    assert bench.shown_at == bench.source.frame()["now"]


def test_seek_goes_to_a_mark(bench: Bench) -> None:
    bench.source.run()
    bench.play(15_000)
    mark, _ = bench.view.pictures[-1][1].rail.marks[0]
    bench.press(f"seek {mark.at}")
    assert bench.shown_at == mark.at


def test_the_cell_that_runs_the_world_never_waits_for_a_slow_view() -> None:
    """With the thread: a view that takes its time must not slow the engine."""
    source = ScriptedSource(cluster_frame(), isr_story().moments)
    view = FakeView()
    blocked = threading.Event()
    show = view.show

    def slow(frame: Frame, controls: Controls, *, is_cut: bool) -> bool:
        blocked.wait(5)
        return show(frame, controls, is_cut=is_cut)

    view.show = slow  # type: ignore[method-assign]
    player = player_of(source)
    player.add(view)
    started = time.monotonic()
    source.run()
    took = time.monotonic() - started
    blocked.set()
    player.remove(view)
    assert took < 2


def test_the_thread_shows_what_the_test_never_ticked() -> None:
    source = ScriptedSource(cluster_frame(), isr_story().moments[:3])
    view = FakeView()
    player = player_of(source)
    player.add(view)
    source.run()
    assert _eventually(lambda: bool(view.pictures) and view.pictures[-1][0] == 10_304)
    player.remove(view)
    assert player_of(source) is not player  # forgotten with its last view


def _eventually(condition: Callable[[], bool], limit: float = 10) -> bool:
    until = time.monotonic() + limit
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.01)
    return False
