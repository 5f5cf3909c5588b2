"""A partition's log: segments in a row, the last records, leader epochs, and who reads where.

    segments   ┌ 00000000 ┬ 00000040 ┬ 00000072  active ┐    by offset; as wide as they are long
               └ 4.1 KB   ┴ 4.0 KB   ┴ 1.2 KB           ┘
    records    ■■■ ┆┆ ■■■■■■■■|□□    40 … 97                 gaps are records compaction removed
               └0────┘└1───────┘                             leader epochs
               ▲ billing committed   ▲ A reads here          pins: the next offset to read

Left out: other replicas' logs (the cluster has them); the rows of the indexes.
Read next: `kafkalab.frames.partition_log`, what there is; `lab.scenes.log_records`, its records.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final, cast

from kafkalab.frames.partition_log import LogFrame, SegmentFrame
from kafkalab.frames.shape import Frame
from lab.scenes.clock import seconds
from lab.scenes.legend import ALWAYS, STABLE, Entry
from lab.scenes.log_records import draw_records
from lab.scenes.metrics import fit, width_of
from lab.scenes.one_partition import absent_of, absent_words, key_of, picker_of
from lab.scenes.picture import Picture, Sight
from lab.scenes.shapes import Shape, glyph, group, path, rect, text
from lab.scenes.view import Block, View

_SEGMENT_MIN: Final = 74
_CONTROL: Final = Entry(
    rect("shape", 0, -8, 16, 16, "soft", "rule", radius=3), 16, "control record"
)
_TOMBSTONE: Final = Entry(rect("shape", 0, -8, 16, 16, "out-s", "out", radius=3), 16, "tombstone")
_REMOVED: Final = Entry(
    rect("shape", 0, -8, 16, 16, "none", "line", radius=3, dash="2 2"), 16, "removed by compaction"
)


def _key(frame: Frame, view: View) -> str:
    return key_of("log", frame, view)


def _say(sight: Sight) -> str:
    log = cast("LogFrame | None", sight.detail)
    if log is None:
        return absent_of(sight)
    name = f"{log['topic']}-{log['partition']}"
    count = len(log["segments"]) + log["more_segments"]
    if log["clean"] and "compact" in log["cleanup"]:
        kept = sum(record["offset"] < log["clean"] for record in log["records"])
        return (
            f"{name} is compacted below offset {log['clean']}: of older values of a key only gaps "
            f"are left; {kept} records are kept in the window."
        )
    if log["log_start"]:
        return (
            f"{name} begins at offset {log['log_start']}: older segments were deleted whole. "
            + (
                "Only the active one is left."
                if count == 1
                else f"{count} segments are left, the last of them the active one."
            )
        )
    held = log["high_watermark"] - log["last_stable"]
    if held > 0:
        return (
            f"{name} has an open transaction: read_committed stops at {log['last_stable']}, "
            f"{held} record{'' if held == 1 else 's'} before the high watermark."
        )
    waiting = log["end"] - log["high_watermark"]
    if waiting:
        return f"{waiting} records of {name} are written and not committed: nobody reads them yet."
    return f"{name} has {log['end']} offsets in {count} segment{'' if count == 1 else 's'}."


def _draw(sight: Sight) -> Block:
    log = cast("LogFrame | None", sight.detail)
    shapes, y, has_buttons = picker_of(sight)
    if log is None:
        words = (
            absent_of(sight) or "No log to show: no topic yet, or nothing was recorded of it then."
        )
        return Block((*shapes, text("none", 0, y + 20, words, "sub")), y + 40)
    shapes.append(group("head", _head(log, sight.width, has_buttons), at=(0, y)))
    y += 58
    shapes.append(group("segments", _segments(log, sight.width), at=(0, y), label="Segments"))
    y += 104
    tape, height = draw_records(log, sight.width)
    shapes.append(group("records", tape, at=(0, y), label="Records"))
    return Block(tuple(shapes), y + height)


def _head(log: LogFrame, width: float, has_buttons: bool) -> Iterator[Shape]:
    name = f"P{log['partition']}"
    yield text("name", 0, 16, name, "h2")
    x = width_of(name, "h2") + 8
    if has_buttons:
        for index, (which, sign) in enumerate((("before", "before"), ("next", "next"))):
            face = rect("face", 0, 0, 20, 20, "card", "rule", radius=4, role="face")
            icon = glyph("sign", sign, 10, 14.8, "ink", 9)
            label = f"The partition {'before' if which == 'before' else 'after'}"
            at = (x + 22 * index, 1)
            yield group(which, [face, icon], at=at, action=f"select {which}", label=label)
        x += 54
    whose = "leader's log" if log["is_leader"] else "no leader; the longest log"
    words = f"{whose}, broker {log['broker']} · cleanup.policy {log['cleanup']} · {_policy(log)}"
    yield text("where", x, 16, fit(words, "note", width - x), "note")
    figures = (
        ("log start", log["log_start"]),
        ("last stable", log["last_stable"]),
        ("high watermark", log["high_watermark"]),
        ("end", log["end"]),
    )
    x = 0.0
    for label, value in figures:
        yield text(f"{label}-name", x, 42, label, "note")
        x += width_of(label, "note") + 6
        yield text(f"{label}-value", x, 42, str(value), "numb")
        x += max(width_of(str(value), "numb"), 40) + 18


def _policy(log: LogFrame) -> str:
    settings = log["settings"]
    parts = [f"segments of {_size(settings['segment.bytes'])}"]
    if "delete" in log["cleanup"]:
        keep = settings["retention.ms"]
        parts.append("kept for ever" if keep < 0 else f"kept {_duration(keep)}")
    return ", ".join(parts)


def _segments(log: LogFrame, width: float) -> Iterator[Shape]:
    """Segments by offset, each at least wide enough for its words; the oldest left out if many."""
    yield text("title", 0, 12, "Segments", "lab")
    room = int(width // (_SEGMENT_MIN + 4))
    shown = log["segments"][-room:]
    left_out = log["more_segments"] + len(log["segments"]) - len(shown)
    if left_out:
        yield text(
            "more",
            width_of("Segments", "lab") + 10,
            12,
            f"{left_out} older one{'' if left_out == 1 else 's'}",
            "note",
        )
    lengths = [max(each["end"] - each["base"], 1) for each in shown]
    spare = width - len(shown) * (_SEGMENT_MIN + 4)
    x = 0.0
    for segment, length in zip(shown, lengths, strict=True):
        wide = _SEGMENT_MIN + spare * length / sum(lengths)
        yield group(f"s{segment['base']}", _segment(segment, wide), at=(x, 22))
        x += wide + 4


def _segment(segment: SegmentFrame, width: float) -> Iterator[Shape]:
    is_active = segment["is_active"]
    tone = "comm" if is_active else "rule"
    yield rect(
        "box", 0, 0, width, 62, "comm-s" if is_active else "soft", tone, radius=4, stroke_width=1.5
    )
    room = width - 12
    yield text("base", 7, 18, fit(str(segment["base"]), "numb", room), "numb")
    if is_active:
        yield text("state", width - 7, 18, "active", "note", "comm-t", anchor="end")
    count = segment["end"] - segment["base"]
    words = f"{count} offset{'' if count == 1 else 's'}, {_size(segment['bytes'])}"
    shorter = _size(segment["bytes"])
    fits = width_of(words, "note") <= room
    yield text("size", 7, 36, words if fits else fit(shorter, "note", room), "note", "ink")
    latest = segment["max_timestamp"]
    if latest >= 0:
        yield text("time", 7, 53, fit(f"to {_moment(latest)}", "note", room), "note")


def _legend(sight: Sight) -> Sequence[Entry]:
    log = cast("LogFrame | None", sight.detail)
    if log is None:
        return ()
    entries = [
        Entry(rect("shape", 0, -8, 16, 16, "comm-s", "comm", radius=3), 16, "committed"),
        Entry(rect("shape", 0, -8, 16, 16, "none", "comm", radius=3), 16, "not yet committed"),
        ALWAYS[-1],
    ]
    if log["last_stable"] < log["high_watermark"]:
        entries.append(STABLE)
    if any(record["is_control"] for record in log["records"]):
        entries.append(_CONTROL)
    if "compact" in log["cleanup"]:
        entries += [_TOMBSTONE, _REMOVED]
    entries += [
        Entry(path("shape", "M8-8 14 4H2Z", "group", "group"), 16, "committed by a group"),
        Entry(
            path("shape", "M8-8 14 4H2Z", "bg", "group", stroke_width=1.5),
            16,
            "a member reads here",
        ),
    ]
    return entries


def _words(sight: Sight) -> str:
    log = cast("LogFrame | None", sight.detail)
    if log is None:
        return absent_words(sight)
    name, now = f"{log['topic']}-{log['partition']}", seconds(sight.frame["now"])
    lines = [
        f"{sight.frame['title']} · {name} · {now} s",
        _say(sight),
        f"broker {log['broker']}: log start {log['log_start']}, last stable {log['last_stable']}, "
        f"high watermark {log['high_watermark']}, end {log['end']}",
        "",
        "segments (base, end, bytes)",
    ]
    for each in log["segments"]:
        active = "  active" if each["is_active"] else ""
        lines.append(f"  {each['base']:>8}  {each['end']:>8}  {each['bytes']:>8}{active}")
    epochs = ", ".join(f"{epoch} from {start}" for epoch, start in log["epochs"]) or "none"
    lines += ["", f"leader epochs: {epochs}"]
    for pin in log["pins"]:
        what = f"{pin['member']} reads at" if pin["member"] else "committed"
        lines.append(f"  {pin['group']} {what} {pin['offset']}")
    return "\n".join(lines)


def _size(count: int) -> str:
    """`912 B`, `4.1 KB`, `1 GB`."""
    amount, unit = float(count), "B"
    for unit in ("B", "KB", "MB", "GB"):
        if amount < 1024 or unit == "GB":
            break
        amount /= 1024
    return (
        f"{amount:.0f} {unit}" if amount >= 10 or amount == int(amount) else f"{amount:.1f} {unit}"
    )


def _duration(ms: int) -> str:
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1000)):
        if ms >= size and ms % size == 0:
            return f"{ms // size} {unit}"
    return f"{ms} ms"


def _moment(ms: int) -> str:
    if ms < 10**11:
        return f"{seconds(ms)} s"
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"


LOG = Picture(name="log", draw=_draw, detail=_key, say=_say, words=_words, legend=_legend)
