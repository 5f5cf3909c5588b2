"""Many runs of the swarm: over all cores, with a progress bar, and each failure with its replay.

    kafkalab sim --seeds 1000 --seconds 5        seeds 0 … 999
    kafkalab sim --seed 1000 --seeds 500         a part of a large fleet: 1000 … 1499
    kafkalab sim --seed 29 --seconds 5           that one, told in full

Each seed is a process's task of its own; the results come in the order of the seeds, so that two
fleets say the same.

Read next: `swarm.run`, what each does.
"""

import gc
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final, TextIO

from kafkalab.sim import swarm
from kafkalab.sim.plan import Plan

_BAR_WIDTH: Final = 30
_GC_THRESHOLD: Final = (50_000, 20, 20)
_CHUNK: Final = 4  # seeds handed to a process at a time


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a seed: a report, or what was broken and the text that tells all."""

    seed: int
    report: swarm.Report | None = None
    promise: str = ""
    words: str = ""
    text: str = ""


def one(seed: int, seconds: float, watched: bool = True) -> Outcome:
    """Run a seed; a failure is an outcome too."""
    try:
        return Outcome(seed, swarm.run(Plan.of(seed, seconds), watched=watched))
    except swarm.SwarmFailure as failure:
        return Outcome(seed, None, failure.promise, failure.words, str(failure))


def outcomes(seeds: range, seconds: float, workers: int) -> Iterator[Outcome]:
    """Of each seed, in order."""
    if workers <= 1:
        yield from (one(seed, seconds) for seed in seeds)
        return
    with ProcessPoolExecutor(workers, initializer=_rarely_collect) as pool:
        yield from pool.map(partial(one, seconds=seconds), seeds, chunksize=_CHUNK)


def _rarely_collect() -> None:
    """A run makes much that lives to its end: to look through it for cycles often is in vain."""
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLD)


def run_fleet(seeds: range, seconds: float, workers: int, out: TextIO = sys.stdout) -> int:
    """Run them all and say how it went; how many failed."""
    failed: list[Outcome] = []
    virtual_ms = steps = 0
    with _progress(len(seeds), out) as show:
        for number, outcome in enumerate(outcomes(seeds, seconds, workers), 1):
            if outcome.report is None:
                failed.append(outcome)
                print(f"\nseed {outcome.seed} failed: {outcome.text}", file=out)
            else:
                virtual_ms += outcome.report.virtual_ms
                steps += outcome.report.steps
            show(number, len(failed))
    print(
        f"{len(seeds)} seeds of {seconds:g} s: {len(failed)} failed; "
        f"{virtual_ms / 1000:,.0f} virtual seconds, {steps:,} steps",
        file=out,
    )
    for outcome in failed:
        command = f"kafkalab sim --seed {outcome.seed} --seconds {seconds:g}"
        print(f"  {outcome.promise}: {command}", file=out)
    return len(failed)


@contextmanager
def _progress(total: int, out: TextIO) -> Iterator["_Show"]:
    """A bar on a terminal, nothing elsewhere."""
    show = _Show(total, out)
    yield show
    if show.is_shown:
        print(file=out)


class _Show:
    """Draws the bar anew in its line."""

    def __init__(self, total: int, out: TextIO) -> None:
        self._total = total
        self._out = out
        self.is_shown = out.isatty()

    def __call__(self, done: int, failed: int) -> None:
        if self.is_shown:
            filled = _BAR_WIDTH * done // self._total
            bar = "█" * filled + "░" * (_BAR_WIDTH - filled)
            text = f"\r{bar} {done}/{self._total} seeds, {failed} failed"
            print(text, end="", file=self._out, flush=True)
