"""After an election: cut where the epochs diverge, and nowhere else."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from replica_cluster import ORDERS, Cluster, a_batch

from kafkalab.errors import ErrorCode


def test_a_divergent_tail_is_cut_where_the_epochs_part() -> None:
    """1 takes records nobody else has, and comes back to another history."""
    cluster = Cluster()
    cluster.topic()
    cluster.run(10)
    cluster.produce(a_batch("a"))
    cluster.run(10)
    for id in (2, 3):
        cluster.crash(id)
    cluster.produce(a_batch("lost"), acks=1)
    cluster.produce(a_batch("lost too"), acks=1)
    cluster.crash(1)
    for id in (2, 3):
        cluster.brokers[id].is_up = True
    for id in (2, 3):
        cluster.restart(id)
    cluster.change(leader=2, isr=(2, 3))
    cluster.produce(a_batch("b"), to=2)
    cluster.run(2_000)
    cluster.restart(1)
    cluster.run(2_000)
    assert [cluster.values(id) for id in (1, 2, 3)] == [["a", "b"]] * 3
    assert cluster.events("Truncated") == [(1, ("Truncated", "orders", 0, 1, 2))]
    assert [cluster.replica(id).high_watermark for id in (1, 2, 3)] == [2, 2, 2]
    rows = cluster.replica(2).log.epochs.rows
    assert [cluster.replica(id).log.epochs.rows for id in (1, 3)] == [rows, rows]


def test_what_lies_above_a_high_watermark_is_kept_if_the_new_leader_has_it() -> None:
    """Before KIP-101 a follower cut at its own high watermark and could lose such records."""
    cluster = Cluster(2)
    cluster.topic(replicas=(1, 2))
    cluster.run(10)
    cluster.produce(a_batch("a"))
    cluster.run(5)
    assert cluster.replica(2).log.log_end_offset == 1
    assert cluster.replica(2).high_watermark == 0
    cluster.crash(2)
    cluster.restart(2)
    cluster.run(600)
    assert cluster.values(2) == ["a"]
    assert not cluster.events("Truncated")


def test_several_short_epochs_are_walked_back_one_by_one() -> None:
    cluster = Cluster(2)
    cluster.topic(replicas=(1, 2))
    cluster.run(10)
    cluster.produce(a_batch("a"))
    cluster.run(10)
    cluster.crash(2)
    cluster.change(isr=(1,))
    for value in ("x", "y"):  # epochs 1 and 2 on broker 1 alone
        cluster.change(leader=1)
        cluster.produce(a_batch(value), acks=1)
    cluster.crash(1)
    cluster.restart(2)
    cluster.change(leader=2, isr=(2,))  # unclean
    cluster.produce(a_batch("b"), to=2, acks=1)
    cluster.restart(1)
    cluster.run(1_000)
    assert cluster.values(1) == cluster.values(2) == ["a", "b"]


def test_a_follower_whose_leader_has_deleted_what_it_needs_starts_over() -> None:
    cluster = Cluster(2)
    cluster.topic(replicas=(1, 2))
    cluster.run(10)
    cluster.crash(2)
    cluster.change(isr=(1,))
    cluster.fence(2)
    for value in "abc":
        cluster.produce(a_batch(value))
    cluster.replica(1).delete_records_before(2)
    cluster.restart(2)
    cluster.run(2_000)
    log = cluster.replica(2).log
    assert (log.log_start_offset, log.log_end_offset) == (2, 3)
    assert cluster.values(2) == ["c"]
    assert cluster.image.topics["orders"].partitions[0].isr == (1, 2)


def test_leader_epochs_guard_reads_and_tell_who_leads() -> None:
    cluster = Cluster()
    cluster.topic()
    cluster.change(leader=1)
    old = cluster.fetched(cluster.fetch(0, leader_epoch=0))
    assert old.error_code == ErrorCode.FENCED_LEADER_EPOCH
    assert old.current_leader.leader_epoch == 1
    new = cluster.fetched(cluster.fetch(0, leader_epoch=2))
    assert new.error_code == ErrorCode.UNKNOWN_LEADER_EPOCH
    elsewhere = cluster.fetched(cluster.fetch(0, to=2))
    assert elsewhere.error_code == ErrorCode.NOT_LEADER_OR_FOLLOWER
    assert elsewhere.current_leader.leader_id == 1


def test_a_restarted_broker_ignores_metadata_from_before_its_registration() -> None:
    """Its logs are further than the old roles, and must not be touched by them."""
    cluster = Cluster()
    cluster.topic()
    cluster.run(10)
    cluster.produce(a_batch("a"))
    cluster.run(10)
    cluster.change(leader=2)
    broker = cluster.brokers[1]
    cluster.crash(1)
    broker.manager.broker_epoch = 1
    cluster.restart(1)
    assert not cluster.replica(1).is_leader
    assert cluster.replica(1).leader_epoch == 1
    assert cluster.values(1) == ["a"]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(["produce", "elect", "crash", "restart", "wait"]), max_size=25))
def test_no_acknowledged_record_is_lost_by_clean_elections(steps: list[str]) -> None:
    cluster = Cluster(3, replica_lag_time_max_ms=2_000)
    cluster.topic(min_insync_replicas=2)
    cluster.run(10)
    numbers: dict[int, str] = {}
    epoch = 2
    for step, action in enumerate(steps):
        partition = cluster.image.topics["orders"].partitions[0]
        up = [id for id in partition.isr if cluster.brokers[id].is_up]
        down = [id for id in (1, 2, 3) if not cluster.brokers[id].is_up]
        if action == "produce" and partition.leader in up:
            number = cluster.produce(a_batch(f"{step}"), to=partition.leader)
            numbers[number] = f"{step}"
            cluster.run(2)
        elif action == "crash" and len(up) > 1:
            gone = up[step % len(up)]
            cluster.crash(gone)
            rest = tuple([id for id in partition.isr if id != gone])
            cluster.change(leader=rest[0] if gone == partition.leader else None, isr=rest)
        elif action == "elect" and up:
            cluster.change(leader=up[step % len(up)])
        elif action == "restart" and down:
            epoch += 1
            cluster.restart(down[0], epoch)
        elif action == "wait":
            cluster.run(1_500)
    for id in (1, 2, 3):
        if not cluster.brokers[id].is_up:
            epoch += 1
            cluster.restart(id, epoch)
    cluster.run(10_000)
    values = cluster.values(1)
    assert cluster.values(2) == cluster.values(3) == values
    for number, value in numbers.items():
        if number in cluster.answers and cluster.produced(number).error_code == 0:
            assert value in values
    assert cluster.image.topics["orders"].partitions[0].isr == (1, 2, 3)
    assert {cluster.replica(id).high_watermark for id in (1, 2, 3)} == {len(values)}


@pytest.mark.parametrize("offset", [-1, 5])
def test_a_consumer_out_of_range_is_told_so(offset: int) -> None:
    cluster = Cluster(1)
    cluster.topic(replicas=(1,))
    answer = cluster.fetched(cluster.fetch(offset, key=ORDERS))
    assert answer.error_code == ErrorCode.OFFSET_OUT_OF_RANGE


def test_a_follower_that_only_had_to_truncate_learns_the_high_watermark() -> None:
    """The answer that says where to cut has it too, but that one is too early to believe."""
    cluster = Cluster(2)
    cluster.topic(replicas=(1, 2))
    cluster.run(10)
    cluster.produce(a_batch("a"))
    cluster.run(10)
    cluster.crash(2)
    cluster.produce(a_batch("lost"), acks=1)
    cluster.crash(1)
    cluster.restart(2)
    cluster.change(leader=2, isr=(2,))
    cluster.fence(1)
    assert cluster.replica(2).high_watermark == 1
    cluster.restart(1)
    cluster.run(2_000)
    assert cluster.values(1) == ["a"]
    assert cluster.replica(1).high_watermark == 1
