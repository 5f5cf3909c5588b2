"""InitProducerId 0-5, AddPartitionsToTxn 0-5, AddOffsetsToTxn 0-4, EndTxn 0-5, TxnOffsetCommit 0-5.

All but the last go to the transaction coordinator, that one to the group coordinator: its records
are part of the transaction, so it is verified as a Produce is.

In Kafka: `KafkaApis.handleInitProducerIdRequest` and its neighbours.
Not done: authorization, two-phase commit (KIP-939).
"""

from typing import TYPE_CHECKING, Any, Final

from kafkalab.coordination import as_coordinator
from kafkalab.errors import KafkaError
from kafkalab.node import Ticket
from kafkalab.protocol.messages.producer_ids import InitProducerIdRequest, InitProducerIdResponse
from kafkalab.protocol.messages.transactions import TxnOffsetCommitRequest
from kafkalab.server.transaction_verifier import Client, Errors, Verification
from kafkalab.transactions.requests import expected_producer

if TYPE_CHECKING:
    from kafkalab.server.broker import Broker

_KNOWS_ABORTABLE: Final = 4
_ADDS_PARTITION: Final = 5


def handle_init_producer_id(
    broker: "Broker", ticket: Ticket, request: InitProducerIdRequest, now: int
) -> InitProducerIdResponse | None:
    """Without a transactional id a fresh one from anybody, also for who names its own."""
    if request.transactional_id is not None:
        broker.transactions.handle(ticket, request, now)
        return None
    try:
        expected_producer(request)
    except KafkaError as error:
        return InitProducerIdResponse(error_code=error.code, producer_id=-1, producer_epoch=-1)
    broker.producer_ids.give(ticket)
    return None


def handle_transaction_request(broker: "Broker", ticket: Ticket, request: Any, now: int) -> None:
    """Answered by the transaction coordinator, at once or when it is committed."""
    broker.transactions.handle(ticket, request, now)


def handle_txn_offset_commit(
    broker: "Broker", ticket: Ticket, request: TxnOffsetCommitRequest, now: int
) -> None:
    """Write offsets in a transaction; the first needs the word of its coordinator."""
    partition = broker.groups.partition_of(request.group_id)
    verifying = broker.replicas.begin_verifying_offsets(
        partition,
        request.producer_id,
        request.producer_epoch,
        bumps_epoch=ticket.api_version >= _ADDS_PARTITION,
    )
    if partition in verifying.errors:
        error = as_coordinator(verifying.errors[partition].code)
        broker.groups.refuse_transactional(ticket, request, error)
    elif not verifying.asked:
        guard = verifying.guards.get(partition, 0)
        broker.groups.commit_transactional(ticket, request, guard, now)
    else:
        version = ticket.api_version
        client = Client.KNOWS_ABORTABLE if version >= _KNOWS_ABORTABLE else Client.OLD
        client = Client.ADDS_BY_WRITING if version >= _ADDS_PARTITION else client
        id = request.transactional_id
        broker.verifier.ask(Verification(ticket, request, id, client, verifying, now))


def txn_offset_commit_verified(
    broker: "Broker", verification: Verification, errors: Errors, now: int
) -> None:
    """The coordinator has been asked."""
    ticket, request = verification.ticket, verification.request
    (partition,) = verification.partitions
    error = errors.get(partition)
    if error is None:
        guard = verification.verifying.guards[partition]
        broker.groups.commit_transactional(ticket, request, guard, now)
        return
    broker.groups.refuse_transactional(ticket, request, as_coordinator(error))
