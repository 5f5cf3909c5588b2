"""The promises of groups hold in a run with faults, and each check can fail."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from kafkalab import Consumer, Simulation
from kafkalab.groups.consumer import members_in, reconciling
from kafkalab.sim.group_invariants import (
    ABOUT_GROUPS,
    g1_one_owner,
    g2_generation_rises,
    g6_one_instance,
    g7_state_is_the_log,
    g8_same_heartbeat_twice,
)
from kafkalab.sim.observed import Observed


def complaints(observed: Observed) -> list[str]:
    return [one for holds in ABOUT_GROUPS.values() for one in holds(observed)]


@pytest.fixture
def sim() -> Iterator[Simulation]:
    with Simulation(brokers=3, seed=5) as sim:
        sim.create_topic("orders", partitions=4, replication_factor=3)
        for number in range(3):
            conf = {
                "bootstrap.servers": "kafka:9092",
                "group.id": "g",
                "group.protocol": "consumer",
            }
            consumer = Consumer({**conf, "group.instance.id": f"i{number}"}, sim=sim)
            consumer.subscribe(["orders"])
            Consumer({**conf, "group.protocol": "classic", "group.id": "c"}, sim=sim).subscribe(
                ["orders"]
            )
        yield sim


def coordinator(sim: Simulation) -> Any:
    return next(
        sim.world.nodes[f"broker-{number}"]
        for number in (1, 2, 3)
        if "g" in sim.world.nodes[f"broker-{number}"].groups.groups  # type: ignore[attr-defined]
    )


def test_they_hold_through_a_failover(sim: Simulation) -> None:
    observed = Observed(sim.world)
    for _ in range(12):
        sim.run(1)
        assert not complaints(observed)
    broker = coordinator(sim)
    sim.broker(broker.broker_id).crash()
    for _ in range(15):
        sim.run(1)
        assert not complaints(observed)


def test_each_can_fail(sim: Simulation) -> None:
    sim.run(15)
    observed = Observed(sim.world)
    broker = coordinator(sim)
    (shard,) = (each for each in broker.groups.hosted.values() if each.machine.consumers.get("g"))
    group = shard.machine.consumers.written["g"]
    assert not complaints(observed)
    first, second, _ = group.members.values()
    group.members[second.member_id] = replace(second, assigned=first.assigned)
    assert list(g1_one_owner(observed))
    assert list(g7_state_is_the_log(observed))
    group.members[second.member_id] = replace(second, instance_id=first.instance_id)
    assert list(g6_one_instance(observed))
    group.members[second.member_id] = second
    assert not complaints(observed)
    group.epoch -= 1
    assert list(g2_generation_rises(observed))


@pytest.mark.parametrize(
    ("where", "name"), [(reconciling, "owns_any"), (members_in, "owns_nothing_else")]
)
def test_g8_can_fail(
    sim: Simulation, monkeypatch: pytest.MonkeyPatch, where: object, name: str
) -> None:
    """An epoch that does not wait for what is given up; a lost answer that fences."""
    observed = Observed(sim.world)
    sim.run(3)
    conf = {"bootstrap.servers": "kafka:9092", "group.id": "g", "group.protocol": "consumer"}
    Consumer(conf, sim=sim).subscribe(["orders"])
    found: list[str] = []
    monkeypatch.setattr(where, name, lambda owned, of: False)
    for _ in range(200):
        sim.run(0.005)
        found += g8_same_heartbeat_twice(observed)
    assert found
