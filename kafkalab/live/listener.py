"""A broker's door: real connections of real clients, each a node at the edge of the world.

    bytes ──▶ FramesIn ──▶ read_request ──▶ envelope ──▶ the world's network ──▶ broker
    bytes ◀── response_frame ◀── ExternalClient ◀────────────────────────────────┘

What is no request, is too large, or is not offered here ends the connection and nothing else
(`RELIABILITY`: bad input).  A client that sends faster than it reads, or than it is answered, is
not read from until it has caught up.

In Kafka: `SocketServer`.  Left out: TLS, SASL, quotas.
Read next: `edge`, `pacing`; `server.channels`, which keeps the order of answers.
"""

import asyncio
import errno
import logging
import socket
from collections.abc import Mapping
from typing import Final, cast

from kafkalab.errors import ErrorCode, LearnerError
from kafkalab.ids import NodeName
from kafkalab.live.advertised import Address, advertised
from kafkalab.live.edge import ExternalClient, leave
from kafkalab.live.frames_in import FramesIn
from kafkalab.live.pacing import Pacing
from kafkalab.node import Envelope, Kind
from kafkalab.protocol.api_keys import ApiKey
from kafkalab.protocol.connection import ReceivedRequest, read_request, response_frame
from kafkalab.protocol.primitives import MalformedMessage
from kafkalab.server import Broker
from kafkalab.server.apis import versions_of
from kafkalab.server.handlers.api_versions import api_versions

HOST: Final = "127.0.0.1"
#: A frame that has begun is complete within this time, or its connection ends.
FRAME_LIMIT_S = 30.0
_LOOKS: Final = 3  # at a connection, within that time
_LOG: Final = logging.getLogger("kafkalab.live")
#: Requests that may wait behind the one at hand before a client is not read from any more.
_WAITING_MAX: Final = 100


class NoPort(LearnerError, OSError):
    """The operating system gives no socket on a port.  `errno` says why, as of any OSError."""

    def __init__(self, port: int, error: OSError) -> None:
        OSError.__init__(self, error.errno, self._words(port, error))

    @staticmethod
    def _words(port: int, error: OSError) -> str:
        where = f"port {port}" if port else "a free port"
        if error.errno == errno.EINVAL:
            return f"{error.strerror}; each broker takes one, from the first on"
        if error.errno == errno.EADDRINUSE:
            return (
                f"{where} on {HOST} is taken by another program.  Choose another (port=0 takes "
                "free ones), or end what uses it"
            )
        if error.errno in (errno.EACCES, errno.EPERM) and 0 < port < 1024:
            return f"{where} on {HOST} is kept for the system: take one above 1023"
        return (
            f"this machine refuses {where} on {HOST} ({error.strerror}), so no real client could "
            "connect.  Simulation() needs no sockets: the same cluster in virtual time"
        )

    def __str__(self) -> str:
        return str(self.args[1])


class Listener:
    """One broker's listening socket and the connections it has taken."""

    def __init__(
        self,
        pacing: Pacing,
        broker: NodeName,
        bound: socket.socket,
        addresses: Mapping[NodeName, Address],
    ) -> None:
        self.pacing = pacing
        self.addresses = addresses  # of all brokers, as clients are to be told
        self.broker = broker
        self.port: int = bound.getsockname()[1]
        self.connections: dict[NodeName, Connection] = {}
        self.news: list[NodeName] = []  # clients that have something to be written
        self.is_opening = False
        self._bound: socket.socket | None = bound
        self._server: asyncio.Server | None = None
        self._patrol: asyncio.TimerHandle | None = None
        self._is_full = False

    @property
    def node(self) -> Broker:
        return cast(Broker, self.pacing.world.nodes[self.broker])

    async def open(self) -> None:
        """Take connections, on the same port as before."""
        bound, self._bound = self._bound or bind(self.port), None
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(lambda: Connection(self), sock=bound)
            self._patrol = loop.call_later(FRAME_LIMIT_S / _LOOKS, self._look_round)
        finally:
            self.is_opening = False

    @property
    def is_open(self) -> bool:
        return self._server is not None

    def close(self) -> None:
        """Take no more connections; the world closes those there are."""
        if self._patrol is not None:
            self._patrol.cancel()
        if self._server is not None:
            self._server.close()
            self._server = None
        elif self._bound is not None:
            self._bound.close()
            self._bound = None

    def has_room(self) -> bool:
        """Whether one more connection is taken; when none is, that is said once."""
        most = self.node.config.int("max.connections")
        is_full = len(self.connections) >= most
        if is_full and not self._is_full:
            _LOG.warning(
                "%s has %d connections (max.connections): more are closed", self.broker, most
            )
        self._is_full = is_full
        return not is_full

    def _look_round(self) -> None:
        for connection in list(self.connections.values()):
            connection.look_at()
        loop = asyncio.get_running_loop()
        self._patrol = loop.call_later(FRAME_LIMIT_S / _LOOKS, self._look_round)

    def hang_up(self) -> None:
        """The broker has died: end the connections that the world has not heard of yet."""
        for connection in list(self.connections.values()):
            connection.hang_up()

    def write_answers(self) -> None:
        """Send what the world has said to clients since the last call."""
        while self.news:
            names, self.news[:] = self.news.copy(), []
            for name in names:
                connection = self.connections.get(name)
                if connection is not None:
                    connection.write_answers()


class Connection(asyncio.BufferedProtocol):
    """One TCP connection of an external client."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        size_max = listener.node.config.int("socket.request.max.bytes")
        self._frames = FramesIn(size_max)
        self._transport: asyncio.Transport | None = None
        self._client: ExternalClient | None = None
        self._is_read = True
        self._is_writable = True
        self._looks = (0, 0)  # requests taken when last looked at; since when a frame is partial

    # --- asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        listener = self._listener
        world = listener.pacing.world
        if not listener.has_room() or not world.is_up(listener.broker):
            self._transport.abort()
            return
        plain: socket.socket = transport.get_extra_info("socket")
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        name = world.new_name("external")
        self._client = ExternalClient(name, listener.broker, listener.news)
        listener.connections[name] = self
        with listener.pacing.lock:
            world.add(self._client)

    def connection_lost(self, error: Exception | None) -> None:
        client, self._client = self._client, None
        if client is None:
            return
        listener = self._listener
        del listener.connections[client.name]
        with listener.pacing.lock:
            leave(listener.pacing.world, client)
        listener.pacing.run()

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._frames.room()

    def buffer_updated(self, count: int) -> None:
        self._listener.pacing.received += count
        try:
            for frame in self._frames.received(count):
                self._take(read_request(frame))
        except MalformedMessage as error:
            self._refuse(str(error))
        self._listener.pacing.run()
        self._balance()

    def eof_received(self) -> bool:
        return False

    def pause_writing(self) -> None:
        self._is_writable = False
        self._balance()

    def resume_writing(self) -> None:
        self._is_writable = True
        self._balance()

    # --- inside

    def _refuse(self, why: str) -> None:
        """End the connection; one line says why."""
        transport, broker = self._transport, self._listener.broker
        peer = transport.get_extra_info("peername") if transport is not None else None
        host, port = peer or ("?", 0)
        _LOG.warning("%s closed the connection from %s:%d: %s", broker, host, port, why)
        self._abort()

    def look_at(self) -> None:
        """Now and then: end it if the same frame has been incomplete for too long."""
        client = self._client
        if client is None or not self._is_read or not self._frames.is_partial:
            self._looks = (-1, 0)
            return
        taken, looks = self._looks
        self._looks = (client.sent, looks + 1 if taken == client.sent else 0)
        if self._looks[1] >= _LOOKS:
            self._refuse(f"a request was not complete within {FRAME_LIMIT_S:g} s")

    def _take(self, request: ReceivedRequest) -> None:
        """Put a request on the network, or refuse it."""
        client, listener = self._client, self._listener
        if client is None:
            return
        key, version, correlation_id, client_id, message = request
        offered = versions_of(listener.node.apis, key)
        if offered is None or version not in offered:
            if key == ApiKey.API_VERSIONS:
                self._refuse_version(correlation_id)
                return
            raise MalformedMessage(f"API {key} version {version} is not offered")
        client.client_id, client.api_key = client_id, key
        client.sent += 1
        client.asked_at = listener.pacing.world.now
        envelope = Envelope(
            client.connection, Kind.REQUEST, correlation_id, key, version, message, client_id
        )
        world = listener.pacing.world
        with listener.pacing.lock:
            world.network.send(client.name, envelope, 0, world.now)

    def _refuse_version(self, correlation_id: int) -> None:
        """The one refusal that is answered: at version 0, with what there is (KIP-511)."""
        answer = api_versions(self._listener.node, ErrorCode.UNSUPPORTED_VERSION)
        if self._transport is not None:
            self._transport.writelines(response_frame(answer, 0, correlation_id))

    def write_answers(self) -> None:
        """Send what the broker has said; close if it has closed."""
        client, transport = self._client, self._transport
        if client is None or transport is None:
            return
        addresses = self._listener.addresses
        for envelope in client.take_answers():
            message = advertised(envelope.api_key, envelope.message, addresses)
            try:
                frame = response_frame(message, envelope.api_version, envelope.correlation_id)
            except Exception as error:  # a mistake of ours: it must end no other connection
                name = type(message).__name__
                _LOG.error("a %s could not be written", name, exc_info=True)
                self._refuse(f"{name}: {error}")
                return
            transport.writelines(frame)
        if client.is_closed:
            transport.close()
        elif not self._is_read:
            self._balance()

    def _balance(self) -> None:
        """Read on, or not, as the client and the broker keep up."""
        if self._transport is None or self._client is None or self._transport.is_closing():
            return
        channels = self._listener.node.endpoint.channels
        keeps_up = channels.waiting(self._client.connection) < _WAITING_MAX
        if self._is_read and not (keeps_up and self._is_writable):
            self._is_read = False
            self._transport.pause_reading()
        elif not self._is_read and keeps_up and self._is_writable:
            self._is_read = True
            self._transport.resume_reading()

    def hang_up(self) -> None:
        """End it if nothing was asked on it: the world ends the others."""
        if self._client is not None and not self._client.sent:
            self._abort()

    def drop(self) -> None:
        """The cluster is closing: end the connection without a word to the world."""
        self._client = None
        self._abort()

    def _abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()


def bind(port: int) -> socket.socket:
    """A socket on 127.0.0.1; port 0 takes a free one.  OSError if the port is taken."""
    bound = socket.socket()
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((HOST, port))
    except OSError:
        bound.close()
        raise
    except OverflowError:
        bound.close()
        raise OSError(errno.EINVAL, f"a port is 0 to 65535, not {port}") from None
    return bound
