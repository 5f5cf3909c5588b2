"""The quorum: voters with role, epoch and vote; the metadata log; and who has replayed how much.

    ┌ Controller 101 ★ leader┐ ┌ Controller 102 ● follower ┐ ┌ Controller 103 ✕ crashed ┐
    │ epoch 3, voted for 101 │ │ epoch 3, voted for 101    │ │ epoch 2                  │
    └ end 42   committed 42  ┘ └ end 42   committed 41     ┘ └ end 38                   ┘

    offset  epoch  record                                   101 102 103 │ 1 2 3
    41      3      PartitionChange  orders-0: leader 2       ■   ■   ┆  │ ■ ■ ┆
    40      3      …                                         ■   ■   ┆  │ ■ ■ ■

A row is committed when a majority of the *voters* has it; brokers only replay what is committed.
Two rules are easily mixed up: the majority decides about metadata, an ISR about records.

Invariants: columns are nodes, in the order of their ids, voters first; a row keeps its place.
Read next: `kafkalab.frames.quorum`, what there is.
"""

from collections.abc import Iterator, Sequence
from typing import Final, cast

from kafkalab.frames.quorum import MetadataRecordFrame, NodeLogFrame, QuorumFrame
from kafkalab.frames.shape import DOWN, ControllerFrame, ControllerNodeFrame, Frame
from lab.scenes.clock import seconds
from lab.scenes.controls import Target
from lab.scenes.legend import Entry
from lab.scenes.metrics import first_fitting, fit, width_of, wrap
from lab.scenes.picture import Picture, Sight
from lab.scenes.shapes import Shape, glyph, group, line, rect, text
from lab.scenes.view import GAP, Block

_CARD: Final = 96
_CARD_MIN: Final = 170
_ROW: Final = 25
_ROWS: Final = 12
_COLUMN: Final = 30
_SIGNS: Final = {
    "Leader": ("star", "lead-t", "lead"),
    "Follower": ("dot", "sync-t", "line"),
    "Candidate": ("swap", "group-t", "group"),
    "Prospective": ("swap", "group-t", "group"),
}


def _say(sight: Sight) -> str:
    quorum = cast("QuorumFrame | None", sight.detail)
    if quorum is None:
        return ""
    voters = [node for node in quorum["nodes"] if node["is_voter"]]
    up = [node for node in voters if node["is_up"]]
    if len(up) < quorum["majority"]:
        return (
            f"{len(up)} of {len(voters)} controllers run and a majority is {quorum['majority']}: "
            "nothing can be decided. Brokers serve on with what they know."
        )
    if quorum["active"] is None:
        return (
            f"No controller leads just now; the voters are electing one, epoch {quorum['epoch']}."
        )
    end = max((record["offset"] for record in quorum["records"]), default=-1) + 1
    has = [node for node in voters if node["log_end"] >= end]
    behind = [node["id"] for node in quorum["nodes"] if node["is_up"] and not _is_level(node, end)]
    words = f"Controller {quorum['active']} is active in epoch {quorum['epoch']}. "
    if len(voters) == 1:
        words += f"It is the only voter, so its {end} records are decided as it writes them"
    elif len(has) >= quorum["majority"]:
        words += f"All {end} records are on a majority of the voters"
    else:
        words += f"The last records are on {len(has)} of {len(voters)} voters, so not committed"
    if behind:
        names = ", ".join(map(str, behind[:4])) + ("…" if len(behind) > 4 else "")
        return f"{words}; still to catch up: {names}."
    return f"{words}, and everyone that runs has replayed them."


def _is_level(node: NodeLogFrame, end: int) -> bool:
    return node["replayed"] >= end - 1


def _draw(sight: Sight) -> Block:
    quorum = cast("QuorumFrame | None", sight.detail)
    controller = sight.frame["controller"]
    cards, y = _cards(controller, sight.width)
    shapes = [group("voters", cards, label="Controllers")]
    y += GAP + 8
    if quorum is None:
        words = "The metadata log was not recorded then."
        return Block((*shapes, text("none", 0, y + 16, words, "sub")), y + 30)
    table, height = _table(quorum, sight.width)
    shapes.append(group("log", table, at=(0, y), label="Metadata log"))
    return Block(tuple(shapes), y + height)


def _cards(controller: ControllerFrame, width: float) -> tuple[list[Shape], float]:
    nodes = controller["nodes"]
    per_line = max(1, min(len(nodes), int((width + GAP) // (_CARD_MIN + GAP))))
    wide = min((width - GAP * (per_line - 1)) / per_line, 280)
    cards = []
    for index, node in enumerate(nodes):
        row, column = divmod(index, per_line)
        at = (column * (wide + GAP), row * (_CARD + GAP))
        is_active = node["id"] == controller["leader"]
        cards.append(group(f"c{node['id']}", _card(node, is_active, wide), at=at))
    lines = -(-len(nodes) // per_line)
    return cards, lines * (_CARD + GAP) - GAP


def _card(node: ControllerNodeFrame, is_active: bool, width: float) -> Iterator[Shape]:
    is_up = node["state"] not in DOWN
    role = node["role"]
    sign, tone, edge = _SIGNS.get(role, ("ring", "mute", "line"))
    words = role.lower()
    if not is_up:
        sign, tone, edge, words = "cross", "out-t", "out", "crashed"
        if node["state"] == "stopped":
            sign, tone, edge, words = "stop", "ink", "rule", "shut down"
    elif node["state"] == "paused":
        sign, tone, edge, words = "pause", "out-t", "out", "paused"
    elif role == "Leader" and not is_active:
        words = "leads an older epoch"
    dash = None if is_up else "4 3"
    yield rect("card", 0, 0, width, _CARD, "card", edge, radius=10, dash=dash, stroke_width=1.5)
    right = width - 12
    names = (f"Controller {node['id']}", str(node["id"]))
    name = first_fitting(names, "h2", right - 14 - 26 - width_of(words, "lab")) or names[1]
    yield text("name", 14, 25, name, "h2", "ink" if is_up else "mute")
    shown = fit(words, "lab", right - 14 - width_of(name, "h2") - 26)
    yield text("role", right, 24.5, shown, "lab", tone, anchor="end")
    yield glyph("sign", sign, right - width_of(shown, "lab") - 12, 24.5, tone)
    voted = node["voted"]
    vote = f"voted for {voted}" if voted is not None else "no vote in it"
    epoch = f"epoch {node['epoch']}"
    said = first_fitting((f"{epoch} · {vote}", epoch), "sub", width - 28)
    yield text("epoch", 14, 51, said, "sub")
    figures = (("end", node["log_end"]), ("committed", node["high_watermark"]))
    x = 14.0
    for label, value in figures:
        yield text(f"{label}-name", x, 78, label, "note")
        x += width_of(label, "note") + 6
        yield text(f"{label}-value", x, 78, str(value), "numb")
        x += width_of(str(value), "numb") + 16


def _table(quorum: QuorumFrame, width: float) -> tuple[list[Shape], float]:
    """Records as rows, newest first; nodes as columns."""
    voters = [node for node in quorum["nodes"] if node["is_voter"]]
    others = [node for node in quorum["nodes"] if not node["is_voter"]]
    others_shown = others if (len(voters) + len(others)) * _COLUMN < width * 0.45 else []
    columns = [*voters, *others_shown]
    cells_x = width - len(columns) * _COLUMN - (12 if others_shown else 0)
    head_y = 34
    shapes: list[Shape] = [text("title", 0, 4, "Metadata log", "h2")]
    note = _note(quorum, others if not others_shown else [])
    shapes.append(
        text("note", width_of("Metadata log", "h2") + 12, 4, fit(note, "note", width - 130), "note")
    )
    shapes += _heads(columns, len(voters), cells_x, head_y)
    rows = list(reversed(quorum["records"]))[:_ROWS]
    for index, record in enumerate(rows):
        y = head_y + 14 + index * _ROW
        row = list(_row(record, columns, len(voters), cells_x, width))
        shapes.append(group(f"r{record['offset']}", row, at=(0, y), label=_label(record)))
    if not rows:
        shapes.append(text("empty", 104, head_y + 28, "nothing yet", "sub"))
    return shapes, head_y + 14 + max(len(rows), 1) * _ROW


def _heads(columns: Sequence[NodeLogFrame], voters: int, left: float, y: float) -> Iterator[Shape]:
    """Names of the columns; a cross over a node that is down, for colour alone says nothing."""
    for name, x in (("offset", 42), ("epoch", 88)):
        yield text(f"h-{name}", x, y, name, "cap", anchor="end")
    yield text("h-record", 104, y, "record", "cap")
    for index, node in enumerate(columns):
        x = _x(index, voters, left) + 8
        name, tone = str(node["id"]), "mute" if node["is_up"] else "out-t"
        yield text(f"h{name}", x, y, name, "cap", tone, anchor="middle")
        if not node["is_up"]:
            yield glyph(f"d{name}", "cross", x, y - 13, "out-t", 10)


def _note(quorum: QuorumFrame, hidden: Sequence[NodeLogFrame]) -> str:
    parts = ["newest first"]
    if quorum["snapshot"] is not None:
        parts.append(f"a snapshot holds all below {quorum['snapshot']}")
    if hidden:
        end = max((record["offset"] for record in quorum["records"]), default=-1) + 1
        level = sum(_is_level(node, end) for node in hidden)
        parts.append(f"{level} of {len(hidden)} brokers have replayed all")
    return " · ".join(parts)


def _x(index: int, voters: int, left: float) -> float:
    return left + index * _COLUMN + (12 if index >= voters else 0)


def _row(
    record: MetadataRecordFrame,
    columns: Sequence[NodeLogFrame],
    voters: int,
    left: float,
    width: float,
) -> Iterator[Shape]:
    offset = record["offset"]
    yield line("rule", (0, _ROW - 6), (width, _ROW - 6), "line")
    yield text("offset", 42, 12, str(offset), "num", anchor="end")
    yield text("epoch", 88, 12, str(record["epoch"]), "num", "mute", anchor="end")
    kind = fit(record["kind"], "lab", left - 116)
    yield text("kind", 104, 12, kind, "lab")
    x = 104 + width_of(kind, "lab") + 10
    words = wrap(record["words"], "note", max(left - x - 12, 0), 1)
    if words and left - x > 60:
        yield text("words", x, 12, words[0], "note", "ink")
    for index, node in enumerate(columns):
        fill, stroke, dash = _mark(node, offset, index < voters)
        at_x = _x(index, voters, left)
        yield rect(
            f"n{node['id']}", at_x, 0, 16, 14, fill, stroke, radius=3, dash=dash, role="cell"
        )


def _mark(node: NodeLogFrame, offset: int, is_voter: bool) -> tuple[str, str | None, str | None]:
    """Has it, and committed or replayed; has it; has it not."""
    if node["log_end"] <= offset:
        return "none", "rule", "2 2"
    is_known = offset < node["high_watermark"] if is_voter else offset <= node["replayed"]
    if not node["is_up"]:
        return "none", "comm", None
    return ("comm", None, None) if is_known else ("unc", "comm", None)


def _label(record: MetadataRecordFrame) -> str:
    return f"Offset {record['offset']}, epoch {record['epoch']}: {record['kind']} {record['words']}"


def _legend(sight: Sight) -> Sequence[Entry]:
    return (
        Entry(glyph("shape", "star", 6, 5, "lead-t"), 12, "active controller"),
        Entry(rect("shape", 0, -8, 16, 16, "comm", radius=3), 16, "has it, knows it is committed"),
        Entry(rect("shape", 0, -8, 16, 16, "unc", "comm", radius=3), 16, "has it"),
        Entry(rect("shape", 0, -8, 16, 16, "none", "rule", radius=3, dash="2 2"), 16, "has it not"),
        Entry(rect("shape", 0, -8, 16, 16, "none", "comm", radius=3), 16, "on an offline disk"),
    )


def _words(sight: Sight) -> str:
    quorum = cast("QuorumFrame | None", sight.detail)
    if quorum is None:
        return ""
    lines = [f"{sight.frame['title']} · quorum · {seconds(sight.frame['now'])} s", _say(sight), ""]
    for node in sight.frame["controller"]["nodes"]:
        voted = "no vote" if node["voted"] is None else f"voted for {node['voted']}"
        lines.append(
            f"Controller {node['id']}: {node['state']}, {node['role'].lower()}, "
            f"epoch {node['epoch']}, {voted}, end {node['log_end']}, "
            f"committed {node['high_watermark']}"
        )
    for other in quorum["nodes"]:
        if not other["is_voter"]:
            lines.append(f"Broker {other['id']}: replayed up to {other['replayed']}")
    lines += ["", "Metadata log, newest first"]
    for record in list(reversed(quorum["records"]))[:_ROWS]:
        lines.append(
            f"  {record['offset']:>5}  epoch {record['epoch']}  {record['kind']}  {record['words']}"
        )
    return "\n".join(lines)


def _targets(frame: Frame) -> list[Target]:
    """Faults here are for controllers."""
    return [
        Target(node["id"], f"Controller {node['id']}", node["state"])
        for node in frame["controller"]["nodes"]
    ]


QUORUM = Picture(
    name="quorum",
    has_topic=False,
    draw=_draw,
    detail=lambda frame, view: "quorum",
    say=_say,
    words=_words,
    legend=_legend,
    targets=_targets,
)
