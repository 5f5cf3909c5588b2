"""The ledger as a picture: a row a record, from what was handed over to what is left of it.

    record      produced   written       copies  committed  acked  read         state
    "order 41"  0.412 s    orders-0@41   ■ ✕ ┆   –          +22    –            ✕ acknowledged, lost

Columns after `produced` are in ms from there.  Copies stand in the order of the brokers, as in
every picture: filled is committed, pale written, dashed not there, a cross was cut off.

Read next: `kafkalab.frames.ledger`, which says what there is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from kafkalab.frames.ledger import CopyFrame, LedgerFrame, RowFrame
from lab.scenes.clock import seconds
from lab.scenes.legend import Entry, draw_legend
from lab.scenes.metrics import fit, width_of, wrap
from lab.scenes.shapes import Anchor, Scene, Shape, chip, chip_width, glyph, group, line, rect, text
from lab.scenes.view import MARGIN, Block

WIDTH_MIN, WIDTH_MAX = 640, 1400
STATIC_WIDTH: Final = 960
ROW: Final = 30
ROWS: Final = 16
COPIES_MAX: Final = 6  # brokers, each with its own column
_SPARE: Final = 40.0
NUMBERED: Final = 36  # a copy with its broker's number

SORTS: Final = ("all", "lost", "failed", "repeated", "under way", "kept")
#: Of a sort: sign and tone.
SIGNS: Final[Mapping[str, tuple[str, str]]] = {
    "kept": ("tick", "sync-t"),
    "under way": ("clock", "comm-t"),
    "failed": ("cross", "out-t"),
    "lost": ("cross", "out-t"),
    "repeated": ("swap", "out-t"),
}
#: Of a copy: fill, outline, dash.
COPIES: Final[Mapping[str, tuple[str, str | None, str | None]]] = {
    "committed": ("comm", None, None),
    "written": ("unc", "comm", None),
    "gone": ("out", None, None),
    "none": ("none", "rule", "2 2"),
}
KEYS: Final[Mapping[str, str]] = {
    "ArrowUp": "rows earlier", "ArrowDown": "rows later", "Home": "rows first", "End": "rows last",
    "Escape": "open",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class View:
    """Which rows are shown, and which is open (its key)."""

    width: int = STATIC_WIDTH
    sort: str = "all"
    first: int = 0
    opened: str = ""
    is_live: bool = False

    def at_width(self, width: float) -> "View":
        return replace(self, width=int(min(max(width, WIDTH_MIN), WIDTH_MAX)) // 10 * 10)


def chosen(frame: LedgerFrame, sort: str) -> list[RowFrame]:
    """The rows of a sort."""
    if sort == "all":
        return frame["rows"]
    if sort == "repeated":
        return [row for row in frame["rows"] if row["is_repeated"]]
    return [row for row in frame["rows"] if row["sort"] == sort]


def first_row(frame: LedgerFrame, view: View, first: int) -> int:
    """Kept within what there is."""
    return max(0, min(first, len(chosen(frame, view.sort)) - ROWS))


def obey(frame: LedgerFrame, view: View, words: Sequence[str]) -> View | None:
    """What an action of this picture makes of the view; None if it is none of its own."""
    match list(words):
        case ["sort", sort]:
            return replace(view, sort=sort.replace("-", " "), first=0)
        case ["rows", which]:
            steps = {"earlier": -ROWS, "later": ROWS, "first": -(1 << 30), "last": 1 << 30}
            wanted = view.first + steps.get(which, 0)
            return replace(view, first=first_row(frame, view, wanted))
        case ["open", *key]:
            wanted_key = " ".join(key)
            return replace(view, opened="" if wanted_key == view.opened else wanted_key)
    return None


def draw(frame: LedgerFrame, view: View) -> Scene:
    """The picture alone, with its title."""
    inner = view.width - 2 * MARGIN
    shapes, y = _head(frame, inner)
    block = draw_block(frame, view, inner)
    shapes.append(group("body", block.shapes, at=(MARGIN, y)))
    y += block.height
    legend, height = draw_legend(entries(), inner)
    shapes.append(group("legend", [legend], at=(MARGIN, y + 24)))
    total = int(y + 24 + height + 4)
    return Scene(view.width, total, frame["title"], frame["say"], tuple(shapes), KEYS)


def draw_block(frame: LedgerFrame, view: View, inner: float) -> Block:
    """Everything but title, finding and legend."""
    rows = chosen(frame, view.sort)
    first = first_row(frame, view, view.first)
    shown = rows[first : first + ROWS]
    shapes: list[Shape] = []
    y = 0.0
    if view.is_live:
        shapes.append(group("sorts", _sorts(frame, view), at=(0, y), label="Which records"))
        y += 34
    columns = _columns(frame, inner)
    shapes.append(group("columns", _column_heads(frame, columns), at=(0, y + 12)))
    y += 22
    for row in shown:
        shapes.append(_row(row, columns, inner, y, view))
        y += ROW
        if row["key"] == view.opened:
            words, height = _opened(row, inner, y, is_live=view.is_live)
            shapes.append(words)
            y += height
    if not shown:
        words = (
            "no such record" if frame["rows"] else "Press Produce a record: it is followed here."
        )
        shapes.append(text("none", 0, y + 20, words, "note"))
        y += ROW
    if len(rows) > len(shown):
        shapes.append(_more(first, len(shown), len(rows), view, y))
        y += 26
    return Block(tuple(shapes), y)


def _head(frame: LedgerFrame, inner: float) -> tuple[list[Shape], float]:
    title = f"{frame['title']} · {seconds(frame['now'])} s"
    count = len(frame["rows"])
    many = "1 record" if count == 1 else f"{count} records"
    settings = (
        f"{many} the applications handed over, and what became of each · "
        "times in ms after produce()"
    )
    shapes: list[Shape] = [
        text("title", MARGIN, 32, fit(title, "h1", inner), "h1"),
        text("settings", MARGIN, 54, fit(settings, "sub", inner), "sub"),
    ]
    lines = wrap(frame["say"], "lab", inner)
    shapes += [text(f"say{i}", MARGIN, 80 + i * 18, each, "lab") for i, each in enumerate(lines)]
    return shapes, 80 + len(lines) * 18 + 6


def _sorts(frame: LedgerFrame, view: View) -> list[Shape]:
    shapes = []
    x = 0.0
    for sort in SORTS:
        count = len(frame["rows"]) if sort == "all" else frame["counts"].get(sort, 0)
        if not count and sort != "all":
            continue
        words = f"{_named(frame, sort)} {count}"
        is_chosen = sort == view.sort
        tones = ("ink", "ink", "bg") if is_chosen else ("none", "rule", "ink")
        key = sort.replace(" ", "-")
        shapes.append(chip(key, (x, 0), words, tones, action=f"sort {key}",
                           label=f"Show {words}", is_pressed=is_chosen))  # fmt: skip
        x += chip_width(words) + 6
    return shapes


def _named(frame: LedgerFrame, sort: str) -> str:
    """A sort by its name; of what failed, whether its transaction was aborted."""
    if sort != "failed":
        return sort
    states = {row["state"].split(" ")[0] for row in frame["rows"] if row["sort"] == sort}
    return sort if "aborted" not in states else "aborted" if len(states) == 1 else "failed, aborted"


def _columns(frame: LedgerFrame, inner: float) -> dict[str, float]:
    """Where each column begins (figures end there, at their right)."""
    copies = _copies_width(frame)
    fixed = {"produced": 74, "place": 118, "copies": copies, "committed": 74, "acked": 62,
             "read": 96, "state": 196}  # fmt: skip
    if inner < 800:
        fixed |= {
            "produced": 60,
            "read": 78,
            "state": 132,
            "place": 98,
            "committed": 60,
            "acked": 48,
        }
    longest = max((width_of(row["words"], "lab") for row in frame["rows"]), default=0.0)
    room = inner - sum(fixed.values())
    words = max(min(room, longest + 24), 60.0)
    spare = min(max(room - words, 0) / len(fixed), _SPARE)  # a wide page: columns apart, not far
    columns = {"words": 0.0}
    x = words + spare
    for name, wide in fixed.items():
        columns[name] = x
        x += wide + spare
    return columns


def _column_heads(frame: LedgerFrame, columns: Mapping[str, float]) -> list[Shape]:
    committed = "committed" if columns["state"] > 560 else "commit"
    heads: tuple[tuple[str, str, Anchor], ...] = (
        ("words", "record", "start"),
        ("produced", "produced", "end"),
        ("place", "written", "start"),
        ("committed", committed, "end"),
        ("acked", "acked", "end"),
        ("read", "read", "start"),
        ("state", "now", "start"),
    )
    shapes: list[Shape] = []
    for name, words, anchor in heads:
        x = columns[name] + (_room(columns, name) - 14 if anchor == "end" else 0)
        shapes.append(text(f"h-{name}", x, 0, words, "cap", anchor=anchor))
    if len(frame["brokers"]) > COPIES_MAX:
        shapes.append(text("h-copies", columns["copies"], 0, "copies", "cap"))
        return shapes
    for i, broker in enumerate(frame["brokers"]):
        x = columns["copies"] + 7 + i * 16
        shapes.append(text(f"h{broker}", x, 0, str(broker), "cap", anchor="middle"))
    return shapes


def _room(columns: Mapping[str, float], name: str) -> float:
    names = list(columns)
    following = names[names.index(name) + 1 :]
    return columns[following[0]] - columns[name] if following else 0.0


def _row(row: RowFrame, columns: Mapping[str, float], inner: float, y: float, view: View) -> Shape:
    base = ROW / 2 + 4.5
    is_open = row["key"] == view.opened
    is_odd = row["sort"] in ("lost", "failed") or row["is_repeated"]
    children: list[Shape] = [
        rect("face", -6, 1, inner + 12, ROW - 2, _ground(row, is_open=is_open), radius=4,
             role="face"),
        text("words", 0, base, fit(row["words"], "body", _room(columns, "words") - 10), "lab"
             if is_odd else "body"),
    ]  # fmt: skip
    children += _figures(row, columns, base)
    children.append(
        text("place", columns["place"], base,
             fit(row["place"] or "not written", "note", _room(columns, "place") - 8), "note",
             "ink" if row["place"] else None)
    )  # fmt: skip
    children += _copies(row["copies"], columns["copies"])
    read_tone = "out-t" if any(n > 1 for n in row["reads"].values()) else None
    reads = ", ".join(f"{g} {n}×" if n > 1 else g for g, n in row["reads"].items()) or "–"
    children.append(
        text(
            "read",
            columns["read"],
            base,
            fit(reads, "note", _room(columns, "read") - 8),
            "note",
            read_tone,
        )
    )
    sign, tone = SIGNS["repeated"] if row["is_repeated"] else SIGNS[row["sort"]]
    state = f"{row['state']}, repeated" if row["is_repeated"] else row["state"]
    room = inner - columns["state"] - 18
    children += [
        glyph("sign", sign, columns["state"] + 6, base, tone, 11),
        text("state", columns["state"] + 17, base, fit(_fitting(state, room), "note", room),
             "noteb" if is_odd else "note", tone if is_odd else None),
        line("rule", (0, ROW), (inner, ROW), "line"),
    ]  # fmt: skip
    action = f"open {row['key']}" if view.is_live else None
    return group(f"r-{row['key']}", children, at=(0, round(y, 1)), label=row["say"],
                 action=action, is_pressed=is_open if view.is_live else None)  # fmt: skip


def _fitting(state: str, room: float) -> str:
    short = state.replace("acknowledged, then lost", "lost").replace("acknowledged, kept", "kept")
    return state if width_of(state, "noteb") <= room else short


def _ground(row: RowFrame, *, is_open: bool) -> str:
    if row["sort"] == "lost":
        return "out-s"
    return "soft" if is_open else "none"


def _figures(row: RowFrame, columns: Mapping[str, float], base: float) -> list[Shape]:
    produced = row["produced"]
    shapes = []
    for name, at in (
        ("produced", produced),
        ("committed", row["committed"]),
        ("acked", row["acknowledged"]),
    ):
        words = (
            "–" if at is None else f"{seconds(at)}" if name == "produced" else f"+{at - produced}"
        )
        x = columns[name] + _room(columns, name) - 14
        tone = None if at is not None else "mute"
        shapes.append(text(name, x, base, words, "num", tone, anchor="end"))
    return shapes


def _copies_width(frame: LedgerFrame) -> float:
    """Room for a cell a broker; or, of many brokers, for those that have a copy."""
    if len(frame["brokers"]) <= COPIES_MAX:
        return len(frame["brokers"]) * 16 + 14.0
    there = (sum(c["state"] != "none" for c in row["copies"]) for row in frame["rows"])
    return max([2, *there]) * NUMBERED + 10.0


def _copies(copies: Sequence[CopyFrame], x: float) -> list[Shape]:
    """In the order of the brokers; of many, those there are, each with its broker's number."""
    shapes: list[Shape] = []
    step = 16
    if len(copies) > COPIES_MAX:
        copies, step = [copy for copy in copies if copy["state"] != "none"], NUMBERED
        shapes += [
            text(f"n{c['broker']}", x + i * step + 17, ROW / 2 + 4, str(c["broker"]), "tiny")
            for i, c in enumerate(copies)
        ]
    for i, copy in enumerate(copies):
        fill, stroke, dash = COPIES[copy["state"]]
        children = [rect("face", 0, 0, 14, 14, fill, stroke, radius=3, dash=dash, role="cell")]
        if copy["state"] == "gone":
            children.append(glyph("sign", "cross", 7, 11.5, "onout", 10))
        shapes.append(
            group(f"b{copy['broker']}", children, at=(x + i * step, ROW / 2 - 7),
                  label=f"broker {copy['broker']}: {copy['state']}")
        )  # fmt: skip
    return shapes


def _opened(row: RowFrame, inner: float, y: float, *, is_live: bool) -> tuple[Shape, float]:
    """The record's fate in a sentence, under its row; and the way to its bytes, if it has some."""
    lines = wrap(row["say"], "note", inner - 20, 4)
    shapes = [text(f"l{i}", 10, 14 + 16 * i, each, "note", "ink") for i, each in enumerate(lines)]
    height = 16 * len(lines) + 10
    if is_live and is_there(row):
        partition, _, offset = row["place"].rpartition("@")
        label = f"The bytes of {row['place']}"
        shapes.append(chip("bytes", (10, height - 2), "Its bytes", ("card", "comm", "comm-t"),
                           action=f"lens {partition} {offset}", label=label))  # fmt: skip
        height += 26
    return group(f"say-{row['key']}", shapes, at=(0, y + 2)), height


def is_there(row: RowFrame) -> bool:
    """Whether a log has it: else another record may stand at its place."""
    has_copy = any(copy["state"] in ("committed", "written") for copy in row["copies"])
    return bool(row["place"]) and row["sort"] != "lost" and has_copy


def _more(first: int, shown: int, total: int, view: View, y: float) -> Shape:
    words = f"rows {first + 1} to {first + shown} of {total}"
    shapes: list[Shape] = [text("words", 0, 14.5, words, "note")]
    x = width_of(words, "note") + 14
    if view.is_live:
        for key, sign, label, is_end in (
            ("earlier", "above", "Earlier records", first == 0),
            ("later", "below", "Later records", first + shown >= total),
        ):
            face = rect("face", 0, 0, 22, 20, "card", "line" if is_end else "rule", radius=4,
                        role="face")  # fmt: skip
            icon = glyph("icon", sign, 11, 14.8, "mute" if is_end else "ink", 9)
            shapes.append(group(key, [face, icon], at=(x, 0), action=f"rows {key}", label=label,
                                is_disabled=is_end))  # fmt: skip
            x += 28
    return group("more", shapes, at=(0, y + 8))


def entries() -> list[Entry]:
    """The legend: what the copies look like."""
    words = {
        "committed": "committed",
        "written": "written, not committed",
        "gone": "cut off again",
        "none": "no copy",
    }
    found = []
    for state, (fill, stroke, dash) in COPIES.items():
        children = [rect("face", 0, -7, 14, 14, fill, stroke, radius=3, dash=dash)]
        if state == "gone":
            children.append(glyph("sign", "cross", 7, 4.5, "onout", 10))
        found.append(Entry(group("shape", children), 14, words[state]))
    return found
