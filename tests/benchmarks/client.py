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


def latency(servers: str, size: int, linger_ms: int, count: int) -> float:
    """Median µs from produce to acknowledgement, one at a time."""
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
    return statistics.median(times) * 1e6


if __name__ == "__main__":
    kind, *arguments = json.loads(sys.argv[2])
    cases = {"produce": produce, "consume": consume, "latency": latency}
    print(cases[kind](sys.argv[1], *arguments))
