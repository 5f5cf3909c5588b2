"""A table of coloured cells: what became of something, at each try or at each hour.

    hour 3   [3][2] [1]
    hour 4   [4][3] [2][1]        a cell is of a kind: its colour, and a sign or a figure in it
    hour 5    ·  ·  [3][2] [1]    a gap stands where a column begins something new

Colour never stands alone: a cell has words of its own, or its kind a sign.
Read next: `lab.exercises.drawing`, which shows it in a notebook.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

from lab.scenes.legend import Entry, draw_legend
from lab.scenes.metrics import fit, width_of, wrap
from lab.scenes.shapes import Scene, Shape, group, line, rect, text

MARGIN: Final = 10
_ROW: Final = 26
_GAP: Final = 10
_CELL_MAX: Final = 40.0


@dataclass(frozen=True, slots=True)
class Kind:
    """What a cell may mean: words for the legend, tones, and a sign where it has no figure."""

    words: str
    fill: str
    stroke: str
    ink: str
    sign: str = ""
    dash: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """`cells`: (kind, figure); kind "" is nothing at all.  `note` stands to the right."""

    name: str
    cells: Sequence[tuple[str, str]]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Cells:
    """The table.  `heads`: words above columns, by number; `breaks`: columns that begin anew;
    `cell_max`: how wide a cell may be, in pixels, for words need more than figures.
    """

    title: str
    say: str
    sub: str
    kinds: Mapping[str, Kind]
    rows: Sequence[Row]
    heads: Mapping[int, str]
    breaks: Collection[int] = ()
    cell_max: float = _CELL_MAX


def draw_cells(cells: Cells, width: int = 960) -> Scene:
    """The picture."""
    room = width - 2 * MARGIN
    shapes: list[Shape] = [text("title", MARGIN, 28, cells.title, "h1")]
    y = 50.0
    for part, style in ((cells.sub, "sub"), (cells.say, "lab")):
        for number, words in enumerate(wrap(part, style, room, 3)):
            shapes.append(text(f"{style}{number}", MARGIN, y, words, style))
            y += 20
    left = MARGIN + max(width_of(row.name, "lab") for row in cells.rows) + 16
    notes = max(width_of(row.note, "note") for row in cells.rows) + 12
    places, side = _places(cells, left, width - MARGIN - left - notes)
    shapes.append(line("under", (MARGIN, y - 8), (width - MARGIN, y - 8)))
    y += 18
    for column, words in sorted(cells.heads.items()):
        shapes.append(
            text(f"h{column}", places[column] + side / 2, y, words, "note", anchor="middle")
        )
    y += 8
    for number, row in enumerate(cells.rows):
        right = places[-1] + side + 12
        label = f"{row.name}: {_said(cells, row)}"
        drawn = list(_row(cells.kinds, row, places, side, right))
        shapes.append(group(f"r{number}", drawn, at=(0, y + number * _ROW), label=label))
    y += len(cells.rows) * _ROW + 22
    legend, height = draw_legend([_entry(kind) for kind in cells.kinds.values()], room)
    shapes.append(group("legend", [legend], at=(MARGIN, y)))
    return Scene(width, round(y + height), cells.title, cells.say, tuple(shapes))


def tell_cells(cells: Cells) -> str:
    """The same in words, a row a line."""
    lines = [cells.title, cells.say, ""]
    wide = max(len(row.name) for row in cells.rows)
    marks = [[_mark(cells.kinds, cell) for cell in row.cells] for row in cells.rows]
    columns = [max(map(len, each)) for each in zip_longest(*marks, fillvalue="")]
    between = " " if any(figure for row in cells.rows for _, figure in row.cells) else ""
    for row, signs in zip(cells.rows, marks, strict=True):
        shown = between.join(
            f"{'  ' if column and column in cells.breaks else ''}{sign:<{columns[column]}}"
            for column, sign in enumerate(signs)
        ).rstrip()
        lines.append(f"{row.name:<{wide}}  {shown}{'   ' + row.note if row.note else ''}")
    figures = [figure for row in cells.rows for _, figure in row.cells if figure]
    bare = "a figure" if all(each.lstrip("-").isdigit() for each in figures) else "words"
    said = [f"{kind.sign or bare}: {kind.words}" for kind in cells.kinds.values()]
    return "\n".join([*lines, "", "; ".join(said)])


def _mark(kinds: Mapping[str, Kind], cell: tuple[str, str]) -> str:
    kind, figure = cell
    return (figure or kinds[kind].sign or "·") if kind else " "


def _said(cells: Cells, row: Row) -> str:
    counts = [
        (kind.words, sum(name == each for each, _ in row.cells))
        for name, kind in cells.kinds.items()
    ]
    return ", ".join(f"{count} {words}" for words, count in counts if count) or "nothing"


def _places(cells: Cells, left: float, room: float) -> tuple[list[float], float]:
    """Where each column begins, and how wide it is."""
    count = max(len(row.cells) for row in cells.rows)
    gaps = sum(1 for column in cells.breaks if 0 < column < count)
    side = min(cells.cell_max, (room - gaps * _GAP) / count)
    places, x = [], left
    for column in range(count):
        x += _GAP if column in cells.breaks and column else 0
        places.append(x)
        x += side
    return places, side


def _row(
    kinds: Mapping[str, Kind], row: Row, places: Sequence[float], side: float, right: float
) -> Iterator[Shape]:
    yield text("name", MARGIN, 16, row.name, "lab")
    for column, (name, figure) in enumerate(row.cells):
        if not name:
            continue
        kind, x = kinds[name], places[column]
        yield rect(
            f"c{column}", x + 1, 1, side - 2, _ROW - 4, kind.fill, kind.stroke,
            radius=3, dash=kind.dash,
        )  # fmt: skip
        if words := figure or kind.sign:
            said = fit(words, "noteb", side - 6)
            yield text(f"w{column}", x + side / 2, 16, said, "noteb", kind.ink, anchor="middle")
    if row.note:
        yield text("note", right, 16, row.note, "note")


def _entry(kind: Kind) -> Entry:
    box = rect("box", 0, -11, 20, 18, kind.fill, kind.stroke, radius=3, dash=kind.dash)
    parts = [box]
    if kind.sign:
        parts.append(text("sign", 10, 2, kind.sign, "noteb", kind.ink, anchor="middle"))
    return Entry(group("shape", parts), 20, kind.words)
