"""The subject's own samples, as functions; the text between the marks is the subject's, unchanged.

Only the import differs (`kafkalab` for `confluent_kafka`), and what the text leaves undefined is
given as arguments.  The endless loop of the consumer ends because `process` raises `Enough`.
"""

import json
from collections.abc import Callable
from typing import Any


class Enough(Exception):
    """Raised by `process` to leave the sample's endless loop."""


def produce_one(order_id: str, event: dict[str, Any], delivery_report: Callable[..., None]) -> None:
    # --- the subject's text begins
    from kafkalab import Producer

    producer = Producer({
        'bootstrap.servers': 'kafka:9092',
        'acks': 'all',
        'enable.idempotence': True
    })

    # Async send with callback
    producer.produce(
        topic='order-events',
        key=order_id.encode(),     # Determines partition
        value=json.dumps(event),
        callback=delivery_report
    )
    producer.flush()  # Wait for delivery
    # --- the subject's text ends


def consume_all(process: Callable[[bytes], None], handle_error: Callable[..., None]) -> None:
    # --- the subject's text begins
    from kafkalab import Consumer

    consumer = Consumer({
        'bootstrap.servers': 'kafka:9092',
        'group.id': 'order-processor',
        'auto.offset.reset': 'earliest',
        'enable.auto.commit': False  # Manual commit
    })

    consumer.subscribe(['order-events'])

    while True:
        msg = consumer.poll(timeout=1.0)
        if msg is None:
            continue
        if msg.error():
            handle_error(msg.error())
            continue

        process(msg.value())
        consumer.commit(asynchronous=False)  # After processing
    # --- the subject's text ends
