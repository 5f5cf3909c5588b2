"""Fields of a message or a batch one under another, each with its bytes; and the line of all bytes.

    offset ┃ bytes, eight a line ┃ name            value  what that means

Read next: `record_lens` and `request_lens`, which have fields.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from lab.scenes.legend import Entry
from lab.scenes.metrics import first_fitting, fit, width_of
from lab.scenes.shapes import Shape, glyph, group, line, rect, text

ROW: Final = 22
LETTER: Final = 12.0  # the room a letter takes
_BYTES_A_LINE: Final = 8
_BYTE: Final = 17
_INDENT: Final = 12
_BYTES_X: Final = 44
_NAME_X: Final = _BYTES_X + _BYTES_A_LINE * _BYTE + 8
#: Fill and soft surface of each kind of field, its letter, and the letter's tone on the fill.
_KINDS: Final = {
    "place": ("lead", "lead-s", "L", "onout"),
    "format": ("out", "out-s", "F", "onout"),
    "header": ("out", "out-s", "H", "onout"),
    "time": ("sync", "sync-s", "T", "onout"),
    "producer": ("group", "group-s", "P", "onout"),
    "who": ("group", "group-s", "C", "onout"),
    "data": ("comm", "comm-s", "D", "bg"),
    "said": ("mute", "soft", "S", "bg"),
    "framing": ("rule", "soft", "", ""),
    "broken": ("out", "out-s", "?", "onout"),
}


class Row(NamedTuple):
    """One field: `size` bytes from `offset`, or a heading (`size` 0); `sign`: tick or cross.

    `does`: (words, action) of a button under the value, of a field of two lines or more.
    """

    offset: int
    size: int
    name: str
    value: str = ""
    note: str = ""
    about: str = "framing"
    sign: str = ""
    depth: int = 0
    does: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Bytes:
    """What the rows are of.  `is_open`: whether a click chooses a byte."""

    data: bytes
    original: bytes
    chosen: int | None = None
    is_open: bool = True


class Rows:
    """The rows' shapes and their height.  `names`: the room for a name, in pixels."""

    def __init__(
        self,
        of: Bytes,
        rows: Sequence[Row],
        width: float,
        names: float = 146,
        lines_max: int = 6,
    ) -> None:
        self._of, self._rows, self._width = of, rows, width
        self._lines_max = lines_max
        self._value_x = _NAME_X + names
        self.height = sum(lines_of(row, lines_max) * ROW for row in rows) + 20

    def shapes(self, title: str, note: str = "") -> Iterator[Shape]:
        yield text("title", 0, 4, title, "h2")
        if note:
            x = width_of(title, "h2") + 14
            yield text("about", x, 4, fit(note, "note", self._width - x), "note")
        y = 30.0
        for row in self._rows:
            key = f"f{row.offset}" if row.size else f"h{row.offset}-{row.depth}-{row.name}"
            yield group(key, self._row(row) if row.size else self._heading(row), at=(0, y))
            y += lines_of(row, self._lines_max) * ROW

    def _heading(self, row: Row) -> Iterator[Shape]:
        x = _NAME_X + row.depth * _INDENT
        yield line("rule", (27, 0), (x - 6, 0), "line")
        yield text("name", x, 4.5, fit(row.name, "noteb", self._width - x), "noteb")

    def _row(self, row: Row) -> Iterator[Shape]:
        lines = lines_of(row, self._lines_max)
        shown = min(row.size, _BYTES_A_LINE * self._lines_max)
        across, tall = min(shown, _BYTES_A_LINE), lines * ROW - 3
        soft = _KINDS[row.about][1]
        yield text("offset", 27, 4.5, str(row.offset), "num", "mute", anchor="end")
        yield from swatch(row.about, (_BYTES_X - LETTER - 1, -9), (LETTER, tall), 0)
        yield rect("soft", _BYTES_X - 1, -9, across * _BYTE + 4, tall, soft, radius=2)
        for index in range(shown):
            yield self._byte(row.offset + index, index)
        if shown < row.size:
            words = f"+{row.size - shown} bytes"
            yield text("more", _NAME_X, (lines - 1) * ROW + 4.5, words, "note")
        indent = row.depth * _INDENT
        room = self._value_x - _NAME_X - indent - 6
        yield text("name", _NAME_X + indent, 4.5, fit(row.name, "body", room), "body")
        yield from self._value(row)

    def _byte(self, place: int, index: int) -> Shape:
        of = self._of
        at = (_BYTES_X + index % _BYTES_A_LINE * _BYTE, index // _BYTES_A_LINE * ROW)
        is_changed = place >= len(of.original) or of.data[place] != of.original[place]
        is_chosen = of.chosen == place
        stroke = "ink" if is_chosen else ("out" if is_changed else None)
        fill, tone = "mark" if is_chosen else "none", "out-t" if is_changed else "ink"
        words = f"{of.data[place]:02x}"
        children = [
            rect("face", 0, -8, _BYTE, 17, fill, stroke, radius=2, role="face"),
            text("hex", _BYTE / 2, 4.5, words, "num", tone, anchor="middle"),
        ]
        label = f"byte {place}: {words}" + (", changed" if is_changed else "")
        if not of.is_open:
            return group(f"b{place}", children, at=at)
        action = f"byte {place}"
        return group(f"b{place}", children, at=at, label=label, action=action, is_tab_stop=False)

    def _value(self, row: Row) -> Iterator[Shape]:
        kept = fit(row.value, "numb", self._width - self._value_x)
        yield text("value", self._value_x, 4.5, kept, "numb")
        x = self._value_x + width_of(kept, "numb") + (8 if kept else 0)
        if row.sign:
            tone = "sync-t" if row.sign == "tick" else "out-t"
            yield glyph("sign", row.sign, x + 6, 4.5, tone)
            yield text("note", x + 16, 4.5, row.note, "note", tone)
        elif row.does is not None:
            words, action = row.does
            wide = width_of(words, "noteb") + 16
            children = [
                rect("face", 0, -9, wide, 18, "card", "comm", radius=4, role="face"),
                text("words", wide / 2, 4.5, words, "noteb", "comm-t", anchor="middle"),
            ]
            at = (min(self._value_x, self._width - wide), ROW)  # it has a line more
            yield group(
                "does",
                children,
                at=at,
                label=words,
                action=action,
                is_tab_stop=not self._of.is_open,
            )
        elif row.note:
            if row.about == "broken":
                kept = fit(row.note, "note", self._width - x)
                yield text("note", x, 4.5, kept, "note", "out-t")
            else:
                kept = first_fitting((row.note,), "note", self._width - x)
                yield text("note", x, 4.5, kept, "note")


def lines_of(row: Row, lines_max: int = 6) -> int:
    """How many lines a row takes."""
    return max(1, min(-(-row.size // _BYTES_A_LINE), lines_max))


def fill_of(about: str) -> str:
    """The colour of a kind of field."""
    return _KINDS[about][0]


def swatch(
    about: str, at: tuple[float, float], size: tuple[float, float], radius: float
) -> Iterator[Shape]:
    """A kind's colour with its letter."""
    yield rect("band", *at, *size, fill_of(about), radius=radius)
    yield from letter("letter", about, at[0] + size[0] / 2, at[1] + 12)


def letter(key: str, about: str, x: float, y: float) -> Iterator[Shape]:
    """A kind's letter; framing has none."""
    _, _, words, tone = _KINDS[about]
    if words:
        yield text(key, x, y, words, "cap", tone, anchor="middle")


def bracket(key: str, x: float, end: float, words: str, y: float) -> Iterator[Shape]:
    """A line over the bytes from `x` to `end`, named if there is room."""
    yield line(f"{key}-line", (x, 15), (max(end - 1, x), 15), "rule")
    shown = fit(words, "noteb", end - x)
    if shown and shown != "…":
        yield text(f"{key}-words", (x + end) / 2, y - 2, shown, "noteb", anchor="middle")


def kinds_legend(kinds: Sequence[tuple[str, str]]) -> list[Entry]:
    """(kind, what it means) as entries of a legend."""
    return [
        Entry(group("shape", swatch(kind, (0, -8), (16, 16), 3)), 16, words)
        for kind, words in kinds
    ]
