"""Producers, consumers and admin clients in a frame, in the order in which they came.

A client is a node that says its `kind`; its counts are its own.  One whose app has returned is not
crashed, only finished.

Read next: `cluster`.
"""

from typing import Any, Final

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
    return [
        _client(world, name, node, finished)
        for name, node in world.nodes.items()
        if getattr(node, "kind", None) in _KINDS
    ]


def _client(world: World, name: NodeName, node: Any, finished: set[NodeName]) -> ClientFrame:
    is_down = name in world.crashed
    is_done = is_down and name in finished
    return {
        "name": name,
        "kind": node.kind,
        "state": "crashed" if is_down and not is_done else "online",
        "sent": getattr(node, "sent", 0),
        "acknowledged": getattr(node, "acknowledged", 0),
        "failed": getattr(node, "failed", 0),
        "doing": "finished" if is_done else "stopped" if is_down else node.doing(world.now),
    }
