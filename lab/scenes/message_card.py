"""A message that was opened: what it says, and what can be done to it.

    produce request 17, producer-1 to broker 2      [hold] [cut its connection] [close]
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
HELP: Final = "n, p: next, previous message · h: hold · r: release · x: cut · Escape: close"


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
    what, client, server, number, _ = message["name"].split()
    cut = f"cut {client} {server} {number}"
    is_under_way = message["state"] != "arrived"
    if is_under_way and is_present:
        hold = Act("h", "pause", "Hold it", f"hold {message['name']}")
        if message["state"] == "held":
            hold = Act("r", "play", "Release it", f"release {message['name']}")
        return [hold, Act("x", "plug", "Cut its connection", cut)]
    at = frame["now"] if is_under_way else (message["arrived"] or 0) - 1
    if at < message["sent"] or what == "close":
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
    top = 44.0
    height = top + per_column * 20 + (26 if is_live else 6)
    buttons, taken = _buttons(acts, inner) if is_live else ([], 0.0)
    shapes: list[Shape] = [
        rect("card", 0, 0, inner, height, "card", "line", radius=10),
        text("what", 14, 27, fit(title_of(message), "lab", inner - taken - 34), "lab"),
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


def _buttons(acts: Sequence[Act], inner: float) -> tuple[list[Shape], float]:
    shapes: list[Shape] = []
    x = inner - 8
    close, wide = button("close", (0, 0), "select", icon="cross", label="Close the message")
    x -= wide
    shapes.append(group("g-close", [close], at=(x, 8)))
    for act in reversed(acts):
        shape, wide = button(act.key, (0, 0), act.action, words=act.words, icon=act.icon)
        x -= wide + 6
        shapes.append(group(f"g-{act.key}", [shape], at=(x, 8)))
    return shapes[::-1], inner - x
