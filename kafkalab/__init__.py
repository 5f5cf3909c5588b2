"""An interactive lab for learning Kafka: a compact, working Kafka engine in Python.

    from kafkalab import Simulation, Producer, Consumer

The public names are below; each is loaded when it is first used, so `import kafkalab` is quick.
Read next: `kafkalab.node`, then `ARCHITECTURE.md` beside the package.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kafkalab.handles import AdminClient as AdminClient
    from kafkalab.handles import Consumer as Consumer
    from kafkalab.handles import Producer as Producer
    from kafkalab.live import LiveCluster as LiveCluster
    from kafkalab.sim import Simulation as Simulation

__version__ = "0.1.0"

#: Where each public name is.
_HOMES = {
    "Simulation": "kafkalab.sim",
    "LiveCluster": "kafkalab.live",
    **dict.fromkeys(
        (
            "OFFSET_BEGINNING",
            "OFFSET_END",
            "OFFSET_INVALID",
            "OFFSET_STORED",
            "AdminClient",
            "AlterConfigOpType",
            "ConfigEntry",
            "ConfigResource",
            "Consumer",
            "ConsumerGroupTopicPartitions",
            "KafkaError",
            "KafkaException",
            "Message",
            "NewPartitions",
            "NewTopic",
            "Producer",
            "ResourceType",
            "TopicPartition",
        ),
        "kafkalab.handles",
    ),
    **dict.fromkeys(("Faults", "NodeFailure", "StillWaiting"), "kafkalab.world"),
    "LearnerError": "kafkalab.errors",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605  the names of the table


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'kafkalab' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*globals(), *_HOMES]
