"""Every picture of the bench in a browser: narrow and wide, light and dark, small and large.

A picture added to `lab.scenes.pictures` is tried here without another word.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from kafkalab import Consumer, Producer, Simulation
from kafkalab.frames import cluster_frame
from kafkalab.frames.shape import Frame
from kafkalab.sim import without
from lab.bench.run_details import NAMES, RunDetails
from lab.scenes.controls import Controls
from lab.scenes.page import Tabs, draw_page
from lab.scenes.picture import Picture
from lab.scenes.picture_tabs import side_by_side, tabs_of
from lab.scenes.pictures import ALL, BY_NAME
from lab.scenes.rail import lay_out, marks_of
from lab.scenes.rail_branches import Tab
from lab.scenes.shapes import Scene
from lab.scenes.view import View

OpenPage = Callable[..., Any]
LINT = (Path(__file__).parent / "lint.js").read_text().split("\n", 1)[1]


@cache
def small() -> Simulation:
    """Three brokers, a crash, a group in the middle of its work."""
    sim = Simulation(brokers=3, seed=7)
    config = {"min.insync.replicas": 2, "segment.bytes": 600}
    sim.create_topic("orders", partitions=3, replication_factor=3, config=config)
    sim.create_topic("a.topic.with-a_long.name", partitions=1, replication_factor=2)
    producer = Producer({"bootstrap.servers": "kafka:9092", "linger.ms": 0}, sim=sim)
    for number in range(40):
        producer.produce("orders", f"order {number}", key=f"user-{number % 5}", partition=0)
    producer.flush()
    pay = Producer({"bootstrap.servers": "kafka:9092", "transactional.id": "pay"}, sim=sim)
    pay.init_transactions()
    for end in (pay.abort_transaction, pay.flush):
        pay.begin_transaction()
        pay.produce("orders", "paid", partition=0)
        pay.produce("a.topic.with-a_long.name", "paid")
        pay.flush()
        end()
    sim.broker(sim.leader("orders", 0)).crash()
    sim.run(12)
    conf = {"bootstrap.servers": "kafka:9092", "auto.offset.reset": "earliest"}
    for name in ("billing", "audit.with.a.long-name"):
        consumer = Consumer({**conf, "group.id": name}, sim=sim)
        consumer.subscribe(["orders"])
        for _ in range(9):
            consumer.poll(1)
        consumer.commit(asynchronous=False)
    return sim


@cache
def large() -> Simulation:
    """Twelve brokers, sixty partitions, thirty consumers."""
    sim = Simulation(brokers=12, seed=7)
    sim.create_topic("orders", partitions=60, replication_factor=3)
    conf = {"bootstrap.servers": "kafka:9092", "group.id": "many"}
    for _ in range(30):
        Consumer(conf, sim=sim).subscribe(["orders"])
    producer = Producer({"bootstrap.servers": "kafka:9092"}, sim=sim)
    for number in range(200):
        producer.produce("orders", f"order {number}", key=f"user-{number}")
    producer.flush()
    sim.broker(5).crash()
    sim.run(20)
    return sim


def detailed(sim: Simulation, picture: Picture, view: View) -> Frame:
    """The frame with the detail that a picture needs."""
    frame = cluster_frame(sim)
    key = picture.detail(frame, view)
    if key.split(" ")[0] not in NAMES:
        return cluster_frame(sim, wanted=(key,) if key else ())
    asked = RunDetails(sim)
    if sim.instants("fault"):
        crash = sim.trace.of("Crashed")[0]
        until = sim.now / 1000 - 1  # the run has gone on since
        asked.twins = sim.twins(without(crash), until=until) if picture.name == "twins" else None
    return {**frame, "details": {key: asked.make(key, frame["now"])}}


def scene(sim: Simulation, name: str, width: int) -> Scene:
    view, picture = View(picture=name).at_width(width), BY_NAME[name]
    frame = detailed(sim, picture, view)
    rail = lay_out(marks_of(frame["events"]), 0, frame["now"], frame["now"] + 2000)
    tabs = Tabs(
        tabs_of(ALL, name),
        [Tab("world the run", "the run", True), Tab("world b", "what if it had not", False, 3_000)],
        can_ask=True,
        side_by_side=side_by_side(ALL, name),
    )
    return draw_page(frame, view, picture, Controls(True, 0.5, True, 14, rail, ""), tabs)


@cache
def cut() -> Simulation:
    """The large cluster, its network partitioned, one link held, one slow."""
    sim = large().fork()
    sim.network.hold(3, 2)
    sim.network.delay(1, 2, 300)
    sim.network.partition({1, 2, 3, 4}, {6, 7, 8, 9, 10, 11, 12, 101})
    sim.run(1)
    return sim


@cache
def one_way() -> Simulation:
    sim = small().fork()
    sim.network.partition_one_way({1}, {2, 3})
    sim.network.delay(2, 3, 300)
    sim.network.hold(3, 2)
    sim.run(1)
    return sim


@pytest.mark.parametrize("make", [cut, one_way])
@pytest.mark.parametrize("name", ["network", "spacetime"])
def test_a_broken_network_is_drawn_as_clearly(
    open_page: OpenPage, name: str, make: Callable[[], Simulation]
) -> None:
    for width, theme in ((700, "dark"), (1400, "light")):
        page = open_page(width, theme)
        page.open(scene(make(), name, width))
        assert page.page.evaluate(LINT) == []


@pytest.mark.parametrize("make", [small, large], ids=["small", "large"])
@pytest.mark.parametrize("name", [picture.name for picture in ALL])
def test_words_are_large_enough_inside_and_apart(
    open_page: OpenPage, name: str, make: Callable[[], Simulation]
) -> None:
    for width, theme, font in (
        (700, "light", "'DejaVu Sans'"),
        (1400, "dark", "'Liberation Sans'"),
    ):
        page = open_page(width, theme, font)
        page.open(scene(make(), name, width))
        assert page.page.evaluate(LINT) == []
