"""A state machine drawn from its table of moves, with the state it is in and the move it made last.

    (Empty) ──▶ ((Preparing)) ──▶ (Completing) ──▶ (Stable)      rows: the usual way, left to right
                  ▲────────────────────┴──────────────┘          all other moves: buses below, one
                                                                 for each state they lead to

Invariants: every move between states that are drawn is drawn; a state keeps its place.
Read next: `pictures.groups`, `pictures.transaction`, which show one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lab.scenes.metrics import width_of
from lab.scenes.shapes import Shape, group, path, rect, text

_HEIGHT: Final = 30
_ROW: Final = 40
_BUS: Final = 11
_ARROW_MIN: Final = 20.0
_ARROW_MAX: Final = 36.0

Move = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Machine:
    """`columns`: states from left to right, those above each other together; `tone` of the state
    it is in: a colour with its text (`-t`) and surface (`-s`)."""

    columns: Sequence[Sequence[str]]
    moves: Sequence[Move]
    state: str
    last: Move | None
    tone: str


@dataclass(frozen=True, slots=True)
class _Box:
    column: int
    row: int
    x: float
    y: float
    width: float

    @property
    def middle(self) -> float:
        return self.y + _HEIGHT / 2


def draw_machine(machine: Machine, width: float) -> tuple[list[Shape], float, float]:
    """Shapes, width and height; style and gaps shrink where there is little room."""
    for style, pad in (("body", 26.0), ("note", 18.0), ("tiny", 10.0)):
        wide = [max(width_of(s, "lab" if style == "body" else "noteb") for s in c) + pad
                for c in machine.columns]  # fmt: skip
        room = (width - sum(wide)) / max(len(wide) - 1, 1)
        if room >= _ARROW_MIN:
            break
    gap = max(min(room, _ARROW_MAX), 12.0)
    rows = max(len(column) for column in machine.columns)
    boxes: dict[str, _Box] = {}
    x = 0.0
    for number, column in enumerate(machine.columns):
        top = (rows - len(column)) * _ROW / 2
        for row, state in enumerate(column):
            boxes[state] = _Box(number, row, x, top + row * _ROW, wide[number])
        x += wide[number] + gap
    bottom = (rows - 1) * _ROW + _HEIGHT
    arrows, buses = _arrows(machine, boxes, bottom)
    pills = [_pill(machine, state, box, style) for state, box in boxes.items()]
    return [group("moves", arrows), *pills], x - gap, bottom + buses * _BUS + 2


def _pill(machine: Machine, state: str, box: _Box, style: str) -> Shape:
    is_in = state == machine.state
    fill, stroke = (f"{machine.tone}-s", machine.tone) if is_in else ("card", "line")
    look = {"body": "lab", "note": "noteb", "tiny": "noteb"}[style] if is_in else (
        "sub" if style == "body" else "note")  # fmt: skip
    shapes = [
        rect("pill", 0, 0, box.width, _HEIGHT, fill, stroke, radius=_HEIGHT / 2,
             stroke_width=2 if is_in else 1),
        text("state", box.width / 2, 19.5, state, look, f"{machine.tone}-t" if is_in else "mute",
             anchor="middle"),
    ]  # fmt: skip
    label = f"{state}, the state it is in" if is_in else state
    return group(state, shapes, at=(box.x, box.y), label=label)


def _arrows(machine: Machine, boxes: dict[str, _Box], bottom: float) -> tuple[list[Shape], int]:
    """Straight ones between neighbours; for the others a bus for each state they lead to."""
    shapes: list[Shape] = []
    others: dict[str, list[str]] = {}
    for before, after in machine.moves:
        if before not in boxes or after not in boxes or before == after:
            continue
        a, b = boxes[before], boxes[after]
        if b.column != a.column + 1:
            others.setdefault(after, []).append(before)
            continue
        left, right = a.x + a.width + 3, b.x - 3
        middle = (left + right) / 2 - 2
        way = f"M{left:g} {a.middle:g}H{right:g}"
        if a.middle != b.middle:
            way = f"M{left:g} {a.middle:g}H{middle:g}V{b.middle:g}H{right:g}"
        head = (
            f"M{right - 5:g} {b.middle - 4:g}L{right:g} {b.middle:g}L{right - 5:g} {b.middle + 4:g}"
        )
        shapes.append(_stroke(f"{before}-{after}", way + head, (before, after) == machine.last))
    nearest = sorted(others, key=lambda after: -boxes[after].x)
    for depth, after in enumerate(nearest):
        shapes += _bus(machine, boxes, after, others[after], bottom + 9 + depth * _BUS, depth)
    return shapes, len(others)


def _bus(
    machine: Machine,
    boxes: dict[str, _Box],
    after: str,
    sources: Sequence[str],
    y: float,
    depth: int,
) -> list[Shape]:
    """From under each source to under the target; sources above others leave by their side."""
    target = boxes[after]
    side = 1 if boxes[sources[0]].x > target.x else -1
    into = target.x + target.width / 2 + 14 * side
    foot = target.y + _HEIGHT + 3
    shapes = []
    for before in sorted(sources, key=lambda each: _is_last(machine, each, after)):
        source = boxes[before]
        out = source.x + source.width / 2 - (6 + 8 * depth) * side
        start = f"M{out:g} {source.y + _HEIGHT + 2:g}"
        if any(o.column == source.column and o.row > source.row for o in boxes.values()):
            out = source.x + source.width + 6 + 5 * depth
            start = f"M{source.x + source.width + 2:g} {source.middle:g}H{out:g}"
        way = f"{start}V{y:g}H{into:g}V{foot:g}"
        head = f"M{into - 4:g} {foot + 5:g}L{into:g} {foot:g}L{into + 4:g} {foot + 5:g}"
        shapes.append(_stroke(f"{before}-{after}", way + head, (before, after) == machine.last))
    return shapes


def _is_last(machine: Machine, before: str, after: str) -> bool:
    """The move that was made last is painted last, over the others on its bus."""
    return (before, after) == machine.last


def _stroke(key: str, d: str, is_last: bool) -> Shape:
    return path(key, d, "none", "ink" if is_last else "rule", stroke_width=2 if is_last else 1)
