"""Transactions of real clients, unmodified, against `kafkalab serve`."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

pytestmark = [
    pytest.mark.peer,
    pytest.mark.xdist_group("transactions"),
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.usefixtures("sockets_left_open"),
]
QUIET = {"log_level": 0}


def a_topic(served: Any) -> str:
    admin_module = pytest.importorskip("confluent_kafka.admin")
    name: str = served.new_topic()
    admin = admin_module.AdminClient({"bootstrap.servers": served.bootstrap_servers, **QUIET})
    admin.create_topics([admin_module.NewTopic(name, 2, 3)])[name].result(10)
    return name


def values_of(served: Any, topic: str, count: int, isolation: str) -> list[str]:
    """What a reader with this isolation gets, until `count` values or two seconds of silence."""
    from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

    conf = {
        "bootstrap.servers": served.bootstrap_servers,
        "group.id": "reader",
        "isolation.level": isolation,
        "enable.partition.eof": True,
        **QUIET,
    }
    consumer = Consumer(conf)
    consumer.assign([TopicPartition(topic, each, OFFSET_BEGINNING) for each in (0, 1)])
    got: list[str] = []
    ends = 0
    until = time.monotonic() + 20
    while (len(got) < count or ends < 2) and time.monotonic() < until:
        message = consumer.poll(0.5)
        if message is None:
            continue
        if message.error():
            ends += 1
        else:
            got.append(message.value().decode())
    consumer.close()
    return sorted(got)


def test_confluent_kafka_commits_and_aborts(served: Any) -> None:
    confluent_kafka = pytest.importorskip("confluent_kafka")
    topic = a_topic(served)
    conf = {
        "bootstrap.servers": served.bootstrap_servers,
        "transactional.id": f"t-{topic}",
        **QUIET,
    }
    producer = confluent_kafka.Producer(conf)
    producer.init_transactions(20)
    for round in range(6):
        producer.begin_transaction()
        for number in range(5):
            producer.produce(topic, f"{round}-{number}", partition=number % 2)
        if round % 2:
            producer.flush(10)  # so that what is aborted is in the log
            producer.abort_transaction(20)
        else:
            producer.commit_transaction(20)
    kept = [f"{round}-{number}" for round in (0, 2, 4) for number in range(5)]
    assert values_of(served, topic, 15, "read_committed") == kept
    everything = [f"{round}-{number}" for round in range(6) for number in range(5)]
    assert values_of(served, topic, 30, "read_uncommitted") == everything


def test_confluent_kafka_fences_the_producer_before(served: Any) -> None:
    confluent_kafka = pytest.importorskip("confluent_kafka")
    topic = a_topic(served)
    conf = {"bootstrap.servers": served.bootstrap_servers, "transactional.id": topic, **QUIET}
    old, new = confluent_kafka.Producer(conf), confluent_kafka.Producer(conf)
    old.init_transactions(20)
    old.begin_transaction()
    old.produce(topic, "old", partition=0)
    old.flush(10)
    new.init_transactions(20)
    new.begin_transaction()
    new.produce(topic, "new", partition=0)
    new.commit_transaction(20)
    with pytest.raises(confluent_kafka.KafkaException) as raised:
        old.commit_transaction(20)
    assert raised.value.args[0].fatal() or raised.value.args[0].txn_requires_abort()
    assert values_of(served, topic, 1, "read_committed") == ["new"]


def test_confluent_kafka_consumes_transforms_and_produces(served: Any) -> None:
    """Each input counts once: half of the transactions are aborted and done again."""
    confluent_kafka = pytest.importorskip("confluent_kafka")
    source, target = a_topic(served), a_topic(served)
    plain = confluent_kafka.Producer({"bootstrap.servers": served.bootstrap_servers, **QUIET})
    for number in range(40):
        plain.produce(source, str(number), partition=number % 2)
    assert plain.flush(20) == 0
    servers = {"bootstrap.servers": served.bootstrap_servers, **QUIET}
    producer = confluent_kafka.Producer({**servers, "transactional.id": f"t-{target}"})
    producer.init_transactions(20)

    def consumer() -> Any:
        made = confluent_kafka.Consumer(
            {
                **servers,
                "group.id": f"g-{target}",
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "session.timeout.ms": 6000,
            }
        )
        made.subscribe([source])
        return made

    reading = consumer()
    done = rounds = 0
    until = time.monotonic() + 60
    while done < 40 and time.monotonic() < until:
        batch = [each for each in reading.consume(7, 1.0) if not each.error()]
        if not batch:
            continue
        producer.begin_transaction()
        for message in batch:
            producer.produce(target, message.value(), partition=message.partition())
        offsets = reading.position(reading.assignment())
        producer.send_offsets_to_transaction(offsets, reading.consumer_group_metadata(), 20)
        rounds += 1
        if rounds % 2:
            producer.abort_transaction(20)
            reading.close()
            reading = consumer()  # begins where the last committed transaction ended
        else:
            producer.commit_transaction(20)
            done += len(batch)
    reading.close()
    assert values_of(served, target, 40, "read_committed") == sorted(map(str, range(40)))


def test_kafka_python_commits_and_aborts(served: Any) -> None:
    kafka = pytest.importorskip("kafka")
    topic = a_topic(served)
    servers = served.bootstrap_servers.split(",")
    producer = kafka.KafkaProducer(bootstrap_servers=servers, transactional_id=f"p-{topic}")
    producer.init_transactions()
    for round in range(4):
        producer.begin_transaction()
        for number in range(4):
            producer.send(topic, f"{round}-{number}".encode(), partition=number % 2)
        if round % 2:
            producer.flush(10)
            producer.abort_transaction()
        else:
            producer.commit_transaction()
    producer.close(5)
    kept = [f"{round}-{number}" for round in (0, 2) for number in range(4)]
    assert values_of(served, topic, 8, "read_committed") == kept


def test_aiokafka_commits_and_aborts_with_offsets(served: Any) -> None:
    aiokafka = pytest.importorskip("aiokafka")
    topic = a_topic(served)

    async def run() -> Any:
        servers = served.bootstrap_servers
        producer = aiokafka.AIOKafkaProducer(
            bootstrap_servers=servers, transactional_id=f"a-{topic}"
        )
        await producer.start()
        where = aiokafka.TopicPartition(topic, 0)
        async with producer.transaction():
            await producer.send_and_wait(topic, b"kept", partition=0)
            await producer.send_offsets_to_transaction({where: 7}, f"g-{topic}")
        with pytest.raises(ZeroDivisionError):
            async with producer.transaction():
                await producer.send_and_wait(topic, b"dropped", partition=0)
                await producer.send_offsets_to_transaction({where: 9}, f"g-{topic}")
                raise ZeroDivisionError
        await producer.stop()
        consumer = aiokafka.AIOKafkaConsumer(bootstrap_servers=servers, group_id=f"g-{topic}")
        await consumer.start()
        committed = await consumer.committed(where)
        await consumer.stop()
        return committed

    with ThreadPoolExecutor(1) as pool:  # a loop of its own, whatever else this process runs
        assert pool.submit(asyncio.run, run()).result(90) == 7
    assert values_of(served, topic, 1, "read_committed") == ["kept"]
