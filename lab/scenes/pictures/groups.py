"""A consumer group and its last rebalance: one row stopped, and this is what it cost.

    groups     [billing] [audit]
    state      (Empty) → ((Preparing…)) → (Completing…) → (Stable)   waiting for D to re-join
    members    cards: what each reads, has given up, is to get
    partitions owners by generation │ the rebalance on a time axis │ committed, position, end, lag
    cost       1.9 partition-seconds stopped · the eager protocol would have cost 8.0

Invariants: what is said above, drawn, and written as text comes from the same numbers.
Read next: `kafkalab.frames.group_history`, what there is; `lab.scenes.group_table`, the rows.
"""

from collections.abc import Sequence

from kafkalab.frames.group_history import GroupHistoryFrame
from kafkalab.frames.shape import GroupFrame
from lab.scenes.controls import button, draw_picker
from lab.scenes.group_members import draw_members
from lab.scenes.group_table import ROWS_MAX, draw_table, in_order, rows_of
from lab.scenes.group_words import (
    absent_of,
    cost_words,
    key_of,
    known_of,
    say,
    waiting_words,
    words_of,
)
from lab.scenes.legend import Entry
from lab.scenes.metrics import fit, width_of
from lab.scenes.picture import Picture, Sight
from lab.scenes.shapes import Shape, chip, group, rect, text
from lab.scenes.state_machine import Machine, draw_machine
from lab.scenes.view import Block, View


def _draw(sight: Sight) -> Block:
    known = known_of(sight)
    shapes: list[Shape] = []
    y = 0.0
    names = [one["id"] for one in sight.frame["groups"]]
    if sight.controls is not None and (len(names) > 1 or absent_of(sight)):
        chosen = known[0]["id"] if known else ""
        shapes.append(group("picker", _picker(names, chosen, sight.width), label="Groups"))
        y += 32
    if known is None:
        words = absent_of(sight) or (
            "No group to show: nobody has joined one, or nothing was recorded of it then."
        )
        return Block((*shapes, text("none", 0, y + 20, words, "sub")), y + 40)
    each, history = known
    can_act = sight.controls is not None and not sight.controls.is_live
    room = sight.width
    if can_act:
        add, wide = _add_member(each, sight)
        room -= wide + 16
        shapes.append(group("add", [add], at=(sight.width - wide, y - 4)))
    head, height = _head(each, history, sight.width, room)
    shapes.append(group("head", head, at=(0, y)))
    y += height + 12
    own = [one["name"] for one in sight.frame["clients"] if can_act and one["state"] == "online"]
    members, height = draw_members(each, history, sight.width, may_leave=own)
    shapes.append(group("members", members, at=(0, y), label="Members"))
    y += height + 4
    rows = in_order(rows_of(each, history), history)
    first = _first_row(sight.view, len(rows))
    shown = rows[first : first + ROWS_MAX]
    table, height = draw_table(each, history, shown, rows, sight.frame["now"], sight.width)
    shapes.append(group("table", table, at=(0, y), label="Partitions"))
    y += height
    foot, height = _foot(each, history, rows, first, sight)
    shapes.append(group("foot", foot, at=(0, y)))
    return Block(tuple(shapes), y + height)


def _picker(names: Sequence[str], chosen: str, width: float) -> list[Shape]:
    chips = draw_picker(names, chosen, None, width)
    for one in chips:
        if one.key == "head":
            one.words = "Group"
        action = one.attributes.get("data-action")
        if isinstance(action, str):
            name = action.removeprefix("topic ")
            one.attributes["data-action"] = f"group {name}"
            one.attributes["aria-label"] = f"Group {name}"
    return chips


def _head(
    each: GroupFrame, history: GroupHistoryFrame, width: float, room: float
) -> tuple[list[Shape], float]:
    """Name and settings in `room`, then the machine with what is waited for."""
    name = fit(f"Group {each['id']}", "h2", room * 0.5)
    kind = "KIP-848" if each.get("type") == "consumer" else "classic"
    count = "epoch" if each.get("type") == "consumer" else "generation"
    parts = [f"{kind} protocol", each["protocol"], f"{count} {each['generation']}"]
    if each["coordinator"] is not None:
        parts.append(f"coordinator broker {each['coordinator']}")
    x, below = width_of(name, "h2") + 14, 0
    words = " · ".join(part for part in parts if part)
    if width_of(words, "sub") > room - x:
        x, below = 0, 22  # on a line of their own, with all the width
    shapes = [
        text("name", 0, 16, name, "h2"),
        text("settings", x, 16 + below, fit(words, "sub", width if below else room - x), "sub"),
    ]
    calm = each["state"] in ("Stable", "Empty")
    states = [s for s in history["machine"]["states"] if s != "Dead" or each["state"] == "Dead"]
    last = history["states"][-2:]
    move = (last[0]["state"], last[1]["state"]) if len(last) == 2 else None
    moves = [(a, b) for a, b in history["machine"]["moves"]]
    machine = Machine(
        [[s] for s in states], moves, each["state"], move, "sync" if calm else "group"
    )
    drawn, wide, height = draw_machine(machine, width)
    shapes.append(group("machine", drawn, at=(0, 32 + below), label=f"State {each['state']}"))
    waits = waiting_words(each, history)
    if waits and width - wide > width_of(waits, "lab") + 24:
        shapes.append(text("waits", wide + 24, 52 + below, waits, "lab", "group-t"))
    elif waits:
        height += 22
        shapes.append(
            text("waits", 0, 30 + below + height, fit(waits, "lab", width), "lab", "group-t")
        )
    return shapes, 32 + below + height


def _add_member(each: GroupFrame, sight: Sight) -> tuple[Shape, float]:
    topics = [offset["topic"] for offset in each["offsets"]]
    topics += [one["topic"] for member in each["members"] for one in member["partitions"]]
    topics.append(sight.view.topic or next((t["name"] for t in sight.frame["topics"]), ""))
    words = "Add a member" if sight.width > 600 else "Add"
    action, label = f"consume {topics[0]} {each['id']}", f"{words} to {each['id']}"
    return button("more", (0, 0), action, words=words, icon="plus", tone="group-t", label=label)


def _first_row(view: View, total: int) -> int:
    words = view.choice.split()
    wanted = int(words[1]) if len(words) == 2 and words[0] == "rows" and words[1].isdigit() else 0
    return min(wanted, max(total - 1, 0)) // ROWS_MAX * ROWS_MAX


def _foot(
    each: GroupFrame, history: GroupHistoryFrame, rows: Sequence[object], first: int, sight: Sight
) -> tuple[list[Shape], float]:
    """What it cost; and a pager where there are more rows."""
    shapes: list[Shape] = []
    y = 16.0
    if history["began"] is not None and rows:  # before there are any, nobody knows what waits
        cost, other = cost_words(each, history, sight.frame["now"])
        tone = "out-t" if history["stops"] else "ink"
        shapes.append(text("cost", 0, y, cost, "lab", tone))
        x = width_of(cost, "lab") + 10
        if other and x + width_of(other, "sub") > sight.width:
            x, y = 0.0, y + 20
        shapes.append(text("other", x, y, fit(other, "sub", sight.width - x), "sub"))
        y += 22
    if len(rows) > ROWS_MAX:
        last = min(first + ROWS_MAX, len(rows))
        words = f"rows {first + 1}–{last} of {len(rows)}; those the rebalance touched stand first"
        shapes.append(text("rows", 0, y, words, "note"))
        if sight.controls is not None:
            then = first + ROWS_MAX if last < len(rows) else 0
            at = (width_of(words, "note") + 12, y - 14.5)
            shapes.append(
                chip("more", at, "next rows", ("none", "rule", "ink"), action=f"choose rows {then}",
                     label="Show the next rows")
            )  # fmt: skip
        y += 22
    return shapes, y - 12


def _legend(sight: Sight) -> Sequence[Entry]:
    known = known_of(sight)
    if known is None:
        return ()
    each, history = known
    entries = [
        Entry(rect("shape", 0, -7, 26, 14, "out", radius=2), 26, "stood still"),
        Entry(rect("shape", 0, -7, 26, 14, "group-s", "group"), 26, "group rebalancing"),
        Entry(rect("shape", 0, -8, 22, 16, "comm-s", "comm", radius=4), 22, "read"),
        Entry(rect("shape", 0, -8, 22, 16, "none", "out", radius=4, dash="4 3"), 22, "given up"),
    ]
    if history["could"]:
        dashed = rect("shape", 0, -7, 26, 14, "none", "rule", radius=2, dash="3 2")
        entries.insert(1, Entry(dashed, 26, "stop under eager, same joins"))
    if each.get("type") == "consumer":
        dashed = rect("shape", 0, -8, 22, 16, "none", "group", radius=4, dash="4 3")
        entries.append(Entry(dashed, 22, "to be assigned"))
    return entries


GROUPS = Picture(
    name="groups",
    has_topic=False,
    draw=_draw,
    detail=key_of,
    say=say,
    words=words_of,
    legend=_legend,
)
