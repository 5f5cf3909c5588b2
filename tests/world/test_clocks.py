"""Clocks that are wrong: what they touch, and what they leave alone."""

from dataclasses import replace
from pathlib import Path

import pytest

from kafkalab import Consumer, Producer, Simulation
from kafkalab.chance import Stream
from kafkalab.errors import LearnerError
from kafkalab.live import LiveCluster
from kafkalab.sim import changes, swarm
from kafkalab.sim.invariants import Monitor
from kafkalab.sim.plan import Plan
from kafkalab.world.faults import CommandError, parse

HOUR_MS = 3_600_000


def a_cluster(**topic: object) -> Simulation:
    sim = Simulation(brokers=3, seed=5, config={"log.retention.check.interval.ms": 5_000})
    sim.create_topic("orders", 1, 3, config=topic or None)
    return sim


def leader(sim: Simulation) -> int:
    found = sim.leader("orders", 0)
    assert found is not None
    return found


def send(sim: Simulation, value: bytes = b"x", **conf: object) -> tuple[int, int]:
    """The timestamp of one record, and when it was sent."""
    producer = Producer({"bootstrap.servers": "kafka:9092", **conf}, sim=sim)
    sent = sim.now
    producer.produce("orders", value)
    producer.flush()
    return sim.records("orders")[-1].timestamp, sent


def events(sim: Simulation, *kinds: str) -> list[str]:
    return [entry.kind for entry in sim.trace.of(*kinds)]


def test_a_producer_dates_records_by_its_own_clock_and_brokers_by_theirs() -> None:
    sim = a_cluster()
    producer = Producer({"bootstrap.servers": "kafka:9092"}, sim=sim)
    sim.run(20)
    dates = []
    for ahead_ms in (5_000, -5_000, 0):
        sim.clocks.set("producer-1", ahead_ms)
        sent = sim.now
        producer.produce("orders", b"x")
        producer.flush()
        dates.append(sim.records("orders")[-1].timestamp - sent)
    assert dates == [5_000, -5_000, 0]
    sim.broker(leader(sim)).set_clock(-7_000)
    assert send(sim)[0] == sim.records("orders")[-1].timestamp  # CreateTime: no broker's business
    sim.create_topic("stamped", 1, 3, config={"message.timestamp.type": "LogAppendTime"})
    host = sim.leader("stamped", 0)
    assert host is not None
    sim.broker(host).set_clock(-7_000)
    sent = sim.now
    producer.produce("stamped", b"x")
    producer.flush()
    assert sent - 7_000 <= sim.records("stamped")[-1].timestamp < sent - 6_000


def test_a_clock_behind_the_beginning_of_time_shows_zero() -> None:
    sim = a_cluster()
    Producer({"bootstrap.servers": "kafka:9092"}, sim=sim)
    sim.clocks.set("producer-1", -HOUR_MS)
    assert sim.clocks.shows("producer-1") == 0


def test_a_clock_that_drifts_gains_so_much_each_second_from_then_on() -> None:
    sim = a_cluster()
    sim.clocks.set(2, 1_000, 50)
    sim.run(10)
    assert sim.clocks.shows(2) - sim.now == 1_500
    sim.schedule(0, "drift broker-2 -100")  # it keeps what it shows
    sim.run(10)
    assert sim.clocks.shows(2) - sim.now == 500
    assert "broker-2 +500 ms" in repr(sim.clocks)
    sim.network.heal()
    assert sim.clocks.shows(2) == sim.now
    assert repr(sim.clocks) == "<Clocks: all right>"
    assert events(sim, "ClockSet") == ["ClockSet"] * 4


def test_a_broker_ahead_deletes_before_the_time_and_why_says_so() -> None:
    sim = a_cluster(**{"retention.ms": HOUR_MS})
    send(sim)
    sim.run(30)
    assert len(sim.records("orders")) == 1
    host = sim.broker(leader(sim))
    host.set_clock(2 * HOUR_MS)
    sim.run(30)
    assert sim.records("orders") == []
    (deleted,) = sim.trace.of("SegmentsDeleted")[:1]
    told = sim.why(deleted)
    assert told.cause is not None and told.cause.kind == "ClockSet"
    assert f"the clock of broker {host.id} is 7200000 ms ahead" in told.say
    assert "clock of broker" in sim.why(f"broker-{host.id}").say


@pytest.mark.parametrize("ahead_ms", [HOUR_MS, -HOUR_MS])
def test_a_jump_ends_no_session_and_disturbs_no_quorum(ahead_ms: int) -> None:
    sim = Simulation(brokers=3, controllers=3, seed=5)
    monitor = Monitor(sim.world, acks_all=False)
    sim.create_topic("orders", 3, 3)
    consumer = Consumer(
        {"bootstrap.servers": "kafka:9092", "group.id": "g", "auto.offset.reset": "earliest"},
        sim=sim,
    )
    consumer.subscribe(["orders"])
    consumer.poll(10)
    since = sim.trace.next_id
    for node in (1, 2, 3, 101, 102, 103):
        sim.clocks.set(node, ahead_ms)
    for value in (b"1", b"2", b"3"):
        send(sim, value)
        consumer.poll(10)
    sim.network.heal()
    sim.run(60)
    monitor.everything()
    disturbed = ("BrokerFenced", "IsrChanged", "QuorumLeaderElected", "GroupStateChanged")
    assert [entry.text for entry in sim.trace.of(*disturbed) if entry.id >= since] == []


def test_a_transaction_is_given_up_early_by_a_coordinator_that_is_ahead() -> None:
    def aborted_after_ms(ahead_ms: int) -> int:
        sim = Simulation(brokers=1, seed=5)
        sim.create_topic("orders")
        conf = {"transactional.id": "t", "transaction.timeout.ms": 60_000}
        producer = Producer({"bootstrap.servers": "kafka:9092", **conf}, sim=sim)
        producer.init_transactions()
        producer.begin_transaction()
        producer.produce("orders", b"x")
        sim.run(1)
        began = sim.now
        sim.broker(1).set_clock(ahead_ms)
        sim.run_until(lambda: sim.trace.of("ProducerFenced"), limit_ms=300_000)
        if ahead_ms:
            told = sim.why(sim.trace.of("ProducerFenced")[-1])
            assert told.cause is not None and told.cause.kind == "ClockSet"
        return sim.now - began

    assert aborted_after_ms(50_000) < 20_000 < 50_000 < aborted_after_ms(0)


def test_committed_offsets_are_dated_by_the_coordinator() -> None:
    sim = Simulation(brokers=1, seed=5, config={"offsets.retention.minutes": 60})
    sim.create_topic("orders")
    conf = {"bootstrap.servers": "kafka:9092", "group.id": "g", "auto.offset.reset": "earliest"}
    consumer = Consumer(conf, sim=sim)
    consumer.subscribe(["orders"])
    producer = Producer({"bootstrap.servers": "kafka:9092"}, sim=sim)
    producer.produce("orders", b"x")
    producer.flush()
    assert consumer.poll(30) is not None
    consumer.commit(asynchronous=False)
    consumer.close()

    def expired(other: Simulation) -> bool:
        other.run(700)
        node = other.broker(1).node
        return all(not shard.machine.table.live for shard in node.groups.hosted.values())  # type: ignore[attr-defined]

    branch = sim.fork()
    branch.clocks.set(1, 2 * HOUR_MS)
    assert (expired(sim), expired(branch)) == (False, True)


def test_a_record_dated_too_far_ahead_is_refused_and_why_names_the_clock() -> None:
    sim = a_cluster(**{"message.timestamp.after.max.ms": HOUR_MS})
    producer = Producer({"bootstrap.servers": "kafka:9092"}, sim=sim)
    errors = []
    for ahead_ms in (0, 2 * HOUR_MS):
        sim.clocks.set("producer-1", ahead_ms)
        producer.produce("orders", b"x", on_delivery=lambda error, _: errors.append(error))
        producer.flush()
    assert errors[0] is None and errors[1].name() == "INVALID_TIMESTAMP"
    told = sim.why("INVALID_TIMESTAMP")
    assert "the clock of producer-1 is 7200000 ms ahead" in told.say
    assert told.cause is not None and told.cause.kind == "ClockSet"


def test_the_broker_s_clock_is_what_dates_are_measured_by() -> None:
    sim = a_cluster(**{"message.timestamp.before.max.ms": HOUR_MS})
    sim.broker(leader(sim)).set_clock(2 * HOUR_MS)
    errors = []
    producer = Producer({"bootstrap.servers": "kafka:9092"}, sim=sim)
    producer.produce("orders", b"x", on_delivery=lambda error, _: errors.append(error))
    producer.flush()
    assert errors[0].name() == "INVALID_TIMESTAMP"


def test_a_process_started_again_finds_its_machine_s_clock() -> None:
    sim = a_cluster()
    sim.clocks.set(2, 1_000, 50)
    sim.broker(2).crash()
    sim.run(10)
    sim.broker(2).restart()
    sim.run(10)
    assert sim.clocks.shows(2) - sim.now == 2_000


def test_a_fork_has_clocks_of_its_own_and_the_same_run() -> None:
    sim = a_cluster()
    sim.clocks.set(2, 5_000)
    branch = sim.fork()
    branch.clocks.set(2, 0)
    assert (sim.clocks.shows(2) - sim.now, branch.clocks.shows(2) - branch.now) == (5_000, 0)
    one, other = sim.fork(), sim.fork()
    for each in (one, other):
        send(each)
        each.run(5)
    assert one.trace.digest() == other.trace.digest()


def test_a_saved_run_and_a_look_back_have_the_clock_as_it_was(tmp_path: Path) -> None:
    sim = a_cluster()
    sim.run(5)
    sim.clocks.set(2, 5_000, 10)
    sim.run(5)
    sim.save(tmp_path / "run.json")
    again = Simulation.load(tmp_path / "run.json")
    assert again.clocks.shows(2) == sim.clocks.shows(2) == sim.now + 5_050
    then = sim.at(2).fork()
    assert then.clocks.shows(2) == then.now


def test_a_twin_may_be_without_it() -> None:
    sim = a_cluster()
    Producer({"bootstrap.servers": "kafka:9092"}, sim=sim)
    sim.clocks.set("producer-1", 5_000)
    (fault,) = sim.trace.of("ClockSet")
    assert changes.words_of(fault) == "clock producer-1 +5000"
    twins = sim.twins(changes.without("clock producer-1 +5000"))
    assert twins.b.clocks.shows("producer-1") == twins.b.now


@pytest.mark.parametrize(
    "words", ["clock 2", "clock 2 soon", "clock 2 +-5", "drift 2 +901", "drift 2 1.5", "clock +5"]
)
def test_words_that_set_no_clock(words: str) -> None:
    with pytest.raises(CommandError):
        parse(words)


def test_who_has_no_clock_says_so_at_once() -> None:
    sim = a_cluster()
    Consumer({"bootstrap.servers": "kafka:9092", "group.id": "g"}, sim=sim)
    with pytest.raises(LearnerError, match="nothing that consumer-1 does depends on its clock"):
        sim.schedule(5, "clock consumer-1 +5")
    with pytest.raises(LearnerError, match="no disk"):
        sim.schedule(5, "slow-disk consumer-1 5")


def test_a_live_cluster_has_the_machine_s_clock() -> None:
    with LiveCluster(brokers=1) as cluster:
        for ask in (cluster.command, lambda words: cluster.schedule(1, words)):
            with pytest.raises(LearnerError, match="machine's clock"):
                ask("clock 1 +5000")
        sim = cluster.freeze()
    sim.clocks.set(1, 5_000)
    assert sim.clocks.shows(1) == sim.now + 5_000


@pytest.mark.parametrize("seed", [11])
def test_promises_hold_where_clocks_are_wrong_among_other_faults(seed: int) -> None:
    """The run of a seed with six more faults; T10 too, for a heal sets clocks right."""
    plan, chance = Plan.of(seed, 5), Stream(seed, "clocks")
    wrong = []
    for _ in range(6):
        verb, most = (("clock", 200_000), ("drift", 500))[chance.below(2)]
        sign = "+-"[chance.below(2)]
        node = chance.between(1, plan.brokers)
        words = f"{verb} {node} {sign}{chance.between(1, most)}"
        wrong.append((chance.between(100, 5_000), words))
    swarm.run(replace(plan, faults=tuple(sorted((*plan.faults, *wrong)))))
