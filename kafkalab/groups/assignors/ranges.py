"""Range assignment on the server: of each topic a run of neighbours, first members a longer one.

    3 partitions, A and B: A has 0 and 1, B has 2, of every topic (co-partitioning).

Static members come first, by instance id; then the others, by member id.  Nothing is sticky.

In Kafka: `RangeAssignor` of the group coordinator.
"""

from kafkalab.groups.assignors.spec import Assignment, GroupSpec
from kafkalab.ids import Uuid


def assign_ranges(spec: GroupSpec) -> dict[str, Assignment]:
    """See the module's docstring."""
    ranked = sorted(spec.members, key=lambda member_id: _rank(spec, member_id))
    readers: dict[Uuid, list[str]] = {}
    for member_id in ranked:
        for topic in spec.members[member_id].topic_ids:
            readers.setdefault(topic, []).append(member_id)
    targets: dict[str, dict[Uuid, tuple[int, ...]]] = {member_id: {} for member_id in ranked}
    for topic, members in readers.items():
        each, extra = divmod(spec.partitions[topic], len(members))
        start = 0
        for index, member_id in enumerate(members):
            end = start + each + (index < extra)
            if start < end:
                targets[member_id][topic] = tuple(range(start, end))
            start = end
    return dict(targets)


def _rank(spec: GroupSpec, member_id: str) -> tuple[bool, str]:
    instance_id = spec.members[member_id].group_instance_id
    return (False, instance_id) if instance_id is not None else (True, member_id)
