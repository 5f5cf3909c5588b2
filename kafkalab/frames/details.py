"""What a picture may ask for beyond the frame of the cluster, by a key in words.

    "quorum"        ──▶ {"nodes": […], …}
    "log orders 0"  ──▶ {"replicas": …}         the first word names the maker, the rest is for it

A detail is plain JSON, like the frame it goes into, and is made only while somebody looks at it.

Invariants: a detail never fails: what is not there (a topic just deleted) is None.
Read next: `cluster`, the frame; `lab.scenes.picture`, which asks.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from kafkalab.frames.group_history import group_detail
from kafkalab.frames.network import network_detail
from kafkalab.frames.partition_log import log_detail
from kafkalab.frames.quorum import quorum_detail
from kafkalab.frames.replication import replication_detail
from kafkalab.frames.transaction_depth import transaction_detail
from kafkalab.world import World

Maker = Callable[[World, tuple[str, ...]], Any]

#: By the first word of a key.
MAKERS: Final[Mapping[str, Maker]] = {
    "group": group_detail,
    "log": log_detail,
    "quorum": quorum_detail,
    "replication": replication_detail,
    "network": network_detail,
    "transaction": transaction_detail,
}


def details(world: World, keys: Iterable[str]) -> dict[str, Any]:
    """The details with these keys.  ValueError for a key no maker knows."""
    made: dict[str, Any] = {}
    for key in keys:
        name, *words = key.split()
        maker = MAKERS.get(name)
        if maker is None:
            raise ValueError(
                f"there is no detail {name!r}; there are {', '.join(MAKERS) or 'none'}"
            )
        made[key] = maker(world, tuple(words))
    return made
