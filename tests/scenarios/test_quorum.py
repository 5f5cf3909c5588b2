"""A cluster with a quorum of controllers: what it survives, and what it does not do meanwhile."""

from collections.abc import Callable
from typing import Any

import pytest

from kafkalab import Simulation
from kafkalab.errors import ErrorCode
from kafkalab.ids import TopicPartition
from kafkalab.metadata import records as r
from kafkalab.protocol.messages.quorum import (
    DescribeQuorumRequest,
    DescribeQuorumRequestPartitionData,
    DescribeQuorumRequestTopicData,
)
from kafkalab.sim.invariants import Monitor
from kafkalab.sim.topics import ask
from kafkalab.world import servers


def quorum(seed: int = 7, combined: bool = False, **config: Any) -> Simulation:
    settings = {key.replace("_", "."): value for key, value in config.items()}
    return Simulation(brokers=3, seed=seed, controllers=3, combined=combined, config=settings)


def active(sim: Simulation) -> int:
    node = servers.active_controller(sim.world)
    assert node is not None
    return node.node_id


def others(sim: Simulation) -> list[int]:
    leader = active(sim)
    return [node.node_id for node in servers.controllers(sim.world) if node.node_id != leader]


def watch(sim: Simulation, ms: int, monitor: Monitor | None = None) -> Monitor:
    """Run, and ask everything after every step."""
    monitor = monitor or Monitor(sim.world, acks_all=True)
    until = sim.now + ms
    while sim.world.step(until):
        monitor.after_step()
    sim.run_to(until)
    return monitor


def test_controllers_are_numbered_from_101_and_one_is_active() -> None:
    sim = quorum()
    assert [node.node_id for node in servers.controllers(sim.world)] == [101, 102, 103]
    raft = sim.controller(active(sim)).node.raft
    assert (raft.role, raft.epoch, raft.voters) == ("Leader", 1, (101, 102, 103))
    assert {sim.controller(node).node.raft.role for node in others(sim)} == {"Follower"}


@pytest.mark.parametrize("combined", [False, True])
def test_topics_are_created_while_the_active_controller_dies(combined: bool) -> None:
    """The request waits at its broker, and goes to the next controller."""
    sim = quorum(combined=combined)
    sim.create_topic("before", 3, 2)
    first = active(sim)
    sim.controller(first).crash()
    sim.create_topic("meanwhile", 3, 2)
    assert active(sim) != first
    monitor = watch(sim, 15_000)
    sim.controller(first).restart()
    watch(sim, 15_000, monitor)
    monitor.at_rest()
    assert sim.topics == ["before", "meanwhile"]


def test_a_leader_is_replaced_although_the_active_controller_died_with_it() -> None:
    sim = quorum()
    sim.create_topic("orders", 1, 3)
    leader = sim.leader("orders", 0)
    sim.controller(active(sim)).crash()
    sim.broker(leader).crash()
    monitor = watch(sim, 20_000)
    assert sim.leader("orders", 0) not in (None, leader)
    monitor.everything()


def test_brokers_that_live_keep_their_sessions_over_a_failover() -> None:
    """A new controller grants each broker a whole session; no broker is fenced for its sake."""
    sim = quorum(broker_session_timeout_ms=5_000)
    sim.create_topic("orders", 3, 3)
    before = len(sim.trace)
    sim.controller(active(sim)).crash()
    watch(sim, 20_000)
    assert not [e for e in sim.trace[before:] if e.event[0] == "BrokerFenced"]
    assert all(sim.isr("orders", number) for number in range(3))


def test_two_failovers_one_after_the_other() -> None:
    """With two of three gone nothing is decided; with one back, everything goes on."""
    sim = quorum()
    monitor = Monitor(sim.world, acks_all=True)
    first = active(sim)
    sim.controller(first).crash()
    watch(sim, 5_000, monitor)
    second = active(sim)
    sim.controller(second).crash()
    watch(sim, 10_000, monitor)
    assert servers.active_controller(sim.world) is None
    sim.controller(first).restart()
    watch(sim, 10_000, monitor)
    sim.create_topic("again", 1, 3)
    sim.controller(second).restart()
    watch(sim, 15_000, monitor)
    monitor.at_rest()


def test_a_leader_cut_off_with_a_minority_resigns_and_what_it_wrote_is_undone() -> None:
    """Q9, and that nobody was told of what was written there."""
    sim = quorum()
    monitor = Monitor(sim.world, acks_all=True)
    old = active(sim)
    majority = others(sim)
    sim.network.partition({old, 1}, {*majority, 2, 3})
    node = sim.controller(old).node
    watch(sim, 50, monitor)
    state = node.quorum._active.state
    before = node.raft.log_end_offset
    record = r.TopicRecord(name="lost", topic_id=b"lost".rjust(16))
    node.quorum._write(state, [record], sim.now)
    assert node.raft.log_end_offset == before + 1
    watch(sim, 8_000, monitor)
    assert node.raft.role in ("Resigned", "Unattached", "Prospective")
    assert active(sim) in majority
    sim.network.heal()
    watch(sim, 15_000, monitor)
    monitor.at_rest()
    assert node.raft.role == "Follower"
    assert "lost" not in sim.topics
    truncated = [e for e in sim.trace if e.event[:2] == ("Truncated", "__cluster_metadata")]
    assert [e.node for e in truncated] == [f"controller-{old}", "broker-1"]


def test_a_voter_that_was_cut_off_does_not_disturb() -> None:
    """Pre-vote (KIP-996): it comes back and follows, in the same epoch."""
    sim = quorum()
    monitor = Monitor(sim.world, acks_all=True)
    leader, away = active(sim), others(sim)[0]
    rest = [n for n in (101, 102, 103, 1, 2, 3) if n != away]
    sim.network.partition({away}, set(rest))
    watch(sim, 30_000, monitor)
    sim.network.heal()
    watch(sim, 10_000, monitor)
    monitor.at_rest()
    raft = sim.controller(leader).node.raft
    assert (raft.role, raft.epoch) == ("Leader", 1)


@pytest.mark.parametrize("combined", [False, True])
def test_all_controllers_restart_and_nothing_is_lost(combined: bool) -> None:
    sim = quorum(combined=combined)
    sim.create_topic("orders", 3, 3)
    image = sim.metadata
    ids = [node.node_id for node in servers.controllers(sim.world)]
    monitor = Monitor(sim.world, acks_all=True)
    for node in ids:
        sim.controller(node).crash()
    watch(sim, 3_000, monitor)
    for node in ids:
        sim.controller(node).restart()
    watch(sim, 30_000, monitor)
    monitor.at_rest()
    assert sim.metadata.topics.keys() >= image.topics.keys()
    assert sim.metadata.topics["orders"].topic_id == image.topics["orders"].topic_id


SNAPSHOTS = {
    "metadata_log_max_record_bytes_between_snapshots": 2_000,
    "metadata_max_retention_bytes": 3_000,
    "metadata_log_segment_bytes": 1_000,
    "controller_quorum_fetch_snapshot_max_bytes": 500,
}


@pytest.mark.parametrize("node", ["controller", "broker"])
@pytest.mark.parametrize("combined", [False, True])
def test_who_is_too_far_behind_catches_up_by_a_snapshot(node: str, combined: bool) -> None:
    sim = quorum(combined=combined, **SNAPSHOTS)
    monitor = Monitor(sim.world, acks_all=True)
    sim.create_topic("keep", 2, 2)
    sim.create_topic("gone", 2, 2)
    gone = others(sim)[0] if node == "controller" or combined else 3
    name = sim.controller(gone).name if node == "controller" else sim.broker(gone).name
    sim.world.command(f"crash {gone}")
    watch(sim, 12_000, monitor)
    for number in range(12):
        sim.create_topic(f"t{number}", 2, 2)
    sim.delete_topic("gone")
    watch(sim, 130_000, monitor)  # two looks at what to keep
    leader = sim.controller(active(sim)).node.raft
    assert leader.log_start_offset > 0
    sim.world.command(f"restart {gone}")
    watch(sim, 20_000, monitor)
    monitor.at_rest()
    fetched = [e for e in sim.trace if e.event[0] == "SnapshotFetched" and e.node == name]
    assert fetched
    back = sim.world.nodes[name]
    assert back.image.topics == sim.metadata.topics
    assert "gone" not in back.image.topics
    if combined or node == "broker":
        logs = back.disk.logs
        assert TopicPartition("gone", 0) not in logs


def test_describe_quorum_tells_voters_observers_and_how_far_they_are() -> None:
    sim = quorum()
    sim.run(3)
    partition = DescribeQuorumRequestPartitionData(partition_index=0)
    topic = DescribeQuorumRequestTopicData(topic_name="__cluster_metadata", partitions=(partition,))
    request = DescribeQuorumRequest(topics=(topic,))
    answer = ask(sim.driver, request, "the quorum is described")
    (data,) = answer.topics[0].partitions
    assert data.error_code == ErrorCode.NONE
    assert (data.leader_id, data.leader_epoch) == (active(sim), 1)
    assert sorted(voter.replica_id for voter in data.current_voters) == [101, 102, 103]
    assert sorted(observer.replica_id for observer in data.observers) == [1, 2, 3]
    for replica in (*data.current_voters, *data.observers):
        assert replica.log_end_offset == data.high_watermark
        assert sim.now - replica.last_fetch_timestamp <= 600


@pytest.mark.parametrize(
    "make",
    [
        lambda seed, wire: Simulation(3, seed, 3, wire=wire),
        lambda seed, wire: Simulation(3, seed, combined=True, wire=wire),
    ],
)
def test_same_seed_same_digest_over_the_wire_and_in_a_fork(
    make: Callable[[int, bool], Simulation],
) -> None:
    def run(sim: Simulation, cut: int | None = None) -> str:
        sim.create_topic("orders", 3, 3)
        leader = active(sim)
        sim.schedule(1.0, f"crash {leader}")
        sim.schedule(6.0, f"restart {leader}")
        if cut is not None:
            sim.run(cut / 1000)
            sim = sim.fork()
            sim.run(10 - cut / 1000)
        else:
            sim.run(10)
        return sim.trace.digest()

    digest = run(make(3, False))
    assert digest == run(make(3, True))
    assert digest == run(make(3, False), cut=3_456)
    assert digest != run(make(4, False))
