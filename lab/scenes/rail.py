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
    """Places go from 0 to 1.  `cuts` are the middles of shortened silences."""

    marks: tuple[tuple[Mark, float], ...]
    now: float
    cuts: tuple[float, ...]


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

    def place(time: int) -> float:
        i = bisect_right(times, time) - 1
        if i < 0:
            return 0.0
        if i + 1 >= len(times):
            return places[-1]
        share = (time - times[i]) / (times[i + 1] - times[i])
        return places[i] + share * (places[i + 1] - places[i])

    spans = zip(pairwise(times), pairwise(places), strict=True)
    cuts = tuple((p + q) / 2 for (a, b), (p, q) in spans if b - a > GAP_MS_MAX)
    return Rail(tuple((mark, place(mark.at)) for mark in shown), place(now), cuts)
