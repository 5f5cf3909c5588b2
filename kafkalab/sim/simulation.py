"""A Kafka cluster in virtual time: make it, use it, break it, fork it.

    sim = Simulation(brokers=3, seed=7)
    sim.create_topic("orders", partitions=3, replication_factor=3)
    sim.broker(2).crash()
    sim.run(10)                      ten virtual seconds, some milliseconds of yours
    branch = sim.fork()              and from here on, two futures

Nothing happens between calls: time passes only in a call that says so.  The same seed and the same
calls give the same run, event for event (`sim.trace.digest()`).

Invariants: `now` never falls; what is done to a fork never shows in its origin.
Left out: going back: `at` looks back, and a fork of that view goes on from then, in another future.
Read next: `world.world`, which does all this; `cluster`, what is in it.
"""

from collections.abc import Callable, Mapping
from inspect import iscoroutinefunction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from kafkalab.chance import Stream
from kafkalab.config import Config
from kafkalab.errors import LearnerError
from kafkalab.ids import NO_NODE, NodeId, NodeName
from kafkalab.metadata import MetadataImage
from kafkalab.sim import cluster, instants, ledger, saved, telling, topics
from kafkalab.sim.branches import Branch, Branches
from kafkalab.sim.changes import Change
from kafkalab.sim.clients import ALIAS, SimulatedClients
from kafkalab.sim.cluster import StoredRecord
from kafkalab.sim.fate import Fate
from kafkalab.sim.instants import Instant, ms_of
from kafkalab.sim.ledger import Ledger
from kafkalab.sim.open_simulations import opened
from kafkalab.sim.parts import AppHandle, Clocks, Network, Server
from kafkalab.sim.saved import Code
from kafkalab.sim.twins import Twins, run_twins
from kafkalab.sim.why import Explanation, why
from kafkalab.world import Driver, Entry, Trace, World, actions
from kafkalab.world.apps import Function
from kafkalab.world.driver import ENDLESS_MS, Rules
from kafkalab.world.history import History
from kafkalab.world.servers import Racks, racks_of


class Simulation:
    """See the module's docstring.  Seconds are virtual; `now` is in whole virtual ms.

    `combined`: every broker is a controller too, and there are no others (101 …).
    `wire`: every message goes through Kafka's byte format and back (slower; the same run).
    `config`: broker settings by Kafka's own names, `{"replica.lag.time.max.ms": 5000}`.
    `racks`: `["a", "b"]`, dealt out in turn, or `{1: "a", …}`; copies are spread over them.
    `started_at` is when the cluster was ready, in virtual ms; set it to where your story begins.
    """

    def __init__(
        self,
        brokers: int = 3,
        seed: int = 0,
        controllers: int = 1,
        *,
        combined: bool = False,
        wire: bool = False,
        config: Mapping[str, Any] | None = None,
        racks: Racks | None = None,
        is_current: bool = True,
    ) -> None:
        self.config: Config = cluster.settings(brokers, config, seed)
        named = {"config": dict(config or {}), "racks": racks_of(brokers, racks)}
        sizes = {"brokers": brokers, "seed": seed, "controllers": controllers}
        self.options: Mapping[str, Any] = {**sizes, "combined": combined, "wire": wire, **named}
        self.name = "Simulation"
        self.is_closed = False
        world = World(seed, is_wire=wire)
        self._attach(world)
        cluster.build(world, self.config, self.options)
        self.bootstrap: tuple[NodeName, ...] = cluster.names(brokers)
        world.apps.clients = SimulatedClients(self.bootstrap)
        self.driver.wait(lambda: cluster.is_ready(world), None, "the brokers are in service")
        self.started_at = self.now
        self.driver.history = History(world)
        self.branch = Branch(self, self.name, self.now)
        if is_current:
            opened(self)

    @classmethod
    def made(cls, **options: Any) -> Self:
        """A simulation that `kafka:9092` does not mean; `options` as for the class."""
        return cls(**options, is_current=False)

    def _attach(self, world: World, rules: Rules | None = None) -> None:
        self.driver = Driver(world, rules)
        self.network, self.clocks = Network(self.driver), Clocks(self.driver)

    # what there is

    @property
    def world(self) -> World:
        """The world itself, to be read."""
        return self.driver.world

    @property
    def now(self) -> int:
        """The clock: virtual ms since the beginning; Unix ms of a live cluster frozen."""
        return self.world.now

    @property
    def seed(self) -> int:
        return self.world.seed

    @property
    def trace(self) -> Trace:
        """What happened, in order, each with its cause."""
        return self.world.trace

    @property
    def bootstrap_servers(self) -> str:
        """For a client's `bootstrap.servers`; clients of this project reach it by this text."""
        return f"{ALIAS}:{cluster.PORT}"

    @property
    def metadata(self) -> MetadataImage:
        """What the controllers have committed."""
        return cluster.metadata(self.world)

    @property
    def topics(self) -> list[str]:
        """Names of the topics, internal ones (`__consumer_offsets`) left out, sorted."""
        return topics.names(self.world)

    def broker(self, broker_id: NodeId | None) -> Server:
        """Broker 1 … n, to crash, restart or pause it.  `LearnerError` if there is none."""
        if broker_id is None:
            raise LearnerError("there is no broker None: has the partition no leader just now?")
        return Server(self.driver, cluster.broker(self.world, broker_id).name, broker_id)

    def controller(self, node_id: NodeId) -> Server:
        """Controller 101 …, or 1 … if combined.  `LearnerError` if there is none of that number."""
        return Server(self.driver, cluster.controller(self.world, node_id).name, node_id)

    def alive(self) -> list[NodeId]:
        """The brokers whose process runs (paused and fenced ones too)."""
        world = self.world
        return [node.broker_id for node in cluster.brokers(world) if world.is_up(node.name)]

    def leader(self, topic: str, partition: int) -> NodeId | None:
        """Who leads, by the controllers' metadata; None if nobody does.  KafkaError if unknown."""
        leader = topics.partition(self.world, topic, partition).leader
        return None if leader == NO_NODE else leader

    def isr(self, topic: str, partition: int) -> tuple[NodeId, ...]:
        """The in-sync replicas, by the controllers' metadata.  KafkaError if unknown."""
        return topics.partition(self.world, topic, partition).isr

    def records(self, topic: str, partition: int | None = None) -> list[StoredRecord]:
        """What a consumer could read now: committed records, by partition and offset.

        KafkaError if the topic is unknown, `LearnerError` while a partition has no leader.
        """
        return topics.records(self.world, topic, partition)

    def draw(self, purpose: str, low: int, high: int) -> int:
        """A number from low to high that the seed decides: the same for the same purpose."""
        return Stream(self.seed, f"learner/{purpose}").between(low, high)

    # topics

    def create_topic(
        self,
        name: str,
        partitions: int = 1,
        replication_factor: int = 1,
        config: Mapping[str, Any] | None = None,
    ) -> None:
        """Create a topic and wait until every broker in service knows its leaders.

        KafkaError with Kafka's own code if the controller refuses; `StillWaiting` after a minute.
        """
        topics.create_topic(self.driver, name, partitions, replication_factor, config)

    def delete_topic(self, name: str) -> None:
        """Delete a topic and wait until every broker in service knows.  KafkaError if refused."""
        topics.delete_topic(self.driver, name)

    # clients and apps

    def add_client(self, kind: str, conf: Mapping[str, Any]) -> NodeName:
        """A client node ("producer", "consumer", "admin") for a handle; returns its name.

        `ConfigError` for an option that is unknown or does not fit.
        """
        name: NodeName = self.driver.call(
            f"adding a {kind}", lambda world: actions.add_client(world, kind, conf)
        )
        return name

    def app(self, function: Function, name: str | None = None) -> AppHandle:
        """Run `async def function(app)` inside the world, beside all else, from now on.

        It makes its clients by `app.producer(conf)` and `app.consumer(conf)` and waits by `await`.
        A fork runs it again from its start against what it saw before the fork, so it must be
        repeatable, and what it does to things outside is done again.
        """
        if not iscoroutinefunction(function):
            raise LearnerError(f"sim.app takes an async function, not {function!r}")
        made: str = self.driver.call(
            f"starting {function.__name__}",
            lambda world: actions.start_app(world, function, name),
        )
        return AppHandle(self.driver, made)

    # time and faults

    def run(self, seconds: float | None = None, *, steps: int | None = None) -> None:
        """Let so many virtual seconds pass, or so many steps be taken."""
        if (seconds is None) == (steps is None):
            raise LearnerError("how long?  run(5) is five virtual seconds, run(steps=5) five steps")
        if steps is not None:
            self.driver.run_steps(steps)
        elif seconds is not None:
            self.driver.run_for(ms_of(seconds))

    def run_to(self, ms: float) -> None:
        """Run to that instant, in ms since the cluster began (`instant_ms`: or as `now` has it).

        Nothing if it is later already; `LearnerError` if it was before the cluster was ready.
        """
        self.driver.run_to(instants.to_run_to(ms, self.world, self.started_at))

    def step(self) -> list[Entry]:
        """Handle the next message, timer or fault; returns what happened, the first its cause."""
        since = self.world.trace.next_id
        self.driver.step()
        return list(self.world.trace.recent(since))

    def run_until(
        self,
        condition: Callable[[], object],
        *,
        limit_ms: int = ENDLESS_MS,
        what: str = "the condition holds",
    ) -> None:
        """Run until the condition holds; `StillWaiting` if it does not within `limit_ms`."""
        if not self.driver.wait(condition, limit_ms, what):
            raise self.driver.still_waiting(limit_ms, what)

    def sleep(self, seconds: float) -> None:
        """Let virtual seconds pass, as `time.sleep` does with yours."""
        self.driver.run_for(ms_of(seconds))

    def schedule(self, seconds: float, words: str) -> None:
        """Plan a fault so many virtual seconds from now: "crash 2", "heal" (`world.faults`).

        `LearnerError` for words that are no command; one that does not apply then is passed over.
        """
        at = self.now + ms_of(seconds)
        self.driver.call(f"planning {words!r}", lambda world: world.schedule(at, words))

    def run_to_next(
        self, *what: str, topic: str | None = None, limit_ms: int = ENDLESS_MS
    ) -> Instant:
        """Run until the next of these happens ("isr", "leader", "watermark", "generation",
        "fence", "commit", "fault", …: `instants.KINDS`); says what it was.  `StillWaiting`.
        """
        return instants.run_to_next(self.driver, what, topic, limit_ms)

    def instants(self, *what: str, topic: str | None = None) -> list[Instant]:
        """The instants there have been, as `run_to_next` names them, oldest first."""
        return instants.instants(self.trace, what, topic, self.world.began)

    # what became of records

    def ledger(self, topic: str | None = None) -> Ledger:
        """Every record the applications believe they sent, and what became of each."""
        with self.driver.locked() as world:
            return ledger.ledger(world, topic)

    def fate(self, record: Any) -> Fate:
        """One record's life: of a message, "orders-0@41", or its value or key.  `LearnerError`."""
        with self.driver.locked() as world:
            return ledger.find(world, record)

    def why(self, about: Any) -> Explanation:
        """Why is it so?  About a partition, a record, a consumer, a group, an event, an error."""
        with self.driver.locked() as world:
            return why(world, about)

    # branches

    def fork(self, name: str | None = None) -> Self:
        """A simulation that is now as this one, and goes its own way.

        With a name the tree keeps it: `sim.branches["what if"]`.
        `kafka:9092` goes on to mean the origin: `Producer(conf, sim=branch)` for this one.
        """
        with self.driver.locked() as world:
            now = telling.seconds(world.now, world.began)
            other = self.branched(world.fork(), name or f"{self.name}, branch at {now}")
        other.branch = self.branch.add(other, name, self.now)
        return other

    @property
    def branches(self) -> Branches:
        """The tree of forks that this one belongs to."""
        return Branches(self.branch)

    def at(self, seconds: float) -> Self:
        """A view of then (seconds since the cluster began: `instant_ms`), to be read only.

        To go on from there, fork it.  `LearnerError` before the cluster was ready or after now.
        """
        with self.driver.locked() as world:
            assert self.driver.history is not None
            past, ms = instants.seen_at(self.driver.history, world, seconds)
            then = telling.seconds(ms, world.began)
            view = self.branched(past, f"{self.name} at {then}")
        view.driver.is_view = True
        view.branch = self.branch
        return view

    @classmethod
    def of(cls, world: World, config: Config, name: str) -> Self:
        """A simulation that goes on from a world made elsewhere; `kafka:9092` names it from now on.

        Its clients are to be nodes of this project; nothing before this instant can be seen again.
        """
        sim = cls.__new__(cls)
        sim._attach(world)
        sim.options, sim.config, sim.name, sim.is_closed = {}, config, name, False
        sim.bootstrap = tuple(node.name for node in cluster.brokers(world))
        world.apps.clients = SimulatedClients(sim.bootstrap)
        sim.started_at = world.now
        sim.driver.history = History(world)
        sim.branch = Branch(sim, name, world.now)
        opened(sim)
        return sim

    def branched(self, world: World, name: str) -> Self:
        """A simulation around a world that has come from this one's; it hangs in no tree yet."""
        other = type(self).__new__(type(self))
        other._attach(world, self.driver.rules)
        other.options, other.config, other.bootstrap = self.options, self.config, self.bootstrap
        other.name, other.started_at, other.is_closed = name, self.started_at, False
        if self.driver.history is not None:
            other.driver.history = self.driver.history.fork(world)
        return other

    def twins(self, change: Change, *, until: float | None = None) -> Twins:
        """This run again, twice, with one thing changed in the second (`changes`: `config`,
        `without`, `move`, `also`, `swap`), to `until` (by default now), in seconds since it began.
        """
        end = None if until is None else instants.instant_ms(until, self.world.began)
        return run_twins(self, change, end)

    # saving

    def save(self, path: str | Path) -> None:
        """Write how this run came about, as text (JSON): see `saved`.  `LearnerError`."""
        Path(path).write_text(saved.text(self), encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path, code: Code | None = None) -> Self:
        """The run that was saved, made again and compared.  `saved.CannotLoad` says why not.

        `code`: the functions its apps run, where they are not found by themselves.
        """
        return saved.restored(cls, saved.read_file(Path(path)), code)

    def link(self) -> str:
        """The same as `save`, in one short word, without the source of functions."""
        return saved.write_link(self)

    @classmethod
    def from_link(cls, link: str, code: Code | None = None) -> Self:
        """As `load`, from what `link` gave."""
        return saved.restored(cls, saved.read_link(link), code)

    def close(self) -> None:
        """Done with it: `kafka:9092` means the simulation before.  It can still be read."""
        self.is_closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        alive = ", ".join(map(str, self.alive())) or "none"
        now = telling.seconds(self.now, self.world.began)
        return f"<{self.name}: seed {self.seed}, {now}, brokers up: {alive}>"
