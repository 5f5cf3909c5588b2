"""What happened, in words, newest first; each line leads back to its moment.

Read next: `rail`, the same moments on a line.
"""

import re
from collections.abc import Sequence
from typing import Final

from kafkalab.frames.shape import EventFrame
from lab.scenes.clock import seconds
from lab.scenes.metrics import fit, width_of
from lab.scenes.shapes import Shape, glyph, group, line, text

LINE_HEIGHT: Final = 25
TOP: Final = 26


def draw_feed(
    events: Sequence[EventFrame], width: float, lines: int, topic: str = ""
) -> list[Shape]:
    """A heading and at most `lines` events; partitions of `topic` are called P0, P1, …, as in the
    picture beside it."""
    shown = events[:lines]
    times = max((width_of(seconds(event["at"]), "num") for event in shown), default=44)
    shapes: list[Shape] = [
        text("head", 0, 0, "Events", "h2"),
        text("order", width, 0, "newest first", "note", anchor="end"),
    ]
    rows = [
        _row(event, _words(event, topic), width, max(times, 44), i) for i, event in enumerate(shown)
    ]
    rules = [
        line(f"s{i}", (0, TOP + i * LINE_HEIGHT - 16.5), (width, TOP + i * LINE_HEIGHT - 16.5))
        for i in range(1, len(shown))
    ]
    if not shown:
        rows = [text("none", 0, TOP, "nothing yet", "note")]
    return [*shapes, group("rules", rules), group("rows", rows, label="Events", role="log")]


def feed_height(lines: int) -> float:
    return TOP + lines * LINE_HEIGHT - 16


def _words(event: EventFrame, topic: str) -> str:
    return (
        re.sub(rf"\b{re.escape(topic)}-(\d+)\b", r"P\1", event["text"]) if topic else event["text"]
    )


def _row(event: EventFrame, words: str, width: float, times: float, i: int) -> Shape:
    x = times + 32
    tone = "ink" if event["tone"] == "ink" else f"{event['tone']}-t"
    at = seconds(event["at"])
    shapes = [
        text("at", times + 2, 0, at, "num", "mute", anchor="end"),
        glyph("sign", event["glyph"], times + 17, 0.5, tone),
        text("words", x, 0, fit(words, "note", width - x), "note", "ink"),
    ]
    return group(
        f"e{event['id']}",
        shapes,
        at=(0, TOP + i * LINE_HEIGHT),
        action=f"seek {event['at']}",
        label=f"{at} s: {event['text']}",
        is_tab_stop=False,
    )
