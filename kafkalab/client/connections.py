"""A client's connections: opened when needed, ApiVersions first, again after a backoff.

    ready(link)  ──▶ CLOSED ── ApiVersions ──▶ OPENING ── answered ──▶ READY ── send(…) …
                        ▲                         │ refused, late         │ closed, late
                        └──── reconnect backoff ──┴───────────────────────┘

Parts of a client *pull*: in each step they ask `ready`, which opens the link if it may, and send
only when it says yes.  A request that is not answered in time ends its connection (librdkafka's
`socket.max.fails=1`), and with it everything in flight there: its parts get the answer None.
The coordinator has a link of its own, as in Kafka's clients, so that a parked Fetch never delays
a heartbeat.

Invariants: `number` of connections only grows; a request is in flight on one connection;
whatever was in flight is answered exactly once, with a response or with None.

In Kafka: `NetworkClient`, `ClusterConnectionStates`; in librdkafka: `rdkafka_broker.c`.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, NamedTuple, Protocol, Self

from kafkalab.chance import Stream
from kafkalab.client.backoff import reconnect_delay_ms
from kafkalab.client.output import Output
from kafkalab.config import Config
from kafkalab.errors import ErrorCode
from kafkalab.ids import ConnectionId, NodeName
from kafkalab.node import Envelope, Kind
from kafkalab.protocol.messages.api_versions import ApiVersionsRequest, ApiVersionsResponse
from kafkalab.protocol.schema import Message, VersionRange
from kafkalab.timers import Timers
from kafkalab.values import value

SOFTWARE_NAME: Final = "kafkalab"
SOFTWARE_VERSION: Final = "0.1.0"
COORDINATOR: Final = "coordinator"


class Link(NamedTuple):
    """A server, and what the connection is for ("" or `COORDINATOR`)."""

    server: NodeName
    role: str = ""


class LinkState(Enum):
    """See the picture above."""

    CLOSED = "closed"
    OPENING = "opening"
    READY = "ready"


@value()
class Asked:
    """A request in flight: which part asked (`owner`), about what (`key`)."""

    owner: str
    key: Hashable
    version: int


class Answer(NamedTuple):
    """How a request ended; response None: the connection went, or it took too long."""

    asked: Asked
    response: Any


class TakesAnswers(Protocol):
    """A part of a client that asks."""

    def on_answer(self, answer: Answer, now: int) -> None: ...


@dataclass(slots=True)
class _Connection:
    """One link's connection now, or the wait for the next one."""

    state: LinkState = LinkState.CLOSED
    id: ConnectionId | None = None
    versions: Mapping[int, VersionRange] = field(default_factory=dict)  # replaced, never changed
    in_flight: dict[int, Asked] = field(default_factory=dict)
    failures: int = 0  # in a row, since it last was READY
    not_before: int = 0  # when it may be opened again

    def fork(self) -> Self:
        return type(self)(
            self.state,
            self.id,
            self.versions,
            self.in_flight.copy(),
            self.failures,
            self.not_before,
        )


class Connections:
    """All connections of one client node."""

    __slots__ = (
        "_chance",
        "_conf",
        "_correlation_id",
        "_links",
        "_name",
        "_number",
        "_of_connection",
        "_output",
        "_timers",
    )

    def __init__(
        self, name: NodeName, conf: Config, seed: int, output: Output, number: int = 0
    ) -> None:
        self._name = name
        self._conf = conf
        self._output = output
        self._chance = Stream(seed, f"{name}/reconnect/{number}")
        self._links: dict[Link, _Connection] = {}
        self._of_connection: dict[ConnectionId, Link] = {}
        self._number = number
        self._correlation_id = 0
        self._timers: Timers[tuple[str, Link, int]] = Timers()

    @property
    def number(self) -> int:
        """Of the newest connection; a restarted client counts on from here."""
        return self._number

    # --- asking

    def ready(self, link: Link, now: int) -> bool:
        """Whether requests can go out on `link`; opens it if it is closed and may be opened."""
        connection = self._links.get(link)
        if connection is None:
            connection = self._links[link] = _Connection()
        if connection.state is LinkState.CLOSED:
            if connection.not_before > now:
                self._timers.set(("reopen", link, 0), connection.not_before)
            else:
                self._open(link, connection, now)
        return connection.state is LinkState.READY

    def state(self, link: Link) -> LinkState:
        """Where `link` stands, without touching it."""
        connection = self._links.get(link)
        return connection.state if connection is not None else LinkState.CLOSED

    def may_open(self, link: Link, now: int) -> bool:
        """Whether `link` is closed and not in a backoff."""
        connection = self._links.get(link)
        return connection is None or (
            connection.state is LinkState.CLOSED and connection.not_before <= now
        )

    def has_failed(self, link: Link) -> bool:
        """Whether the last attempt to open `link`, or its last connection, came to an end."""
        connection = self._links.get(link)
        return connection is not None and connection.failures > 0

    def in_flight(self, link: Link) -> int:
        """Requests sent on `link` and not answered."""
        connection = self._links.get(link)
        return len(connection.in_flight) if connection is not None else 0

    def version(self, link: Link, request: type[Message]) -> int:
        """The highest version of an API that both ends know; the link must be READY.

        Our lowest if there is none: the server will end the connection, as it does for any client.
        """
        known = request.VERSIONS.valid
        offered = self._links[link].versions.get(request.API_KEY)
        return max(known.low, min(offered.high, known.high)) if offered is not None else known.low

    def send(
        self,
        link: Link,
        request: Message,
        asked: Asked,
        now: int,
        timeout_ms: int,
        answered: bool = True,
    ) -> tuple[int, int]:
        """Send on a READY link; `answered=False` for the one request without an answer.

        Returns the connection's number and the correlation id, by which the trace knows it.
        """
        connection = self._links[link]
        assert connection.state is LinkState.READY, (link, connection.state)
        self._put(link, connection, request, asked, now + timeout_ms if answered else None)
        assert connection.id is not None
        return connection.id.number, self._correlation_id

    # --- what comes back

    def receive(self, envelope: Envelope, now: int) -> list[Answer]:
        """Take in a response or the end of a connection."""
        link = self._of_connection.get(envelope.connection)
        if link is None:
            return []
        connection = self._links[link]
        if envelope.kind is Kind.CLOSE:
            return self._closed(link, connection, now)
        asked = connection.in_flight.pop(envelope.correlation_id, None)
        if asked is None:
            return []
        self._timers.cancel(("request", link, envelope.correlation_id))
        if connection.state is LinkState.OPENING:
            self._greeted(link, connection, asked.version, envelope.message, now)
            return []
        return [Answer(asked, envelope.message)]

    def on_timer(self, now: int) -> list[Answer]:
        """End connections whose answers are late; a due reopening is only noted."""
        answers: list[Answer] = []
        for what, link, _ in self._timers.pop_due(now):
            connection = self._links[link]
            if what == "request" and connection.id is not None:
                answers += self.close(link, now)
        return answers

    def close(self, link: Link, now: int) -> list[Answer]:
        """End a connection from this side."""
        connection = self._links[link]
        if connection.id is None:
            return []
        self._output.envelopes.append(Envelope(connection.id, Kind.CLOSE))
        return self._closed(link, connection, now)

    def close_all(self, now: int) -> list[Answer]:
        """The client is done."""
        return [answer for link in list(self._links) for answer in self.close(link, now)]

    def next_timer(self) -> int | None:
        return self._timers.first

    # --- inside

    def _open(self, link: Link, connection: _Connection, now: int) -> None:
        self._number += 1
        connection.id = ConnectionId(self._name, link.server, self._number)
        connection.state = LinkState.OPENING
        self._of_connection[connection.id] = link
        self._greet(link, connection, ApiVersionsRequest.VERSIONS.valid.high, now)

    def _greet(self, link: Link, connection: _Connection, version: int, now: int) -> None:
        request = ApiVersionsRequest(
            client_software_name=SOFTWARE_NAME, client_software_version=SOFTWARE_VERSION
        )
        due = now + self._conf.int("socket.connection.setup.timeout.ms")
        self._put(link, connection, request, Asked("", None, version), due)

    def _greeted(
        self,
        link: Link,
        connection: _Connection,
        version: int,
        response: ApiVersionsResponse,
        now: int,
    ) -> None:
        """An older server refuses the version, and answers in version 0 with those it has."""
        offered = {
            api.api_key: VersionRange(api.min_version, api.max_version) for api in response.api_keys
        }
        own = offered.get(ApiVersionsRequest.API_KEY, VersionRange(0, 0)).high
        if response.error_code == ErrorCode.UNSUPPORTED_VERSION and own < version:
            self._greet(link, connection, own, now)
        elif response.error_code:
            self.close(link, now)
        else:
            connection.versions = offered
            connection.state = LinkState.READY
            connection.failures = 0

    def _put(
        self, link: Link, connection: _Connection, request: Message, asked: Asked, due: int | None
    ) -> None:
        assert connection.id is not None
        self._correlation_id += 1
        if due is not None:
            connection.in_flight[self._correlation_id] = asked
            self._timers.set(("request", link, self._correlation_id), due)
        self._output.envelopes.append(
            Envelope(
                connection.id,
                Kind.REQUEST,
                self._correlation_id,
                request.API_KEY,
                asked.version,
                request,
                self._conf["client.id"],
            )
        )

    def _closed(self, link: Link, connection: _Connection, now: int) -> list[Answer]:
        assert connection.id is not None
        del self._of_connection[connection.id]
        greeting = connection.state is LinkState.OPENING
        lost = [] if greeting else [Answer(asked, None) for asked in connection.in_flight.values()]
        for correlation_id in connection.in_flight:
            self._timers.cancel(("request", link, correlation_id))
        connection.in_flight.clear()
        connection.id = None
        connection.state = LinkState.CLOSED
        connection.not_before = now + reconnect_delay_ms(
            connection.failures,
            self._conf.int("reconnect.backoff.ms"),
            self._conf.int("reconnect.backoff.max.ms"),
            self._chance,
        )
        connection.failures += 1
        return lost

    def fork(self, output: Output) -> Self:
        other = type(self).__new__(type(self))
        other._name, other._conf, other._output = self._name, self._conf, output
        other._chance = self._chance.fork()
        other._links = {link: connection.fork() for link, connection in self._links.items()}
        other._of_connection = self._of_connection.copy()
        other._number = self._number
        other._correlation_id = self._correlation_id
        other._timers = self._timers.fork()
        return other
