"""librdkafka's own mock cluster of three brokers, in a process of its own."""

import signal
import threading

from confluent_kafka import Producer

over = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: over.set())
producer = Producer({"test.mock.num.brokers": 3, "bootstrap.servers": "unused", "log_level": 0})
brokers = producer.list_topics(timeout=10).brokers
servers = ",".join(f"{broker.host}:{broker.port}" for broker in brokers.values())
print(f"bootstrap.servers={servers}", flush=True)
over.wait()
