"""What cluster and log say of transactions, eligible leaders, wrong clocks, brokers shut down."""

import xml.etree.ElementTree as ET
from functools import cache
from typing import cast

import pytest

from kafkalab import Consumer, Producer, Simulation
from kafkalab.frames import cluster_frame
from kafkalab.frames.shape import BrokerFrame
from lab.playback import scripted
from lab.scenes.cluster import draw_cluster
from lab.scenes.controls import Controls
from lab.scenes.page import Tabs, draw_page
from lab.scenes.pictures import BY_NAME
from lab.scenes.rail import lay_out
from lab.scenes.replica_cells import COMPACT
from lab.scenes.shapes import Scene
from lab.scenes.svg import write_svg
from lab.scenes.text_table import write_text
from lab.scenes.view import View

SERVERS = {"bootstrap.servers": "kafka:9092"}


@cache
def undecided() -> Simulation:
    """Two records, a transaction of two that is open, one record more."""
    sim = Simulation.made(brokers=3, seed=7)
    sim.create_topic("orders", replication_factor=3)
    plain = Producer(SERVERS | {"linger.ms": 0}, sim=sim)
    paying = Producer(SERVERS | {"transactional.id": "pay", "linger.ms": 0}, sim=sim)
    paying.init_transactions()
    paying.begin_transaction()
    for producer, value in ((plain, "a"), (plain, "b"), (paying, "c"), (paying, "d"), (plain, "e")):
        producer.produce("orders", value)
        sim.run(0.2)
    return sim


def drawn(sim: Simulation, name: str, width: int = 1200) -> str:
    """All that a picture says, labels included."""
    view = View(picture=name).at_width(width)
    picture = BY_NAME[name]
    key = picture.detail(cluster_frame(sim), view) if picture.detail else ""
    frame = cluster_frame(sim, wanted=[key] if key else [])
    controls = Controls(False, 1.0, True, 0, lay_out([], 0, frame["now"], frame["now"] + 1))
    svg = write_svg(draw_page(frame, view, picture, controls, Tabs([])))
    root = ET.fromstring(svg)
    said = [text for node in root.iter() if (text := (node.text or "").strip())]
    return "\n".join([*said, *(value for node in root.iter() for value in node.attrib.values())])


def test_the_last_stable_offset_is_drawn_where_it_is_not_the_high_watermark() -> None:
    sim = undecided()
    log, cluster, depth = (drawn(sim, name) for name in ("log", "cluster", "transaction"))
    assert "read_committed stops at 2, 3 records before the high watermark" in log
    for picture in (log, cluster, depth):
        assert "LSO 2" in picture
        assert "last stable offset" in picture or picture is depth
    assert "high watermark 5, last stable offset 2" in cluster
    assert "5 (LSO 2)" in write_text(cluster_frame(sim))
    assert "read_uncommitted up to 5, read_committed up to 2" in depth
    after = sim.fork()
    after.world.nodes["producer-2"].begin_call("abort_transaction", after.now)  # type: ignore[attr-defined]
    after.world.touched("producer-2", 0)
    after.run(2)
    for name in ("log", "cluster"):
        assert "last stable offset" not in drawn(after, name)


def test_each_isolation_level_gets_what_the_pictures_say() -> None:
    sim = undecided().fork()
    for level, values in (("read_uncommitted", b"abcde"), ("read_committed", b"ab")):
        conf = {"group.id": level, "auto.offset.reset": "earliest", "isolation.level": level}
        consumer = Consumer(SERVERS | conf, sim=sim)
        consumer.subscribe(["orders"])
        polled = [consumer.poll(1) for _ in range(12)]
        assert b"".join(each.value() for each in polled if each) == values
    log = drawn(sim, "log")
    assert "consumer-1  reads at 5" in log
    assert "consumer-2  reads at 2" in log


def test_stopped_and_crashed_brokers_and_eligible_leaders_look_different() -> None:
    sim = Simulation.made(brokers=4, seed=7, config={"broker.session.timeout.ms": 3_000})
    sim.create_topic("orders", 4, 3, {"min.insync.replicas": 2})
    sim.broker(4).shutdown()
    sim.run(4)
    sim.broker(next(b for b in sim.isr("orders", 0) if b != sim.leader("orders", 0))).crash()
    sim.run(5)
    cluster = drawn(sim, "cluster", 1600)
    assert "Broker 4, shut down, " in cluster
    assert "shut down" in cluster.splitlines()
    assert ", crashed, " in cluster
    assert "offline, may lead (ELR)" in cluster
    assert "Restart broker 4" in cluster


def test_a_wrong_clock_stands_under_its_broker_and_beside_its_client() -> None:
    sim = undecided().fork()
    assert "clock +" not in drawn(sim, "cluster")
    sim.clocks.set(2, 2000)
    sim.clocks.set("producer-1", -350)
    sim.driver.command("drift 3 +50")
    sim.run(4)
    for width in (700, 1200):
        said = drawn(sim, "cluster", width)
        assert "\nclock +2.0 s\n" in said
        assert "clock +0.2 s" in said
        assert "Broker 3, online, clock +0.2 s, gains 50 ms a second" in said
        assert "-0.35 s" in said
    told = write_text(cluster_frame(sim))
    assert "Broker 2: online, clock +2.0 s\n" in told
    assert "Broker 3: online, clock +0.2 s, gains 50 ms a second\n" in told


@pytest.mark.parametrize("state", ["crashed", "paused", "stopped"])
@pytest.mark.parametrize("width", [150, 178, 320])
def test_a_card_says_in_words_that_its_broker_is_not_well(state: str, width: int) -> None:
    broker = scripted.cluster_frame(brokers=12)["brokers"][10] | {
        "state": state,
        "since": 1234,
        "until": 5000,
    }
    cards, _ = draw_cluster([cast("BrokerFrame", broker)], [], width, COMPACT)
    flat = Scene(width, 100, "", "", tuple(cards)).flat()
    said = " ".join(shape.words or "" for shape in flat.values())
    assert state in said or (state == "stopped" and "shut down" in said), said


@pytest.mark.parametrize("width", [640, 1000, 1400])
def test_packed_cards_keep_the_words_of_what_a_replica_is(width: int) -> None:
    frame = scripted.cluster_frame(brokers=12, partitions=60)
    for partition in frame["topics"][0]["partitions"]:
        ids = [(partition["id"] + i) % 12 + 1 for i in range(3)]
        partition["replicas"] = {str(id): partition["replicas"][str(id)] for id in ids}
        partition["isr"] = ids[:2]
    frame["topics"][0]["replication_factor"] = 3
    frame["brokers"][0] |= {"state": "crashed", "since": 900}
    scene = draw_page(frame, View().at_width(width), BY_NAME["cluster"])
    replicas = {key: shape.words for key, shape in scene.flat().items()
                if key.endswith("/role")}  # fmt: skip
    assert len(replicas) == 24 * 3
    assert {words.split()[0] for words in replicas.values() if words is not None} >= {
        "leader", "in", "out"}  # fmt: skip
    assert "" not in replicas.values()
