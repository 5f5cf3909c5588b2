"""What lesson 11 plays: a worker that bills orders and may die anywhere, and logs to be read.

    orders ──▶ billing (a round: take, write, note the position) ──▶ bills
                  └ dies so many ms after its first record, starts again

Read next: `lesson_11`.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from kafkalab import OFFSET_BEGINNING, Consumer, Producer, Simulation, TopicPartition
from kafkalab.ids import TopicPartition as Name
from kafkalab.sim import cluster
from lab.exercises.drawing import Drawing
from lab.scenes.cells import Cells, Kind, Row

SERVERS: Final = {"bootstrap.servers": "kafka:9092"}
#: `async def round(consumer, producer, orders, member)`: one round of the worker.
Round = Callable[[Any, Any, list[Any], Any], Awaitable[None]]
#: Six orders as (partition, value).
ORDERS: Final = tuple((0, f"order {number}") for number in range(6))
#: As they come in a café: some look alike, and there are two partitions.
CAFE: Final = (
    *((0, "1 coffee"), (1, "1 tea"), (0, "1 coffee")),
    *((1, "1 coffee"), (0, "1 cake"), (1, "3 teas")),
)
#: What a learner's cell defined when it was last checked, by exercise: a failing night's replay
#: runs it.
yours: dict[str, Any] = {}
_TOPIC: Final = {"min.insync.replicas": 2}


def positions_after(orders: Iterable[Any]) -> list[TopicPartition]:
    """Where to go on after these messages: of each partition the last offset, and one more."""
    after = {(one.topic(), one.partition()): one.offset() + 1 for one in orders}
    return [TopicPartition(*where, offset) for where, offset in after.items()]


class Night(NamedTuple):
    """What became of the orders of one night.  `error`: what the worker stopped of, or ""."""

    sim: Simulation
    bills: list[str]
    error: str

    @property
    def repeated(self) -> int:
        return sum(count - 1 for count in Counter(self.bills).values())

    @property
    def missing(self) -> int:
        return len(ORDERS) - len(set(self.bills))

    @property
    def sign(self) -> str:
        """`1` each once, `2` some twice, `0` some not at all."""
        return "0" if self.missing else ("2" if self.repeated else "1")


def night(
    one_round: Round,
    dies_after_ms: int,
    *,
    transactional: bool = True,
    orders: Sequence[tuple[int, str]] = ORDERS,
) -> Night:
    """Six orders, and a worker that dies so many ms after it wrote its first bill."""
    sim = Simulation(brokers=3, seed=4)
    sim.create_topic("orders", 1 + max(partition for partition, _ in orders), 3, _TOPIC)
    sim.create_topic("bills", 1, 3, _TOPIC)
    shop = Producer({**SERVERS, "acks": "all"}, sim=sim)
    for partition, value in orders:
        shop.produce("orders", value, partition=partition)
    shop.flush()
    worker = sim.app(billing(one_round, transactional=transactional), "billing")
    has_begun = lambda: _has_written(sim) or worker.state != "running"  # noqa: E731
    sim.driver.wait(has_begun, 10_000, "the first bill is written")
    sim.run(dies_after_ms / 1000)
    if worker.state == "running":
        worker.crash()
        sim.run(0.2)
        worker.restart()
        sim.run(14)  # the group keeps the dead worker's place for six seconds
    return Night(sim, read(sim, "bills"), worker.error)


def _has_written(sim: Simulation) -> bool:
    return any(entry.event[1] == "bills" for entry in sim.trace.of("RecordProduced"))


def billing(one_round: Round, *, transactional: bool) -> Callable[[Any], Any]:
    """The worker: it joins its group, and does round after round."""

    async def work(app: Any) -> None:
        conf = {"group.id": "billing", "enable.auto.commit": False, "session.timeout.ms": 6_000}
        consumer = app.consumer({**SERVERS, **conf, "auto.offset.reset": "earliest"})
        seat: dict[str, Any] = {}
        # who it is in its group is noted when it is told what to read: later it may be nobody
        note = lambda who, _: seat.update(member=who.consumer_group_metadata())  # noqa: E731
        consumer.subscribe(["orders"], note)
        named = {"transactional.id": "billing-1"} if transactional else {"enable.idempotence": True}
        producer = app.producer({**SERVERS, **named})
        if transactional:
            await producer.init_transactions()
        while True:
            orders = [each for each in await consumer.consume(3, 1.0) if each.error() is None]
            if orders:
                await one_round(consumer, producer, orders, seat["member"])

    return work


def strip(one_round: Round, moments: Iterable[int], *, transactional: bool) -> str:
    """A sign for each moment of death: `1` each order billed once, `2` some twice, `0` some not."""
    return "".join(night(one_round, ms, transactional=transactional).sign for ms in moments)


_KINDS: Final = {
    "1": Kind("each order billed once", "sync-s", "sync", "sync-t", "1"),
    "2": Kind("some billed twice", "lead-s", "lead", "lead-t", "2"),
    "0": Kind("some not billed", "out-s", "out", "out-t", "0"),
}


def nights_picture(ways: Mapping[str, str]) -> Drawing:
    """What `strip` says of each way of working: a column for each moment of death, in ms."""
    rows = []
    for name, signs in ways.items():
        wrong = len(signs) - signs.count("1")
        note = f"{wrong} of {len(signs)} nights wrong" if wrong else "no night wrong"
        rows.append(Row(name, [(sign, "") for sign in signs], note))
    count = max(len(signs) for signs in ways.values())
    good = [name for name, signs in ways.items() if set(signs) == {"1"}]
    say = f"Only one never goes wrong: {good[0]}." if len(good) == 1 else ""
    heads = {column: f"{column}" for column in range(0, count, 5)}
    sub = "a row a way of working · a column a night: killed so many ms after its first bill"
    title = f"{count} nights, {count} deaths"
    return Drawing(Cells(title, say, sub, _KINDS, rows, heads))


def read(sim: Simulation, topic: str, isolation: str = "read_committed") -> list[str]:
    """All that a new reader gets, from the beginning to where it must wait."""
    conf = {**SERVERS, "group.id": f"reader-{isolation}", "isolation.level": isolation}
    consumer = Consumer(conf, sim=sim)
    numbers = sim.metadata.topics[topic].partitions
    consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in numbers])
    got: list[str] = []
    while (message := consumer.poll(1)) is not None:
        if message.error() is None:
            got.append((message.value() or b"").decode())
    consumer.close()
    return got


class Post:
    """A mail service, outside of Kafka.  It drops a mail whose key it has seen; None is no key."""

    def __init__(self) -> None:
        self.mails: list[str] = []
        self.first: dict[Any, Any] = {}  # by key, the order it came with
        #: Two orders that are not one, and came with one key.
        self.mistaken: tuple[Any, Any] | None = None
        self.has_none = False

    def send(self, order: Any, key: Any = None) -> None:
        """Send the customer of an order a mail."""
        key = tuple(key) if isinstance(key, list) else key  # what it means is the same
        self.has_none |= key is None
        before = self.first.get(key) if key is not None else None
        if before is None:
            self.mails.append(
                f"orders-{order.partition()}@{order.offset()} {order.value().decode()}"
            )
            self.first[key] = order
        elif (before.partition(), before.offset()) != (order.partition(), order.offset()):
            self.mistaken = self.mistaken or (before, order)


def mail_night(key_of: Callable[[Any], Any], dies_after_ms: int) -> tuple[Night, Post]:
    """A night at the café: each order is billed in a transaction, and a mail goes out."""
    post = Post()

    async def one_round(consumer: Any, producer: Any, orders: list[Any], member: Any) -> None:
        producer.begin_transaction()
        for order in orders:
            producer.produce("bills", b"bill for " + order.value())
            post.send(order, key_of(order))
        await producer.send_offsets_to_transaction(positions_after(orders), member)
        await producer.commit_transaction()

    return night(one_round, dies_after_ms, orders=CAFE), post


class Slot(NamedTuple):
    """One offset of a log.  `producer` None: outside any transaction.

    `what` is the record's text, or "COMMIT" or "ABORT" where a marker stands.
    """

    offset: int
    producer: str | None
    what: str


def slots(sim: Simulation, topic: str) -> list[Slot]:
    """The leader's log of partition 0, offset by offset, markers too."""
    name = Name(topic, 0)
    leader = sim.leader(topic, 0)
    assert leader is not None
    ids = _transactional_ids(sim)
    found = []
    for entry in cluster.broker(sim.world, leader).disk.logs[name].entries_from(0):
        batch = entry.batch
        who = ids.get(batch.producer_id, str(batch.producer_id)) if batch.is_transactional else None
        for record in entry.records():
            what = (record.value or b"").decode(errors="replace")
            if batch.is_control:
                what = "COMMIT" if record.key == b"\0\0\0\1" else "ABORT"
            found.append(Slot(record.offset, who, what))
    return found


def _transactional_ids(sim: Simulation) -> dict[int, str]:
    found: dict[int, str] = {}
    for broker in cluster.brokers(sim.world):
        if sim.world.is_up(broker.name):
            for _, known in broker.transactions.transactions:
                found[known.producer_id] = known.transactional_id
    return found


def last_stable(sim: Simulation, topic: str) -> int:
    """Of partition 0, as its leader has it."""
    leader = sim.leader(topic, 0)
    assert leader is not None
    return cluster.broker(sim.world, leader).disk.logs[Name(topic, 0)].last_stable_offset


def drawn_log(seed: int) -> Simulation:
    """A log that three transactional producers and a plain one have written, as the seed has it.

    At the end at least one transaction may be open still.
    """
    sim = Simulation(brokers=1, seed=seed)
    sim.create_topic("orders")
    plain = Producer(SERVERS, sim=sim)
    producers = []
    for name in ("A", "B", "C"):
        producers.append(Producer({**SERVERS, "transactional.id": name}, sim=sim))
        producers[-1].init_transactions()
    is_open = [False, False, False]
    for turn in range(14):
        who = sim.draw(f"who {turn}", 0, 3)
        if who == 3:
            plain.produce("orders", f"plain {turn}")
            plain.flush()
            continue
        producer = producers[who]
        if is_open[who] and sim.draw(f"end {turn}", 0, 1):
            end = sim.draw(f"how {turn}", 0, 1)
            (producer.commit_transaction if end else producer.abort_transaction)()
            sim.run(0.1)
            is_open[who] = False
            continue
        if not is_open[who]:
            producer.begin_transaction()
            is_open[who] = True
        producer.produce("orders", f"{'ABC'[who]} {turn}")
        producer.flush()
    return sim
