"""A request's bytes, sent to a server as a socket would bring them, and what comes back.

    bytes ──▶ FramesIn ──▶ read_request ──▶ the operator's connection ──▶ the server
                  └── what is no request ends the connection, with words

The door is the one of a live cluster (`live.listener`): the same parser, the same refusals.  What
is taken goes out over a connection that the operator opens for it alone, with the header as it
stands in the bytes: client id and correlation id are those written there, and the answer bears that
number.  So a request sent again is another client's that says the same of itself: the server takes
it for that client where it goes by the name (quotas, member ids), and for a stranger where it goes
by the connection (its order, a fetch session).

In Kafka: `SocketServer`, `RequestContext.parseRequest`.
Read next: `lab.widgets.request_lens`.
"""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any, Final, NamedTuple

from kafkalab import Simulation
from kafkalab.errors import ErrorCode, LearnerError
from kafkalab.ids import NodeName
from kafkalab.live.frames_in import FramesIn
from kafkalab.live.listener import FRAME_LIMIT_S
from kafkalab.protocol.api_keys import ApiKey
from kafkalab.protocol.connection import (
    SIZE_BYTES,
    ReceivedRequest,
    read_request,
    response_frame,
)
from kafkalab.protocol.primitives import MalformedMessage
from kafkalab.server.apis import versions_of
from kafkalab.server.handlers.api_versions import api_versions
from kafkalab.world.operator import OPERATOR, Operator

_ANSWER_MS_MAX: Final = 60_000
_SILENT_MS: Final = 100  # how long to wait for an answer that is not to come


class Reply(NamedTuple):
    """What came of it.  `code`: the first error in the answer, NONE, or CLOSED, WAITING, SILENT.

    `frame`: the answer's bytes, its size first, of version `version`; empty if there is none.
    `sent_by`: who sent it to whom, over which connection; "" if it got no further than the door.
    """

    code: str
    words: str
    message: Any = None
    frame: bytes = b""
    version: int = 0
    sent_by: str = ""

    @property
    def is_refused(self) -> bool:
        return self.code not in ("NONE", "SILENT")


class Waits(Exception):
    """The bytes are the beginning of a longer frame: so many are still to come."""

    def __init__(self, bytes_left: int) -> None:
        super().__init__(bytes_left)
        self.bytes_left = bytes_left


def taken(sim: Simulation, server: NodeName, data: bytes) -> ReceivedRequest:
    """The first request in these bytes, as the server's door reads it.

    `MalformedMessage` for what ends the connection, `Waits` for a frame that is not complete.
    """
    node: Any = sim.driver.node(server)
    frames = FramesIn(node.config.int("socket.request.max.bytes"))
    found: list[memoryview] = []
    rest = memoryview(data)
    while rest:
        room = frames.room()
        count = min(len(room), len(rest))
        room[:count] = rest[:count]
        found += frames.received(count)
        rest = rest[count:]
    if not found:
        claimed = int.from_bytes(data[:SIZE_BYTES]) if len(data) >= SIZE_BYTES else 0
        raise Waits(max(SIZE_BYTES + claimed - len(data), 1))
    request = read_request(memoryview(bytes(found[0])))
    offered = versions_of(node.apis, request.api_key)
    if request.message is not None and (offered is None or request.api_version not in offered):
        name = ApiKey(request.api_key).name.replace("_", " ").title().replace(" ", "")
        if offered is None:
            raise MalformedMessage(f"{name} is not offered there")
        raise MalformedMessage(f"{name} version {request.api_version} is not offered there")
    return request


def verdict(sim: Simulation, server: NodeName, data: bytes) -> str:
    """Why the server would not take these bytes; "" if it would."""
    try:
        taken(sim, server, data)
    except MalformedMessage as error:
        return f"{server} would close the connection: {error.message}."
    except Waits as error:
        return f"{server} would wait, as the size says, for bytes to come: {error.bytes_left}."
    return ""


def resend(sim: Simulation, server: NodeName, data: bytes) -> Reply:
    """Send the bytes; runs the simulation until the answer is there.

    `LearnerError` if the server is down.
    """
    if not sim.world.is_up(server):
        raise LearnerError(f"{server} is down: restart it, or send to another (send(to=2))")
    try:
        request = taken(sim, server, data)
    except MalformedMessage as error:
        return Reply("CLOSED", f"{server} closed the connection: {error.message}.")
    except Waits as error:
        return Reply(
            "WAITING",
            f"{server} waits, as the size says, for bytes to come: {error.bytes_left}; after "
            f"{FRAME_LIMIT_S:g} s it closes the connection.",
        )
    if request.message is None:
        return _too_new(sim, server, request)
    return _asked(sim, server, request)


def _asked(sim: Simulation, server: NodeName, request: ReceivedRequest) -> Reply:
    message, version = _settled(request.message), request.api_version
    is_silent = request.api_key == ApiKey.PRODUCE and message.acks == 0
    operator = sim.driver.node(OPERATOR)
    assert isinstance(operator, Operator)
    id, client = request.correlation_id, request.client_id
    sim.driver.act(OPERATOR, "ask_as", server, message, version, id, client)
    limit = _SILENT_MS if is_silent else _ANSWER_MS_MAX
    sim.driver.wait(lambda: operator.is_done, limit, f"{server} answers")
    sent_by = f"operator to {server}, connection {operator.connection.number}"
    if operator.is_broken:
        words = f"{server} closed the connection instead of answering."
        return Reply("CLOSED", words, sent_by=sent_by)
    if operator.answer is None:
        why = "with acks=0 none is sent" if is_silent else f"not within {limit // 1000} s"
        words = f"{server} took it and gave no answer: {why}."
        return Reply("SILENT", words, sent_by=sent_by)
    return _reply(server, request, operator.answer, version)._replace(sent_by=sent_by)


def _reply(server: NodeName, request: ReceivedRequest, answer: Any, version: int) -> Reply:
    frame = b"".join(response_frame(answer, version, request.correlation_id))
    errors = list(_errors(answer))
    if not errors:
        words = f"{server} took it; its answer has {len(frame)} bytes and no error."
        return Reply("NONE", words, answer, frame, version)
    code, why = errors[0]
    name = _code_name(code)
    more = f", and {len(errors) - 1} more errors" if len(errors) > 1 else ""
    words = f"{server} answered {name}{f': {why}' if why else ''}{more}."
    return Reply(name, words, answer, frame, version)


def _too_new(sim: Simulation, server: NodeName, request: ReceivedRequest) -> Reply:
    """The one refusal that is answered: at version 0, with what there is (KIP-511)."""
    node: Any = sim.driver.node(server)
    answer = api_versions(node, ErrorCode.UNSUPPORTED_VERSION)
    return _reply(server, request, answer, 0)


def _errors(value: Any) -> Iterator[tuple[int, str]]:
    """(code, message) of every error in an answer, in its order."""
    if isinstance(value, tuple):
        for each in value:
            yield from _errors(each)
    elif is_dataclass(value) and not isinstance(value, type):
        code = getattr(value, "error_code", 0)
        if code:
            yield code, getattr(value, "error_message", None) or ""
        for field in fields(value):
            yield from _errors(getattr(value, field.name))


def _code_name(code: int) -> str:
    try:
        return ErrorCode(code).name
    except ValueError:
        return f"error {code}"


def _settled(value: Any) -> Any:
    """The same message with bytes of its own: nothing that a node keeps may be a view."""
    if isinstance(value, memoryview):
        return bytes(value)
    if isinstance(value, tuple):
        return tuple(_settled(each) for each in value)
    if is_dataclass(value) and not isinstance(value, type):
        changes = {}
        for field in fields(value):
            old = getattr(value, field.name)
            new = _settled(old)
            if new is not old:
                changes[field.name] = new
        return replace(value, **changes) if changes else value
    return value
