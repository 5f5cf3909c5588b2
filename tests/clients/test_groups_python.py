"""kafka-python's and aiokafka's groups against `kafkalab serve`: they assign among themselves."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

pytest.importorskip("kafka")
pytest.importorskip("aiokafka")
pytestmark = [
    pytest.mark.peer,
    pytest.mark.xdist_group("kafka-python"),
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.usefixtures("sockets_left_open"),
]


def a_topic(served: Any) -> tuple[str, list[str]]:
    from kafka.admin import KafkaAdminClient, NewTopic

    topic, servers = served.new_topic(), served.bootstrap_servers.split(",")
    admin = KafkaAdminClient(bootstrap_servers=servers)
    admin.create_topics([NewTopic(topic, 6, 3)])
    admin.close()
    return topic, servers


def is_level(owned: list[set[Any]]) -> bool:
    sizes = [len(each) for each in owned]
    return sum(sizes) == len(set().union(*owned)) == 6 and max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize("assignor", ["range", "roundrobin", "sticky"])
def test_kafka_python(served: Any, assignor: str) -> None:
    from kafka import KafkaConsumer, KafkaProducer
    from kafka.coordinator.assignors.range import RangePartitionAssignor
    from kafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
    from kafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor

    assignors = {
        "range": RangePartitionAssignor,
        "roundrobin": RoundRobinPartitionAssignor,
        "sticky": StickyPartitionAssignor,
    }
    topic, servers = a_topic(served)
    producer = KafkaProducer(bootstrap_servers=servers)
    for number in range(60):
        producer.send(topic, str(number).encode(), partition=number % 6)
    producer.flush(20)
    producer.close()
    consumers: list[Any] = []
    read: list[tuple[int, int]] = []

    def poll_until(is_so: Any) -> None:
        end = time.monotonic() + 40
        while not is_so():
            assert time.monotonic() < end, [each.assignment() for each in consumers]
            for consumer in consumers:
                for records in consumer.poll(timeout_ms=50).values():
                    read.extend((record.partition, record.offset) for record in records)

    def join() -> None:
        consumers.append(
            KafkaConsumer(
                topic,
                bootstrap_servers=servers,
                group_id=f"group-of-{topic}",
                auto_offset_reset="earliest",
                session_timeout_ms=6000,
                heartbeat_interval_ms=300,
                partition_assignment_strategy=(assignors[assignor],),
            )
        )

    join()
    poll_until(lambda: len(set(read)) == 60)
    join()
    poll_until(lambda: is_level([each.assignment() for each in consumers]))
    consumers.pop(0).close()
    poll_until(lambda: is_level([each.assignment() for each in consumers]))
    consumers.pop().close()
    assert set(read) == {(p, offset) for p in range(6) for offset in range(10)}


async def aio_members(servers: list[str], topic: str) -> list[set[Any]]:
    from aiokafka import AIOKafkaConsumer
    from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor

    def member(name: str) -> Any:
        return AIOKafkaConsumer(
            topic,
            bootstrap_servers=servers,
            group_id=f"group-of-{topic}",
            group_instance_id=name,
            session_timeout_ms=6000,
            heartbeat_interval_ms=300,
            partition_assignment_strategy=(StickyPartitionAssignor,),
        )

    members = [member("one"), member("two")]
    for each in members:
        await each.start()
    try:
        for _ in range(200):
            if is_level([each.assignment() for each in members]):
                break
            for each in members:
                await each.getmany(timeout_ms=50)
        for each in members:
            await each.commit()
        return [each.assignment() for each in members]
    finally:
        for each in members:
            await each.stop()


def test_aiokafka(served: Any) -> None:
    topic, servers = a_topic(served)
    with ThreadPoolExecutor(1) as pool:  # this thread may have a loop already
        owned = pool.submit(asyncio.run, aio_members(servers, topic)).result(60)
    assert is_level(owned)
