"""The detail of a transaction, and what its picture says readers see: as real readers do."""

import json
from collections.abc import Iterable, Iterator

import pytest

from kafkalab import OFFSET_BEGINNING, Consumer, Producer, Simulation, TopicPartition
from kafkalab.frames import cluster_frame
from kafkalab.frames.details import details
from kafkalab.frames.transaction_depth import TransactionDepthFrame
from kafkalab.transactions import TRANSITIONS
from lab.scenes.page import draw_page
from lab.scenes.picture import Sight, detail_of
from lab.scenes.pictures.transaction import TRANSACTION
from lab.scenes.shapes import Shape
from lab.scenes.transaction_lanes import sees
from lab.scenes.view import View

SERVERS = {"bootstrap.servers": "kafka:9092"}


def begun() -> tuple[Simulation, Producer]:
    """One transaction committed, one aborted, one open, and a plain record after it."""
    sim = Simulation(brokers=3, seed=5)
    sim.create_topic("orders", partitions=2, replication_factor=3)
    pay = Producer({**SERVERS, "transactional.id": "pay"}, sim=sim)
    pay.init_transactions()
    for end in (pay.commit_transaction, pay.abort_transaction, pay.flush):
        pay.begin_transaction()
        for partition in (0, 0, 1):
            pay.produce("orders", end.__name__, partition=partition)
        pay.flush()
        end()
    other = Producer(SERVERS, sim=sim)
    other.produce("orders", "plain", partition=0)
    other.flush()
    sim.run(1)
    return sim, pay


def detail(sim: Simulation) -> TransactionDepthFrame:
    found: TransactionDepthFrame = details(sim.world, ("transaction pay",))["transaction pay"]
    assert json.loads(json.dumps(found)) == found
    return found


def read(sim: Simulation, isolation: str) -> list[int]:
    conf = {**SERVERS, "group.id": isolation, "isolation.level": isolation}
    consumer = Consumer(conf, sim=sim)
    consumer.assign([TopicPartition("orders", 0, OFFSET_BEGINNING)])
    got = []
    while (message := consumer.poll(2)) is not None:
        got.append(message.offset())
    return got


def say(sim: Simulation) -> str:
    view = View(picture="transaction")
    frame = cluster_frame(sim)
    frame = cluster_frame(sim, wanted=(TRANSACTION.detail(frame, view),))
    assert draw_page(frame, view, TRANSACTION).flat()
    return TRANSACTION.say(Sight(frame, detail_of(TRANSACTION, frame, view), view, None, 800))


@pytest.mark.parametrize("end", ["", "commit_transaction", "abort_transaction"])
def test_what_each_isolation_level_sees_is_what_its_reader_gets(end: str) -> None:
    sim, pay = begun()
    if end:
        getattr(pay, end)()
        sim.run(1)
    each = detail(sim)["involved"][0]
    for isolation in ("read_committed", "read_uncommitted"):
        is_committed = isolation == "read_committed"
        shown = [r["offset"] for r in each["records"] if sees(r, each, is_committed=is_committed)]
        assert shown == read(sim, isolation)


def test_markers_are_those_of_the_present_transaction() -> None:
    sim, pay = begun()
    found = detail(sim)
    assert found["now"]["state"] == "Ongoing" and found["last"] == ["CompleteAbort", "Ongoing"]
    assert [each["marker"] for each in found["involved"]] == ["", ""]
    assert found["producer"] is not None and found["doing"] == "in a transaction"
    assert "pay is open in 2 partitions" in say(sim)
    pay.commit_transaction()
    sim.run(1)
    found = detail(sim)
    assert [each["marker"] for each in found["involved"]] == ["commit", "commit"]
    assert all(each["last_stable"] == each["high_watermark"] for each in found["involved"])
    assert (
        say(sim) == "pay is committed: 2 of 2 partitions have its marker, and all readers see it."
    )


def test_the_machine_is_the_table_and_an_unknown_id_is_none() -> None:
    sim, _ = begun()
    moves = {(a.value, b.value) for a, after in TRANSITIONS.items() for b in after}
    assert {(a, b) for a, b in detail(sim)["machine"]} == moves
    assert details(sim.world, ("transaction nobody",)) == {"transaction nobody": None}


def test_a_transaction_that_begins_where_nothing_can_be_saved_is_not_told_as_open() -> None:
    sim, pay = begun()
    pay.commit_transaction()
    sim.run(1)
    coordinator = cluster_frame(sim)["transactions"][0]["coordinator"]
    for id in sim.alive():
        if id != coordinator:
            sim.broker(id).crash()
    pay.begin_transaction()
    pay.produce("orders", "more", partition=0)
    sim.run(2)
    depth = detail(sim)
    assert (depth["now"]["state"], depth["now"]["is_committed"]) == ("Ongoing", False)
    assert not any(each["marker"] for each in depth["involved"])  # those of the one before
    assert "begins: its coordinator has not written that to enough disks yet" in say(sim)


def test_partitions_without_a_lane_are_told_in_one_line_that_sums_them_up() -> None:
    sim = Simulation(brokers=1, seed=2)
    sim.create_topic("orders", partitions=12, replication_factor=1)
    pay = Producer({**SERVERS, "transactional.id": "pay"}, sim=sim)
    pay.init_transactions()
    pay.begin_transaction()
    for partition in range(12):
        pay.produce("orders", "x", partition=partition)
    pay.flush()
    view = View(picture="transaction")
    frame = cluster_frame(sim, wanted=("transaction pay",))
    for width, lanes in ((700, 6), (1200, 8)):
        sight = Sight(frame, detail_of(TRANSACTION, frame, view), view, None, width)
        words = [each.words or "" for each in _walk(TRANSACTION.draw(sight).shapes)]
        assert sum(each.startswith("orders-") for each in words) == lanes
        rest = 12 - lanes
        assert (
            f"{rest} more partitions: none with a marker, last stable offsets {rest} before the "
            "high watermarks in all."
        ) in words


def _walk(shapes: Iterable[Shape]) -> Iterator[Shape]:
    for shape in shapes:
        yield shape
        yield from _walk(shape.children)
