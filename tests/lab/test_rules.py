"""Another rule holds for one simulation and its forks, and for nobody else."""

import threading
from typing import Any

import pytest

from kafkalab import Producer, Simulation
from kafkalab.errors import LearnerError
from kafkalab.sim import without
from kafkalab.sim.search import Found, NotFound
from lab.exercises import stories_13
from lab.experiments import old_rules
from lab.experiments.rules import Rule, Watch, with_rules

RULES = [each for each in vars(old_rules).values() if isinstance(each, Rule)]


def two_crashes(sim: Simulation) -> tuple[list[bytes | None], Watch]:
    """A record is acknowledged, the leader dies, and the next one as soon as it leads."""
    sim.create_topic("orders", 1, 3, {"min.insync.replicas": 2})
    first = sim.leader("orders", 0)
    producer = Producer({"bootstrap.servers": "kafka:9092", "acks": "all"}, sim=sim)
    producer.produce("orders", "paid")
    producer.flush()
    watch = Watch(sim)
    sim.broker(first).crash()
    sim.run_to_next("leader", topic="orders")
    second = sim.leader("orders", 0)
    sim.run(0.001)
    sim.broker(second).crash()
    sim.run(12)
    sim.broker(first).restart()
    sim.broker(second).restart()
    sim.run(15)
    return [record.value for record in sim.records("orders")], watch


def engine() -> list[Any]:
    return [rule.owner.__dict__[rule.method] for rule in RULES]


def test_a_rule_is_of_one_simulation() -> None:
    before = engine()
    other = Simulation(brokers=3, seed=2)
    ruled = with_rules(Simulation(brokers=3, seed=2), old_rules.CUT_AT_THE_HIGH_WATERMARK)
    kept, watch = two_crashes(ruled)
    assert kept == []
    assert watch.broken == "R7"
    assert engine() == before
    kept, watch = two_crashes(other)
    assert kept == [b"paid"]
    assert not watch.broken


def test_forks_views_and_twins_have_the_rules_of_their_origin() -> None:
    sim = with_rules(Simulation(brokers=3, seed=2), old_rules.CUT_AT_THE_HIGH_WATERMARK)
    two_crashes(sim)
    branch = sim.at(8.0).fork()
    branch.run_to_next("truncation", limit_ms=2_000)
    twins = sim.twins(without(sim.trace.of("Crashed")[1]))
    assert twins.a.trace.digest() == sim.trace.digest()
    assert [each.b for each in twins.outcomes if each.name == "lost after that"] == [0]


def test_a_search_goes_by_the_rules_of_its_simulation() -> None:
    before = engine()
    sim = stories_13.on_its_way("all", old_rules.ANSWER_AT_ONCE)
    assert isinstance(stories_13.any_order_that_loses(sim, turns=2), NotFound)
    found = stories_13.any_order_that_loses(sim)
    assert isinstance(found, Found)
    assert [turn.what for turn in found.turns] == ["deliver", "fault", "wait"]
    assert engine() == before


def test_other_threads_have_the_engines_rules_meanwhile() -> None:
    found: list[int] = []

    def elsewhere() -> None:
        kept, _ = two_crashes(Simulation(brokers=3, seed=2))
        found.append(len(kept))

    sim = with_rules(Simulation(brokers=3, seed=2), old_rules.CUT_AT_THE_HIGH_WATERMARK)
    with sim.driver.locked():
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
    assert found == [1]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.method)
def test_every_rule_can_be_put_in_and_out(rule: Rule) -> None:
    before = engine()
    sim = with_rules(Simulation(brokers=3, seed=1), rule)
    sim.create_topic("orders", 1, 3)
    with sim.driver.locked(), sim.driver.locked():
        assert rule.owner.__dict__[rule.method] is not before[RULES.index(rule)]
    assert engine() == before


def test_rules_are_for_new_simulations() -> None:
    sim = Simulation(brokers=1)
    sim.create_topic("orders")
    with pytest.raises(LearnerError, match="new simulation"):
        with_rules(sim, old_rules.ANSWER_AT_ONCE)
