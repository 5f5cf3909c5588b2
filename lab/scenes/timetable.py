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

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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
_GAP: Final = 12  # between two labels
_TITLE: Final = "Who had what, when"

Kind = Literal["owned", "nobody", "busy", "gone"]
_LOOKS: Final[dict[Kind, tuple[str, str, str | None, str]]] = {
    # fill, stroke, dash, words
    "owned": ("card", "line", None, "ink"),
    "nobody": ("out", "out", None, "onout"),
    "busy": ("group-s", "group", None, "group-t"),
    "gone": ("none", "rule", "4 3", "mute"),
}
LEGEND: Final[Mapping[Kind, str]] = {
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
    is_well: bool = False  # what `total` says is no loss


@dataclass(frozen=True, slots=True)
class Timetable:
    """The picture's data: `end` in ms, `zero` says what happened at 0; `legend` by kind of bar."""

    say: str
    zero: str
    blocks: tuple[Block, ...]
    end: int
    width: int = 960
    legend: Mapping[Kind, str] = field(default_factory=lambda: LEGEND)
    #: Whether long silences are cut out of the axis.
    has_cuts: bool = False


def draw_timetable(table: Timetable) -> Scene:
    """The picture, at the table's width."""
    width = max(table.width, WIDTH_MIN)
    names = [row.name for block in table.blocks for row in block.rows]
    left = MARGIN + max(width_of(name, "lab") for name in names) + 14
    times = _times(table) if table.has_cuts else range(0, table.end, 250)
    axis = Axis(times, (0, table.end), (left, width - MARGIN - _RIGHT))
    lines = wrap(table.say, "lab", width - 2 * MARGIN, 3)
    shapes = [text(f"say{i}", MARGIN, 20 + 18 * i, each, "lab") for i, each in enumerate(lines)]
    y = 18.0 * len(lines) + 16
    marks: list[Shape] = []
    for number, block in enumerate(table.blocks):
        height = _HEAD + _MARKS + len(block.rows) * _ROW
        shapes.append(group(f"b{number}", _block(block, axis, width), at=(0, y)))
        marks.append(group(f"m{number}", _marks(block.marks, axis, height), at=(0, y)))
        y += height + 14
    top = 18.0 * len(lines) + 16 + _HEAD + _MARKS if axis.cuts else y - 6
    shapes.append(group("axis", draw_axis(axis, top, y - 4, has_grid=False)))
    shapes += marks
    shapes.append(line("base", (axis.left, y - 4), (axis.right, y - 4), "rule"))
    zero = fit(f"0 s: {table.zero}", "tiny", width - 2 * MARGIN)
    shapes.append(text("zero", axis.left, y + 28, zero, "tiny"))
    legend, legend_height = draw_legend(_legend(table), width - 2 * MARGIN)
    shapes.append(group("legend", [legend], at=(MARGIN, y + 54)))
    return Scene(width, round(y + 50 + legend_height), _TITLE, table.say, tuple(shapes))


def _times(table: Timetable) -> Iterator[int]:
    """Where something happens."""
    for block in table.blocks:
        yield from (mark.at for mark in block.marks)
        yield from (at for row in block.rows for bar in row.bars for at in (bar.since, bar.until))


def _block(block: Block, axis: Axis, width: float) -> Iterator[Shape]:
    right = width - MARGIN
    yield text("name", MARGIN, 16, block.name, "h2")
    x = MARGIN + width_of(block.name, "h2") + 12
    room = right - x - width_of(block.total, "h2") - 16
    yield text("note", x, 16, fit(block.note, "note", room) if block.note else "", "note")
    tone = "sync-t" if block.is_well else "out-t"
    yield text("total", right, 16, block.total, "h2", tone, anchor="end")
    for number, row in enumerate(block.rows):
        at = (0.0, _HEAD + _MARKS + number * _ROW)
        yield group(f"r{number}", _row(row, axis, right), at=at, label=words_of(row))


def _marks(marks: Sequence[Mark], axis: Axis, height: float) -> Iterator[Shape]:
    """Where two labels would meet, one moves to the left and the other to the right."""
    marks = sorted(marks, key=lambda each: each.at)
    halves = [width_of(mark.words, "noteb") / 2 for mark in marks]
    middles: list[float] = []
    for mark, half in zip(marks, halves, strict=True):
        least = axis.left - 30 + half
        if middles:
            last, wide = middles[-1], halves[len(middles) - 1]
            over = max(last + wide + _GAP - axis(mark.at) + half, 0)
            before = (
                middles[-2] + halves[len(middles) - 2] + _GAP if middles[1:] else axis.left - 30
            )
            middles[-1] = last - min(over / 2, max(last - wide - before, 0))
            least = middles[-1] + wide + _GAP + half
        middles.append(max(min(axis(mark.at), axis.right + _RIGHT - half), least))
    top = float(_HEAD + _MARKS)
    for number, (mark, middle) in enumerate(zip(marks, middles, strict=True)):
        x = axis(mark.at)
        yield line(f"m{number}", (x, top - 3), (x, height), "ink", dash="2 3")
        yield text(
            f"w{number}", middle, top - 7, mark.words, "noteb", anchor="middle", has_halo=True
        )


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
    for kind, words in table.legend.items():
        fill, stroke, dash, _ = _LOOKS[kind]
        if kind in kinds:
            shape = rect("shape", 0, -8, 26, 16, fill, stroke, radius=3, dash=dash)
            entries.append(Entry(shape, 26, words))
    return entries


def words_of(row: Row) -> str:
    """`P1: Ben 0.00 to 1.20 s, nobody 1.20 to 45.10 s`."""
    parts = []
    for bar in row.bars:
        who = "nobody" if bar.kind == "nobody" and bar.words.endswith(" s") else bar.words
        parts.append(f"{who} {bar.since / 1000:.2f} to {bar.until / 1000:.2f} s")
    return f"{row.name}: {', '.join(parts) or 'nothing'}"


def text_of(table: Timetable) -> str:
    """The picture in words."""
    lines = [table.say, f"(0 s: {table.zero})"]
    for block in table.blocks:
        lines += ["", " · ".join(filter(None, (block.name, block.note, block.total)))]
        lines += [f"  {mark.at / 1000:6.2f} s  {mark.words}" for mark in block.marks]
        lines += [f"  {words_of(row)}" for row in block.rows]
    return "\n".join(lines)
