"""Records of a run as cells at their send times, each with what became of it.

Where several share a place the worst is shown, with how many they are.

Read next: `twins`, which draws them on the lines of both runs.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final

from kafkalab.frames.twins import RecordFrame, TwinsFrame
from lab.scenes.axis import Axis
from lab.scenes.metrics import width_of
from lab.scenes.shapes import Shape, glyph, group, rect, text

CELL, GAP, STEP = 18, 3, 21
APART: Final = 10.5  # from the shared line, where the two runs end otherwise

#: Of a fate: fill, outline, sign and its tone, words.  Worse ones later.
FATES: Final[Mapping[str, tuple[str, str | None, str, str, str]]] = {
    "ok": ("comm", None, "", "", "acknowledged, kept"),
    "open": ("none", "comm", "", "", "no answer yet"),
    "late": ("unc", "comm", "clock", "dark", "acknowledged after a wait, kept"),
    "failed": ("none", "out", "cross", "out-t", "reported failed"),
    "lost": ("out", None, "cross", "onout", "acknowledged, then lost"),
}
_WORST: Final = list(FATES)
#: Of a fate: the tone of a number in its cell.
NUMBERS: Final = {"ok": "bg", "late": "dark", "lost": "onout", "failed": "out-t"}

Level = Callable[[int], float]  # of an instant, the height of a run's line


def draw_cells(key: str, records: Sequence[RecordFrame], axis: Axis, level: Level) -> list[Shape]:
    """One cell a record, or one for those that share its place: the worst of them."""
    return _draw(key, _placed(_grouped(records, axis, level), axis, 0.0))


def draw_shared(frame: TwinsFrame, axis: Axis, middle: float) -> list[Shape]:
    """Records of the shared past: one line, but two cells where each run ends otherwise for them.

    What was sent before the change can still be lost in one future and kept in the other.
    """
    a, b = ([r for r in run["records"] if r["at"] < frame["change"]] for run in frame["runs"])
    twins = {record["key"]: record for record in b}
    after = 0.0
    shapes: list[Shape] = []
    of_kind = groupby(a, lambda r: twins.get(r["key"], r)["fate"] == r["fate"])
    for number, (is_alike, found) in enumerate(of_kind):
        here = list(found)
        lines = [("t", here, middle)]
        if not is_alike:
            there = [twins[record["key"]] for record in here]
            lines = [("tA", here, middle - APART), ("tB", there, middle + APART)]
        ends = []
        for key, records, y in lines:
            placed = _placed(_grouped(records, axis, lambda at, y=y: y), axis, after)
            shapes += _draw(f"{key}{number}", placed)
            ends.append(placed[-1].middle + _width(placed[-1].records) / 2)
        after = max(ends)
    return shapes


@dataclass(frozen=True, slots=True)
class _Group:
    """Records that share a cell; its middle, and the height of its line."""

    middle: float
    y: float
    records: list[RecordFrame]


def _grouped(records: Sequence[RecordFrame], axis: Axis, level: Level) -> list[_Group]:
    groups: list[_Group] = []
    for record in sorted(records, key=lambda r: r["at"]):
        x, y = axis(record["at"]), level(record["at"])
        if groups and groups[-1].y == y:
            last, here = groups[-1].middle, groups[-1].records
            right = last + _width(here) / 2
            is_alike = here[-1]["fate"] == record["fate"]
            if x < (right + GAP + CELL / 2 if is_alike else last + STEP / 3):
                here.append(record)
                continue
            x = max(x, right + GAP + CELL / 2)
        groups.append(_Group(x, y, [record]))
    return groups


def _placed(groups: list[_Group], axis: Axis, after: float) -> list[_Group]:
    """Side by side, from `after` on; at the end of the page as many share a cell as must."""
    while True:
        placed: list[_Group] = []
        for group_ in groups:
            half = _width(group_.records) / 2
            is_first = not placed or placed[-1].y != group_.y
            before = after if not placed else placed[-1].middle + _width(placed[-1].records) / 2
            middle = group_.middle
            if not is_first or not placed:
                middle = max(middle, before + GAP + half)
            placed.append(replace(group_, middle=middle))
        last = placed[-1] if placed else None
        if last is None or last.middle + _width(last.records) / 2 <= axis.right:
            return placed
        if len(groups) < 2 or groups[-2].y != last.y:
            edge = axis.right - _width(last.records) / 2
            return [*placed[:-1], replace(last, middle=edge)]
        joined = replace(groups[-2], records=[*groups[-2].records, *groups[-1].records])
        groups = [*groups[:-2], joined]


def _draw(key: str, groups: Sequence[_Group]) -> list[Shape]:
    return [
        _cell(f"{key}-{each.records[0]['key']}", max(each.records, key=_badness),
              len(each.records), each.middle, each.y)
        for each in groups
    ]  # fmt: skip


def _width(records: Sequence[RecordFrame]) -> float:
    return max(CELL, _cell_width(max(records, key=_badness), len(records)))


def _cell_width(record: RecordFrame, count: int) -> float:
    """Wider for many: their number stands in it, beside the sign if there is one."""
    if count == 1:
        return CELL
    return width_of(str(count), "cap") + (26 if FATES[record["fate"]][2] else 9)


def _badness(record: RecordFrame) -> int:
    return _WORST.index(record["fate"])


def _cell(key: str, record: RecordFrame, count: int, x: float, y: float) -> Shape:
    fill, stroke, sign, tone, words = FATES[record["fate"]]
    dash = "2 2" if record["fate"] == "open" else None
    wide = max(_cell_width(record, count), CELL)
    shapes: list[Shape] = [
        rect("back", -wide / 2, -CELL / 2, wide, CELL, "bg", None, radius=3),
        rect("face", -wide / 2, -CELL / 2, wide, CELL, fill, stroke, radius=3, dash=dash),
    ]
    if sign:
        shapes.append(glyph("sign", sign, 0 if count == 1 else 11 - wide / 2, 5.3, tone))
    if count > 1:
        middle = 8.0 if sign else 0.0  # in the room right of the sign
        ink = NUMBERS.get(record["fate"], "ink")
        shapes.append(text("count", middle, 4, str(count), "cap", ink, anchor="middle"))
    label = f"{record['words']}" if count == 1 else f"{count} records, the worst: {words}"
    return group(key, shapes, at=(round(x, 1), round(y, 1)), label=label)
