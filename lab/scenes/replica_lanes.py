"""Replicas as lanes over one offset axis: what each has, what the leader knows, the watermark.

                                  high watermark 41
    broker 1  ★ leader       ■■■■■■■■■■□□        end 43
    broker 2  ● in sync      ■■■■■■■■■■□┆        end 42   the leader knows 41, 3 ms ago
                                       ▲
Solid in two tones: has it, and knows it is committed, or not.  Dashed: has it not.  The triangle
is the follower's last fetch offset: all that the leader knows of it.

Invariants: an offset keeps its place while the window does; marks outside it wait at its edge.
Read next: `pictures.replication`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from kafkalab.frames.replication import ReplicaDepthFrame, ReplicationFrame
from lab.scenes.metrics import fit, width_of
from lab.scenes.shapes import Shape, glyph, group, line, path, rect, text

LANE: Final = 62
_GAP: Final = 8
_STEP: Final = 20
_LEFT: Final = 150
_NARROW: Final = 780
_TOP: Final = 48


class Standing(NamedTuple):
    """How a replica stands, as a sign, a tone, a word, and the band of its lane."""

    glyph: str
    tone: str
    words: str
    band: str


class _Window(NamedTuple):
    first: int
    count: int
    x: float

    def at(self, offset: int) -> float:
        """The left edge of an offset's cell, kept within the window."""
        return self.x + min(max(offset - self.first, 0), self.count) * _STEP


def standing_of(
    each: ReplicaDepthFrame, frame: ReplicationFrame, states: Mapping[int, str]
) -> Standing:
    """In words; states are those of the brokers."""
    id = each["id"]
    more = ", in ELR" if id in frame["elr"] else ""
    if not each["is_up"]:
        return Standing("cross", "out-t", f"crashed{more}", "out")
    paused = "paused, " if states.get(id) == "paused" else ""
    if each["is_leader"]:
        return Standing("star", "lead-t", f"{paused}leader", "lead")
    if each["in_isr"] and id not in frame["wanted"]:
        return Standing("clock", "out-t", f"{paused}to leave ISR", "out")
    if each["in_isr"]:
        return Standing("dot", "sync-t", f"{paused}in sync", "sync")
    if id in frame["wanted"]:
        return Standing("swap", "group-t", "to join ISR", "group")
    if each["counts"]:
        return Standing("clock", "group-t", "nearly in sync", "group")
    return Standing("cross", "out-t", f"{paused}out of sync{more}", "out")


def draw_lanes(
    frame: ReplicationFrame, states: Mapping[int, str], width: float
) -> tuple[list[Shape], float]:
    """One lane a replica, and the height of all."""
    columns = _columns(width)
    room = min(columns.values()) - 66 - _LEFT
    count = max(int(room // _STEP), 4)
    end = max((each["end"] for each in frame["replicas"]), default=0)
    window = _Window(max(end - count + 1, 0), count, _LEFT)
    bottom = _TOP + len(frame["replicas"]) * (LANE + _GAP) - _GAP
    shapes: list[Shape] = [group("heads", _heads(window, columns, end))]
    for index, each in enumerate(frame["replicas"]):
        y = _TOP + index * (LANE + _GAP)
        standing = standing_of(each, frame, states)
        drawn = list(_lane(each, frame, standing, window, columns, width))
        label = _label(each, standing)
        shapes.append(group(f"b{each['id']}", drawn, at=(0, y), label=label))
    shapes.append(_watermark(frame, window, bottom))
    return shapes, bottom


def _columns(width: float) -> dict[str, float]:
    """Right edges of the figures."""
    widths = [("end", 52), ("own HW", 58), ("leader knows", 92), ("caught up", 86)]
    if width < _NARROW:
        widths = [("end", 44), ("leader knows", 88), ("caught up", 86)]
    edges, x = {}, width - 12
    for name, wide in reversed(widths):
        edges[name] = x
        x -= wide
    return edges


def _heads(window: _Window, columns: Mapping[str, float], end: int) -> Iterator[Shape]:
    for name, right in columns.items():
        yield text(f"h-{name}", right, 36, name, "cap", anchor="end")
    step = 5 if window.count < 40 else 10
    for offset in range(window.first, window.first + window.count):
        if offset % step == 0 and offset <= end:
            x = window.at(offset) + 9
            yield text(f"o{offset}", x, 40, str(offset), "tiny", anchor="middle")


def _lane(
    each: ReplicaDepthFrame,
    frame: ReplicationFrame,
    standing: Standing,
    window: _Window,
    columns: Mapping[str, float],
    width: float,
) -> Iterator[Shape]:
    dash = None if each["is_up"] else "4 3"
    edge = "lead" if each["is_leader"] else "line" if each["is_up"] else "out"
    yield rect("card", 0, 0, width, LANE, "card", edge, radius=7, dash=dash,
               stroke_width=2 if each["is_leader"] else 1)  # fmt: skip
    yield rect("band", 0, 5, 5, LANE - 10, standing.band, radius=2)
    yield text("name", 18, 26, f"Broker {each['id']}", "h2", "ink" if each["is_up"] else "mute")
    yield glyph("sign", standing.glyph, 24, 47.5, standing.tone, 11)
    words = fit(standing.words, "note", _LEFT - 42)
    yield text("standing", 34, 47, words, "note", standing.tone)
    yield group("cells", _cells(each, frame, window))
    if each["known_end"] is not None:
        yield _known(each, frame, window)
    yield from _figures(each, frame, columns)


def _cells(each: ReplicaDepthFrame, frame: ReplicationFrame, window: _Window) -> Iterator[Shape]:
    end = max(other["end"] for other in frame["replicas"])
    leader = next((r for r in frame["replicas"] if r["is_leader"]), None)
    for offset in range(window.first, min(window.first + window.count, end)):
        look = _look(each, leader, offset)
        fill, stroke, dash = look
        yield rect(f"c{offset}", window.at(offset), 15, 18, 18, fill, stroke, radius=3, dash=dash,
                   role="cell")  # fmt: skip


def _look(
    each: ReplicaDepthFrame, leader: ReplicaDepthFrame | None, offset: int
) -> tuple[str, str | None, str | None]:
    if not each["log_start"] <= offset < each["end"]:
        return "none", "rule", "2 2"
    if leader is not None and leader is not each and _diverges(each, leader, offset):
        return "group-s", "group", None
    if not each["is_up"]:
        return "none", "comm", None
    if offset < each["high_watermark"]:
        return "comm", None, None
    return "unc", "comm", None


def _diverges(each: ReplicaDepthFrame, leader: ReplicaDepthFrame, offset: int) -> bool:
    """The leader has another record there, or none: this one will be cut away."""
    if offset >= leader["end"]:
        return True
    return _epoch_at(each["epochs"], offset) != _epoch_at(leader["epochs"], offset)


def _epoch_at(epochs: Sequence[Sequence[int]], offset: int) -> int:
    found = -1
    for epoch, start in epochs:
        if start <= offset:
            found = epoch
    return found


def _known(each: ReplicaDepthFrame, frame: ReplicationFrame, window: _Window) -> Shape:
    """A triangle under the edge up to which the leader knows the follower to be; open: it waits."""
    known = each["known_end"] or 0
    x = window.at(known) - 1
    shape = "M-6-5 4-11V1Z" if known < window.first else "M0-10 6 0H-6Z"
    place = f"translate({x:g},49)"
    if holds(each, frame):
        return path("known", shape, "bg", "out-t", stroke_width=1.8, transform=place)
    return path("known", shape, "sync-t", transform=place)


def holds(each: ReplicaDepthFrame, frame: ReplicationFrame) -> bool:
    """Whether the high watermark waits for it, and for what it has not told yet."""
    behind = each["known_end"] is None or each["known_end"] <= frame["high_watermark"]
    is_open = frame["high_watermark"] < frame["end"]
    return frame["leads"] and each["counts"] and not each["is_leader"] and behind and is_open


def _figures(
    each: ReplicaDepthFrame, frame: ReplicationFrame, columns: Mapping[str, float]
) -> Iterator[Shape]:
    known, is_held = each["known_end"], holds(each, frame)
    ago = each["caught_up_ms"]
    is_late = ago is not None and ago > frame["lag_time_max_ms"]
    figures = {
        "end": (str(each["end"]), "num", None),
        "own HW": (str(each["high_watermark"]), "num", None),
        "leader knows": (
            "–" if known is None else str(known),
            "numb",
            "out-t" if is_held else None,
        ),
        "caught up": (ago_words(ago), "num", "out-t" if is_late else "mute"),
    }
    for name, right in columns.items():
        words, style, tone = figures[name]
        is_of_leader = each["is_leader"] or not frame["leads"]
        if is_of_leader and name in ("leader knows", "caught up"):
            words, tone = "–", "mute"
        yield text(f"v-{name}", right, 29, words, style, tone, anchor="end")
    if is_held:
        yield text("holds", columns["caught up"], 49, "holds the watermark", "tiny", "out-t",
                   anchor="end")  # fmt: skip


def ago_words(ms: int | None) -> str:
    """`3 ms ago`, `12.0 s ago`, `no fetch`."""
    if ms is None:
        return "no fetch"
    return f"{ms} ms ago" if ms < 1000 else f"{ms / 1000:.1f} s ago"


def _watermark(frame: ReplicationFrame, window: _Window, bottom: float) -> Shape:
    """One line through all lanes; out of the window it waits at the edge."""
    mark = frame["high_watermark"]
    x = window.at(mark) - 1
    words = f"high watermark {mark}"
    if mark < window.first:
        words = f"high watermark {mark}, before this window"
    shapes = [
        line("line", (0, 22), (0, bottom), "ink", stroke_width=2),
        text("words", 0, 16, words, "noteb", anchor="middle", has_halo=True),
    ]
    half = width_of(words, "noteb") / 2
    if x - half < 0:
        shapes[1] = text("words", -x, 16, words, "noteb", has_halo=True)
    return group("hw", shapes, at=(x, 0))


def _label(each: ReplicaDepthFrame, standing: Standing) -> str:
    known = f", the leader knows {each['known_end']}" if each["known_end"] is not None else ""
    return f"Broker {each['id']}: {standing.words}, end {each['end']}{known}"
