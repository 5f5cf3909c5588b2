"""Branches below the rail of time, each from the instant at which it parts from the run shown.

         ━━━━━━┯━━━━━━━┯━━━━━━●───
    [the run]╯ │       ╰─[branch 2]        the latest nearest: a stem passes no name but its own
               ╰─[branch 1]

The rail is that of the world shown, whose name stands at its left end.  Of any other world it says
where the two part, be it a branch of this one, its origin, or a branch of that.

Invariants: a row a branch, whatever the rail looks like, so that playing moves nothing.
Read next: `controls`, the rail itself; `page`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lab.scenes.clock import seconds
from lab.scenes.metrics import fit
from lab.scenes.rail import Rail
from lab.scenes.shapes import Shape, chip, chip_width, group, path

ROWS_MAX: Final = 4  # more of them stand below as names alone
ROW: Final = 24
TOP: Final = 42.0  # below the top of the bar
_NAME_MAX: Final = 300.0
_RAIL_Y: Final = 15.0
_BEND: Final = 6


@dataclass(frozen=True, slots=True)
class Tab:
    """A way to another picture, or another world; `action` is what pressing it says.

    `parts_at`: of a world, the ms at which it parts from the one shown.
    """

    action: str
    words: str
    is_chosen: bool
    parts_at: int | None = None


def hung(worlds: Sequence[Tab]) -> list[Tab]:
    """Those that hang below the rail, the latest first; the rest are told by name alone."""
    others = [tab for tab in worlds if not tab.is_chosen and tab.parts_at is not None]
    return sorted(others[-ROWS_MAX:], key=lambda tab: -(tab.parts_at or 0))


def draw_branches(
    worlds: Sequence[Tab], rail: Rail, room: tuple[float, float], width: float
) -> tuple[list[Shape], float]:
    """Stems, then names on top of them; and the height of all.  `room`: the rail's two ends."""
    left, right = room
    stems: list[Shape] = []
    chips: list[Shape] = []
    below = hung(worlds)
    chosen = next((tab for tab in worlds if tab.is_chosen), None)
    if chosen is not None:
        words = fit(chosen.words, "lab", max(left - 40, 60))
        x = max(left - 14 - chip_width(words), 0)
        y = TOP + 10
        end = x + chip_width(words)
        bend = f"M{left + 2:g} {_RAIL_Y + 3:g}V{y - _BEND:g}q0 {_BEND} -{_BEND} {_BEND}H{end:g}"
        stems.append(path("here", bend, "none", "rule", stroke_width=1.5))
        label = f"{chosen.words}, shown here"
        chips.append(_chip(chosen, (x, TOP), words, ("ink", "ink", "bg"), label))
    for row, tab in enumerate(below):
        at = tab.parts_at or 0
        x, y = left + rail.place(at) * max(right - left, 10), TOP + 10 + row * ROW
        words = fit(tab.words, "lab", _NAME_MAX)
        wide = chip_width(words)
        is_left = x + 16 + wide > width
        way = -1 if is_left else 1
        start = x + 16 * way
        bend = f"M{x:.1f} {_RAIL_Y + 3:g}V{y - _BEND:g}q0 {_BEND} {way * _BEND} {_BEND}H{start:.1f}"
        stems.append(path(f"s{tab.action}", bend, "none", "group", stroke_width=1.5))
        dot = f"M{x:.1f} {_RAIL_Y - 4:g}a4 4 0 1 1 -.01 0Z"
        stems.append(path(f"d{tab.action}", dot, "bg", "group-t", stroke_width=1.5))
        label = f"{tab.words}, parts at {seconds(at)} s"
        place = (start - wide if is_left else start, y - 10)
        chips.append(_chip(tab, place, words, ("bg", "group", "ink"), label))
    chips.sort(key=lambda shape: shape.key != (chosen.action if chosen else ""))
    return [group("stems", stems), *chips], max(len(below), 1) * ROW


def _chip(
    tab: Tab, at: tuple[float, float], words: str, tones: tuple[str, str, str], label: str
) -> Shape:
    place = (round(at[0], 1), at[1])
    return chip(tab.action, place, words, tones, action=tab.action, label=label,
                is_pressed=tab.is_chosen)  # fmt: skip
