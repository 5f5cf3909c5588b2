"""The story of lesson 05: a shop ships orders, and dies at a point of its loop that we choose.

    orders ──▶ poll ▶ ship (a parcel) ▶ commit ──▶ next order        one consumer, group "shop"
                 └── the process is killed here ─┘                   then a new process takes over

A parcel is a record in the topic `parcels`, so what was done can be counted: an order with no
parcel is lost, one with two is repeated.

Read next: `lesson_05`, which judges loops by it.
"""

from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Final

from kafkalab import Consumer, Producer, Simulation
from kafkalab.client.message import OFFSET_BEGINNING, Message, TopicPartition

SERVERS: Final = {"bootstrap.servers": "kafka:9092"}
ORDERS: Final = 8
POINTS: Final = (
    "before the poll",
    "after the poll",
    "half way through the work",
    "after the work",
    "while it commits",
    "after the commit",
)
_WHILE, _AFTER = POINTS[4], POINTS[5]
_WORK_S: Final = 0.04
_LIMIT_MS: Final = 120_000

Loop = Callable[["Shop"], Coroutine[Any, Any, None]]


@dataclass(slots=True)
class Plan:
    """Where the process is to die: at a point of the loop, in the round of one order."""

    point: str = ""
    order: int = -1
    is_there: bool = False
    is_automatic: bool = False
    is_transactional: bool = False
    waits_for_timer: bool = False  # the next automatic commit decides

    def reached(self, point: str, order: int) -> bool:
        """Whether this is where."""
        is_here = point == self.point and order == self.order
        self.is_there = self.is_there or is_here
        return is_here


@dataclass(slots=True)
class Shop:
    """What a loop is given: clients of the shop, and calls that the process can die in.

    Each is one call of the client, or two: `poll` is `consumer.poll`, `ship` works for 40 ms and
    produces a parcel, `commit` is `consumer.commit(message, asynchronous=False)`.
    """

    app: Any
    plan: Plan
    consumer: Any = None
    producer: Any = None
    _rounds: int = field(default=0)

    async def open(self, conf: Mapping[str, Any], transactional_id: str = "") -> None:
        """Make the consumer and the producer.  `conf` is added to the consumer's settings."""
        producing: dict[str, Any] = {**SERVERS, "linger.ms": 0}
        if transactional_id:
            producing["transactional.id"] = transactional_id
        self.producer = self.app.producer(producing)
        if transactional_id:
            await self.producer.init_transactions()
        settings = {
            **SERVERS,
            "group.id": "shop",
            "auto.offset.reset": "earliest",
            "session.timeout.ms": 6_000,
            "auto.commit.interval.ms": 100,
            **conf,
        }
        self.plan.is_automatic = str(settings.get("enable.auto.commit", True)).lower() == "true"
        self.consumer = self.app.consumer(settings)
        self.consumer.subscribe(["orders"])

    async def poll(self) -> Message | None:
        """The next order; None once there has been none for a while."""
        self._check_open()
        await self._point(0)
        message: Message | None = await self.consumer.poll(20.0)
        if message is None or message.error() is not None:
            return None
        self._rounds += 1
        await self._point(1)
        if self.plan.is_automatic:
            self.plan.waits_for_timer = any(
                self.plan.reached(point, self._order) for point in (_WHILE, _AFTER)
            )
        return message

    async def ship(self, order: Message) -> None:
        """Work for 40 ms, then write the parcel: that is the effect."""
        await self.app.sleep(_WORK_S / 2)
        await self._point(2)
        await self.app.sleep(_WORK_S / 2)
        self.producer.produce("parcels", order.value(), key=order.key())
        await self.producer.flush()
        await self._point(3)

    async def commit(self, order: Message) -> None:
        """Commit the offset after this order, and wait for the answer."""
        self._check_open()
        self.plan.reached(_WHILE, self._order)
        await self.consumer.commit(order)
        await self._point(5)

    def store(self, order: Message) -> None:
        """Let the next automatic commit cover this order (with enable.auto.offset.store off)."""
        self.consumer.store_offsets(order)

    def begin_transaction(self) -> None:
        """What follows happens whole or not at all."""
        self.plan.is_transactional = True
        self.producer.begin_transaction()

    async def send_offsets(self, order: Message) -> None:
        """Put the offset after this order into the transaction."""
        topic, partition, offset = order.topic(), order.partition(), order.offset()
        assert topic is not None and partition is not None and offset is not None
        place = TopicPartition(topic, partition, offset + 1)
        member = self.consumer.consumer_group_metadata()
        await self.producer.send_offsets_to_transaction([place], member)

    async def commit_transaction(self) -> None:
        """Parcels and offsets become visible together."""
        self.plan.reached(_WHILE, self._order)
        await self.producer.commit_transaction()
        await self._point(5)

    @property
    def _order(self) -> int:
        return self._rounds - 1

    async def _point(self, number: int) -> None:
        """If the process is to die here, wait for that."""
        order = self._order + (number == 0)
        if self.plan.reached(POINTS[number], order):
            await self.app.sleep(3_600)

    def _check_open(self) -> None:
        if self.consumer is None:
            raise RuntimeError("the shop is not open: await shop.open({…}) first")


@dataclass(frozen=True, slots=True)
class Day:
    """What came of it: the simulation, and the parcels by order."""

    sim: Simulation
    parcels: Mapping[str, int]
    #: As it was when the process died.
    crash: Simulation | None
    plan: Plan

    @property
    def lost(self) -> list[str]:
        """Orders nobody ever shipped, though the group is past them."""
        return [name for name, count in self.parcels.items() if count == 0]

    @property
    def repeated(self) -> list[str]:
        """Orders shipped twice or more."""
        return [name for name, count in self.parcels.items() if count > 1]

    @property
    def handed_over(self) -> dict[str, int]:
        """How often each order came out of a poll, as the ledger of records has it."""
        fates = self.sim.ledger("orders")
        return {(fate.value or b"").decode(): fate.applied.get("shop", 0) for fate in fates}

    @property
    def table(self) -> str:
        """A row for each order."""
        handed = self.handed_over
        rows = ["order      handed over  parcels"]
        for name, count in self.parcels.items():
            word = "lost" if count == 0 else "repeated" if count > 1 else ""
            rows.append(f"{name:<11}{handed[name]:^11}  {count:^7}  {word}".rstrip())
        return "\n".join(rows)


@cache
def _morning() -> Simulation:
    """A broker, and eight orders that wait."""
    sim = Simulation.made(brokers=1, seed=5, config={"group.initial.rebalance.delay.ms": 0})
    sim.create_topic("orders")
    sim.create_topic("parcels")
    producer = Producer(SERVERS, sim=sim)
    for number in range(ORDERS):
        producer.produce("orders", f"order {number}", key=f"#{number}")
    producer.flush()
    return sim


def day(loop: Loop, point: str = "", order: int = 3) -> Day:
    """Run the loop, kill it at that point in the round of that order, let a new process take over.

    Without a point nothing dies.
    """
    sim = _morning().fork()
    sim.name = "The shop"
    plan = Plan(point, order)
    crash = _first(sim, loop, plan) if point else None
    _to_its_end(sim, loop, plan)
    return Day(sim, _parcels(sim), crash, plan)


def crash_of(seed: int) -> tuple[str, int]:
    """The point and the order at which the process of that seed dies."""
    return POINTS[seed % len(POINTS)], (seed * 5 + 1) % ORDERS


def _first(sim: Simulation, loop: Loop, plan: Plan) -> Simulation:
    """Run a process to where it is to die, and kill it.  A fork shows the instant before."""

    async def shop(app: Any) -> None:
        await loop(Shop(app, plan))

    app = sim.app(shop, "the first process")
    sim.run_until(
        lambda: plan.is_there or app.state != "running", limit_ms=_LIMIT_MS, what="the point"
    )
    _raise_what_it_raised(app)
    if app.state == "running" and (plan.point == _WHILE or plan.waits_for_timer):
        _to_its_commit(sim, app)
        if plan.point == _AFTER:
            sim.run(0.005)  # the answer has come
    before_it = sim.fork()
    before_it.name = "The shop, when it dies"
    if app.state == "running":
        app.crash()
    return before_it


def _to_its_commit(sim: Simulation, app: Any) -> None:
    """Until a broker has written a commit, and not answered yet."""
    kinds = ("OffsetCommitted", "TransactionStateChanged")
    since = sim.trace.next_id

    def is_written() -> bool:
        return any(entry.kind in kinds for entry in sim.trace.recent(since))

    sim.run_until(lambda: is_written() or app.state != "running", limit_ms=_LIMIT_MS)


def _to_its_end(sim: Simulation, loop: Loop, plan: Plan) -> None:
    """Run a process that nothing happens to."""
    calm = replace(plan, point="", waits_for_timer=False)

    async def shop(app: Any) -> None:
        await loop(Shop(app, calm))

    app = sim.app(shop, "the second process" if plan.point else "the process")
    sim.run_until(lambda: app.state != "running", limit_ms=_LIMIT_MS, what="all orders are read")
    _raise_what_it_raised(app)
    plan.is_automatic, plan.is_transactional = calm.is_automatic, calm.is_transactional


def _raise_what_it_raised(app: Any) -> None:
    if app.error.startswith("NotImplementedError"):
        raise NotImplementedError
    if app.state == "crashed":
        raise RuntimeError(app.error)


def _parcels(sim: Simulation) -> dict[str, int]:
    """What a reader of committed records finds, for each order."""
    conf = {**SERVERS, "group.id": "count", "enable.auto.commit": False}
    conf |= {"isolation.level": "read_committed", "enable.partition.eof": True}
    consumer = Consumer(conf, sim=sim)
    consumer.assign([TopicPartition("parcels", 0, OFFSET_BEGINNING)])
    found: Counter[str] = Counter()
    while (message := consumer.poll(5.0)) is not None and message.error() is None:
        found[(message.value() or b"").decode()] += 1
    consumer.close()
    return {f"order {number}": found[f"order {number}"] for number in range(ORDERS)}


# the four loops, and a fifth


async def auto(shop: Shop) -> None:
    """The default: a timer commits what has been handed over."""
    await shop.open({"enable.auto.commit": True})
    while order := await shop.poll():
        await shop.ship(order)


async def after(shop: Shop) -> None:
    """Work, then commit."""
    await shop.open({"enable.auto.commit": False})
    while order := await shop.poll():
        await shop.ship(order)
        await shop.commit(order)


async def before(shop: Shop) -> None:
    """Commit, then work."""
    await shop.open({"enable.auto.commit": False})
    while order := await shop.poll():
        await shop.commit(order)
        await shop.ship(order)


async def in_a_transaction(shop: Shop) -> None:
    """The parcel and the offset in one."""
    await shop.open({"enable.auto.commit": False}, transactional_id="shop")
    while order := await shop.poll():
        shop.begin_transaction()
        await shop.ship(order)
        await shop.send_offsets(order)
        await shop.commit_transaction()


async def auto_stored(shop: Shop) -> None:
    """The timer commits, but only what has been done."""
    await shop.open({"enable.auto.commit": True, "enable.auto.offset.store": False})
    while order := await shop.poll():
        await shop.ship(order)
        shop.store(order)


LOOPS: Final[Mapping[str, Loop]] = {
    "auto": auto,
    "after": after,
    "before": before,
    "in a transaction": in_a_transaction,
}
