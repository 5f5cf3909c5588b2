"""The addresses real clients are told, in the place of the names that brokers have in the world.

    Metadata{broker 2 at broker-2} ──▶ Metadata{broker 2 at 127.0.0.1:9093}

Inside, a node is reached by its name, in a live world as in a simulation; so a frozen copy of a
live cluster has nothing of the sockets in it.  Whatever tells a client where a broker is gets the
broker's real address on its way out.

In Kafka: `advertised.listeners`; `MetadataCache.getAliveBrokerNodes(listenerName)`.
Read next: `listener`, which calls this.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from kafkalab.ids import NodeName
from kafkalab.protocol.api_keys import ApiKey

Address = tuple[str, int]

#: The field of each answer that holds brokers, each with a host and a port.
_FIELDS: Final[Mapping[int, str]] = {
    ApiKey.METADATA: "brokers",
    ApiKey.DESCRIBE_CLUSTER: "brokers",
    ApiKey.FIND_COORDINATOR: "coordinators",
    ApiKey.PRODUCE: "node_endpoints",
    ApiKey.FETCH: "node_endpoints",
}


def advertised(api_key: int, message: Any, addresses: Mapping[NodeName, Address]) -> Any:
    """An answer as a client outside is to see it; the same object if it names no broker."""
    field = _FIELDS.get(api_key)
    if field is None:
        return message
    brokers = getattr(message, field)
    if brokers:
        message = replace(message, **{field: tuple(_placed(one, addresses) for one in brokers)})
    if api_key == ApiKey.FIND_COORDINATOR and message.host:
        message = _placed(message, addresses)
    return message


def _placed(one: Any, addresses: Mapping[NodeName, Address]) -> Any:
    address = addresses.get(one.host)
    return one if address is None else replace(one, host=address[0], port=address[1])
