"""A message that was opened: what it says, and what can be done to it.

    produce request 17, producer-1 to broker 2      [bytes] [hold] [cut its connection] [close]
    connection     producer-1 to broker-2, its 1.   topics.name      orders
    sent because   …                                acks             -1

Read next: `spacetime`, in which it was chosen; `kafkalab.world.holds`, which obeys.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kafkalab.frames.spacetime import MessageFrame, SpaceTimeFrame
from lab.scenes.controls import button
from lab.scenes.metrics import fit, width_of
from lab.scenes.shapes import Shape, group, rect, text

#: Key on the keyboard: what it does to the message that is open.
HELP: Final = "n, p: next, previous · b: its bytes · h: hold · r: release · x: cut · Escape: close"
_BUTTONS_Y: Final = 40  # where they have a line of their own


@dataclass(frozen=True, slots=True)
class Act:
    """A button: key, sign, words, and the action."""

    key: str
    icon: str
    words: str
    action: str


def acts_on(frame: SpaceTimeFrame, message: MessageFrame, *, is_present: bool) -> list[Act]:
    """What can be done to a message.

    At the present it is done in this world; where more has happened since (`is_present` false, or
    it has arrived) it can be done in a branch that leaves while the message was under way.
    """
    if message["what"] == "close":
        return []
    named = f"request {message['id']}" if message["id"] else message["name"]
    return [
        Act("b", "binary", "Its bytes", f"lens {named}"),
        *_faults(frame, message, is_present=is_present),
    ]


def _faults(frame: SpaceTimeFrame, message: MessageFrame, *, is_present: bool) -> list[Act]:
    _, client, server, number, _ = message["name"].split()
    cut = f"cut {client} {server} {number}"
    is_under_way = message["state"] != "arrived"
    if is_under_way and is_present:
        hold = Act("h", "pause", "Hold it", f"hold {message['name']}")
        if message["state"] == "held":
            hold = Act("r", "play", "Release it", f"release {message['name']}")
        return [hold, Act("x", "plug", "Cut its connection", cut)]
    at = frame["now"] if is_under_way else (message["arrived"] or 0) - 1
    if at < message["sent"]:
        return []
    return [
        Act("h", "branch", "Branch, and hold it", f"then {at} hold {message['name']}"),
        Act("x", "branch", "Branch, and cut", f"then {at} {cut}"),
    ]


def draw_card(
    message: MessageFrame,
    fields: Sequence[tuple[str, str]],
    acts: Sequence[Act],
    inner: float,
    *,
    is_live: bool,
) -> tuple[list[Shape], float]:
    """The card and its height."""
    columns = 2 if inner >= 760 and len(fields) > 6 else 1
    per_column = -(-len(fields) // columns)
    title, top = title_of(message), 44.0
    buttons: list[Shape] = []
    room = inner - 28
    if is_live:
        close, room = _close(inner)
        row, taken = _row(acts)
        is_beside = width_of(title, "lab") + taken + 30 <= room
        at = (room - taken, 8) if is_beside else (14, _BUTTONS_Y)
        buttons = [group("acts", row, at=at), close]
        if acts and not is_beside:
            top += _BUTTONS_Y
        elif acts:
            room -= taken + 12
    height = top + per_column * 20 + (26 if is_live else 6)
    shapes: list[Shape] = [
        rect("card", 0, 0, inner, height, "card", "line", radius=10),
        text("what", 14, 27, fit(title, "lab", room - 14), "lab"),
        *buttons,
    ]
    wide = inner / columns
    names = max((width_of(name, "note") for name, _ in fields), default=0) + 16
    for i, (name, value) in enumerate(fields):
        column, row = divmod(i, per_column)
        x, y = 14 + column * wide, top + 14 + row * 20
        shapes.append(text(f"n{i}", x, y, name, "note"))
        shapes.append(text(f"v{i}", x + names, y, fit(value, "num", wide - names - 28), "num"))
    if is_live:
        shapes.append(text("help", 14, height - 11, fit(HELP, "tiny", inner - 28), "tiny"))
    return shapes, height


def title_of(message: Mapping[str, object]) -> str:
    """`produce request 17, producer-1 to broker-2`."""
    api = str(message["api"]).replace("_", " ").lower() or "end of a connection"
    number = str(message["name"]).split()[-1]
    return f"{api} {message['what']} {number}, {message['source']} to {message['target']}"


def _close(inner: float) -> tuple[Shape, float]:
    """The button in the corner, and where the room left of it ends."""
    shape, wide = button("close", (0, 0), "select", icon="cross", label="Close the message")
    return group("g-close", [shape], at=(inner - 8 - wide, 8)), inner - 8 - wide - 6


def _row(acts: Sequence[Act]) -> tuple[list[Shape], float]:
    """What can be done, side by side; and how wide."""
    shapes: list[Shape] = []
    x = 0.0
    for act in acts:
        shape, wide = button(act.key, (x, 0), act.action, words=act.words, icon=act.icon)
        shapes.append(shape)
        x += wide + 6
    return shapes, max(x - 6, 0)
