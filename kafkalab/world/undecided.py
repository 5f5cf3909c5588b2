"""Why what was asked of a cluster's controllers is not decided, in words for who asked.

A topic is created by the active controller, once a majority of the controllers has written it down,
and the request reaches it through a broker.  Either may be missing.

Read next: `servers`.
"""

from typing import Final

from kafkalab.ids import NodeName
from kafkalab.world import servers
from kafkalab.world.world import World

#: How long a cluster's own request may take, in ms: Kafka's `default.api.timeout.ms`.
API_TIMEOUT_MS: Final = 60_000


def why_undecided(world: World, what: str) -> str:
    """What is missing, and what to try.  `what` as in "orders is created"."""
    waited = f"waited {API_TIMEOUT_MS // 1000} s for this, and still not: {what}."
    return "\n  ".join(
        (waited, *_reason(world), "It may still happen later: what was asked stays.")
    )


def _reason(world: World) -> tuple[str, ...]:
    controllers = servers.controllers(world)
    names = [node.name for node in controllers]
    down = [name for name in names if not _is_well(world, name)]
    majority = len(names) // 2 + 1
    active = servers.active_controller(world)
    if len(names) - len(down) < majority:
        return (
            f"No controller can decide it: that takes {majority} of {', '.join(names)}, and "
            f"{', '.join(down)} {'is' if len(down) == 1 else 'are'} down or stands still.",
            f"Try restart {down[0].rpartition('-')[2]}, or wait until a pause is over.",
        )
    if world.network.sides:
        return (
            f"The network is partitioned: {world.network.cut_in_words}.",
            "A broker in service must reach the active controller, and that a majority of "
            "controllers.  Try heal.",
        )
    if active is None:
        return ("No controller is active: their election is not over.  Try run(30), then again.",)
    if not servers.in_service(world):
        brokers = [node.name for node in servers.brokers(world)]
        return (
            f"No broker is in service to pass it on ({', '.join(brokers)}).",
            "Try restart 1, then run(10): a broker registers before it serves.",
        )
    return ("Requests are slow or lost on the way.  Try sim.why(…), or look at the last events.",)


def _is_well(world: World, name: NodeName) -> bool:
    return world.is_up(name) and name not in world.paused
