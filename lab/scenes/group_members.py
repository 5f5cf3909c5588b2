"""The members of a group as cards: what each has, gives up and is to get, and how far it is.

    ┌▌consumer-3        generation 8 ┐
    │▌[P4] ┆P5┆ − given up           │
    └▌✓ re-joined at 3.400 s         ┘

A chip is solid where the member reads the partition, dashed where it has let go or is to get it;
chips do not fly.  Many members: those that something happens to, and the rest counted.

Read next: `group_table`, below it on screen.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from kafkalab.frames.group_history import GroupHistoryFrame
from kafkalab.frames.shape import GroupFrame, MemberFrame
from lab.scenes.clock import seconds
from lab.scenes.metrics import first_fitting, fit, width_of
from lab.scenes.shapes import Shape, chip, chip_width, glyph, group, path, rect, text
from lab.scenes.view import GAP

_HEIGHT: Final = 92
_WIDTH_MIN: Final = 190
_LINES_MAX: Final = 2

CHIPS: Final = {
    "owned": ("comm-s", "comm", "comm-t"),
    "gone": ("none", "out", "out-t"),
    "assigning": ("none", "group", "group-t"),
}
_WORDS: Final = {"gone": ("minus", "given up"), "assigning": ("plus", "to be assigned")}


class Has(NamedTuple):
    """A partition at a member: "owned", "gone" (let go, and nobody has it) or "assigning"."""

    partition: str
    state: str


class Status(NamedTuple):
    glyph: str
    tone: str
    words: str


def draw_members(
    each: GroupFrame, history: GroupHistoryFrame, width: float, *, may_leave: Sequence[str] = ()
) -> tuple[list[Shape], float]:
    """Cards in at most two lines, and their height.  `may_leave`: clients with a button for it."""
    members = sorted(each["members"], key=lambda member: natural(name_of(member, history)))
    if not members:
        words = "No members: nobody reads. What the group has committed is kept."
        return [text("none", 0, 16, words, "sub")], 24
    per_line = max(1, int((width + GAP) // (_WIDTH_MIN + GAP)))
    lines = min(-(-len(members) // per_line), _LINES_MAX)
    per_line = min(per_line, max(-(-len(members) // lines), 2))
    shown = _chosen(members, history, per_line * lines)
    wide = min((width - GAP * (per_line - 1)) / per_line, 330)
    shapes: list[Shape] = []
    for index, member in enumerate(shown):
        row, column = divmod(index, per_line)
        at = (column * (wide + GAP), row * (_HEIGHT + GAP))
        can_leave = member["client"] in may_leave
        shapes.append(_card(each, history, member, wide, at, can_leave=can_leave))
    height = -(-len(shown) // per_line) * (_HEIGHT + GAP) - GAP
    rest = [member for member in members if member not in shown]
    if rest:
        count = sum(len(_owned(member)) for member in rest)
        words = f"and {len(rest)} more members, with {count} partitions"
        shapes.append(text("rest", 0, height + 20, words, "note"))
        height += 24
    return shapes, height


def natural(name: str) -> tuple[str, int, str]:
    """`consumer-9` before `consumer-10`."""
    head = name.rstrip("0123456789")
    return head, int(name[len(head) :] or 0), name


def _chosen(
    members: Sequence[MemberFrame], history: GroupHistoryFrame, room: int
) -> list[MemberFrame]:
    """All, or those that something happens to; always in the order given."""
    if len(members) <= room:
        return list(members)
    touched = {mark["member"] for mark in history["marks"]} | set(history["waiting_for"])
    touched |= {stop["member"] for stop in history["stops"] if stop["until"] is None}
    first = [m for m in members if name_of(m, history) in touched]
    first += [m for m in members if name_of(m, history) not in touched]
    kept = [m["id"] for m in first[:room]]
    return [m for m in members if m["id"] in kept]


def name_of(member: MemberFrame, history: GroupHistoryFrame) -> str:
    return history["labels"].get(member["id"], member["client"] or member["id"])


def _owned(member: MemberFrame) -> list[str]:
    return [
        f"{one['topic']}-{one['partition']}"
        for one in member["partitions"]
        if one.get("state", "owned") == "owned"
    ]


def partitions_of(member: MemberFrame, history: GroupHistoryFrame) -> list[Has]:
    """What it reads, has let go of without another having it, and is to get."""
    name = name_of(member, history)
    gone = {s["partition"] for s in history["stops"] if s["until"] is None and s["member"] == name}
    found: dict[str, str] = dict.fromkeys(gone, "gone")
    for one in member["partitions"]:
        key, state = f"{one['topic']}-{one['partition']}", one.get("state", "owned")
        if state == "revoking":
            found[key] = "gone" if key in gone else "owned"
        elif key not in gone:
            found[key] = state
    return [Has(key, found[key]) for key in sorted(found, key=_order)]


def _order(key: str) -> tuple[str, int]:
    topic, _, number = key.rpartition("-")
    return topic, int(number)


def short(partition: str, each: GroupFrame) -> str:
    """`P5`, or `orders-5` where the group reads several topics."""
    is_one = len({offset["topic"] for offset in each["offsets"]}) <= 1
    return f"P{partition.rpartition('-')[2]}" if is_one else partition


def _card(
    each: GroupFrame,
    history: GroupHistoryFrame,
    member: MemberFrame,
    width: float,
    at: tuple[float, float],
    *,
    can_leave: bool,
) -> Shape:
    name, status = name_of(member, history), status_of(each, history, member)
    has = partitions_of(member, history)
    tone = status.tone.removesuffix("-t")
    band = tone if tone in ("sync", "group", "out") else "line"
    epoch = "epoch" if each.get("type") == "consumer" else "generation"
    number = member.get("epoch", each["generation"])
    title = fit(name, "h2", width - 34)
    room = width - 48 - width_of(title, "h2")
    aside = first_fitting((f"{epoch} {number}", f"{epoch[:3]} {number}"), "note", room)
    dash = "4 3" if status.glyph == "cross" else None
    leave = [_leave(member, width)] if can_leave else []
    room = width - 42 - (chip_width("leave") + 8 if leave else 0)
    brief = status.words.partition(" at ")[0]
    told = first_fitting((status.words, brief), "note", room) or fit(brief, "note", room)
    shapes = [
        rect("card", 0, 0, width, _HEIGHT, "card", "out" if dash else "line", radius=10, dash=dash),
        path(
            "band", f"M5 1V{_HEIGHT - 1}A9 9 0 0 1 1 {_HEIGHT - 10}V10A9 9 0 0 1 5 1Z", band, band
        ),
        text("name", 16, 26, title, "h2"),
        text("epoch", width - 12, 26, aside, "note", anchor="end"),
        *_chips(has, each, width - 26),
        glyph("sign", status.glyph, 21, 78, status.tone),
        text("status", 32, 77.5, told, "note", _text(status.tone)),
        *leave,
    ]
    spoken = ", ".join(f"{one.partition} {one.state}" for one in has) or "no partitions"
    label = f"Member {name}: {spoken}; {status.words}"
    return group(f"m-{member['id']}", shapes, at=at, label=label)


def _leave(member: MemberFrame, width: float) -> Shape:
    name = member["client"]
    wide = chip_width("leave")
    tones = ("none", "rule", "ink")
    at = (width - wide - 10, _HEIGHT - 28)
    return chip("leave", at, "leave", tones, action=f"leave {name}", label=f"{name} leaves")


def nothing_words(each: GroupFrame) -> str:
    """Of a member without a partition: there is none for it, or none has been handed out yet."""
    return "no partition: idle" if each["state"] == "Stable" else "no partition yet"


def _text(tone: str) -> str:
    return tone if tone in ("out-t", "group-t") else "mute"


def _chips(has: Sequence[Has], each: GroupFrame, room: float) -> list[Shape]:
    if not has:
        return [text("idle", 16, 54.5, fit(nothing_words(each), "note", room), "note")]
    shapes: list[Shape] = []
    x, y, last = 0.0, 40.0, ""
    for index, one in enumerate(has):
        words, left = short(one.partition, each), len(has) - index
        reserve = width_of(f"+{left}", "note") + 6 if left > 1 else 0
        if x + chip_width(words) + reserve > room:
            shapes.append(text("more", 16 + x, y + 14.5, f"+{left}", "note", "ink"))
            break
        dash = None if one.state == "owned" else "4 3"
        key = f"c-{one.partition}"
        shapes.append(chip(key, (16 + x, y), words, CHIPS[one.state], dash=dash))
        x += chip_width(words) + 5
        is_last_of_kind = left == 1 or has[index + 1].state != one.state
        if one.state in _WORDS and is_last_of_kind and last != one.state:
            sign, word = _WORDS[one.state]
            if x + 16 + reserve <= room:
                tone = CHIPS[one.state][2]
                shapes.append(glyph(f"s-{one.partition}", sign, 16 + x + 7, y + 15, tone, 11))
                x += 17
                if x + width_of(word, "note") + reserve <= room:
                    shapes.append(text(f"w-{one.partition}", 16 + x, y + 14.5, word, "note", tone))
                    x += width_of(word, "note") + 8
    return shapes


def status_of(each: GroupFrame, history: GroupHistoryFrame, member: MemberFrame) -> Status:
    """How far it is in the rebalance, or that nothing is the matter."""
    name = name_of(member, history)
    stops = [s for s in history["stops"] if s["until"] is None and s["member"] == name]
    dead = (s for s in stops if s["why"] in ("crashed", "paused"))
    since = history["joined"].get(name, -1)  # another process under its name may have joined
    gone = next((stop for stop in dead if stop["since"] > since), None)
    if gone is not None:
        return Status(
            "cross", "out-t", f"{gone['why']} at {seconds(gone['since'])} s, still counted"
        )
    if name in history["waiting_for"]:
        words = {
            "join": "has not re-joined yet",
            "give_up": "is to give up first",
            "release": "waits for others to let go",
        }
        return Status("clock", "group-t", words.get(history["waiting"], "is waited for"))
    if each.get("type") == "consumer":
        state = member.get("state", "STABLE")
        if state == "STABLE" and member.get("epoch") == each["generation"]:
            return Status("tick", "sync-t", "has its target")
        return Status("clock", "group-t", "learns it by heartbeat")
    at = history["joined"].get(name)
    if history["ended"] is None and at is not None:
        return Status("tick", "sync-t", f"{_joined_word(history, name)} at {seconds(at)} s")
    if each["state"] == "Stable":
        return Status("tick", "sync-t", "stable")
    return Status("tick", "sync-t", "joined")


def _joined_word(history: GroupHistoryFrame, name: str) -> str:
    is_new = any(m["what"] == "joins" and m["member"] == name for m in history["marks"])
    return "joined" if is_new else "re-joined"
