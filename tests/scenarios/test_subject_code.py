"""The subject's producer and consumer, word for word but for the import, while a leader dies."""

import json
from typing import Any

import pytest
from subject_code import Enough, consume_all, produce_one

from kafkalab import Simulation

TOPIC = "order-events"
ORDERS = 12


def a_cluster(seed: int) -> Simulation:
    sim = Simulation(brokers=3, seed=seed)
    sim.create_topic(TOPIC, partitions=3, replication_factor=3, config={"min.insync.replicas": 2})
    return sim


@pytest.mark.parametrize("seed", range(3))
def test_nothing_acknowledged_is_lost_and_nothing_is_read_twice(seed: int) -> None:
    sim = a_cluster(seed)
    acknowledged: list[int] = []
    read: list[int] = []

    def report(error: Any, message: Any) -> None:
        assert error is None, error
        acknowledged.append(json.loads(message.value())["order"])

    for order in range(ORDERS):
        produce_one(f"user-{order}", {"order": order}, report)
        if order == ORDERS // 2:
            sim.broker(sim.leader(TOPIC, 0)).crash()

    def process(value: bytes) -> None:
        order = json.loads(value)["order"]
        if order == "stop":
            raise Enough
        read.append(order)
        if len(read) == ORDERS // 3:
            down = sim.leader(TOPIC, 1)
            assert down is not None
            sim.broker(down).crash() if len(sim.alive()) == 3 else sim.broker(
                next(b for b in (1, 2, 3) if b not in sim.alive())
            ).restart()
        if len(read) == ORDERS:
            raise Enough

    with pytest.raises(Enough):
        consume_all(process, lambda error: pytest.fail(str(error)))

    assert sorted(acknowledged) == list(range(ORDERS))
    assert sorted(read) == list(range(ORDERS))
