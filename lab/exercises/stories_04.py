"""The stories of lesson 04: where a consumer begins to read.

    orders, one a minute      0 1 2 3 4 5 6 7 8 9        segments of three records
    group "billing"                 ▲ committed 3

Four ways to come to that log: a group that never committed, one whose commit is valid, one whose
commit has expired, and one whose commit names a record that is not there any more.

Read next: `lesson_04`, which asks about them.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final, NamedTuple

from kafkalab import AdminClient, Consumer, Producer, Simulation
from kafkalab.client.errors import KafkaException
from kafkalab.client.message import Message, TopicPartition
from kafkalab.handles import AlterConfigOpType, ConfigEntry, ConfigResource, NewPartitions
from kafkalab.ids import TopicPartition as Place
from kafkalab.sim import cluster
from lab.exercises.still import still
from lab.scenes.beginnings import Way
from lab.widgets.beginnings import BeginningsView

SERVERS: Final = {"bootstrap.servers": "kafka:9092"}
ORDERS: Final = 10
COMMITTED: Final = 3
RESETS: Final = ("earliest", "latest", "none")
_PLACE: Final = Place("orders", 0)
_CONFIG: Final = {
    "group.initial.rebalance.delay.ms": 0,
    "offsets.retention.minutes": 60,
    "log.retention.check.interval.ms": 60_000,
}


@cache
def _ten_orders() -> Simulation:
    """Ten orders, written one a minute."""
    sim = Simulation.made(brokers=1, seed=4, config=_CONFIG)
    sim.name = "Orders"
    sim.create_topic("orders", config={"segment.bytes": 300})
    producer = Producer({**SERVERS, "linger.ms": 0}, sim=sim)
    for number in range(ORDERS):
        producer.produce("orders", f"order {number}", key=f"#{number}")
        producer.flush()
        sim.sleep(60)
    return sim


@cache
def _evening() -> Simulation:
    """The same; billing has read three and committed."""
    sim = still(_ten_orders())
    billing = consumer_of(sim, "billing", "earliest")
    for _ in range(COMMITTED):
        billing.poll(10)
    billing.commit(asynchronous=False)
    billing.close()
    return sim


def ten_orders() -> Simulation:
    """Ten orders that nobody has read: a copy, to do with as one likes."""
    return still(_ten_orders())


def evening() -> Simulation:
    """The same, and billing has read three of them and committed."""
    return still(_evening())


def consumer_of(sim: Simulation, group: str, reset: str) -> Consumer:
    """A consumer that commits by hand, subscribed to the orders."""
    conf = {"group.id": group, "auto.offset.reset": reset, "enable.auto.commit": False}
    consumer = Consumer({**SERVERS, **conf}, sim=sim)
    consumer.subscribe(["orders"])
    return consumer


def _never(sim: Simulation) -> None:
    """Nothing has happened."""


def _expire(sim: Simulation) -> None:
    sim.run(2 * 3_600)


def _delete(sim: Simulation) -> None:
    keep_for(sim, 6 * 60)
    sim.run(2 * 60)


def keep_for(sim: Simulation, seconds: int) -> None:
    """Change the topic's retention, as an operator does."""
    entry = ConfigEntry(
        "retention.ms", str(seconds * 1000), incremental_operation=AlterConfigOpType.SET
    )
    topic = ConfigResource(ConfigResource.Type.TOPIC, "orders", incremental_configs=[entry])
    admin = AdminClient(SERVERS, sim=sim)
    for future in admin.incremental_alter_configs([topic]).values():
        future.result()


class Start(NamedTuple):
    """A way to come to the log: the group, and what happens before it comes."""

    group: str
    meanwhile: Callable[[Simulation], None]


STARTS: Final[Mapping[str, Start]] = {
    "no commit": Start("reports", _never),
    "commit 3, valid": Start("billing", _never),
    "commit 3, expired": Start("billing", _expire),
    "commit 3, out of range": Start("billing", _delete),
}


class Begun(NamedTuple):
    """Where a consumer began: the first offset it was given, or the error."""

    sim: Simulation
    first: int | None
    error: str


def begin(start: str, reset: str) -> Begun:
    """Let a consumer come that way, and an order be written while it is there."""
    group, meanwhile = STARTS[start]
    sim = evening()
    meanwhile(sim)
    consumer = consumer_of(sim, group, reset)
    message = consumer.poll(5)
    if message is None:
        producer = Producer(SERVERS, sim=sim)
        producer.produce("orders", "a new order", key="new")
        producer.flush()
        message = consumer.poll(5)
    assert message is not None
    error = message.error()
    return Begun(sim, message.offset(), error.str() if error else "")


def starts() -> BeginningsView:
    """Each way to come, with each reset policy: where the consumer begins."""
    return BeginningsView(_way(start) for start in STARTS)


def _way(start: str) -> Way:
    begun = {reset: begin(start, reset) for reset in RESETS}
    log = cluster.broker(begun["earliest"].sim.world, 1).replicas.partition(_PLACE)
    assert log is not None, "the one broker has the one partition"
    is_new = STARTS[start].group != "billing"
    return Way(
        start,
        log.log.log_start_offset,
        ORDERS,
        None if is_new else COMMITTED,
        is_forgotten=STARTS[start].meanwhile is _expire,
        firsts={reset: None if one.error else one.first for reset, one in begun.items()},
    )


def nightly(resume_at: Callable[[Message], Any], seed: int) -> tuple[Simulation, list[int]]:
    """A job that reads a few orders each night, commits and ends.  The offsets it was given."""
    sim = evening()
    given: list[int] = []
    for night in range(12):
        job = consumer_of(sim, "nightly", "earliest")
        last = None
        for _ in range(2 + (seed + night * 3) % 4):
            message = job.poll(3)
            if message is None or message.error():
                break
            last = message
            given.append(message.offset() or 0)
        if last is not None:
            place = TopicPartition("orders", last.partition() or 0, resume_at(last))
            job.commit(offsets=[place], asynchronous=False)
        job.close()
        if last is None or last.offset() == ORDERS - 1:
            break
    return sim, given


def grown(reset: str, seed: int) -> tuple[Simulation, list[str], list[str]]:
    """A service that was there before the first order; then the topic grows by a partition.

    Returns the orders written, and those the service was given (or the error it stopped with).
    """
    sim = Simulation.made(brokers=1, seed=seed, config=_CONFIG)
    sim.create_topic("orders")
    conf = {"topic.metadata.refresh.interval.ms": 10_000, "group.id": "mail"}
    service = Consumer({**SERVERS, **conf, "auto.offset.reset": reset}, sim=sim)
    service.subscribe(["orders"])
    given = _given(service, 2 + seed % 3)
    written = _write(sim, 0, partitions=1)
    given += _given(service, 1)
    admin = AdminClient(SERVERS, sim=sim)
    admin.create_partitions([NewPartitions("orders", 2)])["orders"].result()
    sim.run(1)
    written += _write(sim, 10, partitions=2)
    given += _given(service, 20)
    written += _write(sim, 20, partitions=2)
    given += _given(service, 2)
    return sim, written, given


def _write(sim: Simulation, first: int, partitions: int) -> list[str]:
    producer = Producer(SERVERS, sim=sim)
    names = [f"order {number}" for number in range(first, first + 4)]
    for number, name in enumerate(names):
        producer.produce("orders", name, partition=number % partitions)
    producer.flush()
    return names


def _given(service: Consumer, seconds: float) -> list[str]:
    """What it is given in the next seconds.  KafkaException if that is an error."""
    end = service_now(service) + round(seconds * 1000)
    found: list[str] = []
    while (left := end - service_now(service)) > 0:
        message = service.poll(left / 1000)
        if message is None:
            break
        error = message.error()
        if error is not None:
            raise KafkaException(error)
        found.append((message.value() or b"").decode())
    return found


def service_now(service: Consumer) -> int:
    """The clock of the simulation a consumer is in, in ms."""
    return int(service._session.now)
