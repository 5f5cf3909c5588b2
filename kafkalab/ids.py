"""How things are called: nodes, topics, partitions, connections.

Kafka gives brokers and controllers numbers from one space (`node.id`).  In the lab brokers are
1 … n and dedicated controllers 101 … m, so a number tells which it is.  Every node of a world,
clients too, also has a name, and names are what the network, the trace and the pictures use.
"""

from base64 import urlsafe_b64encode
from typing import NamedTuple

NodeId = int  # Kafka's `node.id`; a broker id is a node id
NodeName = str  # "broker-1", "controller-101", "producer-1"
Uuid = bytes  # 16 bytes; Kafka prints it in URL-safe base 64

ZERO_UUID: Uuid = bytes(16)
FIRST_CONTROLLER_ID: NodeId = 101
NO_NODE: NodeId = -1  # Kafka's "no leader", "not a replica"
CLUSTER_ID = "kafkalab"


class TopicPartition(NamedTuple):
    """One partition of one topic."""

    topic: str
    partition: int

    def __str__(self) -> str:
        return f"{self.topic}-{self.partition}"


class ConnectionId(NamedTuple):
    """One TCP connection; `number` grows when a client reconnects or opens a second one."""

    client: NodeName
    server: NodeName
    number: int


def server_name(node_id: NodeId) -> NodeName:
    """The name of a broker or controller from its number."""
    return f"controller-{node_id}" if node_id >= FIRST_CONTROLLER_ID else f"broker-{node_id}"


def is_server_name(name: NodeName) -> bool:
    """Whether a node of this name is a broker or a controller, and no client."""
    return name.startswith(("broker-", "controller-"))


def uuid_text(uuid: Uuid) -> str:
    """As Kafka prints it: 22 characters of URL-safe base 64."""
    return urlsafe_b64encode(uuid).decode().rstrip("=")
