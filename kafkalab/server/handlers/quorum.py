"""What a controller answers: Fetch of the metadata log, and everything it decides.

In Kafka: `ControllerApis`.
"""

from typing import TYPE_CHECKING, Any

from kafkalab.node import Ticket
from kafkalab.protocol.messages.fetch import FetchRequest

if TYPE_CHECKING:
    from kafkalab.server.controller import Controller


def handle_metadata_fetch(
    controller: "Controller", ticket: Ticket, request: FetchRequest, now: int
) -> None:
    """Brokers read the metadata log as followers read any log (KIP-595)."""
    controller.raft.handle_fetch(ticket, request, now)


def handle_controller_request(
    controller: "Controller", ticket: Ticket, request: Any, now: int
) -> None:
    """Decided by the quorum controller; answered when its records are committed."""
    controller.quorum.handle(ticket, request, now)
