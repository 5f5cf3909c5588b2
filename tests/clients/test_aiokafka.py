"""aiokafka, unmodified, against `kafkalab serve`: it speaks the oldest versions of the three."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

pytest.importorskip("aiokafka")
pytestmark = [
    pytest.mark.peer,
    pytest.mark.xdist_group("aiokafka"),
    pytest.mark.filterwarnings("ignore"),
]


async def there_and_back(servers: str, topic: str) -> list[int]:
    from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

    producer = AIOKafkaProducer(bootstrap_servers=servers, acks="all", enable_idempotence=True)
    await producer.start()
    try:
        for number in range(100):
            await producer.send_and_wait(topic, f"{number}".encode())
    finally:
        await producer.stop()
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=servers, group_id=f"g-{topic}", auto_offset_reset="earliest"
    )
    await consumer.start()
    got: list[int] = []
    try:
        while len(got) < 100:
            message = await asyncio.wait_for(consumer.getone(), 20)
            got.append(int(message.value))
        await consumer.commit()
    finally:
        await consumer.stop()
    return got


def test_idempotent_produce_and_group(served: Any) -> None:
    topic = served.new_topic()  # created when it is first asked for
    round_trip = there_and_back(served.bootstrap_servers, topic)
    with ThreadPoolExecutor(1) as pool:  # this thread may have a loop already
        got = pool.submit(asyncio.run, round_trip).result(60)
    assert got == list(range(100))
