"""How wide words are, before any browser has drawn them.

Layout is done in Python, where there is no font.  So words are measured with the advance widths
of DejaVu Sans, the widest of the common interface fonts: what fits here fits everywhere.

Invariants: a width is never less than DejaVu's own, for characters of the table.
Left out: kerning, ligatures, scripts that join letters (their letters count as full squares).
Read next: `shapes`, which draws words; `tests/browser/test_layout.py`, which checks real ones.
"""

from collections.abc import Sequence
from typing import Final

from lab.scenes.theme import TYPE

# Advance widths in thousandths of the font size, from the space (32) to the tilde (126).
# fmt: off
_REGULAR: Final = (
    318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337, 636, 636, 636,
    636, 636, 636, 636, 636, 636, 636, 337, 337, 838, 838, 838, 531, 1000, 684, 686, 698, 770, 632,
    575, 775, 752, 295, 295, 656, 557, 863, 748, 787, 603, 787, 695, 635, 611, 732, 684, 989, 685,
    611, 685, 390, 337, 390, 838, 500, 500, 613, 635, 550, 635, 615, 352, 635, 634, 278, 278, 579,
    278, 974, 634, 612, 635, 635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636, 337, 636, 838,
)
_BOLD: Final = (
    348, 456, 521, 838, 696, 1002, 872, 306, 457, 457, 523, 838, 380, 415, 380, 365, 696, 696, 696,
    696, 696, 696, 696, 696, 696, 696, 400, 400, 838, 838, 838, 580, 1000, 774, 762, 734, 830, 683,
    683, 821, 837, 372, 372, 775, 637, 995, 837, 850, 733, 850, 770, 720, 682, 812, 774, 1103, 771,
    724, 725, 457, 365, 457, 838, 500, 500, 675, 716, 593, 716, 678, 435, 716, 712, 343, 343, 665,
    343, 1042, 712, 687, 716, 716, 493, 595, 478, 712, 652, 924, 645, 652, 582, 712, 365, 712, 838,
)
# fmt: on
_MONO: Final = 602
_OTHER: Final = {"·": 380, "–": 500, "’": 380, "“": 657, "”": 657, "×": 838, "→": 838, "−": 838}
_UNKNOWN: Final = 1120  # another script, an emoji: a full square and a little more

_TABLES: Final = {
    is_bold: {chr(32 + i): width for i, width in enumerate(widths)} | _OTHER
    for is_bold, widths in ((False, _REGULAR), (True, _BOLD))
}

ELLIPSIS: Final = "…"


def width_of(words: str, style: str) -> float:
    """The room `words` take in a type style, in pixels; rather too much than too little."""
    look = TYPE[style]
    if look.is_mono:
        narrow = sum(c < "\u0100" or c in "“”’–−" for c in words)
        return (narrow * _MONO + (len(words) - narrow) * _UNKNOWN) * look.size / 1000
    table = _TABLES[look.weight >= 600]
    return sum(table.get(c, _UNKNOWN) for c in words) * look.size / 1000


def fit(words: str, style: str, room: float) -> str:
    """`words`, or as much of them as fits with an ellipsis; "" if not even that does."""
    if width_of(words, style) <= room:
        return words
    room -= width_of(ELLIPSIS, style)
    if room < 0:
        return ""
    used, kept = 0.0, 0
    for character in words:
        used += width_of(character, style)
        if used > room:
            break
        kept += 1
    return words[:kept].rstrip() + ELLIPSIS


def first_fitting(candidates: Sequence[str], style: str, room: float) -> str:
    """The first candidate that fits, best first; "" if none does."""
    return next((words for words in candidates if width_of(words, style) <= room), "")


def wrap(words: str, style: str, room: float, lines_max: int = 3) -> list[str]:
    """Lines that fit the room; the last one is cut when `lines_max` do not suffice."""
    lines: list[str] = []
    rest = words.split()
    while rest and len(lines) < lines_max - 1:
        line = rest.pop(0)
        while rest and width_of(f"{line} {rest[0]}", style) <= room:
            line = f"{line} {rest.pop(0)}"
        lines.append(fit(line, style, room))
    return [*lines, fit(" ".join(rest), style, room)] if rest else lines
