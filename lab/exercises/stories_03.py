"""The stories of lesson 03: two services that must agree, a shop that must know what is missing.

Read next: `lesson_03`, which judges by them.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from kafkalab import Producer, Simulation
from kafkalab.chance import Stream
from kafkalab.world.batches import batch_at
from lab.checking.outcome import Wrong

#: The partitioners of two clients, each as its defaults are.
JAVA: Final = {"partitioner": "murmur2_random"}
CONFLUENT: Final = {"partitioner": "consistent_random"}


class Sent(NamedTuple):
    """One batch of a log."""

    records: int
    size: int  # bytes


def batches(sim: Simulation, topic: str) -> list[Sent]:
    """The batches of a topic as its leaders have them, partition by partition."""
    found = []
    for partition in sorted(sim.metadata.topics[topic].partitions):
        for entry in sim.trace.of("Appended"):
            told = entry.fields
            if (told["topic"], told["partition"]) != (topic, partition):
                continue
            if entry.node != f"broker-{sim.leader(topic, partition)}":
                continue
            first, last = told["base_offset"], told["last_offset"]
            found.append(Sent(last - first + 1, len(batch_at(sim.world, topic, partition, first))))
    return found


def two_services(conf: dict[str, Any], seed: int) -> tuple[Simulation, list[str]]:
    """Payments by a Java service, orders by yours with `conf`: users who are not together.

    12 users, 6 partitions in both topics; the leader of a partition crashes meanwhile.
    """
    sim = Simulation(brokers=3, seed=seed)
    for topic in ("payments", "orders"):
        sim.create_topic(topic, partitions=6, replication_factor=3)
    chance = Stream(seed, "users")
    users = sorted({f"user-{chance.below(10_000)}" for _ in range(12)})
    where: dict[str, dict[str, int]] = {"payments": {}, "orders": {}}

    def note(error: Any, message: Any) -> None:
        if error is None:
            where[message.topic()][message.key().decode()] = message.partition()

    sim.schedule(0.005, f"crash {1 + chance.below(3)}")
    java = {"partitioner": "murmur2_random"}
    for topic, options in (("payments", java), ("orders", conf)):
        base = {"bootstrap.servers": sim.bootstrap_servers}
        producer = Producer({**base, **options}, sim=sim)
        for user in users:
            producer.produce(topic, "1 euro", key=user, on_delivery=note)
        producer.flush()
    apart = [user for user in users if where["payments"].get(user) != where["orders"].get(user)]
    return sim, apart


def closing_time(
    send_all: Callable[[Any, list[str]], Any], seed: int
) -> tuple[Simulation, list[str], int]:
    """A shop sends 30 orders, and its only broker crashes.  An order lives for 3 s.

    Returns the simulation, the orders that are gone and that `send_all` did not name, and how
    many it left waiting in the producer.
    """
    sim = Simulation(brokers=1, seed=seed)
    sim.create_topic("orders")
    orders = [f"order {number}" for number in range(30)]
    sim.schedule(sim.draw("crash", 1, 6) / 1000, "crash 1")
    conf = {"bootstrap.servers": sim.bootstrap_servers, "message.timeout.ms": 3_000}
    producer = Producer({**conf, "linger.ms": 0, "batch.num.messages": 3}, sim=sim)
    named = send_all(producer, orders)
    waiting = len(producer)
    if not isinstance(named, list):
        raise Wrong("return the list of orders", f"it returned {named!r}")
    named = [each.decode() if isinstance(each, bytes) else each for each in named]
    sim.run(5)
    sim.broker(1).restart()
    sim.run(15)
    kept = {(record.value or b"").decode() for record in sim.records("orders")}
    if len(named) == len(orders) and kept:
        raise Wrong("an order with a receipt has arrived", "It named all of them, and some did.")
    return sim, [order for order in orders if order not in kept and order not in named], waiting
