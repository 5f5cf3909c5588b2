"""A consumer group as a strip: its state, who has which partition, and how far behind it is.

    ┌ Group billing         │ A [P0] ■■ lag 2   │ B [P1] lag 0    │ C ┆P2┆ − revoked  ┐
    └ ✓ Stable, generation 5│   at 38 of 40     │   at 27 of 27   │                   ┘

A chip is solid where the partition is owned and dashed where it is given up or still to come;
chips do not fly.  Lag is end offset minus committed offset.

Invariants: members keep their places; a partition nobody owns is shown, not left out.
Left out: the rebalance on a time axis (the group picture has it).
Read next: `cluster`, above it on screen.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from kafkalab.frames.shape import GroupFrame, MemberFrame, MemberPartitionFrame
from lab.scenes.group_members import natural, nothing_words
from lab.scenes.metrics import fit, width_of
from lab.scenes.shapes import Shape, chip, chip_width, glyph, group, line, rect, text

LEFT: Final = 190  # the column with the group's name, at least
LEFT_SHARE_MAX: Final = 0.4
MEMBER_WIDTH_MIN: Final = 130
MEMBER_WIDTH_WANTED: Final = 190  # for a long name, with lag beside it
LINE_HEIGHT: Final = 52
GROUPS_MAX: Final = 3
LINES_MAX: Final = 3
LAG_BAR_MAX: Final = 56
_LAG_BAR_MIN: Final = 12  # room: with less of it there are no bars

_STATE_SIGNS: Final = {"Stable": ("tick", "sync-t"), "Empty": ("minus", "mute")}
_CHIPS: Final = {
    "owned": ("comm-s", "comm", "comm-t"),
    "revoking": ("none", "out", "out-t"),
    "assigning": ("none", "group", "group-t"),
}
_MOVES: Final = {"revoking": ("minus", "revoked"), "assigning": ("plus", "to be assigned")}


class Column(NamedTuple):
    """A member, or the partitions that nobody owns."""

    key: str
    name: str
    partitions: Sequence[MemberPartitionFrame]
    is_nobody: bool = False


def draw_groups(groups: Sequence[GroupFrame], width: float) -> tuple[list[Shape], float]:
    """One strip a group, and the height of all; at most three, the rest counted in words."""
    strips: list[Shape] = []
    y = 0.0
    scale = _lag_scale(groups[:GROUPS_MAX], width)
    for each in groups[:GROUPS_MAX]:
        strip, height = _strip(each, width, y, scale)
        strips.append(strip)
        y += height + 12
    if len(groups) > GROUPS_MAX:
        words = f"and {len(groups) - GROUPS_MAX} more groups"
        strips.append(text("more", 14, y + 10, words, "note"))
        y += 26
    return strips, max(y - 12, 0)


def _lag_scale(groups: Sequence[GroupFrame], width: float) -> float:
    """Pixels for one record of lag, the same for all, so that equal lags have equal bars.

    0 where there is too little room for any: the figure stands alone.
    """
    longest, room = 0, float(LAG_BAR_MAX)
    for each in groups:
        columns = _columns(each)
        place = _layout(each, columns, width).column_width - 14
        for column in columns:
            lag = _lag(column)
            longest = max(longest, lag)
            if lag and len(column.partitions) > 1:
                taken = width_of(column.name, "lab") + width_of(f"lag {lag}", "note") + 14
                room = min(room, place - taken)
    return room / max(longest, LAG_BAR_MAX // 4) if room >= _LAG_BAR_MIN else 0.0


class _Layout(NamedTuple):
    left: float
    per_line: int
    lines: int
    column_width: float


def _layout(each: GroupFrame, columns: Sequence[Column], width: float) -> _Layout:
    left = min(max(LEFT, width_of(f"Group {each['id']}", "h2") + 34), width * LEFT_SHARE_MAX)
    named = (
        width_of(column.name, "lab") + width_of(f"lag {_lag(column)}", "note") + 24
        for column in columns
        if len(column.partitions) > 1
    )
    alone = (
        width_of(column.name, "lab") + _beside_name(column.partitions[0], column, each) + 16
        for column in columns
        if len(column.partitions) == 1
    )
    member = min(max(MEMBER_WIDTH_MIN, *named, *alone, 0), MEMBER_WIDTH_WANTED)
    per_line = max(1, int((width - left - 14) // member))
    lines = min(-(-len(columns) // per_line) or 1, LINES_MAX)
    per_line = min(per_line, max(-(-len(columns) // lines), 3))
    return _Layout(left, per_line, lines, (width - left - 14) / per_line)


def _lag(column: Column) -> int:
    return sum(p["end"] - (p["committed"] or 0) for p in column.partitions)


def _strip(each: GroupFrame, width: float, y: float, scale: float) -> tuple[Shape, float]:
    columns = _columns(each)
    left, per_line, lines, column_width = _layout(each, columns, width)
    height = lines * LINE_HEIGHT + 12
    is_calm = each["state"] in _STATE_SIGNS
    sign, tone = _STATE_SIGNS.get(each["state"], ("swap", "group-t"))
    state = f"{each['state']}, generation {each['generation']}"
    shapes = [
        rect("card", 0, 0, width, height, "card", "line" if is_calm else "group", radius=10,
             stroke_width=1 if is_calm else 2),
        text("name", 14, 27, fit(f"Group {each['id']}", "h2", left - 30), "h2"),
        glyph("sign", sign, 20, 49, tone),
    ]  # fmt: skip
    shapes += _state_lines(each, tone if not is_calm else "mute", left - 46)
    kept = columns[: per_line * lines]
    for i, column in enumerate(kept):
        at = (left + i % per_line * column_width, i // per_line * LINE_HEIGHT)
        shapes.append(_column(column, each, column_width, at, scale))
    if len(columns) > len(kept):
        more = f"+ {len(columns) - len(kept)} more"
        if lines > 1:
            shapes.append(text("more", 14, height - 18, more, "note"))
        else:
            shapes.append(text("more", width - 12, height - 8, more, "tiny", anchor="end"))
    label = f"Group {each['id']}, {state}, {len(each['members'])} members"
    return group(f"g-{each['id']}", shapes, at=(0, y), label=label), height


def _state_lines(each: GroupFrame, tone: str, room: float) -> list[Shape]:
    """State and generation; the longest states keep their names and give up the word."""
    state, generation = each["state"], each["generation"]
    for words in (f"{state}, generation {generation}", f"{state}, gen {generation}", state):
        if width_of(words, "note") <= room:
            return [text("state", 31, 48.5, words, "note", tone)]
    return [text("state", 31, 48.5, fit(state, "tiny", room), "tiny", tone)]


def _columns(each: GroupFrame) -> list[Column]:
    members = [Column(f"m-{m['id']}", m["client"] or m["id"], m["partitions"])
               for m in _distinct(each["members"])]  # fmt: skip
    members.sort(key=lambda column: natural(column.name))
    owned = {
        (p["topic"], p["partition"])
        for column in members
        for p in column.partitions
        if p.get("state", "owned") != "assigning"
    }
    nobody: list[MemberPartitionFrame] = [
        {"topic": o["topic"], "partition": o["partition"], "committed": o["committed"],
         "position": None, "end": o["end"], "high_watermark": o["end"]}
        for o in each["offsets"]
        if (o["topic"], o["partition"]) not in owned
    ]  # fmt: skip
    if nobody:
        members.append(Column("nobody", "nobody", nobody, is_nobody=True))
    return members


def _distinct(members: Sequence[MemberFrame]) -> list[MemberFrame]:
    return list({member["id"]: member for member in members}.values())


def _column(
    column: Column, each: GroupFrame, width: float, at: tuple[float, float], scale: float
) -> Shape:
    """One partition: name and chip, then lag.  More: name and lag, then chips."""
    names_topics = len({o["topic"] for o in each["offsets"]}) > 1
    room = width - 14
    shapes: list[Shape] = [line("edge", (-12, 12), (-12, 52), "line")]
    if len(column.partitions) > 1:
        shapes += _column_of_many(column, room, names_topics, scale)
    else:
        shapes += _column_of_one(each, column, room, names_topics, scale)
    parts = ", ".join(progress_words(p) for p in column.partitions) or "no partitions"
    return group(column.key, shapes, at=at, label=f"{column.name}: {parts}")


def _column_of_one(
    each: GroupFrame, column: Column, room: float, names_topics: bool, scale: float
) -> list[Shape]:
    if not column.partitions:
        return [
            _name(column, fit(column.name, "lab", room)),
            text("lag", 0, 48.5, fit(nothing_words(each), "note", room), "note"),
        ]
    partition = column.partitions[0]
    name = fit(column.name, "lab", max(room - _beside_name(partition, column, each), 30))
    x = width_of(name, "lab") + 8
    state = _state_of(column, partition)
    shapes = [_name(column, name), *_chips(column, (x, 12), room, names_topics)]
    if state in _MOVES and not column.is_nobody:
        words = fit(_MOVES[state][1], "note", room)
        return [*shapes, text("move", 0, 48.5, words, "note", _CHIPS[state][2])]
    lag, bar = _lag(column), max(_lag(column) * scale, 0.0)
    words = f"lag {lag}"
    x = bar + 6 if bar else 0
    tone = "out" if column.is_nobody else "comm"
    shapes += [
        rect("lagbar", 0, 38.5, bar, 12, tone, radius=2),
        text("lag", x, 48.5, words, "note", "ink"),
    ]
    x += width_of(words, "note") + 12
    if partition["committed"] is not None:
        place = f"at {partition['committed']} of {partition['end']}"
        if x + width_of(place, "num") <= room:
            shapes.append(text("place", x, 48.5, place, "num", "mute"))
    return shapes


def _beside_name(partition: MemberPartitionFrame, column: Column, each: GroupFrame) -> float:
    """Room for the chip, and for its sign if the partition is on the move."""
    names_topics = len({o["topic"] for o in each["offsets"]}) > 1
    is_moving = _state_of(column, partition) in _MOVES and not column.is_nobody
    return chip_width(_chip_words(partition, names_topics)) + (26 if is_moving else 8)


def _column_of_many(
    column: Column, room: float, names_topics: bool, scale: float
) -> list[Shape]:  # fmt: skip
    lag = _lag(column)
    words = f"lag {lag}"
    name = fit(column.name, "lab", room - width_of(words, "note") - 8)
    x = width_of(name, "lab") + 8
    bar = max(lag * scale, 0.0)
    tone = "out" if column.is_nobody else "comm"
    return [
        _name(column, name),
        rect("lagbar", x, 17, bar, 12, tone, radius=2),
        text("lag", x + (bar + 6 if bar else 0), 27, words, "note", "ink"),
        *_chips(column, (0, 34), room, names_topics),
    ]


def _name(column: Column, words: str) -> Shape:
    return text("name", 0, 27, words, "lab", "out-t" if column.is_nobody else "ink")


def _chips(column: Column, at: tuple[float, float], room: float, names_topics: bool) -> list[Shape]:
    """As many as fit, then how many more; a partition on the move has its sign, and its word."""
    shapes: list[Shape] = []
    x, y = at
    for i, partition in enumerate(column.partitions):
        state = _state_of(column, partition)
        words = _chip_words(partition, names_topics)
        left = len(column.partitions) - i
        reserve = width_of(f"+{left}", "note") + 4 if left > 1 else 0
        if x + chip_width(words) + reserve > room:
            shapes.append(text("rest", x, y + 14.5, f"+{left}", "note", "ink"))
            break
        key = f"{partition['topic']}-{partition['partition']}"
        dash = None if state == "owned" else "4 3"
        shapes.append(chip(key, (x, y), words, _CHIPS[state], dash=dash))
        x += chip_width(words) + 4
        if state not in _MOVES or column.is_nobody or x + 14 + reserve > room:
            continue
        sign, move = _MOVES[state]
        shapes.append(glyph(f"move-{key}", sign, x + 7, y + 15, _CHIPS[state][2], 11))
        x += 18
        if y > 20 and x + width_of(move, "note") + reserve <= room:
            shapes.append(text(f"word-{key}", x, y + 14.5, move, "note", _CHIPS[state][2]))
            x += width_of(move, "note") + 6
    return shapes


def _state_of(column: Column, partition: MemberPartitionFrame) -> str:
    return "revoking" if column.is_nobody else partition.get("state", "owned")


def _chip_words(partition: MemberPartitionFrame, names_topics: bool) -> str:
    number = partition["partition"]
    return f"{partition['topic']}-{number}" if names_topics else f"P{number}"


def progress_words(partition: MemberPartitionFrame) -> str:
    name = f"{partition['topic']}-{partition['partition']}"
    lag = partition["end"] - (partition["committed"] or 0)
    state = partition.get("state", "owned")
    return f"{name} {_MOVES[state][1]}" if state in _MOVES else f"{name} lag {lag}"
