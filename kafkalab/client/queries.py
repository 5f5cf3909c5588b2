"""Questions an application asks now and then: sent to some server, answered later.

    id = ask(request, to, timeout_ms, now)        to: ANY, CONTROLLER or a broker id
    take(id) ──▶ None (not yet) | Reply(response or None, error)

A question waits for a connection; if that breaks it is asked again elsewhere, until its time is
up.  NOT_CONTROLLER and the like are the asker's to judge.

In librdkafka: `rdkafka_admin.c`; in Kafka: `KafkaAdminClient`.
"""

from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Self

from kafkalab.client.connections import Answer, Asked, Connections, Link, LinkState
from kafkalab.client.errors import TIMED_OUT
from kafkalab.client.metadata import Metadata
from kafkalab.config import Config
from kafkalab.ids import NodeId
from kafkalab.protocol.messages.group_offsets import OffsetCommitRequest, OffsetFetchRequest
from kafkalab.protocol.schema import Message
from kafkalab.timers import Timers

OWNER: Final = "queries"
ANY: Final[NodeId] = -1
CONTROLLER: Final[NodeId] = -2

#: The newest versions that name topics by their names; later ones know ids alone.
_BY_NAME: Final = {OffsetCommitRequest: 9, OffsetFetchRequest: 9}


class Reply(NamedTuple):
    """How a question ended; `error` is not 0 if no server answered in time."""

    response: Any
    error: int = 0


@dataclass(frozen=True, slots=True)
class _Question:
    """A question that has no answer yet."""

    request: Message
    to: NodeId
    due: int
    is_sent: bool = False


class Queries:
    """The questions of one client node."""

    __slots__ = ("_conf", "_connections", "_metadata", "_open", "_replies", "_timers")

    def __init__(self, conf: Config, connections: Connections, metadata: Metadata) -> None:
        self._conf = conf
        self._connections = connections
        self._metadata = metadata
        self._open: dict[int, _Question] = {}
        self._replies: dict[int, Reply] = {}
        self._timers: Timers[int] = Timers()

    def ask(self, id: int, request: Message, to: NodeId, timeout_ms: int, now: int) -> None:
        """Begin to ask; `id` is the asker's own and new."""
        self._open[id] = _Question(request, to, now + timeout_ms)
        self._timers.set(id, now + timeout_ms)

    def has(self, id: int) -> bool:
        """Whether there is a reply."""
        return id in self._replies

    def take(self, id: int) -> Reply | None:
        """The reply, forgotten here; None if there is none yet."""
        return self._replies.pop(id, None)

    def step(self, now: int) -> None:
        """Send what can be sent; give up what is late."""
        for id in self._timers.pop_due(now):
            self._finish(id, Reply(None, TIMED_OUT))
        for id, question in self._open.items():
            if question.is_sent:
                continue
            link = self._link(question.to, now)
            if link is not None and self._connections.ready(link, now):
                self._send(id, question, link, now)

    def _link(self, to: NodeId, now: int) -> Link | None:
        """Where to ask.  In KRaft the controller of Metadata is some broker that forwards."""
        if to == CONTROLLER:
            link = self._metadata.link_of(self._metadata.controller_id)
            if link is not None:
                is_closed = self._connections.state(link) is LinkState.CLOSED
                if not is_closed or self._connections.may_open(link, now):
                    return link
        elif to != ANY:
            link = self._metadata.link_of(to)
            if link is None:
                self._metadata.request_update()
            return link
        return self._metadata.any_link(now)

    def _send(self, id: int, question: _Question, link: Link, now: int) -> None:
        version = self._connections.version(link, type(question.request))
        version = min(version, _BY_NAME.get(type(question.request), version))
        timeout = min(question.due - now, self._conf.int("socket.timeout.ms"))
        asked = Asked(OWNER, id, version)
        self._connections.send(link, question.request, asked, now, timeout)
        self._open[id] = _Question(question.request, question.to, question.due, is_sent=True)

    def on_answer(self, answer: Answer, now: int) -> None:
        """Take in a response; None: ask again, if there is time."""
        assert isinstance(answer.asked.key, int)
        id = answer.asked.key
        question = self._open.get(id)
        if question is None:
            return
        if answer.response is not None:
            self._finish(id, Reply(answer.response))
        elif now >= question.due:
            self._finish(id, Reply(None, TIMED_OUT))
        else:
            self._metadata.request_update()
            self._open[id] = _Question(question.request, question.to, question.due)

    def _finish(self, id: int, reply: Reply) -> None:
        del self._open[id]
        self._timers.cancel(id)
        self._replies[id] = reply

    def next_timer(self) -> int | None:
        return self._timers.first

    def fork(self, connections: Connections, metadata: Metadata) -> Self:
        other = type(self)(self._conf, connections, metadata)
        other._open = self._open.copy()
        other._replies = self._replies.copy()
        other._timers = self._timers.fork()
        return other
