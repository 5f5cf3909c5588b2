"""Log-scale time: how far along a line an instant stands when each gap counts by its logarithm.

Milliseconds of messages and seconds of session timeouts then share one line without cuts.

Read next: `lab.scenes.axis`, which can also cut.
"""

from bisect import bisect_right
from collections.abc import Iterable
from itertools import pairwise
from math import log1p


class LogTime:
    """Places from 0 to 1 for instants in virtual ms; those between two known ones are shared out.

    Invariants: places rise with time; the first instant is at 0, the last at 1.
    """

    def __init__(self, times: Iterable[int]) -> None:
        self.times = sorted(set(times))
        weights = [log1p(b - a) for a, b in pairwise(self.times)]
        total = sum(weights) or 1.0
        self._places = [0.0]
        for weight in weights:
            self._places.append(self._places[-1] + weight / total)

    def place(self, at: float) -> float:
        """Where an instant stands; those outside at the ends."""
        i = bisect_right(self.times, at) - 1
        if i < 0:
            return 0.0
        if i + 1 >= len(self.times):
            return self._places[-1]
        share = (at - self.times[i]) / (self.times[i + 1] - self.times[i])
        return self._places[i] + share * (self._places[i + 1] - self._places[i])
