"""Round robin: all partitions of all topics, dealt out one by one.

Two members, two topics with three partitions each:

    A: t0-0 t0-2  t1-1      who does not want a topic is passed over, so with different
    B: t0-1  t1-0 t1-2      subscriptions the result can be far from level

In Kafka: `RoundRobinAssignor`.
"""

from collections.abc import Sequence

from kafkalab.client.assignors.subscriber import (
    Assignments,
    Subscriber,
    Topics,
    rank,
    subscribed,
)
from kafkalab.ids import TopicPartition


def assign_round_robin(topics: Topics, members: Sequence[Subscriber]) -> Assignments:
    """A topic that is not in `topics` is left out."""
    assignments: Assignments = {member.member_id: [] for member in members}
    circle = sorted(members, key=rank)
    place = 0
    for topic in subscribed(topics, members):
        for partition in range(len(topics[topic])):
            while topic not in circle[place].topics:
                place = (place + 1) % len(circle)
            assignments[circle[place].member_id].append(TopicPartition(topic, partition))
            place = (place + 1) % len(circle)
    return assignments
