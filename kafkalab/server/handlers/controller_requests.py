"""Requests that the controller decides: topics, partitions, configurations, elections.

In Kafka: `KafkaApis.forwardToController`.
"""

from typing import TYPE_CHECKING, Any

from kafkalab.node import Ticket

if TYPE_CHECKING:
    from kafkalab.server.broker import Broker


def forward(broker: "Broker", ticket: Ticket, request: Any, now: int) -> None:
    """Pass the request on; the controller's answer becomes ours."""
    broker.forwarding.forward(ticket, request, now)
