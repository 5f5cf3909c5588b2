"""Each picture as a widget of its own, and what is said of names that are not there."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from on_screen import click, until, words_of

import lab
from kafkalab import AdminClient, Consumer, NewPartitions, Producer, Simulation
from kafkalab.errors import LearnerError
from kafkalab.live import LiveCluster
from lab import (
    Bench,
    GroupsView,
    LedgerView,
    LogView,
    SpaceTime,
    TransactionView,
    TwinsView,
)
from lab.scenes.kinds import SHOWN
from lab.scenes.pictures import BY_NAME
from lab.widgets.picture_view import PictureView

VIEWS = {
    "ClusterView": "cluster",
    "LogView": "log",
    "ReplicationView": "replication",
    "GroupsView": "groups",
    "TransactionView": "transaction",
    "QuorumView": "quorum",
    "NetworkView": "network",
}


@pytest.fixture(scope="module")
def sim() -> Simulation:
    sim = Simulation(brokers=3, seed=7)
    sim.create_topic("orders", partitions=3, replication_factor=3)
    conf = {"bootstrap.servers": "kafka:9092"}
    producer = Producer({**conf, "transactional.id": "pay"}, sim=sim)
    producer.init_transactions()
    producer.begin_transaction()
    for number in range(9):
        producer.produce("orders", f"order {number}", key=f"user-{number}")
    producer.flush()
    consumer = Consumer({**conf, "group.id": "billing"}, sim=sim)
    consumer.subscribe(["orders"])
    consumer.poll(5)
    return sim


@pytest.fixture
def close() -> Iterator[Callable[[PictureView | Bench], Any]]:
    opened: list[Any] = []

    def keep(view: PictureView | Bench) -> Any:
        opened.append(view)
        return view

    yield keep
    for view in opened:
        view.close()


def test_every_picture_of_a_world_has_its_widget() -> None:
    """Those that need a whole run have one of another make: SpaceTime, TwinsView, LedgerView."""
    assert set(VIEWS.values()) == set(BY_NAME) - {"spacetime", "twins", "ledger"}


@pytest.mark.parametrize("name", VIEWS)
def test_alone_it_shows_what_the_tab_shows(sim: Simulation, close: Any, name: str) -> None:
    view = close(getattr(lab, name)(sim))
    data = view._repr_mimebundle_()
    tab = close(Bench(sim, VIEWS[name]))._repr_mimebundle_()
    assert data["image/svg+xml"] == tab["image/svg+xml"]
    assert data["text/plain"] == tab["text/plain"] == repr(view)
    assert "application/vnd.jupyter.widget-view+json" in data
    until(lambda: "Step to the next event" in str(view.widget.scene))


@pytest.mark.parametrize("name", VIEWS)
def test_alone_on_a_live_cluster(name: str) -> None:
    with LiveCluster(brokers=1) as cluster:
        cluster.create_topic("orders", 2, 1)
        view = getattr(lab, name)(cluster)
        data = view._repr_mimebundle_()
        view.close()
    assert data["image/svg+xml"].startswith("<svg")
    assert len(data["text/plain"]) > 60


def test_time_goes_by_call(close: Any) -> None:
    sim = Simulation(brokers=1, seed=1)
    sim.create_topic("orders")
    sim.run(2)
    view = close(LogView(sim))
    sim.broker(1).crash()
    sim.run(1)
    assert view.seek(1) is view
    assert view.shown_at == 1000
    view.end().back()
    assert view.shown_at == sim.trace.of(*SHOWN)[-1].at
    view.step()
    assert view.shown_at == sim.now
    before = sim.now
    view.play()
    until(lambda: sim.now > before)
    view.pause()
    for wrong in ("1", -1, None):
        with pytest.raises(LearnerError, match=r"seconds since the beginning, such as 1\.5, not"):
            view.seek(wrong)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"topic": "nope"}, r"no topic 'nope'; there is orders\. Create it first.*leave topic out"),
        ({"topic": "order"}, r"did you mean orders\?"),
        ({"topic": 3}, "given by its name, a str, not 3"),
        ({"topic": "__consumer_offsets"}, "leave out Kafka's own topics.*they show orders"),
        ({"partition": 3}, "orders has partitions 0 to 2, no 3"),
        ({"partition": -1}, "a number from 0 on, such as 0, not -1"),
        ({"partition": "1"}, "a number from 0 on, such as 0, not '1'"),
        ({"group": "biling"}, r"no group 'biling'; there is billing: did you mean billing\?"),
    ],
)
def test_what_is_not_there_is_told(sim: Simulation, close: Any, arguments: Any, told: str) -> None:
    with pytest.raises(LearnerError, match=told):
        Bench(sim, **arguments)
    bench = close(Bench(sim))
    before = bench._page.view
    with pytest.raises(LearnerError, match=told):
        bench.show("log", **arguments)
    assert bench._page.view == before
    if "group" in arguments:
        with pytest.raises(LearnerError, match=told):
            GroupsView(sim, **arguments)
    else:
        with pytest.raises(LearnerError, match=told):
            LogView(sim, **arguments)


def test_a_transaction_that_is_none_is_told(sim: Simulation, close: Any) -> None:
    view = close(TransactionView(sim, "pay"))
    until(lambda: "pay" in words_of(view))
    with pytest.raises(LearnerError, match=r"no transactional id 'pray'.*did you mean pay\?"):
        TransactionView(sim, "pray")
    with pytest.raises(LearnerError, match="no transactional id 'other'; there is pay"):
        close(Bench(sim)).show("transaction", choice="transaction other")


def test_a_click_on_what_is_gone_is_told_on_the_page(sim: Simulation, close: Any) -> None:
    view = close(LogView(sim))
    click(view, "topic payments")
    until(lambda: "there is no topic 'payments'" in words_of(view))
    with pytest.raises(LearnerError, match="there is no topic 'payments'"):
        view.post("topic payments")


def test_a_picture_named_almost_right_is_meant(sim: Simulation) -> None:
    with pytest.raises(LearnerError, match=r"network, .*: did you mean network\?"):
        Bench(sim, "networks")


def test_with_no_topic_yet_the_first_is_awaited(close: Any) -> None:
    sim = Simulation(brokers=1)
    with pytest.raises(
        LearnerError, match=r"no topic 'orders'; there is none yet\. Create it first"
    ):
        LogView(sim, "orders")
    with pytest.raises(
        LearnerError, match=r"no group 'billing'; there is none yet\. A group begins"
    ):
        GroupsView(sim, "billing")
    view = close(LogView(sim))
    assert "no topic yet" in repr(view)
    sim.create_topic("orders")
    assert "orders-0" in repr(view)


@pytest.fixture(scope="module")
def grown() -> Simulation:
    """`payments` is made at 3 s and has two partitions from 6 s on; a group from 7 s on."""
    sim = Simulation(brokers=1, seed=2)
    sim.create_topic("orders")
    conf = {"bootstrap.servers": "kafka:9092"}
    consumer = Consumer({**conf, "group.id": "audit"}, sim=sim)
    consumer.subscribe(["orders"])
    consumer.poll(1)
    sim.run(3 - sim.now / 1000)
    sim.create_topic("payments")
    sim.run(3)
    future = AdminClient(conf, sim=sim).create_partitions([NewPartitions("payments", 2)])
    future["payments"].result()
    sim.run(1)
    other = Consumer({**conf, "group.id": "billing"}, sim=sim)
    other.subscribe(["payments"])
    other.poll(5)
    return sim


@pytest.mark.parametrize("name", ["ClusterView", "LogView", "ReplicationView"])
def test_before_its_topic_was_made_it_shows_no_other(
    grown: Simulation, close: Any, name: str
) -> None:
    view = close(getattr(lab, name)(grown, "payments", 1))
    view.seek(5)
    until(lambda: "payments has no partition 1 at this instant, but 1." in words_of(view))
    view.seek(2)
    until(lambda: "There is no topic payments at this instant; there is orders." in words_of(view))
    assert "orders-0" not in words_of(view)
    view.post("topic orders")
    until(lambda: "at this instant;" not in words_of(view))
    assert view.view.topic == "orders"


def test_before_its_group_began_it_shows_no_other(grown: Simulation, close: Any) -> None:
    view = close(GroupsView(grown, "billing"))
    view.seek(4)
    until(lambda: "There is no group billing at this instant; there is audit." in words_of(view))
    view.post("group audit")
    until(lambda: "Group audit" in words_of(view))


def test_what_was_there_then_can_be_looked_at_then(close: Any) -> None:
    sim = Simulation(brokers=1, seed=2)
    sim.create_topic("orders")
    sim.run(2)
    sim.delete_topic("orders")
    sim.run(2)
    bench = close(Bench(sim))
    with pytest.raises(LearnerError, match="no topic 'orders'"):
        bench.show("log", topic="orders")
    bench.seek(1.5)
    until(lambda: bench.shown_at == 1500)
    bench.show("log", topic="orders")
    until(lambda: "orders-0 has 0 offsets" in words_of(bench))


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda sim: LedgerView(sim, "order"), r"no topic 'order'; .*did you mean orders\?"),
        (
            lambda sim: LedgerView(sim, show="lots"),
            "no choice of records 'lots'; there are all, lost",
        ),
        (lambda sim: SpaceTime(sim, partition=("nope", 0)), "no topic 'nope'; there is"),
        (
            lambda sim: SpaceTime(sim, "orders-0"),
            r"ask first: SpaceTime\(sim, sim.why\('orders-0'\)",
        ),
        (lambda sim: SpaceTime(None), "is of a Simulation, not of None"),
        (TwinsView, r"twins are what sim.twins\(change\) gives"),
    ],
)
def test_pictures_of_a_whole_run_tell_too(sim: Simulation, make: Any, told: str) -> None:
    with pytest.raises(LearnerError, match=told):
        make(sim)


@pytest.mark.parametrize("make", [LedgerView, SpaceTime])
def test_a_live_cluster_has_no_whole_run(make: Any) -> None:
    with LiveCluster(brokers=1) as cluster, pytest.raises(LearnerError, match="keeps no history"):
        make(cluster)
