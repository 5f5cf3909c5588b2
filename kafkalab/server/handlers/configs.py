"""DescribeConfigs 1-4: the settings of topics and brokers, and where each comes from.

In Kafka: `ConfigHelper`.  Not done: loggers, client metrics and group resources (an empty
answer, as for a resource that has no settings).
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from kafkalab.config import BROKER_KEYS, TOPIC_KEYS, Key, Type
from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.metadata.names import check_topic_name
from kafkalab.node import Ticket
from kafkalab.protocol.messages.configs import (
    DescribeConfigsRequest,
    DescribeConfigsResource,
    DescribeConfigsResourceResult,
    DescribeConfigsResponse,
    DescribeConfigsResult,
    DescribeConfigsSynonym,
)

if TYPE_CHECKING:
    from kafkalab.server.broker import Broker

TOPIC: Final = 2
BROKER: Final = 4

#: `ConfigSource`; a dynamic default is a setting of all brokers, kept under the empty name.
_DYNAMIC_TOPIC, _DYNAMIC_BROKER, _DYNAMIC_DEFAULT, _STATIC_BROKER, _DEFAULT = 1, 2, 3, 4, 5
_TYPES: Final = {
    Type.BOOLEAN: 1,
    Type.STRING: 2,
    Type.INT: 3,
    Type.LONG: 5,
    Type.DOUBLE: 6,
    Type.LIST: 7,
}


def handle_describe_configs(
    broker: "Broker", ticket: Ticket, request: DescribeConfigsRequest, now: int
) -> DescribeConfigsResponse:
    """Every resource asked for; an error in one leaves the others alone."""
    return DescribeConfigsResponse(
        results=tuple(_describe(broker, resource, request) for resource in request.resources)
    )


def _describe(
    broker: "Broker", resource: DescribeConfigsResource, request: DescribeConfigsRequest
) -> DescribeConfigsResult:
    try:
        if resource.resource_type == TOPIC:
            entries = _topic(broker, resource.resource_name)
        elif resource.resource_type == BROKER:
            entries = _broker(broker, resource.resource_name)
        else:
            entries = []
    except KafkaError as refused:
        return DescribeConfigsResult(
            error_code=refused.code,
            error_message=refused.message or refused.code.name,
            resource_type=resource.resource_type,
            resource_name=resource.resource_name,
        )
    wanted = resource.configuration_keys
    return DescribeConfigsResult(
        error_message=None,
        resource_type=resource.resource_type,
        resource_name=resource.resource_name,
        configs=tuple(
            _result(key, value, source, request.include_synonyms)
            for key, value, source in entries
            if wanted is None or key.name in wanted
        ),
    )


def _topic(broker: "Broker", name: str) -> list[tuple[Key, Any, int]]:
    check_topic_name(name)
    if name not in broker.image.topics:
        raise KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"no topic {name!r}")
    own = broker.image.configs.get((TOPIC, name), {})
    config = broker.image.topic_config(name, broker.config, broker.broker_id)
    return [(key, config[key.name], _topic_source(key, own, broker)) for key in TOPIC_KEYS.values()]


def _topic_source(key: Key, own: Mapping[str, str], broker: "Broker") -> int:
    if key.name in own:
        return _DYNAMIC_TOPIC
    return _broker_source(key.broker_key or "", broker)


def _broker(broker: "Broker", name: str) -> list[tuple[Key, Any, int]]:
    if name not in ("", str(broker.broker_id)):
        raise KafkaError(
            ErrorCode.INVALID_REQUEST,
            f"Unexpected broker id, expected {broker.broker_id}, but received {name}",
        )
    configs = broker.image.configs
    default = configs.get((BROKER, ""), {})
    if not name:
        return [
            (key, default[key.name], _DYNAMIC_DEFAULT)
            for key in BROKER_KEYS.values()
            if key.name in default
        ]
    dynamic = {**default, **configs.get((BROKER, name), {})}
    return [
        (
            key,
            dynamic.get(key.name, broker.config[key.name]),
            _broker_source(key.name, broker),
        )
        for key in BROKER_KEYS.values()
    ]


def _broker_source(name: str, broker: "Broker") -> int:
    """Where this broker has a setting from: the nearest of the places it looks in."""
    configs = broker.image.configs
    if name in configs.get((BROKER, str(broker.broker_id)), {}):
        return _DYNAMIC_BROKER
    if name in configs.get((BROKER, ""), {}):
        return _DYNAMIC_DEFAULT
    return _STATIC_BROKER if name in broker.config.changed else _DEFAULT


def _result(key: Key, value: Any, source: int, synonyms: bool) -> DescribeConfigsResourceResult:
    text = _text(value)
    return DescribeConfigsResourceResult(
        name=key.name,
        value=text,
        read_only=not key.dynamic and key.broker_key is None,
        config_source=source,
        synonyms=(DescribeConfigsSynonym(name=key.name, value=text, source=source),)
        if synonyms
        else (),
        config_type=_TYPES[key.type],
        documentation=None,
    )


def _text(value: Any) -> str | None:
    """A value as Kafka writes it."""
    if value is None:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)
