"""What happened, in words, newest first; each line leads back to its moment.

Read next: `rail`, the same moments on a line.
"""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from kafkalab.frames.shape import EventFrame
from lab.scenes.clock import seconds
from lab.scenes.metrics import fit, width_of
from lab.scenes.shapes import Shape, glyph, group, line, rect, text

LINE_HEIGHT: Final = 25
TOP: Final = 26
_GAVE_UP: Final = re.compile(r"(?<= gave up) on a record for ")
_APPENDED: Final = re.compile(r" appended (\d+ records?) to")


class Feed(NamedTuple):
    """The events, newest first.

    Partitions of `topic` are called P0, P1, …, as in the picture beside it.  `can_ask`: each can
    be asked why it happened.  `is_live`: each can be gone back to.
    """

    events: Sequence[EventFrame]
    topic: str = ""
    can_ask: bool = False
    is_live: bool = False


def draw_feed(feed: Feed, width: float, lines: int) -> list[Shape]:
    """A heading and at most `lines` events."""
    shown = feed.events[:lines]
    times = max((width_of(seconds(event["at"]), "num") for event in shown), default=44)
    shapes: list[Shape] = [
        text("head", 0, 0, "Events", "h2"),
        text("order", width, 0, "newest first", "note", anchor="end"),
    ]
    rows = [
        _row(event, feed, (width, max(times, 44)), TOP + i * LINE_HEIGHT)
        for i, event in enumerate(shown)
    ]
    rules = [
        line(f"s{i}", (0, TOP + i * LINE_HEIGHT - 16.5), (width, TOP + i * LINE_HEIGHT - 16.5))
        for i in range(1, len(shown))
    ]
    if not shown:
        rows = [text("none", 0, TOP, "nothing yet", "note")]
    return [
        *shapes,
        group("rules", rules),
        group("rows", rows, label="Events", role="log", arrows="plane"),
    ]


def feed_height(lines: int) -> float:
    return TOP + lines * LINE_HEIGHT - 16


def _words(event: EventFrame, topic: str) -> str:
    return (
        re.sub(rf"\b{re.escape(topic)}-(\d+)\b", r"P\1", event["text"]) if topic else event["text"]
    )


def _fitting(words: str, room: float) -> str:
    """All of them, or with fewer words before any are cut off."""
    short = _GAVE_UP.sub(", ", _APPENDED.sub(r": \1 to", words))
    return words if width_of(words, "note") <= room else fit(short, "note", room)


def _row(event: EventFrame, feed: Feed, columns: tuple[float, float], y: float) -> Shape:
    """When and what: a button that goes there; and one that asks why."""
    width, times = columns
    x, right = times + 32, width - (38 if feed.can_ask else 0)
    tone = "ink" if event["tone"] == "ink" else f"{event['tone']}-t"
    at = seconds(event["at"])
    shapes = [
        text("at", times + 2, 0, at, "num", "mute", anchor="end"),
        glyph("sign", event["glyph"], times + 17, 0.5, tone),
        text("words", x, 0, _fitting(_words(event, feed.topic), right - x), "note", "ink"),
    ]
    key, label = f"e{event['id']}", f"{at} s: {event['text']}"
    if not feed.is_live:
        return group(key, shapes, at=(0, y), label=label)
    face = rect("face", -3, -15, right, 21, radius=4, role="face")
    go = group("go", [face, *shapes], action=f"seek {event['at']}", label=label)
    return group(key, [go, _ask(event, right)] if feed.can_ask else [go], at=(0, y))


def _ask(event: EventFrame, x: float) -> Shape:
    shapes = [
        rect("face", 6, -13, 32, 18, radius=4, role="face"),
        text("words", 22, 0, "why?", "tiny", "comm-t", anchor="middle"),
    ]
    label = f"Why: {event['text']}?"
    return group("why", shapes, at=(x, 0), action=f"why {event['id']}", label=label)
