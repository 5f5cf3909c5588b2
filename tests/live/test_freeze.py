"""A live cluster frozen into a simulation: run on there, forked, broken, and untouched here."""

import re
import threading
from pathlib import Path
from typing import Any

import pytest

from kafkalab import Consumer, LiveCluster, Producer, Simulation
from kafkalab.errors import LearnerError
from kafkalab.frames import cluster_frame
from kafkalab.frames.ledger import ledger_frame
from kafkalab.frames.spacetime import spacetime_frame
from kafkalab.live.edge import ExternalClient
from kafkalab.sim import also, move, without
from kafkalab.sim.invariants import Monitor
from lab import SpaceTime

confluent_kafka = pytest.importorskip("confluent_kafka")


class Load:
    """A real producer and a real group member that work until they are told to stop."""

    def __init__(self, cluster: LiveCluster) -> None:
        self._servers = cluster.bootstrap_servers
        self._is_over = threading.Event()
        self.acknowledged = self.read = 0
        self.errors: list[Any] = []
        self._threads = [threading.Thread(target=each) for each in (self._produce, self._consume)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def _report(self, error: Any, message: Any) -> None:
        if error is not None:
            self.errors.append(error)
        self.acknowledged += 1

    def _produce(self) -> None:
        producer = confluent_kafka.Producer(
            {"bootstrap.servers": self._servers, "enable.idempotence": True, "linger.ms": 1}
        )
        number = 0
        while not self._is_over.is_set():
            producer.produce("orders", f"{number}", key=f"{number % 7}", on_delivery=self._report)
            number += 1
            producer.poll(0.001)
        producer.flush(20)

    def _consume(self) -> None:
        consumer = confluent_kafka.Consumer(
            {
                "bootstrap.servers": self._servers,
                "group.id": "shipping",
                "auto.offset.reset": "earliest",
            }
        )
        consumer.subscribe(["orders"])
        while not self._is_over.is_set():
            message = consumer.poll(0.1)
            self.read += message is not None and message.error() is None
        consumer.close()


def watched(sim: Simulation, seconds: float) -> None:
    monitor = Monitor(sim.world, acks_all=True)
    until = sim.now + round(seconds * 1000)
    while sim.world.step(until):
        monitor.after_step()
    sim.world.pass_time(until)
    monitor.at_rest()


def test_this_instant_under_load_goes_on_in_virtual_time() -> None:
    config = {"group.initial.rebalance.delay.ms": 100}
    with LiveCluster(brokers=3, config=config) as cluster:
        cluster.create_topic("orders", 3, 3, config={"min.insync.replicas": 2})
        with Load(cluster) as load:
            cluster.wait(lambda: load.read > 200, 20, "records are read")
            with cluster.locked() as world:
                promised = load.acknowledged
                sim = cluster.freeze()
                before, entries = world.trace.digest(), world.trace.next_id
                assert sim.now == world.now
                assert "frozen at" in repr(sim)
                watched(sim, 10)
                fork = sim.fork()
                fork.broker(fork.leader("orders", 0)).crash()
                fork.run(12)
                assert (world.trace.digest(), world.trace.next_id) == (before, entries)
            was_read = load.read
            cluster.wait(lambda: load.read > was_read + 200, 20, "the live cluster goes on")
            assert [cluster.broker(each).state for each in (1, 2, 3)] == ["online"] * 3
        assert load.errors == []
        assert not [each for each in sim.world.nodes.values() if isinstance(each, ExternalClient)]
        assert sorted(sim.isr("orders", 0)) == [1, 2, 3]
        assert len(fork.isr("orders", 0)) == 2
        stored = len(sim.records("orders"))
        assert 0 < promised <= stored <= load.acknowledged
        assert len(fork.records("orders")) == stored


def test_the_copies_are_a_simulation_like_any_other(tmp_path: Path) -> None:
    with LiveCluster(brokers=3) as cluster:
        cluster.create_topic("orders", 1, 3)
        live = confluent_kafka.Producer({"bootstrap.servers": cluster.bootstrap_servers})
        live.produce("orders", "live")
        assert live.flush(10) == 0
        sim = cluster.freeze("then")
        del live
    assert sim.name == "then"
    with pytest.raises(LearnerError, match="began as a live cluster"):
        sim.save(tmp_path / "then.json")
    one, other = sim.fork(), sim.fork()
    for branch in (one, other):
        producer = Producer({"bootstrap.servers": "kafka:9092"}, sim=branch)
        producer.produce("orders", "virtual")
        assert producer.flush() == 0
        conf = {"group.id": "g", "auto.offset.reset": "earliest"}
        consumer = Consumer({"bootstrap.servers": "kafka:9092", **conf}, sim=branch)
        consumer.subscribe(["orders"])
        values = []
        while len(values) < 2:
            message = consumer.poll(1.0)
            if message is not None:
                values.append(message.value())
        assert values == [b"live", b"virtual"]
    assert one.trace.digest() == other.trace.digest()
    assert [record.value for record in sim.records("orders")] == [b"live"]


def test_answers_about_a_frozen_cluster_count_from_when_it_began() -> None:
    with LiveCluster(brokers=3) as cluster:
        cluster.create_topic("orders", 1, 3)
        sim = cluster.freeze()
    leader = sim.leader("orders", 0)
    producer = Producer({"bootstrap.servers": "kafka:9092"}, sim=sim)
    producer.produce("orders", "one")
    producer.flush()
    since_ms = sim.now - sim.world.began
    view = sim.at(since_ms / 1000)
    assert view.now == sim.at(sim.now / 1000).now == sim.now
    with pytest.raises(LearnerError, match="can be seen here") as early:
        sim.at(0.001)
    sim.broker(leader).crash()
    sim.run(12)
    why = sim.why(sim.instants("leader", topic="orders")[-1])
    twins = sim.twins(without(*why.causes))
    ledger = sim.ledger()
    told = [repr(why), str(why.to_json()["chain"]), repr(ledger), repr(twins), ledger[0].say,
            sim.name, view.name, repr(sim), str(early.value), repr(sim.fork("then").branches),
            sim.fork().name, repr(sim.instants("leader"))]  # fmt: skip
    for words in told:
        times = [float(each) for each in re.findall(r"(\d+\.\d+) s", words)]
        assert all(0 < each < 600 for each in times), words
    assert all(each["at"] < 600_000 for each in why.to_json()["chain"])
    assert twins.b.leader("orders", 0) == leader


def test_times_given_for_a_frozen_cluster_count_from_when_it_began() -> None:
    with LiveCluster(brokers=3) as cluster:
        cluster.create_topic("orders", 1, 3)
        sim = cluster.freeze()
    sim.run(1)
    sim.broker(2).crash()
    crash = sim.trace.of("Crashed")[0]
    crashed = (sim.now - sim.world.began) / 1000
    sim.run(2)
    for change in (
        also("crash 3", at=crashed + 0.5),
        also("crash 3", at=crash.at / 1000 + 0.5),
        move("crash 2", to=crashed + 0.5, at=crashed),
    ):
        twins = sim.twins(change, until=crashed + 1)
        assert twins.a.now == twins.b.now == crash.at + 1_000
        assert [each.at for each in twins.b.trace.of("Crashed")][-1] == crash.at + 500
        assert f"at {crashed + 0.5:.3f}".rstrip("0") in twins.change.words
        words = f"{twins!r} {twins.change.words}"
        assert all(float(each) < 600 for each in re.findall(r"(\d+\.\d+) s", words)), words
    view = SpaceTime(sim, since=crashed - 0.1, until=crashed + 0.1)
    view.close()
    assert view.frame["since"] == round(crashed * 1000) - 100
    assert view.frame["now"] < 600_000
    assert all(mark["at"] < 600_000 for mark in view.frame["marks"])


def times_of_the_clock(value: Any, where: str = "") -> list[str]:
    """Where in a frame something is so large that it can only be Unix time."""
    if isinstance(value, dict):
        return [
            at for key, each in value.items() for at in times_of_the_clock(each, f"{where}.{key}")
        ]
    if isinstance(value, list | tuple):
        return [at for each in value for at in times_of_the_clock(each, f"{where}[]")]
    is_unix = (
        value > 1e11 if isinstance(value, int) else bool(re.search(r"\b1\d{12}\b", str(value)))
    )
    return [f"{where} = {value}"] if is_unix else []


def test_every_time_in_a_picture_counts_from_when_the_cluster_began() -> None:
    wanted = ("log orders 0", "group shipping", "replication orders 0", "quorum", "network",
              "transaction pay")  # fmt: skip
    with LiveCluster(brokers=3, config={"group.initial.rebalance.delay.ms": 0}) as cluster:
        cluster.create_topic("orders", 1, 3)
        servers = {"bootstrap.servers": cluster.bootstrap_servers, "log_level": 0}
        producer = confluent_kafka.Producer({**servers, "transactional.id": "pay"})
        producer.init_transactions(10)
        producer.begin_transaction()
        producer.produce("orders", "in a transaction")
        producer.flush()
        consumer = confluent_kafka.Consumer({**servers, "group.id": "shipping"})
        consumer.subscribe(["orders"])
        cluster.wait(lambda: consumer.poll(0.01) or consumer.assignment(), 10, "it is assigned")
        with cluster.locked():
            frame = cluster_frame(cluster, wanted=wanted)
            sim = cluster.freeze()
        assert frame["transactions"][0]["since"] is not None
        assert frame["details"]["log orders 0"]["segments"][0]["max_timestamp"] > 0
        consumer.close()
    assert times_of_the_clock(frame) == []
    assert sim.ledger().say.endswith("what real clients handed over, they alone know.")
    mine = Producer({"bootstrap.servers": "kafka:9092"}, sim=sim)
    mine.produce("orders", "there")
    mine.flush()
    assert sim.fate("there").say == "'there' is kept at orders-0@1.", "who read it is not known"
    sim.broker(3).crash()
    sim.run(0.1)
    for made in (
        cluster_frame(sim, wanted=wanted),
        ledger_frame(sim.ledger()),
        spacetime_frame(sim, None, since=0, until=sim.now),
        spacetime_frame(sim, sim.why("broker-3")),
    ):
        assert times_of_the_clock(made) == []
