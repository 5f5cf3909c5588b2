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

from kafkalab.frames.compressed import codec_of, decompressed, records_in
from kafkalab.record.anatomy import (
    CRC_COVERS_FROM,
    HEADER_BYTES,
    LENGTH_COUNTS_FROM,
    Anatomy,
    Field,
)
from lab.scenes.byte_lens import draw_byte
from lab.scenes.byte_rows import LETTER, Bytes, Row, Rows, bracket, fill_of, kinds_legend, letter
from lab.scenes.legend import draw_legend
from lab.scenes.metrics import fit, wrap
from lab.scenes.shapes import Scene, Shape, chip, chip_width, group, line, rect, text
from lab.scenes.varint_words import varint_words

MARGIN: Final = 10
WIDE: Final = 920  # from here on, header and record stand side by side
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

    `part`: the record shown; `chosen`: the byte whose bits are shown, or None.  `within`: what a
    button goes back to, if the batch is part of a message; `send`: the words of its button.
    """

    anatomy: Anatomy
    original: bytes
    where: str
    part: int = 0
    chosen: int | None = None
    answer: str = ""
    is_refused: bool = False
    width: int = 960
    within: str = ""
    send: str = "Send to the leader"

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
    header = _rows(lens, [one for one in fields if one.part < 0], column)
    record, record_height, pager = _record_column(lens, column)
    right = (MARGIN + column + 30, y) if is_wide else (MARGIN, y + header.height + 40)
    bytes_ = [
        group("header", header.shapes("Header"), at=(MARGIN, y)),
        group("record", record, at=right),
    ]
    shapes.append(group("fields", bytes_, label="Bytes", arrows="rows"))
    shapes.append(group("pager", pager, at=right))
    below = y + header.height + 40
    inspector, inspector_height = draw_byte(
        lens.anatomy.data, lens.original, lens.chosen, column, send=lens.send, reads=_reads(lens)
    )
    if is_wide:
        shapes.append(group("byte", inspector, at=(MARGIN, below)))
        end = max(below + inspector_height, y + record_height + 44)
    else:
        below = right[1] + record_height + 40
        shapes.append(group("byte", inspector, at=(MARGIN, below)))
        end = below + inspector_height
    legend, legend_height = draw_legend(kinds_legend(_LEGEND), room)
    shapes.append(group("legend", [legend], at=(MARGIN, end + 26)))
    height = round(end + 26 + legend_height)
    keys = {"ArrowLeft": "record before", "ArrowRight": "record next", "u": "undo", "s": "send"}
    keys |= {"Escape": "back"} if lens.within else {}
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
    count = records_in(anatomy)
    if count == 1:
        return f"One record, and {share}% of the batch is header: more would share its 61 bytes."
    return f"{count} records share one header of 61 bytes: {share}% of this batch."


def _head(lens: Lens, room: float) -> Iterator[Shape]:
    size = len(lens.anatomy.data)
    yield text("title", MARGIN, 28, "A record batch, byte by byte", "h1")
    if lens.within:
        tones, wide = ("card", "rule", "ink"), chip_width(lens.within)
        yield chip(
            "back", (MARGIN + room - wide, 12), lens.within, tones, action="back", label=lens.within
        )
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
        is_shown = field.part < 0 or field.part == lens.part or bool(codec_of(anatomy))
        fill = fill_of(field.about) if is_shown else "line"
        x, wide = field.offset * scale, max(field.size * scale - 1, 0.5)
        yield rect(f"f{field.offset}", x, 20, wide, 30, fill, radius=min(2, wide / 2))
        if is_shown and wide >= LETTER:
            yield from letter(f"l{field.offset}", field.about, x + wide / 2, 39)
    yield from bracket("head", 0, HEADER_BYTES * scale, "batch header, 61 bytes", 12)
    rest = len(anatomy.data) - HEADER_BYTES
    count = records_in(anatomy)
    words = f"{count} record{'' if count == 1 else 's'}, {rest} bytes"
    yield from bracket("records", HEADER_BYTES * scale, room, words, 12)
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


def _rows(lens: Lens, fields: Sequence[Field], width: float) -> Rows:
    bytes_ = Bytes(lens.anatomy.data, lens.original, lens.chosen)
    return Rows(bytes_, [_row(field, lens.anatomy) for field in fields], width)


def _row(field: Field, anatomy: Anatomy) -> Row:
    place, size, name, _, about, _, _ = field
    note, sign = _note_words(field), ""
    if name == "crc":
        sign, note = ("tick", "matches") if anatomy.is_intact else ("cross", "differs")
    return Row(place, size, name, _value_words(field), note, about, sign)


def _record_column(lens: Lens, width: float) -> tuple[list[Shape], float, list[Shape]]:
    """The record that is shown, or what is compressed and the record inside; height, and pager."""
    fields = lens.anatomy.fields
    if not codec_of(lens.anatomy):
        rows = _rows(lens, [one for one in fields if one.part == lens.part], width)
        return [*rows.shapes(f"Record {lens.part}")], rows.height, [*_pager(lens, width)]
    blob = [one for one in fields if one.part >= 0]
    outer = _rows(lens, blob, width)
    shapes = [group("blob", outer.shapes("Records, compressed together"), at=(0, 0))]
    inside = decompressed(lens.anatomy)
    if inside is None:
        words = "They cannot be decompressed: a broker that has to look inside refuses them."
        lines = wrap(words, "note", width)
        for n, words in enumerate(lines):
            shapes.append(text(f"bad{n}", 0, outer.height + 22 + 18 * n, words, "note", "out-t"))
        return shapes, outer.height + 22 + 18 * len(lines), []
    shown = [one for one in inside.fields if one.part == lens.part]
    rows = [_row(one._replace(offset=one.offset - HEADER_BYTES), inside) for one in shown]
    data = inside.data[HEADER_BYTES:]
    inner = Rows(Bytes(data, data, is_open=False), rows, width)
    count = len(blob[0].value) if blob and isinstance(blob[0].value, bytes) else 0
    y = outer.height + 22
    shapes.append(group("inside", inner.shapes(f"Record {lens.part} inside"), at=(0, y)))
    pager = [group("inside", _pager(lens, width), at=(0, y))]
    words = f"{len(data)} bytes came out of {count}; places count in these"
    shapes.append(text("came", 0, y + inner.height + 18, fit(words, "note", width), "note"))
    return shapes, y + inner.height + 24, pager


def _reads(lens: Lens) -> list[str]:
    """How the varint is read of which the chosen byte is a part; in a record most numbers are."""
    for field in lens.anatomy.fields:
        if lens.chosen is not None and field.offset <= lens.chosen < field.offset + field.size:
            is_varint = field.part >= 0 and isinstance(field.value, int)
            if not is_varint or field.name == "attributes" or field.about == "broken":
                return []
            raw = lens.anatomy.data[field.offset : field.offset + field.size]
            return varint_words(raw, "zigzag")
    return []


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


def _note_words(field: Field) -> str:
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
    count = records_in(lens.anatomy)
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
