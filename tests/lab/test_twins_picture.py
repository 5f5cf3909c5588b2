"""Twins drawn: flags, cells, ticks stand beside each other, and each run has its own fates."""

import re
from functools import cache
from itertools import combinations, pairwise
from typing import Any

from lost_record import lose

from kafkalab.frames.twins import TwinsFrame, twins_frame
from kafkalab.sim import without
from lab.scenes.axis import Axis, draw_axis
from lab.scenes.shapes import Shape
from lab.scenes.twin_cells import draw_cells, draw_shared
from lab.scenes.twin_marks import place_flags
from lab.scenes.twins import View, draw


@cache
def told() -> TwinsFrame:
    sim, _ = lose(3)
    return twins_frame(sim.twins(without(sim.trace.of("Crashed")[0])))


def place(shape: Shape) -> tuple[float, float]:
    x, y = re.findall(r"[-\d.]+", str(shape.attributes["transform"]))
    return float(x), float(y)


def wide(cell: Shape) -> float:
    return float(next(each for each in cell.children if each.key == "face").attributes["width"])


def words(shapes: Any) -> list[str]:
    return [w for s in shapes for w in [*([s.words] if s.words else []), *words(s.children)]]


def test_titles_and_settings_are_told_whole_on_a_narrow_page() -> None:
    title = "One thing changed: min.insync.replicas of orders → 2"
    frame: TwinsFrame = {**told(), "title": title}
    scene = draw(frame, View(width=700, now=3_000, is_live=True))
    shown = " ".join(each.words or "" for each in scene.flat().values())
    assert "…" not in shown
    assert title in shown
    assert frame["settings"] in shown


def test_one_tick_alone_has_its_own_digits() -> None:
    axis = Axis([], (21_571, 21_579), (0, 120))
    assert axis.ticks() == [21_575]
    assert words(draw_axis(axis, 0, 10)) == ["21.575 s"]


def test_flags_of_twins_are_apart_and_few_poles_go_through_words() -> None:
    frame = told()
    for inner in (672.0, 1372.0):
        axis = Axis([m["at"] for m in frame["marks"]], (frame["since"], frame["until"]),
                    (108, inner))  # fmt: skip
        flags, _ = place_flags(frame, axis)
        for one, other in combinations(flags, 2):
            is_beside = one.left + one.wide <= other.left or other.left + other.wide <= one.left
            assert one.row != other.row or is_beside
        assert all(flag.left >= 0 and flag.left + flag.wide <= inner + 0.1 for flag in flags)
    crossed = [(a.words, b.words) for a in flags for b in flags
               if a.row < b.row and b.left < a.x < b.left + b.wide]  # fmt: skip
    assert crossed == []  # on a wide page


def test_a_record_of_the_shared_past_lost_in_one_run_alone_has_two_cells() -> None:
    frame: TwinsFrame = {**told(), "change": told()["until"]}  # as if all were sent before it
    a, b = ({r["key"]: r["fate"] for r in run["records"]} for run in frame["runs"])
    shapes = draw_shared(frame, Axis([], (frame["since"], frame["until"]), (108, 900)), 100)
    assert sum(a[key] != b[key] for key in a) == 2
    assert sorted({place(each)[1] for each in shapes}) == [89.5, 100, 110.5]


def test_cells_at_the_end_of_the_page_share_a_place_and_lie_beside_each_other() -> None:
    records: list[Any] = [
        {"key": str(i), "at": i * 10, "fate": fate, "words": ""}
        for i, fate in enumerate(["late", "ok", "lost"] * 40)
    ]
    cells = draw_cells("c", records, Axis([], (0, 1200), (108, 660)), lambda at: 0)
    edges = [(place(cell)[0], wide(cell)) for cell in cells]
    for (x, here), (next_x, there) in pairwise(edges):
        assert x + here / 2 <= next_x - there / 2
    assert edges[-1][0] + edges[-1][1] / 2 <= 660.1
