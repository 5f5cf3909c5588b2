"""ListOffsets 1-11, OffsetForLeaderEpoch 2-4, DeleteRecords 0-2: about the offsets of one log.

In Kafka: `KafkaApis.handleListOffsetRequest` and its neighbours.
Not done: offsets in tiered storage (timestamps -4 and -5 answer as an untiered log does).
"""

from typing import TYPE_CHECKING

from kafkalab.node import Ticket
from kafkalab.protocol.messages.log_offsets import (
    DeleteRecordsRequest,
    ListOffsetsRequest,
    OffsetForLeaderEpochRequest,
    OffsetForLeaderEpochResponse,
)

if TYPE_CHECKING:
    from kafkalab.server.broker import Broker


def handle_list_offsets(
    broker: "Broker", ticket: Ticket, request: ListOffsetsRequest, now: int
) -> None:
    """The first, the last, or the first offset at or after a time."""
    broker.replicas.list_offsets(ticket, request, now)


def handle_offset_for_leader_epoch(
    broker: "Broker", ticket: Ticket, request: OffsetForLeaderEpochRequest, now: int
) -> OffsetForLeaderEpochResponse:
    """Where a leader epoch ended here (KIP-101, KIP-279)."""
    return broker.replicas.offsets_for_leader_epoch(request)


def handle_delete_records(
    broker: "Broker", ticket: Ticket, request: DeleteRecordsRequest, now: int
) -> None:
    """Move the start of logs; answered when every replica has moved it."""
    broker.replicas.delete_records(ticket, request, now)
