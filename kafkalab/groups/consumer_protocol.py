"""What consumers tell each other through the coordinator, as far as it looks inside.

A subscription and an assignment are bytes to the coordinator; it reads topics (so that offsets of
topics nobody reads can expire) and partitions (for pictures), and takes nothing it cannot read
amiss.  Each starts with its version, int16, and every version starts like version 0.

In Kafka: `ConsumerProtocol`.
"""

from functools import lru_cache
from struct import error as struct_error
from typing import Final

from kafkalab.errors import KafkaError
from kafkalab.ids import TopicPartition
from kafkalab.protocol.codec import decode
from kafkalab.protocol.messages.consumer_protocol import (
    ConsumerProtocolAssignment,
    ConsumerProtocolSubscription,
)

PROTOCOL_TYPE: Final = "consumer"
_UNREADABLE: Final = (KafkaError, struct_error, ValueError, IndexError)


def subscribed_topics(subscription: bytes) -> tuple[str, ...] | None:
    """The topics of a subscription, or None if it is something else."""
    try:
        return decode(ConsumerProtocolSubscription, 0, memoryview(subscription)[2:]).topics
    except _UNREADABLE:
        return None


@lru_cache(maxsize=1024)
def assigned_partitions(assignment: bytes) -> tuple[TopicPartition, ...]:
    """The partitions of an assignment, in order; none if it is something else."""
    if not assignment:
        return ()
    try:
        decoded = decode(ConsumerProtocolAssignment, 0, memoryview(assignment)[2:])
    except _UNREADABLE:
        return ()
    return tuple(
        sorted(
            TopicPartition(topic.topic, partition)
            for topic in decoded.assigned_partitions
            for partition in topic.partitions
        )
    )
