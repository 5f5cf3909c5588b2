"""A schema registry beside a live cluster: an HTTP port, and two clients of the cluster.

    HTTP ──▶ rest.answer ── records ──▶ writer ──▶ _schemas ──▶ reader ──▶ subjects.replay
         ◀── the answer, once the reader has read what the writer wrote ◀──┘

It is an application like any other: it knows the cluster through Kafka alone, and one that starts
again reads `_schemas` and knows all it knew.  Its writer and reader are nodes of the world, so
pictures show them.  A change waits for the one before it.

Tornado (which JupyterLab brings) speaks HTTP on the cluster's own event loop.
In Confluent's Schema Registry: `KafkaStore`, `KafkaStoreReaderThread`.
Read next: `schema_registry.rest`.
"""

import asyncio
import json
import socket
from typing import Any, Final

from tornado.httpserver import HTTPServer
from tornado.web import Application, RequestHandler

from kafkalab.client.consumer import ConsumerNode
from kafkalab.client.message import OFFSET_BEGINNING, Consumed, Delivery
from kafkalab.client.producer import ProducerNode
from kafkalab.ids import NodeName
from kafkalab.live.listener import HOST
from kafkalab.live.pacing import Pacing
from kafkalab.schema_registry.requests import Refused, Request
from kafkalab.schema_registry.rest import answer
from kafkalab.schema_registry.subjects import NOOP, TOPIC, Record, Subjects

_WRITER: Final[NodeName] = "schema-registry-writer"
_READER: Final[NodeName] = "schema-registry-reader"
_TIMEOUT_S: Final = 30.0
_CONTENT_TYPE: Final = "application/vnd.schemaregistry.v1+json"


class Store:
    """`_schemas` through Kafka: written by one client, read back by another."""

    def __init__(self, pacing: Pacing, brokers: tuple[NodeName, ...]) -> None:
        self.subjects = Subjects()
        self._pacing = pacing
        self._loop = asyncio.get_running_loop()
        self._written: dict[int, asyncio.Future[int]] = {}  # by report: the offset
        self._next = 0  # offset to be read next
        self._reached: list[tuple[int, asyncio.Future[None]]] = []
        world = pacing.world
        servers = {"bootstrap.servers": ",".join(brokers)}
        safe = {"acks": "all", "enable.idempotence": True, "linger.ms": 0}
        world.add(ProducerNode(_WRITER, {**servers, **safe}, world.seed, brokers))
        own = {"group.id": "schema-registry", "enable.auto.commit": False}
        world.add(ConsumerNode(_READER, {**servers, **own}, world.seed, brokers))
        world.act(_READER, "assign", ((TOPIC, 0, OFFSET_BEGINNING),))
        world.act(_READER, "begin_poll")

    async def write(self, records: tuple[Record, ...]) -> None:
        """Write records and wait until they have been read back.  `Refused` (50001) if not."""
        world = self._pacing.world
        waiting = []
        with self._pacing.lock:
            for key, value in records:
                id = world.act(_WRITER, "produce", TOPIC, value, key, 0, (), 0)
                waiting.append(self._loop.create_future())
                self._written[id] = waiting[-1]
        self._loop.call_soon(self._pacing.run)
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                await self._read_back(max(await asyncio.gather(*waiting)))
        except TimeoutError:
            raise Refused(50001, f"{TOPIC} took no record within {_TIMEOUT_S:g} s") from None

    async def _read_back(self, offset: int) -> None:
        if offset >= self._next:
            reached: asyncio.Future[None] = self._loop.create_future()
            self._reached.append((offset, reached))
            await reached

    def turn(self) -> None:
        """After each run of the world: what was read, what became of what was written."""
        world = self._pacing.world
        reader, writer = world.nodes[_READER], world.nodes[_WRITER]
        assert isinstance(reader, ConsumerNode)
        assert isinstance(writer, ProducerNode)
        if reader.has_event():
            while (consumed := world.act(_READER, "take_message")) is not None:
                self._read(consumed)
            world.act(_READER, "begin_poll")
            self._loop.call_soon(self._pacing.run)
        if writer.has_reports():
            for delivery in world.act(_WRITER, "take_reports"):
                self._report(delivery)
        still = []
        for offset, reached in self._reached:
            if offset >= self._next:
                still.append((offset, reached))
            elif not reached.done():
                reached.set_result(None)
        self._reached = still

    def _read(self, consumed: Consumed) -> None:
        if consumed.error:
            return
        record = consumed.record
        self.subjects.replay(record.key or b"", record.value)
        self._next = record.offset + 1

    def _report(self, delivery: Delivery) -> None:
        waiting = self._written.pop(delivery.id, None)
        if waiting is None or waiting.done():
            return
        if delivery.error:
            refused = Refused(50001, f"{TOPIC} refused a record: error {delivery.error}")
            waiting.set_exception(refused)
        else:
            waiting.set_result(delivery.record.offset)


class SchemaRegistry:
    """One registry.  Made and closed on the loop's thread."""

    def __init__(self, pacing: Pacing, brokers: tuple[NodeName, ...], bound: socket.socket) -> None:
        self.port: int = bound.getsockname()[1]
        self._store = Store(pacing, brokers)
        self._changing = asyncio.Lock()
        self._ready = asyncio.create_task(self._store.write((NOOP,)))
        pacing.after_run.append(self._store.turn)
        routes = [(r"/.*", _Handler, {"registry": self})]
        self._server = HTTPServer(Application(routes, log_function=lambda handler: None))
        bound.listen()
        bound.setblocking(False)
        self._server.add_socket(bound)

    @property
    def url(self) -> str:
        """`http://127.0.0.1:8081`"""
        return f"http://{HOST}:{self.port}"

    async def serve(self, request: Request) -> tuple[int, Any]:
        """Answer one request: HTTP status and JSON."""
        try:
            await asyncio.shield(self._ready)
            if request.method == "GET":
                found = answer(self._store.subjects, request)
                return found.status, found.body
            async with self._changing:
                found = answer(self._store.subjects, request)
                if found.records:
                    await self._store.write(found.records)
                return found.status, found.body
        except Refused as refused:
            found = refused.answer()
            return found.status, found.body

    async def close(self) -> None:
        """Take no more requests and end the connections."""
        self._server.stop()
        self._ready.cancel()
        await self._server.close_all_connections()


class _Handler(RequestHandler):
    """HTTP to `Request`, and back."""

    def initialize(self, registry: SchemaRegistry) -> None:
        self.registry = registry

    async def _any(self) -> None:
        query = {name: self.get_query_argument(name) for name in self.request.query_arguments}
        try:
            body = json.loads(self.request.body) if self.request.body else None
        except ValueError as error:
            body = None
            if self.request.method != "GET":
                status: int = 400
                said: Any = {"error_code": 400, "message": f"the body is not JSON: {error}"}
                self._write(status, said)
                return
        request = Request(self.request.method or "GET", self.request.path, query, body)
        self._write(*await self.registry.serve(request))

    def _write(self, status: int, body: Any) -> None:
        self.set_status(status)
        self.set_header("Content-Type", _CONTENT_TYPE)
        self.write(json.dumps(body, ensure_ascii=False).encode())

    def log_exception(self, *_: Any) -> None:
        """A client is told; nobody else needs to be."""

    get = post = put = delete = _any
