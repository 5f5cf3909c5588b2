"""Where a consumer begins: ways to come to one log, and what each reset policy makes of them.

                      ▼ earliest              ▼ latest      none: error
    commit 3,   ┊ 0 ┊ 1 ┊ … ┊ 5 ┊[6][7][8][9][10]
    out of range              ▲ committed 3
                             ━━━━━━━━━━━━━  latest skips 6 to 9

A cell is an offset: dashed, its record has been deleted; the last is written while the consumer is
there.  The line in the colour of loss: what `latest` skips, though it could be read.

Invariants: a policy is named once in a row, at the offset where it begins or as an error.
Read next: `lab.widgets.beginnings`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from lab.scenes.legend import Entry, draw_legend
from lab.scenes.metrics import wrap
from lab.scenes.shapes import Scene, Shape, glyph, group, line, rect, text

WIDTH_MIN: Final = 640
_LEFT: Final = 156
_MARGIN: Final = 10
_RIGHT: Final = 130
_CELL: Final = 24
_STEP_MAX: Final = 46
_ROW: Final = 112


class Way(NamedTuple):
    """One way to come: the log it finds, its group's commit, and where each policy begins.

    Offsets from `log_start` on are there, `new` is written later.  `firsts` holds None where the
    consumer stops with an error; `is_forgotten` is a commit that has expired.
    """

    name: str
    log_start: int
    new: int
    committed: int | None
    is_forgotten: bool
    firsts: Mapping[str, int | None]

    @property
    def is_asked(self) -> bool:
        """Whether the reset policy makes a difference."""
        return len(set(self.firsts.values())) > 1

    @property
    def skipped(self) -> range:
        """What `latest` leaves unread that the group has not committed and that can be read."""
        first = self.firsts.get("latest")
        return range(max(self.log_start, self.committed or 0), self.new if first is None else first)

    @property
    def repeated(self) -> range:
        """What `earliest` reads that the group had committed as done."""
        first = self.firsts.get("earliest")
        return range(first or 0, 0 if first is None else self.committed or 0)


@dataclass(frozen=True, slots=True)
class Beginnings:
    """The picture's data."""

    ways: tuple[Way, ...]
    width: int = 960


def finding(ways: Sequence[Way]) -> str:
    """One sentence."""
    asked = [way for way in ways if way.is_asked]
    most = max((len(way.skipped) for way in asked), default=0)
    return (
        f"The policy is asked in {len(asked)} of {len(ways)} ways to come. latest then skips "
        f"up to {most} records that could be read."
    )


def draw_beginnings(picture: Beginnings) -> Scene:
    """The picture, at its width."""
    width = max(picture.width, WIDTH_MIN)
    most = max(way.new for way in picture.ways) + 1
    step = min(_STEP_MAX, (width - _LEFT - _RIGHT - 2 * _MARGIN) / most)
    shapes: list[Shape] = []
    y = 20.0
    for number, words in enumerate(wrap(finding(picture.ways), "lab", width - 2 * _MARGIN)):
        shapes.append(text(f"say{number}", _MARGIN, y, words, "lab"))
        y += 20
    for way in picture.ways:
        shapes.append(group(f"way {way.name}", _row(way, step), at=(_MARGIN, y)))
        y += _ROW
    legend, height = draw_legend(_LEGEND, width - 2 * _MARGIN)
    shapes.append(group("legend", [legend], at=(_MARGIN, y + 10)))
    words = finding(picture.ways)
    return Scene(width, round(y + 10 + height), "Where it begins", words, tuple(shapes))


def _row(way: Way, step: float) -> Iterator[Shape]:
    middle = 32 + _CELL / 2 + 5
    lines = wrap(way.name, "lab", _LEFT - 16)
    for number, words in enumerate(lines):
        at = middle + 17 * number - 8.5 * (len(lines) - 1)
        yield text(f"name{number}", 0, at, words, "lab")
    wide = step - 4
    for offset in range(way.new + 1):
        x = _LEFT + offset * step
        is_there = offset >= way.log_start
        fill, stroke = ("comm-s", "comm") if is_there else ("none", "rule")
        dash = None if is_there else "3 3"
        yield rect(f"cell {offset}", x, 32, wide, _CELL, fill, stroke, radius=4, dash=dash)
        tone = "comm-t" if is_there else "mute"
        yield text(f"n {offset}", x + wide / 2, 49, str(offset), "num", tone, anchor="middle")
    yield from _policies(way, step)
    yield from _commit(way, step)


def _policies(way: Way, step: float) -> Iterator[Shape]:
    for first in dict.fromkeys(way.firsts.values()):
        names = ", ".join(name for name, each in way.firsts.items() if each == first)
        if first is None:
            x = _LEFT + (way.new + 1) * step + 14
            yield glyph("error sign", "cross", x + 6, 49, "out-t")
            yield text("error", x + 18, 49, f"{names}: error", "noteb", "out-t")
            continue
        x = _LEFT + first * step + (step - 4) / 2
        yield glyph(f"at {first} sign", "down", x, 27, "ink")
        yield text(f"at {first}", x + 11, 26, names, "noteb")


def _commit(way: Way, step: float) -> Iterator[Shape]:
    if way.committed is not None:
        x = _LEFT + way.committed * step + (step - 4) / 2
        words = f"committed {way.committed}" + (", forgotten" if way.is_forgotten else "")
        yield glyph("pin", "up", x, 72, "rule" if way.is_forgotten else "group")
        yield text(
            "pin words", x + 11, 73, words, "note", "mute" if way.is_forgotten else "group-t"
        )
    if way.is_asked and (skipped := way.skipped):
        start, end = _LEFT + skipped[0] * step, _LEFT + (skipped[-1] + 1) * step - 4
        yield line("skipped", (start, 82), (end, 82), "out", stroke_width=3)
        words = f"latest skips {skipped[0]} to {skipped[-1]}"
        yield text("skipped words", start, 97, words, "note", "out-t")
    if repeated := way.repeated:
        start, end = _LEFT + repeated[0] * step, _LEFT + (repeated[-1] + 1) * step - 4
        yield line("repeated", (start, 82), (end, 82), "lead", stroke_width=3)
        words = f"earliest repeats {repeated[0]} to {repeated[-1]}"
        yield text("repeated words", end - 4, 97, words, "note", "lead-t", anchor="end")


_LEGEND: Final = (
    Entry(glyph("shape", "down", 6, 5, "ink"), 12, "the first record it is given"),
    Entry(glyph("shape", "up", 6, 5, "group"), 12, "committed by the group"),
    Entry(rect("shape", 0, -8, 16, 16, "comm-s", "comm", radius=3), 16, "can be read"),
    Entry(rect("shape", 0, -8, 16, 16, "none", "rule", radius=3, dash="3 3"), 16, "deleted"),
    Entry(line("shape", (0, 0), (20, 0), "out", stroke_width=3), 20, "never read by that group"),
    Entry(line("shape", (0, 0), (20, 0), "lead", stroke_width=3), 20, "read twice"),
)
