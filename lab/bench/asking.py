"""What can be asked of a run in words: why, what if, and what then.

    why orders-0 · why 1234 (an event) · why          (all messages again)
    twins without 1234 · twins without crash 2 · twins also crash 2 at 1.5
    twins move crash 2 to 1.5 · twins config acks all · twins again · twins open · twins none
    fate orders-0@41 · fate user-7 (by its key) · ledger · ledger orders   (what became of them)
    then 1234 hold request producer-1 2 1 17          (a branch at 1,234 ms, and do it there)
    show log · show log+replication                   (turn to a picture, or to several)
    step · step message                               (to the next event, or message)
    rewind 12.4 · rewind                              (to that instant; to the present)
    next · next leader · next isr watermark           (to the next instant of that kind)
    branch · branch NAME                              (a run that leaves this one here)
    branches · world NAME · world the run · forget NAME   (which there are; turn to one)
    freeze                                            (a live cluster, to look back and ask)

Read next: `bench`, whose methods these call; `lenses`, what opens below; `commands`, for the rest.
"""

from typing import TYPE_CHECKING, Any, Final

from kafkalab import Simulation, StillWaiting
from kafkalab.errors import LearnerError
from kafkalab.live import LiveCluster
from kafkalab.sim import also, config, move, without
from kafkalab.sim.changes import Change, words_of
from kafkalab.sim.why import Explanation
from kafkalab.world import Entry
from lab.bench import lenses
from lab.scenes.clock import seconds as clock

if TYPE_CHECKING:
    from lab.bench.bench import Bench

HELP: Final = __doc__.split("\n\n")[1] if __doc__ else ""
WORDS: Final = (
    "why", "twins", "then", "rewind", "next", "branch", "branches", "world", "freeze", "forget",
    "show", "fate", "ledger", "lens", "step",
)  # fmt: skip
_NEXT_MS: Final = 60_000


def simulation(world: Simulation | LiveCluster) -> Simulation:
    """The world, if it is one that can look back.  `LearnerError` if not."""
    if isinstance(world, LiveCluster):
        raise LearnerError("a live cluster cannot go back: freeze() it, and ask what is frozen")
    return world


def why(world: Simulation | LiveCluster, about: Any, at: int) -> Explanation:
    """The answer as it was at the instant `at` (ms since the beginning)."""
    sim = simulation(world)
    at += sim.world.began
    if isinstance(about, str) and about.isdigit():
        about = int(about)
    return (sim if at >= sim.now else sim.at(at / 1000)).why(about)


def run(bench: "Bench", line: str, at: int) -> str | None:
    """Do what a line asks, and say what came of it; None if it is nothing of this kind.

    `at`: of which instant it asks, in ms since the beginning.
    """
    words = line.split()
    match words:
        case ["why"]:
            bench.why(None)
            return "all messages again"
        case ["why", *about]:
            return repr(bench.why_at(" ".join(about), at))
        case ["twins", "open"]:
            bench.open_twin()
            return f"turned to {bench.details.twins}" if bench.details.twins else "turned to B"
        case ["twins", "again"]:
            return repr(bench.twins_again())
        case ["twins", "none"]:
            bench.twins(None)
            return "choose another change"
        case ["twins", *change]:
            return repr(bench.twins(change_of(simulation(bench.world), change)))
        case ["then", at, *act] if at.isdigit() and act:
            bench.then(int(at), " ".join(act))
            return f"a branch at {int(at)} ms, and there: {' '.join(act)}"
        case ["rewind"]:
            bench.end()
            return "at the present"
        case ["rewind", second]:
            bench.seek(_number(second))
            return f"at {clock(bench.shown_at)} s"
        case ["next", *kinds]:
            return _next(bench, kinds, at)
        case ["branch" | "branches" | "world" | "freeze" | "forget", *_]:
            return _worlds(bench, words)
        case ["show", picture]:
            bench.show(picture)
            return f"showing {picture}"
        case ["fate", *about] if about:
            return repr(_then(bench, at).fate(" ".join(about)))
        case ["fate"]:
            raise LearnerError(
                "of which record?  fate orders-0@41, or its key or value; or: ledger"
            )
        case ["ledger"] | ["ledger", _]:
            return repr(_then(bench, at).ledger(*words[1:]))
        case ["lens", *lens]:
            return lenses.run(bench, lens, at)
    return None


def _worlds(bench: "Bench", words: list[str]) -> str | None:
    """Branches: made, listed, turned to."""
    name = " ".join(words[1:])
    match words[0]:
        case "branch":
            return f"turned to {bench.branch(name or None)}"
        case "freeze":
            return f"turned to {bench.freeze(name or None)}"
        case "world" if name:
            bench.turn_to(name)
            return f"turned to {name}"
        case "forget" if name:
            bench.forget(name)
            return f"{name} is forgotten"
    return "\n".join(f"{name}: {world}" for name, world in bench.worlds.items())


def _next(bench: "Bench", kinds: list[str], at: int) -> str:
    """Looking back, the next there has been; at the present, run until there is one."""
    sim = simulation(bench.world)
    after = at + sim.world.began
    known = (each for each in sim.instants(*kinds) if each.at > after)
    try:
        found = next(known, None) or sim.run_to_next(*kinds, limit_ms=_NEXT_MS)
    except StillWaiting:
        what = " or ".join(kinds) or "instant of interest"
        raise LearnerError(f"no {what} within {_NEXT_MS // 1000} s: do something first") from None
    bench.seek((found.at - sim.world.began) / 1000)
    return repr(found)


def _then(bench: "Bench", at: int) -> Simulation:
    """The run as it was at that instant."""
    sim = simulation(bench.world)
    at += sim.world.began
    return sim if at >= sim.now else sim.at(at / 1000)


def change_of(sim: Simulation, words: list[str]) -> Change:
    """A change in words.  `LearnerError` shows the forms there are."""
    match words:
        case ["without", id] if id.isdigit():
            entry = sim.trace.entry(int(id))
            if entry is None:
                raise LearnerError(f"there is no event {id}")
            return without(entry)
        case ["without", *fault] if fault:
            return without(_fault(sim, " ".join(fault)))
        case ["also", *fault, "at", second] if fault:
            return also(" ".join(fault), at=_number(second))
        case ["move", *fault, "to", second] if fault:
            entry = _fault(sim, " ".join(fault))
            then = (entry.at - sim.world.began) / 1000
            return move(words_of(entry), to=_number(second), at=then)
        case ["config", key, value]:
            return config(key, value)
    raise LearnerError(
        "what is to be otherwise?  twins without crash 2 · twins also crash 2 at 1.5 · "
        "twins move crash 2 to 1.5 · twins config acks all"
    )


def _fault(sim: Simulation, words: str) -> Entry:
    """The last fault of the run that these words would do."""
    verb, *names = words.split()
    for instant in reversed(sim.instants("fault")):
        entry = instant.entry
        try:
            done = words_of(entry).split()
        except LearnerError:
            continue
        if done[0] == verb and all(
            any(part in (name, f"broker-{name}", f"controller-{name}") for part in done)
            for name in names
        ):
            return entry
    raise LearnerError(f"nobody did {words!r} in this run")


def _number(words: str) -> float:
    try:
        return float(words)
    except ValueError:
        raise LearnerError(f"{words!r} is no number of seconds") from None


__all__ = ["change_of", "run", "why"]
