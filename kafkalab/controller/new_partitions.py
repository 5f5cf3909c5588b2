"""CreatePartitions 0-3: a topic gets more partitions, never fewer.

Keys hash to other partitions afterwards, and the old records stay where they are.

In Kafka: `ReplicationControlManager.createPartitions`.
"""

from typing import Any

from kafkalab.controller.assignments import Replicas, check_manual, partition_record, placed
from kafkalab.controller.topics import PARTITIONS_PER_REQUEST_MAX
from kafkalab.controller.written_state import Decision, WrittenState
from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.protocol.messages.topics import (
    CreatePartitionsRequest,
    CreatePartitionsResponse,
    CreatePartitionsTopic,
    CreatePartitionsTopicResult,
)


def create_partitions(state: WrittenState, request: CreatePartitionsRequest, now: int) -> Decision:
    """Each topic succeeds or fails alone."""
    records: list[Any] = []
    results = []
    names = [topic.name for topic in request.topics]
    for topic in {topic.name: topic for topic in request.topics}.values():
        try:
            if names.count(topic.name) > 1:
                raise KafkaError(ErrorCode.INVALID_REQUEST, "Duplicate topic name.")
            records += _create(state, topic, PARTITIONS_PER_REQUEST_MAX - len(records))
        except KafkaError as refused:
            results.append(
                CreatePartitionsTopicResult(
                    name=topic.name,
                    error_code=refused.code,
                    error_message=refused.message or None,
                )
            )
        else:
            results.append(CreatePartitionsTopicResult(name=topic.name))
    response = CreatePartitionsResponse(results=tuple(results))
    return Decision([] if request.validate_only else records, response)


def _create(state: WrittenState, topic: CreatePartitionsTopic, most: int) -> list[Any]:
    image = state.image.topics.get(topic.name)
    if image is None:
        raise KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    count = len(image.partitions)
    if topic.count == count:
        message = f"Topic already has {count} partition(s)."
        raise KafkaError(ErrorCode.INVALID_PARTITIONS, message)
    if topic.count < count:
        raise KafkaError(
            ErrorCode.INVALID_PARTITIONS,
            f"The topic {topic.name} currently has {count} partition(s); {topic.count} would not "
            "be an increase.",
        )
    if topic.count - count > most:  # Kafka says UNKNOWN_SERVER_ERROR here: a list is too long
        message = "Excessively large number of partitions per request."
        raise KafkaError(ErrorCode.POLICY_VIOLATION, message)
    factor = len(image.partitions[0].replicas)
    return [
        partition_record(state, image.topic_id, number, replicas)
        for number, replicas in enumerate(_replicas(state, topic, count, factor), count)
    ]


def _replicas(
    state: WrittenState, topic: CreatePartitionsTopic, first: int, factor: int
) -> list[Replicas]:
    additional = topic.count - first
    if topic.assignments is None:
        return placed(state, additional, factor)
    if len(topic.assignments) != additional:
        raise KafkaError(
            ErrorCode.INVALID_REPLICA_ASSIGNMENT,
            f"Attempted to add {additional} additional partition(s), but only "
            f"{len(topic.assignments)} assignment(s) were specified.",
        )
    return [
        check_manual(state, number, assignment.broker_ids, factor)
        for number, assignment in enumerate(topic.assignments, first)
    ]
