"""FindCoordinator 0-6: which broker coordinates a group or a transactional id.

It is whoever leads the partition of `__consumer_offsets`, or `__transaction_state`, that the id
hashes to.  The first question makes the topic; the asker is told to come back.

In Kafka: `KafkaApis.handleFindCoordinatorRequest`, KIP-699.
Not done: share coordinators: refused with INVALID_REQUEST.
"""

from typing import TYPE_CHECKING

from kafkalab.coordination import partition_for
from kafkalab.errors import ErrorCode
from kafkalab.ids import TopicPartition
from kafkalab.node import Ticket
from kafkalab.protocol.messages.classic_groups import (
    Coordinator,
    FindCoordinatorRequest,
    FindCoordinatorResponse,
)
from kafkalab.server.auto_topics import OFFSETS_TOPIC, TRANSACTIONS_TOPIC

if TYPE_CHECKING:
    from kafkalab.server.broker import Broker

_TOPICS = {0: OFFSETS_TOPIC, 1: TRANSACTIONS_TOPIC}


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
    name = _TOPICS.get(key_type)
    if name is None:
        return _nobody(key, ErrorCode.INVALID_REQUEST, "share coordinators are not offered here")
    topic = broker.image.topics.get(name)
    if topic is None:
        broker.auto_topics.create(name)
        return _nobody(key, ErrorCode.COORDINATOR_NOT_AVAILABLE)
    number = partition_for(key, len(topic.partitions))
    partition = broker.image.partition(TopicPartition(name, number))
    leader = broker.image.brokers.get(partition.leader) if partition is not None else None
    if leader is None or leader.fenced:
        return _nobody(key, ErrorCode.COORDINATOR_NOT_AVAILABLE)
    return Coordinator(key=key, node_id=leader.id, host=leader.host, port=leader.port)


def _nobody(key: str, error: ErrorCode, message: str | None = None) -> Coordinator:
    return Coordinator(
        key=key, node_id=-1, host="", port=-1, error_code=error, error_message=message
    )
