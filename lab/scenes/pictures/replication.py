"""One partition's replication in depth: who has what, what the leader knows, why the HW is there.

    lanes      what each replica has, over one offset axis; the watermark through all of them
    why        (broker 1 end 43) (broker 2 fetched 41 ◀ the least) (broker 3 not waited for)
    moves      fetch by fetch: appended, copied, told by the next fetch, committed, learnt

Invariants: the sentence, the chips and the lanes come from the same numbers.
Read next: `kafkalab.frames.replication`, what there is; `lab.scenes.replica_lanes`, the lanes.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple, cast

from kafkalab.frames.replication import MoveFrame, ReplicaDepthFrame, ReplicationFrame
from kafkalab.frames.shape import DOWN, Frame
from lab.scenes.clock import seconds
from lab.scenes.legend import Entry
from lab.scenes.metrics import fit, width_of
from lab.scenes.one_partition import absent_of, absent_words, key_of, picker_of
from lab.scenes.picture import Picture, Sight
from lab.scenes.replica_lanes import ago_words, draw_lanes, holds, standing_of
from lab.scenes.shapes import Shape, glyph, group, line, path, rect, text
from lab.scenes.view import Block, View

_ROW: Final = 24
_ROWS: Final = 10
_COLUMN_MIN: Final = 128
_TIME: Final = 66


def _key(frame: Frame, view: View) -> str:
    return key_of("replication", frame, view)


# what it says


def _say(sight: Sight) -> str:
    frame = cast("ReplicationFrame | None", sight.detail)
    if frame is None:
        return absent_of(sight)
    name, mark, end = _name(frame), frame["high_watermark"], frame["end"]
    if frame["leader"] is None:
        able = frame["isr"] or frame["elr"] or frame["last_known_elr"]
        waits = f"until broker {_or(able)} is back" if able else "until a replica is back"
        return f"{name} has no leader: nothing is written or read {waits}."
    leader = f"broker {frame['leader']}"
    if not frame["leads"]:
        broker = next(each for each in sight.frame["brokers"] if each["id"] == frame["leader"])
        if broker["state"] in DOWN:
            ends = broker.get("session_ends")
            when = f", at {seconds(ends)} s" if ends is not None else ""
            return (
                f"{leader.capitalize()}, which leads {name}, is down: nothing is written or read "
                f"until its session ends{when}, and another is elected."
            )
        return f"{name} is to be led by {leader}, which does not lead it just now."
    if len(frame["isr"]) < frame["min_isr"]:
        return (
            f"{_only(frame['isr'])} in sync, and min.insync.replicas is {frame['min_isr']}: "
            f"acks=all is refused, and the high watermark stays at {mark} while the log ends at "
            f"{end}."
        )
    changed = [id for id in frame["wanted"] if id not in frame["isr"]]
    if frame["pending"] == "expand":
        return (
            f"{_have(changed)} caught up; {leader} has asked the controller to take "
            f"{_them(changed)} into the ISR, and waits for {_them(changed)} already: high "
            f"watermark {mark}."
        )
    if frame["pending"] == "shrink":
        late = [id for id in frame["isr"] if id not in frame["wanted"]]
        return (
            f"{_brokers(late).capitalize()} {'is' if len(late) == 1 else 'are'} behind; {leader} "
            f"has asked to leave {_them(late)} out, and waits for {_them(late)} until the "
            f"controller has answered: high watermark {mark}, end {end}."
        )
    return _say_of_watermark(frame, name)


def _say_of_watermark(frame: ReplicationFrame, name: str) -> str:
    mark, end = frame["high_watermark"], frame["end"]
    held = [each for each in frame["replicas"] if holds(each, frame)]
    out = [each["id"] for each in frame["replicas"] if not each["counts"]]
    aside = f" Nothing waits for {_brokers(out)}, out of the ISR." if out else ""
    down = [each["id"] for each in frame["replicas"] if each["counts"] and not each["is_up"]]
    if mark >= end:
        count = sum(each["counts"] for each in frame["replicas"])
        if down:
            aside = f" Of them {_brokers(down)} {'is' if len(down) == 1 else 'are'} down, and "
            aside += "still counted: the next record waits until the controller acts."
        return f"{name} is committed up to its end, {end}: all {count} in sync have it.{aside}"
    if not held:
        return f"{name} ends at {end}; the high watermark {mark} moves with the next fetch.{aside}"
    ahead = [each for each in held if each["end"] > (each["known_end"] or 0)]
    if len(ahead) == len(held):
        return (
            f"{_have([each['id'] for each in held])} offset {mark} already, but the leader learns "
            f"it only by the next fetch: the high watermark is {mark}, the end {end}."
        )
    waits = [each["id"] for each in held if each not in ahead]
    who = "it has" if len(waits) == 1 else "they have"
    words = f"Offset {mark} waits for {_brokers(waits)}: in sync, and {who} not copied it yet"
    if ahead:
        copied = [each["id"] for each in ahead]
        verb = "has" if len(copied) == 1 else "have"
        return f"{words}; {_brokers(copied)} {verb}, as the leader learns by the next fetch."
    return f"{words}.{aside}"


def _only(ids: Sequence[int]) -> str:
    return f"Only broker {ids[0]} is" if len(ids) == 1 else f"Only brokers {_and(ids)} are"


def _brokers(ids: Sequence[int]) -> str:
    return f"broker {ids[0]}" if len(ids) == 1 else f"brokers {_and(ids)}"


def _have(ids: Sequence[int]) -> str:
    return f"{_brokers(ids).capitalize()} {'has' if len(ids) == 1 else 'have'}"


def _them(ids: Sequence[int]) -> str:
    return "it" if len(ids) == 1 else "them"


def _and(ids: Sequence[int]) -> str:
    words = [str(id) for id in ids]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _or(ids: Sequence[int]) -> str:
    return _and(ids).replace(" and ", " or ")


def _name(frame: ReplicationFrame) -> str:
    return f"{frame['topic']}-{frame['partition']}"


def _set(ids: Sequence[int]) -> str:
    return "{" + ", ".join(map(str, ids)) + "}"


# how it is drawn


def _draw(sight: Sight) -> Block:
    frame = cast("ReplicationFrame | None", sight.detail)
    shapes, y, has_buttons = picker_of(sight)
    if frame is None:
        words = (
            absent_of(sight)
            or "No partition to show: no topic yet, or nothing was recorded of it then."
        )
        return Block((*shapes, text("none", 0, y + 20, words, "sub")), y + 40)
    head = _head(frame, sight.width, has_buttons)
    shapes.append(group("head", head, at=(0, y)))
    y += 46
    states = {broker["id"]: broker["state"] for broker in sight.frame["brokers"]}
    lanes, height = draw_lanes(frame, states, sight.width)
    shapes.append(group("lanes", lanes, at=(0, y), label="Replicas"))
    y += height + 22
    why, height = _why(frame, sight.width)
    shapes.append(group("why", why, at=(0, y), label="Why the high watermark is there"))
    y += height + 20
    moves, height = _moves(frame, sight.width)
    shapes.append(group("moves", moves, at=(0, y), label="Fetch by fetch"))
    return Block(tuple(shapes), y + height)


def _head(frame: ReplicationFrame, width: float, has_buttons: bool) -> Iterator[Shape]:
    name = fit(_name(frame), "h2", width / 3)
    yield text("name", 0, 16, name, "h2")
    x = width_of(name, "h2") + 10
    if has_buttons:
        for index, which in enumerate(("before", "next")):
            face = rect("face", 0, 0, 20, 20, "card", "rule", radius=4, role="face")
            icon = glyph("sign", which, 10, 14.8, "ink", 9)
            label = f"The partition {'before' if which == 'before' else 'after'}"
            at = (x + 22 * index, 1)
            yield group(which, [face, icon], at=at, action=f"select {which}", label=label)
        x += 56
    leader = f"leader {frame['leader']}" if frame["leader"] is not None else "no leader"
    epochs = f"leader epoch {frame['leader_epoch']} · partition epoch {frame['partition_epoch']}"
    words = f"{leader} · {epochs} · lag time max {frame['lag_time_max_ms'] / 1000:g} s"
    yield text("epochs", x, 16, fit(words, "note", width - x), "note")
    figures = [("ISR", _set(frame["isr"])), ("min.insync.replicas", str(frame["min_isr"]))]
    if frame["pending"]:
        figures.insert(1, ("asked for", _set(frame["wanted"])))
    if frame["elr"]:
        figures.append(("ELR", _set(frame["elr"])))
    if frame["last_known_elr"]:
        figures.append(("last known ELR", _set(frame["last_known_elr"])))
    x = 0.0
    is_short = len(frame["isr"]) < frame["min_isr"]
    for label, value in figures:
        tone = "out-t" if is_short and label == "ISR" else None
        yield text(f"{label}-name", x, 40, label, "note")
        x += width_of(label, "note") + 6
        yield text(f"{label}-value", x, 40, value, "numb", tone)
        x += width_of(value, "numb") + 18


def _why(frame: ReplicationFrame, width: float) -> tuple[list[Shape], float]:
    """Everyone who counts, as chips; the least of them framed."""
    title = f"Why the high watermark is {frame['high_watermark']}"
    shapes: list[Shape] = [text("title", 0, 14, title, "h2")]
    rule = _rule(frame)
    x = width_of(title, "h2") + 14
    shapes.append(text("rule", x, 14, fit(rule, "note", width - x), "note"))
    x, y = 0.0, 26.0
    for each in frame["replicas"]:
        words, tones, dash, strong = _term(each, frame)
        wide = width_of(words, "note") + 18
        if x and x + wide > width:
            x, y = 0.0, y + 32
        drawn = [
            rect("face", 0, 0, wide, 26, tones[0], tones[1], radius=6, dash=dash,
                 stroke_width=2 if strong else 1),
            text("words", wide / 2, 17.5, words, "note", tones[2], anchor="middle"),
        ]  # fmt: skip
        shapes.append(group(f"t{each['id']}", drawn, at=(x, y)))
        x += wide + 10
    return shapes, y + 26


def _rule(frame: ReplicationFrame) -> str:
    if not frame["leads"]:
        return "nobody leads: it stays as it was"
    if len(frame["isr"]) < frame["min_isr"]:
        return "fewer in sync than min.insync.replicas: it does not move (KIP-966)"
    if frame["pending"] == "shrink":
        return "the least of the ISR, as it was until the controller agrees"
    if frame["pending"] == "expand":
        return "the least of the ISR with the one that is to join"
    return "the least of those in sync"


class _Term(NamedTuple):
    words: str
    tones: tuple[str, str, str]
    dash: str | None
    strong: bool


def _term(each: ReplicaDepthFrame, frame: ReplicationFrame) -> _Term:
    name = f"broker {each['id']}"
    if not each["counts"]:
        return _Term(f"{name}: not waited for", ("none", "rule", "mute"), "4 3", False)
    if each["is_leader"]:
        return _Term(f"{name}: end {each['end']}", ("card", "line", "ink"), None, False)
    known = "nothing yet" if each["known_end"] is None else f"fetched up to {each['known_end']}"
    if holds(each, frame):
        return _Term(f"{name}: {known}", ("out-s", "out", "out-t"), None, True)
    return _Term(f"{name}: {known}", ("sync-s", "sync", "sync-t"), None, False)


def _moves(frame: ReplicationFrame, width: float) -> tuple[list[Shape], float]:
    """A column a replica, and one for the controller; or all in one where there is no room."""
    x = width_of("Fetch by fetch", "h2") + 14
    note = "newest first · asking for the next offset, a follower tells its leader what it has"
    shapes: list[Shape] = [
        text("title", 0, 14, "Fetch by fetch", "h2"),
        text("note", x, 14, fit(note, "note", width - x), "note"),
    ]
    ids: list[int | None] = [each["id"] for each in frame["replicas"]]
    ids.append(None)
    step = (width - _TIME) / len(ids)
    is_wide = step >= _COLUMN_MIN
    y = 40.0
    if is_wide:
        shapes.append(text("h-time", 50, y, "s", "cap", anchor="end"))
        for index, id in enumerate(ids):
            name = "controller" if id is None else f"broker {id}"
            shapes.append(text(f"h-{id}", _TIME + index * step, y, name, "cap"))
    y += 10
    shown = frame["moves"][:_ROWS]
    for move in shown:
        at = ids.index(move["broker"]) if move["broker"] in ids else len(ids) - 1
        x = _TIME + (at * step if is_wide else 0)
        drawn = list(_move(move, frame, x, step if is_wide else width - _TIME, not is_wide))
        drawn.insert(0, line("rule", (0, 0), (width, 0), "line"))
        shapes.append(group(f"m{move['id']}", drawn, at=(0, y)))
        y += _ROW
    if not shown:
        shapes.append(text("none", _TIME, y + 16, "nothing yet", "sub"))
        y += _ROW
    return shapes, y


def _move(
    move: MoveFrame, frame: ReplicationFrame, x: float, room: float, is_named: bool
) -> Iterator[Shape]:
    sign, tone, words = move_words(move, frame)
    if is_named:
        words = f"{_who(move)}: {words}"
    yield text("at", 50, 16, seconds(move["at"]), "num", "mute", anchor="end")
    yield glyph("sign", sign, x + 6, 16.5, tone, 10)
    yield text("words", x + 17, 16, fit(words, "note", room - 22), "note", "ink")


def _who(move: MoveFrame) -> str:
    return "controller" if move["broker"] is None else f"broker {move['broker']}"


def move_words(move: MoveFrame, frame: ReplicationFrame) -> tuple[str, str, str]:
    """A sign, its tone, and short words."""
    first, last = move["first"], move["last"]
    span = f" {first}" if first == last else f"s {first}–{last}"
    match move["kind"]:
        case "Appended":
            return "up", "comm-t", f"appends offset{span}"
        case "Replicated":
            return "dot", "sync-t", f"copies offset{span}"
        case "HighWatermarkAdvanced" if move["by"] is not None:
            return "tick", "ink", f"HW {last}, by broker {move['by']}"
        case "HighWatermarkAdvanced":
            learns = "HW" if move["broker"] == frame["leader"] else "learns HW"
            return "tick", "mute", f"{learns} {last}"
        case "IsrShrinkAsked" | "IsrExpandAsked":
            return "clock", "group-t", f"asks for ISR {move['words']}"
        case "IsrChanged":
            return "swap", "group-t", f"ISR {move['words']}"
        case "LeaderElected":
            who = f"leader {last}" if last >= 0 else "no leader"
            return "star", "lead-t", f"{who}, epoch {move['words']}"
        case "LeaderStarted":
            return "star", "lead-t", f"leads, epoch {move['words']}"
        case "FollowerStarted":
            return "down", "mute", f"follows, epoch {move['words']}"
        case "Truncated":
            return "cross", "out-t", f"cuts {last} from {first}"
        case _:
            return "cross", "out-t", f"refuses: {move['words']}"


def _legend(sight: Sight) -> Sequence[Entry]:
    if sight.detail is None:
        return ()

    def cell(fill: str, stroke: str | None, dash: str | None = None) -> Shape:
        return rect("shape", 0, -8, 16, 16, fill, stroke, radius=3, dash=dash)

    return (
        Entry(cell("comm", None), 16, "has it, knows it is committed"),
        Entry(cell("unc", "comm"), 16, "has it"),
        Entry(cell("none", "rule", "2 2"), 16, "has it not"),
        Entry(cell("none", "comm"), 16, "on an offline disk"),
        Entry(path("shape", "M7-5 13 5H1Z", "sync-t"), 14, "as far as the leader knows"),
        Entry(
            path("shape", "M7-5 13 5H1Z", "bg", "out-t", stroke_width=1.8),
            14,
            "holds the watermark back",
        ),
    )


def _words(sight: Sight) -> str:
    frame = cast("ReplicationFrame | None", sight.detail)
    if frame is None:
        return absent_words(sight)
    lines = [
        f"{sight.frame['title']} · {_name(frame)} · {seconds(sight.frame['now'])} s",
        _say(sight),
        f"ISR {_set(frame['isr'])}, asked for {_set(frame['wanted'])}, ELR {_set(frame['elr'])}, "
        f"min.insync.replicas {frame['min_isr']}, leader epoch {frame['leader_epoch']}",
        "",
    ]
    states = {broker["id"]: broker["state"] for broker in sight.frame["brokers"]}
    for each in frame["replicas"]:
        known = "-" if each["known_end"] is None else str(each["known_end"])
        is_unknown = each["is_leader"] or not frame["leads"]
        ago = "" if is_unknown else f", caught up {ago_words(each['caught_up_ms'])}"
        lines.append(
            f"  broker {each['id']}: {standing_of(each, frame, states).words}, end {each['end']}, "
            f"own high watermark {each['high_watermark']}, the leader knows {known}{ago}"
        )
    lines += ["", f"why the high watermark is {frame['high_watermark']}: {_rule(frame)}"]
    for each in frame["replicas"]:
        lines.append(f"  {_term(each, frame).words}")
    lines += ["", "fetch by fetch, newest first"]
    for move in frame["moves"][:_ROWS]:
        lines.append(f"  {seconds(move['at']):>8}  {_who(move)}: {move_words(move, frame)[2]}")
    return "\n".join(lines)


REPLICATION = Picture(
    name="replication",
    draw=_draw,
    detail=_key,
    say=_say,
    words=_words,
    legend=_legend,
)
