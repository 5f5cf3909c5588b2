"""The ledger against what is truly in the logs, and fates of records that met faults."""

from typing import Any

import pytest
from faulty_run import END_MS, faulty_run
from lost_record import lose

from kafkalab import Consumer, Producer, Simulation
from kafkalab.errors import LearnerError
from kafkalab.protocol.messages.log_offsets import (
    DeleteRecordsPartition,
    DeleteRecordsRequest,
    DeleteRecordsTopic,
)
from kafkalab.sim.changes import without
from kafkalab.sim.fate import State

SERVERS = {"bootstrap.servers": "kafka:9092"}


def one_partition(seed: int, **config: Any) -> tuple[Simulation, int]:
    sim = Simulation(seed=seed, brokers=3)
    sim.create_topic("orders", replication_factor=3, config=config)
    leader = sim.leader("orders", 0)
    assert leader is not None
    return sim, leader


@pytest.mark.parametrize("seed", range(5))
def test_a_lost_record_names_the_events_that_lost_it(seed: int) -> None:
    sim, leader = lose(seed)
    fate = sim.fate("lost")
    assert fate.state is State.LOST
    kinds = [sim.trace.entry(id).kind for id in fate.lost_by]  # type: ignore[union-attr]
    assert kinds == ["Appended", "RecordAcknowledged", "Crashed", "LeaderElected", "Truncated"]
    assert f"with one copy, on broker {leader}; broker {leader} crashed at" in fate.say
    assert "was elected at" in fate.say and f"broker {leader} cut it off at" in fate.say
    assert sim.fate("kept").state is sim.fate("after").state is State.KEPT
    assert sim.fate("orders-0@1").value == b"after"
    assert sim.fate("after").places[0].offset == fate.places[0].offset
    assert sim.ledger("orders").say == "3 produced, 3 acknowledged, 1 acknowledged and lost."
    assert [each.value for each in sim.ledger().lost] == [b"lost"]


@pytest.mark.parametrize("seed", range(8))
def test_in_faulty_runs_the_ledger_agrees_with_the_logs(seed: int) -> None:
    sim = faulty_run(seed, wire=bool(seed % 2))
    sim.run_to(sim.started_at + END_MS)
    sim.network.heal()
    sim.run(60)
    stored = {(r.partition, r.offset): r.value for r in sim.records("orders")}
    ledger = sim.ledger("orders")
    in_ledger = {
        (place.partition, place.offset): fate.value
        for fate in ledger
        for place in fate.places
        if place.is_kept
    }
    assert in_ledger == stored
    assert len(ledger) == 250
    acknowledged = [fate for fate in ledger if fate.acknowledged]
    assert len(acknowledged) == sum(sim.world.nodes["producer-1"].acknowledged for _ in "1")  # type: ignore[attr-defined]
    assert not ledger.lost
    reads = sum(sum(fate.applied.values()) for fate in ledger)
    assert reads == sum(sim.world.nodes[name].taken for name in ("consumer-1", "consumer-2"))  # type: ignore[attr-defined]
    for fate in ledger.of(State.KEPT):
        place = fate.place
        assert place is not None and place.committed is not None
        assert fate.acknowledged is not None
        assert fate.produced <= fate.sends[0] < place.written < place.committed
        assert len([copy for copy in place.copies if not copy.gone]) == 3


@pytest.mark.parametrize("is_idempotent", [False, True])
def test_a_retry_after_a_lost_answer_is_written_twice_unless_idempotent(
    is_idempotent: bool,
) -> None:
    sim, leader = one_partition(7)
    conf = SERVERS | {"acks": "all", "enable.idempotence": is_idempotent}
    producer = Producer(conf, sim=sim)
    producer.produce("orders", "first")
    producer.flush()
    producer.produce("orders", "once or twice")
    sim.run_to_next("watermark")
    sim.network.cut(producer.name, leader)
    producer.flush()
    sim.run(1)
    fate = sim.fate("once or twice")
    assert len(fate.sends) == 2
    assert [place.offset for place in fate.places] == ([1] if is_idempotent else [1, 2])
    assert fate.is_repeated is not is_idempotent
    consumer = Consumer(SERVERS | {"group.id": "g", "auto.offset.reset": "earliest"}, sim=sim)
    consumer.subscribe(["orders"])
    while consumer.poll(10) is not None:
        pass
    fate = sim.fate("once or twice")
    assert fate.applied == {"g": 1 if is_idempotent else 2}
    assert ("It stands in the log 2 times" in fate.say) is not is_idempotent


def test_states_before_a_record_is_kept_and_reading() -> None:
    sim, _ = one_partition(7)
    producer = Producer(SERVERS, sim=sim)
    producer.produce("orders", "one", key="k")
    assert sim.fate("one").state is State.WAITING
    seen = []
    while sim.fate("one").state is not State.KEPT:
        sim.step()
        state = sim.fate("one").state
        if not seen or seen[-1] is not state:
            seen.append(state)
    expected = [State.WAITING, State.SENT, State.WRITTEN, State.COMMITTED, State.KEPT]
    assert seen == expected
    consumer = Consumer(SERVERS | {"group.id": "g", "auto.offset.reset": "earliest"}, sim=sim)
    consumer.subscribe(["orders"])
    message = consumer.poll(30)
    assert message is not None
    fate = sim.fate(message)
    assert fate.say == "'one' is kept at orders-0@0, read by g once."
    assert sim.fate("k").id == fate.id
    assert set(fate.events()) <= {entry.id for entry in sim.trace}
    with pytest.raises(LearnerError, match="no record with value or key 'two'"):
        sim.fate("two")


def test_records_that_failed_say_with_what() -> None:
    sim, leader = one_partition(7, **{"min.insync.replicas": 2})
    for broker in {1, 2, 3} - {leader}:
        sim.broker(broker).crash()
    sim.run_until(lambda: len(sim.isr("orders", 0)) == 1, limit_ms=60_000)
    producer = Producer(SERVERS | {"acks": "all", "message.timeout.ms": 3000}, sim=sim)
    producer.produce("orders", "refused")
    producer.flush()
    fate = sim.fate("refused")
    assert fate.state is State.FAILED
    assert "reported failed: _MSG_TIMED_OUT" in fate.say
    assert f"Broker {leader} refused it: NOT_ENOUGH_REPLICAS" in fate.say
    assert "refused" in repr(sim.ledger("orders"))


def test_the_ledger_of_a_long_run_prints_what_is_remarkable() -> None:
    sim, _ = lose(3)
    producer = Producer(SERVERS, sim=sim)
    for number in range(100):
        producer.produce("orders", f"{number}")
    producer.flush()
    text = repr(sim.ledger())
    assert "'lost'" in text and "'99'" in text and "'5'" not in text
    assert "… and 63 more records" in text
    assert sim.ledger().to_json()["states"] == {"kept": 102, "lost": 1}


def sent(sim: Simulation, *values: str, key: str | None = None) -> None:
    producer = Producer(SERVERS)
    for value in values:
        producer.produce("orders", value, key)
    producer.flush()
    sim.run(1)


def test_a_record_whose_topic_was_deleted_is_not_lost_and_says_who_deleted_it() -> None:
    sim, _ = one_partition(1)
    sent(sim, "first", "later")
    sim.delete_topic("orders")
    sim.run(1)
    assert sim.ledger().say == "2 produced, 2 acknowledged, 2 deleted on purpose."
    answer = sim.why("later")
    assert "went with its topic: orders was deleted at" in answer.say
    assert answer.say.split(". ")[-1].startswith("The simulation asked broker 1 to do DeleteTopics")
    assert [each.kind for each in answer.chain] == ["ActionTaken", "TopicDeleted"]
    assert answer.cause is not None
    assert sim.twins(without(answer.cause)).b.fate("later").state is State.KEPT
    # Another topic of the name gives the same offset in the same leader epoch again.
    sim.create_topic("orders", replication_factor=3)
    sent(sim, "new")
    places = [sim.fate(each).places[0] for each in ("first", "new")]
    assert places[0].name == places[1].name and places[0].leader_epoch == places[1].leader_epoch
    assert [each.state for each in sim.ledger()] == [State.DELETED, State.DELETED, State.KEPT]
    assert sim.fate("orders-0@0").value == b"new"


def test_a_record_that_was_lost_before_its_topic_was_deleted_was_lost() -> None:
    sim, _ = lose(1)
    assert sim.fate("lost").state is State.LOST
    sim.delete_topic("orders")
    states = {fate.value: fate.state for fate in sim.ledger()}
    assert states == {b"lost": State.LOST, b"kept": State.DELETED, b"after": State.DELETED}


def test_records_deleted_on_request_or_by_retention_say_which() -> None:
    sim, leader = one_partition(1, **{"retention.ms": 5000, "segment.ms": 500})
    sent(sim, "first", "second")
    partition = DeleteRecordsPartition(partition_index=0, offset=1)
    topic = DeleteRecordsTopic(name="orders", partitions=(partition,))
    request = DeleteRecordsRequest(topics=(topic,), timeout_ms=1000)
    sim.driver.act("operator", "ask", f"broker-{leader}", request)
    sim.run(1)
    assert sim.fate("first").state is State.DELETED
    assert sim.fate("second").state is State.KEPT
    answer = sim.why("first")
    assert "delete_records removed it at" in answer.say and "before offset 1" in answer.say
    assert answer.cause is not None and answer.cause.kind == "ActionTaken"
    sim.run(400)
    assert sim.fate("first").state is State.DELETED
    assert sim.fate("second").state is State.EXPIRED
    answer = sim.why("second")
    assert "the topic's policy removed it (retention.ms) at" in answer.say
    assert [each.kind for each in answer.chain] == ["SegmentsDeleted", "LogStartAdvanced"]
    assert not sim.ledger().lost


def test_a_record_that_was_compacted_away_names_the_one_with_its_key() -> None:
    settings = {"cleanup.policy": "compact", "segment.ms": 500, "min.cleanable.dirty.ratio": 0.01}
    sim, leader = one_partition(1, **settings)
    sent(sim, "old", "older", key="k")  # one batch: its offsets stay when records go
    sent(sim, "other", key="o")
    sent(sim, "new", key="k")
    sent(sim, "last", key="z")
    sim.run(60)
    states = {fate.value.decode(): fate.state for fate in sim.ledger() if fate.value}
    gone = [value for value, state in states.items() if state is State.EXPIRED]
    assert gone == ["old", "older"]
    assert all(states[each] is State.KEPT for each in ("other", "new", "last"))
    assert "and compaction removed it at" in sim.fate("old").say
    assert sim.fate("old").say.endswith("orders-0@3 has its key.")
    cleaned = sim.trace.of("LogCleaned", node=f"broker-{leader}")[0]
    assert sim.why("old").chain == (cleaned,)
    sim.broker(leader).crash()
    sim.broker(leader).restart()  # a restart has taken nothing
    sim.run(20)
    assert sim.fate("old").state is State.EXPIRED
