"""What a trace no longer has: a live cluster, and a long run, let go of their oldest events.

Whoever tells what happened says from when on it knows, rather than that nothing was before.  What
is so still, the world itself knows: a crash or a cut network that is in force stands here as the
event that it was (`remembered`), with an id below those of the trace.

Read next: `record_lives`, `why.asking`, which ask; `world.trace`, which lets go.
"""

from kafkalab.events import Event
from kafkalab.ids import NodeName
from kafkalab.sim.telling import seconds
from kafkalab.world import Entry, Trace, World, servers


def first_known(trace: Trace) -> Entry | None:
    """The oldest event that is here, if older ones were let go of; None if all are here."""
    try:
        trace[0]
    except IndexError:
        return next(iter(trace), None)
    return None


def known_since(world: World) -> int | None:
    """Its instant, in ms since the world began; None if all that ever happened is known."""
    first = first_known(world.trace)
    return None if first is None else first.at - world.began


def note(world: World) -> str:
    """`what happened before 8.300 s has been let go of`; "" if nothing has."""
    since = known_since(world)
    return "" if since is None else f"what happened before {seconds(since)} has been let go of"


def remembered(world: World) -> list[Entry]:
    """Faults in force whose events have been let go of, oldest first; ids from 0 down.

    When the network was cut nobody remembers: that stands at the beginning of the world.
    """
    first = first_known(world.trace)
    if first is None:
        return []
    found: list[tuple[int, NodeName, Event]] = []
    for name, at in world.crashed.items():
        was_stopped = servers.state_of(world, name, 0) == "stopped"
        found.append((at, name, ("Stopped",) if was_stopped else ("Crashed",)))
    for name, pause in world.paused.items():
        found.append((pause.since, name, ("Paused", pause.until)))
    if world.network.sides:
        event = ("Partitioned", world.network.sides, world.network.is_one_way)
        found.append((world.began, "world", event))
    kinds = {event[0] for _, _, event in found}
    known = {
        (e.kind, e.node, 0 if e.kind == "Partitioned" else e.at) for e in world.trace.of(*kinds)
    }
    gone = sorted(
        (each for each in found if (each[2][0], each[1], _when(each)) not in known),
        key=lambda each: (each[0], each[1]),
    )
    return [
        Entry(number - len(gone), at, 0, node, event)
        for number, (at, node, event) in enumerate(gone, 1)
    ]


def _when(fault: tuple[int, NodeName, Event]) -> int:
    return 0 if fault[2][0] == "Partitioned" else fault[0]
