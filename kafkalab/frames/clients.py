"""Producers, consumers and admin clients in a frame, in the order in which they came.

Those inside come first; a real client's connections come and go, so those stand by name.

A client is a node that says its `kind`; its counts are its own.  A real client outside is all the
connections that give its client id; what it sends are requests.  One whose app has returned is not
crashed, only finished.

Read next: `cluster`.
"""

from collections.abc import Sequence
from typing import Any, Final

from kafkalab.frames.clocks import wrong_clock
from kafkalab.frames.shape import ClientFrame
from kafkalab.ids import NodeName
from kafkalab.world import World
from kafkalab.world.apps import State

_KINDS: Final = ("producer", "consumer", "admin", "external")


def client_frames(world: World) -> list[ClientFrame]:
    """The clients of a world; its brokers, controllers and operator are none."""
    finished = {
        name
        for process in world.apps.processes.values()
        if process.state is State.FINISHED
        for name in process.nodes
    }
    inside: list[ClientFrame] = []
    outside: dict[str, list[Any]] = {}
    for name, node in world.nodes.items():
        kind = getattr(node, "kind", None)
        if kind == "external":
            outside.setdefault(getattr(node, "client_id", None) or name, []).append(node)
        elif kind in _KINDS:
            inside.append(_client(world, name, node, finished))
    return [*inside, *(_external(world, who, nodes) for who, nodes in sorted(outside.items()))]


def _external(world: World, who: str, connections: Sequence[Any]) -> ClientFrame:
    """A real client: it has a connection to each broker it needs, all with its client id."""
    last = max(connections, key=lambda node: node.asked_at)
    return {
        "name": who,
        "kind": "external",
        "state": "online",
        "sent": sum(node.sent for node in connections),
        "acknowledged": sum(node.acknowledged for node in connections),
        "failed": 0,
        "doing": last.doing(world.now),
    }


def _client(world: World, name: NodeName, node: Any, finished: set[NodeName]) -> ClientFrame:
    is_down = name in world.crashed
    is_done = is_down and name in finished
    frame: ClientFrame = {
        "name": name,
        "kind": node.kind,
        "state": "crashed" if is_down and not is_done else "online",
        "sent": getattr(node, "sent", 0),
        "acknowledged": getattr(node, "acknowledged", 0),
        "failed": getattr(node, "failed", 0),
        "doing": "finished" if is_done else "stopped" if is_down else node.doing(world.now),
    }
    if (clock := wrong_clock(node, world.now)) is not None:
        frame["clock"] = clock
    return frame
