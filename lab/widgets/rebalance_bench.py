"""`RebalanceBench()`: one script of joins, leaves and crashes under three protocols, scored.

    RebalanceBench()
    RebalanceBench(["2 join D", "10 crash A"], partitions=12)
    RebalanceBench(["5 leave B"], members=["A", "B"], partitions=60)

A line of the script is SECONDS join|leave|crash MEMBER.  Nothing is canned: each protocol runs in
the engine; together about a second of CPU time for a few members and a minute of theirs.

Read next: `lab.experiments.rebalancing`, what is counted; `lab.scenes.rebalancing`, the picture.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from typing import Final

from kafkalab.errors import LearnerError
from lab.experiments.rebalancing import FIRST, SCRIPT, Change, Run, read_script, run_scripts
from lab.scenes.rebalancing import NAMES, Bench, cost_of, draw_bench, finding, name_of, seconds
from lab.scenes.shapes import Scene
from lab.widgets.still_view import StillView

_PARTITIONS_MAX: Final = 200
_MEMBERS_MAX: Final = 30
_run = lru_cache(maxsize=32)(run_scripts)


class RebalanceBench(StillView):
    """See the module's docstring.  `members`: who is in the group before the script begins.

    `LearnerError` for a script that cannot be read or cannot happen.
    """

    def __init__(
        self,
        script: Iterable[str] = SCRIPT,
        *,
        members: Iterable[str] = FIRST,
        partitions: int = 6,
        seed: int = 0,
    ) -> None:
        if isinstance(script, str):
            raise LearnerError(f"a script is several lines: [{script!r}], not {script!r}")
        first = tuple(members)
        if len(set(first)) < len(first) or not 1 <= len(first) <= _MEMBERS_MAX:
            raise LearnerError(f"members are 1 to {_MEMBERS_MAX} different names, not {first}")
        if not isinstance(partitions, int) or not 1 <= partitions <= _PARTITIONS_MAX:
            raise LearnerError(f"partitions are 1 to {_PARTITIONS_MAX}, not {partitions!r}")
        changes = read_script(script, first)
        runs = _run(changes, first, partitions, seed)
        self._bench = Bench(first, changes, runs)
        super().__init__("rebalance-bench")

    @property
    def say(self) -> str:
        """What the picture says in one sentence."""
        return finding(self._bench)

    @property
    def changes(self) -> tuple[Change, ...]:
        """The script as it was read."""
        return self._bench.changes

    @property
    def runs(self) -> dict[str, Run]:
        """What was seen, by protocol: "eager", "cooperative", "consumer"."""
        return {run.protocol: run for run in self._bench.runs}

    @property
    def stopped(self) -> dict[str, float]:
        """Partition-seconds stopped, by protocol."""
        return {run.protocol: run.stopped_ms() / 1000 for run in self._bench.runs}

    def _scene(self, width: int) -> Scene:
        return draw_bench(replace(self._bench, width=width))

    def __repr__(self) -> str:
        """Costs of each change, then every stop of every partition."""
        bench = self._bench
        heads = "".join(f"{NAMES[run.protocol]:>14}" for run in bench.runs)
        lines = ["What does a rebalance cost?", self.say, "", f"{'':<20}{heads}"]
        for number, change in enumerate(bench.changes):
            costs = "".join(f"{seconds(cost_of(bench, number, run)):>14}" for run in bench.runs)
            lines.append(f"{change.at / 1000:5.1f} s {name_of(change):<12}{costs}")
        for run in bench.runs:
            lines += ["", f"{NAMES[run.protocol]}, stopped"]
            for partition in range(bench.partitions):
                stops = run.stops(partition)
                said = ", ".join(f"{a.since / 1000:.3f} to {a.until / 1000:.3f} s" for a in stops)
                lines.append(f"  P{partition:<4} {said or 'never'}")
        return "\n".join(lines)
