"""The last records of one partition, as they stand in its leader's log.

    ┌ Records of P0 ◂ ▸    │ 39 user-1      │ 40 user-2      │ 41 no key      ┐
    └ leader's log, broker 1│ {"total": 42}  │ {"total": 7}   │ hello          ┘

Invariants: cards are keyed and placed by offset, so a new one slides the others; keys and values
are data, drawn as text and cut to fit.
Left out: headers and timestamps (the byte lens shows a whole batch).
Read next: `cluster`, where each of these is a cell.
"""

from collections.abc import Sequence
from typing import Final

from kafkalab.frames.shape import DOWN, BrokerFrame, CellFrame, PartitionFrame, ReplicaFrame
from lab.scenes.metrics import fit, width_of
from lab.scenes.shapes import Shape, glyph, group, rect, text

HEIGHT: Final = 64
LEFT: Final = 190
CARD_WIDTH_MIN: Final = 112
CARD_GAP: Final = 8


def draw_records(
    partition: PartitionFrame, brokers: Sequence[BrokerFrame], width: float, *, has_buttons: bool
) -> list[Shape]:
    """The strip; `has_buttons` to the partition before and after."""
    broker, replica = _log_to_show(partition)
    name = f"Records of P{partition['id']}"
    where = fit(_where(partition, broker, brokers), "note", LEFT - 26)
    shapes: list[Shape] = [
        rect("card", 0, 0, width, HEIGHT, "card", "line", radius=10),
        text("name", 14, 27, name, "h2"),
        text("where", 14, 48.5, where, "note"),
    ]
    if has_buttons:
        x = 14 + width_of(name, "h2") + 8
        shapes += [
            _arrow("before", x, "Records of the partition before"),
            _arrow("next", x + 22, "Records of the next partition"),
        ]
    if replica is not None:
        shapes += _cards(replica, width - LEFT - 10)
    return shapes


def _where(partition: PartitionFrame, broker: str, brokers: Sequence[BrokerFrame]) -> str:
    """Whose log this is, and whether anybody can read it."""
    if not broker:
        return "no replica"
    if any(str(each["id"]) == broker and each["state"] in DOWN for each in brokers):
        return f"offline disk, broker {broker}"
    if broker == str(partition["leader"]):
        return f"leader's log, broker {broker}"
    return f"no leader; broker {broker}'s log"


def _log_to_show(partition: PartitionFrame) -> tuple[str, ReplicaFrame | None]:
    """The leader's, or else the longest."""
    replicas = partition["replicas"]
    leader = str(partition["leader"])
    if leader in replicas:
        return leader, replicas[leader]
    if not replicas:
        return "", None
    broker = max(replicas, key=lambda each: replicas[each]["end"])
    return broker, replicas[broker]


def _arrow(key: str, x: float, label: str) -> Shape:
    shapes = [
        rect("face", 0, 0, 20, 20, "card", "rule", radius=4, role="face"),
        glyph("sign", key, 10, 14.8, "ink", 9),
    ]
    return group(key, shapes, at=(x, 12), action=f"select {key}", label=label)


def _cards(replica: ReplicaFrame, room: float) -> list[Shape]:
    count = max(1, int((room + CARD_GAP) // (CARD_WIDTH_MIN + CARD_GAP)))
    step = (room + CARD_GAP) / count
    cells = replica["cells"][-count:]
    if not cells:
        return [text("empty", LEFT, 37, "no records", "note")]
    first = cells[0]["offset"]
    watermark = replica["high_watermark"]
    cards = [
        _card(cell, i, step, step - CARD_GAP, cell["offset"] < watermark)
        for i, cell in enumerate(cells)
    ]
    return [group("tape", cards, at=(LEFT, 8), label=f"From offset {first}")]


def _card(cell: CellFrame, i: int, step: float, width: float, is_committed: bool) -> Shape:
    """Offset and key on one line, the value below."""
    offset, room = str(cell["offset"]), width - 14
    taken = width_of(offset, "numb") + 8
    is_control = cell["kind"] == "control"
    key = "control" if is_control else "no key" if cell["key"] is None else cell["key"]
    value = f"{cell['value']} marker" if is_control else cell["value"]
    fill = "soft" if is_control else "comm-s" if is_committed else "none"
    state = "committed" if is_committed else "not yet committed"
    shapes = [
        rect("face", 0, 0, width, 48, fill, "rule" if is_control else "comm", radius=4,
             role="cell"),
        text("offset", 8, 19, offset, "numb"),
        text("key", 8 + taken, 19, fit(key, "note", room - taken), "note",
             "mute" if cell["key"] is None else "comm-t"),
        text("value", 8, 39, fit(value, "note", room), "note", "ink"),
    ]  # fmt: skip
    return group(f"r{offset}", shapes, at=(i * step, 0), label=f"Offset {offset}, {state}")
