"""Records of one key on their way: as they were made, where they lie, as they are read.

    as made   □□□□□[+][−]□□□□□
                    \\ /
    P0        □□[−]□□□                 ◀ offsets from left to right
    P1        □□□[+]□□
                 / \\
    as read   □□[−]□□□□[+]□□□          lines that cross: read in another order than made

The records followed are filled and tied by lines, the others are outlines.  In the colour of loss:
one that is read before a record of its key that was made earlier.

Invariants: what is not read has no cell in the last row.
Read next: `lab.widgets.passing`, which takes it from a run.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

from lab.scenes.metrics import wrap
from lab.scenes.shapes import Scene, Shape, group, line, rect, text

WIDTH_MIN: Final = 560
_LEFT: Final = 84
_MARGIN: Final = 10
_STEP_MAX: Final = 34
_CELL: Final = 20
_GAP: Final = 46
_LANE: Final = 34
_ROWS: Final = ("made", "kept", "read")


class Stop(NamedTuple):
    """One record: its number in the order of making, its place, and when it was read (by turn)."""

    number: int
    partition: int
    offset: int
    turn: int | None
    label: str
    is_followed: bool


@dataclass(frozen=True, slots=True)
class Passage:
    """The picture's data, in the order of making."""

    name: str
    stops: tuple[Stop, ...]
    partitions: int
    width: int = 960

    @property
    def followed(self) -> tuple[Stop, ...]:
        """Those of the key."""
        return tuple(stop for stop in self.stops if stop.is_followed)

    @property
    def early(self) -> frozenset[int]:
        """Numbers of those read before one of the key that was made earlier."""
        read = [(stop.number, stop.turn) for stop in self.followed if stop.turn is not None]
        return frozenset(
            number
            for number, turn in read
            if any(before < number and turn < later for before, later in read)
        )


def finding(passage: Passage) -> str:
    """One sentence."""
    early, lanes = len(passage.early), {stop.partition for stop in passage.followed}
    where = " and ".join(f"P{lane}" for lane in sorted(lanes)) or "nowhere"
    all_in = "in" if len(lanes) > 1 else "all in"
    head = f"{passage.name}: {_records(len(passage.followed))}, {all_in} {where}"
    if not early:
        return f"{head}, read in the order in which they were made."
    return f"{head}; {early} of them read before one that was made earlier."


def draw_passing(passage: Passage) -> Scene:
    """The picture, at the passage's width."""
    width = max(passage.width, WIDTH_MIN)
    most = max(1, len(passage.stops))
    step = min(_STEP_MAX, (width - _LEFT - 2 * _MARGIN) / most)
    shapes: list[Shape] = []
    y = 20.0
    for number, words in enumerate(wrap(finding(passage), "lab", width - 2 * _MARGIN)):
        shapes.append(text(f"say{number}", _MARGIN, y, words, "lab"))
        y += 20
    made = y + 6
    lanes = made + _CELL + _GAP
    read = lanes + (passage.partitions - 1) * _LANE + _CELL + _GAP
    rows = [("as made", made), *((f"P{p}", lanes + p * _LANE) for p in range(passage.partitions))]
    for name, top in [*rows, ("as read", read)]:
        shapes.append(text(f"row {name}", _MARGIN, top + 15, name, "lab"))
    tops = (made, lanes, read)
    others = [stop for stop in passage.stops if not stop.is_followed]
    shapes += [shape for stop in others for shape in _outlines(stop, tops, step)]
    shapes += _lines(passage, tops, step)
    for stop in passage.followed:
        shapes += _cells(stop, tops, step, is_early=stop.number in passage.early)
    say = finding(passage)
    return Scene(width, round(read + _CELL + 14), "The way of records", say, tuple(shapes))


def _x(place: int, step: float) -> float:
    return _MARGIN + _LEFT + place * step


def _spots(stop: Stop, tops: Sequence[float], step: float) -> list[tuple[float, float]]:
    """Where its cells are: as made, in its lane, as read."""
    made, lanes, read = tops
    spots = [
        (_x(stop.number, step), made),
        (_x(stop.offset, step), lanes + stop.partition * _LANE),
    ]
    return spots if stop.turn is None else [*spots, (_x(stop.turn, step), read)]


def _lines(passage: Passage, tops: Sequence[float], step: float) -> Iterator[Shape]:
    half = min(step - 3, _CELL) / 2
    for stop in passage.followed:
        tone = "out" if stop.number in passage.early else "comm"
        spots = _spots(stop, tops, step)
        for leg, (a, b) in enumerate(pairwise(spots)):
            start, end = (a[0] + half, a[1] + _CELL), (b[0] + half, b[1])
            yield line(f"way {stop.number} {leg}", start, end, tone, stroke_width=2)


def _outlines(stop: Stop, tops: Sequence[float], step: float) -> Iterator[Shape]:
    wide = min(step - 3, _CELL)
    for row, (x, y) in zip(_ROWS, _spots(stop, tops, step), strict=False):
        yield rect(f"{row} {stop.number}", x, y, wide, _CELL, "card", "line", radius=3)


def _cells(stop: Stop, tops: Sequence[float], step: float, *, is_early: bool) -> Iterator[Shape]:
    wide, tone = min(step - 3, _CELL), "out" if is_early else "comm"
    for row, spot in zip(_ROWS, _spots(stop, tops, step), strict=False):
        words = text("label", wide / 2, 15, stop.label, "lab", f"{tone}-t", anchor="middle")
        box = rect("box", 0, 0, wide, _CELL, f"{tone}-s", tone, radius=3, stroke_width=2)
        yield group(f"{row} {stop.number}", [box, words], at=spot)


def _records(count: int) -> str:
    return "1 record" if count == 1 else f"{count} records"
