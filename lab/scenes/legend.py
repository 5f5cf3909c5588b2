"""What the signs and cells of the cluster picture mean.

Nothing that is labelled in place stands here; control records and diverged ones only when the
picture has some.

Read next: `cluster`, which draws them.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from lab.scenes.metrics import width_of
from lab.scenes.shapes import Shape, glyph, group, line, rect, text

LINE_HEIGHT: Final = 24


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
CONTROL: Final = Entry(_cell("soft", "rule"), 16, "control record")
DIVERGED: Final = Entry(_cell("group-s", "group"), 16, "will be cut off")


def draw_legend(entries: Iterable[Entry], width: float) -> tuple[Shape, float]:
    """Entries in lines that fit, and the height."""
    shapes: list[Shape] = []
    x, y = 0.0, 0
    for i, entry in enumerate(entries):
        wide = entry.width + 7 + width_of(entry.words, "note")
        if x and x + wide > width:
            x, y = 0.0, y + LINE_HEIGHT
        words = text("words", entry.width + 7, 4.5, entry.words, "note")
        shapes.append(group(f"l{i}", [entry.shape, words], at=(x, y)))
        x += wide + 20
    return group("entries", shapes, label="Legend"), y + LINE_HEIGHT
