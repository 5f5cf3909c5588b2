"""Uniform assignment among members that all want the same topics: level first, then sticky.

    8 partitions, 3 members: two of them get 3, one gets 2.  Who has more than its share gives the
    rest back; who has less is filled up, in one pass, from what nobody has.

A member that has room for an extra partition leaves it to a later one that already holds it, as
long as enough members remain to take all extras.

In Kafka: `UniformHomogeneousAssignmentBuilder`.
"""

from kafkalab.groups.assignors.spec import Assignment, GroupSpec, settled
from kafkalab.ids import Uuid
from kafkalab.java_hash import hash_order, number_order, uuid_hash

TopicIdPartition = tuple[Uuid, int]


def assign_same_topics(spec: GroupSpec) -> dict[str, Assignment]:
    """See the module's docstring; all members of `spec` want the same topics."""
    member_ids = spec.member_ids
    topics = spec.members[member_ids[0]].in_order
    if not topics:
        return {}
    free = [
        (topic, number)
        for topic in topics
        for number in range(spec.partitions[topic])
        if (topic, number) not in spec.owners
    ]
    total = sum(spec.partitions[topic] for topic in topics)
    quota, extras = divmod(total, len(member_ids))
    targets: dict[str, Assignment] = {}
    unfilled: list[tuple[str, int]] = []
    for index, member_id in enumerate(member_ids):
        room, has_extra = quota + (extras > 0), extras > 0
        kept, given_up, room = _keep(spec.members[member_id].assignment, topics, room)
        free += given_up
        if room > 0 and has_extra and len(member_ids) - index > extras:
            room, has_extra = room - 1, False  # somebody later may hold one already
        if room > 0:
            unfilled.append((member_id, room))
        extras -= has_extra
        targets[member_id] = kept
    _fill(targets, unfilled, free)
    return targets


def _keep(
    assignment: Assignment, topics: list[Uuid], room: int
) -> tuple[Assignment, list[TopicIdPartition], int]:
    """What of it fits into `room`, what is given up, and the room that is left."""
    kept: dict[Uuid, tuple[int, ...]] = {}
    given_up: list[TopicIdPartition] = []
    wanted = frozenset(topics)
    for topic in hash_order(assignment, uuid_hash):
        if topic not in wanted:
            continue
        numbers = assignment[topic]
        if len(numbers) <= room:
            kept[topic] = numbers
            room -= len(numbers)
            continue
        in_order = number_order(numbers)
        if room:
            kept[topic] = tuple(sorted(in_order[:room]))
        given_up += [(topic, number) for number in in_order[room:]]
        room = 0
    return kept, given_up, room


def _fill(
    targets: dict[str, Assignment],
    unfilled: list[tuple[str, int]],
    free: list[TopicIdPartition],
) -> None:
    start = 0
    for member_id, room in unfilled:
        mutable = {topic: set(numbers) for topic, numbers in targets[member_id].items()}
        for topic, number in free[start : start + room]:
            mutable.setdefault(topic, set()).add(number)
        start += room
        targets[member_id] = settled(mutable)
    assert start >= len(free), "partitions were left unassigned"
