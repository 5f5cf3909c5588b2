"""Twins: equal until the change matters, and then different by it alone."""

import sys
from typing import Any

import pytest
from faulty_run import END_MS, faulty_run, whole_run

from kafkalab import Consumer, Producer, Simulation
from kafkalab.errors import LearnerError
from kafkalab.sim import also, config, move, swap, without
from kafkalab.sim.twins import Twins

SERVERS = {"bootstrap.servers": "kafka:9092"}


def outcome(twins: Twins, name: str) -> tuple[int, int]:
    (found,) = [each for each in twins.outcomes if each.name == name]
    return found.a, found.b


async def careless(app: Any) -> None:
    producer = app.producer(SERVERS | {"acks": 1, "message.timeout.ms": 30_000})
    for number in range(60):
        producer.produce("orders", f"order {number}", partition=0)
        await app.sleep(0.05)
    await producer.flush()


async def careful(app: Any) -> None:
    producer = app.producer(SERVERS | {"acks": "all", "message.timeout.ms": 30_000})
    for number in range(60):
        producer.produce("orders", f"order {number}", partition=0)
        await app.sleep(0.05)
    await producer.flush()


def losing(seed: int, function: Any = careless) -> Simulation:
    """The leader is cut off, then dies, and comes back: acks=1 loses what it took meanwhile."""
    sim = Simulation(brokers=3, seed=seed)
    sim.create_topic("orders", replication_factor=3, config={"min.insync.replicas": 2})
    leader = sim.leader("orders", 0)
    others = ",".join(str(n) for n in (1, 2, 3) if n != leader)
    sim.app(function)
    sim.schedule(1.0, f"partition {leader} | {others}")
    sim.schedule(1.5, f"crash {leader}")
    sim.schedule(15, "heal")
    sim.schedule(16, f"restart {leader}")
    sim.run(40)
    return sim


@pytest.mark.parametrize("seed", range(3))
def test_acks_all_instead_of_one_loses_nothing(seed: int) -> None:
    sim = losing(seed)
    twins = sim.twins(config("acks", "all"))
    assert twins.a.trace.digest() == sim.trace.digest()
    lost = outcome(twins, "lost after that")
    assert lost[0] > 5
    assert lost[1] == 0
    assert twins.divergence is not None
    assert twins.divergence.at < 100
    swapped = sim.twins(swap(careless, careful))
    assert swapped.b.trace.digest() == twins.b.trace.digest()
    assert "A loses" in twins.say and ", B 0" in twins.say


@pytest.mark.parametrize("seed", range(3))
def test_leaving_out_a_planned_fault_is_the_run_in_which_it_was_never_planned(seed: int) -> None:
    sim = losing(seed)
    leader = next(e.node for e in sim.trace.of("Crashed"))
    twins = sim.twins(without(f"crash {leader}"))
    assert twins.begins_at < 1500
    assert outcome(twins, "lost after that")[1] == 0
    assert twins.divergence is not None
    assert 1500 <= twins.divergence.at <= 1540
    (crash,) = twins.a.trace.of("Crashed")
    chain = [each.id for each in twins.divergence.a.chain + twins.divergence.b.chain]
    assert crash.id in chain or twins.divergence.b.entry is not None
    assert twins.b.trace.of("Crashed") == []
    never = Simulation(brokers=3, seed=seed)
    never.create_topic("orders", replication_factor=3, config={"min.insync.replicas": 2})
    others = ",".join(str(n) for n in (1, 2, 3) if f"broker-{n}" != leader)
    never.app(careless)
    never.schedule(1.0, f"partition {leader[-1]} | {others}")
    never.schedule(15, "heal")
    never.schedule(16, f"restart {leader[-1]}")
    never.run(40)
    assert never.trace.digest() == twins.b.trace.digest()


def test_a_change_that_changes_nothing_has_no_divergence() -> None:
    sim = whole_run(3)
    twins = sim.twins(config("acks", "all"))
    assert twins.divergence is None
    assert twins.a.trace.digest() == twins.b.trace.digest() == sim.trace.digest()
    assert "nothing that matters happens otherwise" in repr(twins)
    assert all(each.verdict == "same" for each in twins.outcomes)


@pytest.mark.parametrize(
    "change",
    [
        without("crash 2"),
        move("crash 2", to=2.0),
        also("pause 1 500", at=0.5),
        config("replica.lag.time.max.ms", 2_000),
        config("min.insync.replicas", 3, topic="orders"),
        config("linger.ms", 100),
    ],
    ids=lambda change: change.words,
)
def test_twins_are_equal_before_they_part_and_b_can_be_saved(change: Any) -> None:
    sim = whole_run(1)
    twins = sim.twins(change)
    divergence = twins.divergence
    assert divergence is not None
    start = max(twins.begins_at, 20)
    if divergence.at > start + 1:
        at = (divergence.at - 1) / 1000
        aside = ("RecordSent", "ProduceHandled", "Crashed", "Paused")
        kept = [str(entry) for entry in twins.a.at(at).trace if entry.kind not in aside]
        assert kept == [str(e) for e in twins.b.at(at).trace if e.kind not in aside]
    assert twins.b.now == sim.now
    again = Simulation.from_link(twins.b.link(), code=sys.modules["faulty_run"].__dict__)
    assert again.trace.digest() == twins.b.trace.digest()
    assert sim.branches[change.words] is twins.b


def test_a_fault_done_by_hand_is_left_out_and_the_calls_are_done_again() -> None:
    sim = Simulation(brokers=3, seed=7)
    sim.create_topic("orders", replication_factor=3)
    leader = sim.leader("orders", 0)
    producer = Producer(SERVERS | {"acks": "all"}, sim=sim)
    producer.produce("orders", "before")
    producer.flush()
    sim.run(1)
    sim.broker(leader).crash()
    producer.produce("orders", "meanwhile")
    producer.flush()
    sim.run(1)
    twins = sim.twins(without(sim.trace.of("Crashed")[0]), until=sim.now / 1000 + 5)
    assert outcome(twins, "acknowledged") == (2, 2)
    waited = outcome(twins, "some write waits")
    assert waited[0] > 8_000
    assert waited[1] == 0
    assert twins.a.now == twins.b.now == sim.now + 5_000
    assert len(twins.b.records("orders")) == 2


def test_a_consumer_called_by_hand_reads_in_the_changed_run_what_it_read() -> None:
    """Calls of one millisecond, with steps between them, keep their places among the steps."""
    sim = Simulation(brokers=3, seed=7)
    sim.create_topic("orders", partitions=3, replication_factor=3)
    producer = Producer(SERVERS, sim=sim)
    for number in range(20):
        producer.produce("orders", f"order {number}", key=f"user-{number % 4}")
    producer.flush()
    consumer = Consumer(SERVERS | {"group.id": "g", "auto.offset.reset": "earliest"}, sim=sim)
    consumer.subscribe(["orders"])
    assert all(consumer.poll(5) for _ in range(20))
    sim.run(15)
    assert sim.twins(config("min.insync.replicas", 1)).divergence is None
    late = sim.twins(also("crash 1", at=10))
    assert late.divergence is not None
    assert late.divergence.at >= 10_000


def test_what_only_counts_is_no_divergence() -> None:
    sim = Simulation(brokers=3, seed=4)
    sim.create_topic("orders", replication_factor=3)
    sim.broker(2).crash()
    sim.run(12)
    sim.broker(2).restart()
    sim.run(3)
    # One record more in the metadata log, and so another broker epoch: nothing that matters.
    assert sim.twins(config("min.insync.replicas", 2, topic="orders")).divergence is None


def test_mistakes_are_said_in_words() -> None:
    sim = faulty_run(1)
    sim.run_to(sim.started_at + END_MS)
    with pytest.raises(LearnerError, match=r"no fault 'crash 3' here; there are 'crash 2' at 1\."):
        sim.twins(without("crash 3"))
    with pytest.raises(LearnerError, match="no app here runs careless"):
        sim.twins(swap(careless, careful))
    with pytest.raises(LearnerError, match="no topic payments was made here"):
        sim.twins(config("min.insync.replicas", 2, topic="payments"))
    with pytest.raises(LearnerError, match="'bang' is not a command"):
        sim.twins(also("bang", at=1))
    with pytest.raises(LearnerError, match=r"cannot be made: there is no broker-9"):
        sim.twins(also("crash 9", at=1))
    with pytest.raises(LearnerError, match=r"the change is at 90\.000 s, after"):
        sim.twins(also("crash 1", at=90))
    with pytest.raises(LearnerError, match="time does not go back: -3 seconds"):
        sim.twins(move("crash 2", to=-3))
    with pytest.raises(LearnerError, match=r"without None\?"):
        sim.twins(without(None))  # type: ignore[arg-type]
    with pytest.raises(LearnerError, match="'acks=1' is no change"):
        sim.twins("acks=1")  # type: ignore[arg-type]
    by_hand = Simulation(brokers=1, seed=1)
    with pytest.raises(LearnerError, match="no client was made here that takes acks"):
        by_hand.twins(config("acks", 1))
    Producer(SERVERS | {"enable.idempotence": True}, sim=by_hand)
    with pytest.raises(LearnerError, match=r"cannot be made: enable\.idempotence needs acks=all"):
        by_hand.twins(config("acks", 1))


def test_code_that_does_not_do_the_same_each_time_is_told_from_what_was_changed() -> None:
    calls = []

    async def moody(app: Any) -> None:
        calls.append(app)
        producer = app.producer(SERVERS)
        producer.produce("orders", "x" * len(calls))
        producer.produce("orders", "y", partition=len(calls) % 2)
        await producer.flush()

    sim = Simulation(brokers=3, seed=1)
    sim.create_topic("orders", partitions=2, replication_factor=3)
    sim.app(moody)
    sim.run(2)
    sim.broker(3).crash()
    sim.run(2)
    twins = sim.twins(without("crash 3"))
    assert twins.divergence is not None
    assert twins.divergence.at < twins.changed_at
    assert "before the change: code of this run does not do the same each time" in twins.say
