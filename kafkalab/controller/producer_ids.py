"""AllocateProducerIds 0: blocks of a thousand producer ids, none given twice (T11, KIP-730).

In Kafka: `ProducerIdControlManager`.
"""

from typing import Final

from kafkalab.controller.written_state import Decision, WrittenState
from kafkalab.metadata.records import ProducerIdsRecord
from kafkalab.protocol.messages.producer_ids import (
    AllocateProducerIdsRequest,
    AllocateProducerIdsResponse,
)

BLOCK_SIZE: Final = 1000


def allocate_producer_ids(
    state: WrittenState, request: AllocateProducerIdsRequest, now: int
) -> Decision:
    """The next block; it is gone even if the broker never uses it."""
    state.broker(request.broker_id, request.broker_epoch)
    first = state.image.next_producer_id
    record = ProducerIdsRecord(
        broker_id=request.broker_id,
        broker_epoch=request.broker_epoch,
        next_producer_id=first + BLOCK_SIZE,
    )
    response = AllocateProducerIdsResponse(producer_id_start=first, producer_id_len=BLOCK_SIZE)
    return Decision([record], response)
