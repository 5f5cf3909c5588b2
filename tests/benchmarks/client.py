"""One measurement by confluent_kafka: `client.py SERVERS CASE`; prints one number."""

import json
import statistics
import sys
import time

from confluent_kafka import Consumer, Producer, TopicPartition


def produce(servers: str, size: int, linger_ms: int, count: int) -> float:
    """MB of values a second, acknowledged by all."""
    producer = Producer(
        {
            "bootstrap.servers": servers,
            "acks": "all",
            "linger.ms": linger_ms,
            "queue.buffering.max.messages": 1_000_000,
            "log_level": 0,
        }
    )
    topic = f"bench-{size}-{linger_ms}"
    value = b"x" * size
    producer.produce(topic, value)
    producer.flush(30)
    began = time.perf_counter()
    for _ in range(count):
        while True:
            try:
                producer.produce(topic, value)
                break
            except BufferError:
                producer.poll(0.01)
    left = producer.flush(120)
    assert left == 0, left
    return count * size / (time.perf_counter() - began) / 1e6


def consume(servers: str, size: int, linger_ms: int, count: int) -> float:
    """MB of values a second, of what `produce` has left, from the first message to the last."""
    consumer = Consumer(
        {
            "bootstrap.servers": servers,
            "group.id": "bench",
            "auto.offset.reset": "earliest",
            "fetch.message.max.bytes": 10_000_000,
            "queued.max.messages.kbytes": 1_000_000,
            "log_level": 0,
        }
    )
    topic = f"bench-{size}-{linger_ms}"
    partitions = consumer.list_topics(topic, 10).topics[topic].partitions
    consumer.assign([TopicPartition(topic, number, 0) for number in partitions])
    left = count - len(consumer.consume(1, 10))
    began = time.perf_counter()
    while left > 0:
        got = len(consumer.consume(10_000, 1))
        assert got, f"{left} messages are missing"
        left -= got
    return count * size / (time.perf_counter() - began) / 1e6


def latency(servers: str, size: int, linger_ms: int, count: int, percent: int = 50) -> float:
    """µs from produce to acknowledgement, one at a time: the median, or another percentile."""
    producer = Producer(
        {"bootstrap.servers": servers, "acks": "all", "linger.ms": linger_ms, "log_level": 0}
    )
    value = b"x" * size
    times = []
    for number in range(count + 200):
        began = time.perf_counter()
        producer.produce("bench-latency", value, partition=0)
        producer.flush(30)
        if number >= 200:
            times.append(time.perf_counter() - began)
    return statistics.quantiles(times, n=100)[percent - 1] * 1e6


def transactions(servers: str, records: int, count: int) -> float:
    """Transactions a second, of so many records of 100 B each, one after the other."""
    producer = Producer(
        {"bootstrap.servers": servers, "transactional.id": "bench", "log_level": 0, "linger.ms": 0}
    )
    producer.init_transactions(30)
    began = 0.0
    for number in range(count + 5):
        if number == 5:
            began = time.perf_counter()
        producer.begin_transaction()
        for _ in range(records):
            producer.produce("bench-transactions", b"x" * 100)
        producer.commit_transaction(30)
    return count / (time.perf_counter() - began)


if __name__ == "__main__":
    kind, *arguments = json.loads(sys.argv[2])
    cases = {"produce": produce, "consume": consume, "latency": latency}
    cases["transactions"] = transactions
    print(cases[kind](sys.argv[1], *arguments))
