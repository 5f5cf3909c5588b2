"""A transaction: its state, who is told of its end, and what each isolation level sees meanwhile.

    state       (Empty) → (Ongoing) → (PrepareCommit) → (CompleteCommit)
                                   ↘ (PrepareAbort)  → (CompleteAbort)
    who         producer │ coordinator │ markers: 1 of 3 written
    partitions  orders-0   ■■■□□▣        LSO 40  HW 43
                uncommitted ▬▬▬▬▬        up to 43
                committed   ▬▬▬          up to 40
    moves       newest first

Invariants: a reader sees what the log says: below the high watermark, or below the last stable
offset and nothing aborted; never a marker.
Read next: `kafkalab.frames.transaction_depth`, what there is.
"""

from collections.abc import Iterator, Sequence
from typing import Final, cast

from kafkalab.frames.shape import Frame, TransactionFrame
from kafkalab.frames.transaction_depth import (
    InvolvedFrame,
    SeenRecordFrame,
    TransactionDepthFrame,
    TransactionMoveFrame,
)
from lab.scenes.clock import seconds
from lab.scenes.legend import Entry
from lab.scenes.metrics import fit, width_of
from lab.scenes.picture import Picture, Sight
from lab.scenes.shapes import Shape, chip, chip_width, glyph, group, line, rect, text
from lab.scenes.state_machine import Machine, draw_machine
from lab.scenes.view import GAP, Block, View

_COLUMNS: Final = (
    ("Empty",),
    ("Ongoing",),
    ("PrepareCommit", "PrepareAbort"),
    ("CompleteCommit", "CompleteAbort"),
)
_LANE: Final = 92
_LEFT: Final = 176
_RIGHT: Final = 132
_STEP: Final = 20
_LANES_MAX: Final = {1: 6, 2: 8}  # by columns
_TWO_COLUMNS: Final = 960.0
_MOVES_MAX: Final = 8
_MARKERS: Final = {"commit": ("tick", "sync-t"), "abort": ("cross", "out-t")}
_CELLS: Final = {
    "plain": ("comm", None),
    "committed": ("comm", None),
    "open": ("unc", "comm"),
    "aborted": ("out-s", "out"),
}


def chosen_transaction(frame: Frame, view: View) -> TransactionFrame | None:
    """The one chosen, else one that is open, else the first."""
    known = frame.get("transactions", [])
    words = view.choice.split(maxsplit=1)
    wanted = words[1] if len(words) == 2 and words[0] == "transaction" else ""
    named = next((each for each in known if each["id"] == wanted), None)
    is_open = next((each for each in known if each["state"] in _BUSY), None)
    return named or is_open or (known[0] if known else None)


_BUSY: Final = ("Ongoing", "PrepareCommit", "PrepareAbort")


def _key(frame: Frame, view: View) -> str:
    chosen = chosen_transaction(frame, view)
    return f"transaction {chosen['id']}" if chosen is not None else ""


def sees(record: SeenRecordFrame, each: InvolvedFrame, *, is_committed: bool) -> bool:
    """Whether a reader of that isolation level gets the record."""
    if record["outcome"] in ("commit", "abort", "control"):
        return False
    if not is_committed:
        return record["offset"] < each["high_watermark"]
    return record["offset"] < each["last_stable"] and record["outcome"] != "aborted"


def _say(sight: Sight) -> str:
    depth = cast("TransactionDepthFrame | None", sight.detail)
    if depth is None:
        return ""
    now, involved = depth["now"], depth["involved"]
    name, count = now["id"], _count(len(involved), "partition")
    done = sum(bool(each["marker"]) for each in involved)
    match now["state"]:
        case "Ongoing":
            held = sum(each["high_watermark"] - each["last_stable"] for each in involved)
            return (
                f"{name} is open in {count}: read_committed stops at the last stable offsets, "
                f"{_count(held, 'offset')} before the high watermarks; read_uncommitted reads on."
            )
        case "PrepareCommit" | "PrepareAbort":
            how = "commit" if now["state"] == "PrepareCommit" else "abort"
            return (
                f"{name} is decided, {how}, and nothing can turn it: {done} of {count} have their "
                "marker, and each lets its readers on alone."
            )
        case "CompleteCommit":
            return (
                f"{name} is committed: {done} of {count} have its marker, and all readers see it."
            )
        case "CompleteAbort":
            return (
                f"{name} is aborted: its records stay in the log of {count}; read_committed skips "
                "them, read_uncommitted may have read them."
            )
    return f"{name} has no transaction open."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _draw(sight: Sight) -> Block:
    depth = cast("TransactionDepthFrame | None", sight.detail)
    if depth is None:
        words = "No transaction to show: no producer has a transactional id, or none was recorded."
        return Block((text("none", 0, 20, fit(words, "sub", sight.width), "sub"),), 40)
    shapes: list[Shape] = []
    y = 0.0
    ids = [each["id"] for each in sight.frame.get("transactions", [])]
    if sight.controls is not None and len(ids) > 1:
        picker = _picker(ids, depth["now"]["id"], sight.width)
        shapes.append(group("picker", picker, label="Transactional ids"))
        y += 32
    head, height = _head(depth, sight.width)
    shapes.append(group("head", head, at=(0, y)))
    y += height + 14
    shapes.append(group("who", _who(depth, sight.width), at=(0, y), label="Who takes part"))
    y += 70 + 16
    lanes, height = _lanes(depth["involved"], sight.width)
    shapes.append(group("partitions", lanes, at=(0, y), label="Partitions"))
    y += height + 8
    moves, height = _moves(depth, sight.width)
    shapes.append(group("moves", moves, at=(0, y), label="Moves"))
    return Block(tuple(shapes), y + height)


def _picker(ids: Sequence[str], chosen: str, width: float) -> list[Shape]:
    shapes: list[Shape] = []
    x = 0.0
    for index, id in enumerate(ids):
        words, left = fit(id, "lab", 180), len(ids) - index
        if x + chip_width(words) + 70 > width and left > 1:
            shapes.append(text("more", x, 14.5, f"+ {left} more", "note"))
            break
        tones = ("ink", "ink", "bg") if id == chosen else ("none", "rule", "ink")
        shapes.append(
            chip(f"t-{id}", (x, 0), words, tones, action=f"choose transaction {id}",
                 label=f"Transactional id {id}", is_pressed=id == chosen)
        )  # fmt: skip
        x += chip_width(words) + 6
    return shapes


def _head(depth: TransactionDepthFrame, width: float) -> tuple[list[Shape], float]:
    now = depth["now"]
    name = fit(f"Transaction {now['id']}", "h2", width * 0.5)
    x = width_of(name, "h2") + 14
    since = f" · begun {seconds(now['since'])} s" if now["since"] is not None else ""
    words = f"producer id {now['producer_id']}, epoch {now['producer_epoch']} · timeout "
    words += f"{now['timeout_ms'] / 1000:g} s{since if now['state'] in _BUSY else ''}"
    shapes = [
        text("name", 0, 16, name, "h2"),
        text("settings", x, 16, fit(words, "sub", width - x), "sub"),
    ]
    last = depth["last"]
    tone = {"Ongoing": "group", "PrepareCommit": "group", "PrepareAbort": "out"}.get(
        now["state"], "out" if now["state"] == "CompleteAbort" else "sync"
    )
    moves = [(a, b) for a, b in depth["machine"]]
    move = (last[0], last[1]) if last else None
    drawn, _, height = draw_machine(Machine(_COLUMNS, moves, now["state"], move, tone), width - 30)
    shapes.append(group("machine", drawn, at=(0, 32), label=f"State {now['state']}"))
    return shapes, 32 + height


def _who(depth: TransactionDepthFrame, width: float) -> Iterator[Shape]:
    """Producer, coordinator, markers: three cards."""
    now, involved = depth["now"], depth["involved"]
    done = sum(bool(each["marker"]) for each in involved)
    is_saved = "its state is on enough disks" if now["is_committed"] else "not yet on enough disks"
    if now["state"].startswith("Prepare"):
        is_saved = "tells the partitions how it ended"
    marks = f"{done} of {len(involved)} written"
    sub = "each ends it in its partition"
    if now["state"] == "Ongoing":
        marks, sub = "none: undecided", "one a partition will end it"
    cards = (
        ("producer", "Producer", depth["producer"] or "not in this world", depth["doing"]),
        ("coordinator", "Coordinator", f"broker {now['coordinator']}, "
         f"__transaction_state-{now['coordinator_partition']}", is_saved),
        ("markers", "Markers", marks, sub),
    )  # fmt: skip
    wide = (width - 2 * GAP) / 3
    for index, (key, name, first, second) in enumerate(cards):
        shapes = [
            rect("card", 0, 0, wide, 70, "card", "line", radius=10),
            text("name", 14, 22, name, "lab"),
            text("first", 14, 41, fit(first, "note", wide - 24), "note", "ink"),
            text("second", 14, 59, fit(second, "note", wide - 24), "note"),
        ]
        yield group(key, shapes, at=(index * (wide + GAP), 0))


def _lanes(involved: Sequence[InvolvedFrame], width: float) -> tuple[list[Shape], float]:
    """A lane a partition, in two columns where many share a wide page; of the rest, their sum."""
    columns = 2 if width >= _TWO_COLUMNS and len(involved) > 2 else 1
    wide = (width - (columns - 1) * 8) / columns
    shown = involved[: _LANES_MAX[columns]]
    shapes: list[Shape] = []
    for place, each in enumerate(shown):
        key = f"{each['topic']}-{each['partition']}"
        at = (place % columns * (wide + 8), place // columns * (_LANE + 8))
        shapes.append(group(key, _lane(each, wide), at=at, label=_label(each)))
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
        f"{_count(len(involved), 'more partition')}: {done or 'none'} with a marker, "
        f"last stable offsets {held} before the high watermarks in all."
    )


def _lane(each: InvolvedFrame, width: float) -> Iterator[Shape]:
    """Cells with both offsets, and under them what each isolation level gets."""
    yield rect("card", 0, 0, width, _LANE, "card", "line", radius=7)
    name = fit(f"{each['topic']}-{each['partition']}", "lab", _LEFT - 24)
    yield text("name", 14, 22, name, "lab")
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
        yield from _cell(record, at(record["offset"]))
    for y, key, is_committed in ((62, "read_uncommitted", False), (80, "read_committed", True)):
        yield text(key, _LEFT - 10, y + 3, key, "tiny", anchor="end")
        for record in records:
            if sees(record, each, is_committed=is_committed):
                x = at(record["offset"])
                yield rect(f"{key}{record['offset']}", x, y - 5, 18, 8, "comm", radius=2)
        up_to = each["last_stable"] if is_committed else each["high_watermark"]
        yield text(f"{key}-to", width - 14, y + 3.5, f"up to {up_to}", "num", anchor="end")
    yield from _offsets(each, at(each["last_stable"]) - 1, at(each["high_watermark"]) - 1)


def _cell(record: SeenRecordFrame, x: float) -> Iterator[Shape]:
    key, outcome = record["offset"], record["outcome"]
    fill, stroke = _CELLS.get(outcome, ("soft", "rule"))
    yield rect(f"c{key}", x, 25, 18, 18, fill, stroke, radius=3, role="cell")
    if outcome == "aborted":
        yield line(f"s{key}", (x + 3, 40), (x + 15, 28), "out", stroke_width=1.6)
    if outcome in ("commit", "abort"):
        sign, tone = _MARKERS[outcome]
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
        sign, tone = _MARKERS[each["marker"]]
        return sign, tone, f"{each['marker']} marker at {each['marker_offset']}"
    return "clock", "group-t", "no marker yet"


def _label(each: InvolvedFrame) -> str:
    return (
        f"{each['topic']}-{each['partition']}: {_marker(each)[2]}, read_uncommitted up to "
        f"{each['high_watermark']}, read_committed up to {each['last_stable']}"
    )


def _moves(depth: TransactionDepthFrame, width: float) -> tuple[list[Shape], float]:
    shapes: list[Shape] = [text("title", 0, 14, "Moves", "h2"),
                           text("note", 66, 14, "newest first", "note")]  # fmt: skip
    y = 24.0
    for move in depth["moves"][:_MOVES_MAX]:
        sign, tone, words = _told(move)
        drawn = [
            line("rule", (0, 0), (width, 0), "line"),
            text("at", 56, 16, seconds(move["at"]), "num", "mute", anchor="end"),
            glyph("sign", sign, 76, 16.5, tone, 10),
            text("node", 90, 16, fit(move["node"].replace("-", " ", 1), "note", 84), "note"),
            text("words", 180, 16, fit(words, "note", width - 184), "note", "ink"),
        ]
        shapes.append(group(f"m{move['id']}", drawn, at=(0, y)))
        y += 24
    return shapes, y


def _told(move: TransactionMoveFrame) -> tuple[str, str, str]:
    """Sign, tone and words of a move."""
    match move["what"]:
        case "state":
            return "swap", "group-t", f"state {move['words']}"
        case "marker":
            partition, how, offset = move["words"].split(" ")
            sign, tone = _MARKERS[how]
            return sign, tone, f"{how} marker written to {partition}, at offset {offset}"
    return "cross", "out-t", f"an older producer is fenced off: {move['words']}"


def _legend(sight: Sight) -> Sequence[Entry]:
    if sight.detail is None:
        return ()

    def cell(fill: str, stroke: str | None) -> Shape:
        return rect("shape", 0, -8, 16, 16, fill, stroke, radius=3)

    return (
        Entry(cell("comm", None), 16, "committed, or in no transaction"),
        Entry(cell("unc", "comm"), 16, "open"),
        Entry(
            group(
                "shape",
                [cell("out-s", "out"), line("strike", (3, 5), (13, -5), "out", stroke_width=1.6)],
            ),
            16,
            "aborted",
        ),
        *(
            Entry(
                group("shape", [cell("soft", "rule"), glyph("sign", sign, 8, 5, tone, 10)]),
                16,
                f"{how} marker",
            )
            for how, (sign, tone) in _MARKERS.items()
        ),
        Entry(rect("shape", 0, 2, 12, 3, "group", radius=1), 12, "of this producer"),
        Entry(rect("shape", 0, -4, 18, 8, "comm", radius=2), 18, "seen by that reader"),
    )


def _words(sight: Sight) -> str:
    depth = cast("TransactionDepthFrame | None", sight.detail)
    if depth is None:
        return ""
    now = depth["now"]
    lines = [
        f"{sight.frame['title']} · transaction {now['id']} · {seconds(sight.frame['now'])} s",
        _say(sight),
        f"{now['state']}, producer id {now['producer_id']}, epoch {now['producer_epoch']}, "
        f"coordinator broker {now['coordinator']}, producer {depth['producer']} {depth['doing']}",
        "",
        *(f"  {_label(each)}" for each in depth["involved"]),
        "",
        *(f"  {seconds(m['at']):>8}  {m['node']}: {_told(m)[2]}" for m in depth["moves"]),
    ]
    return "\n".join(lines)


TRANSACTION = Picture(
    name="transaction",
    draw=_draw,
    detail=_key,
    say=_say,
    words=_words,
    legend=_legend,
)
