"""All that a class does with aiokafka, against any cluster: `everything(servers)`."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

COMPRESSIONS = (None, "gzip", "snappy", "lz4", "zstd")


def everything(servers: str) -> None:
    """Raises if anything is not as Kafka would have it."""
    with ThreadPoolExecutor(1) as pool:  # this thread may have a loop already
        pool.submit(asyncio.run, _everything(servers)).result(90)


async def _everything(servers: str) -> None:
    from aiokafka.admin import AIOKafkaAdminClient

    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        await topics(admin)
        count = await produce(servers)
        await positions(servers, count)
        await group(servers, admin, count)
        await configs(admin)
        await admin.delete_topics(["all"])
        async with asyncio.timeout(10):
            while "all" in await admin.list_topics():
                await asyncio.sleep(0.05)
    finally:
        await admin.close()


async def topics(admin: Any) -> None:
    from aiokafka.admin import NewPartitions, NewTopic

    config = {"min.insync.replicas": "2", "retention.ms": "1000000"}
    await admin.create_topics([NewTopic("all", 2, 3, topic_configs=config)])
    await admin.create_partitions({"all": NewPartitions(3)})
    async with asyncio.timeout(10):
        while len((await admin.describe_topics(["all"]))[0]["partitions"]) < 3:
            await asyncio.sleep(0.05)
    assert len((await admin.describe_cluster())["brokers"]) == 3


async def produce(servers: str) -> int:
    """Every acks, idempotence, and every compression this machine has; how many records."""
    from aiokafka import AIOKafkaProducer

    confs: list[dict[str, Any]] = [{"acks": 0}, {"acks": 1}, {"acks": "all"}]
    confs += [{"enable_idempotence": True, "compression_type": name} for name in COMPRESSIONS]
    count = 0
    for conf in confs:
        try:
            producer = AIOKafkaProducer(bootstrap_servers=servers, linger_ms=5, **conf)
        except RuntimeError:
            continue  # its library for this compression is not installed
        await producer.start()
        sent = [
            await producer.send("all", b"%d" % number * 30, key=b"%d" % number)
            for number in range(20)
        ]
        await asyncio.gather(*sent)
        await producer.stop()
        count += 20
    assert count >= 80
    return count


async def positions(servers: str, count: int) -> None:
    """Assign, seek, ends, offsets by time, offsets of a group that is not there."""
    from aiokafka import AIOKafkaConsumer, TopicPartition

    consumer = AIOKafkaConsumer(bootstrap_servers=servers, group_id="nobody")
    await consumer.start()
    try:
        partitions = [TopicPartition("all", number) for number in range(3)]
        assert await consumer.committed(partitions[0]) is None
        consumer.assign(partitions[:1])
        await consumer.seek_to_beginning()
        first = await asyncio.wait_for(consumer.getone(), 10)
        assert first.offset == 0
        consumer.seek(partitions[0], 7)
        assert (await asyncio.wait_for(consumer.getone(), 10)).offset == 7
        assert sum((await consumer.end_offsets(partitions)).values()) == count
        found = await consumer.offsets_for_times({partitions[0]: first.timestamp})
        assert found[partitions[0]].offset == 0
    finally:
        await consumer.stop()


async def group(servers: str, admin: Any, count: int) -> None:
    from aiokafka import AIOKafkaConsumer

    consumer = AIOKafkaConsumer(
        "all",
        bootstrap_servers=servers,
        group_id="all-readers",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await consumer.start()
    got = set()
    try:
        while len(got) < count:
            message = await asyncio.wait_for(consumer.getone(), 20)
            got.add((message.partition, message.offset))
        await consumer.commit()
        described = await admin.describe_consumer_groups(["all-readers"])
        assert "Stable" in str(described), described
    finally:
        await consumer.stop()
    assert "all-readers" in str(await admin.list_consumer_groups())
    stored = await admin.list_consumer_group_offsets("all-readers")
    assert sum(each.offset for each in stored.values()) == count


async def configs(admin: Any) -> None:
    from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

    async def retention() -> str:
        asked = ConfigResource(ConfigResourceType.TOPIC, "all")
        return str(await admin.describe_configs([asked]))

    assert "1000000" in await retention()
    change = {"retention.ms": "2000000", "min.insync.replicas": "2"}
    await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, "all", configs=change)])
    async with asyncio.timeout(10):
        while "2000000" not in await retention():
            await asyncio.sleep(0.05)
