"""The simulator's budgets, in processor time: what else the machine does does not count.

    python -m tests.benchmarks.simulation [rounds]

`make bench` runs it too.  One record each ten virtual milliseconds is the dearest way to have a
hundred a second: each is a batch, replicated, fetched, polled and acknowledged by itself, about
ten steps; ten records each hundred milliseconds share them.
"""

import gc
import statistics
import sys
import tracemalloc
from collections.abc import Callable
from time import process_time
from typing import Any

from kafkalab import Simulation
from kafkalab.frames import cluster_frame
from kafkalab.ids import server_name
from kafkalab.protocol.messages.produce import (
    PartitionProduceData,
    ProduceRequest,
    TopicProduceData,
)
from kafkalab.record import Entry, Record, Records, build_batch
from kafkalab.world.operator import OPERATOR
from lab.scenes.cluster_view import View, draw
from lab.scenes.diff import diff

SERVERS = {"bootstrap.servers": "kafka:9092"}


def seconds(do: Callable[[], Any]) -> float:
    """Processor time of one call."""
    began = process_time()
    do()
    return process_time() - began


def with_traffic(at_once: int = 1) -> Simulation:
    """100 records a virtual second, three partitions, RF 3, acks=all, read by a group of three."""
    sim = Simulation(brokers=3, seed=1)
    sim.create_topic("orders", partitions=3, replication_factor=3)

    async def produce(app: Any) -> None:
        producer = app.producer({**SERVERS, "acks": "all"})
        number = 0
        while True:
            for _ in range(at_once):
                producer.produce("orders", key=f"key-{number}".encode(), value=b"x" * 100)
                number += 1
            await producer.poll(0)
            await app.sleep(0.01 * at_once)

    async def consume(app: Any) -> None:
        conf = {**SERVERS, "group.id": "readers", "auto.offset.reset": "earliest"}
        consumer = app.consumer(conf)
        consumer.subscribe(["orders"])
        while True:
            await consumer.poll(1.0)

    for number in range(3):
        sim.app(consume, f"reader-{number}")
    sim.app(produce, "writer")
    sim.run(10)
    return sim


def virtual_to_wall(at_once: int) -> float:
    """Virtual seconds a second."""
    sim = with_traffic(at_once)
    return 10 / seconds(lambda: sim.run(10))


def idle_hour_s() -> float:
    """Three brokers, a topic, no clients."""
    sim = Simulation(brokers=3, seed=1)
    sim.create_topic("orders", partitions=12, replication_factor=3)
    return seconds(lambda: sim.run(3600))


def filled() -> Simulation:
    """Three brokers, twelve partitions, 10,000 records."""
    sim = Simulation(brokers=3, seed=1)
    sim.create_topic("orders", partitions=12, replication_factor=3)

    async def produce(app: Any) -> None:
        producer = app.producer({**SERVERS, "acks": "all"})
        for number in range(10_000):
            producer.produce("orders", key=f"key-{number}".encode(), value=b"x" * 100)
            if not number % 10:
                await app.sleep(0.001)
        await producer.flush()

    sim.app(produce)
    sim.run(10)
    assert sum(len(sim.records("orders", number)) for number in range(12)) == 10_000
    return sim


def fork_ms() -> float:
    sim = filled()
    gc.collect()
    return 1000 * statistics.median([seconds(sim.fork) for _ in range(9)])


def rewind_ms() -> float:
    """Looking back into a session of ten minutes with traffic, the median of nine instants."""
    sim = with_traffic()
    sim.run(590)
    instants = [sim.now / 1000 * part / 10 for part in range(1, 10)]
    return 1000 * statistics.median([seconds(lambda at=at: sim.at(at)) for at in instants])


def produce_us(partitions: int) -> float:
    """One acknowledged produce (RF 3, acks=all) beside so many idle partitions."""
    sim = idle(partitions)
    sim.create_topic("orders", partitions=1, replication_factor=3)
    leader = server_name(sim.leader("orders", 0) or 0)
    topic_id = sim.metadata.topics["orders"].topic_id
    batch = build_batch([Record(b"key", b"x" * 100, timestamp=0)])
    data = PartitionProduceData(index=0, records=Records((Entry(0, -1, batch),)))
    topic = TopicProduceData(topic_id=topic_id, partition_data=(data,))
    request = ProduceRequest(acks=-1, timeout_ms=30_000, topic_data=(topic,))
    operator = sim.world.nodes[OPERATOR]

    def produce() -> None:
        sim.world.act(OPERATOR, "ask", leader, request)
        while not operator.is_done:
            sim.world.step(sim.now + 1_000)
        answer = operator.answer.responses[0].partition_responses[0]
        assert answer.error_code == 0, answer

    for _ in range(50):
        produce()
    gc.collect()
    return 1e6 * min(seconds(lambda: [produce() for _ in range(100)]) for _ in range(5)) / 100


def idle(partitions: int) -> Simulation:
    sim = Simulation(brokers=3, seed=1)
    for number in range(0, partitions, 1000):
        sim.create_topic(f"idle-{number}", min(1000, partitions - number), 3)
    return sim


def bytes_per_idle_partition() -> float:
    """Of all three replicas together, and the controller's metadata."""
    tracemalloc.start()
    kept = [idle(100)]
    before = tracemalloc.get_traced_memory()[0]
    kept.append(idle(2100))
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return (after - before * 2) / 2000


def picture_ms() -> float:
    """Frame, scene and difference after a step, three brokers and twelve partitions."""
    sim = filled()
    view = View()
    before = draw(cluster_frame(sim), view).flat()
    sim.run(0.5)

    def picture() -> None:
        diff(before, draw(cluster_frame(sim), view).flat())

    return 1000 * statistics.median([seconds(picture) for _ in range(9)])


MEASURED: dict[str, tuple[Callable[[], float], str]] = {
    "100 records/s one by one, RF 3, group of three (virtual : processor seconds)": (
        lambda: virtual_to_wall(1),
        "≥ 100",
    ),
    "the same in tens": (lambda: virtual_to_wall(10), "≥ 100"),
    "idle cluster, one virtual hour (s)": (idle_hour_s, "≤ 3"),
    "fork, 12 partitions, 10,000 records (ms)": (fork_ms, "≤ 3"),
    "look back into ten minutes (ms)": (rewind_ms, "≤ 200"),
    "frame + scene + difference (ms)": (picture_ms, "≤ 10"),
    "one produce beside 10 idle partitions (µs)": (lambda: produce_us(10), ""),
    "one produce beside 10,000 idle partitions (µs)": (lambda: produce_us(10_000), "+ 20 %"),
    "memory of one idle partition, RF 3 (bytes)": (bytes_per_idle_partition, ""),
}


def table(rounds: int) -> str:
    lines = ["| in the simulator, processor time | measured | budget |", "| --- | --- | --- |"]
    for name, (measure, budget) in MEASURED.items():
        values = [measure() for _ in range(rounds)]
        low, high = min(values), max(values)
        middle = statistics.median(values)
        lines.append(f"| {name} | {middle:.1f} ({low:.1f}-{high:.1f}) | {budget} |")
        print(lines[-1], flush=True)
    return "\n".join(lines)


if __name__ == "__main__":
    table(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
