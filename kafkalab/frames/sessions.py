"""When the session of a broker that has fallen silent ends: then the controller fences it.

Only the active controller knows; a new one gives every broker a whole session again.

Read next: `finding`, which says it; `kafkalab.controller.sessions`.
"""

from kafkalab.ids import NodeId
from kafkalab.world import World, servers


def session_end(world: World, broker_id: NodeId) -> int | None:
    """In ms of the world's clock, if no heartbeat comes; None if it has none, or nobody knows."""
    controller = servers.active_controller(world)
    written = controller.quorum.written if controller is not None else None
    return written.sessions.ends_at(broker_id) if written is not None else None
