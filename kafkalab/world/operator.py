"""The operator: a node that sends a cluster's own requests, one at a time.

`create_topic` is asked by it of a broker, over a connection like any client's, so that what
is done so can be seen, delayed and cut as all else.  It is in no picture.

Left out: negotiating versions (it speaks the newest; its servers are of its own age).
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Self

from kafkalab.errors import ErrorCode, KafkaError, LearnerError
from kafkalab.ids import ConnectionId, NodeName
from kafkalab.node import Envelope, Kind, Outbox
from kafkalab.protocol.messages.topics import (
    CreatableTopic,
    CreatableTopicConfig,
    CreateTopicsRequest,
    DeleteTopicsRequest,
    DeleteTopicState,
)
from kafkalab.protocol.schema import Message

OPERATOR: Final[NodeName] = "operator"


class Operator:
    """A node (`node.Node`) with one connection and one request on it."""

    def __init__(self) -> None:
        self.name = OPERATOR
        self.answer: Any = None
        self.is_broken = False
        self._asked = 0  # by numbers of its own
        self._awaited = 0  # the correlation id of the last request
        self.lent: tuple[int, ...] = ()  # numbers of connections that spoke with another's header
        self._server: NodeName = ""
        self._number = 0
        self._outgoing: list[Envelope] = []

    @property
    def is_done(self) -> bool:
        """Whether the last request has been answered, or its connection broke."""
        return self.is_broken or self.answer is not None

    def ask(self, server: NodeName, request: Message, now: int) -> None:
        """Send a request; what came of the one before is forgotten."""
        self.ask_at(server, request, request.VERSIONS.valid.high, now)

    def ask_at(self, server: NodeName, request: Message, version: int, now: int) -> None:
        """The same in an older version of the API."""
        if (
            self.is_broken
            or server != self._server
            or not self.is_done
            or self._number in self.lent
        ):
            self._connect(server)
        self._asked += 1
        self._send(request, version, self._asked, self.name)

    def ask_as(
        self,
        server: NodeName,
        request: Message,
        version: int,
        correlation_id: int,
        client_id: str | None,
        now: int,
    ) -> None:
        """The same with a header of another's, over a connection opened for it alone."""
        self._connect(server)
        self.lent += (self._number,)
        self._send(request, version, correlation_id, client_id)

    def _connect(self, server: NodeName) -> None:
        """A new connection, in place of the one there is."""
        if self._number and not self.is_broken:
            self._outgoing.append(Envelope(self.connection, Kind.CLOSE))
        self._number += 1
        self._server = server

    def _send(
        self, request: Message, version: int, correlation_id: int, client_id: str | None
    ) -> None:
        self._awaited = correlation_id
        self.answer, self.is_broken = None, False
        self._outgoing.append(
            Envelope(
                self.connection,
                Kind.REQUEST,
                correlation_id,
                request.API_KEY,
                version,
                request,
                client_id,
            )
        )

    def receive(self, envelope: Envelope, now: int) -> None:
        if envelope.connection != self.connection:
            return
        if envelope.kind is Kind.CLOSE:
            self.is_broken = True
        elif envelope.correlation_id == self._awaited:
            self.answer = envelope.message

    @property
    def connection(self) -> ConnectionId:
        """That of the last request."""
        return ConnectionId(self.name, self._server, self._number)

    def on_timer(self, now: int) -> None:
        """Never due."""

    def next_timer(self) -> int | None:
        return None

    def take_outbox(self) -> Outbox:
        outgoing, self._outgoing = self._outgoing, []
        return Outbox(outgoing, [])

    def restarted(self, now: int) -> Self:
        return type(self)()

    def fork(self) -> Self:
        other = type(self)()
        other.answer, other.is_broken = self.answer, self.is_broken
        other._asked, other._server, other._number = self._asked, self._server, self._number
        other._awaited, other.lent = self._awaited, self.lent
        return other


def create_topic_request(
    name: str, partitions: int, replication_factor: int, config: Mapping[str, Any] | None
) -> CreateTopicsRequest:
    """The request for one topic; `config` by Kafka's keys, values as Python has them."""
    if not isinstance(name, str):
        raise LearnerError(f"a topic is called by a word, not {name!r}")
    for what, count in (("partitions", partitions), ("replication_factor", replication_factor)):
        if not isinstance(count, int):
            raise LearnerError(f"{what}={count!r}: how many?  a whole number")
    topic = CreatableTopic(
        name=name,
        num_partitions=partitions,
        replication_factor=replication_factor,
        assignments=(),
        configs=tuple(
            CreatableTopicConfig(name=key, value=_text(value))
            for key, value in (config or {}).items()
        ),
    )
    return CreateTopicsRequest(topics=(topic,))


def delete_topic_request(name: str) -> DeleteTopicsRequest:
    """The request to delete one topic."""
    return DeleteTopicsRequest(topics=(DeleteTopicState(name=name),), topic_names=())


def raise_refused(results: Iterable[Any]) -> None:
    """`KafkaError` with the first error in the results of an answer."""
    for result in results:
        if result.error_code:
            raise KafkaError(ErrorCode(result.error_code), result.error_message or "")


def _text(value: Any) -> str | None:
    """A configuration value as Kafka writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None else str(value)
