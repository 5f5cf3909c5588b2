"""A node: a deterministic state machine that does no I/O.  Brokers, controllers and clients are
nodes.

    world ── receive(envelope, now) ──▶ ┌──────┐ ── take_outbox() ──▶ envelopes, events
          ── on_timer(now) ───────────▶ │ Node │
          ◀─ next_timer() ───────────── └──────┘ ── fork() ─────────▶ an equal, independent node

The six rules:

1. Time is an argument, in whole milliseconds.  No clock is read in the engine.
2. Chance is an argument: `chance.draw(seed, stream, counter)`, one stream per node, link and
purpose.
3. Messages leave by the outbox, after the call returns; what must be durable is flushed first.
4. Order is defined.  Never iterate a set of strings; use the order of a dict, or `sorted`.
5. State is data.  No closures, tasks, threads, locks, sockets, kept memoryviews or learner objects.
   Parked work (a delayed produce, a long-polling fetch) is a dataclass, not a callback.
6. State can fork.  Each state class has `fork()`: immutable things are shared, small mutable things
   copied, logs shared as an append-only list plus a length with one writer.

Inside a server, components share one `Effects`: they say what should leave (an event for the
trace, a call to a peer, the answer to a parked request) and the server turns that into envelopes.
"""

from collections.abc import Hashable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Final, NamedTuple, Protocol, Self

from kafkalab.events import Event
from kafkalab.ids import ConnectionId, NodeId, NodeName
from kafkalab.values import value
from kafkalab.wall_clock import WallClock


class Kind(IntEnum):
    """What an envelope is on its connection."""

    REQUEST = 0
    RESPONSE = 1
    CLOSE = 2  # the other end has gone: after this the connection id is never used again


@value()
class Envelope:
    """One message on one TCP connection.

    A connection begins with its first request.  It ends with CLOSE from either side; a crash, a
    cut or a refused connection shows as CLOSE too.  `message` is a request or response of
    `protocol.messages` (None for CLOSE, and for the missing answer to Produce with acks=0, which
    is never sent).
    """

    connection: ConnectionId
    kind: Kind
    correlation_id: int = 0
    api_key: int = -1
    api_version: int = 0
    message: Any = None
    client_id: str | None = None  # of the request header


class Outbox(NamedTuple):
    """What a node has to say after one call."""

    envelopes: list[Envelope]
    events: list[Event]


class Node(Protocol):
    """See the module's docstring.  `name` is unique in a world."""

    name: NodeName

    def receive(self, envelope: Envelope, now: int) -> None:
        """Handle one message.  Never raises for anything a peer can send."""

    def on_timer(self, now: int) -> None:
        """Do everything that is due at or before `now`."""

    def next_timer(self) -> int | None:
        """When `on_timer` must be called next, or None.  May be in the past: then at once."""

    def take_outbox(self) -> Outbox:
        """Hand over, and forget, what was said since the last call."""

    def restarted(self, now: int) -> Self:
        """A new process on the disk of this one, which has crashed.  Connections are gone."""

    def fork(self) -> Self:
        """An equal node that shares nothing mutable with this one."""


@value()
class Ticket:
    """The right to answer one request, kept while it is parked."""

    connection: ConnectionId
    correlation_id: int
    api_key: int
    api_version: int
    client_id: str | None = None


#: As the target of a call: whichever controller is active, as far as this server knows.
ACTIVE_CONTROLLER: Final[NodeId] = -2


@value()
class Call:
    """A request a component wants sent to a peer.

    `owner` names the component to which the answer goes, `key` what it asked about, as that
    component knows it.  The answer arrives as `on_response(key, response, now)`; response None
    means that the connection broke or `timeout_ms` (None: `request.timeout.ms`) passed.
    """

    target: NodeId
    request: Any
    owner: str
    key: Hashable = None
    timeout_ms: int | None = None


@dataclass(slots=True)
class Effects:
    """What the components of one server want done, in order; drained when the call returns.

    `clock` is what all of them read the time of day from.
    """

    clock: WallClock = field(default_factory=WallClock)
    events: list[Event] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    replies: list[tuple[Ticket, Any]] = field(default_factory=list)
    closes: list[Ticket] = field(default_factory=list)

    def emit(self, kind: str, *fields: Any) -> None:
        """Add an event to the trace (`events.FIELDS` says which fields a kind has)."""
        self.events.append((kind, *fields))

    def call(
        self,
        target: NodeId,
        request: Any,
        owner: str,
        key: Hashable = None,
        timeout_ms: int | None = None,
    ) -> None:
        """Ask a peer."""
        self.calls.append(Call(target, request, owner, key, timeout_ms))

    def reply(self, ticket: Ticket, response: Any) -> None:
        """Answer a request; None ends it without an answer (Produce with acks=0)."""
        self.replies.append((ticket, response))

    def close(self, ticket: Ticket) -> None:
        """End the connection of a request instead of answering it."""
        self.closes.append(ticket)
