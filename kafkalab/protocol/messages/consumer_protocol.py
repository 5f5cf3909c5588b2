"""What members of a classic group tell each other, inside JoinGroup and SyncGroup."""

from dataclasses import dataclass
from typing import ClassVar

from kafkalab.protocol.schema import BYTES, INT32, STRING, Message, Versions, array, versions, wire


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerProtocolSubscriptionTopicPartition:
    """Part of ConsumerProtocolSubscription."""

    topic: str = wire(STRING, "1+")
    partitions: tuple[int, ...] = wire(array(INT32), "1+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerProtocolSubscription(Message):
    """Versions 0-3."""

    VERSIONS: ClassVar[Versions] = versions("0-3", flexible="none")

    topics: tuple[str, ...] = wire(array(STRING))
    user_data: bytes | None = wire(BYTES, nullable="0+", default=None)
    owned_partitions: tuple[ConsumerProtocolSubscriptionTopicPartition, ...] = wire(
        array(ConsumerProtocolSubscriptionTopicPartition), "1+"
    )
    generation_id: int = wire(INT32, "2+", default=-1)
    rack_id: str | None = wire(STRING, "3+", nullable="3+", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerProtocolAssignmentTopicPartition:
    """Part of ConsumerProtocolAssignment."""

    topic: str = wire(STRING)
    partitions: tuple[int, ...] = wire(array(INT32))


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerProtocolAssignment(Message):
    """Versions 0-3."""

    VERSIONS: ClassVar[Versions] = versions("0-3", flexible="none")

    assigned_partitions: tuple[ConsumerProtocolAssignmentTopicPartition, ...] = wire(
        array(ConsumerProtocolAssignmentTopicPartition)
    )
    user_data: bytes | None = wire(BYTES, nullable="0+", default=None)
