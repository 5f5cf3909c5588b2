"""What can go wrong with a run itself: a node that raised, a wait without end.

Both say where in the run it was and how to see it again.  A run is repeatable, so the seed and
the number of the step are enough.

Read next: `world`, which raises the first; `driver`, which raises the second.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from kafkalab.errors import LearnerError
from kafkalab.ids import NodeName
from kafkalab.log import StorageFailure
from kafkalab.world.trace import Entry
from kafkalab.world.trace_text import milliseconds

if TYPE_CHECKING:
    from kafkalab.world.world import World

_LAST_EVENTS = 5


class NodeFailure(Exception):
    """A node raised while it handled something: a bug in the engine, not in the caller's code."""

    def __init__(self, node: NodeName, doing: str, error: Exception, seed: int, step: int) -> None:
        super().__init__(
            f"{node} failed in {doing}\n  {type(error).__name__}: {error}\n"
            f"  To see it happen: the same calls with Simulation(seed={seed}); it is step {step}"
        )
        self.node = node
        self.seed = seed
        self.step = step


class StillWaiting(LearnerError):
    """A wait without a limit went on for one virtual hour, or one with a limit went over it."""


def still_waiting(
    waited_ms: int, what: str, seed: int, step: int, last: Iterable[Entry]
) -> StillWaiting:
    """The error, with the newest events (`last` begins with the newest)."""
    lines = [f"waited {waited_ms} virtual ms, and still not: {what}"]
    newest = [entry for entry, _ in zip(last, range(_LAST_EVENTS), strict=False)]
    if newest:
        lines.append("  The last events were:")
        lines += [
            f"    {milliseconds(entry.at)}  {entry.node}  {entry.text}"
            for entry in reversed(newest)
        ]
    lines.append(f"  To see it happen: the same calls with Simulation(seed={seed}); step {step}")
    lines.append(f"  If it only needs longer: run_until(..., limit_ms={4 * waited_ms})")
    return StillWaiting("\n".join(lines))


def halt(world: "World", name: NodeName, failure: StorageFailure, cause: int = 0) -> bool:
    """The disk of a node has failed: its process ends, and nothing it wanted to say is sent.

    In Kafka: `ReplicaManager.handleLogDirFailure`, when the only log directory goes offline.
    """
    cause = cause or world.handling
    events = world.nodes[name].take_outbox().events
    for event in (*events, ("LogDirFailed", str(failure))):
        world.trace.add(world.now, cause, name, event)
    world.crash(name, cause)
    return True
