"""Everything a group coordinator answers: join, sync, heartbeat, leave, offsets, describe.

The coordinator itself decides which API it was; see `groups.coordinator`.

In Kafka: the group handlers of `KafkaApis`, which hand over to `GroupCoordinatorService` likewise.
"""

from typing import TYPE_CHECKING, Any

from kafkalab.node import Ticket

if TYPE_CHECKING:
    from kafkalab.server.broker import Broker


def handle_group_request(broker: "Broker", ticket: Ticket, request: Any, now: int) -> None:
    """Answered by the group coordinator, at once or when it is decided."""
    broker.groups.handle(ticket, request, now)
