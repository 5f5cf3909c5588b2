"""Clients that see only the wire: producer, consumer and admin, as nodes.

    ProducerNode    takes records, sends them, reports what became of each
    ConsumerNode    joins a group, fetches, commits
    AdminNode       asks brokers to create, describe and delete

All three speak through `connections` and know the cluster by `metadata`.  Their options are
librdkafka's (`conf`, `options`).  They never wait: waiting is what `kafkalab.handles` adds.

Each class is loaded when it is first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from kafkalab.client.admin import AdminNode as AdminNode
    from kafkalab.client.consumer import ConsumerNode as ConsumerNode
    from kafkalab.client.producer import ProducerNode as ProducerNode

_HOMES: Final = {"ProducerNode": "producer", "ConsumerNode": "consumer", "AdminNode": "admin"}

__all__ = ["AdminNode", "ConsumerNode", "ProducerNode"]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)
