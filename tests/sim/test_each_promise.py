"""Promises that the other tests break only in company: each alone, with nothing else wrong."""

from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from planted import no_epoch_fence, no_epoch_fence_at_the_controller

from kafkalab import Producer, Simulation
from kafkalab.ids import TopicPartition as Name
from kafkalab.log import PartitionLog, ProducerStates
from kafkalab.raft import METADATA_PARTITION
from kafkalab.record import Entry
from kafkalab.sim import fences, metadata_invariants, quorum_invariants, replication_invariants
from kafkalab.sim.invariants import Monitor
from kafkalab.sim.plan import Plan
from kafkalab.sim.quorum_invariants import Member, QuorumMemory, Seen, members_of
from kafkalab.sim.swarm import _Run
from kafkalab.sim.transaction_invariants import Ends, _t4_moves
from kafkalab.transactions import Transaction, TransactionState
from kafkalab.world import servers

NAME = Name("orders", 0)
S = TransactionState


@pytest.fixture
def monitor() -> Iterator[Monitor]:
    """Of ten records of an idempotent producer, and an open transaction behind them."""
    with Simulation(brokers=3, seed=2) as sim:
        sim.create_topic("orders", partitions=1, replication_factor=3)
        conf = {"bootstrap.servers": sim.bootstrap_servers, "linger.ms": 0}
        producer = Producer({**conf, "enable.idempotence": True}, sim=sim)
        for number in range(10):
            producer.produce("orders", value=f"v{number}")
            producer.flush()
        monitor = Monitor(sim.world, acks_all=True)
        transactional = Producer({**conf, "transactional.id": "t"}, sim=sim)
        transactional.init_transactions()
        transactional.begin_transaction()
        transactional.produce("orders", value="open")
        end = sim.now + 2_000
        while sim.world.step(end):
            monitor.after_step()
        monitor.everything()
        yield monitor


def log_of(monitor: Monitor) -> PartitionLog:
    """The leader's."""
    ((broker, _),) = monitor.observed.leaders(NAME)
    return broker.disk.logs[NAME]


# --- replication --------------------------------------------------------------------------------


def test_t1_a_sequence_that_is_passed_over_or_comes_again(monitor: Monitor) -> None:
    part = monitor.observed.partitions[NAME]
    last = part.committed[9]
    holds = replication_invariants.t1_sequences
    assert part.sequences[last.batch.producer_id, 0] == 9
    assert list(holds(part, last))  # again
    part.sequences[last.batch.producer_id, 0] = 7
    assert list(holds(part, last))  # 8 is missing
    part.sequences[last.batch.producer_id, 0] = 8
    assert list(holds(part, last)) == []


def test_r5_an_epoch_that_falls_along_a_log(monitor: Monitor) -> None:
    part = monitor.observed.partitions[NAME]
    entry = part.committed[9]
    holds = replication_invariants.r4_log_matching
    before = (8, entry.leader_epoch)
    assert list(holds(part, "broker-1", before, entry)) == []
    later = Entry(10, entry.leader_epoch, entry.batch)
    assert list(holds(part, "broker-1", (9, entry.leader_epoch + 1), later))


def test_r13_an_eligible_replica_that_lacks_what_is_committed(monitor: Monitor) -> None:
    seen = monitor.observed
    part = seen.partitions[NAME]
    assert part.image is not None
    other = next(each for each in (1, 2, 3) if each != part.image.leader)
    part.image = replace(part.image, isr=(part.image.leader,), elr=(other,))
    holds = replication_invariants.r13_elr_has_what_is_committed
    assert list(holds(seen, NAME)) == []
    servers.broker(monitor.world, other).disk.logs[NAME].truncate_to(4)
    seen.truncated(other, NAME, 4)
    assert list(holds(seen, NAME))


def test_r14_and_r5_fences_that_are_missing(
    monitor: Monitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaders, controller = fences.FENCES["R14"], fences.FENCES["R5"]
    assert not [*leaders(monitor.observed), *controller(monitor.observed)]
    with monkeypatch.context() as patch:
        no_epoch_fence(patch)
        assert list(leaders(monitor.observed))
    no_epoch_fence_at_the_controller(monkeypatch)
    assert list(controller(monitor.observed))


def test_r5_and_q6_a_broker_that_hears_of_an_older_epoch(monitor: Monitor) -> None:
    seen = monitor.observed
    name = next(iter(seen.quorum))
    started, epoch, high_watermark = seen.quorum[name]
    seen.quorum[name] = (started, epoch + 1, high_watermark)
    assert list(metadata_invariants.q6_never_back(seen))


# --- the quorum ---------------------------------------------------------------------------------


@pytest.fixture
def voter(monitor: Monitor) -> Member:
    return next(each for each in members_of(monitor.world) if each.raft.is_leader)


@pytest.fixture
def memory(monitor: Monitor) -> QuorumMemory:
    memory = QuorumMemory()
    assert list(memory.look(members_of(monitor.world))) == []
    return memory


def test_q1_two_leaders_of_an_epoch(memory: QuorumMemory, voter: Member) -> None:
    assert list(quorum_invariants.q1_one_leader(memory, voter)) == []
    memory.leaders[voter.raft.epoch] = "controller-9"
    assert [promise for promise, _ in quorum_invariants.q1_one_leader(memory, voter)] == ["Q1"]


def test_q2_two_votes_in_an_epoch(memory: QuorumMemory, voter: Member) -> None:
    raft: Any = SimpleNamespace(epoch=7, voted_id=1)
    once = voter._replace(raft=raft)
    assert list(quorum_invariants.q2_one_vote(memory, once)) == []
    assert list(quorum_invariants.q2_one_vote(memory, once)) == []
    again = voter._replace(raft=SimpleNamespace(epoch=7, voted_id=2))  # type: ignore[arg-type]
    assert [promise for promise, _ in quorum_invariants.q2_one_vote(memory, again)] == ["Q2"]


def test_q3_a_leader_without_what_is_committed(memory: QuorumMemory, voter: Member) -> None:
    holds = quorum_invariants.q3_leader_has_what_is_committed
    assert list(holds(memory, voter)) == []
    memory.committed[-1], last = memory.committed[-2], memory.committed[-1]
    assert [promise for promise, _ in holds(memory, voter)] == ["Q3"]
    memory.committed[-1] = last
    memory.committed_end += 1
    assert [promise for promise, _ in holds(memory, voter)] == ["Q3"]


def test_q4_another_entry_for_committed(memory: QuorumMemory, voter: Member) -> None:
    holds = quorum_invariants.q4_prefixes_agree
    assert list(holds(memory, Seen(), voter)) == []
    entry = memory.committed[3]
    memory.committed[3] = Entry(entry.base_offset, 99, entry.batch)
    assert [promise for promise, _ in holds(memory, Seen(), voter)] == ["Q4"]


def test_q5_a_high_watermark_before_an_own_entry(voter: Member) -> None:
    assert list(quorum_invariants.q5_own_entry_first(voter)) == []
    log = voter.disk.logs[METADATA_PARTITION]
    raft: Any = SimpleNamespace(epoch=log.epochs.latest_epoch + 1)
    new = voter._replace(raft=raft)
    assert [promise for promise, _ in quorum_invariants.q5_own_entry_first(new)] == ["Q5"]


def test_q6_an_epoch_or_a_high_watermark_that_falls(memory: QuorumMemory, voter: Member) -> None:
    seen, holds = memory.seen[voter.name], quorum_invariants.q6_never_back
    assert list(holds(seen, voter)) == []
    assert list(holds(replace(seen, epoch=seen.epoch + 1, process=-1), voter))
    assert list(holds(replace(seen, high_watermark=seen.high_watermark + 1), voter))
    restarted = replace(seen, high_watermark=seen.high_watermark + 1, process=-1)
    assert list(holds(restarted, voter)) == []


# --- transactions -------------------------------------------------------------------------------


def a_transaction(state: TransactionState) -> Transaction:
    return Transaction(
        transactional_id="t",
        producer_id=5,
        producer_epoch=3,
        timeout_ms=1_000,
        state=state,
        partitions=(NAME,),
    )


def test_t4_an_epoch_that_falls(monitor: Monitor) -> None:
    before = a_transaction(S.ONGOING)
    told = [_t4_moves(before, replace(before, producer_epoch=epoch)) for epoch in (2, 3, 4)]
    assert [[promise for promise, _ in each] for each in told] == [["T4"], [], []]
    ends, entry = Ends(), monitor.observed.partitions[NAME].committed[-1]
    assert ends.take(entry) == ""
    ends.epochs[entry.batch.producer_id] = entry.batch.producer_epoch + 1
    assert "after one of" in ends.take(entry)


def test_t5_a_transaction_that_its_coordinator_does_not_know(monitor: Monitor) -> None:
    transactions = monitor.transactions
    assert list(transactions._none_hangs(NAME)) == []
    known = transactions.ids["t"]
    for other in (
        replace(known, partitions=()),
        replace(known, state=S.COMPLETE_ABORT),
        replace(known, state=S.EMPTY),
    ):
        transactions.ids["t"] = other
        assert [promise for promise, _ in transactions._none_hangs(NAME)] == ["T5"]
    del transactions.ids["t"]
    assert [promise for promise, _ in transactions._none_hangs(NAME)] == ["T5"]


def test_t6_a_decision_that_turns_and_a_marker_that_is_missing(monitor: Monitor) -> None:
    decided = a_transaction(S.PREPARE_COMMIT)
    turned = _t4_moves(decided, replace(decided, state=S.COMPLETE_ABORT))
    assert {promise for promise, _ in turned} == {"T6"}
    assert list(_t4_moves(decided, replace(decided, state=S.COMPLETE_COMMIT))) == []
    transactions = monitor.transactions
    told = transactions._all_told(replace(transactions.ids["t"], state=S.PREPARE_COMMIT))
    assert [promise for promise, _ in told] == ["T6"]


def test_t7_a_last_stable_offset_that_falls_or_is_wrong(monitor: Monitor) -> None:
    transactions, log = monitor.transactions, log_of(monitor)
    assert log.last_stable_offset == 10
    assert not [*transactions._stable_offset(NAME), *transactions.everything()]
    (key,) = (each for each in transactions.stable if each[1] == NAME)
    started, epoch, last = transactions.stable[key]
    transactions.stable[key] = (started, epoch, last + 1)
    assert [promise for promise, _ in transactions._stable_offset(NAME)] == ["T7"]
    log.producers = ProducerStates()  # who forgets the transaction shows what is not decided
    assert [promise for promise, _ in transactions.everything()] == ["T7"]


# --- groups -------------------------------------------------------------------------------------


def test_g5_a_partition_that_belongs_to_nobody_or_is_not_read() -> None:
    run = _Run(Plan.of(3, 2), watched=True)
    run.whole()
    assert list(run._groups_not_live()) == []
    readers = [
        run.world.nodes[name]
        for client in run.history.members
        for name in run.world.apps.processes[client].nodes
    ]
    reader: Any = next(each for each in readers if each.assignment())  # type: ignore[attr-defined]
    gone = reader.assignment()[0]
    reader._context.assignment.remove([gone])
    assert any(f"{gone} belongs to nobody" in words for words in run._groups_not_live())
