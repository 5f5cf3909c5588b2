"""Produce 3-13: append batches to partitions this broker leads.

Errors are per partition; one that fails never fails its neighbours.  With acks=all the answer waits
in the purgatory until the in-sync replicas have the batch.

In Kafka: `KafkaApis.handleProduceRequest`, `ReplicaManager.appendRecords`.
Not done: transactional produce (a later part), quotas, authorization.
"""

from typing import TYPE_CHECKING

from kafkalab.node import Ticket
from kafkalab.protocol.messages.produce import ProduceRequest

if TYPE_CHECKING:
    from kafkalab.server.broker import Broker


def handle_produce(broker: "Broker", ticket: Ticket, request: ProduceRequest, now: int) -> None:
    """Append every partition's batch; reply now, or once the ISR has it (acks=all)."""
    broker.replicas.produce(ticket, request, now)
