"""The partitions of a transaction, a lane each: cells, both offsets, and what each reader gets.

    orders-0       ■ ■ ▣ ■ □ │    LSO 40  HW 43
    uncommitted    ▬ ▬   ▬ ▬      up to 43
    committed      ▬ ▬            up to 40

Invariants: a reader sees what the log says: below the high watermark, or below the last stable
offset and nothing aborted; never a marker.
Read next: `lab.scenes.pictures.transaction`, which shows them; `kafkalab.frames.transaction_depth`.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from kafkalab.frames.transaction_depth import InvolvedFrame, SeenRecordFrame
from lab.scenes.metrics import fit
from lab.scenes.shapes import Shape, glyph, group, line, rect, text

_LANE: Final = 92
_LEFT: Final = 176
_RIGHT: Final = 132
_STEP: Final = 20
_LANES_MAX: Final = {1: 6, 2: 8}  # by columns
_TWO_COLUMNS: Final = 960.0
MARKERS: Final = {"commit": ("tick", "sync-t"), "abort": ("cross", "out-t")}
_CELLS: Final = {
    "plain": ("comm", None),
    "committed": ("comm", None),
    "open": ("unc", "comm"),
    "aborted": ("out-s", "out"),
}


def sees(record: SeenRecordFrame, each: InvolvedFrame, *, is_committed: bool) -> bool:
    """Whether a reader of that isolation level gets the record."""
    if record["outcome"] in ("commit", "abort", "control"):
        return False
    if not is_committed:
        return record["offset"] < each["high_watermark"]
    return record["offset"] < each["last_stable"] and record["outcome"] != "aborted"


def draw_lanes(involved: Sequence[InvolvedFrame], width: float) -> tuple[list[Shape], float]:
    """A lane a partition, in two columns where many share a wide page; of the rest, their sum."""
    columns = 2 if width >= _TWO_COLUMNS and len(involved) > 2 else 1
    wide = (width - (columns - 1) * 8) / columns
    shown = involved[: _LANES_MAX[columns]]
    shapes: list[Shape] = []
    for place, each in enumerate(shown):
        key = f"{each['topic']}-{each['partition']}"
        at = (place % columns * (wide + 8), place // columns * (_LANE + 8))
        shapes.append(group(key, _lane(each, wide), at=at, label=label_of(each)))
    y = -(-len(shown) // columns) * (_LANE + 8)
    if rest := involved[len(shown) :]:
        words = fit(_rest(rest), "note", width)
        shapes.append(text("more", 0, y + 12, words, "note", "ink"))
        y += 22
    if not involved:
        shapes.append(text("none", 0, 14, "No partition is in a transaction of this id.", "sub"))
        y += 24
    return shapes, y


def _rest(involved: Sequence[InvolvedFrame]) -> str:
    """What there is to say of those that have no lane."""
    done = sum(bool(each["marker"]) for each in involved)
    held = sum(each["high_watermark"] - each["last_stable"] for each in involved)
    return (
        f"{count_of(len(involved), 'more partition')}: {done or 'none'} with a marker, "
        f"last stable offsets {held} before the high watermarks in all."
    )


def _lane(each: InvolvedFrame, width: float) -> Iterator[Shape]:
    """Cells with both offsets, and under them what each isolation level gets."""
    yield rect("card", 0, 0, width, _LANE, "card", "line", radius=7)
    name = f"{each['topic']}-{each['partition']}"
    yield text("name", 14, 22, fit(name, "lab", _LEFT - 62), "lab")  # room left for LSO
    sign, tone, words = _marker(each)
    yield glyph("sign", sign, 20, 42.5, tone, 11)
    yield text("marker", 30, 42, fit(words, "note", _LEFT - 40), "note", tone)
    count = max(int((width - _LEFT - _RIGHT) // _STEP), 4)
    known = each["records"]
    first = max(each["end"] - count + 1, known[0]["offset"] if known else 0)
    records = [record for record in known if record["offset"] >= first]

    def at(offset: int) -> float:
        return _LEFT + min(max(offset - first, 0), count) * _STEP

    for record in records:
        is_beyond = record["offset"] >= each["high_watermark"]
        yield from _cell(record, at(record["offset"]), is_beyond=is_beyond)
    for y, key, is_committed in ((62, "read_uncommitted", False), (80, "read_committed", True)):
        yield text(key, _LEFT - 10, y + 3, key, "tiny", anchor="end")
        for record in records:
            if sees(record, each, is_committed=is_committed):
                x = at(record["offset"])
                yield rect(f"{key}{record['offset']}", x, y - 5, 18, 8, "comm", radius=2)
        up_to = each["last_stable"] if is_committed else each["high_watermark"]
        yield text(f"{key}-to", width - 14, y + 3.5, f"up to {up_to}", "num", anchor="end")
    yield from _offsets(each, at(each["last_stable"]) - 1, at(each["high_watermark"]) - 1)


def _cell(record: SeenRecordFrame, x: float, *, is_beyond: bool) -> Iterator[Shape]:
    """`is_beyond` the high watermark: no reader gets it yet, so it is an outline."""
    key, outcome = record["offset"], record["outcome"]
    fill, stroke = _CELLS.get(outcome, ("soft", "rule"))
    if is_beyond and fill == "comm":
        fill, stroke = "none", "comm"
    yield rect(f"c{key}", x, 25, 18, 18, fill, stroke, radius=3, role="cell")
    if outcome == "aborted":
        yield line(f"s{key}", (x + 3, 40), (x + 15, 28), "out", stroke_width=1.6)
    if outcome in ("commit", "abort"):
        sign, tone = MARKERS[outcome]
        yield glyph(f"g{key}", sign, x + 9, 38.5, tone, 10)
    if record["own"]:
        yield rect(f"own{key}", x + 3, 46, 12, 3, "group", radius=1)


def _offsets(each: InvolvedFrame, stable: float, high: float) -> Iterator[Shape]:
    """The last stable offset ends what read_committed sees; the high watermark all."""
    if each["last_stable"] == each["high_watermark"]:
        yield line("hw", (high, 20), (high, _LANE - 4), "ink", stroke_width=2)
        words = f"LSO = HW {each['high_watermark']}"
        yield text("hw-words", high, 16, words, "tiny", "ink", anchor="middle", has_halo=True)
        return
    yield line("lso", (stable, 20), (stable, _LANE - 4), "group", stroke_width=2, dash="4 3")
    yield line("hw", (high, 20), (high, _LANE - 4), "ink", stroke_width=2)
    first, last = f"LSO {each['last_stable']}", f"HW {each['high_watermark']}"
    yield text("lso-words", stable - 2, 16, first, "tiny", "group-t", anchor="end", has_halo=True)
    yield text("hw-words", max(high, stable + 4), 16, last, "tiny", "ink", has_halo=True)


def _marker(each: InvolvedFrame) -> tuple[str, str, str]:
    if each["marker"]:
        sign, tone = MARKERS[each["marker"]]
        return sign, tone, f"{each['marker']} marker at {each['marker_offset']}"
    return "clock", "group-t", "no marker yet"


def label_of(each: InvolvedFrame) -> str:
    return (
        f"{each['topic']}-{each['partition']}: {_marker(each)[2]}, read_uncommitted up to "
        f"{each['high_watermark']}, read_committed up to {each['last_stable']}"
    )


def count_of(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
