"""Records of a run as cells at their send times, each with what became of it.

Where several share a place the worst is shown, with how many they are.

Read next: `twins`, which draws them on the lines of both runs.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from kafkalab.frames.twins import RecordFrame
from lab.scenes.axis import Axis
from lab.scenes.metrics import width_of
from lab.scenes.shapes import Shape, glyph, group, rect, text

CELL, GAP, STEP = 18, 3, 21

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
    groups: list[tuple[float, float, list[RecordFrame]]] = []  # place of the middle, height
    for record in sorted(records, key=lambda r: r["at"]):
        x, y = axis(record["at"]), level(record["at"])
        if groups:
            last, height, here = groups[-1]
            right = last + _width(here) / 2
            is_alike = here[-1]["fate"] == record["fate"]
            if height == y and x < (right + GAP + CELL / 2 if is_alike else last + STEP / 3):
                here.append(record)
                continue
            x = max(x, right + GAP + CELL / 2) if height == y else x
        groups.append((x, y, [record]))
    shapes: list[Shape] = []
    before = (0.0, -1.0)  # where the cell before ends, and on which line
    for x, y, here in groups:
        half = _width(here) / 2
        middle = max(x, before[0] + GAP + half) if before[1] == y else x
        middle = min(middle, axis.right - half)
        before = (middle + half, y)
        worst = max(here, key=_badness)
        shapes.append(_cell(f"{key}-{here[0]['key']}", worst, len(here), middle, y))
    return shapes


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
