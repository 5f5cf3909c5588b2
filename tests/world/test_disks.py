"""Disks that are slow, full or failing, and machines that lose power, in a simulated cluster."""

import pytest

from kafkalab import Producer, Simulation
from kafkalab.errors import LearnerError
from kafkalab.sim.invariants import Monitor

_ENDS = ("ShutdownBegun", "LogDirFailed", "Crashed", "Stopped")


def a_cluster(**config: object) -> Simulation:
    sim = Simulation(brokers=3, seed=11, config=config or None)
    sim.create_topic("orders", 1, 3, config={"min.insync.replicas": 2})
    return sim


def produce(sim: Simulation, count: int, acks: str = "all") -> list[int]:
    """The offsets of what was acknowledged."""
    offsets: list[int] = []
    producer = Producer({"bootstrap.servers": "kafka:9092", "acks": acks}, sim=sim)
    for number in range(count):
        producer.produce(
            "orders",
            value=f"{number}".encode(),
            on_delivery=lambda error, message: offsets.append(message.offset()),
        )
    producer.flush()
    return offsets


def log_end(sim: Simulation, broker_id: int) -> int:
    node = sim.broker(broker_id).node
    log = next(log for name, log in node.disk.logs.items() if name.topic == "orders")  # type: ignore[attr-defined]
    return int(log.log_end_offset)


def test_a_crash_keeps_what_was_written_a_loss_of_power_what_was_flushed() -> None:
    sim = a_cluster()
    produce(sim, 20)
    sim.broker(1).crash()
    assert log_end(sim, 1) == 20
    sim.broker(2).crash(power=True)
    assert log_end(sim, 2) == 0
    lost = [entry.event for entry in sim.trace if entry.event[0] == "UnflushedLost"]
    assert ("UnflushedLost", "orders", 0, 0, 20) in lost


def test_flush_messages_says_how_much_can_be_lost() -> None:
    sim = Simulation(brokers=1, seed=2)
    sim.create_topic("orders", 1, 1, config={"flush.messages": 8})
    for _ in range(20):
        produce(sim, 1)
    sim.broker(1).crash(power=True)
    assert log_end(sim, 1) == 16


def test_power_lost_at_one_broker_loses_nothing_acknowledged_by_two() -> None:
    sim = a_cluster()
    acknowledged = produce(sim, 30)
    monitor = Monitor(sim.world, acks_all=True)
    leader = sim.leader("orders", 0)
    sim.schedule(0.1, f"power-off {leader}")
    sim.schedule(1, f"restart {leader}")
    while sim.world.step(sim.started_at + 30_000):
        monitor.after_step()
    acknowledged += produce(sim, 5)
    sim.run(5)
    Monitor(sim.world, acks_all=True).at_rest()
    assert acknowledged == list(range(35))
    assert [log_end(sim, each) for each in (1, 2, 3)] == [35, 35, 35]
    assert sorted(sim.isr("orders", 0)) == [1, 2, 3]


def test_the_quorum_forgets_nothing_when_its_power_goes() -> None:
    sim = a_cluster()
    offset = sim.metadata.offset
    sim.controller(101).crash(power=True)
    sim.controller(101).restart()
    sim.run(5)
    assert sim.metadata.offset > offset
    assert sim.topics == ["orders"]


@pytest.mark.parametrize("fault", ["full", "fail"])
def test_a_write_to_a_disk_that_cannot_take_it_ends_the_process(fault: str) -> None:
    sim = a_cluster()
    produce(sim, 3)
    leader = sim.leader("orders", 0)
    assert leader is not None
    broker = sim.broker(leader)
    broker.full_disk() if fault == "full" else broker.fail_disk()
    assert broker.state == "online", "nobody has written yet"
    assert produce(sim, 3) == [3, 4, 5], "the other two go on"
    assert broker.state == "crashed"
    (failed,) = [entry.event for entry in sim.trace if entry.event[0] == "LogDirFailed"]
    assert f"broker-{leader}" in failed[1] and ("space" in failed[1] or "error" in failed[1])
    broker.restart()
    assert broker.state == "crashed", "it ends again at its first write"
    broker.mend_disk()
    broker.restart()
    sim.run(15)
    assert sorted(sim.isr("orders", 0)) == [1, 2, 3]
    assert log_end(sim, leader) == 6


@pytest.mark.parametrize("fault", ["full-disk", "fail-disk"])
@pytest.mark.parametrize("moves", [True, False])
def test_a_disk_that_fails_while_its_server_leaves_makes_it_a_crash(
    fault: str, moves: bool
) -> None:
    sim = a_cluster(**{"controlled.shutdown.enable": moves})
    produce(sim, 3)
    sim.world.command(f"{fault} 1")
    sim.world.command("shutdown 1")
    sim.run(10)
    assert sim.broker(1).state == "crashed"
    ends = [e.event[0] for e in sim.trace if e.node == "broker-1" and e.event[0] in _ENDS]
    assert ends == ["ShutdownBegun", "LogDirFailed", "Crashed"]


def test_a_slow_disk_delays_what_follows_a_write_and_nothing_else() -> None:
    sim = a_cluster()
    produce(sim, 1)
    began = sim.now
    produce(sim, 1)
    usual = sim.now - began
    follower = next(each for each in (1, 2, 3) if each != sim.leader("orders", 0))
    sim.broker(follower).slow_disk(200)
    began = sim.now
    produce(sim, 1)
    assert 200 <= sim.now - began <= usual + 220
    branch = sim.fork()
    sim.run(30)
    assert sim.broker(follower).state == "online", "its heartbeats are in time"
    assert sorted(sim.isr("orders", 0)) == [1, 2, 3]
    branch.broker(follower).mend_disk()
    began = branch.now
    produce(branch, 1)
    assert branch.now - began <= usual + 5


def test_only_servers_have_disks() -> None:
    sim = a_cluster()
    produce(sim, 1)
    with pytest.raises(LearnerError, match="has no disk"):
        sim.world.command("full-disk producer-1")
