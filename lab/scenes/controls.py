"""What a learner can press: the time bar, faults, and the choice of topic.

    [|◂] [▸] [▸|] [▸✉] [1×]   12.400 s  ━━━━┷━━━━●────   [▲ Produce a record]

Every control's action is a word that a Python call understands too: `crash 2` is
`sim.broker(2).crash()`.  A button that changes its meaning (Crash, then Restart) keeps its key,
so keyboard focus stays on it.

Invariants: without `Controls` (the static twin) nothing here can be pressed, and nothing moves.
Read next: `lab.playback.playback`, which makes `Controls` and obeys them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from kafkalab.frames.shape import DOWN, Frame
from lab.scenes.clock import seconds
from lab.scenes.metrics import first_fitting, fit, width_of
from lab.scenes.rail import Mark, Rail
from lab.scenes.shapes import Shape, chip, chip_width, glyph, group, line, path, rect, text

PAUSE_MS: Final = 3000
BAR_HEIGHT: Final = 28
FAULT_HEIGHT: Final = 34
BROKERS_MAX: Final = 8  # with more of them, rows are short
_TARGETS_MAX: Final = 24


@dataclass(frozen=True, slots=True)
class Controls:
    """How playback stands, for the bar."""

    is_moving: bool
    speed: float
    can_step_back: bool
    waiting: int  # pictures still to come
    rail: Rail
    notice: str = ""  # why a command failed
    is_live: bool = False  # its clients are programs elsewhere
    told: str = ""  # what the step to this picture did


def button(
    key: str,
    at: tuple[float, float],
    action: str,
    *,
    words: str = "",
    icon: str = "",
    tone: str = "ink",
    label: str = "",
    is_disabled: bool = False,
    width: float | None = None,
) -> tuple[Shape, float]:
    """A button with a sign, words or both; and its width."""
    wide = width or (30 if not words else width_of(words, "lab") + (38 if icon else 22))
    colour = "mute" if is_disabled else tone
    edge = "line" if is_disabled else "rule"
    shapes = [rect("face", 0, 0, wide, BAR_HEIGHT, "card", edge, radius=6, role="face")]
    if icon:
        shapes.append(glyph("icon", icon, 17 if words else 15, 18.8, colour))
    if words:
        middle = (wide + (16 if icon else 0)) / 2
        shapes.append(text("words", middle, 18.5, words, "lab", colour, anchor="middle"))
    shape = group(key, shapes, at=at, action=action, label=label or words, is_disabled=is_disabled)
    return shape, wide


def draw_bar(
    now: int,
    rail: Rail,
    controls: Controls | None,
    topic: str,
    width: float,
    *,
    can_branch: bool = False,
) -> tuple[Shape, tuple[float, float]]:
    """Transport, clock, rail, the buttons that branch and produce a record; and the rail's ends."""
    shapes: list[Shape] = []
    x, right = 0.0, width
    if controls is not None:
        shapes, x = _transport(controls)
        x += 10
    clock = f"{seconds(now)} s"
    room = max(width_of(clock, "big"), width_of("00.000 s", "big"))
    shapes.append(text("clock", x + room, 23, clock, "big", anchor="end"))
    x += room + 24
    if controls is not None and topic:
        words = first_fitting(("Produce a record", "Produce"), "lab", 160 if width > 800 else 70)
        shape, wide = button("produce", (0, 0), f"produce {topic}", words=words, icon="up",
                             tone="comm-t", label=f"Produce a record to {topic}")  # fmt: skip
        right = width - wide
        shapes.append(group("act", [shape], at=(right, 0)))
        right -= 24
    if controls is not None and can_branch:
        act = ("branch", "Branch here", "Branch here")
        if controls.is_live:
            act = ("freeze", "Freeze", "Freeze the cluster as it is now")
        words = act[1] if width > 800 else ""
        shape, wide = button("branch", (0, 0), act[0], words=words, icon="branch",
                             tone="group-t", label=act[2])  # fmt: skip
        right -= wide - 16
        shapes.append(group("fork", [shape], at=(right, 0)))
        right -= 24
    shapes.append(_rail(rail, controls, x, right))
    return group("bar", shapes, label="Time"), (x, right)


class Target(NamedTuple):
    """A server that can be crashed, restarted, paused.  `until`: when its pause ends, in ms."""

    id: int
    name: str
    state: str
    until: int | None = None


def broker_targets(frame: Frame) -> list[Target]:
    """The brokers."""
    return [
        Target(broker["id"], f"Broker {broker['id']}", broker["state"], broker["until"])
        for broker in frame["brokers"]
    ]


def draw_faults(targets: Sequence[Target], width: float) -> tuple[list[Shape], float]:
    """For each server, what can be done to it; for many of them only the worst, in two columns."""
    shapes: list[Shape] = [text("head", 0, 0, "Faults", "h2")]
    if len(targets) <= BROKERS_MAX:
        shapes += [
            _fault_row(target, width, (0, 12 + i * FAULT_HEIGHT))
            for i, target in enumerate(targets)
        ]
        return shapes, 12 + len(targets) * FAULT_HEIGHT
    lines = -(-min(len(targets), _TARGETS_MAX) // 2)
    for i, target in enumerate(targets[: lines * 2]):
        column, row = divmod(i, lines)
        at = (column * width / 2, 12 + row * FAULT_HEIGHT)
        shapes.append(_fault_row(target, width / 2, at, is_short=True))
    return shapes, 12 + lines * FAULT_HEIGHT


def draw_picker(
    topics: Sequence[str], chosen: str, window: tuple[int, int, int] | None, width: float
) -> list[Shape]:
    """Topics as chips, and the window over partitions `(first, shown, all)` with its buttons."""
    shapes: list[Shape] = []
    right = width
    if window is not None:
        pager, wide = _pager(*window)
        right = width - wide
        shapes.append(group("pager", pager, at=(right, 0), label="Partitions shown"))
        right -= 16
    if len(topics) < 2 and (chosen or not topics):  # the one there is is chosen
        return shapes
    shapes.append(text("head", 0, 14.5, "Topic", "sub"))
    x = 46.0
    for i, topic in enumerate(topics):
        words = fit(topic, "lab", 180)
        more = f"+ {len(topics) - i} more"
        if x + chip_width(words) + width_of(more, "note") > right:
            shapes.append(text("more", x, 14.5, more, "note"))
            break
        is_chosen = topic == chosen
        tones = ("ink", "ink", "bg") if is_chosen else ("none", "rule", "ink")
        shapes.append(
            chip(f"t-{topic}", (x, 0), words, tones, action=f"topic {topic}",
                 label=f"Topic {topic}", is_pressed=is_chosen)
        )  # fmt: skip
        x += chip_width(words) + 6
    return shapes


def _transport(controls: Controls) -> tuple[list[Shape], float]:
    is_moving = controls.is_moving
    speed = f"{controls.speed:g}×"
    specs = (
        ("back", "back", "", "Step back one picture", not controls.can_step_back),
        ("play", "pause" if is_moving else "play", "", "Pause" if is_moving else "Play", False),
        ("step", "step", "", "Step to the next event", False),
        ("message", "message", "", "Step to the next message", False),
        ("speed", "", speed, f"Speed {speed}, press to change", False),
    )
    shapes, x = [], 0.0
    for key, icon, words, label, is_disabled in specs:
        if key == "message" and controls.is_live:
            continue  # a live cluster keeps no messages
        action = "step message" if key == "message" else key
        shape, wide = button(key, (x, 0), action, words=words, icon=icon, label=label,
                             is_disabled=is_disabled, width=46 if words else None)  # fmt: skip
        shapes.append(shape)
        x += wide + 6
    return shapes, x


def _rail(rail: Rail, controls: Controls | None, left: float, right: float) -> Shape:
    span, y = max(right - left, 10), 15.0
    now = left + rail.now * span
    marks, ticks = _marks(rail, left, span, y, is_live=controls is not None)
    shapes = [
        rect("track", left, y - 3, span, 6, "soft", "line", radius=3),
        rect("past", left, y - 3, now - left, 6, "comm", radius=3),
        group("cuts", [_cut(i, left + place * span, y) for i, place in enumerate(rail.cuts)]),
        group("ticks", ticks),
        group("marks", marks, arrows="line"),
        path("grip", "M0-7A7 7 0 1 1-.01-7Z", "ink", "bg", stroke_width=2,
             transform=f"translate({round(now, 1):g},{y:g})"),
    ]  # fmt: skip
    if controls is not None and controls.waiting:
        shapes.append(_waiting(controls.waiting, right, y + 22))
    return group("rail", shapes)


def _waiting(count: int, right: float, y: float) -> Shape:
    """How many pictures are still to come; and a way past them."""
    words = f"{count} more to play"
    wide = width_of(words, "tiny") + 16
    shapes = [
        rect("face", -wide, -13, wide + 4, 18, radius=4, role="face"),
        text("words", -16, 0, words, "tiny", anchor="end"),
        glyph("sign", "step", -5, -0.5, "mute", 9),
    ]
    label = f"Skip to the end: {words}"
    return group("waiting", shapes, at=(right, y), action="end", label=label)


def _marks(
    rail: Rail, left: float, span: float, y: float, *, is_live: bool
) -> tuple[list[Shape], list[Shape]]:
    """Signs above the rail, newest placed first; a second row when closer than they are wide."""
    taken: list[list[float]] = [[], []]
    marks, ticks = [], []
    for mark, place in reversed(rail.marks):
        x = left + place * span
        ticks.append(line(f"t{mark.id}", (0, y - 6), (0, y + 6), "rule", at=(x, 0)))
        row = next((r for r in (0, 1) if all(abs(x - other) >= 15 for other in taken[r])), None)
        if row is not None:
            taken[row].append(x)
            marks.append(_mark(mark, x, y - 16 - 14 * row, is_live=is_live))
    return marks[::-1], ticks[::-1]


def _mark(mark: Mark, x: float, y: float, *, is_live: bool) -> Shape:
    tone = "ink" if mark.tone == "ink" else f"{mark.tone}-t"
    shapes = [rect("room", -7, -7, 14, 14), glyph("sign", mark.glyph, 0, 5, tone, 11)]
    label = f"Go to {seconds(mark.at)} s: {mark.words}"
    action = f"seek {mark.at}" if is_live else None
    key = f"m{mark.id}"
    return group(key, shapes, at=(x, y), action=action, label=label, is_tab_stop=False)


def _cut(i: int, x: float, y: float) -> Shape:
    strokes = [
        path("gap", "M-4 5-1-5H4L1 5Z", "bg"),
        path("edges", "M-4 5-1-5M1 5 4-5", "none", "rule", stroke_width=1),
    ]
    return group(f"x{i}", strokes, at=(x, y))


def _fault_row(
    target: Target, width: float, at: tuple[float, float], *, is_short: bool = False
) -> Shape:
    number, name, state, until = target
    shapes: list[Shape] = [text("name", 0, 18.5, name, "body")]
    x = width_of("Broker 88", "body") + 8 if is_short else max(66.0, width_of(name, "body") + 12)
    is_crashed, is_paused = state in DOWN, state == "paused"
    verb, sign, tone = ("restart", "play", "ink") if is_crashed else ("crash", "cross", "out-t")
    icon = "" if is_short and is_crashed else sign
    first, wide = button("first", (x, 0), f"{verb} {number}", words=verb.capitalize(), icon=icon,
                         tone=tone, label=f"{verb.capitalize()} {name.lower()}")  # fmt: skip
    shapes.append(first)
    x += wide + 6
    note = "its disk is kept" if is_crashed and not is_short else ""
    if is_paused and until is not None:
        note = f"until {seconds(until)} s"
    elif not is_crashed and not is_short:
        words = f"Pause {PAUSE_MS // 1000} s"
        second, wide = button("second", (x, 0), f"pause {number} {PAUSE_MS}", words=words,
                              icon="pause", label=f"{words}: {name.lower()}")  # fmt: skip
        shapes.append(second)
        x += wide + 6
    shapes.append(text("note", x + 4, 18.5, fit(note, "note", width - x - 4), "note"))
    return group(f"f{number}", shapes, at=at)


def _pager(first: int, shown: int, total: int) -> tuple[list[Shape], float]:
    words = f"P{first}–P{first + shown - 1} of {total}"
    room = width_of(words, "note") + 8
    shapes: list[Shape] = [text("words", 0, 14.5, words, "note", "ink")]
    for key, sign, label, is_end in (
        ("earlier", "above", "Show the partitions before", first == 0),
        ("later", "below", "Show the next partitions", first + shown >= total),
    ):
        face = rect("face", 0, 0, 22, 20, "card", "line" if is_end else "rule", radius=4,
                    role="face")  # fmt: skip
        icon = glyph("icon", sign, 11, 14.8, "mute" if is_end else "ink", 9)
        shapes.append(
            group(key, [face, icon], at=(room, 0), action=f"rows {key}", label=label,
                  is_disabled=is_end)
        )  # fmt: skip
        room += 26
    return shapes, room
