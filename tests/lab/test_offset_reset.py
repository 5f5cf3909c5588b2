"""Offsets of a group set back or on: by a call, by Kafka's own flags, in short."""

import pytest

from kafkalab import Consumer, LiveCluster, Producer, Simulation
from kafkalab.errors import LearnerError
from lab.bench.commands import run
from lab.bench.offset_reset import Reset, reset_offsets

CONF = {"bootstrap.servers": "kafka:9092", "group.id": "billing", "auto.offset.reset": "earliest"}
TOOL = "kafka-consumer-groups.sh --bootstrap-server kafka:9092 --group billing --reset-offsets "


@pytest.fixture
def sim() -> Simulation:
    """Ten records in orders-0, all read and committed; three in payments-0, never read."""
    sim = Simulation(brokers=3, seed=2)
    sim.create_topic("orders", 1, 3)
    sim.create_topic("payments", 1, 3)
    producer = Producer({"bootstrap.servers": "kafka:9092"}, sim=sim)
    for number in range(10):
        producer.produce("orders", f"{number}", timestamp=1_000 * (number + 1))
    for number in range(3):
        producer.produce("payments", f"{number}")
    producer.flush()
    consumer = a_consumer(sim)
    assert read(consumer) == [str(number) for number in range(10)]
    consumer.close()  # which commits
    return sim


def a_consumer(sim: Simulation, **conf: str) -> Consumer:
    consumer = Consumer({**CONF, **conf}, sim=sim)
    consumer.subscribe(["orders"])
    return consumer


def read(consumer: Consumer) -> list[str]:
    values = []
    while (message := consumer.poll(20)) is not None:
        values.append((message.value() or b"").decode())
    return values


def after(sim: Simulation, *topics: str, **target: object) -> list[int]:
    plan = reset_offsets(sim, "billing", topics or None, execute=False, **target)  # type: ignore[arg-type]
    return [each.after for each in plan]


def test_a_group_reads_on_from_where_it_was_set(sim: Simulation) -> None:
    assert reset_offsets(sim, "billing", to=7) == [Reset("orders", 0, 10, 7)]
    assert read(a_consumer(sim)) == ["7", "8", "9"]


def test_where_to(sim: Simulation) -> None:
    assert after(sim, to="earliest") == [0]
    assert after(sim, to="latest") == after(sim, to="current") == [10]
    assert after(sim, shift_by=-4) == [6]
    assert after(sim, to_ms=4_500) == [4]  # the record dated 5,000
    assert after(sim, "orders", "payments:0", to="latest") == [10, 3]
    assert after(sim, "payments", to="current") == [3]  # nothing committed: the end, as in Kafka


def test_what_is_outside_the_log_is_brought_into_it(sim: Simulation) -> None:
    assert after(sim, to=99) == after(sim, shift_by=5) == [10]
    assert after(sim, shift_by=-99) == [0]
    (late,) = reset_offsets(sim, "billing", to_ms=99_000_000, execute=False)
    assert (late.after, late.note) == (10, "nothing is dated then or later: the end")


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_a_group_with_members_is_refused(sim: Simulation, protocol: str) -> None:
    consumer = a_consumer(sim, **{"group.protocol": protocol})
    consumer.poll(10)
    with pytest.raises(LearnerError, match=r"group 'billing' is inactive, but .* is Stable"):
        reset_offsets(sim, "billing", to="earliest")
    consumer.close()
    assert reset_offsets(sim, "billing", to="earliest")[0].after == 0


def test_a_group_that_does_not_exist_begins_there(sim: Simulation) -> None:
    with pytest.raises(LearnerError, match="committed nothing: name the topics"):
        reset_offsets(sim, "new", to="latest")
    assert reset_offsets(sim, "new", ["orders"], to=8) == [Reset("orders", 0, None, 8)]
    assert read(a_consumer(sim, **{"group.id": "new"})) == ["8", "9"]


def test_kafka_s_own_flags_change_nothing_without_execute(sim: Simulation) -> None:
    told = run(sim, TOOL + "--topic orders --to-earliest")
    assert "add --execute" in told and "orders" in told
    assert after(sim, to="current") == [10]
    for flags, offset in (
        ("--topic orders:0 --to-offset 3 --execute", 3),
        ("--all-topics --shift-by -1 --execute", 2),
        ("--all-topics --to-datetime 1970-01-01T00:00:05.000 --execute", 4),
        ("--all-topics --to-latest --execute", 10),
    ):
        assert "add --execute" not in run(sim, TOOL + flags)
        assert after(sim, to="current") == [offset]


def test_in_short(sim: Simulation) -> None:
    for where, offset in (("earliest", 0), ("+4", 4), ("-1", 3), ("9", 9), ("current", 9)):
        assert "billing" in run(sim, f"reset offsets billing orders {where}")
        assert after(sim, to="current") == [offset]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (TOOL + "--topic orders", "Give one of --to-earliest"),
        (TOOL + "--to-earliest", "which topics"),
        (TOOL + "--topic none --to-earliest", "there is no topic 'none'"),
        (TOOL + "--topic orders:7 --to-earliest", r"has the partitions \[0\]"),
        (TOOL + "--topic payments --shift-by 1", "cannot be shifted"),
        (TOOL + "--topic orders --to-offset x", "not a whole number"),
        (TOOL + "--topic orders --to-datetime noon", "no date like"),
        ("reset offsets billing", "which group"),
    ],
)
def test_what_is_not_understood_is_said(sim: Simulation, line: str, words: str) -> None:
    with pytest.raises(LearnerError, match=words):
        run(sim, line)


def test_a_live_cluster_is_reset_by_its_own_clients() -> None:
    with LiveCluster(brokers=1) as cluster, pytest.raises(LearnerError, match="or freeze it"):
        run(cluster, TOOL + "--topic orders --to-earliest")
