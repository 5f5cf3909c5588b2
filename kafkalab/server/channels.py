"""Connections from others: one request at a time each, answers in order.

A client may pipeline requests.  The server takes the next one from a connection only when the one
before it has been answered; a parked Fetch or JoinGroup so blocks what follows it on that
connection, and nothing else.

    requests ──▶ [waiting …] ──▶ busy ──▶ answer ──▶ (next)

Invariants: a connection is in `_ready` iff it has a waiting request and no busy one; an answer is
sent only for the busy ticket, so answers keep the order of the requests.

In Kafka: `SocketServer.Processor`, which mutes a channel while its request is handled.
Read next: `endpoint`, which owns these and the connections to peers.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Self

from kafkalab.ids import ConnectionId
from kafkalab.node import Envelope, Kind, Ticket

_RESPONSE: Final = Kind.RESPONSE


class Request(NamedTuple):
    """A request to handle, and the right to answer it."""

    ticket: Ticket
    message: Any


@dataclass(slots=True)
class Channel:
    """One connection from a client or another server."""

    busy: Ticket | None = None
    waiting: deque[Request] = field(default_factory=deque)


class Channels:
    """All connections that others have opened to this server."""

    __slots__ = ("_channels", "_ready")

    def __init__(self) -> None:
        self._channels: dict[ConnectionId, Channel] = {}
        self._ready: deque[ConnectionId] = deque()

    def accept(self, envelope: Envelope) -> None:
        """Queue a request behind those that came before it on its connection."""
        connection = envelope.connection
        channel = self._channels.get(connection)
        if channel is None:
            channel = self._channels[connection] = Channel()
        ticket = Ticket(
            connection,
            envelope.correlation_id,
            envelope.api_key,
            envelope.api_version,
            envelope.client_id,
        )
        if channel.busy is None and not channel.waiting:
            self._ready.append(connection)
        channel.waiting.append(Request(ticket, envelope.message))

    def next_request(self) -> Request | None:
        """The next request to handle; its connection is busy until it is answered."""
        ready = self._ready
        while ready:
            channel = self._channels.get(ready.popleft())
            if channel is not None and channel.waiting and channel.busy is None:
                request = channel.waiting.popleft()
                channel.busy = request[0]
                return request
        return None

    def answer(self, ticket: Ticket, response: Any) -> Envelope | None:
        """The envelope of an answer, or None if nothing is to be sent.

        Nothing is sent when the connection has gone, or for a Produce with acks=0 (response None).
        """
        channel = self._channels.get(ticket.connection)
        if channel is None or channel.busy is not ticket:
            return None
        channel.busy = None
        if channel.waiting:
            self._ready.append(ticket.connection)
        if response is None:
            return None
        return Envelope(
            ticket.connection,
            _RESPONSE,
            ticket.correlation_id,
            ticket.api_key,
            ticket.api_version,
            response,
        )

    def is_idle(self, connection: ConnectionId) -> bool:
        """Whether everything asked on a connection has been answered."""
        channel = self._channels.get(connection)
        return channel is None or (channel.busy is None and not channel.waiting)

    def waiting(self, connection: ConnectionId) -> int:
        """How many requests wait behind the one at hand."""
        channel = self._channels.get(connection)
        return len(channel.waiting) if channel is not None else 0

    def close(self, connection: ConnectionId) -> bool:
        """Forget a connection with all it had asked for; False if it was not open."""
        return self._channels.pop(connection, None) is not None

    def __len__(self) -> int:
        return len(self._channels)

    def fork(self) -> Self:
        other = type(self)()
        other._channels = {
            connection: Channel(channel.busy, channel.waiting.copy())
            for connection, channel in self._channels.items()
        }
        other._ready = self._ready.copy()
        return other
