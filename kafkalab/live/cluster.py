"""`LiveCluster`: the simulator's own brokers on the wall clock, with a TCP door each.

    with LiveCluster(brokers=3) as cluster:
        confluent_kafka.Producer({"bootstrap.servers": cluster.bootstrap_servers})
        cluster.broker(2).crash()

A thread of its own runs an event loop, the world in it, and a listener for each broker; crashed
brokers refuse connections until they are restarted, on the same port.  The nodes are the classes
that a simulation runs.

Invariants: the world changes on the loop's thread alone, under the lock; after `close` no thread,
task or descriptor is left.
Read next: `pacing`, `listener`; `freezing`, the way back into virtual time.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from kafkalab.client.producer import ProducerNode
from kafkalab.config import MEMORY_BYTES_MAX
from kafkalab.errors import LearnerError
from kafkalab.ids import NodeId, server_name
from kafkalab.live.directories import Directories
from kafkalab.live.freezing import frozen
from kafkalab.live.listener import HOST, Listener, NoPort, bind
from kafkalab.live.live_broker import LiveBroker
from kafkalab.live.pacing import Pacing
from kafkalab.live.waiting import Waiting
from kafkalab.sim import Simulation
from kafkalab.world import World, clocks, servers
from kafkalab.world.garbage import rarely_collected
from kafkalab.world.operator import OPERATOR, Operator, create_topic_request, raise_refused
from kafkalab.world.undecided import API_TIMEOUT_MS, why_undecided

if TYPE_CHECKING:
    from kafkalab.live.schema_registry import SchemaRegistry

T = TypeVar("T")
Observer = Callable[[int, tuple[str, ...]], None]
_BY_HAND: Final = "by hand"
_LOOK_EVERY_BYTES: Final = MEMORY_BYTES_MAX // 16
_START_LIMIT_S: Final = 30.0
_CALL_LIMIT_S: Final = API_TIMEOUT_MS / 1000


class LiveCluster:
    """See the module's docstring.  Every method may be called from any thread but the loop's.

    `config`: broker settings by Kafka's own names.  `port`: of the first broker, the others follow;
    0 takes free ones.  `NoPort` if one is taken or refused, `ConfigError` for what does not fit.
    `combined`: every broker is a controller too, instead of `controllers` apart.
    `data`: a directory for the servers' logs; a later cluster goes on from it.  `StorageFailure`
    if it is in use or damaged.
    `racks`: `["a", "b"]`, dealt out in turn, or `{1: "a", …}`.
    `schema_registry`: whether to run one too (`schema_registry_url`); a number is its port.
    """

    def __init__(
        self,
        brokers: int = 3,
        controllers: int = 1,
        seed: int = 0,
        *,
        combined: bool = False,
        config: Mapping[str, Any] | None = None,
        port: int = 0,
        schema_registry: bool | int = False,
        data: str | Path | None = None,
        racks: servers.Racks | None = None,
    ) -> None:
        self.name = "Live cluster"
        self.config = servers.settings(brokers, config)
        self._racks = servers.racks_of(brokers, racks)
        self._sockets = []
        try:
            for number in range(brokers):
                self._sockets.append(bind(port + number if port else 0))
        except OSError as error:
            for bound in self._sockets:
                bound.close()
            raise NoPort(port + len(self._sockets) if port else 0, error) from None
        self._ports = [bound.getsockname()[1] for bound in self._sockets]
        self.world = World(seed, latency_ms=0, began=int(time.time() * 1000))  # noqa: TID251
        self._build(brokers, controllers, data, combined=combined)
        self._loop = asyncio.new_event_loop()
        self._pacing = Pacing(self.world, self._loop)
        addresses = {server_name(n): (HOST, port) for n, port in enumerate(self._ports, 1)}
        self._listeners = [
            Listener(self._pacing, name, bound, addresses)
            for name, bound in zip(addresses, self._sockets, strict=True)
        ]
        self._observers: list[tuple[Observer, frozenset[str]]] = []
        self._told = 0  # the next entry of the trace that observers have not been told of
        self._waiting: list[Waiting] = []
        self._openings: set[asyncio.Task[None]] = set()
        self._registry: SchemaRegistry | None = None
        self._is_closed = False
        self._thread = threading.Thread(target=self._serve, name="kafkalab-live", daemon=True)
        self._thread.start()
        self.wait(self._is_serving, _START_LIMIT_S, "every broker answers")
        if schema_registry is not False:
            self._run_registry(0 if schema_registry is True else schema_registry)

    def _build(
        self, brokers: int, controllers: int, data: str | Path | None, *, combined: bool
    ) -> None:
        def address(node_id: NodeId) -> tuple[str, int]:
            return server_name(node_id), self._ports[node_id - 1]

        def build(disk_of: servers.DiskOf) -> None:
            world, config, racks = self.world, self.config, self._racks
            servers.build(
                world,
                brokers,
                controllers,
                config,
                address,
                disk_of,
                combined=combined,
                racks=racks,
            )

        self._directories: Directories | None = None
        if data is None:
            build(servers.in_memory)
            return
        try:
            apart = 0 if combined else controllers
            self._directories = Directories(Path(data), brokers, apart, self.config)
            build(self._directories.disk_of)
        except BaseException:
            for bound in self._sockets:
                bound.close()
            if self._directories is not None:
                self._directories.abandon()
            raise

    @property
    def notes(self) -> list[str]:
        """What had to be mended in the directories when they were opened, in sentences."""
        return [] if self._directories is None else self._directories.notes

    @property
    def bootstrap_servers(self) -> str:
        """`127.0.0.1:9092,127.0.0.1:9093,…`"""
        return ",".join(f"{HOST}:{port}" for port in self._ports)

    @property
    def schema_registry_url(self) -> str:
        """`http://127.0.0.1:8081`.  `LearnerError` if this cluster runs none."""
        if self._registry is None:
            raise LearnerError("no schema registry here: LiveCluster(schema_registry=True)")
        return self._registry.url

    def _run_registry(self, port: int) -> None:
        try:
            module = import_module("kafkalab.live.schema_registry")
        except ModuleNotFoundError as error:
            self.close()
            raise LearnerError(
                f"a schema registry needs {error.name}: pip install 'kafkalab[schema-registry]'"
            ) from error
        brokers = tuple(listener.broker for listener in self._listeners)
        try:
            bound = bind(port)
            if module.TOPIC not in servers.metadata(self.world).topics:
                copies, config = min(3, len(brokers)), {"cleanup.policy": "compact"}
                self.create_topic(module.TOPIC, 1, copies, config)
        except BaseException:
            self.close()
            raise
        self._registry = self._call(lambda: module.SchemaRegistry(self._pacing, brokers, bound))

    @contextmanager
    def locked(self) -> Iterator[World]:
        """Hold the world still, to read it.  Be quick: the brokers wait."""
        with self._pacing.lock:
            yield self.world

    def broker(self, broker_id: NodeId) -> LiveBroker:
        """Broker 1 … n.  `CommandError` if there is none of that number."""
        return LiveBroker(self, servers.broker(self.world, broker_id).broker_id)

    def command(self, words: str) -> None:
        """Do a fault now: `crash 2`, `partition 1 | 2,3`, `heal` … (`world.faults`)."""
        clocks.refuse_live(words)
        self._call(lambda: self.world.command(words))

    def schedule(self, seconds: float, words: str) -> None:
        """Plan a fault so many seconds from now.  `LearnerError` for words that are none."""
        clocks.refuse_live(words)
        self._call(lambda: self.world.schedule(self.world.now + round(seconds * 1000), words))

    def create_topic(
        self,
        name: str,
        partitions: int = 1,
        replication_factor: int = 1,
        config: Mapping[str, Any] | None = None,
    ) -> None:
        """Create a topic and wait until every broker knows its leaders.

        KafkaError with Kafka's own code if the controller refuses.
        """
        request = create_topic_request(name, partitions, replication_factor, config)
        operator = self.world.nodes[OPERATOR]
        assert isinstance(operator, Operator)
        if not (in_service := servers.in_service(self.world)):
            raise LearnerError(f"no broker is in service to be asked for {name}: restart 1")
        server = in_service[0].name
        self._call(lambda: self.world.act(OPERATOR, "ask", server, request))
        try:
            self.wait(lambda: operator.is_done, _CALL_LIMIT_S, f"{name} is created")
        except LearnerError:
            raise LearnerError(why_undecided(self.world, f"{name} is created")) from None
        if operator.answer is None:
            raise LearnerError(f"the broker asked for {name} went away: try again")
        raise_refused(operator.answer.topics)
        self.wait(lambda: servers.knows_topic(self.world, name), _CALL_LIMIT_S, f"all know {name}")

    def produce(self, topic: str, key: bytes | None, value: bytes | None) -> None:
        """Put one record into a topic, by a producer of the cluster's own; waits for nothing.

        Real clients are how records come; this is for a button.  `LearnerError`: no such topic.
        """

        def send() -> None:
            world = self.world
            if topic not in servers.metadata(world).topics:
                raise LearnerError(f"there is no topic {topic!r}")
            if _BY_HAND not in world.nodes:
                brokers = tuple(listener.broker for listener in self._listeners)
                conf = {"bootstrap.servers": ",".join(brokers), "linger.ms": 0}
                world.add(ProducerNode(_BY_HAND, conf, world.seed, brokers))
            world.act(_BY_HAND, "produce", topic, value, key, -1, (), 0)

        self._call(send)

    def freeze(self, name: str | None = None) -> Simulation:
        """A simulation of this instant, to be run on and forked; the live cluster goes on.

        Real clients are not in it: their connections end there, as if their processes had died.
        """
        with self.locked() as world:
            at = f"{self.name}, frozen at {(world.now - world.began) / 1000:.3f} s"
            return frozen(world, self.config, name or at)

    def observe(self, observer: Observer, kinds: Collection[str]) -> None:
        """Call `observer(now, kinds of the events)` after each turn with events of these kinds.

        On the loop's thread, with the world held still: be quick.
        """
        self._call(lambda: self._observers.append((observer, frozenset(kinds))))

    def wait(self, condition: Callable[[], object], seconds: float, what: str) -> None:
        """Block until the condition holds, looked at whenever the world has moved.

        `LearnerError` after so many seconds; what the condition raises is passed on.
        """
        self._refuse_if_closed()
        waiting = Waiting(condition)
        self._loop.call_soon_threadsafe(self._watch, waiting)
        if not waiting.over.wait(seconds):
            raise LearnerError(f"waited {seconds:g} s, and still not: {what}")
        if waiting.failed is not None:
            raise waiting.failed

    def close(self) -> None:
        """Stop serving: connections end, ports are free again.  A second time: nothing."""
        if self._is_closed:
            return
        self._is_closed = True
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        if self._directories is not None:
            self._directories.close(self.world)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{self.name}: {self.bootstrap_servers}{' (closed)' if self._is_closed else ''}>"

    # --- on the loop's thread

    def _serve(self) -> None:
        loop = self._loop
        asyncio.set_event_loop(loop)
        try:
            self._pacing.after_run += [
                self._write_answers,
                self._look_at_crashes,
                self._look_at_memory,
                self._tell_observers,
                self._tell,
            ]
            loop.call_soon(self._pacing.run)
            with rarely_collected():  # or one answer in twenty waits for the collector
                loop.run_forever()
        finally:
            if self._registry is not None:
                loop.run_until_complete(self._registry.close())
            self._pacing.stop()
            for listener in self._listeners:
                listener.close()
                for connection in list(listener.connections.values()):
                    connection.drop()
            for task in self._openings:
                task.cancel()
            loop.run_until_complete(asyncio.sleep(0))
            loop.close()

    def _write_answers(self) -> None:
        for listener in self._listeners:
            if listener.news:
                listener.write_answers()

    def _look_at_crashes(self) -> None:
        """A crashed broker has no door; one that runs has."""
        for listener in self._listeners:
            is_up = listener.broker not in self.world.crashed
            if is_up and not listener.is_open and not listener.is_opening:
                listener.is_opening = True
                task = self._loop.create_task(listener.open())
                self._openings.add(task)
                task.add_done_callback(self._openings.discard)
                task.add_done_callback(lambda _: self._pacing.run())
            elif not is_up and listener.is_open:
                listener.close()
                listener.hang_up()

    def _look_at_memory(self) -> None:
        """When much has come in: let each broker drop what is oldest."""
        if self._pacing.received < _LOOK_EVERY_BYTES:
            return
        self._pacing.received = 0
        for node in servers.brokers(self.world):
            if self.world.is_up(node.name) and node.disk.storage is None:
                self.world.act(node.name, "drop_oldest", MEMORY_BYTES_MAX)

    def _tell_observers(self) -> None:
        trace = self.world.trace
        since, self._told = self._told, trace.next_id
        if not self._observers or since == trace.next_id:
            return
        happened = dict.fromkeys(entry.event[0] for entry in trace.recent(since))
        for observer, wanted in self._observers:
            kinds = tuple(kind for kind in happened if kind in wanted)
            if kinds:
                observer(self.world.now - self.world.began, kinds)

    def _tell(self) -> None:
        """Release those whose condition holds."""
        if self._waiting:
            self._waiting = [each for each in self._waiting if not each.is_over()]

    def _watch(self, waiting: Waiting) -> None:
        if not waiting.is_over():
            self._waiting.append(waiting)

    def _is_serving(self) -> bool:
        return servers.is_ready(self.world) and all(one.is_open for one in self._listeners)

    def _refuse_if_closed(self) -> None:
        if self._is_closed:
            raise LearnerError("this cluster is closed: make another LiveCluster")

    def _call(self, function: Callable[[], T]) -> T:
        """Run a function on the loop's thread, then the world; what it raises is passed on."""
        self._refuse_if_closed()
        done: list[T] = []
        failed: list[Exception] = []
        over = threading.Event()

        def call() -> None:
            try:
                with self._pacing.lock:
                    done.append(function())
            except Exception as error:
                failed.append(error)
            self._pacing.run()
            over.set()

        self._loop.call_soon_threadsafe(call)
        if not over.wait(_CALL_LIMIT_S):
            raise LearnerError("the cluster does not answer")
        if failed:
            raise failed[0]
        return done[0]
