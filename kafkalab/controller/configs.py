"""AlterConfigs 0-2 and IncrementalAlterConfigs 0-1: settings of topics and brokers.

AlterConfigs replaces all of a resource's settings, IncrementalAlterConfigs changes some (KIP-339).
A resource is changed as a whole or not at all; one that is refused leaves the others alone.

    topic    TOPIC_KEYS                        broker ""   BROKER_KEYS, for the whole cluster
                                               broker "3"  BROKER_KEYS, for one broker

A change of `min.insync.replicas` clears the ELR: who was eligible under the old number may not be
under the new one.  So with ELR it is the cluster's or a topic's, not a single broker's.

In Kafka: `ConfigurationControlManager`, `ControllerConfigurationValidator`.
Left out: loggers, groups, client metrics and quotas as resources; policies.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from kafkalab.config import BROKER_KEYS, TOPIC_KEYS, ConfigError, Key, Type, read
from kafkalab.controller.written_state import MIN_ISR, Decision, WrittenState
from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.metadata import BROKER_RESOURCE, TOPIC_RESOURCE
from kafkalab.metadata.names import check_topic_name
from kafkalab.metadata.records import ClearElrRecord, ConfigRecord
from kafkalab.protocol.messages.configs import (
    AlterConfigsRequest,
    AlterConfigsResourceResponse,
    AlterConfigsResponse,
    IncrementalAlterConfigsRequest,
    IncrementalAlterConfigsRequestAlterableConfig,
    IncrementalAlterConfigsResponse,
)

SET, DELETE, APPEND, SUBTRACT = 0, 1, 2, 3  # `AlterConfigOp.OpType`
VALUE_LENGTH_MAX: Final = 32767

Resource = tuple[int, str]
Changes = dict[str, str | None]  # None removes a setting


def alter_configs(state: WrittenState, request: AlterConfigsRequest, now: int) -> Decision:
    """All settings of each resource become these."""
    records: list[Any] = []
    responses = []
    repeated = _repeated((x.resource_type, x.resource_name) for x in request.resources)
    for resource in request.resources:
        name = (resource.resource_type, resource.resource_name)
        try:
            _refuse_repeated(name, repeated)
            changes: Changes = dict.fromkeys(state.image.configs.get(name, {}))
            for config in resource.configs:
                changes[config.name] = _value(config.name, config.value)
            records += config_changes(state, name, changes)
        except KafkaError as refused:
            responses.append(_response(name, refused))
        else:
            responses.append(_response(name))
    response = AlterConfigsResponse(responses=tuple(responses))
    return Decision([] if request.validate_only else records, response)


def incremental_alter_configs(
    state: WrittenState, request: IncrementalAlterConfigsRequest, now: int
) -> Decision:
    """Some settings are set, deleted, or have items added or taken away."""
    records: list[Any] = []
    responses = []
    repeated = _repeated((x.resource_type, x.resource_name) for x in request.resources)
    for resource in request.resources:
        name = (resource.resource_type, resource.resource_name)
        try:
            _refuse_repeated(name, repeated)
            if _repeated(config.name for config in resource.configs):
                message = "Error due to duplicate config keys"
                raise KafkaError(ErrorCode.INVALID_REQUEST, message)
            changes = {config.name: _operate(state, name, config) for config in resource.configs}
            records += config_changes(state, name, changes)
        except KafkaError as refused:
            responses.append(_response(name, refused))
        else:
            responses.append(_response(name))
    response = IncrementalAlterConfigsResponse(responses=tuple(responses))
    return Decision([] if request.validate_only else records, response)


def config_changes(state: WrittenState, resource: Resource, changes: Changes) -> list[Any]:
    """The records of changes that are legal together.  Raises INVALID_CONFIG and others."""
    kind, name = resource
    _check_resource(state, resource)
    before = state.image.configs.get(resource, {})
    records: list[Any] = []
    for key, value in changes.items():
        _check_min_isr(state, resource, key, value)
        if value is not None or key not in before:
            check_setting(kind, key, value)
        if before.get(key) != value or kind == BROKER_RESOURCE:
            records.append(
                ConfigRecord(resource_type=kind, resource_name=name, name=key, value=value)
            )
            if key == MIN_ISR and state.is_elr_enabled:
                records.append(ClearElrRecord(topic_name=name if kind == TOPIC_RESOURCE else ""))
    return records


def check_setting(kind: int, name: str, value: str | None) -> None:
    """Raise INVALID_CONFIG for a key or value that does not fit."""
    keys = _KEYS[kind]
    try:
        read(keys, name, value)
    except ConfigError as error:
        raise KafkaError(ErrorCode.INVALID_CONFIG, str(error)) from None
    if kind == BROKER_RESOURCE and not keys[name].dynamic:
        message = f"Cannot update these configs dynamically: Set({name})"
        raise KafkaError(ErrorCode.INVALID_REQUEST, message)
    if value is not None and len(value) > VALUE_LENGTH_MAX:
        raise KafkaError(
            ErrorCode.INVALID_CONFIG,
            "The configuration value cannot be added because it exceeds the maximum value size "
            f"of {VALUE_LENGTH_MAX} bytes.",
        )


_KEYS: Final[Mapping[int, Mapping[str, Key]]] = {
    TOPIC_RESOURCE: TOPIC_KEYS,
    BROKER_RESOURCE: BROKER_KEYS,
}


def _check_resource(state: WrittenState, resource: Resource) -> None:
    kind, name = resource
    if kind == TOPIC_RESOURCE:
        check_topic_name(name)
        if name not in state.image.topics:
            message = "The topic '" + name + "' does not exist."
            raise KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, message)
    elif kind == BROKER_RESOURCE:
        if name and not name.isdecimal():
            message = "Unable to parse broker name as a base 10 number."
            raise KafkaError(ErrorCode.INVALID_REQUEST, message)
        if name and int(name) not in state.image.brokers:
            message = f"No broker with id {name} found."
            raise KafkaError(ErrorCode.BROKER_ID_NOT_REGISTERED, message)
    else:
        raise KafkaError(ErrorCode.INVALID_REQUEST, f"Unknown resource type {kind}")


def _check_min_isr(state: WrittenState, resource: Resource, key: str, value: str | None) -> None:
    kind, name = resource
    if key != MIN_ISR or kind != BROKER_RESOURCE or not state.is_elr_enabled:
        return
    if name:
        message = f"Broker-level {MIN_ISR} cannot be altered while ELR is enabled."
        raise KafkaError(ErrorCode.INVALID_CONFIG, message)
    if value is None:
        message = f"Cluster-level {MIN_ISR} cannot be removed while ELR is enabled."
        raise KafkaError(ErrorCode.INVALID_CONFIG, message)


def _operate(
    state: WrittenState, resource: Resource, config: IncrementalAlterConfigsRequestAlterableConfig
) -> str | None:
    operation, key = config.config_operation, config.name
    if operation == DELETE:
        return None
    value = _value(key, config.value)
    if operation == SET:
        return value
    if operation not in (APPEND, SUBTRACT):
        raise KafkaError(ErrorCode.INVALID_REQUEST, f"Unknown operation {operation} for {key}")
    known = _KEYS.get(resource[0], {}).get(key)
    if known is None or known.type is not Type.LIST:
        verb = "APPEND" if operation == APPEND else "SUBTRACT"
        raise KafkaError(
            ErrorCode.INVALID_CONFIG,
            f"Can't {verb} to key {key} because its type is not LIST.",
        )
    current = state.image.configs.get(resource, {}).get(key, str(known.default))
    items = [item for item in current.split(",") if item]
    for item in value.split(","):
        if operation == APPEND and item not in items:
            items.append(item)
        elif operation == SUBTRACT and item in items:
            items.remove(item)
    return ",".join(items)


def _value(key: str, value: str | None) -> str:
    if value is None:
        raise KafkaError(ErrorCode.INVALID_REQUEST, f"Null value not supported for : {key}")
    return value


def _repeated(names: Iterable[Any]) -> set[Any]:
    seen: set[Any] = set()
    return {name for name in names if name in seen or seen.add(name)}  # type: ignore[func-returns-value]


def _refuse_repeated(resource: Resource, repeated: set[Any]) -> None:
    if resource in repeated:
        raise KafkaError(ErrorCode.INVALID_REQUEST, "Each resource must appear at most once.")


def _response(
    resource: Resource, refused: KafkaError | None = None
) -> AlterConfigsResourceResponse:
    kind, name = resource
    return AlterConfigsResourceResponse(
        error_code=refused.code if refused else ErrorCode.NONE,
        error_message=refused.message if refused else None,
        resource_type=kind,
        resource_name=name,
    )
