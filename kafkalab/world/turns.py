"""One thing at a time, in an order that somebody else chooses: what a search over orders needs.

`World.step` takes what is due next.  Here the message, timer or fault is named, whenever it was
due; time moves only as far as a timer that fires needs it.  The world a turn is taken in shares
every node it does not touch with its origin, so a turn costs a small part of a fork.

Invariants: the origin is not changed; messages of one connection keep their order.
Read next: `sim.search`.
"""

from typing import Final, NamedTuple

from kafkalab.ids import NodeName
from kafkalab.world.connections import Pipe
from kafkalab.world.faults import CommandError
from kafkalab.world.world import World

DELIVER: Final = "deliver"
WAKE: Final = "wake"
FAULT: Final = "fault"
WAIT: Final = "wait"


class Turn(NamedTuple):
    """One choice; `str` says it in words.

    deliver: the next message from `source` to `target` on connection `number`; wake: the timer of
    `target`; fault: `words` of `faults`; wait: `ms` go by as they do when nobody interferes.
    """

    what: str
    target: NodeName = ""
    source: NodeName = ""
    number: int = 0
    words: str = ""
    ms: int = 0
    about: str = ""  # what the message is, for who reads it

    def __str__(self) -> str:
        match self.what:
            case "deliver":
                return f"{self.target} gets {self.about} from {self.source}"
            case "wake":
                return f"a timer of {self.target} fires"
            case "wait":
                return f"{self.ms} ms go by"
            case _:
                return self.words


def taken(world: World, turn: Turn) -> World | None:
    """A world in which the turn has been taken; None if it cannot be."""
    if turn.what in (FAULT, WAIT):
        other = world.fork(forget_recent=True)
        return other if take(other, turn) else None
    other = world.fork(forget_recent=True, only=turn.target)
    return other if take(other, turn) else None


def take(world: World, turn: Turn) -> bool:
    """Let one thing happen in a world; False if it cannot."""
    match turn.what:
        case "deliver":
            pipe = pipe_of(world, turn)
            return pipe is not None and _now(world, pipe.number)
        case "wake":
            return _now(world, turn.target)
        case "wait":
            until = world.now + turn.ms
            while world.step(until):
                pass
            world.pass_time(until)
            return True
        case _:
            try:
                world.command(turn.words)
            except CommandError:
                return False
            return True


def _now(world: World, about: int | NodeName) -> bool:
    """Deliver the next message of a pipe, or wake a node, though it is not due."""
    try:
        if isinstance(about, int):
            return world._deliver(about)
        wake = world._wakes[about]
        if wake.due is None or about in world.paused:
            return False
        world.now, wake.planned = max(world.now, wake.due), wake.due
        return world._wake(about, wake.sequence)
    finally:
        world.steps, world.handling = world.steps + 1, 0


def pipe_of(world: World, turn: Turn) -> Pipe | None:
    """The pipe of a delivery, if it has a message."""
    for pipe in world.network.connections.pipes():
        place = (pipe.source, pipe.target, pipe.connection.number)
        if pipe.queue and place == (turn.source, turn.target, turn.number):
            return pipe
    return None
