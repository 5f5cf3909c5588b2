"""What the picture of a group says of owners and of standing still, against every consumer's word.

Members join, leave, crash, are paused and restarted, by a seed; after each step of the world each
consumer is asked where it can read on (as `lab.experiments.rebalancing` does).

    said: nobody has P3 from 9.119 s, consumer-2 has it from 9.124 s      by the detail
    true: nobody reads P3 from 9.119 s, consumer-2 reads it from 9.129 s  by the consumers

What is handed out is on its way for some ms, and its place is looked up, before it can be read:
for so long (`ON_ITS_WAY`) what is said may run ahead of what is true.
"""

import re
from collections.abc import Sequence
from typing import TypeVar

import pytest

from kafkalab import Consumer, Simulation
from kafkalab.chance import Stream
from kafkalab.frames import cluster_frame
from kafkalab.frames.group_history import GroupHistoryFrame, StopFrame
from lab.scenes.picture import Sight, detail_of
from lab.scenes.pictures.groups import GROUPS
from lab.scenes.view import View

from .test_group_history import KINDS

ON_ITS_WAY = 80
LOOKED_UP = 520  # a committed offset, where its first request was refused
PARTITIONS = tuple(f"orders-{number}" for number in range(6))
_T = TypeVar("_T")
VIEW = View(picture="groups")


class Shop:
    """A group whose members come and go, and each partition's readers as they changed."""

    def __init__(self, kind: str, seed: int) -> None:
        self.chance = Stream(seed, "shop")
        self.sim = Simulation(brokers=3, seed=seed)
        self.sim.create_topic("orders", partitions=len(PARTITIONS), replication_factor=3)
        self.conf = {"bootstrap.servers": "kafka:9092", "group.id": "billing", **KINDS[kind]}
        if kind != "consumer":
            self.conf |= {"session.timeout.ms": 6_000, "heartbeat.interval.ms": 1_000}
        self.members: dict[str, Consumer] = {}
        self.came = 0
        self.handed_out: list[tuple[int, str, str]] = []  # at, partition, reader, as said
        self.ended: list[tuple[int, str]] = []  # at, consumer: left, crashed or was paused
        self.spans: dict[str, list[tuple[int, str | None]]] = {p: [(0, None)] for p in PARTITIONS}

    def one_of(self, these: Sequence[_T]) -> _T:
        return these[self.chance.below(len(these))]

    def join(self) -> None:
        self.came += 1
        conf = {**self.conf, "client.id": f"shop-{self.came}"} if self.came % 3 == 2 else self.conf
        consumer = Consumer(conf, sim=self.sim)
        consumer.subscribe(["orders"])
        self.members[f"consumer-{self.came}"] = consumer

    def change(self) -> None:
        what = self.one_of(("join", "join", "leave", "crash", "pause", "all leave"))
        alive = [name for name in self.members if self.sim.world.is_up(name)]
        if what == "join" or not alive:
            self.join()
        elif what in ("crash", "pause"):
            name = self.one_of(alive)
            self.end(name)
            if what == "crash":
                self.sim.world.crash(name)
            else:
                self.sim.world.pause(name, 2_000)
        else:
            for name in alive if what == "all leave" else alive[:1]:
                self.end(name)
                self.members.pop(name).close()

    def end(self, name: str) -> None:
        self.ended.append((self.sim.world.now - self.sim.world.began, name))

    def play(self, seconds: float) -> None:
        world = self.sim.world
        until = world.now + round(seconds * 1000)
        while world.now < until:
            for name, consumer in self.members.items():
                if world.is_up(name) and name not in world.paused:
                    consumer.poll(0)
            self.look()
            due = world.now + 250
            while world.step(due):
                self.look()
            world.pass_time(due)

    def look(self) -> None:
        """Ask each consumer that runs where it can read on."""
        world = self.sim.world
        readers = {
            f"orders-{one.partition}": name
            for name, node in world.nodes.items()
            if name.startswith("consumer-") and world.is_up(name) and name not in world.paused
            for one in node.readable()
        }
        for key, spans in self.spans.items():
            if spans[-1][1] != readers.get(key):
                spans.append((world.now - world.began, readers.get(key)))

    def idle(self, key: str, since: int, until: int) -> int:
        """For how many ms of these nobody read it."""
        spans = self.spans[key]
        ends = [at for at, _ in spans[1:]] + [until]
        return sum(
            max(min(end, until) - max(at, since), 0)
            for (at, reader), end in zip(spans, ends, strict=True)
            if reader is None
        )


def seen(sim: Simulation) -> Sight | None:
    frame = cluster_frame(sim)
    key = GROUPS.detail(frame, VIEW)
    if not key:
        return None
    frame = cluster_frame(sim, wanted=(key,))
    return Sight(frame, detail_of(GROUPS, frame, VIEW), VIEW, None, 1000)


def check(shop: Shop, sight: Sight) -> None:
    """Owners, stops and the sentence."""
    history: GroupHistoryFrame = sight.detail
    now = sight.frame["now"]
    owners = next(column["owners"] for column in history["columns"] if column["what"] == "now")
    for key in PARTITIONS:
        said, true = owners.get(key), shop.spans[key][-1][1]
        if said is None:
            assert true is None, f"{now}: {key} has nobody, and is read by {true}"
        else:
            shop.handed_out.append((now, key, said.replace("shop", "consumer")))
    began = history["began"]
    if began is None:
        return
    for key in PARTITIONS:
        stops = [stop for stop in history["stops"] if stop["partition"] == key]
        stood = sum((now if s["until"] is None else s["until"]) - s["since"] for s in stops)
        if len(shop.spans[key]) == 1:
            continue  # nobody knows yet that the group will read it
        changes = sum(at >= began for at, _ in shop.spans[key]) + 1
        is_true = shop.idle(key, began, now)
        most = ON_ITS_WAY * changes + LOOKED_UP * max(len(stops), 1)
        assert abs(is_true - stood) <= most, f"{now}: {key} {stood} {is_true}"
    _check_words(shop, GROUPS.say(sight), began, now, history["stops"])


def check_readers(shop: Shop) -> None:
    """Who was said to have a partition read it then, or soon after; or died on the way to it."""
    for at, key, who in shop.handed_out:
        spans = shop.spans[key]
        ends = [end for end, _ in spans[1:]] + [shop.sim.world.now - shop.sim.world.began]
        near = {
            reader
            for (since, reader), end in zip(spans, ends, strict=True)
            if since <= at + ON_ITS_WAY and end >= at
        }
        is_dying = any(name == who and 0 <= died - at <= ON_ITS_WAY for died, name in shop.ended)
        assert who in near or is_dying, f"{at}: {key} is said to be read by {who}, not {near}"


def _check_words(shop: Shop, said: str, began: int, now: int, stops: Sequence[StopFrame]) -> None:
    known = [key for key in PARTITIONS if len(shop.spans[key]) > 1]
    idle = [key for key in known if shop.idle(key, began, now) > 2 * ON_ITS_WAY + LOOKED_UP]
    if found := re.search(r"(\d) never stopped", said):
        assert int(found[1]) <= len(PARTITIONS) - len(idle), f"{now}: {said} {idle}"
    if "an owner throughout" in said or "Nothing stands still" in said:
        assert not idle, f"{now}: {said} {idle}"
    if "in all;" in said or "came back" in said:
        for key in known:
            ends = [stop["until"] or 0 for stop in stops if stop["partition"] == key]
            is_looked_up = now - max([began, *ends]) > ON_ITS_WAY + LOOKED_UP
            assert shop.spans[key][-1][1] or not is_looked_up, f"{now}: {said} {key}"
    if "is silent" in said or "are silent" in said:
        who = said.rpartition("; ")[2].split(" is ")[0].split(" are ")[0]
        world = shop.sim.world
        for name in re.findall(r"(?:consumer|shop)-(\d+)", who):
            node = f"consumer-{name}"
            assert not world.is_up(node) or node in world.paused


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_said_of_a_group_is_what_its_consumers_say(kind: str, seed: int) -> None:
    shop = Shop(kind, seed)
    shop.join()
    shop.join()
    for _ in range(14):
        for _ in range(3):
            shop.play(shop.one_of((0.3, 1.1, 4.0)))
            sight = seen(shop.sim)
            if sight is not None:
                check(shop, sight)
        shop.change()
        shop.look()
    shop.play(1)
    check_readers(shop)
