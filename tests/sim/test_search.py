"""The search finds the shortest order that loses a record, and says so when there is none."""

from typing import Any

import pytest

from kafkalab import Producer, Simulation
from kafkalab.sim.search import (
    Found,
    NotFound,
    Scope,
    acknowledged_is_lost,
    choices,
    replay,
    search,
)
from kafkalab.sim.state_digest import StateDigests
from kafkalab.world.turns import taken

NODES = ("producer-1", "broker-1", "broker-2", "broker-3")
LONG_MS = 15_000  # longer than a broker's session


def with_a_record_on_its_way(acks: int, alone: bool = False, **config: Any) -> Simulation:
    """A cluster whose producer has just sent `x`; `alone`: the leader is the whole ISR."""
    sim = Simulation(brokers=3, seed=1)
    names = {key.replace("_", "."): value for key, value in config.items()}
    sim.create_topic("orders", 1, 3, names)
    if alone:
        for broker in followers(sim):
            sim.broker(broker).crash()
        sim.run(LONG_MS / 1000)
    servers = sim.bootstrap_servers
    producer = Producer({"bootstrap.servers": servers, "acks": acks, "linger.ms": 0}, sim=sim)
    producer.produce("orders", value="before")
    producer.flush()
    producer.produce("orders", value="x")
    return sim


def followers(sim: Simulation) -> list[int]:
    return [broker for broker in (1, 2, 3) if broker != sim.leader("orders", 0)]


def lost(sim: Simulation) -> Any:
    return acknowledged_is_lost(sim, "orders", 0, b"x")


def test_with_acks_1_a_leader_that_crashes_takes_the_record_with_it() -> None:
    sim = with_a_record_on_its_way(acks=1)
    leader = sim.leader("orders", 0)
    crashes = tuple(f"crash {broker}" for broker in (1, 2, 3))
    found = search(sim, lost(sim), Scope(4, crashes, 1, NODES, waits_ms=(LONG_MS,)))
    assert isinstance(found, Found)
    assert [str(turn) for turn in found.turns] == [
        f"broker-{leader} gets the request produce from producer-1",
        f"crash {leader}",
        f"{LONG_MS} ms go by",
    ]
    assert "lacks it, after 3 turns" in str(found)


def test_with_acks_all_and_two_in_sync_one_failure_loses_nothing() -> None:
    sim = with_a_record_on_its_way(acks=-1, min_insync_replicas=2)
    crashes = tuple(f"crash {broker}" for broker in (1, 2, 3))
    result = search(sim, lost(sim), Scope(4, crashes, 1, NODES, waits_ms=(LONG_MS,)))
    assert isinstance(result, NotFound)
    assert result.is_complete
    assert result.states > 100
    assert str(result).startswith("none within this scope: 4 turns")


@pytest.mark.parametrize("is_unclean", [True, False])
def test_an_unclean_election_loses_what_acks_all_has_acknowledged(is_unclean: bool) -> None:
    sim = with_a_record_on_its_way(acks=-1, alone=True, unclean_leader_election_enable=is_unclean)
    leader, (first, _) = sim.leader("orders", 0), followers(sim)
    faults = (f"crash {leader}", f"restart {first}")
    scope = Scope(4, faults, nodes=("producer-1", f"broker-{leader}"), waits_ms=(LONG_MS,))
    result = search(sim, lost(sim), scope)
    if not is_unclean:
        assert isinstance(result, NotFound)
        assert result.is_complete
        return
    assert isinstance(result, Found)
    assert f"crash {leader}" in [turn.words for turn in result.turns]
    branch = replay(sim, result.turns)
    assert branch.leader("orders", 0) == first
    assert [record.value for record in branch.records("orders")] != [b"before", b"x"]


def test_a_search_changes_nothing() -> None:
    sim = with_a_record_on_its_way(acks=1)
    before, untouched = sim.trace.digest(), sim.fork()
    search(sim, lost(sim), Scope(3, ("crash 1",), has_timers=True, states_max=200))
    assert sim.trace.digest() == before
    sim.run(5)
    untouched.run(5)
    assert sim.trace.digest() == untouched.trace.digest()


def test_orders_that_lead_to_the_same_state_have_the_same_digest() -> None:
    sim = with_a_record_on_its_way(acks=-1)
    digests, pairs = StateDigests(), []
    while not pairs:
        sim.step()
        turns = [t for t in choices(sim.world, (), Scope(1, nodes=NODES)) if t.what == "deliver"]
        pairs = [(a, b) for a in turns for b in turns if a.target != b.target]
    world, (one, other) = sim.world, pairs[0]
    ways = []
    for first, second in ((one, other), (other, one)):
        middle = taken(world, first)
        assert middle is not None
        end = taken(middle, second)
        assert end is not None
        ways.append(digests.of(end))
        assert digests.of(middle) != digests.of(world)
    assert ways[0] == ways[1]


def test_a_fork_has_the_digest_of_its_origin() -> None:
    sim = with_a_record_on_its_way(acks=-1)
    assert StateDigests().of(sim.world) == StateDigests().of(sim.fork().world)
    sim.run(0.01)
    assert StateDigests().of(sim.world) != StateDigests().of(sim.at((sim.now - 10) / 1000).world)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("partition 1 | 2,3", "partition 1 > 2,3"),
        ("delay 1 2 50", "delay 1 2 60"),
        ("pause 1 500", "pause 1 600"),
        ("slow-disk 1 5", "slow-disk 1 6"),
        ("stall produce 1 100", "stall produce 1 200"),
    ],
)
def test_faults_that_differ_have_different_digests(one: str, other: str) -> None:
    sim, digests = with_a_record_on_its_way(acks=-1), StateDigests()
    worlds = [sim.world.fork() for _ in range(3)]
    worlds[1].command(one)
    worlds[2].command(other)
    assert len({digests.of(world) for world in worlds}) == 3


def test_a_message_that_arrives_later_is_another_state() -> None:
    sim, digests = with_a_record_on_its_way(acks=-1), StateDigests()
    leader, worlds = sim.leader("orders", 0), [sim.world.fork() for _ in range(3)]
    for world, ms in zip(worlds, (1, 1, 20), strict=True):
        world.command(f"delay producer-1 {leader} {ms}")
        world.act("producer-1", "produce", "orders", b"y", None, 0, (), 0)
        world.command(f"delay producer-1 {leader} 1")
    soon, as_soon, late = (digests.of(world) for world in worlds)
    assert soon == as_soon != late
