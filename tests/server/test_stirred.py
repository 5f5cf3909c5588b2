"""A broker asks its quiet parts for their timers only when they were at work: it must miss none."""

from typing import Any

import pytest

from kafkalab import Simulation
from kafkalab.server import Broker

SERVERS = {"bootstrap.servers": "kafka:9092"}


@pytest.mark.parametrize("combined", [False, True])
def test_no_timer_is_missed_while_parts_are_quiet(combined: bool) -> None:
    sim = Simulation(brokers=3, controllers=3 if combined else 1, seed=5, combined=combined)
    sim.create_topic("orders", partitions=3, replication_factor=3)

    async def write(app: Any) -> None:
        producer = app.producer(SERVERS)
        while True:
            producer.produce("orders", value=b"v")
            await producer.poll(0)
            await app.sleep(0.02)

    async def read(app: Any) -> None:
        consumer = app.consumer({**SERVERS, "group.id": "g"})
        consumer.subscribe(["orders"])
        while True:
            await consumer.poll(1.0)

    sim.app(write)
    sim.app(read)
    sim.schedule(3, "crash 2")
    sim.schedule(6, "restart 2")
    sim.schedule(9, "shutdown 3")
    until = sim.now + 12_000
    while sim.world.step(until):
        for node in sim.world.nodes.values():
            if isinstance(node, Broker) and sim.world.is_up(node.name):
                asked = node.next_timer()
                node.is_stirred = True
                assert node.next_timer() == asked, (sim.now, node.name)
