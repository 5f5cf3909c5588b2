"""The assignors a group coordinator has (KIP-848): uniform, which is the default, and range.

Reading order: `spec` (what goes in and comes out), `ranges`, `uniform`, then `heterogeneous` with
`balancer`.

In Kafka: `group.consumer.assignors`, `UniformAssignor`, `RangeAssignor`.
"""

from collections.abc import Mapping
from typing import Final

from kafkalab.groups.assignors.heterogeneous import assign_different_topics
from kafkalab.groups.assignors.ranges import assign_ranges
from kafkalab.groups.assignors.spec import (
    NOTHING_ASSIGNED,
    Assignment,
    GroupSpec,
    MemberSpec,
    ServerAssignor,
)
from kafkalab.groups.assignors.uniform import assign_same_topics


def assign_uniformly(spec: GroupSpec) -> dict[str, Assignment]:
    """Level, then sticky; how depends on whether all want the same topics."""
    if not spec.members:
        return {}
    return assign_same_topics(spec) if spec.is_homogeneous else assign_different_topics(spec)


#: By name; the first is used when no member asks for one.
SERVER_ASSIGNORS: Final[Mapping[str, ServerAssignor]] = {
    "uniform": assign_uniformly,
    "range": assign_ranges,
}

__all__ = [
    "NOTHING_ASSIGNED",
    "SERVER_ASSIGNORS",
    "Assignment",
    "GroupSpec",
    "MemberSpec",
    "ServerAssignor",
    "assign_ranges",
    "assign_uniformly",
]
