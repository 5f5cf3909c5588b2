"""Connections to other servers: calls out, answers or failures back.

Each component has its own connection to each peer, as Kafka's brokers have separate ones for
replica fetchers, the metadata log, heartbeats and forwarding.  So a parked replica fetch never
holds up a heartbeat.  A call that has no answer after `request.timeout.ms` ends its connection, and
every call on it fails; components retry with their own backoff.

A call to the active controller waits here while none is known; one that finds a controller which
is not active has failed.

Invariant: every call ends exactly once, with its answer or with None.

In Kafka: `NetworkClient`, `NodeToControllerChannelManager`, `BrokerBlockingSender`.
"""

from typing import Any, Final, NamedTuple, Self

from kafkalab.ids import NO_NODE, ConnectionId, NodeId, NodeName, server_name
from kafkalab.node import ACTIVE_CONTROLLER, Call, Envelope, Kind
from kafkalab.server.not_controller import is_not_controller
from kafkalab.timers import Timers

_REQUEST: Final = Kind.REQUEST


class InFlight(NamedTuple):
    """A call, and where its answer will come from."""

    connection: ConnectionId
    call: Call


class Ended(NamedTuple):
    """A call that is over; `response` is None if the connection broke or time ran out."""

    call: Call
    response: Any


class Peers:
    """All calls that one server has under way.  `incarnation` keeps connection ids apart over
    restarts."""

    __slots__ = (
        "_calls",
        "_connections",
        "_correlation_id",
        "_name",
        "_number",
        "_timeout_ms",
        "_timers",
        "waiting",
    )

    def __init__(self, name: NodeName, incarnation: int, request_timeout_ms: int) -> None:
        self._name = name
        self._timeout_ms = request_timeout_ms
        self._number = incarnation << 20
        self._correlation_id = 0
        self._connections: dict[tuple[str, NodeId], ConnectionId] = {}
        self._calls: dict[int, InFlight] = {}  # by correlation id, which no two of them share
        self._timers: Timers[int | Call] = Timers()
        #: Calls to the active controller while none is known.
        self.waiting: list[Call] = []

    def send(self, call: Call, controller: NodeId, now: int) -> Envelope | None:
        """The envelope of a call; None while it waits for a controller to be known."""
        target = call.target
        if target == ACTIVE_CONTROLLER:
            if controller == NO_NODE:
                self.waiting.append(call)
                self._timers.set(call, now + self._timeout_ms)
                return None
            target = controller
        connection = self._connection(call.owner, target)
        self._correlation_id = number = self._correlation_id + 1
        self._calls[number] = InFlight(connection, call)
        timeout_ms = self._timeout_ms if call.timeout_ms is None else call.timeout_ms
        self._timers.set(number, now + timeout_ms)
        request = call.request
        return Envelope(
            connection,
            _REQUEST,
            number,
            request.API_KEY,
            request.VERSIONS.valid.high,
            request,
            self._name,
        )

    def take_waiting(self) -> list[Call]:
        """The calls that waited for a controller, now that one is known."""
        waiting, self.waiting = self.waiting, []
        for call in waiting:
            self._timers.cancel(call)
        return waiting

    def answered(self, envelope: Envelope) -> Ended | None:
        """The call that a response answers; None if it had been given up."""
        flight = self._calls.pop(envelope.correlation_id, None)
        if flight is None:
            return None
        self._timers.cancel(envelope.correlation_id)
        call, response = flight.call, envelope.message
        if call.target == ACTIVE_CONTROLLER and is_not_controller(response):
            response = None  # its owner asks again, by then perhaps another
        return Ended(call, response)

    def closed(self, connection: ConnectionId) -> list[Ended]:
        """A connection has gone: every call on it has failed."""
        for purpose, open_connection in self._connections.items():
            if open_connection == connection:
                del self._connections[purpose]
                break
        lost = [number for number, one in self._calls.items() if one.connection == connection]
        for number in lost:
            self._timers.cancel(number)
        return [Ended(self._calls.pop(number).call, None) for number in lost]

    def expire(self, now: int) -> tuple[list[Ended], list[Envelope]]:
        """Give up what is overdue: the failed calls, and the connections to close with them."""
        ended: list[Ended] = []
        closes: list[Envelope] = []
        for due in self._timers.pop_due(now):
            if isinstance(due, Call):
                self.waiting.remove(due)
                ended.append(Ended(due, None))
            elif due in self._calls:
                connection = self._calls[due].connection
                closes.append(Envelope(connection, Kind.CLOSE))
                ended.extend(self.closed(connection))
        return ended, closes

    def next_timer(self) -> int | None:
        return self._timers.first

    def _connection(self, owner: str, target: NodeId) -> ConnectionId:
        connection = self._connections.get((owner, target))
        if connection is None:
            self._number += 1
            connection = ConnectionId(self._name, server_name(target), self._number)
            self._connections[owner, target] = connection
        return connection

    def fork(self) -> Self:
        other = type(self)(self._name, 0, self._timeout_ms)
        other._number = self._number
        other._correlation_id = self._correlation_id
        other._connections = self._connections.copy()
        other._calls = self._calls.copy()
        other._timers = self._timers.fork()
        other.waiting = self.waiting.copy()
        return other
