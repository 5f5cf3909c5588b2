"""Producers and consumers inside apps: the same calls, awaited, and forked."""

from typing import Any

from kafkalab import Simulation, TopicPartition

CONF = {"bootstrap.servers": "kafka:9092"}


async def pay(app: Any) -> None:
    producer = app.producer({**CONF, "enable.idempotence": True})
    for number in range(20):
        producer.produce("orders", key=f"user-{number}", value=f"{number}")
        await app.sleep(0.05)
    left = await producer.flush()
    assert left == 0


def reader(read: list[int]) -> Any:
    async def ship(app: Any) -> None:
        manual = {"auto.offset.reset": "earliest", "enable.auto.commit": False}
        consumer = app.consumer({**CONF, "group.id": "g", **manual})
        consumer.subscribe(["orders"])
        while len(read) < 20:
            messages = await consumer.consume(5, 1.0)
            read.extend(int(message.value()) for message in messages)
            if messages:
                await consumer.commit()
        await consumer.close()

    return ship


def test_an_app_produces_and_another_reads(sim: Simulation) -> None:
    read: list[int] = []
    payer = sim.app(pay)
    shipper = sim.app(reader(read))
    sim.run(30)
    assert (payer.state, shipper.state) == ("finished", "finished")
    assert sorted(read) == list(range(20))


def test_a_fork_in_the_middle_of_a_wait_goes_the_same_way(sim: Simulation) -> None:
    sim.app(pay)
    sim.run(0.47)
    forks = []
    for _ in range(4):
        forks.append(sim.fork())
        sim.run(0.31)
    sim.run_to(sim.started_at + 10_000)
    digest = sim.trace.digest()
    for fork in forks:
        fork.run_to(sim.now)
        assert fork.trace.digest() == digest


def test_an_apps_callbacks_may_be_async(sim: Simulation) -> None:
    told: list[str] = []

    async def watch(app: Any) -> None:
        consumer = app.consumer({**CONF, "group.id": "g", "auto.offset.reset": "earliest"})

        async def assigned(consumer: Any, partitions: list[TopicPartition]) -> None:
            found = await consumer.committed(partitions, 5)
            told.append(f"{len(found)} assigned")

        consumer.subscribe(["orders"], on_assign=assigned)
        await consumer.poll(8)
        told.append(str(await consumer.get_watermark_offsets(TopicPartition("orders", 0), 5)))

    handle = sim.app(watch)
    sim.run(30)
    assert handle.state == "finished"
    assert told == ["3 assigned", "(0, 0)"]


def test_a_producer_in_an_app_lists_topics_and_counts(sim: Simulation) -> None:
    seen: list[Any] = []

    async def look(app: Any) -> None:
        producer = app.producer(CONF)
        listed = await producer.list_topics(timeout=5)
        producer.produce("orders", b"x", on_delivery=lambda error, message: seen.append(error))
        seen.extend([sorted(listed.topics), len(producer)])
        seen.append(await producer.poll(5))

    sim.app(look)
    sim.run(10)
    assert seen == [["orders"], 1, None, 1]


def test_a_consumer_closes_while_it_gives_up_some_partitions_and_has_records_of_others(
    sim: Simulation,
) -> None:
    conf = {**CONF, "group.id": "g", "group.protocol": "consumer", "auto.offset.reset": "earliest"}

    async def leave(app: Any) -> None:
        consumer = app.consumer({**conf, "auto.commit.interval.ms": 60_000})
        consumer.subscribe(["orders"])
        while await consumer.poll(1) is None:
            pass
        await app.sleep(12)
        await consumer.close()  # its commit is under way: it waits for that, not for records

    async def join(app: Any) -> None:
        await app.sleep(5)
        consumer = app.consumer(conf)
        consumer.subscribe(["orders"])
        await consumer.poll(60)

    sim.app(pay)
    for broker in (1, 2, 3):
        sim.world.command(f"stall OffsetCommit {broker} 20000")
    leaver = sim.app(leave)
    sim.app(join)
    sim.run(60)
    assert leaver.state == "finished"
