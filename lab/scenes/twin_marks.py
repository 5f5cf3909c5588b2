"""What happened when, above the lines of twins: a flag each, its words right of its pole.

    ⑂ 4.370 s the change: Broker 1 crashed (A)        ★ 13.013 s Broker 2 leads orders-0 (A)
    ┆◆ 4.420 s first divergence                       ┆

A flag takes the row in which fewest poles go through words: mostly none, for a later flag stands
lower than the earlier ones whose words reach past its pole.  Words keep inside the right edge.
Read next: `twins`, which draws them; `kafkalab.frames.twins`, which chooses what is told.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from kafkalab.frames.twins import MarkFrame, TwinsFrame
from lab.scenes.axis import Axis
from lab.scenes.clock import seconds
from lab.scenes.metrics import fit, width_of
from lab.scenes.shapes import Shape, glyph, group, line, text

ROW: Final = 20
_SIGN: Final = 18  # of a flag: room of its sign
_APART: Final = 17.0  # between a flag's time and its words, and after them
_GAP: Final = 10.0
_PARTING: Final = "d"


@dataclass(frozen=True, slots=True)
class Flag:
    """`left`: where its words begin; `row`: from the top."""

    key: str
    at: int
    sign: str
    tone: str
    words: str
    x: float = 0.0
    left: float = 0.0
    row: int = 0

    @property
    def when(self) -> str:
        return f"{seconds(self.at)} s"

    @property
    def wide(self) -> float:
        own = _SIGN + width_of(self.when, "numb") + 7
        return own + width_of(self.words, "cap") + _GAP


def place_flags(frame: TwinsFrame, axis: Axis) -> tuple[list[Flag], float]:
    """Every flag in its place, and the height of all."""
    placed: list[Flag] = []
    for flag in sorted(_flags(frame), key=lambda flag: (axis(flag.at), flag.key == _PARTING)):
        x = axis(flag.at)
        room = axis.right - _SIGN - width_of(flag.when, "numb") - _APART
        flag = replace(flag, words=fit(flag.words, "cap", room), x=x)
        flag = replace(flag, left=max(min(x + 3, axis.right - flag.wide), 0))
        rows = (replace(flag, row=row) for row in range(len(placed) + 1))
        free = (f for f in rows if not any(_touch(f, other) for other in placed))
        placed.append(min(free, key=lambda f: (_crossings(f, placed), f.row)))
    rows_used = max((flag.row + 1 for flag in placed), default=0)
    return placed, rows_used * ROW + 6.0


def _touch(a: Flag, b: Flag) -> bool:
    return a.row == b.row and a.left < b.left + b.wide and b.left < a.left + a.wide


def _crossings(flag: Flag, others: Sequence[Flag]) -> int:
    """How many poles would go through words."""
    pairs = [pair for other in others for pair in ((flag, other), (other, flag))]
    return sum(
        pole.row < words.row and words.left < pole.x < words.left + words.wide
        for pole, words in pairs
    )


def draw_flags(flags: Sequence[Flag], bottom: float, *, is_live: bool) -> list[Shape]:
    """Poles first, words over them."""
    poles: list[Shape] = []
    words: list[Shape] = []
    for flag in flags:
        is_parting = flag.key == _PARTING
        top = flag.row * ROW + (4 if flag.left > flag.x else ROW)
        stroke, dash = ("group", None) if is_parting else ("rule", "2 3")
        poles.append(
            line(f"l{flag.key}", (flag.x, top), (flag.x, bottom), stroke, dash=dash,
                 stroke_width=2 if is_parting else 1)
        )  # fmt: skip
        x = _SIGN + width_of(flag.when, "numb") + 7
        words.append(
            group(flag.key, [
                glyph("sign", flag.sign, 8, 14, flag.tone),
                text("at", _SIGN, 14, flag.when, "numb", has_halo=True),
                text("words", x, 14, flag.words, "cap", flag.tone, has_halo=True),
            ], at=(round(flag.left, 1), flag.row * ROW), label=f"{flag.when}: {flag.words}",
               is_tab_stop=False, action=f"seek {flag.at}" if is_live else None)
        )  # fmt: skip
    return [*poles, *words]


def _flags(frame: TwinsFrame) -> list[Flag]:
    """The change, with what happens just then in one run alone; the divergence; all else."""
    change = frame["change"]
    is_it = next((m for m in frame["marks"] if m["at"] == change and m["run"]), None)
    words = f"the change: {_words(is_it)}" if is_it is not None else "the change"
    flags = [Flag("c", change, "branch", "ink", words)]
    if frame["diverges"] is not None:
        flags.append(Flag(_PARTING, frame["diverges"], "diamond", "group-t", "first divergence"))
    for i, mark in enumerate(frame["marks"]):
        if mark is not is_it:
            tone = "ink" if mark["tone"] == "ink" else f"{mark['tone']}-t"
            flags.append(Flag(f"m{i}", mark["at"], mark["glyph"], tone, _words(mark)))
    return flags


def _words(mark: MarkFrame) -> str:
    return f"{mark['words']} ({mark['run']})" if mark["run"] else mark["words"]
