"""What the signs and cells of the cluster picture mean.

Nothing that is labelled in place stands here; control records and diverged ones only when the
picture has some.

Read next: `cluster`, which draws them.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from lab.scenes.metrics import width_of
from lab.scenes.shapes import Shape, glyph, group, line, rect, text

LINE_HEIGHT: Final = 24
GAP: Final = 20


class Entry(NamedTuple):
    """A drawing made at 0, 0, its width, and words."""

    shape: Shape
    width: float
    words: str


def _cell(fill: str, stroke: str | None, dash: str | None = None) -> Shape:
    return rect("shape", 0, -8, 16, 16, fill, stroke, radius=3, dash=dash)


ALWAYS: Final = (
    Entry(glyph("shape", "star", 6, 5, "lead-t"), 12, "leader"),
    Entry(glyph("shape", "dot", 6, 5, "sync-t"), 12, "in sync"),
    Entry(glyph("shape", "cross", 6, 5, "out-t"), 12, "out, crashed"),
    Entry(_cell("comm", None), 16, "committed"),
    Entry(_cell("unc", "comm"), 16, "not yet committed"),
    Entry(_cell("none", "comm"), 16, "on an offline disk"),
    Entry(_cell("none", "rule", "2 2"), 16, "not copied"),
    Entry(line("shape", (2, -10), (2, 10), "ink", stroke_width=2), 4, "high watermark"),
)
STABLE: Final = Entry(
    line("shape", (2, -10), (2, 10), "group", stroke_width=2, dash="4 3"), 4, "last stable offset"
)
STOPPED: Final = Entry(glyph("shape", "stop", 6, 5, "out-t", 10), 12, "shut down")
MAY_LEAD: Final = Entry(glyph("shape", "ring", 6, 5, "out-t"), 12, "out, may lead (ELR)")
CONTROL: Final = Entry(rect("shape", 3, -5, 10, 10, "soft", "rule", radius=3), 16, "control record")
DIVERGED: Final = Entry(
    rect("shape", 0, -8, 16, 16, "group-s", "group", radius=3, dash="5 2", stroke_width=2),
    16,
    "will be cut off",
)


def draw_legend(entries: Sequence[Entry], width: float) -> tuple[Shape, float]:
    """Entries in lines that fit and are about equally long, and the height."""
    lines = _in_lines(entries, width)
    if len(lines) > 1:
        share = -(-len(entries) // len(lines))
        even = [entries[i : i + share] for i in range(0, len(entries), share)]
        lines = even if all(_width(line) <= width for line in even) else lines
    shapes: list[Shape] = []
    for y, line_of in enumerate(lines):
        x = 0.0
        for entry in line_of:
            words = text("words", entry.width + 7, 4.5, entry.words, "note")
            key = f"{entry.words} {entry.shape.tag}"  # its own: pictures have different entries
            shapes.append(group(key, [entry.shape, words], at=(x, y * LINE_HEIGHT)))
            x += _width([entry]) + GAP
    return group("entries", shapes, label="Legend"), len(lines) * LINE_HEIGHT


def _in_lines(entries: Sequence[Entry], width: float) -> list[Sequence[Entry]]:
    lines: list[list[Entry]] = [[]]
    for entry in entries:
        if lines[-1] and _width([*lines[-1], entry]) > width:
            lines.append([])
        lines[-1].append(entry)
    return list(lines)


def _width(entries: Sequence[Entry]) -> float:
    wide = sum(entry.width + 7 + width_of(entry.words, "note") for entry in entries)
    return wide + GAP * (len(entries) - 1)
