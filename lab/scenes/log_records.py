"""The last records of a partition's log, with the epochs that wrote them, and who reads where.

    epoch 0 ────┐ epoch 1 ─────┐
    ■■■ ┆┆ ■■■■■■■■■■■■■■■■■|□□      40 … 97; gaps are records that compaction removed
    ▲ billing  committed 40   △ A  reads at 52

Invariants: a record keeps its place as long as the window does; a pin outside the window waits at
its edge and points out.
Read next: `pictures.partition_log`, whose lower part this is.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from kafkalab.frames.partition_log import LogFrame, LogRecordFrame, PinFrame
from lab.scenes.metrics import width_of
from lab.scenes.shapes import Shape, group, line, path, rect, text

_CELL: Final = 52
_STEP: Final = 56


def draw_records(log: LogFrame, width: float) -> tuple[list[Shape], float]:
    """The last records, as many as fit, with epochs above and pins below."""
    count = max(int(width // _STEP), 1)
    first = max(log["end"] - count, log["log_start"], 0)
    shapes: list[Shape] = [text("title", 0, 12, "Records", "lab")]
    words = "none yet"
    if log["end"] > first:
        words = f"offsets {first} to {log['end'] - 1}, each with its key"
    shapes.append(text("range", width_of("Records", "lab") + 10, 12, words, "note"))
    epochs = list(_epochs(log, first, count))
    shapes.append(group("epochs", epochs, at=(0, 46)))
    by_offset = {record["offset"]: record for record in log["records"]}
    cells = [
        _cell(by_offset.get(offset), offset, log, (offset - first) * _STEP)
        for offset in range(first, log["end"])
    ]
    shapes.append(group("cells", cells, at=(0, 54), arrows="line"))
    shapes += _offsets(log, first, count, width)
    pins, height = _pins(log["pins"], first, count, log["end"], width)
    shapes.append(group("pins", pins, at=(0, 134), label="Readers"))
    return shapes, 134 + height


def _offsets(log: LogFrame, first: int, count: int, width: float) -> Iterator[Shape]:
    """Lines where readers stop: all at the high watermark, read_committed at the last stable."""
    stable, high = log["last_stable"], log["high_watermark"]
    if stable < high and 0 <= stable - first <= count:
        x = (stable - first) * _STEP - 2
        words = f"LSO {stable}"
        left = x - 4 - width_of(words, "tiny")
        yield line("lso", (0, 32), (0, 92), "group", at=(x, 0), stroke_width=2, dash="4 3")
        at = x + 4 if left < 0 else left
        yield text("lso-words", at, 29, words, "tiny", "group-t", has_halo=True)
    if 0 <= high - first <= count:
        x = (high - first) * _STEP - 2
        yield line("hw", (0, 50), (0, 92), "ink", at=(x, 0), stroke_width=2)
        if stable < high:
            words = f"HW {high}"
            fits = x + width_of(words, "tiny") < width
            at = x if fits else width - width_of(words, "tiny")
            yield text("hw-words", at, 29, words, "tiny", "ink", has_halo=True)


def _epochs(log: LogFrame, first: int, count: int) -> Iterator[Shape]:
    """Which leader epoch wrote what."""
    rows = log["epochs"]
    for index, (epoch, start) in enumerate(rows):
        end = rows[index + 1][1] if index + 1 < len(rows) else log["end"]
        left, right = max(start, first), min(end, first + count)
        if left >= right:
            continue
        x, end_x = (left - first) * _STEP, (right - first) * _STEP - 5
        yield line(f"e{epoch}", (x, 2), (end_x, 2), "lead", stroke_width=3)
        words = f"epoch {epoch}"
        if width_of(words, "tiny") > end_x - x:
            words = str(epoch)
        yield text(f"w{epoch}", x, -3, words, "tiny", "lead-t")


def _cell(record: LogRecordFrame | None, offset: int, log: LogFrame, x: float) -> Shape:
    """A record with its offset and key; a gap where compaction removed it."""
    number = str(offset % 10_000 if offset > 99_999 else offset)
    if record is None:
        children = [
            rect("box", 0, 0, _CELL, 34, "none", "line", radius=3, dash="2 2"),
            text("offset", _CELL / 2, 51, number, "tiny", anchor="middle"),
        ]
        return group(f"c{offset}", children, at=(x, 0), label=f"Offset {offset}: removed")
    is_committed = offset < log["high_watermark"]
    is_tombstone = record["value"] is None and not record["is_control"]
    if record["is_control"]:
        fill, stroke, tone = "soft", "rule", "mute"
    elif is_tombstone:
        fill, stroke, tone = "out-s", "out", "out-t"
    else:
        fill, stroke, tone = (
            ("comm-s", "comm", "comm-t") if is_committed else ("none", "comm", "comm-t")
        )
    key = "no key" if record["key"] is None else record["key"]
    key = str(record["value"]) if record["is_control"] else key
    children = [
        rect("box", 0, 0, _CELL, 34, fill, stroke, radius=3, role="cell"),
        text("key", _CELL / 2, 21.5, _tail(key), "tiny", tone, anchor="middle"),
        text("offset", _CELL / 2, 51, number, "tiny", anchor="middle"),
    ]
    value = "a tombstone" if is_tombstone else record["value"]
    state = "committed" if is_committed else "not yet committed"
    what = f"{key} marker" if record["is_control"] else f"key {key}, {value}"
    label = f"Offset {offset}, {what}, {state}"
    return group(
        f"c{offset}",
        children,
        at=(x, 0),
        label=label,
        action=f"lens {log['topic']}-{log['partition']} {offset}",
        is_tab_stop=False,
    )


def _tail(words: str) -> str:
    """The end of a key says more than its beginning: user-17, user-18."""
    if width_of(words, "tiny") <= _CELL - 4:
        return words
    kept = words[1:]
    while kept and width_of(f"…{kept}", "tiny") > _CELL - 4:
        kept = kept[1:]
    return f"…{kept}"


def _pins(
    pins: Sequence[PinFrame], first: int, count: int, end: int, width: float
) -> tuple[list[Shape], float]:
    """One line a pin: what a group has committed is solid, where a member reads is open."""
    shapes: list[Shape] = []
    for index, pin in enumerate(pins[:8]):
        y = index * 24.0
        place = min(max(pin["offset"] - first, 0), count)
        x = min(max(place * _STEP, 7), width - 12)
        is_committed = not pin["member"]
        sign = (
            path("pin", _shape(pin["offset"] < first), "group", "group")
            if is_committed
            else path("pin", _shape(pin["offset"] < first), "bg", "group", stroke_width=1.5)
        )
        lag = end - pin["offset"]
        who = pin["group"] if is_committed else pin["member"]
        what = (
            f"committed {pin['offset']}, lag {lag}" if is_committed else f"reads at {pin['offset']}"
        )
        words = f"{who}  {what}"
        wide = width_of(words, "note")
        on_left = x + 12 + wide > width
        place_x = x - 10 - wide if on_left else x + 10
        shapes.append(
            group(
                f"p-{pin['group']}-{pin['member']}",
                [
                    group("sign", [sign], at=(x, y + 12)),
                    text("words", max(place_x, 0), y + 8, words, "note", "group-t"),
                ],
            )
        )
    if len(pins) > 8:
        shapes.append(text("more", 0, 8 * 24.0 + 8, f"and {len(pins) - 8} more readers", "note"))
    if not pins:
        shapes.append(text("none", 0, 8, "No group reads this partition.", "note"))
    return shapes, max(min(len(pins), 9), 1) * 24.0


def _shape(is_before: bool) -> str:
    """Up at its record; to the left if that lies before the window."""
    return "M-6-10 4-16V-4Z" if is_before else "M0-16 6-4H-6Z"
