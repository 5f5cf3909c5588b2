"""The transactional applications of a swarm run, written as a learner would write them.

Each notes what it asked for and what it was told (`ClientHistory`): the values of a transaction,
when it asked for the commit, and how it ended.  A fatal error ends a producer; the application
makes another with the same transactional.id, and does not know what became of the last transaction.

Read next: `transaction_plan`; `transaction_rules`, which judges what they noted.
"""

from typing import Any, Final

from kafkalab.client.errors import KafkaException
from kafkalab.client.message import OFFSET_BEGINNING, Message, TopicPartition
from kafkalab.sim.client_history import ClientHistory, Sender
from kafkalab.sim.transaction_plan import (
    BOOTSTRAP,
    TARGET_PARTITIONS,
    WORKERS,
    TransactionPlan,
)
from kafkalab.world.apps import Function

_PATIENCE_S: Final = 5.0
_POLL_S: Final = 1.0
_EMPTY_POLLS: Final = 5  # and the source is taken to be at its end


class _Work:
    """One application: its producer of now, and what it notes."""

    def __init__(self, app: Any, plan: TransactionPlan, history: ClientHistory) -> None:
        self.app, self.plan, self.history = app, plan, history
        self.number = 0  # of the transaction
        self.values = 0
        history.senders[app.name] = Sender(-1, is_idempotent=True, is_transactional=True)

    @property
    def transaction(self) -> str:
        return f"{self.app.name}#{self.number}"

    async def new_producer(self) -> Any:
        producer = self.app.producer({**BOOTSTRAP, **self.plan.conf})
        await patiently(producer.init_transactions, _PATIENCE_S)
        return producer

    def begin(self, producer: Any) -> None:
        self.number += 1
        producer.begin_transaction()
        self.note("txn_begun")

    def note(self, what: str) -> None:
        self.history.note(self.app.name, what, transaction=self.transaction)

    def produce(self, producer: Any, topic: str, about: str = "", partition: int = -1) -> None:
        """A value of its own; `about` says what it was made from."""
        self.values += 1
        name, transaction = self.app.name, self.transaction
        value = f"{name}/{self.values}{about}".encode()
        key = f"k{self.values % 7}"

        def report(error: Any, message: Message) -> None:
            what = "failed" if error is not None else "acked"
            place = (message.topic() or "", _number(message.partition()), _number(message.offset()))
            self.history.note(name, what, *place, value=value, transaction=transaction)

        self.history.note(name, "sent", topic, value=value, key=key, transaction=transaction)
        producer.produce(topic, value=value, key=key, partition=partition, on_delivery=report)

    async def end(self, producer: Any) -> bool:
        """Commit, or abort as planned; whether it was committed.  A fatal error is the caller's."""
        every = self.plan.abort_every
        if not every or self.number % every:
            self.note("txn_commit_asked")
            await patiently(producer.commit_transaction, _PATIENCE_S)
            self.note("txn_committed")
            return True
        await self.abort(producer)
        return False

    async def abort(self, producer: Any) -> None:
        await patiently(producer.abort_transaction, _PATIENCE_S)
        self.note("txn_aborted")


def transacting(plan: TransactionPlan, until_ms: int, history: ClientHistory) -> Function:
    """Transactions of a producer's own values, until so late."""

    async def transact(app: Any) -> None:
        work = _Work(app, plan, history)
        while history.now() < until_ms:
            try:
                producer = await work.new_producer()
                while history.now() < until_ms:
                    await _one_of_its_own(work, producer)
                    await app.sleep(plan.every_ms / 1000)
            except KafkaException as error:
                if not error.args[0].fatal():
                    raise

    return transact


async def _one_of_its_own(work: _Work, producer: Any) -> None:
    work.begin(producer)
    try:
        for number in range(work.plan.size):
            work.produce(producer, work.plan.topics[number % len(work.plan.topics)])
            await work.app.sleep(work.plan.every_ms / 10_000)
        await work.end(producer)
    except KafkaException as error:
        if not error.args[0].txn_requires_abort():
            raise
        await work.abort(producer)
    await producer.poll(0)


class _Seat:
    """A worker's place in its group, as of its last assignment.

    Who it is must be noted then: a member that has been thrown out no longer says what it was, and
    its old name and generation are what the coordinator refuses.
    """

    def __init__(self) -> None:
        self.member: Any = None
        self.has_changed = False

    def assigned(self, consumer: Any, _: Any) -> None:
        self.member = consumer.consumer_group_metadata()
        self.has_changed = True

    def gone(self, *_: Any) -> None:
        self.has_changed = True


def working(plan: TransactionPlan, until_ms: int, history: ClientHistory) -> Function:
    """Consume, transform, produce, until so late and the source is at its end."""

    async def work_on(app: Any) -> None:
        work, seat = _Work(app, plan, history), _Seat()
        consumer = app.consumer(
            {
                **BOOTSTRAP,
                "group.id": WORKERS,
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "session.timeout.ms": 6_000,
            }
        )
        consumer.subscribe([plan.source], seat.assigned, seat.gone)
        empty = 0
        while empty < _EMPTY_POLLS:
            try:
                producer = await work.new_producer()
                while empty < _EMPTY_POLLS:
                    was_empty = await _one_round(work, producer, consumer, seat)
                    empty = empty + 1 if was_empty and history.now() >= until_ms else 0
            except KafkaException as error:
                if not error.args[0].fatal():
                    raise
            seat.has_changed = True  # what became of the last transaction is not known
        await consumer.close()

    return work_on


async def _one_round(work: _Work, producer: Any, consumer: Any, seat: _Seat) -> bool:
    """Some values, from the source to the target, all or nothing; whether there were none."""
    polled = await consumer.consume(work.plan.size, _POLL_S)
    batch = [each for each in polled if each.error() is None]
    if seat.has_changed:  # what was polled may be another's by now
        seat.has_changed = False
        await back_to_committed(consumer)
        return False
    if not batch:
        return True
    work.begin(producer)
    is_committed = False
    places: dict[tuple[str, int], int] = {}
    try:
        for message in batch:
            topic, partition, offset = message.topic(), message.partition(), message.offset()
            about = f":{topic}-{partition}@{offset}"
            work.produce(producer, work.plan.topics[0], about, partition % TARGET_PARTITIONS)
            places[topic, partition] = offset + 1
        positions = [TopicPartition(*name, offset) for name, offset in places.items()]
        send = producer.send_offsets_to_transaction
        await patiently(send, positions, seat.member, _PATIENCE_S)
        is_committed = await work.end(producer)
    except KafkaException as error:
        if not error.args[0].txn_requires_abort():
            raise
        await work.abort(producer)
    await producer.poll(0)
    if not is_committed:
        await back_to_committed(consumer)
    await work.app.sleep(work.plan.every_ms / 1000)
    return False


async def patiently(call: Any, *arguments: Any) -> None:
    """Call again as long as that may help."""
    while True:
        try:
            await call(*arguments)
            return
        except KafkaException as error:
            if not error.args[0].retriable():
                raise


async def back_to_committed(consumer: Any) -> None:
    """What was polled and aborted is to be read again."""
    while True:
        try:
            places = await consumer.committed(consumer.assignment(), _PATIENCE_S)
            break
        except KafkaException:
            continue
    for place in places:
        if place.offset < 0:
            place.offset = OFFSET_BEGINNING
        consumer.seek(place)


def _number(value: int | None) -> int:
    return -1 if value is None else value
