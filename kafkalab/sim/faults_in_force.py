"""Which fault kept a node from another at an instant: read from the trace, never guessed.

A broker that falls silent sends no event; what silenced it does.  This is the one link of a causal
chain that the trace's causes do not hold, for nothing caused by silence is sent.

    Crashed, or shut down (until Restarted) · Paused (until its end) · Partitioned, with the two on
    two sides (until Healed, or another partition) · Delayed (until delayed otherwise) ·
    MessageHeld (until released, or its connection is gone) · ClockSet, which parts nobody (until
    it is right)

Read next: `why`.
"""

from collections.abc import Iterable
from typing import Any

from kafkalab.ids import NodeName
from kafkalab.world import Entry, Trace

KINDS = (
    "Crashed", "ShutdownBegun", "Stopped", "Restarted", "Paused", "Resumed", "Partitioned",
    "Healed", "Delayed", "MessageHeld", "MessageReleased", "ConnectionCut", "ClockSet",
)  # fmt: skip

#: A link slower than this counts as a fault (usual is 1 ms).
SLOW_MS = 100


class InForce:
    """The faults of a trace, to be asked about an instant."""

    def __init__(self, trace: Trace) -> None:
        self._entries = trace.of(*KINDS)

    def at(self, ms: int, before_id: int | None = None) -> list[Entry]:
        """The faults in force then, oldest first."""
        on: dict[object, Entry] = {}
        leaving: dict[NodeName, Entry] = {}
        for entry in self._entries:
            if entry.at > ms or (before_id is not None and entry.id >= before_id):
                break
            node = entry.node
            match entry.kind:
                case "Crashed":
                    on[node] = entry
                    on.pop(("paused", node), None)
                    _let_go(on, entry)
                case "ShutdownBegun":
                    leaving[node] = entry
                case "Stopped":
                    on[node] = leaving.pop(node, entry)
                case "Restarted":
                    on.pop(node, None)
                case "Paused":
                    on["paused", node] = entry
                case "Resumed":
                    on.pop(("paused", node), None)
                case "Partitioned":
                    on.pop("network", None)
                    on["network"] = entry
                case "Healed":
                    on.pop("network", None)
                case "ClockSet":
                    on.pop(("clock", node), None)
                    if entry.event[1] or entry.event[2]:
                        on["clock", node] = entry
                case "Delayed":
                    source, target, delay_ms = entry.event[1:]
                    on.pop((source, target), None)
                    if delay_ms >= SLOW_MS:
                        on[source, target] = entry
                case "MessageHeld":
                    on["held", *entry.event[1:]] = entry
                case "MessageReleased" | "ConnectionCut":
                    _let_go(on, entry)
        return sorted(on.values(), key=lambda entry: entry.id)

    def between(
        self, one: NodeName, other: NodeName, ms: int, before_id: int | None = None
    ) -> Entry | None:
        """The fault that has kept `one` from `other` the longest, if any did then."""
        return next((e for e in self.at(ms, before_id) if separates(e, one, other)), None)

    def clock(self, node: NodeName, ms: int, before_id: int | None = None) -> Entry | None:
        """What set a node's clock wrong, if it was wrong then."""
        there_are = self.at(ms, before_id)
        return next((e for e in there_are if e.node == node and e.kind == "ClockSet"), None)

    def of(self, node: NodeName, ms: int, before_id: int | None = None) -> Entry | None:
        """The fault of a node itself, if it was down or stood still."""
        kinds = ("Crashed", "Paused", "ShutdownBegun", "Stopped")
        there_are = self.at(ms, before_id)
        return next((e for e in there_are if e.node == node and e.kind in kinds), None)


def _let_go(on: dict[object, Entry], entry: Entry) -> None:
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


def separates(fault: Entry, one: NodeName, other: NodeName) -> bool:
    """Whether this fault stops or slows what is sent between two nodes."""
    match fault.kind:
        case "Crashed" | "Paused" | "ShutdownBegun" | "Stopped":
            return fault.node in (one, other)
        case "Partitioned":
            sides = _sides(fault.event[1])
            here = next((i for i, side in enumerate(sides) if one in side), None)
            there = next((i for i, side in enumerate(sides) if other in side), None)
            return here is not None and there is not None and here != there
        case "MessageHeld":
            return {fault.event[2], fault.event[3]} == {one, other}
        case "Delayed":
            return {fault.event[1], fault.event[2]} == {one, other}
    return False


def _sides(sides: Iterable[Iterable[NodeName]]) -> list[list[NodeName]]:
    return [list(side) for side in sides]
