"""A run with everything in it: two topics, apps that produce and consume in a group, and faults.

Run as a program it prints the digest: `python faulty_run.py SEED [wire]`.
"""

import sys
from typing import Any

from kafkalab import Simulation

END_MS = 12_000


async def pay(app: Any) -> None:
    """Produce a record every 40 ms for ten seconds."""
    producer = app.producer({"bootstrap.servers": "kafka:9092", "acks": "all"})
    for number in range(250):
        producer.produce("orders", key=f"user-{number % 17}", value=f"order {number}")
        await app.sleep(0.04)
    await producer.flush()


async def ship(app: Any) -> None:
    """Read as a member of a group, committing after each message."""
    consumer = app.consumer(
        {
            "bootstrap.servers": "kafka:9092",
            "group.id": "shipping",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe(["orders"])
    while True:
        message = await consumer.poll(1.0)
        if message is not None and not message.error():
            await consumer.commit(message=message)


def faulty_run(seed: int, wire: bool = False) -> Simulation:
    """A cluster that has its work and its faults before it; nothing of them has happened yet."""
    sim = Simulation(brokers=3, seed=seed, wire=wire)
    sim.create_topic("orders", partitions=4, replication_factor=3)
    sim.create_topic("audit", partitions=1, replication_factor=2)
    sim.app(pay)
    sim.app(ship)
    sim.app(ship)
    for at, what in (
        (1.2, "crash 2"),
        (3.1, "restart 2"),
        (4.0, "partition 1 | 2,3"),
        (5.5, "heal"),
        (6.3, "pause 3 1500"),
        (9.0, "crash 1"),
        (10.2, "restart 1"),
    ):
        sim.schedule(at, what)
    sim.started_at = sim.now
    return sim


def whole_run(seed: int, wire: bool = False) -> Simulation:
    sim = faulty_run(seed, wire)
    sim.run_to(sim.started_at + END_MS)
    return sim


if __name__ == "__main__":
    print(whole_run(int(sys.argv[1]), wire="wire" in sys.argv[2:]).trace.digest())
