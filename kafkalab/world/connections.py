"""TCP connections as data: two pipes each, first in first out, closed at each end by itself.

    client ── pipe 2n ───▶ [ request, request ] ───▶ server
           ◀── [ answer ] ◀── pipe 2n+1 ──

A connection begins with its first request.  It ends when one end says CLOSE: what was on its way
to that end is lost, what it said before is still delivered, then CLOSE.  A crash says CLOSE for
the dead process, as its operating system would.  A connection that is cut loses everything in
flight, and both ends are told.

Invariants: a pipe delivers in the order it was given; after CLOSE it delivers nothing; a connection
whose two pipes are both closed is gone, and a message for it is dropped.
Left out: half-closed connections, windows, and a server with too many connections.
Read next: `network`, which says when a message arrives.
"""

from collections import deque
from typing import Any, Self

from kafkalab.ids import ConnectionId, NodeName
from kafkalab.node import Envelope, Kind

InFlight = tuple[Envelope, int]  # and the id of what it was sent for


class Pipe:
    """One direction of one connection."""

    __slots__ = (
        "connection",
        "due",
        "is_closed",
        "is_cut",
        "number",
        "owed",
        "queue",
        "source",
        "target",
    )

    def __init__(
        self, number: int, connection: ConnectionId, source: NodeName, target: NodeName
    ) -> None:
        self.number = number
        self.connection = connection
        self.source = source
        self.target = target
        self.queue: deque[InFlight] = deque()
        self.due = 0  # when the last message given to it arrives
        self.owed = 0  # deliveries that were due while a fault held the pipe back
        self.is_closed = False  # the target listens no more
        self.is_cut = False  # only CLOSE is left, and no partition holds it

    def shut(self) -> None:
        """Nothing is delivered any more."""
        self.is_closed = True
        self.queue.clear()
        self.owed = 0

    def fork(self) -> Self:
        other = type(self)(self.number, self.connection, self.source, self.target)
        if self.queue:
            other.queue = self.queue.copy()
        other.due, other.owed = self.due, self.owed
        other.is_closed, other.is_cut = self.is_closed, self.is_cut
        return other


class Connections:
    """All connections of a world."""

    __slots__ = ("_next", "_numbers", "by_number")

    def __init__(self) -> None:
        self.by_number: dict[int, Pipe] = {}
        self._numbers: dict[ConnectionId, int] = {}  # of the pipe from client to server
        self._next = 0

    def outgoing(self, source: NodeName, envelope: Envelope) -> Pipe | None:
        """The pipe that takes this from `source`; a client's first request opens a connection."""
        connection = envelope.connection
        number = self._numbers.get(connection)
        if number is None:
            if envelope.kind is not Kind.REQUEST:
                return None
            return self._open(connection)
        return self.by_number[number if source == connection[0] else number + 1]

    def back(self, pipe: Pipe) -> Pipe:
        """The other direction of a pipe's connection."""
        return self.by_number[pipe.number ^ 1]

    def forget_if_over(self, pipe: Pipe) -> None:
        """Drop the connection once neither end listens."""
        if pipe.is_closed and self.by_number[pipe.number ^ 1].is_closed:
            del self.by_number[pipe.number], self.by_number[pipe.number ^ 1]
            del self._numbers[pipe.connection]

    def of(self, node: NodeName) -> list[Pipe]:
        """The pipes out of a node, oldest connection first."""
        return [pipe for pipe in self.by_number.values() if pipe.source == node]

    def pipes(self) -> list[Pipe]:
        """All, oldest connection first; a client's direction before its server's."""
        return list(self.by_number.values())

    def ids(self) -> list[ConnectionId]:
        """The connections there are, oldest first."""
        return list(self._numbers)

    def pair(self, connection: ConnectionId) -> tuple[Pipe, Pipe] | None:
        """Both pipes of a connection, the client's direction first."""
        number = self._numbers.get(connection)
        return None if number is None else (self.by_number[number], self.by_number[number + 1])

    def _open(self, connection: ConnectionId) -> Pipe:
        number = self._next
        self._next += 2
        client, server, _ = connection
        self._numbers[connection] = number
        pipe = self.by_number[number] = Pipe(number, connection, client, server)
        self.by_number[number + 1] = Pipe(number + 1, connection, server, client)
        return pipe

    def fork(self) -> Self:
        other = type(self)()
        other.by_number = {number: pipe.fork() for number, pipe in self.by_number.items()}
        other._numbers = self._numbers.copy()
        other._next = self._next
        return other

    def __len__(self) -> int:
        return len(self._numbers)


def in_flight(pipes: list[Pipe]) -> list[dict[str, Any]]:
    """What is on its way, as plain data for pictures."""
    return [
        {
            "source": pipe.source,
            "target": pipe.target,
            "number": pipe.connection.number,
            "kind": envelope.kind.name,
            "api_key": envelope.api_key,
            "correlation_id": envelope.correlation_id,
        }
        for pipe in pipes
        for envelope, _ in pipe.queue
    ]
