"""Why: for each kind of question, many seeds; and without the named cause it is not so."""

import os
from typing import Any

import pytest
from lost_record import lose

from kafkalab import Consumer, KafkaException, Producer, Simulation
from kafkalab.chance import Stream
from kafkalab.errors import LearnerError
from kafkalab.sim import without
from kafkalab.sim.fate import State

SERVERS = {"bootstrap.servers": "kafka:9092"}
#: More with `KAFKALAB_SEEDS=20`.
SEEDS = range(int(os.environ.get("KAFKALAB_SEEDS", "2")))


async def pay(app: Any) -> None:
    """A record every 50 ms, for ever."""
    producer = app.producer(SERVERS | {"acks": "all", "message.timeout.ms": 5_000})
    number = 0
    while True:
        producer.produce("orders", f"order {number}", partition=0)
        number += 1
        await app.sleep(0.05)


def working(seed: int, **config: Any) -> tuple[Simulation, int]:
    """One partition on three brokers, an app that writes, and faults that do not matter."""
    sim = Simulation(brokers=3, seed=seed)
    sim.create_topic("orders", replication_factor=3, config=config)
    sim.app(pay)
    chance = Stream(seed, "beside the point")
    sim.schedule(chance.between(10, 300) / 1000, f"pause {chance.between(1, 3)} 90")
    sim.schedule(chance.between(400, 500) / 1000, "partition producer-1 | 101")
    sim.schedule(chance.between(600, 700) / 1000, "heal")
    leader = sim.leader("orders", 0)
    assert leader is not None
    sim.run(1 + chance.between(0, 100) / 1000)
    return sim, leader


def followers(leader: int) -> list[int]:
    return [broker for broker in (1, 2, 3) if broker != leader]


@pytest.mark.parametrize("how", ["crash", "pause", "partition", "shutdown", "one way"])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_leader_changed(seed: int, how: str) -> None:
    sim, leader = working(seed)
    if how == "crash":
        sim.broker(leader).crash()
    elif how == "pause":
        sim.broker(leader).pause(20)
    elif how == "shutdown":
        sim.driver.command(f"shutdown {leader}")
    elif how == "one way":
        sim.driver.command(f"partition {leader} > 101")
    else:
        sim.network.partition({leader}, {101})
    sim.run(12)
    election = sim.run_to_next("leader") if sim.leader("orders", 0) == leader else None
    entry = election.entry if election else sim.instants("leader", topic="orders")[-1].entry
    why = sim.why(entry)
    assert why.cause is not None
    assert f"leads orders-0 since {entry.at / 1000:.3f} s because" in why.say
    kinds = [each.kind for each in why.chain[1:]]
    assert kinds == ["BrokerFenced", "LeaderElected"][how == "shutdown" :]
    twins = sim.twins(without(why.cause))
    assert twins.b.leader("orders", 0) == leader
    assert sim.leader("orders", 0) != leader


def test_a_preferred_leader_has_its_partition_again() -> None:
    sim = Simulation(brokers=3, seed=2)
    sim.create_topic("orders", replication_factor=3)
    first = sim.leader("orders", 0)
    sim.broker(first).crash()
    sim.run(12)
    sim.broker(first).restart()
    sim.run_until(lambda: sim.leader("orders", 0) == first, limit_ms=700_000)
    why = sim.why(sim.instants("leader", topic="orders")[-1])
    assert "it is the preferred leader" in why.say
    assert why.cause is not None
    assert why.cause.kind == "Crashed"
    twins = sim.twins(without(why.cause))
    assert not twins.b.instants("leader", topic="orders")


@pytest.mark.parametrize("seed", SEEDS)
def test_a_partition_is_offline(seed: int) -> None:
    sim, leader = working(seed)
    for broker in followers(leader):
        sim.broker(broker).crash()
    sim.run(15)
    sim.broker(leader).crash()
    early = sim.why("orders-0")
    assert early.cause == sim.trace.of("Crashed")[-1]
    sim.run(15)
    assert sim.leader("orders", 0) is None
    sim.broker(followers(leader)[0]).restart()
    sim.run(3)
    assert sim.leader("orders", 0) is None
    why = sim.why("orders-0")
    assert why.say.startswith(f"orders-0 has no leader because broker {leader} crashed at")
    assert why.cause is not None
    twins = sim.twins(without(why.cause))
    assert twins.b.leader("orders", 0) == leader


def watermark(sim: Simulation) -> tuple[int, int]:
    leader = sim.leader("orders", 0)
    log = sim.broker(leader).node.replicas.partition(("orders", 0)).log  # type: ignore[attr-defined]
    return log.high_watermark, log.log_end_offset


@pytest.mark.parametrize("how", ["pause", "partition", "delay", "crash"])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_high_watermark_is_stuck(seed: int, how: str) -> None:
    """A follower in the ISR does not fetch; a crash closes its session, which is seen later."""
    sim, leader = working(seed)
    slow = followers(leader)[seed % 2]
    match how:
        case "pause":
            sim.broker(slow).pause(10)
        case "partition":
            sim.network.partition({leader}, {slow})
        case "delay":
            sim.network.delay(leader, slow, 3_000)
        case "crash":
            sim.broker(slow).crash()
    sim.run(0.4)
    stuck_at, end = watermark(sim)
    assert stuck_at < end
    why = sim.why("orders-0")
    assert f"broker {slow} is in the ISR and has only what is below" in why.say
    assert why.cause is not None
    twins = sim.twins(without(why.cause))
    moved, _ = watermark(twins.b)
    assert moved > stuck_at


@pytest.mark.parametrize("seed", SEEDS)
def test_too_few_in_sync_stops_the_watermark_and_refuses_writes(seed: int) -> None:
    sim, leader = working(seed, **{"min.insync.replicas": 2})
    first, second = followers(leader)
    sim.broker(first).crash()
    sim.run(12)
    assert not sim.trace.of("AppendRefused")
    sim.broker(second).crash()
    sim.run(14)
    refusal = sim.trace.of("AppendRefused")[-1]
    why = sim.why(refusal)
    assert "fewer than min.insync.replicas" in why.say
    assert why.cause is not None
    assert why.cause.node == f"broker-{second}"
    assert sim.why("NOT_ENOUGH_REPLICAS").cause == why.cause
    twins = sim.twins(without(why.cause))
    assert not twins.b.trace.of("AppendRefused")
    failed = sim.why(sim.trace.of("RecordFailed")[-1])
    assert failed.cause == why.cause
    late = [e for e in twins.b.trace.of("RecordFailed") if e.at > why.cause.at + 100]
    assert not late


@pytest.mark.parametrize("seed", SEEDS)
def test_a_record_is_not_visible(seed: int) -> None:
    sim, leader = working(seed)
    slow = followers(leader)[0]
    sim.broker(slow).pause(5)
    sim.run(0.1)
    producer = Producer(SERVERS | {"acks": "all"}, sim=sim)
    producer.produce("orders", "unseen", partition=0)
    sim.run(0.3)
    assert sim.fate("unseen").state is State.WRITTEN
    why = sim.why(sim.fate("unseen"))
    assert f"broker {slow} stood still" in why.say
    assert why.cause is not None
    twins = sim.twins(without(why.cause))
    assert b"unseen" in [record.value for record in twins.b.records("orders")]
    assert b"unseen" not in [record.value for record in sim.records("orders")]


def test_an_acknowledged_record_above_the_watermark_is_not_visible() -> None:
    sim, leader = working(1)
    sim.broker(followers(leader)[0]).pause(5)
    sim.run(0.1)
    producer = Producer(SERVERS | {"acks": 1}, sim=sim)
    producer.produce("orders", "unseen", partition=0)
    producer.flush()
    sim.run(0.3)
    assert sim.fate("unseen").state is State.KEPT
    why = sim.why("unseen")
    assert why.question == "Why can 'unseen' not be read?"
    assert "Readers stop at the high watermark" in why.say
    assert why.cause is not None
    assert why.cause.kind == "Paused"
    twins = sim.twins(without(why.cause))
    assert b"unseen" in [record.value for record in twins.b.records("orders")]
    assert b"unseen" not in [record.value for record in sim.records("orders")]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_record_was_lost(seed: int) -> None:
    sim, leader = lose(seed)
    why = sim.why("lost")
    assert why.cause is not None
    assert (why.cause.kind, why.cause.node) == ("Crashed", f"broker-{leader}")
    twins = sim.twins(without(why.cause))
    assert twins.b.fate("lost").state is State.KEPT


def reading(
    seed: int, partitions: int = 2, members: int = 1, **more: Any
) -> tuple[Simulation, list[Consumer]]:
    sim = Simulation(brokers=3, seed=seed)
    sim.create_topic("orders", partitions=partitions, replication_factor=3)
    conf = SERVERS | {"group.id": "billing", "auto.offset.reset": "earliest", **more}
    consumers = []
    for number in range(members):
        consumer = Consumer(conf, sim=sim)
        consumers.append(consumer)
        consumer.subscribe(["orders"])
        sim.run(0.1 * (number + 1))
    for _ in range(8):
        for consumer in consumers:
            consumer.poll(1)
    return sim, consumers


@pytest.mark.parametrize("seed", SEEDS)
def test_a_consumer_is_idle_for_want_of_a_partition(seed: int) -> None:
    sim, consumers = reading(seed, partitions=2, members=3)
    (idle,) = [each for each in consumers if not each.assignment()]
    why = sim.why(idle)
    assert "orders has 2 partitions, group billing has 3 members" in why.say
    assert why.cause is not None
    twins = sim.twins(without(why.cause))
    name = f"consumer-{consumers.index(idle) + 1}"
    assert twins.b.world.nodes[name].assignment()  # type: ignore[attr-defined]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_consumer_is_idle_because_its_leader_or_the_watermark_is_out_of_reach(seed: int) -> None:
    sim, (consumer,) = reading(seed, partitions=1)
    leader = sim.leader("orders", 0)
    assert "has read all there is in orders-0" in sim.why(consumer).say
    sim.network.partition({"consumer-1"}, {leader})
    producer = Producer(SERVERS, sim=sim)
    producer.produce("orders", "far away")
    sim.run(1)
    why = sim.why(consumer)
    assert f"cannot reach broker {leader}, which leads orders-0" in why.say
    assert why.cause is not None
    twins = sim.twins(without(why.cause))
    assert twins.b.world.nodes["consumer-1"].has_event()  # type: ignore[attr-defined]
    assert not sim.world.nodes["consumer-1"].has_event()  # type: ignore[attr-defined]


def test_an_open_transaction_holds_readers_back() -> None:
    sim, (consumer,) = reading(3, partitions=1)
    producer = Producer(SERVERS | {"transactional.id": "t"}, sim=sim)
    producer.init_transactions()
    producer.begin_transaction()
    producer.produce("orders", "undecided")
    sim.run(1)
    why = sim.why(consumer)
    assert "has been neither committed nor aborted" in why.say
    assert sim.why("undecided").cause == why.cause is not None
    twins = sim.twins(without(why.cause))
    assert "has read all there is" in twins.b.why("consumer-1").say
    producer.commit_transaction()
    sim.run(1)
    assert "neither committed" not in sim.why(consumer).say


def test_a_member_of_another_name_than_its_node_is_found_to_have_died() -> None:
    """A member's id begins with its client.id."""

    async def read(app: Any) -> None:
        conf = {"group.id": "shop", "client.id": "Ben", "session.timeout.ms": 6_000}
        consumer = app.consumer({"bootstrap.servers": "kafka:9092", **conf})
        consumer.subscribe(["orders"])
        while True:
            await consumer.poll(1)

    sim = Simulation(brokers=1, seed=2)
    sim.create_topic("orders")
    sim.app(read)
    ben = sim.app(read)
    sim.run(10)
    ben.crash()
    sim.run(10)
    why = sim.why("shop")
    assert why.cause is not None
    assert (why.cause.kind, why.cause.node) == ("AppCrashed", "read-2")


@pytest.mark.parametrize("seed", SEEDS)
def test_a_rebalance_by_a_new_member_and_by_a_silent_one(seed: int) -> None:
    sim, consumers = reading(seed, partitions=4, members=2)
    joined = sim.why("billing")
    assert joined.cause is not None
    before = sim.world.nodes["consumer-1"].generation  # type: ignore[attr-defined]
    sim.network.partition({"consumer-2"}, {1, 2, 3})
    for _ in range(60):
        consumers[0].poll(1)
    why = sim.why("billing")
    assert why.cause is not None
    assert why.cause.kind == "Partitioned"
    assert "has timed out" in why.say
    twins = sim.twins(without(why.cause))
    assert sim.world.nodes["consumer-1"].generation > before  # type: ignore[attr-defined]
    assert twins.b.world.nodes["consumer-1"].generation == before  # type: ignore[attr-defined]
    lone = sim.twins(without(joined.cause))
    joins = [e for e in lone.b.trace.of("GroupStateChanged") if e.id == joined.chain[-1].id]
    assert not joins or joins[0].at != joined.chain[-1].at


def test_an_explanation_shows_itself_and_mistakes_say_what_may_be_asked() -> None:
    sim, leader = working(7)
    sim.broker(leader).crash()
    sim.run(12)
    why = sim.why(sim.instants("leader")[-1])
    assert repr(why).splitlines()[2].strip().startswith("1.")
    assert why._repr_markdown_().count("\n1. ") == len(why.chain)
    assert why.to_json()["events"] == list(why.events)
    assert "out of service" in repr(sim.why(f"broker-{leader}")) or why.cause
    with pytest.raises(LearnerError, match="There is no partition orders-9 here"):
        sim.why("orders-9")
    with pytest.raises(LearnerError, match="No record of an application here was ever written to"):
        sim.why("orders-0@9999")
    with pytest.raises(LearnerError, match="What may be asked about: a partition"):
        sim.why("weather")
    with pytest.raises(LearnerError, match="has no event 99999999"):
        sim.why(99999999)
    appended = sim.trace.of("Appended")[-1]
    assert "it began with" in sim.why(appended).say


def test_a_dead_leader_is_not_replaced_while_no_controller_is_active() -> None:
    sim = Simulation.made(brokers=3, controllers=3, seed=7)
    sim.create_topic("orders", replication_factor=3)
    for controller in (101, 102):
        sim.controller(controller).crash()
    sim.broker(sim.leader("orders", 0)).crash()
    sim.run(30)
    assert sim.why("orders-0").say.endswith(
        "no controller is active that could elect another leader."
    )


def test_a_producer_is_asked_what_is_wrong_with_it() -> None:
    sim = Simulation(brokers=3, seed=7)
    sim.create_topic("orders", replication_factor=3)

    first = Producer(SERVERS | {"transactional.id": "t"}, sim=sim)
    first.init_transactions()
    Producer(SERVERS | {"transactional.id": "t"}, sim=sim).init_transactions()
    first.begin_transaction()
    first.produce("orders", "late")
    with pytest.raises(KafkaException):
        first.commit_transaction()
    fenced = sim.why(first)
    assert "another producer began: producer-2's application called init_transactions" in fenced.say
    plain = Producer(SERVERS | {"message.timeout.ms": 3_000}, sim=sim)
    for broker in sim.alive():
        sim.broker(broker).crash()
    plain.produce("orders", "unheard")
    plain.flush()
    lost = sim.why(plain)
    assert lost.question == f"Why did {plain.name} give a record for orders up?"
    assert "no broker answered it who leads orders, because broker 1 crashed" in lost.say


def test_a_partition_with_an_open_transaction_says_why_readers_stop() -> None:
    sim = Simulation(brokers=3, seed=7)
    sim.create_topic("orders", replication_factor=3)
    producer = Producer(SERVERS | {"transactional.id": "t"}, sim=sim)
    producer.init_transactions()
    producer.begin_transaction()
    producer.produce("orders", "open")
    producer.flush()
    assert "neither committed nor aborted" in sim.why("orders-0").say
    producer.commit_transaction()
    sim.run(1)
    assert "nothing waits to be committed" in sim.why("orders-0").say
