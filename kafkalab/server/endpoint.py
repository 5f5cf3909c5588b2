"""The network side of a server: what comes in, what goes out, and the effects in between.

    envelopes ──▶ Channels ──▶ requests ──▶ (the server's components)
                  Peers    ──▶ ended calls ──▶      │ effects
    outbox    ◀── Channels, Peers ◀─────────────────┘

A server calls `receive` or `expire`, handles what they give it, then sends what its components
left; and again until nothing is left to do.  That loop is in `server.serve`.

Read next: `channels` and `peers`, the two halves; `broker`, which drives this.
"""

from typing import Final, Self

from kafkalab.events import Event
from kafkalab.ids import NO_NODE, NodeId, NodeName
from kafkalab.node import Effects, Envelope, Kind, Outbox
from kafkalab.server.channels import Channels
from kafkalab.server.peers import Ended, Peers

_REQUEST: Final = Kind.REQUEST
_RESPONSE: Final = Kind.RESPONSE


class Endpoint:
    """The channels, peers and outbox of one server."""

    __slots__ = ("_outgoing", "channels", "effects", "name", "peers")

    def __init__(self, name: NodeName, incarnation: int, request_timeout_ms: int) -> None:
        self.name = name
        self.effects = Effects()
        self.channels = Channels()
        self.peers = Peers(name, incarnation, request_timeout_ms)
        self._outgoing: list[Envelope] = []

    def receive(self, envelope: Envelope) -> list[Ended]:
        """Take in one envelope: queue a request, or say which calls have ended."""
        kind = envelope.kind
        if kind is _REQUEST:
            self.channels.accept(envelope)
            return []
        if kind is _RESPONSE:
            ended = self.peers.answered(envelope)
            return [ended] if ended is not None else []
        connection = envelope.connection
        if self.channels.close(connection) and connection.client != self.name:
            return []  # (a coordinator may ask its own broker: both ends are here)
        return self.peers.closed(connection)

    def expire(self, now: int) -> list[Ended]:
        """The calls that have waited too long."""
        ended, closes = self.peers.expire(now)
        self._outgoing.extend(closes)
        return ended

    def send_calls(self, controller: NodeId, now: int) -> None:
        """Turn calls into envelopes, those too that waited for a controller if there is one now."""
        effects, peers = self.effects, self.peers
        if controller != NO_NODE and peers.waiting:
            effects.calls.extend(peers.take_waiting())
        calls, effects.calls = effects.calls, []
        for call in calls:
            envelope = peers.send(call, controller, now)
            if envelope is not None:
                self._outgoing.append(envelope)

    def send_answers(self) -> None:
        """Turn replies and closes into envelopes."""
        effects = self.effects
        replies, effects.replies = effects.replies, []
        closes, effects.closes = effects.closes, []
        for ticket, response in replies:
            envelope = self.channels.answer(ticket, response)
            if envelope is not None:
                self._outgoing.append(envelope)
        for ticket in closes:
            if self.channels.close(ticket.connection):
                self._outgoing.append(Envelope(ticket.connection, Kind.CLOSE))

    def take_outbox(self) -> Outbox:
        """Hand over, and forget, what has been said."""
        events: list[Event] = self.effects.events
        envelopes = self._outgoing
        if events:
            self.effects.events = []
        if envelopes:
            self._outgoing = []
        return Outbox(envelopes, events)

    def fork(self) -> Self:
        assert not self._outgoing, "fork between events, when the outbox is empty"
        other = type(self).__new__(type(self))
        other.name = self.name
        other.effects = Effects(self.effects.clock.fork())
        other.channels = self.channels.fork()
        other.peers = self.peers.fork()
        other._outgoing = []
        return other
