"""What members of a consumer group say to each other through the coordinator.

    member ── JoinGroup(Subscription) ──▶ coordinator ── all of them ──▶ leader
    member ◀── SyncGroup(Assignment) ──── coordinator ◀── one each ───── leader

Both are bytes to the coordinator: a version, int16, then the message.

In Kafka: `ConsumerProtocol`.  Left out: racks (version 3 says null).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from kafkalab.client.assignors import ASSIGNORS, Subscriber, without_racks
from kafkalab.ids import TopicPartition
from kafkalab.protocol.codec import decode, encode_bytes
from kafkalab.protocol.messages.classic_groups import (
    JoinGroupResponseMember,
    SyncGroupRequestAssignment,
)
from kafkalab.protocol.messages.consumer_protocol import (
    ConsumerProtocolAssignment,
    ConsumerProtocolAssignmentTopicPartition,
    ConsumerProtocolSubscription,
    ConsumerProtocolSubscriptionTopicPartition,
)

PROTOCOL_TYPE: Final = "consumer"
VERSION: Final = 3


def subscription_bytes(
    topics: Sequence[str], owned: Iterable[TopicPartition], generation: int
) -> bytes:
    """What a member wants, and what it had (nothing, when rebalances are eager)."""
    message = ConsumerProtocolSubscription(
        topics=tuple(topics),
        owned_partitions=tuple(
            ConsumerProtocolSubscriptionTopicPartition(topic=topic, partitions=partitions)
            for topic, partitions in by_topic(owned).items()
        ),
        generation_id=generation,
    )
    return _with_version(encode_bytes(message, VERSION))


def subscribed_topics(metadata: bytes) -> tuple[str, ...]:
    """The topics of a member's subscription."""
    version, rest = _split(metadata)
    return decode(ConsumerProtocolSubscription, version, rest).topics


def assigned_partitions(assignment: bytes) -> tuple[TopicPartition, ...]:
    """The partitions of an assignment; no bytes at all mean none."""
    if not assignment:
        return ()
    version, rest = _split(assignment)
    decoded = decode(ConsumerProtocolAssignment, version, rest)
    return tuple(
        TopicPartition(topic.topic, partition)
        for topic in decoded.assigned_partitions
        for partition in topic.partitions
    )


def wanted_topics(members: Iterable[JoinGroupResponseMember]) -> tuple[str, ...]:
    """All topics that anybody wants, sorted."""
    return tuple(sorted({topic for one in members for topic in subscribed_topics(one.metadata)}))


def assign(
    strategy: str, members: Sequence[JoinGroupResponseMember], partitions: Mapping[str, int]
) -> tuple[SyncGroupRequestAssignment, ...]:
    """What a leader does: everybody's part, as SyncGroup takes it."""
    subscribers = [
        Subscriber(one.member_id, subscribed_topics(one.metadata), one.group_instance_id)
        for one in members
    ]
    assignments = ASSIGNORS[strategy](without_racks(partitions), subscribers)
    return tuple(
        SyncGroupRequestAssignment(member_id=member_id, assignment=assignment_bytes(owned))
        for member_id, owned in assignments.items()
    )


def assignment_bytes(owned: Iterable[TopicPartition]) -> bytes:
    """One member's part."""
    message = ConsumerProtocolAssignment(
        assigned_partitions=tuple(
            ConsumerProtocolAssignmentTopicPartition(topic=topic, partitions=partitions)
            for topic, partitions in by_topic(owned).items()
        )
    )
    return _with_version(encode_bytes(message, VERSION))


def by_topic(partitions: Iterable[TopicPartition]) -> dict[str, tuple[int, ...]]:
    """Partition numbers by topic, in the order given."""
    grouped: dict[str, tuple[int, ...]] = {}
    for topic, partition in partitions:
        grouped[topic] = (*grouped.get(topic, ()), partition)
    return grouped


def _with_version(message: bytes) -> bytes:
    return VERSION.to_bytes(2, "big") + message


def _split(data: bytes) -> tuple[int, memoryview]:
    """A newer version reads like the newest we know."""
    return min(int.from_bytes(data[:2], "big"), VERSION), memoryview(data)[2:]
