"""Messages of a spacetime diagram as arrows, and right of now those that are under way.

An arrow that has arrived goes from its sending to its arrival.  One that flies is drawn on to where
it is due; one that waits ends between the lanes, with a sign that says so.  Where there is room for
it, an arrow bears its name.

Read next: `spacetime`.
"""

from collections.abc import Mapping
from math import hypot
from typing import Final

from kafkalab.frames.spacetime import MessageFrame, SpaceTimeFrame
from lab.scenes.axis import Axis
from lab.scenes.message_card import title_of
from lab.scenes.metrics import width_of
from lab.scenes.shapes import Shape, glyph, group, line, path, text
from lab.scenes.spacetime_marks import badge

#: Colour and dash of a kind of message, and its word.
KINDS: Final[Mapping[str, tuple[str, str | None, str]]] = {
    "produce": ("comm", None, "produce"),
    "fetch": ("sync", "7 3", "fetch (copy or read)"),
    "meta": ("lead", "2 3", "controller, metadata"),
    "group": ("group", "8 3 2 3", "group"),
}
Point = tuple[float, float]
_ROOM: Final = 90  # between two lanes; and from here on a name may be shortened


def draw_messages(
    frame: SpaceTimeFrame,
    axis: Axis,
    lanes: Mapping[str, float],
    selected: str,
    inner: float,
    *,
    is_live: bool,
) -> list[Shape]:
    """All, quiet ones first, the chain and the one chosen last (on top)."""
    order = sorted(frame["messages"], key=lambda m: ("step" in m, m["name"] == selected))
    placed = _under_way(frame, axis, lanes, inner)
    badges: list[Point] = []
    names: list[Point] = []
    shapes: list[Shape] = []
    for message in order:
        if message["source"] not in lanes or message["target"] not in lanes:
            continue
        start = (axis(message["sent"]), lanes[message["source"]])
        if message["state"] == "arrived":
            end = (axis(message["arrived"] or 0), lanes[message["target"]])
        else:
            end = placed[message["name"]]
        start = _seen_from(message, frame["since"], start, end, axis)
        arrow = _arrow(message, start, end, badges, selected, is_live=is_live)
        arrow.children += tuple(_name(message, start, end, names))
        shapes.append(arrow)
    return shapes


def _name(message: MessageFrame, start: Point, end: Point, taken: list[Point]) -> list[Shape]:
    """Which message an arrow to the next lane is, if it is long enough and no other name is there.

    A long name of a request is told by its beginning.
    """
    api, room = message["api"].replace("_", " ").lower(), abs(end[0] - start[0])
    is_long = message["what"] == "request" and room > _ROOM
    names = (f"{api} request", api) if is_long else (f"{api} {message['what']}",)
    words = next((each for each in names if width_of(each, "tiny") < room), "")
    x, y, wide = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2, width_of(words, "tiny")
    is_free = all(abs(x - at) > wide or abs(y - level) > 14 for at, level in taken)
    if "step" in message or not words or abs(end[1] - start[1]) > _ROOM or not is_free:
        return []
    taken.append((x, y))
    return [text("name", x, y + 4, words, "tiny", "ink", anchor="middle", has_halo=True)]


def _seen_from(
    message: MessageFrame, since: int, start: Point, end: Point, axis: Axis
) -> Point:  # fmt: skip
    """Where an arrow enters the picture, if it was sent before the stretch begins."""
    arrived = message["arrived"]
    if message["sent"] >= since or arrived is None or arrived <= message["sent"]:
        return start
    share = (since - message["sent"]) / (arrived - message["sent"])
    return axis.left, start[1] + share * (end[1] - start[1])


def _under_way(
    frame: SpaceTimeFrame, axis: Axis, lanes: Mapping[str, float], inner: float
) -> dict[str, Point]:
    """Where those under way end: at their lane if they fly, between the lanes if they wait."""
    flying = [m for m in frame["messages"] if m["state"] != "arrived"]
    left, right = axis.right + 12, inner - 16
    dues = [m["arrived"] - frame["now"] for m in flying if m["arrived"] is not None]
    longest = max([1, *dues])
    waiting = [m for m in flying if m["arrived"] is None]
    step = (right - left) / max(len(waiting), 1)
    found: dict[str, Point] = {}
    taken: dict[float, int] = {}
    for message in flying:
        y0, y1 = lanes.get(message["source"], 0.0), lanes.get(message["target"], 0.0)
        if message["arrived"] is not None:
            share = (message["arrived"] - frame["now"]) / longest
            beside = taken[y1] = taken.get(y1, -1) + 1
            x = left + share * (right - left) - (beside * 11) % (right - left)
            found[message["name"]] = (x, y1)
        else:
            i = waiting.index(message)
            x = left + (i + 0.5) * step
            found[message["name"]] = (x, y0 + (y1 - y0) * (0.5 if abs(y1 - y0) < 80 else 0.42))
    return found


def _arrow(
    message: MessageFrame,
    start: Point,
    end: Point,
    badges: list[Point],
    selected: str,
    *,
    is_live: bool,
) -> Shape:
    tone, dash, words = KINDS[message["kind"]]
    (x0, y0), (x1, y1) = start, end
    long = hypot(x1 - x0, y1 - y0) or 1.0
    ux, uy = (x1 - x0) / long, (y1 - y0) / long
    is_front, is_chosen = "step" in message, message["name"] == selected
    shapes: list[Shape] = []
    if is_front or is_chosen:
        tone = f"{tone}-t"
        way = f"M{x0:.1f} {y0:.1f}L{x1:.1f} {y1:.1f}"
        glow = "mark" if is_front else "soft"
        shapes.append(path("glow", way, "none", glow, stroke_width=12))
    wide = 3.0 if is_front or is_chosen else 1.5
    waits = message["state"] not in ("arrived", "flying")
    tip = (x1, y1) if waits else (x1 - ux * 6, y1 - uy * 6)
    shapes.append(line("line", start, tip, tone, dash=dash, stroke_width=wide))
    if is_live:
        shapes.append(_easy_to_hit(start, end))
    if waits:
        sign = "pause" if message["state"] == "held" else "clock"
        disc = f"M{x1:.1f} {y1 - 9:.1f}a9 9 0 1 1 -.01 0Z"
        shapes.append(path("disc", disc, "bg", "out", stroke_width=1.5))
        shapes.append(glyph("head", sign, x1, y1 + 4.6, "out-t", 10))
    else:
        w = 4.5 if is_front or is_chosen else 3.5
        d = (
            f"M{x1:.1f} {y1:.1f}L{x1 - ux * 9 - uy * w:.1f} {y1 - uy * 9 + ux * w:.1f} "
            f"{x1 - ux * 9 + uy * w:.1f} {y1 - uy * 9 - ux * w:.1f}Z"
        )
        is_there = message["state"] == "arrived"
        shapes.append(path("head", d, tone if is_there else "bg", None if is_there else tone))
    if is_front:
        x, y = _badge_place(start, end, badges)
        shapes.append(badge("badge", message["step"], x, y))
    action = f"select {message['name']}" if is_live else None
    key = f"m{message['id'] or message['name'].replace(' ', '.')}{'f' if is_front else ''}"
    label = f"{words}: {_label(message)}"
    return group(key, shapes, label=label, action=action, is_tab_stop=False)


def _easy_to_hit(start: Point, end: Point) -> Shape:
    """A wide line that nobody sees, so that a thin one can be pressed."""
    shape = line("hit", start, end, "ink", stroke_width=11)
    shape.attributes["stroke-opacity"] = 0
    return shape


def _label(message: MessageFrame) -> str:
    way = f"{title_of(message)}, sent at {message['sent']} ms"
    match message["state"]:
        case "arrived":
            return f"{way}, arrived at {message['arrived']} ms"
        case "flying":
            return f"{way}, due at {message['arrived']} ms"
        case "held":
            return f"{way}, held in flight"
    return f"{way}, waits ({message['state']})"


def _badge_place(start: Point, end: Point, taken: list[Point]) -> Point:
    """On the arrow, between two lanes, and on no other badge."""
    lanes = max(1, round(abs(end[1] - start[1]) / 58))
    places = [(i + share) / lanes for share in (0.5, 0.3, 0.7) for i in range(lanes)]
    spots = [
        (start[0] + (end[0] - start[0]) * p, start[1] + (end[1] - start[1]) * p) for p in places
    ]
    free = (s for s in spots if all(hypot(s[0] - x, s[1] - y) > 20 for x, y in taken))
    spot = next(free, (spots[0][0] + 22 * len(taken), spots[0][1]))
    taken.append(spot)
    return spot
