"""The rail of time: where each mark stands, and where now is.

    ━━━━━━━┷━━━━━╱╱━━━━━━┷━┷━━━━●──────        silence longer than 1.5 s is cut (╱╱)

Real session timeouts are seconds, messages are milliseconds; to scale, all marks would stand on
one spot.  So the gaps between marks are shortened, each to the same most.

Invariants: places rise with time; the first mark stands at 0, the end at 1.
Read next: `controls`, which draws it.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from kafkalab.frames.shape import EventFrame
from lab.scenes.kinds import MARKED

GAP_MS_MAX: Final = 1500
MARKS_MAX: Final = 40


@dataclass(frozen=True, slots=True)
class Mark:
    """An event on the rail, as the feed names it."""

    id: int
    at: int
    glyph: str
    tone: str
    words: str


@dataclass(frozen=True, slots=True)
class Rail:
    """Places go from 0 to 1.  `cuts` are the middles of shortened silences.

    `known`: instants and their places, between which any other has its own.
    """

    marks: tuple[tuple[Mark, float], ...]
    now: float
    cuts: tuple[float, ...]
    known: tuple[tuple[int, float], ...] = ((0, 0.0),)

    def place(self, at: int) -> float:
        """Where an instant stands; those outside wait at the ends."""
        i = bisect_right(self.known, at, key=lambda each: each[0]) - 1
        if i < 0:
            return 0.0
        since, here = self.known[i]
        if i + 1 >= len(self.known):
            return here
        until, there = self.known[i + 1]
        return here + (at - since) / (until - since) * (there - here)


def marks_of(events: Iterable[EventFrame]) -> list[Mark]:
    """The events worth a mark, oldest first; of several at one instant and of one kind, one."""
    seen: set[tuple[int, str]] = set()
    marks: list[Mark] = []
    for event in events:
        if event["kind"] in MARKED and (event["at"], event["kind"]) not in seen:
            seen.add((event["at"], event["kind"]))
            tone = event["tone"]
            marks.append(Mark(event["id"], event["at"], event["glyph"], tone, event["text"]))
    return sorted(marks, key=lambda mark: mark.id)[-MARKS_MAX:]


def lay_out(marks: Sequence[Mark], start: int, now: int, end: int) -> Rail:
    """Places for marks between `start` and `end`, silences cut."""
    end = max(end, now)
    shown = [mark for mark in marks if start <= mark.at <= end]
    times = sorted({start, end, *(mark.at for mark in shown)})
    gaps = [min(b - a, GAP_MS_MAX) for a, b in pairwise(times)]
    total = sum(gaps) or 1
    places = [0.0]
    for gap in gaps:
        places.append(places[-1] + gap / total)

    spans = zip(pairwise(times), pairwise(places), strict=True)
    cuts = tuple((p + q) / 2 for (a, b), (p, q) in spans if b - a > GAP_MS_MAX)
    known = tuple(zip(times, places, strict=True))
    place = Rail((), 0.0, (), known).place
    return Rail(tuple((mark, place(mark.at)) for mark in shown), place(now), cuts, known)
