"""A cluster of three brokers with the topic orders: three partitions, three replicas."""

from collections.abc import Iterator

import pytest

from kafkalab import Simulation


@pytest.fixture(name="sim")
def _sim() -> Iterator[Simulation]:
    with Simulation(brokers=3, seed=3) as sim:
        sim.create_topic("orders", partitions=3, replication_factor=3)
        yield sim
