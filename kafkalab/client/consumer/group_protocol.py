"""What members of a consumer group say to each other through the coordinator.

    member ── JoinGroup(Subscription) ──▶ coordinator ── all of them ──▶ leader
    member ◀── SyncGroup(Assignment) ──── coordinator ◀── one each ───── leader

Both are bytes to the coordinator: a version, int16, then the message.

In Kafka: `ConsumerProtocol`, `StickyAssignor`.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from kafkalab.client.assignors import (
    ASSIGNORS,
    COOPERATIVE,
    STICKY,
    Subscriber,
    Topics,
)
from kafkalab.client.consumer.member import NO_GENERATION
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


class Had(NamedTuple):
    """What a member has when it joins, or had when it last was assigned something."""

    partitions: tuple[TopicPartition, ...] = ()
    generation: int = NO_GENERATION


def subscription_bytes(
    strategy: str, topics: Sequence[str], had: Had, rack: str | None = None
) -> bytes:
    """What a member wants, and what it had.

    A cooperative member still has it, and says so; an eager one has given it up, and a sticky one
    adds a note of it (`StickyAssignor`'s user data: topics with partitions, generation).
    """
    owned = had.partitions if strategy == COOPERATIVE else ()
    user_data = None
    if strategy == STICKY and had.partitions:
        user_data = _note(had)
    elif strategy == COOPERATIVE:
        user_data = had.generation.to_bytes(4, "big", signed=True)
    message = ConsumerProtocolSubscription(
        topics=tuple(topics),
        user_data=user_data,
        owned_partitions=tuple(
            ConsumerProtocolSubscriptionTopicPartition(topic=topic, partitions=partitions)
            for topic, partitions in by_topic(owned).items()
        ),
        generation_id=had.generation,
        rack_id=rack,
    )
    return _with_version(encode_bytes(message, VERSION))


def _note(had: Had) -> bytes:
    topics = by_topic(had.partitions)
    parts = [len(topics).to_bytes(4, "big")]
    for topic, partitions in topics.items():
        name = topic.encode()
        parts += [len(name).to_bytes(2, "big"), name, len(partitions).to_bytes(4, "big")]
        parts += [partition.to_bytes(4, "big") for partition in partitions]
    parts.append(had.generation.to_bytes(4, "big", signed=True))
    return b"".join(parts)


def _noted(user_data: bytes | None) -> Had:
    """What the note says; nothing if it is none."""
    if not user_data:
        return Had()
    try:
        note = _Reader(memoryview(user_data))
        partitions = tuple(
            TopicPartition(topic, note.number(4))
            for _ in range(note.number(4))
            for topic in (note.text(),)
            for _ in range(note.number(4))
        )
        generation = note.number(4) if note.left else NO_GENERATION
    except (ValueError, UnicodeDecodeError):
        return Had()
    return Had(partitions, generation)


class _Reader:
    """Big-endian numbers and texts, one after the other."""

    def __init__(self, data: memoryview) -> None:
        self.left = data

    def number(self, size: int) -> int:
        if len(self.left) < size:
            raise ValueError("the note is cut off")
        value, self.left = int.from_bytes(self.left[:size], "big", signed=True), self.left[size:]
        return value

    def text(self) -> str:
        size = self.number(2)
        value, self.left = bytes(self.left[:size]).decode(), self.left[size:]
        return value


def subscriber(strategy: str, member: JoinGroupResponseMember) -> Subscriber:
    """A member as an assignor sees it."""
    version, rest = _split(member.metadata)
    said = decode(ConsumerProtocolSubscription, version, rest)
    had = Had()
    if strategy == STICKY:
        had = _noted(said.user_data)
    elif strategy == COOPERATIVE:
        owned = tuple(
            TopicPartition(topic.topic, partition)
            for topic in said.owned_partitions
            for partition in topic.partitions
        )
        had = Had(owned, said.generation_id)
    return Subscriber(
        member.member_id,
        said.topics,
        member.group_instance_id,
        had.partitions,
        had.generation if had.generation != NO_GENERATION else None,
        said.rack_id,
    )


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
    strategy: str, members: Sequence[JoinGroupResponseMember], topics: Topics
) -> tuple[SyncGroupRequestAssignment, ...]:
    """What a leader does: everybody's part, as SyncGroup takes it."""
    assignments = ASSIGNORS[strategy](topics, [subscriber(strategy, one) for one in members])
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
    grouped: dict[str, list[int]] = {}
    for topic, partition in partitions:
        grouped.setdefault(topic, []).append(partition)
    return {topic: tuple(numbers) for topic, numbers in grouped.items()}


def _with_version(message: bytes) -> bytes:
    return VERSION.to_bytes(2, "big") + message


def _split(data: bytes) -> tuple[int, memoryview]:
    """A newer version reads like the newest we know."""
    return min(int.from_bytes(data[:2], "big"), VERSION), memoryview(data)[2:]
