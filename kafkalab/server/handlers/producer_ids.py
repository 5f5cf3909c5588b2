"""InitProducerId 0-6: a producer id and epoch for an idempotent producer.

In Kafka: `TransactionCoordinator.handleInitProducerId`.
Not done: transactional ids (a later part): refused with INVALID_REQUEST.
"""

from typing import TYPE_CHECKING

from kafkalab.errors import ErrorCode
from kafkalab.node import Ticket
from kafkalab.protocol.messages.producer_ids import InitProducerIdRequest, InitProducerIdResponse

if TYPE_CHECKING:
    from kafkalab.server.broker import Broker


def handle_init_producer_id(
    broker: "Broker", ticket: Ticket, request: InitProducerIdRequest, now: int
) -> InitProducerIdResponse | None:
    """A fresh id; a producer that names its own id and epoch gets a fresh one too, as in Kafka."""
    if request.transactional_id is not None:
        return InitProducerIdResponse(
            error_code=ErrorCode.INVALID_REQUEST, producer_id=-1, producer_epoch=-1
        )
    broker.producer_ids.give(ticket, broker.lifecycle.broker_epoch)
    return None
