"""Brokers as columns, partitions as rows, a replica where they cross.

    Broker 1            Broker 2            Broker 3
    ┌ P0   ★ leader ┐   ┌ P0  ● in sync ┐   ┌ P0 ✕ offline ┐     roomy: up to 4 partitions
    │ ■■■■■■|□□     │   │ ■■■■■■|□┆┆    │   │ ▢▢▢▢|┆┆┆┆    │     compact: up to 12, then a window
    └ HW 40  end 42 ┘   └ HW 40  end 41 ┘   └ HW 38 end 38 ┘

Where there are many brokers and most have no replica of most partitions, a card lists only those it
has: more partitions are seen, and nothing is squeezed.

Filled is there and committed, pale is there and not yet, outlined is on a disk nobody can read,
dashed is not there.  The line is the replica's *own* high watermark: a follower learns it from its
leader one fetch later, and that delay is part of the lesson.

Invariants: nothing moves when a leader changes; cells are keyed and placed by offset; a mark
outside the window waits at its edge and points out.
Left out: record contents (`records`), consumers' positions (`groups`).
Read next: `replica_cells`, the cells; `cluster_view`, which puts this beside the rest.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from kafkalab.frames.shape import (
    DOWN,
    BrokerFrame,
    ReplicaFrame,
)
from lab.scenes.clock import clock_words, seconds
from lab.scenes.metrics import first_fitting, width_of
from lab.scenes.replica_cells import COMPACT, ROOMY, Density, Row, draw_log
from lab.scenes.shapes import Shape, glyph, group, rect, text

ROOMY_ROWS_MAX: Final = 4
ROWS_MAX: Final = 12
PACKED_ROWS_MAX: Final = 24  # where cards list only what they have
_PACKED_FROM: Final = 7  # brokers
CARD_WIDTH_MIN: Final = 150
PACKED_WIDTH_MIN: Final = 196  # what a replica is, in a word, beside its figures
GAP: Final = 14
HEAD: Final = 44

#: Signs beside a broker's state, where there is one.
_SIGNS: Final = {"paused": "clock", "stopped": "stop", "crashed": "cross"}


class Role(NamedTuple):
    """What a replica is, in sign, colour and words (the longest first)."""

    glyph: str
    tone: str
    words: tuple[str, ...]


def density_for(partitions: int) -> Density:
    return ROOMY if partitions <= ROOMY_ROWS_MAX else COMPACT


def is_packed(brokers: int, replicas: int) -> bool:
    """Whether cards list only what they have, of a topic with so many replicas a partition."""
    return brokers >= _PACKED_FROM and replicas * 2 <= brokers


def draw_cluster(
    brokers: Sequence[BrokerFrame],
    rows: Sequence[Row],
    width: float,
    density: Density,
    duties: Mapping[int, str] | None = None,
) -> tuple[list[Shape], float]:
    """Broker cards side by side, in more than one line if they are many; and their height.

    `duties`: what to say under a broker's name, by its id.
    """
    copies = max((len(row.partition["replicas"]) for row in rows), default=0)
    has_packed = is_packed(len(brokers), copies)
    least = PACKED_WIDTH_MIN if has_packed else CARD_WIDTH_MIN
    per_line = _cards_per_line(len(brokers), width, least)
    card_width = (width - GAP * (per_line - 1)) / per_line
    of: dict[int, Sequence[Row]] = {broker["id"]: rows for broker in brokers}
    if has_packed:
        of = {id: [row for row in rows if str(id) in row.partition["replicas"]] for id in of}
    most = max((len(mine) for mine in of.values()), default=0)
    card_height = HEAD + max(most, 1) * density.band + 4
    cards = []
    for i, broker in enumerate(brokers):
        line_number, column = divmod(i, per_line)
        at = (column * (card_width + GAP), line_number * (card_height + GAP))
        size, duty = (card_width, card_height), (duties or {}).get(broker["id"], "")
        cards.append(_card(broker, of[broker["id"]], size, density, at, duty))
    lines = -(-len(brokers) // per_line) or 1
    return cards, lines * (card_height + GAP) - GAP


def role_of(broker: BrokerFrame, row: Row, replica: ReplicaFrame) -> Role:
    """Leader, in sync, out, or offline; a crashed leader leads until the controller notices."""
    partition, broker_id = row.partition, broker["id"]
    may_lead = broker_id in partition.get("elr", ())
    if broker["state"] in DOWN:
        sign = "cross" if broker["state"] == "crashed" else "stop"
        if partition["leader"] == broker_id:
            return Role(sign, "out", ("offline, still leader", "still leader", "offline"))
        if may_lead:
            return Role(sign, "out", ("offline, may lead (ELR)", "offline, ELR", "ELR"))
        return Role(sign, "out", ("offline, disk kept", "offline"))
    if partition["leader"] == broker_id:
        return Role("star", "lead", ("leader",))
    if broker_id in partition["isr"]:
        return Role("dot", "sync", ("in sync",))
    if may_lead:
        return Role("ring", "out", ("out, may lead (ELR)", "ELR"))
    behind = row.leader_end - replica["end"]
    if behind > 0:
        return Role("cross", "out", (f"out of ISR, {behind} behind", f"{behind} behind", "out"))
    return Role("cross", "out", ("out of ISR", "out"))


def state_words(broker: BrokerFrame) -> tuple[str, ...]:
    """What to say of a broker beside its name, the longest first."""
    state, since, until = broker["state"], broker["since"], broker["until"]
    if state == "paused" and until is not None:
        return (f"paused until {seconds(until)} s", "paused")
    if state == "crashed" and since is not None:
        return (f"crashed, {seconds(since)} s", "crashed")
    if state == "stopped" and since is not None:
        return (f"shut down, {seconds(since)} s", "shut down", "stopped")
    return (state,)


def _cards_per_line(brokers: int, width: float, least: float) -> int:
    most = max(1, int((width + GAP) // (least + GAP)))
    lines = -(-brokers // most) or 1
    return -(-brokers // lines) or 1


def _card(
    broker: BrokerFrame,
    rows: Sequence[Row],
    size: tuple[float, float],
    density: Density,
    at: tuple[float, float],
    duty: str,
) -> Shape:
    width, height = size
    is_down, is_stopped = broker["state"] in DOWN, broker["state"] == "stopped"
    is_well = broker["state"] in ("online", "starting")
    edge = "line" if is_well else "rule" if is_stopped else "out"
    tone = None if is_well else "ink" if is_stopped else "out-t"
    name = f"Broker {broker['id']}"
    style = "sub" if is_well else "lab"
    room = width - 28 - width_of(name, "h2") - 28
    state, below = first_fitting(state_words(broker), style, room), ""
    if not is_well and width_of(state_words(broker)[-1], style) > room:
        state, below = "", first_fitting(state_words(broker), "tiny", width - 28)
    duty = "" if below or "clock" in broker else duty
    dash = None if is_well else "5 3" if is_down else "2 3"
    y = 24 if below or "clock" in broker else 20 if duty else 28
    children: list[Shape | None] = [
        rect("card", 0, 0, width, height, "none" if is_down else "card", edge,
             radius=10, dash=dash),
        text("name", 14, y, name, "h2", "mute" if is_down else "ink"),
        text("state", width - 14, y, state, style, tone, anchor="end"),
    ]  # fmt: skip
    if below or duty:
        under, tone_under = (39, tone) if below else (34.5, None)
        children.append(text("below", 14, under, below or duty, "tiny", tone_under))
    children += () if below else _clock(broker, width)
    sign = _SIGNS.get(broker["state"])
    if sign is not None:
        x = width - 24 - width_of(state, style)
        children.append(glyph(sign, sign, x, y, tone or "ink", 12 if sign == "clock" else 9))
    if not rows:
        children.append(text("empty", 14, HEAD + density.box / 2, "no partitions", "note"))
    for i, row in enumerate(rows):
        place = (10, HEAD + i * density.band)
        children.append(_place(broker, row, width - 20, density, place))
    spoken = ", ".join([name, state_words(broker)[0], *clock_of(broker), *([duty] if duty else [])])
    return group(f"b{broker['id']}", children, at=at, label=spoken)


def clock_of(broker: BrokerFrame) -> list[str]:
    """What is wrong with its clock, if anything is."""
    return [clock_words(broker["clock"])] if "clock" in broker else []


def _clock(broker: BrokerFrame, width: float) -> Iterator[Shape]:
    """A clock that is wrong, in small under the name."""
    for words in clock_of(broker):
        long = first_fitting((words, words.partition(",")[0]), "tiny", width - 42)
        yield glyph("clock-sign", "clock", 19, 38.5, "out-t", 9)
        yield text("clock", 27, 39, long, "tiny", "out-t")


def _place(
    broker: BrokerFrame, row: Row, width: float, density: Density, at: tuple[float, float]
) -> Shape:
    """The replica of this partition on this broker, or the empty place where none is."""
    partition = row.partition
    name = f"P{partition['id']}"
    replica = partition["replicas"].get(str(broker["id"]))
    if replica is None:
        middle = density.box / 2 + 4.5
        words = first_fitting(("no replica here", "no replica"), "note", width - 60)
        label = f"Partition {partition['id']} has no replica on broker {broker['id']}"
        nothing = text("none", width - 12, middle, words, "note", anchor="end")
        return group(
            f"n{partition['id']}",
            [text("id", density.left, middle, name, "sub"), nothing],
            at=at,
            label=label,
        )
    role = role_of(broker, row, replica)
    draw = _roomy if density is ROOMY else _compact
    label = (
        f"Partition {partition['id']} on broker {broker['id']}: {role.words[0]}, "
        f"end offset {replica['end']}, high watermark {replica['high_watermark']}"
    )
    if "last_stable" in replica:
        label += f", last stable offset {replica['last_stable']}"
    body = [*_frame(role, width, density), *draw(row, replica, role, width, broker)]
    return group(
        f"p{partition['id']}",
        body,
        at=at,
        label=label,
        action=f"select {partition['id']}",
        is_tab_stop=False,
    )


def _frame(role: Role, width: float, density: Density) -> list[Shape]:
    """Border and state band at the left edge."""
    is_leader, is_out = role.tone == "lead", role.tone == "out"
    stroke = role.tone if is_leader or is_out else "line"
    return [
        rect("box", 0, 0, width, density.box, "bg", stroke, radius=7,
             dash="5 3" if is_out else None, stroke_width=2 if is_leader else 1),
        rect("band", 0, 0, 5, density.box, role.tone, radius=2.5),
    ]  # fmt: skip


def _roomy(
    row: Row, replica: ReplicaFrame, role: Role, width: float, broker: BrokerFrame
) -> Iterator[Shape]:
    name = f"P{row.partition['id']}"
    right, tone = width - 12, f"{role.tone}-t"
    style = "sub" if role.tone == "sync" else "lab"
    words = first_fitting(role.words, style, right - 17 - width_of(name, "lab") - 30)
    yield text("id", 17, 22, name, "lab")
    yield text("role", right, 22, words, style, tone, anchor="end")
    yield glyph("glyph", role.glyph, right - width_of(words, style) - 10, 22, tone)
    yield draw_log(row, replica, broker, int((width - 30) // ROOMY.step), ROOMY)
    left, end = _figures(replica, width)
    yield text("hw", 17, 71, left, "num", "mute")
    yield text("end", right, 71, end, "num", "mute", anchor="end")


def _figures(replica: ReplicaFrame, width: float) -> tuple[str, str]:
    """Offsets below the cells; the start of the log and the LSO where they say something."""
    watermark, end = f"HW {replica['high_watermark']}", f"end {replica['end']}"
    start = [f"start {replica['log_start']}"] if replica["log_start"] else []
    stable = [f"LSO {replica['last_stable']}"] if "last_stable" in replica else []
    if start or stable:
        lefts = [" · ".join(each) for each in
                 ([*start, *stable, watermark], [*stable, watermark], [watermark])]  # fmt: skip
        return first_fitting(lefts, "num", width - 44 - width_of(end, "num")), end
    long = (f"high watermark {replica['high_watermark']}", f"end offset {replica['end']}")
    if width_of(" ".join(long), "num") + 40 < width:
        return long
    return (long[0], end) if width > 290 else (watermark, end)


def _compact(
    row: Row, replica: ReplicaFrame, role: Role, width: float, broker: BrokerFrame
) -> Iterator[Shape]:
    name = f"P{row.partition['id']}"
    right, tone = width - 9, f"{role.tone}-t"
    watermark, end = f"HW {replica['high_watermark']}", f"end {replica['end']}"
    figures = max(width_of(watermark, "num"), width_of(end, "num"))
    style = "note" if role.tone == "sync" else "noteb"
    left = 14 + width_of(name, "lab") + 8
    words = first_fitting(role.words, style, right - figures - 8 - left - 16)
    yield text("id", 14, 15, name, "lab")
    yield glyph("glyph", role.glyph, left + 6, 15, tone, 11)
    yield text("role", left + 16, 15, words, style, tone)
    yield draw_log(row, replica, broker, int((right - figures - 20) // COMPACT.step), COMPACT)
    yield text("hw", right, 15, watermark, "num", "mute", anchor="end")
    yield text("end", right, 33, end, "num", "mute", anchor="end")
