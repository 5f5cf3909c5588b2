"""The bench asked by Python and in words: why, what if, what then, and messages held."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from kafkalab import Producer, Simulation
from kafkalab.errors import LearnerError
from kafkalab.live import LiveCluster
from kafkalab.sim import without
from lab import Bench, SpaceTime
from lab.bench.run_details import RunDetails


@pytest.fixture
def sim() -> Simulation:
    sim = Simulation(brokers=3, seed=7)
    sim.create_topic("orders", partitions=1, replication_factor=3)
    producer = Producer({"bootstrap.servers": "kafka:9092", "acks": "all"}, sim=sim)
    producer.produce("orders", "one")
    producer.flush()
    sim.run(1)
    sim.broker(sim.leader("orders", 0)).crash()
    sim.run(12)
    return sim


@pytest.fixture
def bench(sim: Simulation) -> Iterator[Bench]:
    bench = Bench(sim)
    yield bench
    bench.close()


def spacetime(bench: Bench) -> Any:
    found = bench.make("spacetime 100 - -", bench.shown_at)
    assert isinstance(found, dict)
    return found


def test_why_is_answered_at_the_instant_shown_and_its_chain_shown(bench: Bench) -> None:
    said = bench.run("why orders-0")
    assert "crashed" in said
    frame = spacetime(bench)["frame"]
    assert frame["chain"][0]["words"].endswith("crashes")
    assert bench._page.view.picture == "spacetime"
    shown = bench.shown_at
    bench.details.asked_at = shown - 500  # as if more had been played since
    assert spacetime(bench)["frame"]["say"].startswith(f"At {(shown - 500) / 1000:.3f} s: ")
    bench.details.asked_at = shown + 500  # as if one had gone back since
    assert spacetime(bench)["frame"]["say"].startswith(f"At {(shown + 500) / 1000:.3f} s: ")
    bench.run("why")
    assert not spacetime(bench)["frame"]["chain"]
    with pytest.raises(LearnerError, match="What may be asked about"):
        bench.run("why nonsense")


def test_twins_in_words_and_their_second_run_as_a_world(sim: Simulation, bench: Bench) -> None:
    crash = sim.trace.of("Crashed")[0]
    number = crash.node.rpartition("-")[2]
    for words in (f"twins without {crash.id}", f"twins without crash {number}"):
        assert "Equal until" in bench.run(words)
    made = bench.make("twins A", bench.shown_at)
    assert made["chain"]["chain"][0]["words"].endswith("crashes")
    assert [frame["now"] for frame in made["clusters"]] == [sim.now, sim.now]
    bench.run("twins open")
    assert isinstance(bench.world, Simulation)
    assert bench.world.alive() == [1, 2, 3]
    bench.turn_to("the run")
    assert "acks" in bench.run("twins config acks 1")
    bench.run("twins also crash 3 at 1.5")
    bench.run("twins none")
    assert bench.make("twins", bench.shown_at)["faults"]
    with pytest.raises(LearnerError, match="what is to be otherwise"):
        bench.run("twins somehow")
    with pytest.raises(LearnerError, match="nobody did 'crash 9'"):
        bench.run("twins without crash 9")
    with pytest.raises(LearnerError, match="no twins yet"):
        bench.open_twin()


def test_time_and_branches_in_words(sim: Simulation, bench: Bench) -> None:
    crash = sim.trace.of("Crashed")[0]
    number = crash.node.rpartition("-")[2]
    ended = sim.now
    bench.seek(0.5)
    assert bench.run("next fault").startswith(f"{crash.at / 1000:.3f} s  fault: ")
    assert bench.shown_at == crash.at
    bench.end()
    sim.schedule(1, f"restart {number}")
    assert "fault: " in bench.run("next fault")
    assert sim.now == ended + 1000
    with pytest.raises(LearnerError, match="there is no instant 'dance'"):
        bench.run("next dance")
    with pytest.raises(LearnerError, match="no leader within 60 s"):
        bench.run("next leader")
    assert bench.run("branch other").startswith("turned to <other: ")
    assert bench.run("branches").startswith("the run: <Simulation: ")
    bench.run("branch")
    bench.run("forget other")
    assert list(bench.worlds) == ["the run", "branch 2"]
    bench.run("world branch 2")
    bench.run("branch")
    assert list(bench.worlds) == ["the run", "branch 2", "branch 3"]
    bench.run("forget branch 3")
    assert bench.world is sim, "a branch that is shown when it is forgotten"
    with pytest.raises(LearnerError, match="the run stays"):
        bench.forget("the run")
    said = bench.run(f"twins move crash {number} to 3")
    assert f"crash broker-{number} at 3 s" in said


def twins_page(bench: Bench) -> str:
    return str(bench.show("twins")._page._repr_mimebundle_()["text/plain"])


def test_twins_say_that_the_run_has_gone_on_and_are_made_again(
    sim: Simulation, bench: Bench
) -> None:
    with pytest.raises(LearnerError, match="no twins yet"):
        bench.run("twins again")
    bench.run("twins without crash 1" if 1 not in sim.alive() else "twins without crash 2")
    ended = sim.now
    made = bench.make("twins", bench.shown_at)
    assert (made["end"], made["gone_on_to"], made["is_beyond"]) == (ended, None, False)
    assert "gone on" not in twins_page(bench)

    producer = Producer({"bootstrap.servers": "kafka:9092", "acks": "all"}, sim=sim)
    producer.produce("orders", "two")
    producer.flush()
    sim.run(4)
    made = bench.make("twins", sim.now)
    assert (made["end"], made["gone_on_to"], made["is_beyond"]) == (ended, sim.now, True)
    assert made["at"] == ended
    assert bench.make("twins", ended - 1000)["is_beyond"] is False
    bench.seek(sim.now / 1000)
    assert f"the run has gone on since, to {sim.now / 1000:.3f} s" in twins_page(bench)
    assert [each.a for each in made_outcomes(bench)] == [1]

    older = bench.open_twin()
    bench.turn_to("the run")
    bench.run("twins again")
    made = bench.make("twins", sim.now)
    assert (made["end"], made["gone_on_to"]) == (sim.now, None)
    assert [frame["now"] for frame in made["clusters"]] == [sim.now, sim.now]
    assert [each.a for each in made_outcomes(bench)] == [2]
    newer = bench.open_twin()
    assert newer is not older
    assert {older, newer} <= set(bench.worlds.values()), "what was opened before is still there"
    bench.turn_to("the run")
    assert bench.open_twin() is newer


def made_outcomes(bench: Bench) -> Any:
    pair = bench.details.twins
    assert pair is not None
    return [each for each in pair.outcomes if each.name == "acknowledged"]


def test_what_then_makes_a_branch_in_which_it_was_done(sim: Simulation, bench: Bench) -> None:
    sent = sim.trace.of("Appended")[0]
    arrived = sim.trace.entry(sent.cause)
    assert arrived is not None
    client, server, number, id = arrived.event[3:]
    bench.run(f"then {arrived.at - 1} hold request {client} {server} {number} {id}")
    branch = bench.world
    assert isinstance(branch, Simulation)
    assert branch.now == arrived.at - 1
    branch.run(1)
    assert branch.records("orders") == []
    assert len(sim.records("orders")) == 1
    assert [action.method for action in branch.world.actions.since(0)][-1] == "command"
    assert "then 1234" in bench.run("help")


def test_a_message_is_held_from_a_space_time_picture_by_python(sim: Simulation) -> None:
    producer = Producer({"bootstrap.servers": "kafka:9092", "acks": "all"}, sim=sim)
    producer.produce("orders", "two")
    sim.run_until(lambda: [f for f in sim.network.in_flight if f.api == "PRODUCE"])
    (flight,) = [f for f in sim.network.in_flight if f.api == "PRODUCE"]
    view = SpaceTime(sim, since=(sim.now - 20) / 1000)
    try:
        with pytest.raises(LearnerError, match="which message"):
            view.hold()
        view.select(flight.message).hold()
        assert [m["state"] for m in view.frame["messages"] if m["kind"] == "produce"][-1] == "held"
        assert dict(view._view.fields)["why"].startswith("it, or one before it")
        sim.run(1)
        assert len(sim.records("orders")) == 1
        view.release()
        sim.run(1)
        assert len(sim.records("orders")) == 2
    finally:
        view.close()


def test_of_a_live_cluster_nothing_is_asked_that_needs_a_past() -> None:
    with LiveCluster(brokers=1) as cluster:
        cluster.create_topic("orders", 1, 1)
        details = RunDetails(cluster)
        assert details.make("ledger", 0) is None
        bench = Bench(cluster, "network")
        try:
            with pytest.raises(LearnerError, match="cannot go back"):
                bench.run("why orders-0")
            branch = bench.branch("frozen")
            branch.run(1)
            frame = spacetime(bench)["frame"]
            assert 0 < frame["now"] < 600_000, "since it began"
            assert "Everybody hears everybody" in repr(bench.show("network"))
        finally:
            bench.close()


def test_a_live_cluster_is_frozen_by_a_button_and_its_picture_is_shown() -> None:
    with LiveCluster(brokers=2) as cluster:
        cluster.create_topic("orders", 1, 2)
        cluster.command("crash 2")
        bench = Bench(cluster, "spacetime")
        try:
            for name in ("spacetime", "twins", "ledger"):
                bench.show(name)
                assert "bench.freeze()" in bench._repr_mimebundle_()["image/svg+xml"]
            bench.show("spacetime")
            assert bench._page.handle({"action": "freeze"})
            first, *_ = frozen = list(bench.worlds)[1:]
            assert len(frozen) == 1
            assert re.fullmatch(r"frozen at \d+\.\d{3} s", first)
            made = bench.world
            assert isinstance(made, Simulation)
            assert made.now == made.started_at + 600
            assert spacetime(bench)["frame"]["since"] > 0
            assert bench.show("twins").details.make("twins", 10**9)["faults"] == []
            with pytest.raises(LearnerError, match="a simulation already"):
                bench.freeze()
        finally:
            bench.close()


def test_why_of_a_live_cluster_asks_what_is_frozen() -> None:
    with LiveCluster(brokers=2) as cluster:
        cluster.create_topic("orders", 1, 2)
        bench = Bench(cluster)
        try:
            created = next(e for e in bench._page._frame["events"] if e["kind"] == "TopicCreated")
            assert bench._act(["why", str(created["id"])], bench.shown_at)
            assert isinstance(bench.world, Simulation)
            assert bench.details.about is not None
            assert bench._page.view.picture == "spacetime"
            svg = bench._repr_mimebundle_()["image/svg+xml"]
            assert "of the time before this world began" in svg
            assert bench.details.about.say in svg
        finally:
            bench.close()


def test_a_crash_left_out_is_named_like_the_change(sim: Simulation) -> None:
    crash = sim.trace.of("Crashed")[0]
    pair = sim.twins(without(crash))
    assert [entry.id for entry in pair.own_faults("A")] == [crash.id]
    assert pair.own_faults("B") == []
