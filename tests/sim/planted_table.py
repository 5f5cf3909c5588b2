"""How many seeds it takes to find each planted mistake: the table in `docs/proof.md`.

    python tests/sim/planted_table.py                    all of them, and write the table
    python tests/sim/planted_table.py --only two_owners  print, and write nothing

Two ways to look: the swarm (`kafkalab sim`), and the quorum without a cluster (`tests/raft`).
"""

import argparse
import gc
import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parents[2]
sys.path += [str(ROOT / "tests" / "raft"), str(Path(__file__).parent)]

import planted  # noqa: E402
import test_planted_bugs as quorum  # noqa: E402

PAGE: Final = ROOT / "docs" / "proof.md"
_BEGIN, _END = "<!-- table: planted -->", "<!-- end -->"
_ASSERTION: Final = "an assertion of the engine"


class Way(NamedTuple):
    """A way to look for mistakes: its name, and how many seeds one takes."""

    name: str
    plants: tuple[Callable[..., None], ...]
    seeds_needed: Callable[..., tuple[int, str, str]]
    limits: tuple[float, ...] = ()  # seeds at most, seconds of each


class Row(NamedTuple):
    """What came of one mistake."""

    name: str
    wrong: str
    way: str
    promise: str
    seeds: int
    words: str

    def __str__(self) -> str:
        found = f"{self.seeds}" if self.seeds else "not found"
        return f"| {self.wrong} | `{self.name}` | {self.way} | {self.promise or '–'} | {found} |"


def ways(seeds: int, seconds: float) -> tuple[Way, ...]:
    quorums = tuple(plant for plant, _ in quorum.PLANTED)
    return (
        Way(f"swarm, {seconds:g} s", planted.FAMILIES, planted.seeds_needed, (seeds, seconds)),
        Way("quorum alone", quorums, quorum.seeds_needed),
    )


def measured(way: Way, plant: Callable[..., None]) -> Row:
    """Plant one mistake and look for it."""
    gc.set_threshold(50_000, 20, 20)
    count, promise, words = way.seeds_needed(plant, *way.limits)
    # Promises that are asked together say which ones; the words say what was seen.
    promise = {"assert": _ASSERTION, "no node fails": _ASSERTION}.get(promise, promise)
    wrong = (plant.__doc__ or "").splitlines()[0]
    return Row(plant.__name__, wrong, way.name, promise, count, words)


def written(rows: Sequence[Row]) -> str:
    """The page with these rows instead of those it has."""
    head, _, rest = PAGE.read_text().partition(_BEGIN)
    _, _, tail = rest.partition(_END)
    found = sum(row.seeds > 0 for row in rows)
    lines = [
        _BEGIN,
        "",
        "| what is wrong | planted as | looked for by | what broke | seeds |",
        "| --- | --- | --- | --- | ---: |",
        *map(str, rows),
        "",
        f"{found} of {len(rows)} found.",
        "",
        _END,
    ]
    return head + "\n".join(lines) + tail


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", default=[], help="names; the page stays as it is")
    parser.add_argument("--seeds", type=int, default=500, help="of the swarm, for each at most")
    parser.add_argument("--seconds", type=float, default=5.0, help="virtual, of each")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    tasks = [
        (way, plant)
        for way in ways(options.seeds, options.seconds)
        for plant in way.plants
        if not options.only or plant.__name__ in options.only
    ]
    rows = []
    with ProcessPoolExecutor(options.workers) as pool:
        for row in pool.map(measured, *zip(*tasks, strict=True)):
            print(f"{row.name:45} {row.seeds:4}  {row.promise}: {row.words[:100]}", flush=True)
            rows.append(row)
    if not options.only:
        PAGE.write_text(written(rows))


if __name__ == "__main__":
    main()
