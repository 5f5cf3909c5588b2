"""The record lens: the bytes of one batch, field by field, with what each says.

    strip      all bytes in one line, by what they are about; what the length counts, the CRC covers
    rows       offset │ bytes │ name │ value │ note      header left, one record right
    a byte     chosen: its bits, to be flipped; and what the broker said to the changed batch

Bytes that have been changed are outlined.  Colour and a letter say what a field is about; the
legend has a word for each.

Read next: `kafkalab.record.anatomy`, which takes the bytes apart; `lab.widgets.record_lens`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from kafkalab.record.anatomy import (
    CRC_COVERS_FROM,
    HEADER_BYTES,
    LENGTH_COUNTS_FROM,
    Anatomy,
    Field,
)
from lab.scenes.byte_lens import draw_byte
from lab.scenes.legend import Entry, draw_legend
from lab.scenes.metrics import first_fitting, fit, width_of, wrap
from lab.scenes.shapes import Scene, Shape, chip, glyph, group, line, rect, text

MARGIN: Final = 10
WIDE: Final = 920  # from here on, header and record stand side by side
ROW: Final = 22
_BYTES_A_LINE: Final = 8
_BYTE: Final = 17
_LETTER: Final = 12.0  # the room a letter takes
_LINES_MAX: Final = 6  # of one field's bytes
_TONES: Final = {
    "place": ("lead", "lead-s"),
    "format": ("out", "out-s"),
    "time": ("sync", "sync-s"),
    "producer": ("group", "group-s"),
    "data": ("comm", "comm-s"),
    "framing": ("rule", "soft"),
    "broken": ("out", "out-s"),
}
#: The letter of each kind, and its tone on the kind's colour; framing has none.
_LETTERS: Final = {
    "place": ("L", "onout"),
    "format": ("F", "onout"),
    "time": ("T", "onout"),
    "producer": ("P", "onout"),
    "data": ("D", "bg"),
    "broken": ("F", "onout"),
}
_LEGEND: Final = (
    ("place", "place in the log"),
    ("format", "format and integrity"),
    ("time", "time"),
    ("producer", "producer"),
    ("data", "your data"),
    ("framing", "framing"),
)


@dataclass(frozen=True, slots=True)
class Lens:
    """What is looked at.  `original`: the bytes before any change; `answer`: what the broker said.

    `part`: the record shown; `chosen`: the byte whose bits are shown, or None.
    """

    anatomy: Anatomy
    original: bytes
    where: str
    part: int = 0
    chosen: int | None = None
    answer: str = ""
    is_refused: bool = False
    width: int = 960

    @property
    def is_changed(self) -> bool:
        return self.anatomy.data != self.original


def draw_lens(lens: Lens) -> Scene:
    """The picture.  Actions: `byte N`, `bit N`, `record N`, `undo`, `send`."""
    width = max(lens.width, 660)
    room = width - 2 * MARGIN
    is_wide = width >= WIDE
    column = (room - 30) / 2 if is_wide else room
    shapes: list[Shape] = [*_head(lens, room)]
    strip, y = _strip(lens, room), 242.0
    shapes.append(group("strip", strip, at=(MARGIN, 118)))
    fields = lens.anatomy.fields
    header = _Column(lens, [one for one in fields if one.part < 0], column)
    record = _Column(lens, [one for one in fields if one.part == lens.part], column)
    right = (MARGIN + column + 30, y) if is_wide else (MARGIN, y + header.height + 40)
    shapes.append(group("header", header.shapes("Header"), at=(MARGIN, y)))
    shapes.append(
        group("record", [*record.shapes(f"Record {lens.part}"), *_pager(lens, column)], at=right)
    )
    below = y + header.height + 40
    inspector, inspector_height = draw_byte(lens.anatomy.data, lens.original, lens.chosen, column)
    if is_wide:
        shapes.append(group("byte", inspector, at=(MARGIN, below)))
        end = max(below + inspector_height, y + record.height + 44)
    else:
        below = right[1] + record.height + 40
        shapes.append(group("byte", inspector, at=(MARGIN, below)))
        end = below + inspector_height
    entries = [
        Entry(group("shape", _swatch(key, (0, -8), (16, 16), 3)), 16, words)
        for key, words in _LEGEND
    ]
    legend, legend_height = draw_legend(entries, room)
    shapes.append(group("legend", [legend], at=(MARGIN, end + 26)))
    height = round(end + 26 + legend_height)
    keys = {"ArrowLeft": "record before", "ArrowRight": "record next", "u": "undo", "s": "send"}
    return Scene(
        width,
        height,
        f"A record batch, byte by byte: {lens.where}",
        finding(lens),
        tuple(shapes),
        keys,
    )


def finding(lens: Lens) -> str:
    """The one sentence, by what the bytes say."""
    anatomy = lens.anatomy
    if lens.answer:
        return lens.answer
    if not anatomy.is_intact:
        return (
            f"The CRC does not match: stored 0x{anatomy.crc_stored:08x}, computed "
            f"0x{anatomy.crc_computed:08x}. A broker refuses this batch."
        )
    if lens.is_changed:
        return "Changed, and the CRC still matches: it does not cover these bytes."
    size = len(anatomy.data)
    share = round(100 * HEADER_BYTES / size)
    if anatomy.records == 1:
        return f"One record, and {share}% of the batch is header: more would share its 61 bytes."
    return f"{anatomy.records} records share one header of 61 bytes: {share}% of this batch."


def _head(lens: Lens, room: float) -> Iterator[Shape]:
    size = len(lens.anatomy.data)
    yield text("title", MARGIN, 28, "A record batch, byte by byte", "h1")
    words = f"{lens.where} · {size} bytes · all numbers big-endian"
    yield text("where", MARGIN, 50, fit(words, "sub", room), "sub")
    tone = "out-t" if lens.is_refused or not lens.anatomy.is_intact else "ink"
    for number_, row in enumerate(wrap(finding(lens), "lab", room, 2)):
        yield text(f"say{number_}", MARGIN, 78 + 18 * number_, row, "lab", tone)


def _strip(lens: Lens, room: float) -> Iterator[Shape]:
    """All bytes in one line."""
    anatomy = lens.anatomy
    scale = room / len(anatomy.data)
    for field in anatomy.fields:
        is_shown = field.part < 0 or field.part == lens.part
        fill = _TONES[field.about][0] if is_shown else "line"
        x, wide = field.offset * scale, max(field.size * scale - 1, 0.5)
        yield rect(f"f{field.offset}", x, 20, wide, 30, fill, radius=min(2, wide / 2))
        if is_shown and wide >= _LETTER:
            yield from _letter(f"l{field.offset}", field.about, x + wide / 2, 39)
    yield from _bracket("head", 0, HEADER_BYTES * scale, "batch header, 61 bytes", 12, room)
    rest = len(anatomy.data) - HEADER_BYTES
    count = anatomy.records
    words = f"{count} record{'' if count == 1 else 's'}, {rest} bytes"
    yield from _bracket("records", HEADER_BYTES * scale, room, words, 12, room)
    covers = (
        ("length", LENGTH_COUNTS_FROM, "batchLength counts these bytes"),
        (
            "crc",
            CRC_COVERS_FROM,
            "the CRC covers these, so the broker may set offset and leader epoch without a new one",
        ),
    )
    for row, (key, start, words) in enumerate(covers):
        y, x = 58 + 24 * row, start * scale
        yield line(f"{key}-line", (x, y), (room, y), "rule", stroke_width=1.5)
        yield line(f"{key}-from", (x, y - 4), (x, y + 4), "rule", stroke_width=1.5)
        yield line(f"{key}-to", (room - 0.5, y - 4), (room - 0.5, y + 4), "rule", stroke_width=1.5)
        yield text(f"{key}-words", x + 8, y + 15, fit(words, "note", room - x - 8), "note")


def _swatch(
    about: str, at: tuple[float, float], size: tuple[float, float], radius: float
) -> Iterator[Shape]:
    """A kind's colour with its letter."""
    yield rect("band", *at, *size, _TONES[about][0], radius=radius)
    yield from _letter("letter", about, at[0] + size[0] / 2, at[1] + 12)


def _letter(key: str, about: str, x: float, y: float) -> Iterator[Shape]:
    if about in _LETTERS:
        letter, tone = _LETTERS[about]
        yield text(key, x, y, letter, "cap", tone, anchor="middle")


def _bracket(key: str, x: float, end: float, words: str, y: float, room: float) -> Iterator[Shape]:
    yield line(f"{key}-line", (x, 15), (max(end - 1, x), 15), "rule")
    shown = fit(words, "noteb", end - x)
    if shown and shown != "…":
        yield text(f"{key}-words", (x + end) / 2, y - 2, shown, "noteb", anchor="middle")


class _Column:
    """Fields one under another, each with its bytes."""

    def __init__(self, lens: Lens, fields: Sequence[Field], width: float) -> None:
        self._lens = lens
        self._fields = fields
        self._bytes_x = 44
        self._name_x = self._bytes_x + _BYTES_A_LINE * _BYTE + 8
        self._value_x = self._name_x + 146
        self._width = width
        self.height = sum(_lines(field) * ROW for field in fields) + 20

    def shapes(self, title: str) -> Iterator[Shape]:
        yield text("title", 0, 4, title, "h2")
        y = 30.0
        for field in self._fields:
            yield group(f"f{field.offset}", self._row(field), at=(0, y))
            y += _lines(field) * ROW

    def _row(self, field: Field) -> Iterator[Shape]:
        soft = _TONES[field.about][1]
        lines = _lines(field)
        shown = min(field.size, _BYTES_A_LINE * _LINES_MAX)
        across = min(shown, _BYTES_A_LINE)
        yield text("offset", 27, 4.5, str(field.offset), "num", "mute", anchor="end")
        size = (_LETTER, lines * ROW - 3)
        yield from _swatch(field.about, (self._bytes_x - _LETTER - 1, -9), size, 0)
        yield rect(
            "soft", self._bytes_x - 1, -9, across * _BYTE + 4, lines * ROW - 3, soft, radius=2
        )
        for index in range(shown):
            yield self._byte(field.offset + index, index)
        if shown < field.size:
            words = f"+{field.size - shown} bytes"
            yield text("more", self._name_x, (lines - 1) * ROW + 4.5, words, "note")
        yield text("name", self._name_x, 4.5, fit(field.name, "body", 144), "body")
        yield from self._value(field)

    def _byte(self, place: int, index: int) -> Shape:
        lens, data = self._lens, self._lens.anatomy.data
        x = self._bytes_x + (index % _BYTES_A_LINE) * _BYTE
        y = (index // _BYTES_A_LINE) * ROW
        is_changed = data[place] != lens.original[place]
        is_chosen = lens.chosen == place
        stroke = "ink" if is_chosen else ("out" if is_changed else None)
        children = [
            rect(
                "face",
                0,
                -8,
                _BYTE,
                17,
                "mark" if is_chosen else "none",
                stroke,
                radius=2,
                role="face",
            ),
            text(
                "hex",
                _BYTE / 2,
                4.5,
                f"{data[place]:02x}",
                "num",
                "out-t" if is_changed else "ink",
                anchor="middle",
            ),
        ]
        label = f"byte {place}: {data[place]:02x}" + (", changed" if is_changed else "")
        return group(
            f"b{place}", children, at=(x, y), label=label, action=f"byte {place}", is_tab_stop=False
        )

    def _value(self, field: Field) -> Iterator[Shape]:
        room = self._width - self._value_x
        shown, note = _value_words(field), _note_words(field, self._lens)
        kept = fit(shown, "numb", room)
        yield text("value", self._value_x, 4.5, kept, "numb")
        x = self._value_x + width_of(kept, "numb") + (8 if kept else 0)
        if field.name == "crc":
            is_so = self._lens.anatomy.is_intact
            yield glyph(
                "sign", "tick" if is_so else "cross", x + 6, 4.5, "sync-t" if is_so else "out-t"
            )
            yield text(
                "note",
                x + 16,
                4.5,
                "matches" if is_so else "differs",
                "note",
                "sync-t" if is_so else "out-t",
            )
        elif note:
            tone = "out-t" if field.about == "broken" else None
            kept = first_fitting((note,), "note", self._width - x)
            if field.about == "broken":
                kept = fit(note, "note", self._width - x)
            yield text("note", x, 4.5, kept, "note", tone)


def _lines(field: Field) -> int:
    return max(1, min(-(-field.size // _BYTES_A_LINE), _LINES_MAX))


def _value_words(field: Field) -> str:
    value = field.value
    if field.about == "broken":
        return ""
    if isinstance(value, bytes):
        if field.name == "records":
            return f"{len(value)} bytes"
        try:
            words = value.decode()
        except UnicodeDecodeError:
            return "not text"
        return f"“{words}”" if words.isprintable() else "not text"
    return f"0x{value:08x}" if field.name == "crc" else str(value)


def _note_words(field: Field, lens: Lens) -> str:
    if field.name in ("baseTimestamp", "maxTimestamp") and isinstance(field.value, int):
        try:
            moment = datetime.fromtimestamp(field.value / 1000, UTC)
        except (OverflowError, ValueError, OSError):
            return "no date"
        if moment.year < 2000:
            return "ms since the beginning"
        return f"{moment:%H:%M:%S}.{field.value % 1000:03} UTC"
    return field.note


def _pager(lens: Lens, width: float) -> Iterator[Shape]:
    """To the record before and after."""
    count = lens.anatomy.records
    if count < 2:
        return
    x = width - 2 * 66 - 4
    tones = ("card", "rule", "ink")
    yield chip(
        "before",
        (x, -11),
        "‹ before",
        tones,
        width=66,
        action="record before",
        label="the record before",
    )
    yield chip(
        "next",
        (x + 70, -11),
        "next ›",
        tones,
        width=66,
        action="record next",
        label="the next record",
    )
    yield text("count", x - 8, 4, f"{lens.part + 1} of {count}", "note", anchor="end")
