"""The network side of a server: what comes in, what goes out, and the effects in between.

    envelopes ──▶ Channels ──▶ requests ──▶ (the server's components)
                  Peers    ──▶ ended calls ──▶      │ effects
    outbox    ◀── Channels, Peers ◀─────────────────┘

A server calls `receive` or `expire`, handles what they give it, then `flush`es the effects its
components left; and again until nothing is left to do.  That loop is in `server.serve`.

Read next: `channels` and `peers`, the two halves; `broker`, which drives this.
"""

from typing import Self

from kafkalab.events import Event
from kafkalab.ids import NO_NODE, NodeId, NodeName
from kafkalab.node import Effects, Envelope, Kind, Outbox
from kafkalab.server.channels import Channels
from kafkalab.server.peers import Ended, Peers


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
        if envelope.kind is Kind.REQUEST:
            self.channels.accept(envelope)
            return []
        if envelope.kind is Kind.RESPONSE:
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

    @property
    def has_something_to_send(self) -> bool:
        effects = self.effects
        return bool(effects.calls or effects.replies or effects.closes or self.peers.has_waiting)

    def release(self, controller: NodeId) -> None:
        """Calls that waited for a controller go out once there is one."""
        if controller != NO_NODE and self.peers.has_waiting:
            self.effects.calls.extend(self.peers.take_waiting())

    def flush(self, controller: NodeId, now: int) -> bool:
        """Turn effects into envelopes; False if there were none."""
        effects = self.effects
        if not (effects.calls or effects.replies or effects.closes):
            return False
        calls, effects.calls = effects.calls, []
        replies, effects.replies = effects.replies, []
        closes, effects.closes = effects.closes, []
        for call in calls:
            envelope = self.peers.send(call, controller, now)
            if envelope is not None:
                self._outgoing.append(envelope)
        for ticket, response in replies:
            envelope = self.channels.answer(ticket, response)
            if envelope is not None:
                self._outgoing.append(envelope)
        for ticket in closes:
            if self.channels.close(ticket.connection):
                self._outgoing.append(Envelope(ticket.connection, Kind.CLOSE))
        return True

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
        other.effects = Effects()
        other.channels = self.channels.fork()
        other.peers = self.peers.fork()
        other._outgoing = []
        return other
