"""A trace that has let go of its oldest events: what is told is true, and says how far it goes."""

from collections.abc import Iterator

import pytest

from kafkalab import Consumer, Producer, Simulation
from kafkalab.errors import LearnerError
from kafkalab.frames import cluster_frame
from kafkalab.frames.details import details
from kafkalab.frames.ledger import ledger_frame
from kafkalab.frames.spacetime import spacetime_frame
from kafkalab.world.chunks import SIZE

DETAILS = ("group shipping", "replication orders 0", "log orders 0", "network", "quorum",
           "transaction pay")  # fmt: skip
NAMES = ("orders-0", "orders-1", "shipping", "broker-1", "broker-2", "broker-3", "consumer-1",
         "producer-1", "producer-2", "NOT_ENOUGH_REPLICAS", "NOT_LEADER_OR_FOLLOWER", "pay",
         "orders-0@3", "orders-1@40", "0", "a0", "t9", "a99")  # fmt: skip


def cut(sim: Simulation, chunks: int) -> Simulation:
    """As it would be if its trace had kept its last so many full chunks, as a live cluster's."""
    other = sim.fork()
    trace = other.world.trace
    trace.let_go_of_kept(chunks * SIZE)
    other.world.trace = trace.fork(forget_recent=True)
    return other


@pytest.fixture(scope="module")
def busy() -> Simulation:
    """Leaders crashed and paused, members that came and went, transactions, records under way."""
    sim = Simulation(brokers=3, seed=3)
    sim.create_topic("orders", 2, 3, config={"min.insync.replicas": 2})
    conf = {"bootstrap.servers": "kafka:9092"}
    safe = Producer({**conf, "enable.idempotence": True}, sim=sim)
    quick = Producer({**conf, "acks": "1", "linger.ms": 0}, sim=sim)
    pay = Producer({**conf, "transactional.id": "pay"}, sim=sim)
    pay.init_transactions()
    groups = {**conf, "group.id": "shipping", "auto.offset.reset": "earliest"}
    members = [Consumer(groups, sim=sim) for _ in range(2)]
    for member in members:
        member.subscribe(["orders"])
    numbers = iter(range(1000))

    def work(count: int) -> None:
        for number in [next(numbers) for _ in range(count)]:
            safe.produce("orders", f"{number}", f"k{number % 7}")
            quick.produce("orders", f"a{number}", f"k{number % 7}")
            if number % 10 == 9:
                pay.begin_transaction()
                pay.produce("orders", f"t{number}", "t")
                pay.commit_transaction()
            for each in (safe, quick):
                each.poll(0)
            for member in members:
                member.poll(0.01)

    work(30)
    sim.broker(sim.leader("orders", 0)).crash()
    work(20)
    sim.run(12)
    members.pop().close()
    work(20)
    sim.broker(next(each for each in (1, 2, 3) if each not in sim.alive())).restart()
    sim.run(5)
    sim.broker(sim.leader("orders", 1)).pause(20)
    work(20)
    sim.run(15)
    work(10)
    sim.run(0.002)
    assert len(sim.trace) > 2 * SIZE
    return sim


def cuts(sim: Simulation) -> Iterator[Simulation]:
    for chunks in range(len(sim.trace) // SIZE):
        yield cut(sim, chunks)


def test_a_ledger_of_what_is_left_tells_of_each_as_of_all(busy: Simulation) -> None:
    whole = {(fate.producer, fate.id): fate.to_json() for fate in busy.ledger()}
    assert "known any more" not in busy.ledger().say
    sizes = []
    for sim in cuts(busy):
        first = next(iter(sim.trace))
        ledger = sim.ledger()
        sizes.append(len(ledger))
        assert [fate.to_json() for fate in ledger] == [
            each for each in whole.values() if each["produced"] >= ledger[0].produced.at
        ][-len(ledger) :]
        since = f"Those handed over before {first.at / 1000:.3f} s are not known any more."
        assert ledger.say.endswith(since) and ledger_frame(ledger)["say"] == ledger.say
        for forgotten in ("0", "orders-0@0"):
            with pytest.raises(LearnerError, match=f"before {first.at / 1000:.3f} s has been let"):
                sim.fate(forgotten)
        sim.run(1)
        assert len(sim.ledger()) == len(ledger), "it is read on from there"
    assert 0 < sizes[0] < sizes[-1] < len(whole)


def test_whatever_is_asked_of_what_is_left_is_answered(busy: Simulation) -> None:
    for sim in cuts(busy):
        asked: dict[str, int] = {}
        for entry in sim.trace:
            asked[entry.kind] = asked.get(entry.kind, 0) + 1
            if asked[entry.kind] <= 2:
                say = sim.why(entry).say
                assert entry.cause == 0 or "came from outside" not in say, say
        for name in NAMES:
            try:
                assert sim.why(name).say
            except LearnerError as error:
                assert "has been let go of" in str(error), error
        details(sim.world, DETAILS)
        cluster_frame(sim)
        spacetime_frame(sim, sim.why("orders-1"))
        spacetime_frame(sim, None, since=sim.now - 600, until=sim.now)
        assert all(each.at >= next(iter(sim.trace)).at for each in sim.instants())
        sim.broker(1).crash()
        assert sim.run_to_next("fence", limit_ms=20_000).entry.fields["broker_id"] == 1


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("crash 2", "broker 2 crashed at {at}"),
        ("pause 2 90000", "broker 2 stood still at {at}"),
        ("partition 2 | 1,3", "the network was partitioned: broker 2 | broker 1, broker 3 before"),
        ("shutdown 2", "broker 2 was shut down at"),
    ],
)
def test_a_fault_still_in_force_is_known_when_its_event_is_not(fault: str, words: str) -> None:
    config = {"min.insync.replicas": 1}
    sim = Simulation(brokers=3, seed=3)
    sim.create_topic("orders", 1, 3, config=config)
    producer = Producer({"bootstrap.servers": "kafka:9092", "linger.ms": 0, "acks": "1"}, sim=sim)
    at = f"{sim.now / 1000:.3f} s"
    sim.driver.command(fault)
    sim.run(30)
    for number in range(SIZE // 2):
        producer.produce("orders", f"{number}")
    producer.flush()
    left = cut(sim, 0)
    if fault == "shutdown 2":
        assert f"broker 2 began to shut down at {at}" in sim.why("orders-0").say
    else:
        assert words.format(at=at) in sim.why("orders-0").say.replace(f"3 at {at}", "3 before")
    answer = left.why("orders-0")
    assert words.format(at=at) in answer.say
    assert answer.cause is not None and answer.cause.id <= 0
    if fault == "crash 2":
        assert left.why("broker-2").say == f"Broker 2 crashed at {at}."


def test_a_partition_alone_for_longer_than_is_known_says_who_is_down() -> None:
    sim = Simulation(brokers=3, seed=3)
    for name in ("orders", "busy"):
        sim.create_topic(name, 1, 1)
    if sim.leader("orders", 0) == sim.leader("busy", 0):
        pytest.fail("choose another seed: two brokers are to lead")
    leader = sim.leader("orders", 0)
    at = f"{sim.now / 1000:.3f} s"
    sim.broker(leader).crash()
    sim.run(15)
    producer = Producer({"bootstrap.servers": "kafka:9092", "linger.ms": 0, "acks": "1"}, sim=sim)
    for number in range(SIZE // 2):
        producer.produce("busy", f"{number}")
    producer.flush()
    say = f"orders-0 has no leader (broker {leader} crashed at {at})."
    assert cut(sim, 0).why("orders-0").say == say
