"""The stories of lesson 06: members of one group share four partitions of orders.

    orders-0 … orders-3  ──▶  group "shop": members, each an app that polls, works, commits

What is measured: orders done in a second, and **partition-seconds stopped**: for each partition the
time in which no live member had it, added up.

Read next: `lesson_06`, which asks about them.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from kafkalab import Producer, Simulation
from kafkalab.client.errors import KafkaException
from kafkalab.sim.parts import AppHandle
from lab.checking.views import Words

SERVERS: Final = {"bootstrap.servers": "kafka:9092"}
PARTITIONS: Final = 4
NAMES: Final = ("Ann", "Ben", "Cleo", "Dan", "Eve")
_ORDERS: Final = 1_200
_SAMPLE_S: Final = 0.05
_SETTLED_S: Final = 16
_CONFIG: Final = {"group.initial.rebalance.delay.ms": 0}

PROTOCOLS: Final[Mapping[str, Mapping[str, Any]]] = {
    "eager": {"partition.assignment.strategy": "range"},
    "cooperative": {"partition.assignment.strategy": "cooperative-sticky"},
    "KIP-848": {"group.protocol": "consumer"},
}


@cache
def _waiting() -> Simulation:
    """A topic of four partitions, with orders that wait in it."""
    sim = Simulation.made(brokers=1, seed=6, config=_CONFIG)
    sim.name = "The shop"
    sim.create_topic("orders", partitions=PARTITIONS)
    producer = Producer(SERVERS, sim=sim)
    for number in range(_ORDERS):
        producer.produce("orders", f"order {number}", partition=number % PARTITIONS)
    producer.flush()
    return sim


@dataclass(slots=True)
class Shop:
    """A group at work.  `conf`: for every member's consumer; `work`: seconds an order takes.

    `slow`: members that take so many seconds longer for their next order, once.
    """

    conf: Mapping[str, Any] = field(default_factory=dict)
    work: float = 0.25
    sim: Simulation = field(init=False)
    members: dict[str, AppHandle] = field(default_factory=dict)
    slow: dict[str, float] = field(default_factory=dict)
    #: Who did which order, and when (virtual ms).
    done: list[tuple[str, str, int]] = field(default_factory=list)
    #: What the brokers refused a member, and when (virtual ms): commits, and its membership.
    refused: list[tuple[str, int, str]] = field(default_factory=list)
    #: The most partitions without a member at one time, as far as `stopped` looked.
    most_stopped: int = 0

    def __post_init__(self) -> None:
        self.sim = _waiting().fork()
        self.sim.name = "The shop"

    def join(self, *names: str, **conf: Any) -> "Shop":
        """Let members join, each as an app with one consumer."""
        for name in names:
            settings = {
                **SERVERS,
                "group.id": "shop",
                "client.id": name,
                "auto.offset.reset": "earliest",
                "enable.auto.commit": False,
                **self.conf,
                **{key.replace("_", "."): value for key, value in conf.items()},
            }
            process = f"{name}, again" if name in self.members else name
            self.members[name] = self.sim.app(self._member(name, settings), process)
        return self

    def _member(self, name: str, settings: dict[str, Any]) -> Any:
        async def member(app: Any) -> None:
            consumer = app.consumer(settings)
            # With a callback a member gives partitions up in its poll, as Java's always do.
            consumer.subscribe(["orders"], on_revoke=lambda *_: None)
            while True:
                message = await consumer.poll(1.0)
                if message is None:
                    continue
                if (error := message.error()) is not None:
                    self.refused.append((name, self.sim.now, error.name()))
                    continue
                await app.sleep(self.work + self.slow.pop(name, 0))
                self.done.append((name, message.value().decode(), self.sim.now))
                try:
                    await consumer.commit(message)
                except KafkaException as error:  # another has the partition by now
                    self.refused.append((name, self.sim.now, error.args[0].name()))

        return member

    def run(self, seconds: float) -> "Shop":
        """Let time pass."""
        self.sim.run(seconds)
        return self

    @property
    def assignment(self) -> dict[str, list[int]]:
        """Which partitions each live member has, by the members' own word."""
        found: dict[str, list[int]] = {}
        for name, app in self.members.items():
            if app.state == "running":
                node: Any = self.sim.world.nodes[app.clients[-1]]
                found[name] = sorted(place[1] for place in node.assignment())
        return found

    def stopped(self, seconds: float) -> dict[int, float]:
        """Let time pass; for each partition, the seconds in which no live member had it."""
        found = dict.fromkeys(range(PARTITIONS), 0.0)
        for _ in range(round(seconds / _SAMPLE_S)):
            self.sim.run(_SAMPLE_S)
            owned = {place for places in self.assignment.values() for place in places}
            self.most_stopped = max(self.most_stopped, PARTITIONS - len(owned))
            for place in found:
                found[place] += 0 if place in owned else _SAMPLE_S
        return found

    def speed(self, seconds: float) -> float:
        """Let time pass; orders done in a second."""
        before = len(self.done)
        self.sim.run(seconds)
        return (len(self.done) - before) / seconds

    @property
    def repeated(self) -> list[str]:
        """Orders that were done more than once."""
        counts = Counter(order for _, order, _ in self.done)
        return [order for order, count in counts.items() if count > 1]


class OneToFive(Words):
    """One to five members on four partitions: who reads what, and how fast it goes."""

    def __init__(self, counts: Sequence[int] = range(1, 6)) -> None:
        self.speed: dict[int, float] = {}
        self.shops: dict[int, Shop] = {}
        lines = ["| members | who reads what | orders a second |", "| --- | --- | --- |"]
        for count in counts:
            shop = self.shops[count] = Shop().join(*NAMES[:count]).run(8)
            self.speed[count] = shop.speed(4)
            who = "; ".join(
                f"{name}: {', '.join(map(str, places)) or '**nothing**'}"
                for name, places in shop.assignment.items()
            )
            lines.append(f"| {count} | {who} | {self.speed[count]:.0f} |")
        super().__init__("\n".join(lines))


@dataclass(frozen=True, slots=True)
class Stop:
    """What a change cost.  Partition-seconds stopped, `unmoved`: of those that did not move."""

    total: float
    unmoved: float
    rebalances: int
    shop: Shop

    @property
    def at_once(self) -> int:
        """How many partitions stood still at one time, at most."""
        return self.shop.most_stopped


def joins(conf: Mapping[str, Any], slow: float = 0) -> Stop:
    """A fourth member joins three; Ann works on an order that takes `slow` seconds longer."""
    shop = Shop(conf).join(*NAMES[:3]).run(_SETTLED_S)
    before = _begin(shop)
    if slow:
        shop.slow["Ann"] = slow
        shop.run(2 * shop.work)
    return _cost(shop.join("Dan"), 25, before)


def dies(conf: Mapping[str, Any]) -> Stop:
    """One of four is killed."""
    shop = Shop(conf).join(*NAMES[:4]).run(_SETTLED_S)
    before = _begin(shop)
    shop.members["Ben"].crash()
    return _cost(shop, 60, before)


def restarts(conf: Mapping[str, Any], *, is_static: bool) -> Stop:
    """One of four is killed, and a new process of it is there after five seconds."""
    shop = Shop(conf)
    ids = {name: {"group_instance_id": name} if is_static else {} for name in NAMES}
    for name in NAMES[:4]:
        shop.join(name, **ids[name])
    before = _begin(shop.run(_SETTLED_S))
    shop.members["Ben"].crash()
    first = shop.stopped(5)
    return _cost(shop.join("Ben", **ids["Ben"]), 55, before, first)


_Before = tuple[int, dict[str, list[int]]]


def _begin(shop: Shop) -> _Before:
    return shop.sim.trace.next_id, shop.assignment


def _cost(
    shop: Shop, seconds: float, before: _Before, first: Mapping[int, float] | None = None
) -> Stop:
    """Let time pass and add up."""
    stopped = shop.stopped(seconds)
    for place, time in (first or {}).items():
        stopped[place] += time
    since, had = before
    after = shop.assignment
    stayed = {
        place for name, places in had.items() for place in places if place in after.get(name, ())
    }
    changes = [each for each in shop.sim.trace.of("GroupStateChanged") if each.id >= since]
    rounds = {each.fields["generation"] for each in changes if each.fields["after"] == "Stable"}
    unmoved = sum(time for place, time in stopped.items() if place in stayed)
    return Stop(round(sum(stopped.values()), 1), round(unmoved, 1), len(rounds), shop)


def slow_handler(conf: Mapping[str, Any], seconds: float, watch: float = 0) -> Shop:
    """Two members; Ann takes so many seconds longer for one order."""
    shop = Shop(conf, work=1.0).join("Ann", "Ben").run(8)
    shop.slow["Ann"] = seconds
    return shop.run(watch or seconds + 20)


class Costs(Words):
    """What it costs that a fourth member joins, by protocol, with and without a slow order."""

    def __init__(self, slow: float = 10) -> None:
        self.quick = {name: joins(conf) for name, conf in PROTOCOLS.items()}
        self.slow = {name: joins(conf, slow) for name, conf in PROTOCOLS.items()}
        lines = [
            "| | partition-seconds stopped: all quick "
            f"| the same, Ann busy for {slow:g} s | partitions stopped at once | rebalances |",
            "| --- | --- | --- | --- | --- |",
        ]
        for name in PROTOCOLS:
            quick, slowed = self.quick[name], self.slow[name]
            lines.append(
                f"| {name} | {quick.total:.1f} | {slowed.total:.1f} | {slowed.at_once} "
                f"| {slowed.rebalances} |"
            )
        super().__init__("\n".join(lines))


class Restarts(Words):
    """What a kill and a restart five seconds later cost, with and without group.instance.id."""

    def __init__(self) -> None:
        lines = [
            "| | partition-seconds stopped: dynamic | the same, static | rebalances, static |",
            "| --- | --- | --- | --- |",
        ]
        self.cells: dict[tuple[str, bool], Stop] = {}
        for name, conf in PROTOCOLS.items():
            for is_static in (False, True):
                self.cells[name, is_static] = restarts(conf, is_static=is_static)
            dynamic, static = self.cells[name, False], self.cells[name, True]
            lines.append(
                f"| {name} | {dynamic.total:.1f} | {static.total:.1f} | {static.rebalances} |"
            )
        super().__init__("\n".join(lines))
