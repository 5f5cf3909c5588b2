"""What a KIP-848 member has said to its coordinator, so that it repeats nothing that was heard.

    first, and after an answer that did not come   topics or pattern, rebalance timeout, partitions
    else                                           only what has changed since

In Kafka: `ConsumerHeartbeatRequestManager.HeartbeatState`.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple, Self

from kafkalab.client.connections import Asked, Link
from kafkalab.client.consumer.context import Context
from kafkalab.client.consumer.group_protocol import by_topic
from kafkalab.client.consumer.member import Member
from kafkalab.client.consumer.subscription import Subscription
from kafkalab.client.metadata import Metadata
from kafkalab.ids import TopicPartition, Uuid
from kafkalab.protocol.messages.consumer_groups import (
    ConsumerGroupHeartbeatRequest,
    ConsumerGroupHeartbeatRequestTopicPartitions,
)

OWNER: Final = "membership"
Partitions = tuple[TopicPartition, ...]


class _Words(NamedTuple):
    """Of one heartbeat; `held` None: nothing was said of it."""

    topics: tuple[str, ...]
    held: frozenset[TopicPartition] | None


class Said:
    """See the module's docstring.  `_heard` None: nothing, or nobody knows."""

    __slots__ = ("_context", "_heard", "_saying")

    def __init__(self, context: Context) -> None:
        self._context = context
        self._heard: _Words | None = None
        self._saying: _Words | None = None

    def has_news(self, subscription: Subscription, held: Partitions) -> bool:
        """Whether there is something the coordinator should hear of now."""
        heard = self._heard
        return heard is None or heard != _Words(subscription.wanted, frozenset(held))

    def beat(
        self,
        link: Link,
        key: int,
        member: Member,
        subscription: Subscription,
        held: Partitions | None,
        now: int,
    ) -> None:
        """Send a heartbeat; `held` None: partitions change hands, so nothing is said of them."""
        conf, heard = self._context.conf, self._heard
        now_held = frozenset(held) if held is not None else None
        is_full = heard is None or member.generation == 0
        names = tuple(topic for topic in subscription.wanted if not topic.startswith("^"))
        patterns = [topic for topic in subscription.wanted if topic.startswith("^")]
        has_new_topics = heard is None or heard.topics != subscription.wanted
        owned = None
        if held is not None and (is_full or heard is None or heard.held != now_held):
            owned = self._owned(() if member.generation == 0 else held)
        request = ConsumerGroupHeartbeatRequest(
            group_id=self._context.group_id,
            member_id=member.id,
            member_epoch=member.generation,
            instance_id=self._context.instance_id,
            rack_id=conf.text("client.rack") or None if is_full else None,
            rebalance_timeout_ms=conf.int("max.poll.interval.ms") if is_full else -1,
            subscribed_topic_names=names if is_full or has_new_topics else None,
            subscribed_topic_regex="|".join(patterns) if is_full or has_new_topics else None,
            server_assignor=self._assignor if is_full else None,
            topic_partitions=owned,
        )
        if heard is None and owned is None:
            self._saying = None  # only one that says all is answered with the assignment
        else:
            before = heard.held if heard is not None else None
            self._saying = _Words(subscription.wanted, before if owned is None else now_held)
        self._send(link, key, request, now)

    def leave(self, link: Link, key: int, member: Member, now: int) -> None:
        """The last heartbeat."""
        request = ConsumerGroupHeartbeatRequest(
            group_id=self._context.group_id,
            member_id=member.id,
            member_epoch=member.generation,
            instance_id=self._context.instance_id,
        )
        self._send(link, key, request, now)

    def was_heard(self) -> None:
        """The last heartbeat has been answered."""
        self._heard = self._saying

    def forget(self) -> None:
        """Nobody knows what was heard: say all of it again."""
        self._heard = None

    @property
    def _assignor(self) -> str | None:
        given = self._context.conf["group.remote.assignor"]
        return None if given is None else str(given)

    def _owned(self, held: Partitions) -> tuple[ConsumerGroupHeartbeatRequestTopicPartitions, ...]:
        metadata = self._context.metadata
        return tuple(
            ConsumerGroupHeartbeatRequestTopicPartitions(
                topic_id=metadata.topic_id(topic), partitions=numbers
            )
            for topic, numbers in by_topic(held).items()
        )

    def _send(self, link: Link, key: int, request: ConsumerGroupHeartbeatRequest, now: int) -> None:
        connections = self._context.connections
        version = connections.version(link, ConsumerGroupHeartbeatRequest)
        timeout_ms = self._context.request_timeout_ms
        connections.send(link, request, Asked(OWNER, key, version), now, timeout_ms)

    def fork(self, context: Context) -> Self:
        other = type(self)(context)
        other._heard, other._saying = self._heard, self._saying
        return other


def target_of(
    target: Mapping[Uuid, tuple[int, ...]], metadata: Metadata
) -> tuple[Partitions, bool]:
    """An assignment by the names of its topics; whether all of them are known."""
    partitions: list[TopicPartition] = []
    are_all_known = True
    for topic_id, numbers in target.items():
        name = metadata.topic_name(topic_id)
        if name is None:
            are_all_known = False
        else:
            partitions += [TopicPartition(name, number) for number in sorted(numbers)]
    return tuple(partitions), are_all_known
