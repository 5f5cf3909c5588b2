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
        self._asked = 0
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
        if self.is_broken or server != self._server or not self.is_done:
            if self._number and not self.is_broken:
                self._outgoing.append(Envelope(self._connection(), Kind.CLOSE))
            self._number += 1
            self._server = server
        self._asked += 1
        self.answer, self.is_broken = None, False
        self._outgoing.append(
            Envelope(
                self._connection(),
                Kind.REQUEST,
                self._asked,
                request.API_KEY,
                version,
                request,
                self.name,
            )
        )

    def receive(self, envelope: Envelope, now: int) -> None:
        if envelope.connection != self._connection():
            return
        if envelope.kind is Kind.CLOSE:
            self.is_broken = True
        elif envelope.correlation_id == self._asked:
            self.answer = envelope.message

    def _connection(self) -> ConnectionId:
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
