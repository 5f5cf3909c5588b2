"""Which member of a classic group reads which partition.

The leader of a classic group decides for all members, with an assignor that all of them know, over
the partitions of all subscribed topics.  Results are Kafka's own, partition for partition.

Reading order: `subscriber` (what goes in and comes out), `ranges`, `round_robin`, `sticky`.

In Kafka: `ConsumerPartitionAssignor`.
"""

from collections.abc import Mapping
from typing import Final

from kafkalab.client.assignors.ranges import assign_ranges
from kafkalab.client.assignors.round_robin import assign_round_robin
from kafkalab.client.assignors.sticky import assign_cooperative_sticky, assign_sticky
from kafkalab.client.assignors.subscriber import (
    Assignments,
    Assignor,
    Subscriber,
    Topics,
    without_racks,
)
from kafkalab.config import ConfigError

COOPERATIVE: Final = "cooperative-sticky"
STICKY: Final = "sticky"

ASSIGNORS: Final[Mapping[str, Assignor]] = {
    "range": assign_ranges,
    "roundrobin": assign_round_robin,
    STICKY: assign_sticky,
    COOPERATIVE: assign_cooperative_sticky,
}


def strategies(text: str) -> tuple[str, ...]:
    """The names in `partition.assignment.strategy`, in order of preference; `ConfigError`."""
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if not names:
        raise ConfigError("partition.assignment.strategy is empty: use range,roundrobin")
    for name in names:
        if name not in ASSIGNORS:
            known = ", ".join(ASSIGNORS)
            raise ConfigError(f"partition.assignment.strategy {name!r} is none of {known}")
    return names


__all__ = [
    "ASSIGNORS",
    "COOPERATIVE",
    "STICKY",
    "Assignments",
    "Assignor",
    "Subscriber",
    "Topics",
    "strategies",
    "without_racks",
]
