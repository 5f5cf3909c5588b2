"""The spacetime diagram: a lane a node, time to the right, an arrow a message.

    ❶ 412 ms             ❷ 458 ms               the chain, in words
    producer-1 ───●──────────────────┊─
    broker-1   ━━━━╲●━━━━━✕┄┄┄┄┄┄┄┄┄┄┊╲         thick: leads; dotted: is down
    broker-2   ─────╲────────────────┊─▷        right of now: what is under way

Arrows of the chain are thick, on the highlight, each with its number; side traffic is quiet.
A message can be opened: then its card stands below, with what can be done to it.

Read next: `spacetime_arrows`, `message_card`; `kafkalab.frames.spacetime`, what there is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from kafkalab.frames.spacetime import SPAN_MS, MessageFrame, SpaceTimeFrame, StepFrame
from kafkalab.frames.spacetime_window import AROUND_MS
from lab.scenes.axis import Axis, draw_axis
from lab.scenes.clock import seconds
from lab.scenes.controls import button
from lab.scenes.legend import Entry, draw_legend
from lab.scenes.message_card import acts_on, draw_card
from lab.scenes.metrics import fit, width_of, wrap
from lab.scenes.shapes import Scene, Shape, glyph, group, line, text
from lab.scenes.spacetime_arrows import KINDS, draw_messages
from lab.scenes.spacetime_marks import badge, draw_marks
from lab.scenes.view import MARGIN, Block

LANE: Final = 58
LANE_MIN: Final = 40  # when there are many
WIDTH_MIN, WIDTH_MAX = 640, 1400
STATIC_WIDTH: Final = 960
STEP_WIDTH_MIN: Final = 152
FUTURE: Final = 84.0  # right of now, where something is under way
SPAN_MS_MIN: Final = 4

KEYS: Final[Mapping[str, str]] = {
    "ArrowLeft": "left", "ArrowRight": "right", "+": "in", "-": "out", "0": "all",
    "Escape": "select", "l": "log", "n": "next", "p": "previous",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class View:
    """What a reader looks at: the stretch (None: where it begins by itself), the message chosen
    by its name, how gaps are drawn.

    `span`: so many ms up to the instant looked at, while no stretch is chosen.  `opens`: "" where
    something last happened, "now" at the instant looked at, "whole" for the run so far.
    """

    width: int = STATIC_WIDTH
    selected: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    is_log: bool = False
    is_live: bool = False
    is_present: bool = True  # nothing has happened since: what is done is done here
    stretch: tuple[int, int] | None = None
    span: int = SPAN_MS
    opens: str = ""

    def at_width(self, width: float) -> "View":
        return replace(self, width=int(min(max(width, WIDTH_MIN), WIDTH_MAX)) // 10 * 10)


def draw(frame: SpaceTimeFrame, view: View) -> Scene:
    """The picture alone, with its title."""
    inner = view.width - 2 * MARGIN
    shapes, y = _head(frame, inner)
    block = draw_block(frame, view, inner)
    shapes.append(group("body", block.shapes, at=(MARGIN, y)))
    y += block.height
    legend, height = draw_legend(entries(frame), inner)
    shapes.append(group("legend", [legend], at=(MARGIN, y + 26)))
    total = int(y + 26 + height + 8)
    keys = {**KEYS, **keys_of(frame, view)}
    return Scene(view.width, total, frame["title"], frame["say"], tuple(shapes), keys)


def draw_block(frame: SpaceTimeFrame, view: View, inner: float) -> Block:
    """Everything but title, finding and legend."""
    shapes: list[Shape] = []
    y = 0.0
    if view.is_live:
        shapes.append(group("window", _toolbar(frame, view, inner), label="Window"))
        y += 34
    chain, height = _chain(frame["chain"], inner, is_live=view.is_live)
    shapes.append(group("chain", chain, at=(0, y), label="The chain of causes", arrows="line"))
    y += height
    if frame["chain"] and not frame["lanes"]:
        words = "These causes are of the time before this world began: no messages are kept of it."
        return Block((*shapes, text("none", 0, y + 24, words, "note")), y + 30)
    top = y + 30
    lane = LANE if len(frame["lanes"]) <= 9 else LANE_MIN
    lanes = {name: top + i * lane for i, name in enumerate(frame["lanes"])}
    lanes |= {name: lanes[shared] for name, shared in frame["folded"].items() if shared in lanes}
    bottom = top + lane * max(len(frame["lanes"]) - 1, 0) + 26
    axis = _axis(frame, view, inner)
    names = [_lane(name, lanes[name], axis, frame, inner) for name in frame["lanes"]]
    shapes.append(group("lanes", names))
    shapes.append(group("axis", draw_axis(axis, top - 22, bottom)))
    shapes.append(group("leaders", _leader_words(frame, axis, lanes)))
    if frame["since"] <= frame["now"] <= frame["until"]:
        shapes.append(_now(axis, frame, (top - 22, bottom), inner))
    arrows = draw_messages(frame, axis, lanes, view.selected, inner, is_live=view.is_live)
    shapes.append(group("messages", arrows, label="Messages", arrows="line"))
    shapes.append(group("marks", draw_marks(frame["marks"], axis, lanes)))
    y = bottom + 26
    if not frame["messages"] and not frame["chain"] and view.is_live:
        words = "No message in this stretch: zoom out, or let time pass."
        shapes.append(text("none", 0, y + 10, words, "note"))
        y += 20
    message = chosen(frame, view)
    if message is not None and view.fields:
        acts = acts_on(frame, message, is_present=view.is_present)
        card, height = draw_card(message, view.fields, acts, inner, is_live=view.is_live)
        shapes.append(group("fields", card, at=(0, y + 8), label="The message opened"))
        y += height + 14
    return Block(tuple(shapes), y)


def chosen(frame: SpaceTimeFrame, view: View) -> MessageFrame | None:
    """The message that is open, if it is in the picture."""
    return next((m for m in frame["messages"] if m["name"] == view.selected), None)


def obey(frame: SpaceTimeFrame, view: View, words: list[str]) -> View | None:
    """What an action of this picture makes of the view; None if it is none of its own."""
    since, until = frame["since"], frame["until"]
    match words:
        case ["in"]:
            return _zoomed(frame, view, 0.5)
        case ["out"]:
            return _zoomed(frame, view, 2)
        case ["left"]:
            return moved(frame, view, -0.25)
        case ["right"]:
            return moved(frame, view, 0.25)
        case ["all"]:
            opens = "" if frame["chain"] else "whole"
            return replace(view, stretch=None, span=SPAN_MS, opens=opens)
        case ["now"]:
            return replace(view, stretch=None, span=SPAN_MS, opens="now")
        case ["log"]:
            return replace(view, is_log=not view.is_log)
        case ["step", id] if id.isdigit():
            at = next((step["at"] for step in frame["chain"] if step["id"] == int(id)), None)
            return view if at is None else replace(view, stretch=(at - AROUND_MS, at + AROUND_MS))
        case ["window", first, last] if first.isdigit() and last.isdigit():
            return replace(view, stretch=(int(first), int(last)))
        case ["next" | "previous"]:
            return replace(view, selected=_beside(frame, view, words[0]), stretch=(since, until))
        case ["select", *name]:
            wanted = " ".join(name)
            return replace(view, selected="" if wanted == view.selected else wanted)
    return None


def keys_of(frame: SpaceTimeFrame, view: View) -> dict[str, str]:
    """Keys that act on the message that is open."""
    message = chosen(frame, view)
    if message is None or not view.is_live:
        return {}
    acts = acts_on(frame, message, is_present=view.is_present)
    return {act.key: act.action for act in acts}


def zoomed(frame: SpaceTimeFrame, view: View, factor: float) -> View:
    """So many times as long a stretch, about the same middle."""
    since, until = frame["since"], frame["until"]
    middle, half = (since + until) / 2, max((until - since) * factor, SPAN_MS_MIN) / 2
    return replace(view, stretch=(round(middle - half), round(middle + half)))


def moved(frame: SpaceTimeFrame, view: View, share: float) -> View:
    """Later by so much of the stretch (earlier if negative)."""
    since, until = frame["since"], frame["until"]
    by = round((until - since) * share)
    by = max(by, -since) if by < 0 else by  # later than the end it is cut off where it is made
    return replace(view, stretch=(since + by, until + by))


def within(stretch: tuple[int, int], run: tuple[int, int]) -> tuple[int, int]:
    """The stretch, moved to lie within the run, if it is not longer."""
    (since, until), (first, last) = stretch, run
    wide = min(max(until - since, SPAN_MS_MIN), last - first)
    since = min(max(since, first), last - wide)
    return since, since + wide


def _zoomed(frame: SpaceTimeFrame, view: View, factor: float) -> View:
    """Without a stretch of its own the picture goes on to end at the instant looked at."""
    if view.stretch is None and not frame["chain"] and view.opens != "whole":
        return replace(view, span=max(round(view.span * factor), SPAN_MS_MIN))
    return zoomed(frame, view, factor)


def _beside(frame: SpaceTimeFrame, view: View, which: str) -> str:
    names = [message["name"] for message in frame["messages"]]
    if not names:
        return ""
    step = 1 if which == "next" else -1
    if view.selected not in names:
        return names[0 if step > 0 else -1]
    return names[(names.index(view.selected) + step) % len(names)]


def _head(frame: SpaceTimeFrame, inner: float) -> tuple[list[Shape], float]:
    shapes: list[Shape] = [
        text("title", MARGIN, 32, fit(frame["title"], "h1", inner), "h1"),
        text("settings", MARGIN, 54, fit(frame["settings"], "sub", inner), "sub"),
    ]
    lines = wrap(frame["say"], "lab", inner, 4)
    for i, words in enumerate(lines):
        shapes.append(text(f"say{i}", MARGIN, 80 + i * 18, words, "lab"))
    return shapes, 80 + len(lines) * 18 + 4


def _toolbar(frame: SpaceTimeFrame, view: View, inner: float) -> list[Shape]:
    specs = (
        ("left", "before", "Earlier"), ("right", "next", "Later"), ("in", "plus", "Zoom in"),
        ("out", "minus", "Zoom out"),
        ("all", "ring", "The whole chain" if frame["chain"] else "The whole run"),
    )  # fmt: skip
    shapes: list[Shape] = []
    x = 0.0
    for key, icon, label in specs:
        shape, wide = button(key, (x, 0), key, icon=icon, label=label)
        shapes.append(shape)
        x += wide + 6
    shape, wide = button("now", (x, 0), "now", words="now", label="The instant looked at",
                         is_disabled=frame["until"] == frame["now"])  # fmt: skip
    shapes.append(shape)
    x += wide + 6
    label = "Cut long gaps" if view.is_log else "Gaps by their logarithm"
    shape, wide = button("log", (x, 0), "log", words="to scale" if view.is_log else "log time",
                         label=label)  # fmt: skip
    shapes.append(shape)
    x += wide + 14
    words = f"{seconds(frame['since'])} s to {seconds(frame['until'])} s"
    if frame["left_out"]:
        words += f" · {frame['left_out']} messages not shown"
    elif frame["messages"]:
        words += " · press a message to open it"
    shapes.append(text("words", x, 18.5, fit(words, "note", inner - x), "note"))
    return shapes


def _axis(frame: SpaceTimeFrame, view: View, inner: float) -> Axis:
    names = [width_of(_lane_words(lane), "lab") + 12 for lane in frame["lanes"]]
    left = max([70.0, *names])
    times = [t for m in frame["messages"] for t in (m["sent"], m["arrived"]) if t is not None]
    times += [mark["at"] for mark in frame["marks"]]
    span = (frame["since"], max(frame["until"], frame["since"] + 1))
    is_future = any(m["state"] != "arrived" for m in frame["messages"])
    right = inner - 4 - (FUTURE if is_future else 0)
    return Axis(times, span, (left, right), is_log=view.is_log)


def _chain(steps: Sequence[StepFrame], inner: float, *, is_live: bool) -> tuple[list[Shape], float]:
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
            action = f"step {step['id']}" if is_live else None
            shapes.append(
                group(f"c{step['step']}", children, at=(x, y), action=action, label=label,
                      is_tab_stop=False)
            )  # fmt: skip
        y += 17 + 15 * tallest + 8
    return shapes, y - 12


def _lane(name: str, y: float, axis: Axis, frame: SpaceTimeFrame, inner: float) -> Shape:
    shapes: list[Shape] = [
        text("name", 0, y + 4.5, _lane_words(name), "lab"),
        line("line", (axis.left, y), (axis.right, y), "rule", stroke_width=1.5),
    ]
    if axis.right < inner - 10:
        shapes.append(line("later", (axis.right, y), (inner - 4, y), "line", stroke_width=1.5))
    for i, span in enumerate(s for s in frame["spans"] if s["lane"] == name):
        a, b = axis(span["since"]), axis(span["until"])
        if span["what"] == "leader":
            shapes.append(line(f"s{i}", (a, y), (b, y), "lead", stroke_width=5))
        else:
            shapes.append(line(f"b{i}", (a, y), (b, y), "bg", stroke_width=4))
            shapes.append(line(f"s{i}", (a, y), (b, y), "out", stroke_width=1.5, dash="2 5"))
    return group(f"lane-{name}", shapes, label=name)


def _now(axis: Axis, frame: SpaceTimeFrame, room: tuple[float, float], inner: float) -> Shape:
    """The instant looked at; right of it nothing is known but what is under way."""
    x = axis(frame["now"])
    shapes: list[Shape] = [line("line", (x, room[0]), (x, room[1]), "ink", stroke_width=1.5)]
    if axis.right < inner - 10:
        shapes.append(text("words", x + 8, room[1] + 16, "under way", "tiny", "ink"))
    return group("now", shapes, label=f"now {seconds(frame['now'])} s")


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


def entries(frame: SpaceTimeFrame) -> list[Entry]:
    """The legend: what is in this picture, and not labelled in place."""
    used = {message["kind"] for message in frame["messages"]}
    found = [
        Entry(line("shape", (0, 0), (34, 0), tone, dash=dash, stroke_width=2), 34, words)
        for kind, (tone, dash, words) in KINDS.items()
        if kind in used
    ]
    if any(span["what"] == "leader" for span in frame["spans"]):
        found.append(Entry(line("shape", (0, 0), (30, 0), "lead", stroke_width=5), 30, "leads"))
    if any(span["what"] != "leader" for span in frame["spans"]):
        down = line("shape", (0, 0), (30, 0), "out", dash="2 5", stroke_width=1.5)
        found.append(Entry(down, 30, "down, or stands still"))
    states = {message["state"] for message in frame["messages"]}
    if "held" in states:
        found.append(Entry(glyph("shape", "pause", 6, 5, "out-t"), 12, "held in flight"))
    if states - {"held", "arrived", "flying"}:
        found.append(Entry(glyph("shape", "clock", 6, 5, "out-t"), 12, "waits in flight"))
    if frame["chain"]:
        glow = line("shape", (0, 0), (30, 0), "mark", stroke_width=12)
        found.append(Entry(glow, 30, "the causal chain"))
    return found
