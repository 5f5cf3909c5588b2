"""The stories of lesson 06: members of one group share four partitions of orders.

    orders-0 … orders-3  ──▶  group "shop": members, each an app that polls, works, commits

What is measured: orders done in a second, and **partition-seconds stopped**: for each partition the
time in which no live member had it, added up.

Read next: `watched_06`, which draws what was seen; `lesson_06`, which asks about it.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from kafkalab import Producer, Simulation
from kafkalab.client.errors import KafkaException
from kafkalab.sim.parts import AppHandle

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
class Away:
    """A member that does not poll.  `until` None: it has not come back."""

    member: str
    is_gone: bool
    since: int
    until: int | None = None


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
    #: Who had which partition, from when on (virtual ms), as far as `stopped` looked.
    owners: list[tuple[int, dict[int, str]]] = field(default_factory=list)
    #: Who is held up by one order, or has no process: member, what, since, until (virtual ms).
    away: list[Away] = field(default_factory=list)
    leaving: set[str] = field(default_factory=set)

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
            self.leaving.discard(name)
            for each in self.away:
                if each.member == name and each.is_gone:
                    each.until = self.sim.now
            self.members[name] = self.sim.app(self._member(name, settings), process)
        return self

    def _member(self, name: str, settings: dict[str, Any]) -> Any:
        async def member(app: Any) -> None:
            consumer = app.consumer(settings)
            # With a callback a member gives partitions up in its poll, as Java's always do.
            consumer.subscribe(["orders"], on_revoke=lambda *_: None)
            while name not in self.leaving:
                message = await consumer.poll(1.0)
                if message is None:
                    continue
                if (error := message.error()) is not None:
                    self.refused.append((name, self.sim.now, error.str()))
                    continue
                await self._work(name, app)
                self.done.append((name, message.value().decode(), self.sim.now))
                try:
                    await consumer.commit(message)
                except KafkaException as error:  # another has the partition by now
                    self.refused.append((name, self.sim.now, error.args[0].name()))
            await consumer.close()

        return member

    async def _work(self, name: str, app: Any) -> None:
        """One order."""
        longer = self.slow.pop(name, 0)
        if longer:
            self.away.append(Away(name, is_gone=False, since=self.sim.now))
        await app.sleep(self.work + longer)
        if longer:
            self.away[-1].until = self.sim.now

    def kill(self, name: str) -> "Shop":
        """End a member's process where it stands: it says no goodbye."""
        self.members[name].crash()
        self.away.append(Away(name, is_gone=True, since=self.sim.now))
        self.look()
        return self

    def leave(self, name: str) -> "Shop":
        """Let a member finish its order, and `close()` its consumer."""
        self.leaving.add(name)
        return self

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
        looks = dict.fromkeys(range(PARTITIONS), 0)
        for _ in range(round(seconds / _SAMPLE_S)):
            self.sim.run(_SAMPLE_S)
            owned = self.look()
            self.most_stopped = max(self.most_stopped, PARTITIONS - len(owned))
            for place in looks:
                looks[place] += place not in owned
        return {place: count * round(_SAMPLE_S * 1000) / 1000 for place, count in looks.items()}

    def look(self) -> dict[int, str]:
        """Who has which partition now; what is new is noted."""
        owned = {place: name for name, places in self.assignment.items() for place in places}
        if not self.owners or self.owners[-1][1] != owned:
            self.owners.append((self.sim.now, owned))
        return owned

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


@dataclass(frozen=True, slots=True)
class Stop:
    """What a change cost.  Partition-seconds stopped, `unmoved`: of those that did not move."""

    total: float
    unmoved: float
    rebalances: int
    shop: Shop
    #: When the change came (virtual ms).
    since: int

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
    return _cost(shop.join("Dan"), max(18, slow + 8), before)


def dies(conf: Mapping[str, Any], *, is_polite: bool = False) -> Stop:
    """One of four is killed, or closes its consumer first."""
    shop = Shop(conf, work=0.5).join(*NAMES[:4]).run(_SETTLED_S)
    before = _begin(shop)
    return _cost(shop.leave("Ben") if is_polite else shop.kill("Ben"), 60, before)


def restarts(conf: Mapping[str, Any], *, is_static: bool, is_polite: bool = False) -> Stop:
    """One of four is killed, or closes its consumer; a new process is there after five seconds."""
    shop = Shop(conf, work=0.5)
    ids = {name: {"group_instance_id": name} if is_static else {} for name in NAMES}
    for name in NAMES[:4]:
        shop.join(name, **ids[name])
    before = _begin(shop.run(_SETTLED_S))
    first = (shop.leave("Ben") if is_polite else shop.kill("Ben")).stopped(5)
    return _cost(shop.join("Ben", **ids["Ben"]), 15 if is_polite else 42, before, first)


_Before = tuple[int, int, dict[str, list[int]]]


def _begin(shop: Shop) -> _Before:
    shop.look()
    return shop.sim.trace.next_id, shop.sim.now, shop.assignment


def _cost(
    shop: Shop, seconds: float, before: _Before, first: Mapping[int, float] | None = None
) -> Stop:
    """Let time pass and add up."""
    stopped = shop.stopped(seconds)
    for place, time in (first or {}).items():
        stopped[place] += time
    since, at, had = before
    after = shop.assignment
    stayed = {
        place for name, places in had.items() for place in places if place in after.get(name, ())
    }
    changes = [each for each in shop.sim.trace.of("GroupStateChanged") if each.id >= since]
    rounds = {each.fields["generation"] for each in changes if each.fields["after"] == "Stable"}
    unmoved = sum(time for place, time in stopped.items() if place in stayed)
    return Stop(round(sum(stopped.values()), 1), round(unmoved, 1), len(rounds), shop, at)


def slow_handler(conf: Mapping[str, Any], seconds: float, watch: float = 0) -> Shop:
    """Two members; Ann takes so many seconds longer for one order."""
    shop = Shop(conf, work=1.0).join("Ann", "Ben").run(8)
    shop.slow["Ann"] = seconds
    if not watch:
        shop.stopped(seconds + 20)
    return shop.run(watch)
