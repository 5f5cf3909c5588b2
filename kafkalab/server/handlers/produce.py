"""Produce 3-13: append batches to partitions this broker leads.

Errors are per partition; one that fails never fails its neighbours.  With acks=all the answer waits
in the purgatory until the in-sync replicas have the batch.

What begins a transaction in a partition waits for the word of the transaction coordinator first;
from version 12 on that adds the partition to the transaction (KIP-890).

In Kafka: `KafkaApis.handleProduceRequest`, `ReplicaManager.handleProduceAppend`.
Not done: quotas, authorization.
"""

from typing import TYPE_CHECKING, Final

from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.node import Ticket
from kafkalab.protocol.messages.produce import ProduceRequest
from kafkalab.replica.verifying import ADDS_PARTITIONS
from kafkalab.server.transaction_verifier import Client, Errors, Verification

if TYPE_CHECKING:
    from kafkalab.server.broker import Broker

_KNOWS_ABORTABLE: Final = 11
#: Producers retry NOT_ENOUGH_REPLICAS without asking for metadata; older ones not all of these.
_RETRIABLE: Final = frozenset(
    {
        ErrorCode.NETWORK_EXCEPTION,
        ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
        ErrorCode.COORDINATOR_NOT_AVAILABLE,
        ErrorCode.NOT_COORDINATOR,
    }
)


def handle_produce(broker: "Broker", ticket: Ticket, request: ProduceRequest, now: int) -> None:
    """Append every partition's batch; reply now, or once the ISR has it (acks=all)."""
    if request.transactional_id is None:
        broker.replicas.produce(ticket, request, now)
        return
    version = ticket.api_version
    verifying = broker.replicas.begin_verifying(request, version)
    if not verifying.asked:
        broker.replicas.produce(ticket, request, now, verifying)
        return
    client = Client.KNOWS_ABORTABLE if version >= _KNOWS_ABORTABLE else Client.OLD
    client = Client.ADDS_BY_WRITING if version >= ADDS_PARTITIONS else client
    broker.verifier.ask(
        Verification(ticket, request, request.transactional_id, client, verifying, now)
    )


def produce_verified(
    broker: "Broker", verification: Verification, errors: Errors, now: int
) -> None:
    """The coordinator has been asked: append what it confirmed."""
    verifying = verification.verifying
    is_new = verification.client is Client.ADDS_BY_WRITING
    for key, error in errors.items():
        is_concurrent = error is ErrorCode.CONCURRENT_TRANSACTIONS and not is_new
        if error in _RETRIABLE or is_concurrent:
            message = f"unable to verify the transaction: {error.name}"
            verifying.errors[key] = KafkaError(ErrorCode.NOT_ENOUGH_REPLICAS, message)
        else:
            verifying.errors[key] = KafkaError(error, "the partition is not in the transaction")
    broker.replicas.produce(verification.ticket, verification.request, now, verifying)
