"""Each promise, against a state that breaks it: a check that cannot fail checks nothing."""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from kafkalab import Consumer, Producer, Simulation
from kafkalab.ids import TopicPartition
from kafkalab.log import PartitionLog
from kafkalab.log.producer_state import ProducerStates
from kafkalab.metadata.image import PartitionImage
from kafkalab.record import Entry, Records
from kafkalab.server import Broker
from kafkalab.sim import fetch_invariants, metadata_invariants, replication_invariants
from kafkalab.sim.group_invariants import (
    g1_one_owner,
    g2_generation_rises,
    g3_commits_of_this_generation,
    g7_state_is_the_log,
)
from kafkalab.sim.invariants import Broken, Monitor, unsettled
from kafkalab.sim.observed import Led, Observed, Scanned
from kafkalab.sim.quorum_invariants import q9_settled
from kafkalab.transactions.shard import TransactionShard
from kafkalab.world import servers

NAME = TopicPartition("orders", 0)


@pytest.fixture
def sim() -> Simulation:
    """Three brokers, ten records of an idempotent producer, a member that has read them."""
    sim = Simulation(brokers=3, seed=2)
    sim.create_topic("orders", partitions=1, replication_factor=3)
    servers_ = {"bootstrap.servers": sim.bootstrap_servers}
    producer = Producer({**servers_, "enable.idempotence": True, "linger.ms": 0}, sim=sim)
    for number in range(10):
        producer.produce("orders", value=f"v{number}")
        producer.flush()
    conf = {**servers_, "group.id": "g", "auto.offset.reset": "earliest"}
    consumer = Consumer(conf, sim=sim)
    consumer.subscribe(["orders"])
    for _ in range(10):
        assert consumer.poll(30) is not None
    consumer.commit(asynchronous=False)
    sim.run(2)
    return sim


def leader(sim: Simulation) -> Broker:
    return servers.broker(sim.world, sim.leader("orders", 0) or 0)


def follower(sim: Simulation) -> Broker:
    return next(node for node in servers.brokers(sim.world) if node is not leader(sim))


def log(broker: Broker) -> PartitionLog:
    return broker.disk.logs[NAME]


def a_follower_lost_its_log(sim: Simulation) -> None:
    log(follower(sim)).truncate_to(4)


def a_high_watermark_beyond_the_log(sim: Simulation) -> None:
    log(leader(sim)).high_watermark = 99


def an_epoch_that_no_entry_has(sim: Simulation) -> None:
    log(follower(sim)).epochs.clear()


def producers_forgotten(sim: Simulation) -> None:
    log(follower(sim)).producers = ProducerStates()


def another_batch_at_the_same_place(sim: Simulation) -> None:
    whole = log(follower(sim))
    entries = list(whole.entries_from(0))
    whole.truncate_to(9)
    entry = entries[9]
    whole.append_as_follower(Records((Entry(9, entry.leader_epoch, entries[0].batch),)))


def offsets_the_log_does_not_have(sim: Simulation) -> None:
    for broker in servers.brokers(sim.world):
        for shard in broker.groups._shards.values():
            written = shard.machine.offsets.views.written
            for key, stored in list(written.items()):
                written[key] = replace(stored, offset=3)


BROKEN: dict[str, Callable[[Simulation], None]] = {
    "R1": a_follower_lost_its_log,
    "R4 R5 R6 R15 T1": a_high_watermark_beyond_the_log,
    "R8": an_epoch_that_no_entry_has,
    "T3": producers_forgotten,
    "R4": another_batch_at_the_same_place,
    "G7": offsets_the_log_does_not_have,
}


def test_a_sound_cluster_breaks_nothing(sim: Simulation) -> None:
    Monitor(sim.world, acks_all=True).everything()


@pytest.mark.parametrize("promise", BROKEN)
def test_what_is_broken_is_named(sim: Simulation, promise: str) -> None:
    BROKEN[promise](sim)
    with pytest.raises(Broken) as caught:
        Monitor(sim.world, acks_all=True).everything()
    assert promise in caught.value.promise


def observed(sim: Simulation) -> Observed:
    return Monitor(sim.world, acks_all=True).observed


def test_r6_a_high_watermark_that_falls(sim: Simulation) -> None:
    seen, node = observed(sim), leader(sim)
    replica = node.replicas.partition(NAME)
    assert replica is not None
    key = (node.broker_id, NAME)
    assert list(replication_invariants.r6_high_watermark_never_falls(seen, *key[:1], replica)) == []
    before = seen.led[key]
    seen.led[key] = Led(
        before.started, before.leader_epoch, 11, before.min_isr, before.isr, 1, before.isr
    )
    assert list(replication_invariants.r6_high_watermark_never_falls(seen, key[0], replica))


def test_r6_a_follower_above_its_leader(sim: Simulation) -> None:
    part = observed(sim).partitions[NAME]
    assert list(replication_invariants.r6_follower_high_watermark(part, "broker-9", 10)) == []
    assert list(replication_invariants.r6_follower_high_watermark(part, "broker-9", 11))


def test_r5_two_that_append_in_an_epoch(sim: Simulation) -> None:
    part = observed(sim).partitions[NAME]
    assert list(replication_invariants.r5_one_appends(part, "broker-1", 7)) == []
    assert list(replication_invariants.r5_one_appends(part, "broker-2", 7))


def test_r7_what_the_leader_has_is_cut_away(sim: Simulation) -> None:
    seen, node = observed(sim), follower(sim)
    replica = node.replicas.partition(NAME)
    assert replica is not None
    gone = seen.truncated(node.broker_id, NAME, 8)
    assert list(replication_invariants.r7_truncation(seen, node.name, replica, gone))
    part = seen.partitions[NAME]
    assert list(replication_invariants.r7_committed_is_not_truncated(part, node.name, gone))


def test_r11_a_high_watermark_that_the_isr_has_not_reached(sim: Simulation) -> None:
    seen, node = observed(sim), leader(sim)
    replica = node.replicas.partition(NAME)
    assert replica is not None
    moves = replication_invariants.r11_high_watermark_moves
    assert list(moves(seen, node.name, replica, 10)) == []
    assert list(moves(seen, node.name, replica, 11))


def test_r12_an_answer_too_soon_and_a_leader_that_lacks_something(sim: Simulation) -> None:
    seen, node, other = observed(sim), leader(sim), follower(sim)
    replica, lacking = node.replicas.partition(NAME), other.replicas.partition(NAME)
    assert replica is not None and lacking is not None
    answered = replication_invariants.r12_acknowledged
    assert list(answered(seen, node.name, replica, 9)) == []
    replica.log.high_watermark = 5
    assert list(answered(seen, node.name, replica, 9))
    seen.scans[other.broker_id, NAME] = Scanned(lacking.log.topic_id)
    lacking.log.truncate_to(3)
    begins = replication_invariants.r12_leader_has_what_is_committed
    assert list(begins(seen, other.name, lacking, 1))
    assert list(begins(seen, other.name, lacking, 0)) == [], "it was committed in that epoch"


def test_r14_a_consumer_beyond_the_high_watermark(sim: Simulation) -> None:
    part = observed(sim).partitions[NAME]
    assert list(fetch_invariants.r14_polled(part, "consumer-1", 9)) == []
    assert list(fetch_invariants.r14_polled(part, "consumer-1", 10))


def test_r14_a_follower_that_asks_in_another_epoch(sim: Simulation) -> None:
    seen, node = observed(sim), leader(sim)
    holds = fetch_invariants.r14_followers_of_this_epoch
    assert list(holds(seen, NAME)) == []
    replica = node.replicas.partition(NAME)
    assert replica is not None
    replica.leader_epoch += 1
    assert list(holds(seen, NAME))


def test_r15_a_log_start_that_falls(sim: Simulation) -> None:
    node = leader(sim)
    assert list(replication_invariants.r15_log_start(0, node.name, log(node))) == []
    assert list(replication_invariants.r15_log_start(5, node.name, log(node)))


def image(**changes: Any) -> PartitionImage:
    whole = {
        "replicas": (1, 2, 3),
        "isr": (1, 2),
        "leader": 1,
        "leader_epoch": 4,
        "partition_epoch": 7,
        "elr": (),
        "last_known_elr": (),
        "leader_recovery_state": 0,
    }
    return PartitionImage(**{**whole, **changes})


@pytest.mark.parametrize(
    ("promise", "now"),
    [
        ("R3", image(leader=3)),
        ("R3", image(isr=(1, 4))),
        ("R5", image(leader_epoch=3, partition_epoch=8)),
        ("R5", image(leader=2, partition_epoch=8)),
        ("R5", image(partition_epoch=7, isr=(1,))),
        ("R13", image(elr=(2,))),
    ],
)
def test_what_a_controller_may_not_decide(promise: str, now: PartitionImage) -> None:
    holds = metadata_invariants.ABOUT_IMAGES[promise]
    assert list(holds(NAME, image(), image(partition_epoch=8))) == []
    assert list(holds(NAME, image(), now))


def test_r3_an_election_nobody_may_win() -> None:
    clean = metadata_invariants.r3_clean_election
    assert list(clean(NAME, image(), image(leader=2, leader_epoch=5))) == []
    assert list(clean(NAME, image(), image(leader=3, isr=(3,), leader_epoch=5)))
    assert list(clean(NAME, image(elr=(3,)), image(leader=3, isr=(3,), leader_epoch=5))) == []


def test_r9_and_r10_who_may_not_join(sim: Simulation) -> None:
    seen, node = observed(sim), follower(sim)
    decided = servers.metadata(sim.world)
    now = decided.partition(NAME)
    assert now is not None
    joins = metadata_invariants.r9_joins_with_everything
    assert list(joins(seen, NAME, node.broker_id, now)) == []
    log(node).truncate_to(4)
    assert list(joins(seen, NAME, node.broker_id, now))
    assert list(metadata_invariants.r10_only_active_join(NAME, node.broker_id, decided)) == []
    assert list(metadata_invariants.r10_only_active_join(NAME, 9, decided))


def test_q6_and_q8_a_broker_that_goes_back_or_dreams(sim: Simulation) -> None:
    seen, node = observed(sim), follower(sim)
    assert list(metadata_invariants.q6_never_back(seen)) == []
    started, epoch, high_watermark = seen.quorum[node.name]
    seen.quorum[node.name] = (started, epoch, high_watermark + 9)
    assert list(metadata_invariants.q6_never_back(seen))
    assert list(metadata_invariants.q8_images_are_prefixes(seen)) == []
    node.image = replace(node.image, topics={})
    assert list(metadata_invariants.q8_images_are_prefixes(seen))


def test_t11_a_producer_id_given_twice(sim: Simulation) -> None:
    seen = observed(sim)
    assert list(metadata_invariants.t11_producer_ids(seen)) == []
    seen.producers[0] = ("producer-9", 0)
    assert list(metadata_invariants.t11_producer_ids(seen))


def test_g1_and_g2_two_owners_and_a_generation_that_falls(sim: Simulation) -> None:
    seen = observed(sim)
    assert not [*g1_one_owner(seen), *g2_generation_rises(seen), *g7_state_is_the_log(seen)]
    key = next(iter(seen.generations))
    seen.generations[key] += 5
    assert list(g2_generation_rises(seen))


def test_r16_replicas_that_differ_at_rest(sim: Simulation) -> None:
    assert list(unsettled(sim.world)) == []
    log(follower(sim)).truncate_to(4)
    assert list(unsettled(sim.world))


def test_r2_a_member_of_its_own_isr_lacks_what_it_takes_for_committed(sim: Simulation) -> None:
    holds = replication_invariants.r2_committed_is_on_its_own_isr
    seen = observed(sim)
    assert not list(holds(seen, NAME))
    log(follower(sim)).truncate_to(4)
    seen.truncated(follower(sim).broker_id, NAME, 4)  # or it would not look again
    assert list(holds(seen, NAME))


def test_q9_a_quorum_that_has_nobody_at_rest() -> None:
    sim = Simulation(brokers=1, controllers=3, seed=2)
    assert not list(q9_settled(sim.world))
    for node in (101, 102):
        sim.controller(node).crash()
    sim.run(30)
    assert any("leads the quorum" in words for words in q9_settled(sim.world))


def test_t2_an_answer_for_a_batch_that_is_not_there(sim: Simulation) -> None:
    monitor = Monitor(sim.world, acks_all=True)
    batch = next(iter(log(leader(sim)).entries_from(3))).batch

    def complaints(sequence: int) -> list[tuple[str, str]]:
        event = ("DuplicateDropped", *NAME, batch.producer_id, sequence, 3)
        entry: Any = SimpleNamespace(node=leader(sim).name, event=event)
        return list(monitor.transactions.happened([entry]))

    assert complaints(batch.base_sequence) == []
    ((promise, _),) = complaints(batch.base_sequence + 1)
    assert promise == "T2"


@pytest.mark.parametrize("is_kept", [True, False])
def test_t10_a_transaction_that_outlives_its_timeout(
    monkeypatch: pytest.MonkeyPatch, is_kept: bool
) -> None:
    if is_kept:
        monkeypatch.setattr(TransactionShard, "abort_timed_out", lambda self, now: [])
    sim = Simulation(brokers=3, seed=2)
    sim.create_topic("orders", partitions=1, replication_factor=3)
    conf = {"bootstrap.servers": sim.bootstrap_servers, "transactional.id": "t"}
    producer = Producer({**conf, "transaction.timeout.ms": 5_000}, sim=sim)
    monitor = Monitor(sim.world, acks_all=True)
    producer.init_transactions()
    producer.begin_transaction()
    producer.produce("orders", b"x")
    end = sim.now + 60_000
    while sim.world.step(end):
        monitor.after_step()
    assert [promise for promise, _ in monitor.transactions.at_rest()] == ["T10"] * is_kept


def test_g3_a_commit_of_another_generation(sim: Simulation) -> None:
    hosts = [(broker, broker.groups.hosted.items()) for broker in servers.brokers(sim.world)]
    ((broker, number, shard),) = (
        (broker, number, shard)
        for broker, hosted in hosts
        for number, shard in hosted
        if shard.machine.table.get("g")
    )
    for other in servers.brokers(sim.world):
        if other is not broker:
            sim.broker(other.broker_id).pause(2)  # so that the commit waits
    sim.world.act("consumer-1", "commit", (("orders", 0, 5),))
    before = shard.end_offset
    sim.run_until(lambda: shard.end_offset > before, limit_ms=1_000)
    group = shard.machine.table.get("g")
    assert group is not None
    assert not list(g3_commits_of_this_generation(broker, number, before))
    group.generation += 1
    assert list(g3_commits_of_this_generation(broker, number, before))
