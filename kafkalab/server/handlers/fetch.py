"""Fetch 4-18: read batches, for consumers up to the high watermark, for followers up to the end.

Long polling: with fewer than `min_bytes` at hand the request is parked for up to `max_wait_ms`, and
woken by an append (followers), by the high watermark (consumers) or by an error.

In Kafka: `KafkaApis.handleFetchRequest`, `ReplicaManager.fetchMessages`, KIP-227, KIP-516, KIP-903.
Not done: fetching from followers (KIP-392), quotas, tiered storage.
"""

from typing import TYPE_CHECKING

from kafkalab.node import Ticket
from kafkalab.protocol.messages.fetch import FetchRequest

if TYPE_CHECKING:
    from kafkalab.server.broker import Broker


def handle_fetch(broker: "Broker", ticket: Ticket, request: FetchRequest, now: int) -> None:
    """Read now, or park until there is something to read."""
    broker.replicas.fetch(ticket, request, now)
