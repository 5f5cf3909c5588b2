"""Messages over time: the stretch up to the instant shown, or the chain of an answer.

The choice of a reader, in words: `span=200 window=1000,1200 log message=request producer-1 …`;
`now` or `whole` instead of a window.

Read next: `lab.scenes.spacetime`, which draws; `lab.bench.run_details`, which finds what to draw.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from kafkalab.frames.shape import EventFrame, Frame
from kafkalab.frames.spacetime import SPAN_MS
from lab.scenes import spacetime
from lab.scenes.clock import seconds
from lab.scenes.controls import button
from lab.scenes.legend import Entry
from lab.scenes.metrics import fit, width_of, wrap
from lab.scenes.picture import Picture, Sight
from lab.scenes.shapes import Shape, chip, chip_width, group, text
from lab.scenes.spacetime_text import write_text
from lab.scenes.view import Block, View

_ASKED_MAX = 4
_ASKED = ("LeaderElected", "IsrChanged", "BrokerFenced", "GroupStateChanged", "RecordFailed",
          "Truncated")  # fmt: skip


def view_of(choice: str) -> spacetime.View:
    """What was chosen, from its words."""
    words, _, name = choice.partition("message=")
    given = dict(word.split("=", 1) for word in words.split() if "=" in word)
    first, _, last = given.get("window", "").partition(",")
    return spacetime.View(
        selected=name.strip(),
        is_log="log" in words.split(),
        span=int(given.get("span", SPAN_MS)),
        opens=next((each for each in ("now", "whole") if each in words.split()), ""),
        stretch=(int(first), int(last)) if first and last else None,
    )


def words_of(view: spacetime.View) -> str:
    """The same as words."""
    parts = [f"span={view.span}"]
    if view.stretch is not None:
        parts.append(f"window={max(view.stretch[0], 0)},{max(view.stretch[1], 0)}")
    if view.opens:
        parts.append(view.opens)
    if view.is_log:
        parts.append("log")
    if view.selected:
        parts.append(f"message={view.selected}")
    return " ".join(parts)


def _key(frame: Frame, view: View) -> str:
    chosen = view_of(view.choice)
    opens = chosen.opens or "-"
    since, until = chosen.stretch or (opens, opens)
    return f"spacetime {chosen.span} {since} {until} {chosen.selected}".strip()


def _view(sight: Sight) -> spacetime.View:
    chosen, detail = view_of(sight.view.choice), sight.detail
    return spacetime.View(
        selected=chosen.selected,
        fields=tuple((name, value) for name, value in detail["fields"]),
        is_log=chosen.is_log,
        is_live=sight.controls is not None,
        is_present=detail["is_present"],
        stretch=chosen.stretch,
        span=chosen.span,
        opens=chosen.opens,
    )


def _draw(sight: Sight) -> Block:
    if sight.detail is None:
        return to_freeze(sight, "A live cluster keeps no messages.", "see those that follow")
    frame = sight.detail["frame"]
    shapes: list[Shape] = []
    y = 0.0
    if sight.controls is not None:
        asking = _asking(sight.frame["events"], frame["chain"], sight.width)
        shapes.append(group("asking", asking, label="Why?"))
        y = 32.0
    block = spacetime.draw_block(frame, _view(sight), sight.width)
    shapes.append(group("spacetime", block.shapes, at=(0, y)))
    return Block(tuple(shapes), y + block.height)


def to_freeze(sight: Sight, why: str, then: str) -> Block:
    """In place of a picture that a live cluster cannot give: what to do, and a button for it."""
    words = f"{why}  Freeze it as it is now into a simulation, and {then}: the cluster goes on."
    lines = wrap(words, "body", sight.width)
    shapes: list[Shape] = [
        text(f"none{i}", 0, 20 + 20 * i, each, "body") for i, each in enumerate(lines)
    ]
    y = 20.0 + 20 * len(lines)
    if sight.controls is not None:
        name = "Freeze the cluster as it is now"
        shapes.append(button("freeze", (0, y), "freeze", words=name, icon="branch")[0])
        y += 44
    else:
        shapes.append(text("python", 0, y, "In Python: bench.freeze()", "sub"))
        y += 20
    return Block(tuple(shapes), y)


def _asking(events: Sequence[EventFrame], chain: Any, width: float) -> list[Shape]:
    """What can be asked now: the newest changes; or the way back from an answer."""
    shapes: list[Shape] = []
    if chain:
        words = "all messages again"
        shapes.append(chip("clear", (0, 0), words, ("none", "rule", "ink"), action="why",
                           label="Leave the chain, show all messages"))  # fmt: skip
        return shapes
    shapes.append(text("head", 0, 14.5, "Why?", "lab"))
    x = 50.0
    for event in [each for each in events if each["kind"] in _ASKED][:_ASKED_MAX]:
        words = fit(f"{seconds(event['at'])} {event['text']}", "lab", 330)
        if x + chip_width(words) > width:
            break
        tones, label = ("none", "rule", "ink"), f"Why: {event['text']}?"
        shapes.append(
            chip(f"q{event['id']}", (x, 0), words, tones, action=f"why {event['id']}", label=label)
        )
        x += chip_width(words) + 6
    if x == 50.0:
        words = "press why? beside an event; or type  why orders-0"
        shapes.append(text("hint", x + width_of(" ", "note"), 14.5, words, "note"))
    return shapes


def _obey(sight: Sight, words: list[str]) -> str | None:
    if sight.detail is None:
        return None
    turned = spacetime.obey(sight.detail["frame"], _view(sight), words)
    return None if turned is None else words_of(turned)


def _keys(sight: Sight) -> Mapping[str, str]:
    if sight.detail is None:
        return {}
    keys = {key: act for key, act in spacetime.KEYS.items() if not key.startswith("Arrow")}
    return {**keys, "[": "left", "]": "right",
            **spacetime.keys_of(sight.detail["frame"], _view(sight))}  # fmt: skip


def _say(sight: Sight) -> str:
    return str(sight.detail["frame"]["say"]) if sight.detail is not None else ""


def _words(sight: Sight) -> str:
    return write_text(sight.detail["frame"]) if sight.detail is not None else ""


def _legend(sight: Sight) -> Sequence[Entry]:
    return spacetime.entries(sight.detail["frame"]) if sight.detail is not None else ()


SPACETIME = Picture(
    name="spacetime", has_topic=False, draw=_draw, detail=_key, say=_say, words=_words,
    legend=_legend, obey=_obey, keys=_keys,
)  # fmt: skip
