"""Run a learner's choice in the engine, under many seeds of faults.

    survey = under_faults(lambda seed: story(my_loop, seed), seeds=range(20))
    survey.survived, survey.total          17, 20
    survey.shortest                        the failure that took the fewest milliseconds to happen

A story is a function of a seed: it makes a simulation, lets the answer work in it, and says what
went wrong, or nothing.  The seed decides the faults, so a failing seed can be shown again.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from lab.checking.outcome import Right, Wrong


class Failure(NamedTuple):
    """What went wrong under one seed, in words, and when (virtual ms)."""

    seed: int
    words: str
    at_ms: int


class Broken(Exception):
    """Raised by a story: the answer did not hold.  `at_ms`: when that was clear."""

    def __init__(self, words: str, at_ms: int = 0) -> None:
        super().__init__(words)
        self.words, self.at_ms = words, at_ms


@dataclass(frozen=True, slots=True)
class Survey:
    """How an answer fared."""

    total: int
    failures: tuple[Failure, ...]

    @property
    def survived(self) -> int:
        return self.total - len(self.failures)

    @property
    def shortest(self) -> Failure | None:
        """The failure that is the quickest to look at."""
        return min(self.failures, key=lambda one: (one.at_ms, one.seed), default=None)

    def verdict(self, right: str, idea: str, replay: str) -> Right:
        """`Right` if all survived; else `Wrong`, with the shortest failure and its replay.

        `replay` is source text in which `{seed}` stands for the failing seed.
        """
        worst = self.shortest
        if worst is None:
            return Right(f"{right} It held in all {self.total} runs.")
        raise Wrong(
            idea,
            f"It held in {self.survived} of {self.total} runs. With seed {worst.seed}: "
            f"{worst.words}",
            score=self.survived / self.total,
            replay=replay.format(seed=worst.seed),
        )


def under_faults(story: Callable[[int], None], seeds: Iterable[int] = range(20)) -> Survey:
    """Run a story under each seed.  `Broken` counts as a failure; anything else is passed on."""
    failures, total = [], 0
    for seed in seeds:
        total += 1
        try:
            story(seed)
        except Broken as broken:
            failures.append(Failure(seed, broken.words, broken.at_ms))
    return Survey(total, tuple(failures))
