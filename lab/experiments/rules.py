"""Another rule in the engine, for one simulation: what was it good for?

    sim = with_rules(Simulation(brokers=3, seed=2), CUT_AT_THE_HIGH_WATERMARK)
    sim.create_topic(…)            this simulation and its forks follow it from here on

A rule is a method of the engine and what stands in its place.  It is put there whenever somebody
takes the simulation's lock, for his thread alone, and taken out when the lock is given back.  So
every other simulation, before, after or meanwhile, has the engine's own rules.

Invariants: between calls the engine is as it was; a simulation has its rules from its first
instant, so looking back and twins give the same run again.
Left out: saving (a saved run does not know its rules, and does not load).
Read next: `old_rules`, some worth trying; `kafkalab.world.driver`, whose lock it is.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Final

from kafkalab import Simulation
from kafkalab.errors import LearnerError
from kafkalab.sim.invariants import Broken, Monitor

#: One world with other rules moves at a time.
_TURN: Final = threading.RLock()


@dataclass(frozen=True)
class Rule:
    """`method` of class `owner` is replaced by what `made(original)` gives.  `words`: the rule."""

    words: str
    owner: type
    method: str
    made: Callable[[Callable[..., Any]], Callable[..., Any]]

    def __repr__(self) -> str:
        return self.words


class RulesInForce:
    """Puts rules in, and out again."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self.rules = rules
        self._depth = 0
        self._kept: list[Any] = []

    def begin(self) -> None:
        """Nested calls count."""
        _TURN.acquire()
        self._depth += 1
        if self._depth > 1:
            return
        thread = threading.get_ident()
        self._kept = [rule.owner.__dict__[rule.method] for rule in self.rules]
        for rule, original in zip(self.rules, self._kept, strict=True):
            setattr(rule.owner, rule.method, _for_thread(thread, rule, original))

    def end(self) -> None:
        """The outermost call puts everything back, last first."""
        self._depth -= 1
        if self._depth == 0:
            for rule, original in reversed(list(zip(self.rules, self._kept, strict=True))):
                setattr(rule.owner, rule.method, original)
        _TURN.release()


def _for_thread(thread: int, rule: Rule, original: Any) -> Any:
    """The new rule for this thread, the engine's for all others."""
    own = original.fget if isinstance(original, property) else original
    new = rule.made(own)

    @wraps(own)
    def chosen(*arguments: Any, **named: Any) -> Any:
        function = new if threading.get_ident() == thread else own
        return function(*arguments, **named)

    return property(chosen) if isinstance(original, property) else chosen


def with_rules(sim: Simulation, *rules: Rule) -> Simulation:
    """The same simulation, from now on with these rules.  `LearnerError` if it has begun."""
    if len(sim.world.actions) or sim.driver.rules is not None:
        raise LearnerError("rules are for a new simulation: with_rules(Simulation(…), rule)")
    sim.driver.rules = RulesInForce(rules)
    return sim


class Watch:
    """Asks after each step whether every promise holds; keeps the first that does not.

    `watch = Watch(sim)` before the run; afterwards `watch.broken` is the promise, or "".
    """

    def __init__(self, sim: Simulation) -> None:
        with sim.driver.locked() as world:
            self._monitor = Monitor(world, acks_all=True)
        self.broken, self.words, self.at_ms = "", "", 0
        sim.driver.observe(self._look)

    def _look(self, now: int, kinds: tuple[str, ...]) -> None:
        if self.broken or not kinds:
            return
        try:
            self._monitor.after_step()
        except Broken as broken:
            self.broken, self.words, self.at_ms = broken.promise, str(broken), now

    def __repr__(self) -> str:
        return self.words or "every promise holds"
