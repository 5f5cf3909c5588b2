"""What is asked of a cluster that cannot decide ends with what is missing."""

import pytest

from kafkalab import LiveCluster, Simulation
from kafkalab.errors import LearnerError
from kafkalab.world import undecided
from kafkalab.world.driver import StillWaiting


def said(sim: Simulation) -> str:
    since = sim.now
    with pytest.raises(StillWaiting) as raised:
        sim.create_topic("orders", 1, 1)
    assert sim.now - since == undecided.API_TIMEOUT_MS
    return str(raised.value)


def test_without_a_majority_of_controllers_nothing_is_decided() -> None:
    sim = Simulation(brokers=3, controllers=3, seed=1)
    for node in (101, 102):
        sim.controller(node).crash()
    words = said(sim)
    assert "still not: orders is created" in words
    assert "takes 2 of controller-101, controller-102, controller-103" in words
    assert "controller-101, controller-102 are down" in words
    assert "Try restart 101" in words
    sim.controller(101).restart()
    sim.run(30)
    sim.create_topic("payments", 1, 1)
    assert "payments" in sim.topics


def test_a_partition_between_the_brokers_and_the_controller_is_named() -> None:
    sim = Simulation(brokers=1, seed=1)
    sim.network.partition({1}, {101})
    words = said(sim)
    assert "broker-1 | controller-101" in words and "Try heal" in words


def test_no_broker_in_service() -> None:
    sim = Simulation(brokers=1, seed=1)
    sim.broker(1).crash()
    assert "No broker is in service to pass it on (broker-1)" in said(sim)
    with pytest.raises(StillWaiting, match="orders is deleted"):
        sim.delete_topic("orders")


def test_a_live_cluster_without_brokers_says_so() -> None:
    with LiveCluster(brokers=1) as cluster:
        cluster.broker(1).crash()
        with pytest.raises(LearnerError, match="no broker is in service"):
            cluster.create_topic("orders")
