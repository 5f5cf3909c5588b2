"""R17, against logs that a cleaner has cleaned wrongly; and what power that was lost may take."""

from dataclasses import replace

import pytest

from kafkalab import Producer, Simulation
from kafkalab.ids import TopicPartition
from kafkalab.log import PartitionLog
from kafkalab.sim import compaction_invariants, metadata_invariants
from kafkalab.sim.compacted_past import Past, Stored
from kafkalab.sim.compaction_invariants import judged
from kafkalab.sim.invariants import Monitor
from kafkalab.sim.observed import Observed
from kafkalab.world import servers

NAME = TopicPartition("prices", 0)


@pytest.fixture(scope="module")
def seen() -> Observed:
    """A log with keys a … e, four values of each, two transactions, one aborted; cleaned."""
    sim = Simulation(brokers=1, seed=5, config={"log.cleaner.backoff.ms": 200})
    config = {
        "cleanup.policy": "compact",
        "segment.bytes": 200,
        "min.cleanable.dirty.ratio": 0.01,
    }
    sim.create_topic("prices", 1, 1, config)
    monitor = Monitor(sim.world, acks_all=True)
    plain = Producer({"bootstrap.servers": "kafka:9092"}, sim=sim)
    careful = Producer({"bootstrap.servers": "kafka:9092", "transactional.id": "t"}, sim=sim)
    careful.init_transactions()
    for number in range(4):
        careful.begin_transaction()
        careful.produce("prices", key="t", value=f"t{number}")
        careful.flush()
        careful.commit_transaction() if number % 2 else careful.abort_transaction()
        for key in "abcde":
            plain.produce("prices", key=key, value=f"{key}{number}")
            plain.flush()
        until = sim.now + 500
        while sim.world.step(until):
            monitor.after_step()
        sim.world.pass_time(until)
    monitor.everything()
    assert log_of(monitor.observed).clean_offset, "nothing was cleaned"
    return monitor.observed


def log_of(seen: Observed) -> PartitionLog:
    return servers.brokers(seen.world)[0].disk.logs[NAME]


def test_a_cleaned_log_has_what_it_must(seen: Observed) -> None:
    assert list(compaction_invariants.r17_compaction_keeps(seen, NAME)) == []
    history = past(seen)
    assert {b"a", b"b", b"t"} <= history.last.keys()
    assert history.last[b"t"].value in (b"t1", b"t3"), "the others were aborted"


def past(seen: Observed) -> Past:
    whole = Past()
    whole.take_up_to(seen.partitions[NAME].committed)
    return whole


def test_a_last_value_that_is_gone_is_missed(seen: Observed) -> None:
    history = past(seen)
    there = {record.offset for record in log_of(seen).records()}
    gone = next(at for at in history.records if at not in there)
    last = history.last | {b"z": Stored(gone, b"z", b"the last of its key")}
    assert any("is gone" in each for each in judged("b", log_of(seen), replace(history, last=last)))
    tombstone = history.last | {b"z": Stored(gone, b"z", None)}
    assert not list(judged("b", log_of(seen), replace(history, last=tombstone)))


def test_a_record_that_was_never_there_is_seen(seen: Observed) -> None:
    history = past(seen)
    records = {at: Stored(at, b"other", b"") for at in history.records}
    assert list(judged("b", log_of(seen), replace(history, records=records)))


def test_a_marker_that_goes_before_its_data_is_missed(seen: Observed) -> None:
    history = past(seen)
    offsets = {record.offset for record in log_of(seen).records()}
    there = next(at for at in history.records if at in offsets)
    gone = [((there,), there)]
    not_yet = [((there,), log_of(seen).clean_offset)]
    complaints = list(judged("b", log_of(seen), replace(history, transactions=gone)))
    assert any("marker" in each for each in complaints)
    assert not list(judged("b", log_of(seen), replace(history, transactions=not_yet)))


def test_r13_a_broker_that_crashed_comes_back_trusted() -> None:
    sim = Simulation(brokers=3, seed=5)
    sim.create_topic("prices", 1, 3)
    seen = Monitor(sim.world, acks_all=True).observed
    seen.ended["broker-2"] = "Crashed"
    now = sim.metadata
    back = replace(now.brokers[2], epoch=now.brokers[2].epoch + 9, fenced=True)
    later = replace(now, brokers=now.brokers | {2: back})
    holds = metadata_invariants.r13_unclean_shutdown_leaves_elr
    assert list(holds(seen, now, now)) == []
    assert list(holds(seen, now, later))
    # Swarm seed 261: a late request of the process before the one that runs now.
    earlier = replace(back, incarnation_id=now.brokers[1].incarnation_id)
    assert list(holds(seen, now, replace(now, brokers=now.brokers | {2: earlier}))) == []
