"""A time axis for things that happen in bursts: silence is cut out, and the cut says how long.

    412   434   458 ⦚⦚ 756   780          194 ms cut

Real session timeouts are seconds, messages are milliseconds; to scale, all would stand on one spot.
With `log`, gaps are drawn by their logarithm instead, and nothing is cut.

Invariants: places rise with time; equal arguments give equal places.
Read next: `spacetime`, `twins`, which share it.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from kafkalab.frames.log_time import LogTime
from lab.scenes.metrics import width_of
from lab.scenes.shapes import Shape, group, line, path, rect, text

CUT_WIDTH: Final = 44.0
CUT_PAD: Final = 22.0  # for words about what stood before the cut
ISLAND: Final = 86.0  # … when it stands alone between two cuts
CUTS_MAX: Final = 4
CUT_MS_MIN: Final = 15
_PART: Final = 0.3  # of what is left: a silence longer than this is cut
_STEPS: Final = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Cut:
    """A silence left out: its times, and the middle of its place."""

    since: int
    until: int
    x: float


class Axis:
    """Virtual ms to pixels."""

    def __init__(
        self, times: Iterable[int], span: tuple[int, int], room: tuple[float, float],
        *, is_log: bool = False,
    ) -> None:  # fmt: skip
        self.since, self.until = span
        self.left, self.right = room
        self._is_log = is_log
        known = sorted({*span, *(t for t in times if span[0] <= t <= span[1])})
        gaps = list(pairwise(known))
        room_wide = self.right - self.left
        cuts = set() if is_log else _to_cut([b - a for a, b in gaps], room_wide)
        while cuts and (CUT_WIDTH + ISLAND) * len(cuts) > room_wide:  # too little room for that
            cuts.remove(min(cuts, key=lambda i: gaps[i][1] - gaps[i][0]))
        if len(cuts) == len(gaps):  # nothing would be left
            cuts = set()
        log = LogTime(known)
        weights = [log.place(b) - log.place(a) if is_log else float(b - a) for a, b in gaps]
        busy = sum(w for i, w in enumerate(weights) if i not in cuts) or 1.0
        pads = {i: ISLAND if i - 1 in cuts else CUT_PAD for i in cuts}
        scale = (self.right - self.left - CUT_WIDTH * len(cuts) - sum(pads.values())) / busy
        self._times, self._places = known, [self.left]
        self.cuts: list[Cut] = []
        for i, (a, b) in enumerate(gaps):
            wide = CUT_WIDTH + pads[i] if i in cuts else weights[i] * scale
            if i in cuts:
                self.cuts.append(Cut(a, b, self._places[-1] + wide - CUT_WIDTH / 2))
            self._places.append(self._places[-1] + wide)
        self.px_per_ms = scale

    def __call__(self, at: float) -> float:
        """Where an instant stands; those outside wait at the edge."""
        times, places = self._times, self._places
        i = bisect_right(times, at) - 1
        if i < 0:
            return self.left
        if i + 1 >= len(times):
            return places[-1]
        share = (at - times[i]) / (times[i + 1] - times[i])
        return places[i] + share * (places[i + 1] - places[i])

    def ticks(self, room: float = 64) -> list[int]:
        """Round instants, none nearer to another or to a cut than `room` pixels."""
        found: list[int] = []
        last = -room
        if self._is_log:  # no round numbers stand evenly here: name the instants themselves
            for at in self._times:
                if self(at) - last >= room:
                    found.append(at)
                    last = self(at)
            return found
        step = _round_step(room / max(self.px_per_ms, 1e-9))
        for at in range(-(-self.since // step) * step, self.until + 1, step):
            x = self(at)
            is_near = any(abs(x - cut.x) < CUT_WIDTH / 2 + 30 for cut in self.cuts)
            if x - last >= room * 0.9 and not is_near:
                found.append(at)
                last = x
        return found


def draw_axis(axis: Axis, top: float, bottom: float, *, has_grid: bool = True) -> list[Shape]:
    """Ticks with their times, and the torn edges of the cuts."""
    shapes: list[Shape] = []
    ticks: list[Shape] = []
    known = axis.ticks()
    digits = next(d for d in range(4) if all(at % 10 ** (3 - d) == 0 for at in known))
    taken: list[tuple[float, float]] = []
    for i, cut in enumerate(axis.cuts):
        shapes.append(_torn(f"cut{i}", cut, top, bottom, taken))
    for at in known:
        x = axis(at)
        if has_grid:
            ticks.append(line(f"g{at}", (x, top), (x, bottom), "line", dash="1 4"))
        words = f"{at / 1000:.{digits}f} s"
        half = width_of(words, "tiny") / 2
        x = min(max(x, axis.left + half), axis.right - half)
        if all(x + half + 6 < a or x - half - 6 > b for a, b in taken):
            taken.append((x - half, x + half))
            ticks.append(text(f"t{at}", x, bottom + 16, words, "tiny", anchor="middle"))
    return [group("ticks", ticks), *shapes]


def _torn(key: str, cut: Cut, top: float, bottom: float, taken: list[tuple[float, float]]) -> Shape:
    height = bottom - top
    count = max(1, int(height // 8))
    edges = [
        path(f"e{i}", f"M{x} {top:g}" + "".join(f"l{4 if j % 2 else -4} 8" for j in range(count)),
             "none", "rule", stroke_width=1)
        for i, x in enumerate((-6, 8))
    ]  # fmt: skip
    ms = cut.until - cut.since
    words = f"{ms} ms cut" if ms < 1000 else f"{ms / 1000:g} s cut"
    shapes = [rect("gap", -7, top, 14, height, "bg"), *edges]
    half = width_of(words, "tiny") / 2
    if any(cut.x - half - 6 < b and cut.x + half + 6 > a for a, b in taken):
        words, half = words.removesuffix(" cut"), width_of(words.removesuffix(" cut"), "tiny") / 2
    if all(cut.x + half + 4 < a or cut.x - half - 4 > b for a, b in taken):
        taken.append((cut.x - half, cut.x + half))
        shapes.append(text("words", 0, bottom + 16, words, "tiny", anchor="middle"))
    return group(key, shapes, at=(round(cut.x, 1), 0))


def _to_cut(gaps: list[int], room: float) -> set[int]:
    """Which silences to leave out: the longest, while one takes much of the room that is left."""
    cut: set[int] = set()
    order = sorted(range(len(gaps)), key=lambda i: -gaps[i])
    left = float(sum(gaps))
    for i in order[:CUTS_MAX]:
        wide = gaps[i] / left * (room - CUT_WIDTH * len(cut)) if left > 0 else 0
        if gaps[i] < CUT_MS_MIN or wide < max(_PART * room / (1 + len(cut)), 2.5 * CUT_WIDTH):
            break
        cut.add(i)
        left -= gaps[i]
    return cut


def _round_step(least: float) -> int:
    power = 1
    while True:
        for step in _STEPS:
            if step * power >= least:
                return step * power
        power *= 10
