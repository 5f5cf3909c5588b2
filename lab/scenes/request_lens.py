"""The request lens: the bytes of a request or an answer, field by field, as the schema has them.

    strip      all bytes in one line, by what they are about; those of the rows below in colour
    rows       offset │ bytes │ name │ value │ type      structures as headings, some a page
    a byte     chosen: its bits, to be flipped; and what the broker said to the changed request

A record set has a button: its batches open in the record lens.

Read next: `kafkalab.frames.wire_fields`, which takes the bytes apart; `lab.widgets.request_desk`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from kafkalab.frames.wire_fields import WireAnatomy
from kafkalab.protocol.api_keys import ApiKey
from lab.scenes.byte_lens import draw_byte
from lab.scenes.byte_rows import (
    LETTER,
    Bytes,
    Row,
    Rows,
    bracket,
    fill_of,
    kinds_legend,
    letter,
    lines_of,
)
from lab.scenes.clock import seconds
from lab.scenes.legend import draw_legend
from lab.scenes.metrics import first_fitting, fit, wrap
from lab.scenes.request_rows import rows_of
from lab.scenes.shapes import Scene, Shape, chip, chip_width, group, line, rect, text
from lab.scenes.varint_words import varint_words

MARGIN: Final = 10
WIDE: Final = 920  # from here on, two columns
_LINES: Final = 24  # a column, of a wide picture
_LINES_NARROW: Final = 34
_LINES_MAX: Final = 3  # of one field's bytes
_MANY: Final = 300  # fields; more are drawn together in the strip
_PLAIN: Final = ("card", "rule", "ink")
_LEGEND: Final = (
    ("header", "header: which request"),
    ("place", "place: topic, partition, offset, node"),
    ("time", "time"),
    ("who", "client, producer, group"),
    ("data", "your data"),
    ("said", "what else is asked or said"),
    ("framing", "framing"),
)
_HINT: Final = (
    "Click a byte (by keyboard: Tab, arrow keys, Enter; or n and p) to see its bits; click a bit "
    "to flip it. Then send the request, and see what becomes of it."
)


@dataclass(frozen=True, slots=True)
class WireLens:
    """What is looked at.  `original`: the bytes before any change; `said`: what came of sending.

    `told`: which message it is; `verdict`: why `server` would not take the bytes, "" if it would;
    `page`: of the rows; `chosen`: the byte whose bits are shown.  `has_answer`: there is one to be
    shown beside the request; `is_answer`: this is an answer, which nobody sends.  `branch_at`: the
    instant gone by (ms) at which it is looked at; what is sent then goes to a branch.  `sent_by`:
    who sent it last, to whom, over which connection.
    """

    anatomy: WireAnatomy
    original: bytes
    told: str
    server: str
    verdict: str = ""
    said: str = ""
    is_refused: bool = False
    page: int = 0
    chosen: int | None = None
    is_answer: bool = False
    has_answer: bool = False
    branch_at: int | None = None
    sent_by: str = ""
    width: int = 960

    @property
    def header(self) -> str:
        """Who the header says it is from: `as client “lab”, correlation id 7`."""
        known = {one.name: one.value for one in self.anatomy.fields if one.about == "header"}
        client = known.get("client_id")
        named = f"client “{client}”" if client is not None else "a client without a name"
        return f"as {named}, correlation id {known.get('correlation_id')}"

    @property
    def sender(self) -> str:
        """Under whose name it goes, or went; "" for an answer, and for what is no request."""
        if self.is_answer or self.anatomy.message_class is None:
            return ""
        if self.sent_by:
            return f"Sent from {self.sent_by}, {self.header}: spacetime shows it."
        return (
            "The operator would send it, over a connection of its own, with the header as it "
            f"stands: {self.header}."
        )

    @property
    def send(self) -> str:
        """The words of the button that sends, "" if there is none."""
        if self.is_answer:
            return ""
        if self.branch_at is None:
            return f"Send to {self.server}"
        return f"Branch at {seconds(self.branch_at)} s, and send to {self.server}"

    @property
    def is_changed(self) -> bool:
        return self.anatomy.data != self.original

    @property
    def what(self) -> str:
        """`Produce request`."""
        return f"{api_name(self.anatomy.api_key)} {'answer' if self.is_answer else 'request'}"


def draw_request(lens: WireLens) -> Scene:
    """The picture.  Actions: `byte N`, `bit N`, `page N`, `open N`, `undo`, `send`, `answer`."""
    width = max(lens.width, 660)
    room = width - 2 * MARGIN
    is_wide = width >= WIDE
    column = (room - 30) / 2 if is_wide else room
    pages = pages_of(lens, is_wide=is_wide)
    page = min(lens.page, len(pages) - 1)
    shown = pages[page]
    shapes: list[Shape] = [*_head(lens, room)]
    shapes.append(group("strip", _strip(lens, shown, room), at=(MARGIN, 118)))
    y = 224.0
    left, right = _halves(shown) if is_wide else (shown, [])
    names = min(210.0, max(146.0, (column - 188) * 0.52))
    marks = Bytes(lens.anatomy.data, alike(lens.anatomy.data, lens.original), lens.chosen)
    ends = y
    fields: list[Shape] = []
    for key, rows, x in (("left", left, MARGIN), ("right", right, MARGIN + column + 30)):
        if rows:
            drawn = Rows(marks, rows, column, names, _LINES_MAX)
            title = "" if key == "right" else ("Fields" if not page else "Fields, continued")
            fields.append(group(key, drawn.shapes(title), at=(x, y)))
            ends = max(ends, y + drawn.height)
    shapes.append(group("fields", fields, label="Bytes", arrows="rows"))
    if len(pages) > 1:
        shapes.append(group("pager", _pager(page, len(pages)), at=(MARGIN + room, y)))
    ends += 30
    inspector, height = _inspector(lens, column)
    shapes.append(group("byte", inspector, at=(MARGIN, ends)))
    kinds = {field.about for field in lens.anatomy.fields}
    entries = kinds_legend([each for each in _LEGEND if each[0] in kinds])
    legend, legend_height = draw_legend(entries, room)
    shapes.append(group("legend", [legend], at=(MARGIN, ends + height + 26)))
    title = f"{lens.what}, byte by byte: {lens.told}"
    total = round(ends + height + 26 + legend_height)
    return Scene(width, total, title, finding(lens), tuple(shapes), _keys(lens))


def _keys(lens: WireLens) -> dict[str, str]:
    keys = {"ArrowLeft": "page before", "ArrowRight": "page next"}
    keys |= {"n": "byte next", "p": "byte before", "u": "undo"}
    keys |= {} if lens.is_answer else {"s": "send"}
    return keys | ({"a": "answer"} if lens.has_answer else {})


def finding(lens: WireLens) -> str:
    """The one sentence, by what the bytes say."""
    anatomy = lens.anatomy
    if lens.said:
        return lens.said
    if lens.verdict:
        return f"{'Changed: ' if lens.is_changed else ''}{lens.verdict}"
    if anatomy.trouble:
        return f"Not all can be read: {anatomy.trouble}."
    if lens.is_changed:
        return f"Changed, and {lens.server} still reads it as a request."
    size = len(anatomy.data)
    sums: dict[str, int] = {}
    for field in anatomy.fields:
        sums[field.about] = sums.get(field.about, 0) + field.size
    data, framing = sums.get("data", 0), sums.get("framing", 0)
    if data:
        return (
            f"{data} of {size} bytes are the data that it carries; the other {size - data} say for "
            "whom, and where each part ends."
        )
    return f"{framing} of {size} bytes are lengths, counts and tags; what it says takes the rest."


def pages_of(lens: WireLens, *, is_wide: bool) -> list[list[Row]]:
    """The rows, so many lines a page."""
    most = 2 * _LINES if is_wide else _LINES_NARROW
    pages: list[list[Row]] = [[]]
    taken = 0
    for row in rows_of(lens.anatomy):
        lines = lines_of(row, _LINES_MAX)
        if taken + lines > most:
            pages.append([])
            taken = 0
        pages[-1].append(row)
        taken += lines
    return pages


def api_name(key: int) -> str:
    """`ListOffsets`."""
    try:
        return ApiKey(key).name.replace("_", " ").title().replace(" ", "")
    except ValueError:
        return "Unknown"


def alike(data: bytes, original: bytes) -> bytes:
    """`original` laid beside `data`: of the same length, differing only where it was changed."""
    if len(data) == len(original):
        return original
    head, one, other = 4, data[4:], original[4:]  # the size differs anyway
    before = _common(one, other)
    after = _common(one[before:][::-1], other[before:][::-1])
    middle = bytes(byte ^ 0xFF for byte in one[before : len(one) - after])
    beside = one[:before] + middle + one[len(one) - after :]
    return (original[:head] + bytes(head))[: min(head, len(data))] + beside


def _common(one: bytes, other: bytes) -> int:
    """How many bytes both begin with."""
    pairs = zip(one, other, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _halves(rows: list[Row]) -> tuple[list[Row], list[Row]]:
    """About as many lines in both columns; a heading goes with what follows it."""
    total = sum(lines_of(row, _LINES_MAX) for row in rows)
    half, taken = max(12, -(-total // 2)), 0
    for number, row in enumerate(rows):
        taken += lines_of(row, _LINES_MAX)
        if taken > half:
            while number and not rows[number - 1].size:
                number -= 1
            return rows[:number], rows[number:]
    return rows, []


def _head(lens: WireLens, room: float) -> Iterator[Shape]:
    size = len(lens.anatomy.data)
    yield text("title", MARGIN, 28, f"{lens.what}, byte by byte", "h1")
    if lens.has_answer:
        words = "‹ Back to the request" if lens.is_answer else "The answer’s bytes ›"
        wide = chip_width(words)
        yield chip(
            "answer", (MARGIN + room - wide, 12), words, _PLAIN, action="answer", label=words
        )
    version = f"version {lens.anatomy.api_version}"
    words = f"{version} · {lens.told} · {size} bytes · all numbers big-endian"
    yield text("where", MARGIN, 50, fit(words, "sub", room), "sub")
    is_bad = lens.is_refused or lens.verdict or lens.anatomy.trouble
    for number, row in enumerate(wrap(finding(lens), "lab", room, 2)):
        yield text(
            f"say{number}", MARGIN, 78 + 18 * number, row, "lab", "out-t" if is_bad else "ink"
        )


def _strip(lens: WireLens, shown: Sequence[Row], room: float) -> Iterator[Shape]:
    """All bytes in one line."""
    anatomy = lens.anatomy
    scale = room / max(len(anatomy.data), 1)
    here = {row.offset for row in shown if row.size}
    bands: list[tuple[int, int, str, str]] = []
    for field in anatomy.fields:
        about = field.about if field.offset in here else ""
        fill = fill_of(field.about) if about else "line"
        if bands and len(anatomy.fields) > _MANY and bands[-1][2] == fill:
            start, size, _, _ = bands.pop()
            bands.append((start, size + field.size, fill, about))
        else:
            bands.append((field.offset, field.size, fill, about))
    for start, size, fill, about in bands:
        x, wide = start * scale, max(size * scale - 1, 0.5)
        yield rect(f"f{start}", x, 20, wide, 30, fill, radius=min(2, wide / 2))
        if about and wide >= LETTER:
            yield from letter(f"l{start}", about, x + wide / 2, 39)
    body = anatomy.body_at * scale
    rest = len(anatomy.data) - anatomy.body_at
    for key, start, end, words in (
        ("head", 0.0, body, (f"size and header, {anatomy.body_at} bytes", "header")),
        ("body", body, room, (f"body, {rest} bytes", "body")),
    ):
        if end > start:
            yield from bracket(key, start, end, first_fitting(words, "noteb", end - start - 8), 12)
    x = min(4 * scale, room)
    yield line("size-line", (x, 58), (room, 58), "rule", stroke_width=1.5)
    yield line("size-from", (x, 54), (x, 62), "rule", stroke_width=1.5)
    yield line("size-to", (room - 0.5, 54), (room - 0.5, 62), "rule", stroke_width=1.5)
    words = "the size counts these bytes: that is how the reader knows where a message ends"
    yield text("size-words", x + 8, 73, fit(words, "note", room - x - 8), "note")


def _inspector(lens: WireLens, width: float) -> tuple[list[Shape], float]:
    data = lens.anatomy.data
    original = lens.original
    if len(original) != len(data):
        original = alike(data, original)
    shapes, height = draw_byte(
        data,
        original,
        lens.chosen,
        width,
        hint=_HINT if not lens.is_answer else "Click a byte (or press n) to see its bits.",
        send=lens.send,
        is_always_sent=True,
        reads=_reads(lens),
    )
    for number, row in enumerate(wrap(lens.sender, "note", width)):
        shapes.append(text(f"sender{number}", 0, height + 8, row, "note"))
        height += 18
    return shapes, height


def _reads(lens: WireLens) -> list[str]:
    """How the varint is read of which the chosen byte is a part."""
    for field in lens.anatomy.fields:
        if lens.chosen is not None and field.offset <= lens.chosen < field.end:
            if field.kind != "unsigned varint" or field.about == "broken":
                return []
            raw = lens.anatomy.data[field.offset : field.end]
            is_length = field.name.endswith((" length", " count"))
            return varint_words(raw, "length" if is_length else "plain")
    return []


def _pager(page: int, pages: int) -> Iterator[Shape]:
    """To the rows before and after; right-aligned at 0."""
    label = "the rows before"
    yield chip(
        "before", (-136, -11), "‹ before", _PLAIN, width=66, action="page before", label=label
    )
    label = "the next rows"
    yield chip("next", (-66, -11), "next ›", _PLAIN, width=66, action="page next", label=label)
    yield text("count", -144, 4, f"page {page + 1} of {pages}", "note", anchor="end")
