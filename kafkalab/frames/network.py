"""Who can hear whom: the detail `network`.  Nodes with their racks, links with what is on them.

    broker-1 ──▶ broker-2     connections, messages in flight, latency, what was said lately
             ◀╳─              cut by a partition, one way or both; held; slow

A link has a direction, for what is cut one way is not cut the other.  Links are told between all
nodes that have a connection, a delay, a hold, or a partition between them; the rest are silent.
Real clients stand by their client id; many clients of a kind are told as one.

Invariants: plain JSON; all servers first, by id; equal worlds give equal details.
Read next: `details`; `kafkalab.world.network`, whose state this is; `lab.scenes.pictures.network`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypedDict

from kafkalab.frames.spacetime import kind_of
from kafkalab.ids import NodeName
from kafkalab.world import World, servers
from kafkalab.world.holds import flights
from kafkalab.world.servers import state_of

CLIENTS_MAX: Final = 8  # told one by one
LATELY_MS: Final = 1_000
_ENTRIES_MAX: Final = 2_000  # how far back in the trace "lately" looks
_CLIENTS: Final = ("producer", "consumer", "admin", "external")
_QUIET: Final = "operator"


class SpotFrame(TypedDict):
    """A node of the picture.  `side`: of the partition there is, None if it is on none (and so
    reaches all).  `members`: how many nodes stand for this one."""

    name: str
    kind: str  # broker, controller, producer, consumer, admin, external
    id: int | None
    state: str
    rack: str | None
    side: int | None
    is_active: bool  # the active controller
    disk_ms: int | None  # a slow disk
    members: int


class LinkFrame(TypedDict):
    """One direction between two spots.

    `in_flight`: messages on their way, `waiting` of them held up by a fault.  `lately`: messages
    that arrived in the last second, by kind (produce, fetch, meta, group); empty where nobody
    keeps count (a live cluster).
    """

    source: str
    target: str
    connections: int
    in_flight: int
    waiting: int
    latency_ms: int
    is_slow: bool
    is_cut: bool
    is_held: bool
    lately: dict[str, int]


class NetworkFrame(TypedDict):
    spots: list[SpotFrame]
    links: list[LinkFrame]
    sides: list[list[str]]  # names of spots
    is_one_way: bool  # from the first side to the second alone
    latency_ms: int  # the usual
    racks: list[str]


@dataclass(slots=True)
class _Link:
    connections: int = 0
    in_flight: int = 0
    waiting: int = 0
    latency_ms: int = 0
    is_cut: bool = False
    is_held: bool = False
    lately: dict[str, int] = field(default_factory=dict)


_Pair = tuple[str, str]


def network_detail(world: World, words: tuple[str, ...]) -> NetworkFrame:
    """The network as it is now."""
    spots = [*_servers(world), *_clients(world)]
    shown = _shown_as(world, spots)
    side_of = {node: i for i, side in enumerate(world.network.sides) for node in side}
    for spot in spots:
        members = [node for node, name in shown.items() if name == spot["name"]]
        sides = {side_of.get(node) for node in members}
        spot["side"] = sides.pop() if len(sides) == 1 else None
    return {
        "spots": spots,
        "links": _links(world, spots, shown),
        "sides": [_once(shown.get(node) for node in side) for side in world.network.sides],
        "is_one_way": world.network.is_one_way,
        "latency_ms": world.network.latency_ms,
        "racks": sorted({spot["rack"] for spot in spots if spot["rack"] is not None}),
    }


def _once(names: Iterable[str | None]) -> list[str]:
    return [name for name in dict.fromkeys(names) if name is not None]


def _servers(world: World) -> list[SpotFrame]:
    active = servers.active_controller(world)
    brokers = {broker.name: broker for broker in servers.brokers(world)}
    spots = []
    for name, broker in brokers.items():
        rack = broker.config["broker.rack"]
        is_active = active is not None and active.name == name
        spots.append(_spot(world, name, "broker", broker.broker_id, rack, is_active=is_active))
    for node in servers.controllers(world):
        if node.name not in brokers:
            is_active = active is not None and active.name == node.name
            spots.append(
                _spot(world, node.name, "controller", node.node_id, None, is_active=is_active)
            )
    return spots


def _spot(
    world: World, name: NodeName, kind: str, id: int, rack: Any, *, is_active: bool
) -> SpotFrame:
    slow = world.network.slow_disks.get(name)
    return {
        "name": name,
        "kind": kind,
        "id": id,
        "state": state_of(world, name, id),
        "rack": None if rack is None else str(rack),
        "side": None,
        "is_active": is_active,
        "disk_ms": slow.write_ms if slow is not None else None,
        "members": 1,
    }


def _clients(world: World) -> list[SpotFrame]:
    """Those that run, one by one; of many, one for each kind."""
    names: dict[str, str] = {}  # the shown name, and its kind
    for name, node in world.nodes.items():
        kind = getattr(node, "kind", None)
        if kind in _CLIENTS and name not in world.crashed:
            names[_own_name(name, node)] = str(kind)
    if len(names) <= CLIENTS_MAX:
        return [_client(name, kind, 1) for name, kind in names.items()]
    counts: dict[str, int] = {}
    for kind in names.values():
        counts[kind] = counts.get(kind, 0) + 1
    only = {kind: name for name, kind in names.items() if counts[kind] == 1}
    return [
        _client(only.get(kind, f"{counts[kind]} {kind}s"), kind, counts[kind])
        for kind in _CLIENTS
        if kind in counts
    ]


def _own_name(name: NodeName, node: Any) -> str:
    is_outside = getattr(node, "kind", "") == "external"
    return str(getattr(node, "client_id", None) or name) if is_outside else name


def _client(name: str, kind: str, members: int) -> SpotFrame:
    return {
        "name": name,
        "kind": kind,
        "id": None,
        "state": "online",
        "rack": None,
        "side": None,
        "is_active": False,
        "disk_ms": None,
        "members": members,
    }


def _shown_as(world: World, spots: list[SpotFrame]) -> dict[NodeName, str]:
    """Of each node of the world the spot that stands for it."""
    there = {spot["name"] for spot in spots}
    by_kind = {spot["kind"]: spot["name"] for spot in spots if spot["members"] > 1}
    found: dict[NodeName, str] = {}
    for name, node in world.nodes.items():
        own = _own_name(name, node)
        kind = str(getattr(node, "kind", ""))
        if own in there:
            found[name] = own
        elif kind in by_kind and name not in world.crashed:
            found[name] = by_kind[kind]
    return found


def _links(world: World, spots: list[SpotFrame], shown: Mapping[NodeName, str]) -> list[LinkFrame]:
    network = world.network
    links: dict[_Pair, _Link] = {}

    def link(source: NodeName, target: NodeName) -> _Link | None:
        a, b = shown.get(source), shown.get(target)
        return links.setdefault((a, b), _Link()) if a and b and a != b else None

    for pipe in network.connections.pipes():
        if (found := link(pipe.source, pipe.target)) is not None and not pipe.is_closed:
            found.connections += 1
            latency = network.delay_ms(pipe.source, pipe.target)
            found.latency_ms = max(found.latency_ms, latency)
    for (source, target), delay in network.delays.items():
        if (found := link(source, target)) is not None:
            found.latency_ms = max(found.latency_ms, delay)
    for flight in flights(world):
        if (found := link(flight.source, flight.target)) is not None:
            found.in_flight += 1
            found.waiting += bool(flight.waits_for)
            found.is_held |= flight.is_held
    held = network.intercepts.held_links if network.intercepts is not None else {}
    for source, target in held:
        if (found := link(source, target)) is not None:
            found.is_held = True
    for source, target in _cut(world):
        if (found := link(source, target)) is not None:
            found.is_cut = True
    for (source, target), kinds in _lately(world).items():
        if (found := link(source, target)) is not None:
            for kind, count in kinds.items():
                found.lately[kind] = found.lately.get(kind, 0) + count
    order = {spot["name"]: i for i, spot in enumerate(spots)}
    return [
        {
            "source": a,
            "target": b,
            "connections": one.connections,
            "in_flight": one.in_flight,
            "waiting": one.waiting,
            "latency_ms": one.latency_ms or network.latency_ms,
            "is_slow": one.latency_ms > network.latency_ms,
            "is_cut": one.is_cut,
            "is_held": one.is_held,
            "lately": one.lately,
        }
        for (a, b), one in sorted(links.items(), key=lambda each: [order[n] for n in each[0]])
    ]


def _cut(world: World) -> Iterable[tuple[NodeName, NodeName]]:
    """All ordered pairs between which nothing passes."""
    sides = world.network.sides
    for i, here in enumerate(sides):
        for j, there in enumerate(sides):
            if i == j or (world.network.is_one_way and i > j):
                continue
            for source in here:
                for target in there:
                    yield source, target


def _lately(world: World) -> dict[tuple[NodeName, NodeName], dict[str, int]]:
    """Messages that have arrived in the last second, by link and kind."""
    counts: dict[tuple[NodeName, NodeName], dict[str, int]] = {}
    since = world.now - LATELY_MS
    for entry in world.trace.recent(max(world.trace.next_id - _ENTRIES_MAX, 1)):
        if entry.kind != "Delivered" or entry.at <= since:
            continue
        what, api, client, server = entry.event[1:5]
        source = server if entry.node == client else client
        if what == "close" or _QUIET in (source, entry.node):
            continue
        kinds = counts.setdefault((source, entry.node), {})
        kind = kind_of(api, source, entry.node)
        kinds[kind] = kinds.get(kind, 0) + 1
    return counts
