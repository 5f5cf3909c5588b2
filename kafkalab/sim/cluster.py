"""What a simulation is built from: the servers of `world.servers`, under names that are no hosts.

A broker of a simulation is reached by its node's name.  Settings are Kafka's, with the lab's
defaults and, besides:
    auto.create.topics.enable                 false: a misspelt topic should be an error
"""

from collections.abc import Mapping
from typing import Any, Final

from kafkalab.config import Config
from kafkalab.errors import LearnerError
from kafkalab.ids import NodeName, server_name
from kafkalab.world import World, servers
from kafkalab.world.servers import (
    StoredRecord,
    active_controller,
    broker,
    brokers,
    committed_records,
    controller,
    controllers,
    in_service,
    is_ready,
    knows_topic,
    metadata,
)

PORT: Final = 9092


def settings(brokers: int, config: Mapping[str, Any] | None, seed: int = 0) -> Config:
    """The brokers' and controllers' configuration.  `LearnerError` for what does not fit."""
    if not hasattr(seed, "__index__"):
        raise LearnerError(f"seed={seed!r}: a seed is a whole number, such as seed=7")
    if not isinstance(config or {}, Mapping):
        raise LearnerError(
            f"config={config!r}: settings are a dict, such as {{'min.insync.replicas': 2}}"
        )
    return servers.settings(brokers, {"auto.create.topics.enable": False, **(config or {})})


def build(world: World, config: Config, options: Mapping[str, Any]) -> None:
    """Add the servers and the operator; nothing has run yet."""
    servers.build(
        world,
        options["brokers"],
        options["controllers"],
        config,
        lambda node: (server_name(node), PORT),
        combined=options["combined"],
        racks=options["racks"],
    )


def names(brokers: int) -> tuple[NodeName, ...]:
    """Of brokers 1 … n: as a client reaches them."""
    return tuple(server_name(broker_id) for broker_id in range(1, brokers + 1))


__all__ = [
    "PORT",
    "StoredRecord",
    "active_controller",
    "broker",
    "brokers",
    "build",
    "committed_records",
    "controller",
    "controllers",
    "in_service",
    "is_ready",
    "knows_topic",
    "metadata",
    "names",
    "settings",
]
