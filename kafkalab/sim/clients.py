"""Client nodes of a simulation, and which brokers they begin with.

`kafka:9092` is the whole cluster; `broker-1:9092,broker-2:9092` are those brokers.  Handles are
loaded by name when an app first asks for one: their layer is above this one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from kafkalab.client.conf import known_keys
from kafkalab.config import ConfigError
from kafkalab.ids import NodeName
from kafkalab.node import Node
from kafkalab.world.runner import Runner

ALIAS: Final = "kafka"
_SERVERS: Final = "bootstrap.servers"
_NODES: Final = {"producer": "ProducerNode", "consumer": "ConsumerNode", "admin": "AdminNode"}
_HANDLES: Final = {"producer": "AppProducer", "consumer": "AppConsumer"}


@dataclass(frozen=True, slots=True)
class SimulatedClients:
    """Makes clients for one cluster (`world.apps.Clients`)."""

    brokers: tuple[NodeName, ...]
    overrides: tuple[tuple[str, Any, str | None], ...] = ()

    def node(self, kind: str, conf: Mapping[str, Any], name: NodeName, seed: int) -> Node:
        """A client node.  `ConfigError` for an option that is unknown or does not fit."""
        class_of = getattr(import_module("kafkalab.client"), _NODES[kind])
        bootstrap = self.bootstrap(conf)
        changed = {
            key: value
            for key, value, only in self.overrides
            if only in (None, kind) and key in known_keys(kind)
        }
        node: Node = class_of(name, {_SERVERS: f"{ALIAS}:9092", **conf, **changed}, seed, bootstrap)
        return node

    def handle(self, kind: str, runner: Runner, name: NodeName) -> Any:
        """What an app calls."""
        module = import_module("kafkalab.handles.async_handles")
        return getattr(module, _HANDLES[kind])(runner, name)

    def overridden(self, key: str, value: Any, kind: str | None) -> "SimulatedClients":
        """The same, but with this setting, whatever a client asks for: a twin's change."""
        return SimulatedClients(self.brokers, (*self.overrides, (key, value, kind)))

    def bootstrap(self, conf: Mapping[str, Any]) -> tuple[NodeName, ...]:
        """The brokers that `bootstrap.servers` names."""
        given = conf.get(_SERVERS, conf.get("metadata.broker.list", ALIAS))
        hosts = [part.strip().rpartition(":")[0] or part.strip() for part in str(given).split(",")]
        if ALIAS in hosts:
            return self.brokers
        unknown = [host for host in hosts if host not in self.brokers]
        if unknown:
            raise ConfigError(
                f"{_SERVERS}: there is no {unknown[0]!r} in this simulation; "
                f"use {ALIAS}:9092, or {', '.join(f'{name}:9092' for name in self.brokers)}"
            )
        return tuple(hosts)
