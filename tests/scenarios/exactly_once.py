"""Consume, transform, produce, in transactions: two workers, a source, a target, and faults.

Each worker takes what it has polled, writes it to the target and commits its position in one
transaction.  Whatever dies on the way, a reader of what is committed finds each value once.
"""

from typing import Any

from kafkalab import Simulation
from kafkalab.chance import Stream
from kafkalab.client.errors import KafkaException
from kafkalab.client.message import OFFSET_BEGINNING, TopicPartition
from kafkalab.sim.transaction_workload import back_to_committed, patiently
from kafkalab.world import World
from kafkalab.world.apps import Function

SERVERS = {"bootstrap.servers": "kafka:9092"}
VALUES = 60
ABORT_EVERY = 4  # rounds: the worker thinks better of it
FAULTS_END_MS = 40_000
LIVE_WITHIN_S = 240


class Seat:
    """A worker's place in its group, as of its last assignment.

    Who it is must be noted then: a member that has been thrown out no longer says what it was, and
    its old name and generation are what the coordinator refuses.
    """

    def __init__(self) -> None:
        self.member: Any = None
        self.has_changed = False
        self.rounds = 0

    def assigned(self, consumer: Any, _: Any) -> None:
        self.member = consumer.consumer_group_metadata()
        self.has_changed = True

    def gone(self, *_: Any) -> None:
        self.has_changed = True


def worker(number: int, version: int, target: str = "target") -> Function:
    """One of the workers, as a learner would write it."""

    async def work(app: Any) -> None:
        consumer = app.consumer(
            {
                **SERVERS,
                "group.id": "workers",
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "session.timeout.ms": 6_000,
            }
        )
        seat = Seat()
        consumer.subscribe(["source"], seat.assigned, seat.gone)
        while True:
            producer = app.producer(
                {
                    **SERVERS,
                    "transactional.id": f"worker-{number}",
                    "transaction.timeout.ms": 10_000,
                    "lab.transaction.version": version,
                }
            )
            try:
                await patiently(producer.init_transactions, 5)
                while True:
                    await one_round(consumer, producer, seat, target)
            except KafkaException as error:
                if not error.args[0].fatal():
                    raise
            seat.has_changed = True  # what became of the last transaction is not known

    return work


async def one_round(consumer: Any, producer: Any, seat: Seat, target: str) -> None:
    """Some values, from the source to the target; all or nothing."""
    batch = [each for each in await consumer.consume(5, 1.0) if each.error() is None]
    if seat.has_changed:  # what was polled may be another's by now
        seat.has_changed = False
        await back_to_committed(consumer)
        return
    if not batch:
        return
    producer.begin_transaction()
    next_offsets: dict[tuple[str, int], int] = {}
    try:
        for message in batch:
            producer.produce(target, message.value(), partition=message.partition())
            next_offsets[message.topic(), message.partition()] = message.offset() + 1
        positions = [TopicPartition(*name, offset) for name, offset in next_offsets.items()]
        await patiently(producer.send_offsets_to_transaction, positions, seat.member, 5)
        seat.rounds += 1
        if seat.rounds % ABORT_EVERY:
            await patiently(producer.commit_transaction, 5)
            return
    except KafkaException as error:
        if not error.args[0].txn_requires_abort():
            raise
    await patiently(producer.abort_transaction, 5)
    await back_to_committed(consumer)


async def fill(app: Any) -> None:
    """The values to be moved, over fifteen seconds."""
    producer = app.producer({**SERVERS, "acks": "all", "enable.idempotence": True})
    for number in range(VALUES):
        producer.produce("source", str(number), partition=number % 2)
        await app.sleep(0.25)
    await producer.flush()


def calm(seed: int, version: int) -> Simulation:
    """Everything started, and no faults."""
    sim = Simulation(brokers=3, seed=seed, wire=bool(seed % 2))
    sim.create_topic("source", 2, 3, {"min.insync.replicas": 2})
    sim.create_topic("target", 2, 3, {"min.insync.replicas": 2})
    sim.app(fill)
    for number in (1, 2):
        sim.app(worker(number, version), f"worker-{number}")
    return sim


def faulty(seed: int, version: int) -> Simulation:
    """Everything started, and the faults of this seed planned."""
    sim = calm(seed, version)
    chance = Stream(seed, "test/exactly-once")
    at = 2.0
    while at * 1000 < FAULTS_END_MS - 8_000:
        at += _fault(sim, chance, at)
    return sim


def _fault(sim: Simulation, chance: Stream, at: float) -> float:
    """Plan one fault; how long until the next."""
    broker = 1 + chance.below(3)
    lasts = chance.between(5, 60) / 10
    kind = chance.below(5)
    if kind == 0:
        sim.schedule(at, f"crash {broker}")
        sim.schedule(at + lasts, f"restart {broker}")
    elif kind == 1:
        others = ",".join(str(each) for each in (1, 2, 3) if each != broker)
        sim.schedule(at, f"partition {broker} | {others}")
        sim.schedule(at + lasts, "heal")
    elif kind == 2:
        sim.schedule(at, f"pause {broker} {int(lasts * 1000)}")
    elif kind == 3:
        sim.schedule(at, f"cut {broker} {1 + broker % 3}")
    return lasts + chance.between(2, 30) / 10


def values_committed(sim: Simulation, topic: str) -> list[str]:
    """What a reader of committed records gets from the beginning to the end."""
    from kafkalab import Consumer

    conf = {**SERVERS, "group.id": "reader", "isolation.level": "read_committed"}
    consumer = Consumer(conf, sim=sim)
    places = [TopicPartition(topic, each, OFFSET_BEGINNING) for each in (0, 1)]
    consumer.assign(places)
    got: list[str] = []
    while (message := consumer.poll(3)) is not None:
        if message.error() is None:
            got.append((message.value() or b"").decode())
    return got


def is_over(world: World) -> bool:
    """Whether the workers have committed the end of the source."""
    for name in list(world.nodes):
        node: Any = world.nodes[name]
        groups = getattr(node, "groups", None)
        view = groups.groups.get("workers") if groups is not None and world.is_up(name) else None
        if view is not None and sum(view.offsets.values()) >= VALUES:
            return True
    return False
