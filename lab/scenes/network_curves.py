"""Where the cards of the network's map stand, and the curves between them.

Read next: `network_map`, which draws both.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import hypot
from typing import Final

CARD_HEIGHT: Final = 46.0
INNER: Final = 260.0  # arcs shorter than that have others above them
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a card stands."""

    x: float
    y: float
    width: float
    foot: float = 0.0  # of the rack it stands in: lines to the clients begin under it

    @property
    def top(self) -> Point:
        return self.x + self.width / 2, self.y

    @property
    def bottom(self) -> Point:
        return self.x + self.width / 2, self.y + CARD_HEIGHT + self.foot


@dataclass(frozen=True, slots=True)
class Curve:
    """A cubic from one card to another."""

    start: Point
    first: Point
    second: Point
    end: Point

    @property
    def d(self) -> str:
        points = " ".join(f"{x:.1f} {y:.1f}" for x, y in (self.first, self.second, self.end))
        return f"M{self.start[0]:.1f} {self.start[1]:.1f}C{points}"

    def at(self, t: float) -> Point:
        u = 1 - t
        weights = (u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t)
        points = (self.start, self.first, self.second, self.end)
        return (
            sum(w * p[0] for w, p in zip(weights, points, strict=True)),
            sum(w * p[1] for w, p in zip(weights, points, strict=True)),
        )

    def heading(self, t: float) -> Point:
        (x0, y0), (x1, y1) = self.at(t - 0.02), self.at(t + 0.02)
        long = hypot(x1 - x0, y1 - y0) or 1.0
        return (x1 - x0) / long, (y1 - y0) / long


def curve_of(a: Place, b: Place, are_brokers: bool, places: Mapping[str, Place]) -> Curve:
    if are_brokers or a.y == b.y:
        (x0, y), (x1, _) = a.top, b.top
        step = min(abs(x1 - x0), 720.0)
        tall = 26 + 74 * step / 720 if are_brokers else 18 + 30 * step / 720
        x0, x1 = (x0 + 5, x1 - 5) if x0 < x1 else (x0 - 5, x1 + 5)
        return Curve((x0, y), (x0, y - tall), (x1, y - tall), (x1, y))
    upper, lower = (a, b) if a.y < b.y else (b, a)
    start, end = upper.bottom, lower.top
    bend = (end[1] - start[1]) * 0.4
    curve = Curve(start, (start[0], start[1] + bend), (end[0], end[1] - bend), end)
    if upper is a:
        return curve
    return Curve(curve.end, curve.second, curve.first, curve.start)
