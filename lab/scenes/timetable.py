"""Who had what, when: rows of time on one axis, in blocks one below the other.

    session 45 s                                                  45.1 partition-seconds
              Ben killed                          given up
    Ben       ┆ no process                        ┆
    P0  Ann   ┆                                   ┆     Ann
    P1  Ben   ┆████████████████████ 45.1 s ███████┆     Ann
    session 6 s …
    ───────────────────────────────────────────────── s after …

Filled: nobody.  Outlined: by whom.  Dashed: what a member does beside it.

Read next: `lab.exercises.stories_06`, which watches a group and fills it in.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from lab.scenes.axis import Axis, draw_axis
from lab.scenes.legend import Entry, draw_legend
from lab.scenes.metrics import first_fitting, fit, width_of, wrap
from lab.scenes.shapes import Scene, Shape, group, line, rect, text

MARGIN: Final = 10
WIDTH_MIN: Final = 640
_RIGHT: Final = 66
_ROW: Final = 22
_HEAD: Final = 26
_MARKS: Final = 18
_TITLE: Final = "Who had what, when"

Kind = Literal["owned", "nobody", "busy", "gone"]
_LOOKS: Final[dict[Kind, tuple[str, str, str | None, str]]] = {
    # fill, stroke, dash, words
    "owned": ("card", "line", None, "ink"),
    "nobody": ("out", "out", None, "onout"),
    "busy": ("group-s", "group", None, "group-t"),
    "gone": ("none", "rule", "4 3", "mute"),
}
_LEGEND: Final[dict[Kind, str]] = {
    "nobody": "nobody has it: it stands still",
    "owned": "with the member named",
    "busy": "a member is held up",
    "gone": "a process is not there",
}


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of a row, in ms; `words` may be left out where they do not fit."""

    since: int
    until: int
    kind: Kind
    words: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """`total`: at its right end."""

    name: str
    bars: tuple[Bar, ...]
    total: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """An instant of a block, in ms."""

    at: int
    words: str


@dataclass(frozen=True, slots=True)
class Block:
    """One run."""

    name: str
    note: str
    total: str
    rows: tuple[Row, ...]
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class Timetable:
    """The picture's data: `end` in ms, `zero` says what happened at 0."""

    say: str
    zero: str
    blocks: tuple[Block, ...]
    end: int
    width: int = 960


def draw_timetable(table: Timetable) -> Scene:
    """The picture, at the table's width."""
    width = max(table.width, WIDTH_MIN)
    names = [row.name for block in table.blocks for row in block.rows]
    left = MARGIN + max(width_of(name, "lab") for name in names) + 14
    axis = Axis(range(0, table.end, 250), (0, table.end), (left, width - MARGIN - _RIGHT))
    lines = wrap(table.say, "lab", width - 2 * MARGIN, 3)
    shapes = [text(f"say{i}", MARGIN, 20 + 18 * i, each, "lab") for i, each in enumerate(lines)]
    y = 18.0 * len(lines) + 16
    for number, block in enumerate(table.blocks):
        height = _HEAD + _MARKS + len(block.rows) * _ROW
        shapes.append(group(f"b{number}", _block(block, axis, width, height), at=(0, y)))
        y += height + 14
    shapes.append(group("axis", draw_axis(axis, y - 6, y - 4, has_grid=False)))
    shapes.append(line("base", (axis.left, y - 4), (axis.right, y - 4), "rule"))
    zero = fit(f"0 s: {table.zero}", "tiny", width - 2 * MARGIN)
    shapes.append(text("zero", axis.left, y + 28, zero, "tiny"))
    legend, legend_height = draw_legend(_legend(table), width - 2 * MARGIN)
    shapes.append(group("legend", [legend], at=(MARGIN, y + 54)))
    return Scene(width, round(y + 50 + legend_height), _TITLE, table.say, tuple(shapes))


def _block(block: Block, axis: Axis, width: float, height: float) -> Iterator[Shape]:
    right = width - MARGIN
    yield text("name", MARGIN, 16, block.name, "h2")
    x = MARGIN + width_of(block.name, "h2") + 12
    room = right - x - width_of(block.total, "h2") - 16
    yield text("note", x, 16, fit(block.note, "note", room) if block.note else "", "note")
    yield text("total", right, 16, block.total, "h2", "out-t", anchor="end")
    for number, row in enumerate(block.rows):
        at = (0.0, _HEAD + _MARKS + number * _ROW)
        yield group(f"r{number}", _row(row, axis, right), at=at, label=words_of(row))
    yield from _marks(block.marks, axis, height)


def _marks(marks: Sequence[Mark], axis: Axis, height: float) -> Iterator[Shape]:
    """Where two labels would meet, the later one moves to the right."""
    end = axis.left
    for number, mark in enumerate(sorted(marks, key=lambda each: each.at)):
        x, half = axis(mark.at), width_of(mark.words, "noteb") / 2
        middle = min(max(x, end + half), axis.right + _RIGHT - half)
        end = middle + half + 12
        top = float(_HEAD + _MARKS)
        yield line(f"m{number}", (x, top - 3), (x, height), "ink", dash="2 3")
        yield text(f"w{number}", middle, top - 7, mark.words, "noteb", anchor="middle")


def _row(row: Row, axis: Axis, right: float) -> Iterator[Shape]:
    yield text("name", MARGIN, 15, row.name, "lab")
    for number, bar in enumerate(row.bars):
        x, wide = axis(bar.since), axis(bar.until) - axis(bar.since)
        fill, stroke, dash, tone = _LOOKS[bar.kind]
        height = _ROW - 6
        yield rect(f"b{number}", x, 2, max(wide, 2), height, fill, stroke, radius=3, dash=dash)
        said = first_fitting((bar.words, bar.words.removesuffix(" s")), "tiny", wide - 6)
        if said:
            yield text(f"t{number}", x + wide / 2, 14, said, "tiny", tone, anchor="middle")
    if row.total:
        tone = "mute" if row.total.startswith("0 ") else "out-t"
        yield text("total", right, 15, row.total, "num", tone, anchor="end")


def _legend(table: Timetable) -> Sequence[Entry]:
    kinds = {bar.kind for block in table.blocks for row in block.rows for bar in row.bars}
    entries = []
    for kind, words in _LEGEND.items():
        fill, stroke, dash, _ = _LOOKS[kind]
        if kind in kinds:
            shape = rect("shape", 0, -8, 26, 16, fill, stroke, radius=3, dash=dash)
            entries.append(Entry(shape, 26, words))
    return entries


def words_of(row: Row) -> str:
    """`P1: Ben to 0.0 s, nobody to 45.1 s, Ann to 60.0 s`."""
    parts = [
        f"{'nobody' if bar.kind == 'nobody' else bar.words} to {bar.until / 1000:.1f} s"
        for bar in row.bars
    ]
    return f"{row.name}: {', '.join(parts)}"


def text_of(table: Timetable) -> str:
    """The picture in words."""
    lines = [table.say, f"(0 s: {table.zero})"]
    for block in table.blocks:
        lines += ["", " · ".join(filter(None, (block.name, block.note, block.total)))]
        lines += [f"  {mark.at / 1000:5.1f} s  {mark.words}" for mark in block.marks]
        lines += [f"  {words_of(row)}" for row in block.rows]
    return "\n".join(lines)
