"""The command line: what can be typed, and what it answers."""

import pytest

from kafkalab import Consumer, LiveCluster, Simulation
from kafkalab.errors import LearnerError
from lab.bench.commands import run


@pytest.fixture
def sim() -> Simulation:
    return Simulation(brokers=3, seed=2)


def test_a_day_at_the_command_line(sim: Simulation) -> None:
    assert run(sim, "create topic orders 3 3") == "created orders: 3 partitions, 3 copies of each"
    assert run(sim, "produce orders user-1 'a b'").startswith("partition ")
    assert "orders           3       3" in run(sim, "topics")
    assert "user-1  a b" in run(sim, "records orders")
    described = run(sim, "describe topic orders")
    assert described == run(sim, "kafka-topics.sh --describe --topic orders")
    assert "high watermark" in described
    consumer = Consumer(
        {"bootstrap.servers": "kafka:9092", "group.id": "g", "auto.offset.reset": "earliest"},
        sim=sim,
    )
    consumer.subscribe(["orders"])
    consumer.poll(10)
    consumer.commit(asynchronous=False)
    assert "Stable" in run(sim, "groups")
    group = run(sim, "kafka-consumer-groups --describe --group g")
    assert "consumer-1" in group
    assert "lag" in group
    before = sim.now
    run(sim, "run 2.5")
    assert sim.now == before + 2500
    assert run(sim, "crash 2") == "done"
    assert "crashed" in run(sim, "brokers")
    assert "broker 2: crashed" in run(sim, "describe broker 2")
    run(sim, "restart 2")
    assert run(sim, "delete topic orders") == "deleted orders"
    assert "orders  " not in run(sim, "topics")
    assert "active" in run(sim, "controllers")


def test_settings_of_a_topic(sim: Simulation) -> None:
    sim.create_topic("orders", config={"retention.ms": 1000})
    assert run(sim, "config orders") == "retention.ms = 1000"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("describe topic none", "there is no topic 'none'"),
        ("describe group none", "there is no group 'none'"),
        ("describe broker 9", "there are 1, 2, 3"),
        ("describe topic", "which topic"),
        ("create topic a b", "create topic NAME"),
        ("run long", "virtual seconds"),
        ("dance", r"^there is no command 'dance'\.  For what can be typed: help$"),
        ("crush 2", "was it 'crash'"),
        ("crash", "what there is: crash N"),
        ("produce none x", "there is no topic 'none'; topics: none yet"),
        ("run 1e9", "up to 3600 s a line"),
        ("describe", "describe what"),
        ("config none", "there is no topic 'none'"),
        ("records orders zero", "records orders 0"),
        ("kafka-topics --alter --topic orders --partitions 6", "there are --list"),
        ("kafka-acls --list", "not known here"),
    ],
)
def test_what_is_not_understood_is_said(sim: Simulation, line: str, words: str) -> None:
    with pytest.raises(LearnerError, match=words):
        run(sim, line)


def test_an_empty_line_is_nothing(sim: Simulation) -> None:
    assert run(sim, " ") == ""


def test_help_lists_what_there_is(sim: Simulation) -> None:
    for word in ("topics", "describe group", "crash 2", "create topic"):
        assert word in run(sim, "help")


def test_a_live_cluster_takes_the_same_words() -> None:
    with LiveCluster(brokers=1) as cluster:
        run(cluster, "create topic orders 2")
        assert "orders" in run(cluster, "topics")
        run(cluster, "produce orders hello")
        assert "online" in run(cluster, "brokers")
        with pytest.raises(LearnerError, match="passes by itself"):
            run(cluster, "run 5")
