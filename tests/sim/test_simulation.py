"""A cluster in virtual time: made, used, broken and forked."""

import gc
import subprocess
import sys
from typing import Any

import pytest

from kafkalab import AdminClient, Consumer, Producer, Simulation
from kafkalab.errors import ErrorCode, KafkaError, LearnerError
from kafkalab.sim import current
from kafkalab.world import CommandError, StillWaiting


def test_a_new_simulation_has_every_broker_in_service() -> None:
    sim = Simulation(brokers=3, seed=7)
    assert sim.alive() == [1, 2, 3]
    assert [sim.broker(n).state for n in (1, 2, 3)] == ["online"] * 3
    assert sim.started_at == sim.now < 1000


def test_a_created_topic_has_leaders_that_every_broker_knows() -> None:
    sim = Simulation(brokers=3, seed=7)
    sim.create_topic("orders", partitions=4, replication_factor=3, config={"retention.ms": 1000})
    assert sim.topics == ["orders"]
    for partition in range(4):
        assert sim.leader("orders", partition) in (1, 2, 3)
        assert sorted(sim.isr("orders", partition)) == [1, 2, 3]
    with pytest.raises(KafkaError) as refused:
        sim.create_topic("orders")
    assert refused.value.code is ErrorCode.TOPIC_ALREADY_EXISTS
    sim.delete_topic("orders")
    assert sim.topics == []
    with pytest.raises(KafkaError, match="there is no orders-0"):
        sim.leader("orders", 0)


def test_a_leader_that_crashes_is_replaced_and_comes_back_into_the_isr() -> None:
    sim = Simulation(brokers=3, seed=7)
    sim.create_topic("orders", replication_factor=3)
    first = sim.leader("orders", 0)
    sim.broker(first).crash()
    sim.run_until(lambda: sim.leader("orders", 0) not in (None, first), limit_ms=20_000)
    assert first not in sim.isr("orders", 0)
    sim.broker(first).restart()
    sim.run_until(lambda: first in sim.isr("orders", 0), limit_ms=20_000)


def test_states_of_a_broker() -> None:
    sim = Simulation(brokers=3, seed=7)
    sim.broker(2).pause(20)
    assert sim.broker(2).state == "paused"
    sim.broker(3).crash()
    assert sim.broker(3).state == "crashed"
    sim.broker(3).restart()
    assert sim.broker(3).state in ("starting", "online")
    sim.network.partition({1, 2, 3}, {101})
    sim.run(25)
    sim.network.heal()
    sim.run(15)
    assert [sim.broker(n).state for n in (1, 2, 3)] == ["online"] * 3


def test_run_until_says_what_it_waited_for() -> None:
    sim = Simulation(seed=7)
    with pytest.raises(StillWaiting, match="still not: pigs fly"):
        sim.run_until(lambda: False, limit_ms=500, what="pigs fly")


def test_a_step_returns_what_happened_in_it() -> None:
    sim = Simulation(seed=7)
    (first, *_) = sim.step()
    assert first.kind in ("Delivered", "TimerFired")


def test_faults_can_be_planned_in_words() -> None:
    sim = Simulation(seed=7)
    sim.schedule(2, "crash 2")
    sim.schedule(3.5, "restart 2")
    sim.run(3)
    assert sim.alive() == [1, 3]
    sim.run(1)
    assert sim.alive() == [1, 2, 3]
    with pytest.raises(CommandError, match="there is no broker-4"):
        sim.schedule(1, "crash 4")


def test_the_newest_open_simulation_is_the_current_one() -> None:
    first = Simulation(seed=1, brokers=1)
    with Simulation(seed=2, brokers=1) as second:
        assert current() is second
        second.fork()
        assert current() is second
    assert current() is first
    first.close()
    del first, second
    gc.collect()


def test_a_fork_goes_its_own_way() -> None:
    sim = Simulation(seed=7)
    sim.create_topic("orders", replication_factor=3)
    branch = sim.fork("what if")
    branch.broker(1).crash()
    branch.run(5)
    assert sim.alive() == [1, 2, 3]
    assert branch.now == sim.now + 5_000
    twin = sim.fork()
    sim.run(5)
    twin.run(5)
    assert sim.trace.digest() == twin.trace.digest() != branch.trace.digest()


def test_looking_back_shows_every_instant_as_it_was_and_can_be_gone_on_from() -> None:
    sim = Simulation(seed=7)
    noted = {sim.now: sim.trace.digest()}
    sim.create_topic("orders", partitions=2, replication_factor=3)
    sim.schedule(3, "crash 3")
    for seconds in (1, 3.5, 40, 0.7):
        sim.run(seconds)
        noted[sim.now] = sim.trace.digest()
        if sim.alive() == [1, 2, 3]:
            sim.broker(1).pause(0.25)
    times = sorted(noted)
    for ms in times[2:]:
        assert sim.at(ms / 1000).trace.digest() == noted[ms]
    past = sim.at(times[2] / 1000)
    assert past.alive() == [1, 2]
    with pytest.raises(LearnerError, match="a view of the past"):
        past.run(1)
    branch = past.fork("another future")
    branch.run_to(times[3])
    assert branch.trace.digest() == noted[times[3]]
    with pytest.raises(LearnerError, match="can be seen here"):
        sim.at(3_600)


def test_the_same_seed_is_the_same_run_and_another_is_not() -> None:
    def digest(seed: int, *, wire: bool = False) -> str:
        sim = Simulation(seed=seed, wire=wire)
        sim.create_topic("orders", partitions=5, replication_factor=3)
        sim.broker(1).crash()
        sim.run(20)
        return sim.trace.digest()

    assert digest(1) == digest(1) == digest(1, wire=True)
    assert digest(1) != digest(2)


def test_mistakes_are_said_in_words() -> None:
    sim = Simulation(seed=7)
    with pytest.raises(LearnerError, match="has the partition no leader"):
        sim.broker(None)
    with pytest.raises(CommandError, match="there is no broker-9"):
        sim.broker(9)
    for odd in ("2", None, float("nan"), float("inf")):
        with pytest.raises(LearnerError, match="how many seconds"):
            sim.sleep(odd)  # type: ignore[arg-type]
    with pytest.raises(LearnerError, match="time does not go back"):
        sim.run(-1)
    with pytest.raises(LearnerError, match="async function"):
        sim.app(lambda app: None)  # type: ignore[arg-type,return-value]
    with pytest.raises(LearnerError, match="a cluster has 1 to 100 brokers"):
        Simulation(brokers=0)


def test_importing_the_package_loads_none_of_its_parts() -> None:
    code = "import sys, kafkalab; print(sorted(m for m in sys.modules if 'kafkalab' in m))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['kafkalab']"


@pytest.mark.parametrize("what", [{"seed": "x"}, {"seed": None}, {"seed": 1.5}, {"config": "x"}])
def test_a_simulation_of_the_wrong_kind_of_options_says_what_they_are(what: Any) -> None:
    with pytest.raises(LearnerError, match=f"{next(iter(what))}=.*(whole number|a dict)"):
        Simulation(**what)


@pytest.mark.parametrize("client", [Producer, Consumer, AdminClient])
def test_clients_without_a_configuration_say_what_one_is(client: Any) -> None:
    sim = Simulation(brokers=1, controllers=1)
    for conf in (None, "kafka:9092", [("bootstrap.servers", "kafka:9092")]):
        with pytest.raises(LearnerError, match=r"no configuration of .*: give a dict, such as"):
            client(conf, sim)


def test_a_message_in_flight_is_held_released_and_cut_as_in_flight_gives_it() -> None:
    sim = Simulation(brokers=3)
    while not sim.network.in_flight:
        sim.run(0.001)
    flight = sim.network.in_flight[0]
    sim.network.hold(flight)
    sim.run(2)
    assert [each.message for each in sim.network.in_flight if each.is_held] == [flight.message]
    sim.network.release(flight)
    assert not [each for each in sim.network.in_flight if each.is_held]
    sim.network.cut(flight)
    assert sim.trace.of("ConnectionCut")[-1].event[1:] == tuple(flight.message.connection)
    for odd in (None, 1.5, [flight]):
        with pytest.raises(LearnerError, match="which message, or which two nodes") as raised:
            sim.network.hold(odd)  # type: ignore[arg-type]
        assert len(str(raised.value)) < 200
