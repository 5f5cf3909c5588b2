"""Twins: the same run twice, with one thing changed.

    checkpoint ──┬── A: as it was    the recorded actions again
                 └── B: what if      the same, but for the change

Both begin at the last checkpoint before the change can matter, have one seed, and get every action
at the same instant, after the same number of steps of it; so whatever differs, differs by the
change.  (For a setting of the servers both begin at the cluster's first instant.)

What apps do follows from what they see, in either run.  Calls made by hand, from cells, are done
again as they were recorded, whatever they would have seen.

Read next: `changes` (what can be changed), `divergence`, `outcomes`.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from kafkalab.config import ConfigError
from kafkalab.errors import LearnerError
from kafkalab.sim import outcomes as outcomes_of
from kafkalab.sim.change_times import since
from kafkalab.sim.changes import Change
from kafkalab.sim.divergence import Divergence, first_divergence
from kafkalab.sim.ledger import Ledger, ledger
from kafkalab.sim.outcomes import Outcome
from kafkalab.sim.telling import seconds, tell
from kafkalab.world import Action, Entry, World
from kafkalab.world.actions import perform
from kafkalab.world.faults import CommandError
from kafkalab.world.history import History

if TYPE_CHECKING:
    from kafkalab.sim.simulation import Simulation


class Cost(NamedTuple):
    """What it took: where both began (virtual ms), and how many steps each was run."""

    since_ms: int
    steps_a: int
    steps_b: int


class Twins:
    """Two simulations, `a` as it was and `b` what if, and how they differ."""

    def __init__(
        self,
        change: Change,
        a: "Simulation",
        b: "Simulation",
        since_id: int,
        cost: Cost,
        changed_at: int,
    ) -> None:
        self.change = change
        self.changed_at = changed_at  # virtual ms
        self.a, self.b = a, b
        self.cost = cost
        self.begins_at = cost.since_ms
        self.ledgers: tuple[Ledger, Ledger] = (ledger(a.world), ledger(b.world))
        self.outcomes: list[Outcome] = outcomes_of.outcomes(*self.ledgers)
        self._since_id = since_id
        self.divergence: Divergence | None = first_divergence(
            a.trace, b.trace, since_id, self._changed_faults(), began=a.world.began
        )

    def _changed_faults(self) -> set[tuple[int, str, Any]]:
        """The change itself, where it is an event: a fault that only one of them has."""
        found = []
        for sim in (self.a, self.b):
            faults = (each.entry for each in sim.instants("fault"))
            found.append({(e.at, e.node, e.event) for e in faults if e.cause == 0})
        return found[0] ^ found[1]

    def own_faults(self, run: str) -> list[Entry]:
        """The faults that only run "A", or only run "B", has: the change itself, oldest first."""
        mine, differing = self.a if run == "A" else self.b, self._changed_faults()
        faults = [each.entry for each in mine.instants("fault")]
        return [e for e in faults if (e.at, e.node, e.event) in differing]

    @property
    def say(self) -> str:
        """The finding: where they part, and what that came to."""
        if self.divergence is None:
            words = self.change.words
            words = words if words.startswith("without ") else f"with {words}"
            return f"{words[:1].upper()}{words[1:]} nothing that matters happens otherwise."
        if self.divergence.at < self.changed_at:
            return (
                f"They part at {seconds(self.divergence.at, self.a.world.began)}, before the "
                f"change: code of this run does not do the same each time (chance, a clock, or a "
                f"variable from outside?). What follows is not the change's doing. "
                f"{self.divergence.say}"
            )
        return f"{self.divergence.say} {self._because()} {self._results()}"

    def _because(self) -> str:
        """The difference behind the first one: a fault only one has had by then, or the change."""
        divergence = self.divergence
        assert divergence is not None
        for name, sim in (("A", self.a), ("B", self.b)):
            for at, node, event in sorted(self._changed_faults(), key=str):
                fault = next(
                    (
                        e
                        for e in sim.trace.of(event[0], node=node)
                        if (e.at, e.event) == (at, event)
                    ),
                    None,
                )
                if fault is not None and fault.at <= divergence.at:
                    return f"Only in {name} {tell(fault)}, at {seconds(fault.at, sim.world.began)}."
        return f"Only in B it is so: {self.change.words}."

    def _results(self) -> str:
        said = []
        for each in self.outcomes:
            if each.verdict == "same" or each.name.startswith("latency"):
                continue
            a, b = f"{each.a}{each.unit}", f"{each.b}{each.unit}"
            match each.name:
                case "lost after that":
                    said.append(f"A loses {_records(each.a, 'acknowledged ')}, B {b}")
                case "repeated":
                    said.append(f"A repeats {_records(each.a)}, B {b}")
                case "some write waits":
                    said.append(f"writes wait {a} in A, {b} in B")
                case _:
                    said.append(f"A has {_records(each.a)} acknowledged, B {b}")
        words = "; ".join(said)
        return f"{words[:1].upper()}{words[1:]}." if said else "What they come to is the same."

    def to_json(self) -> dict[str, Any]:
        """As plain JSON."""
        divergence = self.divergence
        return {
            "change": self.change.words,
            "say": self.say,
            "diverges_at": divergence.at if divergence else None,
            "outcomes": [each.to_json() for each in self.outcomes],
            "cost": self.cost._asdict(),
        }

    def __repr__(self) -> str:
        rows = [("", "A: as it was", f"B: {self.change.words}", "")]
        rows += [
            (each.name, f"{each.a}{each.unit}", f"{each.b}{each.unit}",
             "" if each.verdict == "same" else f"B is {each.verdict}")
            for each in self.outcomes
        ]  # fmt: skip
        widths = [max(len(row[i]) for row in rows) for i in range(4)]
        table = [
            "  ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)).rstrip() for r in rows
        ]
        began = f"Both run from {seconds(self.cost.since_ms, self.a.world.began)}"
        steps = f"{self.cost.steps_a} and {self.cost.steps_b} steps"
        return "\n".join([self.say, "", *table, "", f"{began}: {steps}."])


def run_twins(sim: "Simulation", change: Change, until: int | None) -> Twins:
    """Run both to `until` (ms; by default now).  `LearnerError` if the change does not apply."""
    if not hasattr(change, "begins"):
        raise LearnerError(f"{change!r} is no change: config(…), without(…), move, also or swap")
    with sim.driver.locked() as world:
        change = since(change, world.began)
        history = sim.driver.history
        assert history is not None
        actions = list(world.actions.since(0))
        begins = change.begins(actions)
        if change.is_of_servers:
            if not sim.options:
                raise LearnerError(f"{sim.name} began from a state: its servers are as they are")
            start, other = _made(sim, sim.options), _made(sim, change.options(sim.options))
        else:
            start = history.before(begins)
            other = start.fork()
        if not sim.options and begins < start.now:  # frozen from a live cluster
            then, first = seconds(begins, start.began), seconds(start.now, start.began)
            raise LearnerError(
                f"that was at {then}, and {sim.name} can be run again from {first} on, when it was "
                "frozen: change what came later"
            )
        end = world.now if until is None else until
        if end < max(begins, start.now):
            then, last = seconds(max(begins, start.now), start.began), seconds(end, start.began)
            raise LearnerError(f"the change is at {then}, after {last}")
        done = len(start.actions)
        since_id, since_ms, steps = start.trace.next_id, start.now, start.steps
        if change.is_of_servers:
            since_id, since_ms, steps = 1, 0, 0
        later = change.applied(actions[:done], actions[done:])
        a = sim.branched(start, f"{sim.name}, as it was")
        b = sim.branched(other, change.words)
        if change.is_of_servers:
            a.driver.history, b.driver.history = History(start), History(other)
        ranks = _again(start, actions[done:], end)
        _what_if(other, later, ranks, end)
        b.options = change.options(sim.options) if change.is_of_servers else sim.options
        a.branch = sim.branch
        b.branch = sim.branch.add(b, change.words, max(since_ms, begins))
        cost = Cost(since_ms, start.steps - steps, other.steps - steps)
        return Twins(change, a, b, since_id, cost, begins)


def _made(sim: "Simulation", options: Any) -> World:
    try:
        return type(sim).made(**options).world
    except ConfigError as error:
        raise LearnerError(f"the changed cluster cannot be made: {error}") from error


def _again(world: World, actions: Iterable[Action], until: int) -> dict[tuple[int, int], int]:
    """Run as it was.  Of each action, how many steps of its millisecond came before it."""
    ranks: dict[tuple[int, int], int] = {}
    instant, before = -1, world.steps
    for action in actions:
        if action.at > until:
            break
        if action.at != instant:
            while world.steps < action.step and world.step(action.at - 1):
                pass
            instant, before = action.at, world.steps
        while world.steps < action.step and world.step(action.at):
            pass
        ranks[action.at, action.step] = world.steps - before
        world.now = max(world.now, action.at)
        perform(world, action)
    _to_end(world, until)
    return ranks


def _what_if(
    world: World, actions: Iterable[Action], ranks: dict[tuple[int, int], int], until: int
) -> None:
    """Run with the changed actions, each after as many steps of its millisecond as it was."""
    instant, taken = -1, 0
    for action in actions:
        at = max(action.at, world.now)
        if action.at > until:
            break
        if at != instant:
            while world.step(at - 1):
                pass
            instant, taken = at, 0
        rank = ranks.get((action.at, action.step))
        while (rank is None or taken < rank) and world.step(at):
            taken += 1
        world.now = max(world.now, at)
        error = perform(world, action)
        is_new_fault = action.step < 0
        if isinstance(error, ConfigError) or (is_new_fault and isinstance(error, CommandError)):
            raise LearnerError(f"the changed run cannot be made: {error}")
    _to_end(world, until)


def _to_end(world: World, until: int) -> None:
    while world.step(until):
        pass
    world.pass_time(until)


def _records(number: int, kind: str = "") -> str:
    return f"{number} {kind}record{'' if number == 1 else 's'}"
