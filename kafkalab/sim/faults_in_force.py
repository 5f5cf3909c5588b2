"""Which fault kept a node from another at an instant: read from the trace, never guessed.

A broker that falls silent sends no event; what silenced it does.  This is the one link of a causal
chain that the trace's causes do not hold, for nothing caused by silence is sent.

    stops     Crashed, or shut down, or PowerLost, or DiskChanged (full, failing) and the end of
              the process that followed (until Restarted) · Paused (until its end) · Partitioned,
              with the two on two sides (until Healed, or another partition) · MessageHeld (until
              released, or its connection is gone)
    slows     Delayed (until delayed otherwise) · DiskChanged (slow; until it is mended)
    once      RequestIntercepted, ConnectionCut (until a later request has arrived)
    itself    ClockSet, which parts nobody (until it is right)

What is named is what came from outside: of a process that its full disk ended, the full disk.
What stops is named before what slows, and the longest in force before the later.

Read next: `why`.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from kafkalab.ids import NodeName
from kafkalab.sim.let_go import remembered
from kafkalab.world import Entry, World

KINDS = (
    "Crashed", "PowerLost", "ShutdownBegun", "Stopped", "Restarted", "Paused", "Resumed",
    "Partitioned", "Healed", "Delayed", "DiskChanged", "LogDirFailed", "RequestIntercepted",
    "ConnectionCut", "MessageHeld", "MessageReleased", "ClockSet",
)  # fmt: skip
_ONCES = ("RequestIntercepted", "ConnectionCut")
_NETWORK = (*_ONCES, "Partitioned", "Healed", "Delayed", "MessageHeld", "MessageReleased")
#: Those that end a process, or have it stand still.
ENDS = ("Crashed", "PowerLost", "DiskChanged", "ShutdownBegun", "Stopped", "Paused")

#: A link, or a disk, slower than this counts as a fault (usual is 1 ms, and 0 ms).
SLOW_MS = 100
SLOW_DISK_MS = 20
#: How long a lost request can matter, where no later one is known (a live cluster keeps none).
_ONCE_MS = 2_000


_STOPS, _SLOWS, _ONCE, _LATENT = range(4)


class _Hold(NamedTuple):
    """A fault in force: what it does (a full disk, nothing until it is written), since when."""

    weight: int
    since_id: int
    entry: Entry


class InForce:
    """The faults of a world's trace, to be asked about an instant."""

    def __init__(self, world: World) -> None:
        self._trace = world.trace
        self._entries = [*remembered(world), *world.trace.of(*KINDS)]

    def at(self, ms: int, before_id: int | None = None) -> list[Entry]:
        """The faults in force then: those that stop before those that slow, oldest first."""
        return [hold.entry for hold in self._holds(ms, before_id) if hold.weight < _LATENT]

    def _holds(self, ms: int, before_id: int | None) -> list[_Hold]:
        on: dict[object, _Hold] = {}
        ending: dict[NodeName, Entry] = {}  # what a process that is about to end will end of
        for entry in self._entries:
            if entry.at > ms or (before_id is not None and entry.id >= before_id):
                break
            if entry.kind in _NETWORK:
                if entry.kind in _ONCES and not self._is_over(entry, ms, before_id):
                    on[entry.id] = _Hold(_ONCE, entry.id, entry)
                _of_links(on, entry)
            else:
                _of_processes(on, ending, entry)
        return sorted(on.values(), key=lambda hold: hold[:2])

    def between(
        self,
        one: NodeName,
        other: NodeName,
        ms: int,
        before_id: int | None = None,
        *,
        api: str = "",
    ) -> Entry | None:
        """The fault that has kept `one` from `other` the longest, if any did then.

        `api`: of the requests that are missed; "" any.  Heartbeats do not wait for a disk.
        """
        return next(iter(self.all_between(one, other, ms, before_id, api=api)), None)

    def all_between(
        self,
        one: NodeName,
        other: NodeName,
        ms: int,
        before_id: int | None = None,
        *,
        api: str = "",
    ) -> list[Entry]:
        """Each fault that alone would have kept them apart: all that stop, or else that slow."""
        holds = [
            hold
            for hold in self._holds(ms, before_id)
            if hold.weight < _LATENT and separates(hold.entry, one, other, api)
        ]
        return [hold.entry for hold in holds if hold.weight == holds[0].weight]

    def clock(self, node: NodeName, ms: int, before_id: int | None = None) -> Entry | None:
        """What set a node's clock wrong, if it was wrong then."""
        holds = self._holds(ms, before_id)
        return next((e for _, _, e in holds if e.node == node and e.kind == "ClockSet"), None)

    def of(self, node: NodeName, ms: int, before_id: int | None = None) -> Entry | None:
        """The fault of a node itself, if it was down or stood still."""
        holds = self._holds(ms, before_id)
        mine = (
            e for weight, _, e in holds if e.node == node and weight == _STOPS and e.kind in ENDS
        )
        return next(mine, None)

    def of_disk(self, node: NodeName, ms: int) -> Entry | None:
        """What is wrong with the disk of a node that runs."""
        holds = self._holds(ms, None)
        mine = (e for _, _, e in holds if e.node == node and e.kind == "DiskChanged")
        return next(mine, None)

    def _is_over(self, met: Entry, ms: int, before_id: int | None) -> bool:
        """Whether a later request of the same kind has arrived in its place."""
        wanted: tuple[object, ...] = (met.event[2], met.node)
        if met.kind == "ConnectionCut":
            wanted = (met.event[1], met.event[2])
        elif met.event[3] == "stall" and ms >= met.at + int(met.event[4]):
            return True
        for entry in self._trace.recent(met.id + 1):
            if entry.at > ms or (before_id is not None and entry.id >= before_id):
                break
            kind, what, *rest = (*entry.event, "")[:5]
            is_request = (kind, what) == ("Delivered", "request") and tuple(rest[1:]) == wanted
            if is_request and (met.kind == "ConnectionCut" or rest[0] == met.event[1]):
                return True
        return met.event[3] != "stall" and ms > met.at + _ONCE_MS


def _of_processes(on: dict[object, _Hold], ending: dict[NodeName, Entry], entry: Entry) -> None:
    node = entry.node
    match entry.kind:
        case "PowerLost" | "ShutdownBegun":
            ending[node] = entry
        case "LogDirFailed":
            broken = on.get(("disk", node))
            if broken is not None:
                ending[node] = broken.entry
        case "Crashed":
            by = ending.pop(node, entry)
            by = entry if by.kind == "ShutdownBegun" else by
            on[node] = _Hold(_STOPS, entry.id, by)
            on.pop(("paused", node), None)
            _let_go(on, entry)
        case "Stopped":
            on[node] = _Hold(_STOPS, entry.id, ending.pop(node, entry))
        case "Restarted":
            on.pop(node, None)
        case "Paused":
            on["paused", node] = _Hold(_STOPS, entry.id, entry)
        case "Resumed":
            on.pop(("paused", node), None)
        case "ClockSet":
            on.pop(("clock", node), None)
            if entry.event[1] or entry.event[2]:
                on["clock", node] = _Hold(_LATENT, entry.id, entry)
        case "DiskChanged":
            how, write_ms = entry.event[1:]
            if how == "mend":
                on.pop(("disk", node), None)
                on.pop(("slow", node), None)
            elif how != "slow":
                on["disk", node] = _Hold(_LATENT, entry.id, entry)
            elif write_ms >= SLOW_DISK_MS:
                on["slow", node] = _Hold(_SLOWS, entry.id, entry)


def _of_links(on: dict[object, _Hold], entry: Entry) -> None:
    match entry.kind:
        case "Partitioned":
            on["network"] = _Hold(_STOPS, entry.id, entry)
        case "Healed":
            on.pop("network", None)
        case "Delayed":
            source, target, delay_ms = entry.event[1:]
            on.pop((source, target), None)
            if delay_ms >= SLOW_MS:
                on[source, target] = _Hold(_SLOWS, entry.id, entry)
        case "MessageHeld":
            on["held", *entry.event[1:]] = _Hold(_STOPS, entry.id, entry)
        case "MessageReleased" | "ConnectionCut":
            _let_go(on, entry)


def _let_go(on: dict[object, _Hold], entry: Entry) -> None:
    """Take out the holds that this event ends."""
    for key in list(on):
        if isinstance(key, tuple) and key[0] == "held" and _ends(entry, key[1:]):
            del on[key]


def _ends(entry: Entry, held: tuple[Any, ...]) -> bool:
    """`held`: what, client, server, number, correlation id."""
    match entry.kind:
        case "Crashed":
            return entry.node in held[1:3]
        case "ConnectionCut":
            return held[1:4] == entry.event[1:]
    return not entry.event[2] or held == entry.event[1:]


def separates(fault: Entry, one: NodeName, other: NodeName, api: str = "") -> bool:
    """Whether this fault stops or slows what is sent between two nodes."""
    match fault.kind:
        case "Partitioned":
            sides = _sides(fault.event[1])
            here = next((i for i, side in enumerate(sides) if one in side), None)
            there = next((i for i, side in enumerate(sides) if other in side), None)
            return here is not None and there is not None and here != there
        case "MessageHeld":
            return {fault.event[2], fault.event[3]} == {one, other}
        case "Delayed" | "ConnectionCut":
            return {fault.event[1], fault.event[2]} == {one, other}
        case "RequestIntercepted":
            return {fault.event[2], fault.node} == {one, other} and api in ("", fault.event[1])
        case "DiskChanged":
            return fault.node in (one, other) and (fault.event[1] != "slow" or api != HEARTBEAT)
    return fault.kind in ENDS and fault.node in (one, other)


#: The one request between servers that waits for no disk.
HEARTBEAT = "BROKER_HEARTBEAT"


def _sides(sides: Iterable[Iterable[NodeName]]) -> list[list[NodeName]]:
    return [list(side) for side in sides]
