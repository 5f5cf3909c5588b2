"""Clocks of machines that show the wrong time.

    clock 2 +5000        broker 2's clock is 5,000 ms ahead (-5000: behind; 0: right)
    drift 2 +50          from now on it gains 50 ms each second (-50: it loses them; 0: no more)
    heal                 all clocks are right again, as after a visit to a time server

What a wrong clock touches is what Kafka dates (`wall_clock`): timestamps of records (a producer's
CreateTime, a broker's LogAppendTime), retention and compaction by time, the expiry of offsets,
the timeout of transactions.  Sessions and heartbeats go on in true time, whatever the clock shows.
A clock belongs to the machine: a process that is started again finds it as it was.

Left out: consumers, since nothing a consumer does depends on the time of day.
Read next: `wall_clock`; `faults`, which calls this.
"""

from typing import TYPE_CHECKING, Final

from kafkalab.errors import LearnerError
from kafkalab.ids import NodeName
from kafkalab.node import Node
from kafkalab.wall_clock import WallClock

if TYPE_CHECKING:
    from kafkalab.world.world import World

VERBS: Final = ("clock", "drift")
FORMS: Final = "clock N +MS, drift N +MS"

#: A clock that loses as much as passes, or more, would stand still or go back.
_DRIFT_MS_MAX: Final = 900


def signed_ms(verb: str, text: str) -> int:
    """`+5000`, `-5000` or `5000`.  ValueError for anything else, or a drift beyond sense."""
    digits = text.removeprefix("+") if text.startswith("+") else text.removeprefix("-")
    if not digits.isascii() or not digits.isdigit():
        raise ValueError(f"{text!r} is not a number of milliseconds, as +5000 or -5000")
    ms = -int(digits) if text.startswith("-") else int(digits)
    if verb == "drift" and abs(ms) > _DRIFT_MS_MAX:
        raise ValueError(f"a clock gains or loses at most {_DRIFT_MS_MAX} ms a second, not {ms}")
    return ms


def apply(world: "World", verb: str, name: NodeName, ms: int, cause: int) -> None:
    """Set a node's clock now.  `LearnerError` if the node has none."""
    clock = clock_of(world, name)
    if verb == "clock":
        _set(world, name, clock, ms, 0, cause)
    else:
        _set(world, name, clock, clock.error_ms(world.now), ms, cause)


def mend_all(world: "World", cause: int) -> None:
    """Set every clock right."""
    for name, clock in wrong_clocks(world):
        _set(world, name, clock, 0, 0, cause)


def refuse_live(words: str) -> None:
    """`LearnerError` if these words would set a clock: a live cluster cannot have that."""
    verb = words.strip().partition(" ")[0]
    if verb in VERBS:
        raise LearnerError(
            f"{words!r}: a live cluster has the machine's clock, as its clients have.  Set clocks "
            "wrong in a Simulation, or in this cluster frozen: sim = cluster.freeze()"
        )


def wrong_clocks(world: "World") -> list[tuple[NodeName, WallClock]]:
    """The clocks that are not right."""
    clocks = [(name, getattr(node, "clock", None)) for name, node in world.nodes.items()]
    return [
        (name, clock)
        for name, clock in clocks
        if isinstance(clock, WallClock) and not clock.is_right
    ]


def restarted(node: Node, now: int) -> Node:
    """A new process, on the machine of the one before and with its clock."""
    new = node.restarted(now)
    before, after = getattr(node, "clock", None), getattr(new, "clock", None)
    if isinstance(before, WallClock) and isinstance(after, WallClock) and not before.is_right:
        after.set(before.error_ms(now), before.gains_ms, now)
    return new


def clock_of(world: "World", name: NodeName) -> WallClock:
    """A node's clock.  `LearnerError` for one that has none."""
    clock = getattr(world.nodes[name], "clock", None)
    if not isinstance(clock, WallClock):
        raise LearnerError(
            f"nothing that {name} does depends on its clock: set one of a broker, a controller or "
            "a producer"
        )
    return clock


def _set(
    world: "World", name: NodeName, clock: WallClock, ahead_ms: int, gains_ms: int, cause: int
) -> None:
    clock.set(ahead_ms, gains_ms, world.now)
    world.trace.add(world.now, cause, name, ("ClockSet", ahead_ms, gains_ms))
