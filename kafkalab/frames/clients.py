"""Producers, consumers and admin clients in a frame.

Read next: `cluster`.
"""

from typing import Any, Final, Literal

from kafkalab.frames.shape import ClientFrame
from kafkalab.ids import NodeName
from kafkalab.world import World

Kind = Literal["producer", "consumer", "admin", "external"]
_KINDS: Final[dict[str, Kind]] = {
    "ProducerNode": "producer",
    "ConsumerNode": "consumer",
    "AdminNode": "admin",
    "ExternalNode": "external",
}


def client_frames(world: World) -> list[ClientFrame]:
    """Clients in the order in which they came."""
    return [
        _client(world, name, node, _KINDS[type(node).__name__])
        for name, node in world.nodes.items()
        if type(node).__name__ in _KINDS
    ]


def _client(world: World, name: NodeName, node: Any, kind: Kind) -> ClientFrame:
    is_down = name in world.crashed
    return {
        "name": name,
        "kind": kind,
        "state": "crashed" if is_down else "online",
        "sent": int(getattr(node, "sent", 0)),
        "acknowledged": int(getattr(node, "acknowledged", 0)),
        "failed": int(getattr(node, "failed", 0)),
        "doing": "stopped" if is_down else str(getattr(node, "doing", "")),
    }
