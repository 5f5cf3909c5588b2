"""The leader of a classic group: it assigns for all, when the partitions of all topics are known.

In Kafka: `ConsumerCoordinator.onLeaderElected`.
"""

from typing import Any, Self

from kafkalab.client.consumer.context import Context
from kafkalab.client.consumer.group_protocol import assign, wanted_topics
from kafkalab.protocol.messages.classic_groups import JoinGroupResponse


class Leading:
    """`joined`: what all have said; None for a follower, and once the leader has assigned."""

    __slots__ = ("_context", "joined")

    def __init__(self, context: Context) -> None:
        self._context = context
        self.joined: JoinGroupResponse | None = None

    def begin(self, joined: JoinGroupResponse) -> None:
        """This member leads the generation."""
        self.joined = joined
        for topic in wanted_topics(joined.members):
            self._context.metadata.want(topic)

    def assignments(self) -> tuple[Any, ...] | None:
        """What SyncGroup takes: of a follower nothing, of the leader everybody's part.

        None while the partitions of a topic are not known.
        """
        joined, metadata = self.joined, self._context.metadata
        if joined is None:
            return ()
        wanted = wanted_topics(joined.members)
        if not all(topic in metadata.topics for topic in wanted):
            metadata.request_update()
            return None
        known = {topic: metadata.racks_of(topic) for topic in wanted}
        return assign(joined.protocol_name or "", joined.members, known)

    def fork(self, context: Context) -> Self:
        other = type(self)(context)
        other.joined = self.joined
        return other
