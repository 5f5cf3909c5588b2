"""Small signs, drawn as paths in a box of 12: never characters, for fonts differ in them.

A character such as a play sign turns into an emoji on some machines.  Each sign has one meaning
everywhere: star leader, dot in sync, cross out, tick kept, clock waiting, swap rebalance, …

Read next: `shapes.glyph`, which places one beside words.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple


class Glyph(NamedTuple):
    """A path; drawn as a line of `stroke` px when that is not 0, else filled."""

    path: str
    stroke: float = 0


GLYPHS: Final[Mapping[str, Glyph]] = {
    "star": Glyph("M6 .4 7.6 4.2 11.8 4.6 8.6 7.3 9.6 11.4 6 9.2 2.4 11.4 3.4 7.3 .2 4.6 4.4 4.2Z"),
    "dot": Glyph("M6 1.5A4.5 4.5 0 1 1 5.99 1.5Z"),
    "ring": Glyph("M6 2A4 4 0 1 1 5.99 2Z", 1.8),
    "cross": Glyph("M2 2 10 10M10 2 2 10", 2.2),
    "tick": Glyph("M1.5 6.5 4.8 9.8 10.5 2.8", 2),
    "clock": Glyph("M6 1.2A4.8 4.8 0 1 1 5.99 1.2ZM6 3.4V6.2L8 7.4", 1.4),
    "play": Glyph("M2.5 1 10.5 6 2.5 11Z"),
    "pause": Glyph("M2.5 1.5H5V10.5H2.5ZM7 1.5H9.5V10.5H7Z"),
    "step": Glyph("M1.5 1.5 7 6 1.5 10.5ZM8 1.5H10.3V10.5H8Z"),
    "back": Glyph("M10.5 1.5 5 6 10.5 10.5ZM1.7 1.5H4V10.5H1.7Z"),
    "message": Glyph("M1 2.5H11V9.8H1ZM1.2 2.8 6 6.8 10.8 2.8", 1.4),
    "stop": Glyph("M2 2H10V10H2Z"),
    "diamond": Glyph("M6 .5 11.5 6 6 11.5 .5 6Z"),
    "branch": Glyph("M3 1V11M3 8C3 5 9 6.5 9 2M6.8 3.6 9 1.2 11.2 3.6", 1.6),
    "up": Glyph("M6 1.5 1.5 9H10.5Z"),
    "down": Glyph("M6 10.5 1.5 3H10.5Z"),
    "before": Glyph("M8 1.5 3.5 6 8 10.5", 2),
    "next": Glyph("M4 1.5 8.5 6 4 10.5", 2),
    "above": Glyph("M1.5 8 6 3.5 10.5 8", 2),
    "below": Glyph("M1.5 4 6 8.5 10.5 4", 2),
    "minus": Glyph("M2 6H10", 2.2),
    "plus": Glyph("M2 6H10M6 2V10", 2.2),
    "swap": Glyph("M1 4H10.5M8 1.5 10.5 4 8 6.5M11 8.5H1.5M4 6 1.5 8.5 4 11", 1.5),
    "one way": Glyph("M.8 9H10.8M8.4 6.6 10.8 9 8.4 11.4M3.2 1 7.6 5.4M7.6 1 3.2 5.4", 1.6),
    "binary": Glyph("M1.6 1.5H4.4V5H1.6ZM1.6 7.2H4.4V10.7H1.6ZM8.2 1.2V5.2M8.2 6.9V10.9", 1.4),
    "plug": Glyph("M1 6H4.2M7.8 6H11M4.2 3V9M7.8 3V9", 1.6),
}
BOX: Final = 12
