"""What applications hold: confluent_kafka's classes, over nodes in virtual time.

    Producer, Consumer, AdminClient     drive the world until what they wait for is so
    AppProducer, AppConsumer            the same for apps inside the world, to be awaited
    Message, TopicPartition, KafkaError, NewTopic …   plain values

Each class is loaded when it is first asked for.  Read next: `session`, `producer`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from kafkalab.client.errors import KafkaError as KafkaError
    from kafkalab.client.errors import KafkaException as KafkaException
    from kafkalab.client.message import Message as Message
    from kafkalab.client.message import TopicPartition as TopicPartition
    from kafkalab.handles.admin import AdminClient as AdminClient
    from kafkalab.handles.consumer import Consumer as Consumer
    from kafkalab.handles.producer import Producer as Producer
    from kafkalab.handles.resources import ConfigResource as ConfigResource
    from kafkalab.handles.resources import NewPartitions as NewPartitions
    from kafkalab.handles.resources import NewTopic as NewTopic

_HOMES: Final = {
    "Producer": "kafkalab.handles.producer",
    "Consumer": "kafkalab.handles.consumer",
    "AdminClient": "kafkalab.handles.admin",
    **dict.fromkeys(
        (
            "AlterConfigOpType",
            "ConfigEntry",
            "ConfigResource",
            "ConsumerGroupTopicPartitions",
            "NewPartitions",
            "NewTopic",
            "ResourceType",
        ),
        "kafkalab.handles.resources",
    ),
    **dict.fromkeys(("KafkaError", "KafkaException"), "kafkalab.client.errors"),
    **dict.fromkeys(
        (
            "OFFSET_BEGINNING",
            "OFFSET_END",
            "OFFSET_INVALID",
            "OFFSET_STORED",
            "TIMESTAMP_CREATE_TIME",
            "TIMESTAMP_LOG_APPEND_TIME",
            "TIMESTAMP_NOT_AVAILABLE",
            "Message",
            "TopicPartition",
        ),
        "kafkalab.client.message",
    ),
}

__all__ = sorted(_HOMES)  # noqa: PLE0605  the names of the table


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(home), name)
