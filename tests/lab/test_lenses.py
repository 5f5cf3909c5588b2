"""From a page to the bytes of a batch, and to the other lenses and grids."""

from collections.abc import Iterator
from typing import Any

import pytest
from on_screen import click, until, words_of

from kafkalab import Producer, Simulation
from kafkalab.errors import LearnerError
from kafkalab.live import LiveCluster
from lab import Bench, DurabilityGrid, LogView, PartitionerLens, RebalanceBench, RecordLens
from lab.bench import lenses
from lab.bench.commands import run


@pytest.fixture
def sim() -> Simulation:
    sim = Simulation(brokers=1, seed=7)
    sim.create_topic("order-events", partitions=2)
    producer = Producer({"bootstrap.servers": "kafka:9092", "batch.num.messages": 1}, sim=sim)
    for number in range(4):
        producer.produce("order-events", f"order {number}", f"user-{number % 3}", 1)
        producer.flush()
    return sim


@pytest.fixture
def bench(sim: Simulation) -> Iterator[Bench]:
    bench = Bench(sim, "log", topic="order-events", partition=1)
    yield bench
    bench.close()


def opened(view: Any) -> Any:
    drawer = view._page.drawer if isinstance(view, Bench) else view.drawer
    assert (drawer.shown is None) == (drawer.widget.children == ())
    return drawer.shown


def actions_of(view: Any) -> list[str]:
    return [str(one.attributes.get("data-action", "")) for one in view.widget._flat.values()]


def test_a_click_on_a_record_opens_the_bytes_of_its_batch(sim: Simulation, bench: Bench) -> None:
    until(lambda: "lens order-events-1 2" in actions_of(bench))
    bench.post("lens order-events-1 2")
    until(lambda: opened(bench))
    lens = opened(bench)
    assert isinstance(lens, RecordLens)
    assert "order-events-1, offset 2" in repr(lens)
    assert b"order 2" in lens.data
    assert lens.send() == "NONE"
    assert len(sim.records("order-events", 1)) == 5, "sent to the world shown"


def test_a_log_alone_opens_it_too(sim: Simulation) -> None:
    view = LogView(sim, "order-events", 1)
    view.post("lens order-events-1 0")
    until(lambda: opened(view))
    assert b"order 0" in opened(view).data
    view.close()
    assert opened(view) is None


def test_the_bytes_are_those_of_the_instant_shown(sim: Simulation, bench: Bench) -> None:
    before = sim.now
    sim.delete_topic("order-events")
    sim.run(1)
    sim.create_topic("order-events", partitions=2)
    until(lambda: bench.shown_at == sim.now)
    with pytest.raises(LearnerError, match="order-events-1 has no record yet: produce one first"):
        bench.lens("order-events", 1)
    bench.seek(before / 1000)
    until(lambda: bench.shown_at == before)
    lens = bench.lens("order-events", 1)
    assert "order-events-1, offset 3" in repr(lens)
    assert lens.send() == "NO_ANSWER", "of the past nothing can be sent"
    assert not sim.records("order-events", 1)


def test_looking_back_at_bytes_that_are_still_there_it_acts_at_the_present(
    sim: Simulation, bench: Bench
) -> None:
    before = sim.now
    sim.run(5)
    bench.seek(before / 1000)
    until(lambda: bench.shown_at == before)
    assert bench.lens("order-events", 1, 3).send() == "NONE"
    assert len(sim.records("order-events", 1)) == 5
    assert b"order 3" in bench.lens("order-events", 1, 4).data, "not there then, but now"


def test_it_is_typed_and_called_as_well(bench: Bench) -> None:
    assert bench.run("lens order-events-1 1").endswith("(below)")
    assert b"order 1" in opened(bench).data
    first = opened(bench)
    bench.run("lens order-events-1")
    assert b"order 3" in opened(bench).data
    assert first.widget.comm is None, "one at a time: the one before is closed"
    bench.run("lens none")
    assert opened(bench) is None
    view = RecordLens(bench.world, "order-events", 1)
    assert bench.open(view) is bench
    assert opened(bench) is view
    bench._page.drawer._close.click()
    assert opened(bench) is None


def test_keys_of_a_topic_and_the_experiments_open_as_well(bench: Bench) -> None:
    bench.run("lens keys order-events")
    lens = opened(bench)
    assert isinstance(lens, PartitionerLens)
    assert [row.key for row in lens.rows] == [b"user-1", b"user-2", b"user-0"], "newest last"
    assert "2 partitions" in str(lens.widget.scene) or "P1" in str(lens.widget.scene)
    bench.run("lens durability")
    assert isinstance(opened(bench), DurabilityGrid)
    bench.run("lens rebalance")
    assert isinstance(opened(bench), RebalanceBench)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("lens", "what is to be opened"),
        ("lens order-events", "what is to be opened"),
        ("lens order-events-1 last", "what is to be opened"),
        ("lens order-events-1 9", r"order-events-1 has no offset 9: its log goes from 0 to 3"),
        ("lens order-events-0", "order-events-0 has no record yet"),
        ("lens order-events-2", "order-events has partitions 0 to 1, no 2"),
        ("lens nope-0", "no topic 'nope'; there is order-events"),
        ("lens nope-0 1", "nope"),
        ("lens keys nope", "nope"),
    ],
)
def test_what_cannot_be_opened_is_told(bench: Bench, line: str, told: str) -> None:
    with pytest.raises(Exception, match=told):
        bench.run(line)
    assert opened(bench) is None
    with pytest.raises(LearnerError, match="under the page goes a picture"):
        bench.open("orders")


def test_a_click_on_a_record_that_is_gone_is_told_on_the_page(bench: Bench) -> None:
    click(bench, "lens order-events-1 77")
    until(lambda: "order-events-1 has no offset 77" in words_of(bench))


def test_help_tells_of_it(sim: Simulation) -> None:
    assert lenses.HELP in run(sim, "help")
    assert "lens durability" in lenses.HELP


def test_the_bytes_of_a_live_cluster() -> None:
    with LiveCluster(brokers=1) as cluster:
        cluster.create_topic("orders", 1, 1)
        cluster.produce("orders", None, b"hello")
        bench = Bench(cluster, "log")
        until(lambda: "lens orders-0 0" in actions_of(bench))
        assert b"hello" in bench.lens("orders").data
        with pytest.raises(LearnerError, match="give the keys by name"):
            bench.run("lens keys orders")
        bench.close()
