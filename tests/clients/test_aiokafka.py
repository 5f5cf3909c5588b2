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
    pytest.mark.usefixtures("sockets_left_open"),
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


async def through_a_crash(served: Any, topic: str) -> tuple[list[int], list[int]]:
    """(offsets acknowledged, orders read), with the leader crashed between and during."""
    from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
    from aiokafka.admin import AIOKafkaAdminClient, NewTopic

    servers = served.bootstrap_servers
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    await admin.create_topics([NewTopic(topic, 1, 3, topic_configs={"min.insync.replicas": "2"})])
    await admin.close()
    producer = AIOKafkaProducer(bootstrap_servers=servers, acks="all", enable_idempotence=True)
    await producer.start()
    crashed, sent = 0, []
    for order in range(60):
        if order == 20:
            crashed = served.leader(topic, 0)
            assert served.command(f"crash {crashed}") == {"ok": True}
        sent.append(await producer.send(topic, b"%d" % order, key=b"order-%d" % order))
    offsets = [each.offset for each in await asyncio.wait_for(asyncio.gather(*sent), 40)]
    await producer.stop()
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=servers,
        group_id=f"g-{topic}",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await consumer.start()
    read: list[int] = []
    while len(read) < 60:
        message = await asyncio.wait_for(consumer.getone(), 40)
        read.append(int(message.value))
        await consumer.commit()
        if len(read) == 30:
            assert served.command(f"restart {crashed}") == {"ok": True}
    await consumer.stop()
    return offsets, read


def test_the_subjects_samples_while_the_leader_dies(served: Any) -> None:
    with ThreadPoolExecutor(1) as pool:
        trip = through_a_crash(served, served.new_topic())
        offsets, read = pool.submit(asyncio.run, trip).result(120)
    assert offsets == read == list(range(60))
