"""FindCoordinator 0-6: which broker coordinates a group.

The coordinator of a group is whoever leads the partition of `__consumer_offsets` that the
group's id hashes to.  The first question makes the topic; the asker is told to come back.

In Kafka: `KafkaApis.handleFindCoordinatorRequest`, KIP-699.
Not done: transaction and share coordinators (a later part): refused with INVALID_REQUEST.
"""

from typing import TYPE_CHECKING

from kafkalab.errors import ErrorCode
from kafkalab.groups import GroupCoordinator
from kafkalab.ids import TopicPartition
from kafkalab.node import Ticket
from kafkalab.protocol.messages.classic_groups import (
    Coordinator,
    FindCoordinatorRequest,
    FindCoordinatorResponse,
)
from kafkalab.server.auto_topics import OFFSETS_TOPIC

if TYPE_CHECKING:
    from kafkalab.server.broker import Broker

_GROUP = 0


def handle_find_coordinator(
    broker: "Broker", ticket: Ticket, request: FindCoordinatorRequest, now: int
) -> FindCoordinatorResponse:
    """One key up to version 3, a batch of keys from version 4."""
    if ticket.api_version >= 4:
        found = tuple(_find(broker, request.key_type, key) for key in request.coordinator_keys)
        return FindCoordinatorResponse(coordinators=found)
    one = _find(broker, request.key_type, request.key)
    return FindCoordinatorResponse(
        error_code=one.error_code,
        error_message=one.error_message,
        node_id=one.node_id,
        host=one.host,
        port=one.port,
    )


def _find(broker: "Broker", key_type: int, key: str) -> Coordinator:
    if key_type != _GROUP:
        return _nobody(key, ErrorCode.INVALID_REQUEST, "only group coordinators are offered here")
    topic = broker.image.topics.get(OFFSETS_TOPIC)
    if topic is None:
        broker.auto_topics.create(OFFSETS_TOPIC)
        return _nobody(key, ErrorCode.COORDINATOR_NOT_AVAILABLE)
    number = GroupCoordinator.partition_for(key, len(topic.partitions))
    partition = broker.image.partition(TopicPartition(OFFSETS_TOPIC, number))
    leader = broker.image.brokers.get(partition.leader) if partition is not None else None
    if leader is None or leader.fenced:
        return _nobody(key, ErrorCode.COORDINATOR_NOT_AVAILABLE)
    return Coordinator(key=key, node_id=leader.id, host=leader.host, port=leader.port)


def _nobody(key: str, error: ErrorCode, message: str | None = None) -> Coordinator:
    return Coordinator(
        key=key, node_id=-1, host="", port=-1, error_code=error, error_message=message
    )
