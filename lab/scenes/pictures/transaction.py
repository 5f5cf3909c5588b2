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
from kafkalab.frames.transaction_depth import TransactionDepthFrame, TransactionMoveFrame
from lab.scenes.clock import seconds
from lab.scenes.legend import Entry
from lab.scenes.metrics import fit, width_of
from lab.scenes.picture import Picture, Sight
from lab.scenes.shapes import Shape, chip, chip_width, glyph, group, line, rect, text
from lab.scenes.state_machine import Machine, draw_machine
from lab.scenes.transaction_lanes import MARKERS, count_of, draw_lanes, label_of
from lab.scenes.view import GAP, Block, View

_COLUMNS: Final = (
    ("Empty",),
    ("Ongoing",),
    ("PrepareCommit", "PrepareAbort"),
    ("CompleteCommit", "CompleteAbort"),
)
_MOVES_MAX: Final = 8


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


def _say(sight: Sight) -> str:
    depth = cast("TransactionDepthFrame | None", sight.detail)
    if depth is None:
        return ""
    now, involved = depth["now"], depth["involved"]
    name, count = now["id"], count_of(len(involved), "partition")
    done = sum(bool(each["marker"]) for each in involved)
    match now["state"]:
        case "Ongoing":
            held = sum(each["high_watermark"] - each["last_stable"] for each in involved)
            if not held and not now["is_committed"]:
                return (
                    f"{name} begins: its coordinator has not written that to enough disks yet, so "
                    "no partition has a record of it."
                )
            if not held:
                return (
                    f"{name} is open, but no record of it is below a high watermark yet: it keeps "
                    "no reader waiting."
                )
            return (
                f"{name} is open in {count}: read_committed stops at the last stable offsets, "
                f"{count_of(held, 'offset')} before the high watermarks; read_uncommitted reads on."
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
                f"{_unsaved(now)}"
            )
        case "CompleteAbort":
            return (
                f"{name} is aborted: its records stay in the log of {count}; read_committed skips "
                f"them, read_uncommitted may have read them.{_unsaved(now)}"
            )
    return f"{name} has no transaction open."


def _unsaved(now: TransactionFrame) -> str:
    if now["is_committed"]:
        return ""
    return " Its coordinator has not written that to enough disks yet: the next one waits for it."


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
    lanes, height = draw_lanes(depth["involved"], sight.width)
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
    if move is not None and move[1] != now["state"]:  # on its way there: told once it is saved
        move = (move[1], now["state"])
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
            sign, tone = MARKERS[how]
            return sign, tone, f"{how} marker written to {partition}, at offset {offset}"
    return "cross", "out-t", f"an older producer is fenced off: {move['words']}"


def _legend(sight: Sight) -> Sequence[Entry]:
    if sight.detail is None:
        return ()
    depth = cast("TransactionDepthFrame", sight.detail)
    beyond = any(each["high_watermark"] < each["end"] for each in depth["involved"])

    def cell(fill: str, stroke: str | None) -> Shape:
        return rect("shape", 0, -8, 16, 16, fill, stroke, radius=3)

    return (
        Entry(cell("comm", None), 16, "committed, or in no transaction"),
        Entry(cell("unc", "comm"), 16, "open"),
        *([Entry(cell("none", "comm"), 16, "not yet committed: for no reader")] if beyond else []),
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
            for how, (sign, tone) in MARKERS.items()
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
        *(f"  {label_of(each)}" for each in depth["involved"]),
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
