"""The loop of a server: handle what is ready, send what that says, until nothing is left to do.

    until there is no request:
        settle()            metadata that was committed, watermarks, roles     (the server's own)
        endpoint.send()     effects become envelopes; a parked answer frees its connection
        one request         from a connection that waits for nobody

In Kafka these are a dozen threads and queues; here the order is defined.
"""

from collections.abc import Hashable, Mapping
from typing import Any, Final, Protocol

from kafkalab.ids import NodeId
from kafkalab.server.apis import Api, handler_of
from kafkalab.server.channels import Request
from kafkalab.server.endpoint import Endpoint
from kafkalab.server.peers import Ended

#: The owner of calls that concern replicas only: most of all.
REPLICATION: Final = "replica"


class Component(Protocol):
    """A part of a server that asks peers: `Call.owner` names it."""

    def on_response(self, key: Hashable, response: Any, now: int) -> None: ...


class Server(Protocol):
    """What `serve` needs of a broker or a controller."""

    endpoint: Endpoint
    apis: Mapping[int, Api]
    #: Whether more than replication has been at work since `next_timer` was last asked for.
    is_stirred: bool

    @property
    def controller_id(self) -> NodeId: ...

    def component(self, owner: str) -> Component: ...

    def settle(self, now: int) -> bool:
        """Carry news between the parts; True if that may have made more."""


def serve(server: Server, ended: list[Ended], now: int) -> None:
    """Hand the ended calls to their owners, then run the loop above."""
    endpoint = server.endpoint
    effects, channels, peers = endpoint.effects, endpoint.channels, endpoint.peers
    for call, response in ended:
        if call.owner != REPLICATION:
            server.is_stirred = True
        server.component(call.owner).on_response(call.key, response, now)
    while True:
        while server.settle(now):
            pass
        if effects.calls or peers.waiting:
            endpoint.send_calls(server.controller_id, now)
        if effects.replies or effects.closes:
            endpoint.send_answers()
        request = channels.next_request()
        if request is None:
            return
        handle(server, request, now)


def handle(server: Server, request: Request, now: int) -> None:
    """Find the handler of one request; what is not offered ends the connection."""
    ticket, message = request
    api = server.apis.get(ticket.api_key)
    if api is None:
        server.endpoint.effects.close(ticket)
        return
    if not api.is_replication:
        server.is_stirred = True
    response = handler_of(api)(server, ticket, message, now)
    if response is not None:
        server.endpoint.effects.reply(ticket, response)
