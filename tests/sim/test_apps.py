"""Apps with real producers, in a cluster with faults."""

from typing import Any

import pytest

from kafkalab import Producer, Simulation
from kafkalab.config import ConfigError
from kafkalab.errors import LearnerError
from kafkalab.frames import cluster_frame
from kafkalab.handles import TopicPartition as Place
from kafkalab.ids import TopicPartition
from kafkalab.sim.client_history import ClientHistory
from kafkalab.sim.workload import auditing

ORDERS = 40


async def pay(app: Any) -> None:
    producer = app.producer({"bootstrap.servers": "kafka:9092", "acks": "all"})
    for number in range(ORDERS):
        producer.produce("orders", key=f"user-{number % 7}", value=f"order {number}")
        await app.sleep(0.05)
    await producer.flush()


def a_run(seed: int, *, wire: bool = False) -> Simulation:
    sim = Simulation(seed=seed, wire=wire)
    sim.create_topic("orders", partitions=3, replication_factor=3)
    sim.app(pay)
    sim.app(pay)
    sim.schedule(0.4, "crash 1")
    sim.schedule(0.9, "restart 1")
    sim.schedule(1.1, "partition 2 | 1,3")
    sim.schedule(1.4, "heal")
    return sim


def ends(sim: Simulation) -> list[int]:
    (topic,) = cluster_frame(sim)["topics"]
    return [partition["high_watermark"] for partition in topic["partitions"]]


def test_apps_get_their_records_through_faults() -> None:
    sim = a_run(7)
    sim.run(60)
    finished = sorted(entry.node for entry in sim.trace.of("AppFinished"))
    assert finished == ["pay-1", "pay-2"]
    assert sum(ends(sim)) >= 2 * ORDERS
    clients = cluster_frame(sim)["clients"]
    assert [(client["name"], client["doing"]) for client in clients] == [
        ("producer-1", "finished"),
        ("producer-2", "finished"),
    ]
    assert all(client["acknowledged"] == ORDERS for client in clients)


def test_forks_and_the_wire_go_the_same_way() -> None:
    sim, wired = a_run(3), a_run(3, wire=True)
    forks = []
    for _ in range(6):
        sim.run(0.43)
        forks.append(sim.fork())
    end = sim.now + 20_000
    sim.run_to(end)
    for other in (*forks, wired):
        other.run_to(end)
        assert other.trace.digest() == sim.trace.digest()


def test_looking_back_into_a_run_of_apps() -> None:
    sim = a_run(5)
    sim.run(1.234)
    digest, at = sim.trace.digest(), sim.now
    sim.run(20)
    assert sim.at(at / 1000).trace.digest() == digest


def test_a_killed_app_stops_and_a_restarted_one_begins_again() -> None:
    sim = Simulation(seed=7)
    sim.create_topic("orders", replication_factor=3)
    app = sim.app(pay, name="payments")
    sim.run(0.5)
    app.crash()
    assert (app.state, app.error, app.clients) == ("crashed", "killed", ("producer-1",))
    before = sum(ends(sim))
    sim.run(5)
    assert sum(ends(sim)) <= before + 1
    app.restart()
    sim.run(5)
    assert (app.state, app.clients) == ("finished", ("producer-2",))
    with pytest.raises(LearnerError, match="not running"):
        app.crash()


def test_an_app_that_raises_says_of_what() -> None:
    async def clumsy(app: Any) -> None:
        await app.sleep(1)
        app.producer({"acks": "some"})

    sim = Simulation(seed=7, brokers=1)
    app = sim.app(clumsy)
    sim.run(2)
    assert app.state == "crashed"
    assert app.error.startswith("ConfigError")
    assert cluster_frame(sim)["events"][0]["text"].startswith("clumsy-1 crashed: ConfigError")


def test_an_app_cannot_drive_the_world_it_is_in() -> None:
    sim = Simulation(seed=7, brokers=1)

    async def rash(app: Any) -> None:
        sim.run(5)

    app = sim.app(rash)
    assert "not while the world is at work" in app.error


def test_bootstrap_servers_are_checked() -> None:
    sim = Simulation(seed=7)
    assert sim.add_client("producer", {"bootstrap.servers": "broker-2:9092"}) == "producer-1"
    with pytest.raises(ConfigError, match="there is no 'localhost' in this simulation"):
        sim.add_client("producer", {"bootstrap.servers": "localhost:9092"})


def test_an_auditor_of_a_long_partition_lets_time_pass() -> None:
    sim = Simulation(brokers=1, seed=1)
    sim.create_topic("orders", 1, 1)
    producer = Producer({"bootstrap.servers": "kafka:9092"}, sim=sim)
    for _ in range(10_100):
        producer.produce("orders", value=b"")
    producer.flush()
    history = ClientHistory(lambda: sim.now)
    sim.app(auditing([TopicPartition("orders", 0)], history))
    sim.run(20)
    assert not sim.trace.of("AppCrashed")
    assert [op.offset for op in history.ops] == list(range(10_100))


def test_an_app_may_read_a_long_backlog_without_sleeping() -> None:
    """Each poll takes a record, so it gets on, however little time passes."""
    sim = Simulation(brokers=1, seed=4)
    sim.create_topic("orders")
    producer = Producer({"bootstrap.servers": "kafka:9092"}, sim=sim)
    for _ in range(12_000):
        producer.produce("orders", b"")
    producer.flush()
    sim.run(1)
    counts = [0]

    async def read(app: Any) -> None:
        consumer = app.consumer(
            {
                "bootstrap.servers": "kafka:9092",
                "group.id": "g",
                "auto.offset.reset": "earliest",
                "queued.min.messages": 100_000,
                "fetch.max.bytes": 50_000_000,
            }
        )
        consumer.assign([Place("orders", 0, 0)])
        await app.sleep(10)  # until all of it waits in the consumer
        while counts[0] < 12_000 and await consumer.poll(5.0) is not None:
            counts[0] += 1

    handle = sim.app(read)
    sim.run(30)
    assert (handle.state, handle.error, counts[0]) == ("finished", "", 12_000)


def test_an_app_that_polls_nothing_at_once_forever_is_stopped() -> None:
    sim = Simulation(brokers=1, seed=4)
    sim.create_topic("orders")

    async def spin(app: Any) -> None:
        consumer = app.consumer({"bootstrap.servers": "kafka:9092", "group.id": "g"})
        consumer.subscribe(["orders"])
        while True:
            await consumer.poll(0)

    handle = sim.app(spin)
    sim.run(1)
    assert handle.state == "crashed" and "without letting time pass" in handle.error
