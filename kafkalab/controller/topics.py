"""CreateTopics 2-7 and DeleteTopics 1-6.

Each topic of a request succeeds or fails alone, but what succeeds is one atomic batch of records:

    TopicRecord, ConfigRecord …, PartitionRecord …          RemoveTopicRecord

In Kafka: `ReplicationControlManager.createTopics`, `deleteTopics`; `ControllerApis`.
Left out: authorization, quotas, policies.
Read next: `placement`, `assignments`.
"""

from collections.abc import Mapping
from typing import Any, Final

from kafkalab.config import TOPIC_KEYS
from kafkalab.controller.assignments import Replicas, check_manual, partition_record, placed
from kafkalab.controller.configs import check_setting
from kafkalab.controller.written_state import Decision, WrittenState
from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.ids import ZERO_UUID, Uuid
from kafkalab.metadata import BROKER_RESOURCE, TOPIC_RESOURCE, TopicImage
from kafkalab.metadata.names import check_topic_name, collision_key
from kafkalab.metadata.records import ConfigRecord, RemoveTopicRecord, TopicRecord
from kafkalab.protocol.messages.topics import (
    CreatableTopic,
    CreatableTopicConfigs,
    CreatableTopicResult,
    CreateTopicsRequest,
    CreateTopicsResponse,
    DeletableTopicResult,
    DeleteTopicsRequest,
    DeleteTopicsResponse,
)

METADATA_TOPIC: Final = "__cluster_metadata"
PARTITIONS_PER_REQUEST_MAX: Final = 10_000
_DYNAMIC_TOPIC, _DYNAMIC_CLUSTER, _STATIC_BROKER, _DEFAULT = 1, 3, 4, 5  # `ConfigSource`


def create_topics(state: WrittenState, request: CreateTopicsRequest, now: int) -> Decision:
    """Create what can be created."""
    _check_size(state, request)
    names = [topic.name for topic in request.topics]
    records: list[Any] = []
    results = []
    for topic in {topic.name: topic for topic in request.topics}.values():
        try:
            if names.count(topic.name) > 1:
                raise KafkaError(ErrorCode.INVALID_REQUEST, "Duplicate topic name.")
            _check_name(state, topic.name)
            settings = _settings(topic)
            replicas = _replicas(state, topic)
        except KafkaError as refused:
            results.append(_refusal(topic.name, refused))
            continue
        topic_id = state.topic_ids.uuid()
        records += _records(state, topic_id, topic.name, settings, replicas)
        results.append(_result(state, topic_id, topic.name, settings, replicas))
    response = CreateTopicsResponse(topics=tuple(results))
    return Decision([] if request.validate_only else records, response)


def _check_size(state: WrittenState, request: CreateTopicsRequest) -> None:
    default = state.config.int("num.partitions")
    total = sum(
        len(topic.assignments) or (default if topic.num_partitions == -1 else topic.num_partitions)
        for topic in request.topics
    )
    if total > PARTITIONS_PER_REQUEST_MAX:
        message = "Excessively large number of partitions per request."
        raise KafkaError(ErrorCode.POLICY_VIOLATION, message)


def _check_name(state: WrittenState, name: str) -> None:
    if name == METADATA_TOPIC:
        message = f"Creation of internal topic {METADATA_TOPIC} is prohibited."
        raise KafkaError(ErrorCode.INVALID_REQUEST, message)
    check_topic_name(name)
    if name in state.image.topics:
        raise KafkaError(ErrorCode.TOPIC_ALREADY_EXISTS, f"Topic '{name}' already exists.")
    key = collision_key(name)
    if "_" not in key:
        return
    for other in state.image.topics:
        if collision_key(other) == key:
            message = f"Topic '{name}' collides with existing topic: {other}"
            raise KafkaError(ErrorCode.INVALID_TOPIC_EXCEPTION, message)


def _settings(topic: CreatableTopic) -> dict[str, str]:
    settings: dict[str, str] = {}
    nulls = [config.name for config in topic.configs if config.value is None]
    if nulls:
        message = f"Null value not supported for topic configs: {','.join(nulls)}"
        raise KafkaError(ErrorCode.INVALID_CONFIG, message)
    for config in topic.configs:
        assert config.value is not None
        check_setting(TOPIC_RESOURCE, config.name, config.value)
        settings[config.name] = config.value
    return settings


def _replicas(state: WrittenState, topic: CreatableTopic) -> list[Replicas]:
    """The replicas of each partition, chosen by the request or here."""
    if topic.assignments:
        return _assigned(state, topic)
    if topic.replication_factor < -1 or topic.replication_factor == 0:
        raise KafkaError(
            ErrorCode.INVALID_REPLICATION_FACTOR,
            "Replication factor must be larger than 0, or -1 to use the default value.",
        )
    if topic.num_partitions < -1 or topic.num_partitions == 0:
        raise KafkaError(
            ErrorCode.INVALID_PARTITIONS,
            "Number of partitions was set to an invalid non-positive value.",
        )
    partitions, factor = topic.num_partitions, topic.replication_factor
    if partitions == -1:
        partitions = state.config.int("num.partitions")
    if factor == -1:
        factor = state.config.int("default.replication.factor")
    return placed(state, partitions, factor)


def _assigned(state: WrittenState, topic: CreatableTopic) -> list[Replicas]:
    for name, value in (
        ("replication factor", topic.replication_factor),
        ("numPartitions", topic.num_partitions),
    ):
        if value != -1:
            message = f"A manual partition assignment was specified, but {name} was not set to -1."
            raise KafkaError(ErrorCode.INVALID_REQUEST, message)
    assigned: dict[int, Replicas] = {}
    factor: int | None = None
    for assignment in topic.assignments:
        number = assignment.partition_index
        if number in assigned:
            message = f"Found multiple manual partition assignments for partition {number}"
            raise KafkaError(ErrorCode.INVALID_REPLICA_ASSIGNMENT, message)
        assigned[number] = check_manual(state, number, assignment.broker_ids, factor)
        factor = len(assignment.broker_ids)
    if sorted(assigned) != list(range(len(assigned))):
        message = "partitions should be a consecutive 0-based integer sequence"
        raise KafkaError(ErrorCode.INVALID_REPLICA_ASSIGNMENT, message)
    return [assigned[number] for number in sorted(assigned)]


def _records(
    state: WrittenState,
    topic_id: Uuid,
    name: str,
    settings: Mapping[str, str],
    replicas: list[Replicas],
) -> list[Any]:
    records: list[Any] = [TopicRecord(name=name, topic_id=topic_id)]
    for key, value in settings.items():
        records.append(
            ConfigRecord(resource_type=TOPIC_RESOURCE, resource_name=name, name=key, value=value)
        )
    for number, nodes in enumerate(replicas):
        records.append(partition_record(state, topic_id, number, nodes))
    return records


def _result(
    state: WrittenState,
    topic_id: Uuid,
    name: str,
    settings: Mapping[str, str],
    replicas: list[Replicas],
) -> CreatableTopicResult:
    return CreatableTopicResult(
        name=name,
        topic_id=topic_id,
        error_message=None,
        num_partitions=len(replicas),
        replication_factor=len(replicas[0]),
        configs=tuple(_effective(state, key, settings) for key in sorted(TOPIC_KEYS)),
    )


def _effective(
    state: WrittenState, name: str, settings: Mapping[str, str]
) -> CreatableTopicConfigs:
    """What a setting of the new topic will be, and where that comes from."""
    broker_key = TOPIC_KEYS[name].broker_key or name
    cluster = state.image.configs.get((BROKER_RESOURCE, ""), {})
    value: Any
    if name in settings:
        value, source = settings[name], _DYNAMIC_TOPIC
    elif broker_key in cluster:
        value, source = cluster[broker_key], _DYNAMIC_CLUSTER
    else:
        is_static = broker_key in state.config.changed
        value, source = state.config[broker_key], _STATIC_BROKER if is_static else _DEFAULT
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return CreatableTopicConfigs(name=name, value=text, config_source=source)


def _refusal(name: str, refused: KafkaError) -> CreatableTopicResult:
    return CreatableTopicResult(
        name=name, error_code=refused.code, error_message=refused.message or None, configs=None
    )


# --- deletion -------------------------------------------------------------------------------------


def delete_topics(state: WrittenState, request: DeleteTopicsRequest, now: int) -> Decision:
    """Delete topics by name or by id."""
    wanted: list[tuple[str | None, Uuid]] = [(name, ZERO_UUID) for name in request.topic_names]
    wanted += [(topic.name, topic.topic_id) for topic in request.topics]
    deleted: dict[Uuid, None] = {}
    results = []
    for name, topic_id in dict.fromkeys(wanted):
        try:
            if wanted.count((name, topic_id)) > 1:
                what = "name" if name is not None else "id"
                raise KafkaError(ErrorCode.INVALID_REQUEST, f"Duplicate topic {what}.")
            topic = _find(state, name, topic_id)
            if topic.topic_id in deleted:
                message = "The provided topic name maps to an ID that was already supplied."
                raise KafkaError(ErrorCode.INVALID_REQUEST, message)
        except KafkaError as refused:
            results.append(
                DeletableTopicResult(
                    name=name,
                    topic_id=topic_id,
                    error_code=refused.code,
                    error_message=refused.message or None,
                )
            )
            continue
        deleted[topic.topic_id] = None
        results.append(DeletableTopicResult(name=topic.name, topic_id=topic.topic_id))
    records = [RemoveTopicRecord(topic_id=topic_id) for topic_id in deleted]
    return Decision(records, DeleteTopicsResponse(responses=tuple(results)))


def _find(state: WrittenState, name: str | None, topic_id: Uuid) -> TopicImage:
    if name is not None and topic_id != ZERO_UUID:
        message = "You may not specify both topic name and topic id."
        raise KafkaError(ErrorCode.INVALID_REQUEST, message)
    if name is not None:
        topic = state.image.topics.get(name)
        if topic is None:
            raise KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
        return topic
    if topic_id == ZERO_UUID:
        message = "Neither topic name nor id were specified."
        raise KafkaError(ErrorCode.INVALID_REQUEST, message)
    topic = state.image.topics_by_id.get(topic_id)
    if topic is None:
        raise KafkaError(ErrorCode.UNKNOWN_TOPIC_ID)
    return topic
