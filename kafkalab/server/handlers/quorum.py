"""What a controller answers: the quorum's own protocol, and everything it decides.

In Kafka: `ControllerApis`.
"""

from typing import TYPE_CHECKING, Any

from kafkalab.node import Ticket

if TYPE_CHECKING:
    from kafkalab.server.controller import Controller


def handle_raft_request(controller: "Controller", ticket: Ticket, request: Any, now: int) -> None:
    """Votes, epochs, Fetch of the metadata log and its snapshots (KIP-595, KIP-630)."""
    controller.raft.handle(ticket, request, now)


def handle_controller_request(
    controller: "Controller", ticket: Ticket, request: Any, now: int
) -> None:
    """Decided by the quorum controller; answered when its records are committed."""
    controller.quorum.handle(ticket, request, now)
