"""Which of its two roles a combined server is asked in.

From servers come the quorum's protocol, heartbeats and what brokers pass on: the controller's.
Fetch goes by the topic it asks for, as brokers replicate from each other by it too.

In Kafka: two listeners, `controller.listener.names` and the others.
"""

from typing import TYPE_CHECKING, Any

from kafkalab.ids import is_server_name
from kafkalab.node import Ticket
from kafkalab.protocol.messages.fetch import FetchRequest
from kafkalab.raft import METADATA_TOPIC_ID
from kafkalab.server.apis import BROKER_APIS, CONTROLLER_APIS, handler_of
from kafkalab.server.handlers.fetch import handle_fetch

if TYPE_CHECKING:
    from kafkalab.server.combined import CombinedServer


def handle_either_fetch(
    server: "CombinedServer", ticket: Ticket, request: FetchRequest, now: int
) -> None:
    """Of the metadata log, or of a partition."""
    if is_server_name(ticket.connection.client) and any(
        topic.topic_id == METADATA_TOPIC_ID for topic in request.topics
    ):
        server.raft.handle(ticket, request, now)
    else:
        handle_fetch(server, ticket, request, now)


def handle_either(server: "CombinedServer", ticket: Ticket, request: Any, now: int) -> Any:
    """By who asks; what a role does not offer ends the connection."""
    apis = CONTROLLER_APIS if is_server_name(ticket.connection.client) else BROKER_APIS
    api = apis.get(ticket.api_key)
    if api is None:
        server.endpoint.effects.close(ticket)
        return None
    return handler_of(api)(server, ticket, request, now)
