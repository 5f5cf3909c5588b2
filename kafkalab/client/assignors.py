"""Which member of a group reads which partition: range and roundrobin.

The leader of a classic group decides for all members, with an assignor that all of them know, over
the partitions of all subscribed topics.  Two members, two topics with three partitions each:

    range         A: t0-0 t0-1  t1-0 t1-1      per topic, so the same numbers stay together
                  B: t0-2       t1-2           (co-partitioning) and the first get the rest
    roundrobin    A: t0-0 t0-2  t1-1           dealt out one by one over all topics
                  B: t0-1  t1-0 t1-2

Static members come first, by instance id, so that they keep their place when dynamic ones change;
then the others, by member id.

In Kafka: `RangeAssignor`, `RoundRobinAssignor`.
Left out: racks (KIP-881), sticky and cooperative-sticky assignment (KIP-429).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from kafkalab.config import ConfigError
from kafkalab.ids import TopicPartition


class Subscriber(NamedTuple):
    """One member and the topics it wants."""

    member_id: str
    topics: tuple[str, ...]
    group_instance_id: str | None = None


Assignments = dict[str, list[TopicPartition]]
Assignor = Callable[[Mapping[str, int], Sequence[Subscriber]], Assignments]


def assign_ranges(partitions: Mapping[str, int], members: Sequence[Subscriber]) -> Assignments:
    """`partitions`: how many each topic has; a topic that is not in it is left out."""
    assignments: Assignments = {member.member_id: [] for member in members}
    for topic in _topics(partitions, members):
        readers = [member for member in sorted(members, key=_rank) if topic in member.topics]
        each, extra = divmod(partitions[topic], len(readers))
        start = 0
        for number, reader in enumerate(readers):
            end = start + each + (1 if number < extra else 0)
            assignments[reader.member_id] += [
                TopicPartition(topic, partition) for partition in range(start, end)
            ]
            start = end
    return assignments


def assign_round_robin(partitions: Mapping[str, int], members: Sequence[Subscriber]) -> Assignments:
    """As `assign_ranges`; who does not want a topic is passed over."""
    assignments: Assignments = {member.member_id: [] for member in members}
    circle = sorted(members, key=_rank)
    place = 0
    for topic in _topics(partitions, members):
        for partition in range(partitions[topic]):
            while topic not in circle[place].topics:
                place = (place + 1) % len(circle)
            assignments[circle[place].member_id].append(TopicPartition(topic, partition))
            place = (place + 1) % len(circle)
    return assignments


ASSIGNORS: Final[Mapping[str, Assignor]] = {
    "range": assign_ranges,
    "roundrobin": assign_round_robin,
}


def strategies(text: str) -> tuple[str, ...]:
    """The names in `partition.assignment.strategy`, in order of preference; `ConfigError`."""
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if not names:
        raise ConfigError("partition.assignment.strategy is empty: use range,roundrobin")
    for name in names:
        if name == "cooperative-sticky":
            raise ConfigError(
                "partition.assignment.strategy=cooperative-sticky is not supported here: "
                "use range or roundrobin (rebalances are eager)"
            )
        if name not in ASSIGNORS:
            known = ", ".join(ASSIGNORS)
            raise ConfigError(f"partition.assignment.strategy {name!r} is none of {known}")
    return names


def _topics(partitions: Mapping[str, int], members: Sequence[Subscriber]) -> list[str]:
    wanted = {topic: None for member in members for topic in member.topics}
    return sorted(topic for topic in wanted if partitions.get(topic))


def _rank(member: Subscriber) -> tuple[bool, str]:
    if member.group_instance_id is not None:
        return (False, member.group_instance_id)
    return (True, member.member_id)
