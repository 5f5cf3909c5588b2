"""The space-time diagram: a lane a node, time to the right, an arrow a message.

    ❶ 412 ms             ❷ 458 ms               the chain, in words
    producer-1 ───●──────────────────
    broker-1   ━━━━╲●━━━━━✕┄┄┄┄┄┄┄┄┄           thick: leads; dotted: is down
    broker-2   ─────╲───────────────

Arrows of the chain are thick, on the highlight, each with its number; side traffic is quiet.
A message can be selected: then its fields stand below.

Read next: `axis`; `kafkalab.frames.spacetime`, which says what there is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import hypot
from typing import Final

from kafkalab.frames.spacetime import MarkFrame, MessageFrame, SpaceTimeFrame, StepFrame
from lab.scenes.axis import Axis, draw_axis
from lab.scenes.clock import seconds
from lab.scenes.controls import button
from lab.scenes.legend import Entry, draw_legend
from lab.scenes.metrics import fit, width_of, wrap
from lab.scenes.shapes import Scene, Shape, glyph, group, line, path, rect, text

MARGIN: Final = 14
LANE: Final = 58
WIDTH_MIN, WIDTH_MAX = 640, 1400
STATIC_WIDTH: Final = 960
STEP_WIDTH_MIN: Final = 152

#: Colour and dash of a kind of message, and its word.
KINDS: Final[Mapping[str, tuple[str, str | None, str]]] = {
    "produce": ("comm", None, "produce"),
    "fetch": ("sync", "7 3", "fetch (copy or read)"),
    "meta": ("lead", "2 3", "controller, metadata"),
    "group": ("group", "8 3 2 3", "group"),
}

KEYS: Final[Mapping[str, str]] = {
    "ArrowLeft": "left", "ArrowRight": "right", "+": "in", "-": "out", "0": "all",
    "Escape": "select 0", "l": "log",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class View:
    """What a reader looks at: width of the page, the message chosen, how gaps are drawn."""

    width: int = STATIC_WIDTH
    selected: int = 0
    fields: tuple[tuple[str, str], ...] = ()
    is_log: bool = False
    is_live: bool = False
    places: Mapping[str, float] = field(default_factory=dict)

    def at_width(self, width: float) -> "View":
        return replace(self, width=int(min(max(width, WIDTH_MIN), WIDTH_MAX)) // 10 * 10)


def draw(frame: SpaceTimeFrame, view: View) -> Scene:
    """The whole picture."""
    width, inner = view.width, view.width - 2 * MARGIN
    left = MARGIN + max([84.0, *(width_of(lane, "lab") + 12 for lane in frame["lanes"])])
    shapes, y = _head(frame, view, inner)
    chain, height = _chain(frame["chain"], inner)
    shapes.append(group("chain", chain, at=(MARGIN, y), label="The chain of causes"))
    y += height
    top = y + 30
    lanes = {name: top + i * LANE for i, name in enumerate(frame["lanes"])}
    bottom = top + LANE * max(len(lanes) - 1, 0) + 26
    times = [t for m in frame["messages"] for t in (m["sent"], m["arrived"])]
    times += [mark["at"] for mark in frame["marks"]]
    span = (frame["since"], max(frame["until"], frame["since"] + 1))
    axis = Axis(times, span, (left, width - MARGIN - 4), is_log=view.is_log)
    shapes.append(group("lanes", [_lane(n, ly, axis, frame) for n, ly in lanes.items()]))
    shapes.append(group("axis", draw_axis(axis, top - 22, bottom)))
    shapes.append(group("leaders", _leader_words(frame, axis, lanes)))
    order = sorted(frame["messages"], key=lambda m: ("step" in m, m["id"] == view.selected))
    badges: list[tuple[float, float]] = []
    arrows = [_arrow(m, axis, lanes, view, badges) for m in order]
    shapes.append(group("messages", arrows, label="Messages"))
    shapes.append(group("marks", _marks(frame["marks"], axis, lanes)))
    y = bottom + 40
    if view.selected and view.fields:
        card, height = _fields(view.fields, inner)
        shapes.append(group("fields", card, at=(MARGIN, y - 8)))
        y += height + 14
    legend, height = draw_legend(_entries(frame), inner)
    shapes.append(group("legend", [legend], at=(MARGIN, y + 6)))
    total = int(y + height + 8)
    return Scene(width, total, frame["title"], frame["say"], tuple(shapes), KEYS)


def _head(frame: SpaceTimeFrame, view: View, inner: float) -> tuple[list[Shape], float]:
    room = inner - (216 if view.is_live else 0)
    shapes: list[Shape] = [text("title", MARGIN, 32, fit(frame["title"], "h1", room), "h1")]
    if view.is_live:
        shapes.append(_buttons(view))
    settings = frame["settings"]
    if frame["left_out"]:
        settings += f" · {frame['left_out']} quiet messages not shown"
    shapes.append(text("settings", MARGIN, 54, fit(settings, "sub", inner), "sub"))
    lines = wrap(frame["say"], "lab", inner, 4)
    for i, words in enumerate(lines):
        shapes.append(text(f"say{i}", MARGIN, 80 + i * 18, words, "lab"))
    return shapes, 80 + len(lines) * 18 + 4


def _buttons(view: View) -> Shape:
    specs = (
        ("left", "before", "Earlier"), ("right", "next", "Later"), ("in", "plus", "Zoom in"),
        ("out", "minus", "Zoom out"), ("all", "ring", "The whole stretch"),
    )  # fmt: skip
    shapes: list[Shape] = []
    x = 0.0
    for key, icon, label in specs:
        shape, wide = button(key, (x, 0), key, icon=icon, label=label)
        shapes.append(shape)
        x += wide + 6
    label = "Cut long gaps" if view.is_log else "Gaps by their logarithm"
    shape, wide = button("log", (x, 0), "log", words="log", label=label)
    return group("zoom", [*shapes, shape], at=(view.width - MARGIN - x - wide, 12), label="Window")


def badge(key: str, number: int, x: float, y: float) -> Shape:
    """A step's number on a dark disc."""
    disc = path("disc", "M0-9a9 9 0 1 1 -.01 0Z", "ink")
    words = text("n", 0, 4, str(number), "cap", "bg", anchor="middle")
    return group(key, [disc, words], at=(round(x, 1), round(y, 1)))


def _chain(steps: Sequence[StepFrame], inner: float) -> tuple[list[Shape], float]:
    """The steps in words, in as many columns as there is room for."""
    if not steps:
        return [], 0
    per_line = max(1, min(len(steps), int(inner // STEP_WIDTH_MIN)))
    lines = -(-len(steps) // per_line)
    per_line = -(-len(steps) // lines)
    column = inner / per_line
    shapes: list[Shape] = []
    y = 18.0
    for first in range(0, len(steps), per_line):
        tallest = 1
        for i, step in enumerate(steps[first : first + per_line]):
            x = i * column
            words = wrap(step["words"], "note", column - 36, 3)
            tallest = max(tallest, len(words))
            at = f"{seconds(step['at'])} s"
            children = [badge("badge", step["step"], 9, -4.5), text("at", 25, 0, at, "numb")]
            children += [
                text(f"w{j}", 25, 17 + 15 * j, line_of, "note", "ink")
                for j, line_of in enumerate(words)
            ]
            label = f"{at}: {step['words']}"
            action = f"step {step['id']}"
            shapes.append(
                group(f"c{step['step']}", children, at=(x, y), action=action, label=label,
                      is_tab_stop=False)
            )  # fmt: skip
        y += 17 + 15 * tallest + 8
    return shapes, y - 12


def _lane(name: str, y: float, axis: Axis, frame: SpaceTimeFrame) -> Shape:
    shapes: list[Shape] = [
        text("name", MARGIN, y + 4.5, _lane_words(name), "lab"),
        line("line", (axis.left, y), (axis.right, y), "rule", stroke_width=1.5),
    ]
    for i, span in enumerate(s for s in frame["spans"] if s["lane"] == name):
        a, b = axis(span["since"]), axis(span["until"])
        if span["what"] == "leader":
            shapes.append(line(f"s{i}", (a, y), (b, y), "lead", stroke_width=5))
        else:
            shapes.append(line(f"b{i}", (a, y), (b, y), "bg", stroke_width=4))
            shapes.append(line(f"s{i}", (a, y), (b, y), "out", stroke_width=1.5, dash="2 5"))
    return group(f"lane-{name}", shapes, label=name)


def _leader_words(frame: SpaceTimeFrame, axis: Axis, lanes: Mapping[str, float]) -> list[Shape]:
    """Star and word where a broker begins to lead: after a cut rather than across it."""
    shapes: list[Shape] = []
    for i, span in enumerate(frame["spans"]):
        x, end = axis(span["since"]), axis(span["until"])
        for cut in axis.cuts:
            if x - 12 < cut.x < x + 66:
                x = cut.x + 12
        if span["what"] == "leader" and x + 58 <= end:
            y = lanes[span["lane"]] - 9
            shapes += [
                glyph(f"g{i}", "star", x + 8, y, "lead-t"),
                text(f"w{i}", x + 18, y, "leader", "cap", "lead-t", has_halo=True),
            ]
    return shapes


def _lane_words(name: str) -> str:
    kind, _, number = name.rpartition("-")
    return f"{kind} {number}" if kind in ("broker", "controller") else name


def _arrow(
    message: MessageFrame,
    axis: Axis,
    lanes: Mapping[str, float],
    view: View,
    badges: list[tuple[float, float]],
) -> Shape | None:
    if message["source"] not in lanes or message["target"] not in lanes:
        return None
    tone, dash, words = KINDS[message["kind"]]
    x0, y0 = axis(message["sent"]), lanes[message["source"]]
    x1, y1 = axis(message["arrived"]), lanes[message["target"]]
    long = hypot(x1 - x0, y1 - y0) or 1.0
    ux, uy = (x1 - x0) / long, (y1 - y0) / long
    is_front = "step" in message
    is_chosen = message["id"] == view.selected
    shapes: list[Shape] = []
    if is_front:
        tone = f"{tone}-t"
        shapes.append(
            path("glow", f"M{x0:.1f} {y0:.1f}L{x1:.1f} {y1:.1f}", "none", "mark", stroke_width=12)
        )
    elif is_chosen:
        tone = f"{tone}-t"
    wide = 3 if is_front or is_chosen else 1.5
    end = (x1 - ux * 6, y1 - uy * 6)
    shapes.append(line("line", (x0, y0), end, tone, dash=dash, stroke_width=wide))
    w = 4.5 if is_front or is_chosen else 3.5
    head = (
        f"M{x1:.1f} {y1:.1f}L{x1 - ux * 9 - uy * w:.1f} {y1 - uy * 9 + ux * w:.1f} "
        f"{x1 - ux * 9 + uy * w:.1f} {y1 - uy * 9 - ux * w:.1f}Z"
    )
    shapes.append(path("head", head, tone))
    if is_front:
        x, y = _badge_place((x0, y0), (x1, y1), badges)
        shapes.append(badge("badge", message["step"], x, y))
    api = message["api"].replace("_", " ").lower()
    label = (
        f"{words}: {api} {message['what']} from {message['source']} at {message['sent']} ms "
        f"to {message['target']} at {message['arrived']} ms"
    )
    action = f"select {message['id']}" if view.is_live else None
    key = f"m{message['id']}{'f' if is_front else ''}"
    return group(key, shapes, label=label, action=action, is_tab_stop=False)


def _badge_place(
    start: tuple[float, float], end: tuple[float, float], taken: list[tuple[float, float]]
) -> tuple[float, float]:
    """On the arrow, between two lanes, and on no other badge."""
    lanes = max(1, round(abs(end[1] - start[1]) / LANE))
    places = [(i + share) / lanes for share in (0.5, 0.3, 0.7) for i in range(lanes)]
    spots = [
        (start[0] + (end[0] - start[0]) * p, start[1] + (end[1] - start[1]) * p) for p in places
    ]
    free = (s for s in spots if all(hypot(s[0] - x, s[1] - y) > 20 for x, y in taken))
    spot = next(free, (spots[0][0] + 22 * len(taken), spots[0][1]))
    taken.append(spot)
    return spot


def _marks(marks: Sequence[MarkFrame], axis: Axis, lanes: Mapping[str, float]) -> list[Shape]:
    """Signs on the lanes, and their words where there is room: the chain's first."""
    shapes: list[Shape] = []
    taken: list[tuple[float, float, float]] = []  # left, right, baseline
    drawn: set[tuple[str, int, str]] = set()
    for mark in sorted(marks, key=lambda m: ("step" not in m, m["at"])):
        if mark["lane"] not in lanes or (mark["lane"], mark["at"], mark["glyph"]) in drawn:
            continue
        drawn.add((mark["lane"], mark["at"], mark["glyph"]))
        x, y = axis(mark["at"]), lanes[mark["lane"]]
        tone = "ink" if mark["tone"] == "ink" else f"{mark['tone']}-t"
        is_front = "step" in mark
        children: list[Shape] = []
        if is_front:
            children.append(path("glow", "M-1 0L1 0", "none", "mark", stroke_width=22))
        children.append(glyph("sign", mark["glyph"], 0, 5.5, tone, 15 if is_front else 11))
        shape_words = _placed(mark, x, y, axis, taken, tone)
        if shape_words is not None:
            children += shape_words
        shapes.append(group(f"e{mark['id']}", children, at=(round(x, 1), y), label=mark["words"]))
    return shapes


def _placed(
    mark: MarkFrame, x: float, y: float, axis: Axis, taken: list[tuple[float, float, float]],
    tone: str,
) -> list[Shape] | None:  # fmt: skip
    """Words below the lane, right of the sign or left of it, where no others stand."""
    style = "lab" if "step" in mark else "cap"
    wide = width_of(mark["words"], style)
    extra = 22.0 if "step" in mark else 0.0
    tries = [(dy, side, True) for dy in (20.0, -12.0, 34.0) for side in (1, -1)]
    for dy, side, is_clear in [*tries, *((dy, side, False) for dy, side, _ in tries)]:
        start = x + 8 if side > 0 else x - 8 - wide - extra
        end = start + wide + extra
        fits = start >= axis.left - 4 and end <= axis.right + 4
        line_y = y + dy
        free = all(end + 6 < a or start - 6 > b or abs(line_y - c) > 15 for a, b, c in taken)
        clear = not is_clear or all(
            end + 2 < cut.x - 12 or start - 2 > cut.x + 12 for cut in axis.cuts
        )
        if fits and free and clear:
            taken.append((start, end, line_y))
            shapes = [text("words", start - x, dy, mark["words"], style, tone, has_halo=True)]
            if "step" in mark:
                shapes.append(badge("badge", mark["step"], start - x + wide + 13, dy - 4.5))
            return shapes
    if "step" in mark:
        return [badge("badge", mark["step"], 0, -16)]
    return None


def _fields(fields: Sequence[tuple[str, str]], inner: float) -> tuple[list[Shape], float]:
    """What the chosen message holds, in columns."""
    columns = 2 if inner >= 760 and len(fields) > 6 else 1
    per_column = -(-len(fields) // columns)
    height = 16 + per_column * 20
    wide = inner / columns
    names = max((width_of(name, "note") for name, _ in fields), default=0) + 16
    shapes: list[Shape] = [rect("card", 0, 0, inner, height, "card", "line", radius=10)]
    for i, (name, value) in enumerate(fields):
        column, row = divmod(i, per_column)
        x, y = 14 + column * wide, 24 + row * 20
        shapes.append(text(f"n{i}", x, y, name, "note"))
        room = wide - names - 28
        shapes.append(text(f"v{i}", x + names, y, fit(value, "num", room), "num"))
    return shapes, height


def _entries(frame: SpaceTimeFrame) -> list[Entry]:
    used = {message["kind"] for message in frame["messages"]}
    entries = [
        Entry(line("shape", (0, 0), (34, 0), tone, dash=dash, stroke_width=2), 34, words)
        for kind, (tone, dash, words) in KINDS.items()
        if kind in used
    ]
    if any(span["what"] == "leader" for span in frame["spans"]):
        entries.append(Entry(line("shape", (0, 0), (30, 0), "lead", stroke_width=5), 30, "leads"))
    if any(span["what"] != "leader" for span in frame["spans"]):
        down = line("shape", (0, 0), (30, 0), "out", dash="2 5", stroke_width=1.5)
        entries.append(Entry(down, 30, "down, or stands still"))
    if frame["chain"]:
        glow = line("shape", (0, 0), (30, 0), "mark", stroke_width=12)
        entries.append(Entry(glow, 30, "the causal chain"))
    return entries
