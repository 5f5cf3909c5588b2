"""The applications of a swarm run, written as a learner would write them.

Each notes what it asked for and what it was told in a `ClientHistory`.  They use only what clients
have, and go on whatever the cluster does to them.

Read next: `plan`, which says what they do; `swarm`, which starts them.
"""

from collections.abc import Iterable
from typing import Any, Final

from kafkalab.client.errors import PARTITION_EOF, KafkaException
from kafkalab.client.message import OFFSET_BEGINNING, Message, TopicPartition
from kafkalab.ids import TopicPartition as Name
from kafkalab.sim.client_history import ClientHistory, Sender
from kafkalab.sim.plan import BURST, MemberPlan, ProducerPlan
from kafkalab.sim.transaction_plan import BOOTSTRAP
from kafkalab.world.apps import Function

_POLL_S: Final = 1.0
_AT_ONCE: Final = 5_000  # messages; then time passes, however many more have been fetched


def producing(plan: ProducerPlan, history: ClientHistory) -> Function:
    """Send values as the plan says, then wait for every report."""

    async def produce(app: Any) -> None:
        is_idempotent = bool(plan.conf.get("enable.idempotence"))
        history.senders[app.name] = Sender(int(plan.conf.get("acks", -1)), is_idempotent)
        producer = app.producer(dict(plan.conf))

        def report(error: Any, message: Message) -> None:
            what = "failed" if error is not None else "acked"
            history.note(app.name, what, *_place(message), error=error.name() if error else "")

        for number in range(plan.count):
            topic = plan.topics[number % len(plan.topics)]
            value = f"{app.name}/{number}".encode()
            key = f"k{number % plan.keys}" if plan.keys else None
            history.note(app.name, "sent", topic, value=value, key=key)
            try:
                producer.produce(topic, value=value, key=key, on_delivery=report)
            except KafkaException as error:
                history.note(app.name, "failed", topic, value=value, error=error.args[0].name())
            is_burst_over = (number + 1) % BURST == 0
            await app.sleep((plan.every_ms + plan.rest_ms * is_burst_over) / 1000)
            await producer.poll(0)
        await producer.flush()

    return produce


def consuming(plan: MemberPlan, history: ClientHistory) -> Function:
    """Read as a member of a group, for as long as the plan says."""

    async def consume(app: Any) -> None:
        if plan.starts_ms:
            await app.sleep(plan.starts_ms / 1000)
        history.members[app.name] = plan.group
        if plan.conf.get("isolation.level") == "read_uncommitted":
            history.uncommitted[app.name] = None
        consumer = app.consumer(dict(plan.conf))
        consumer.subscribe(list(plan.topics), *_callbacks(app.name, history))
        end, read = history.now() + plan.lives_ms, 0
        while not plan.lives_ms or history.now() < end:
            message = await consumer.poll(_POLL_S)
            if message is None or message.error() is not None:
                continue
            history.note(app.name, "polled", *_place(message))
            if plan.commits_each:
                await _commit(app.name, consumer, message, history)
            read += 1
            await _rest(app, read)
        await consumer.close()

    return consume


async def _rest(app: Any, read: int) -> None:
    """Polls that find a message let no time pass: now and then it must."""
    if read % _AT_ONCE == 0:
        await app.sleep(0.001)


async def _commit(client: str, consumer: Any, message: Message, history: ClientHistory) -> None:
    topic, partition, offset, _ = _place(message)
    history.note(client, "committing", topic, partition, offset + 1)
    try:
        await consumer.commit(message=message)
    except KafkaException as error:
        name = error.args[0].name()
        history.note(client, "not_committed", topic, partition, offset + 1, error=name)
    else:
        history.note(client, "committed", topic, partition, offset + 1)


def _callbacks(client: str, history: ClientHistory) -> tuple[Any, Any, Any]:
    def noting(what: str) -> Any:
        def note(_: Any, partitions: list[TopicPartition]) -> None:
            for one in partitions:
                history.note(client, what, one.topic, one.partition)

        return note

    return noting("assigned"), noting("revoked"), noting("lost")


def auditing(partitions: Iterable[Name], history: ClientHistory) -> Function:
    """Read all there is of these partitions, outside of any group, ask what groups have, end."""
    names = list(partitions)

    async def audit(app: Any) -> None:
        history.auditors[app.name] = None
        conf = {**BOOTSTRAP, "group.id": app.name, "enable.partition.eof": True}
        consumer = app.consumer(conf)
        consumer.assign([TopicPartition(*name, OFFSET_BEGINNING) for name in names])
        unread, read = dict.fromkeys(names), 0
        while unread:
            message = await consumer.poll(_POLL_S)
            if message is not None and message.error() is not None:
                if message.error().code() == PARTITION_EOF:
                    unread.pop(Name(message.topic(), message.partition()), None)
            elif message is not None:
                history.note(app.name, "polled", *_place(message))
                read += 1
                await _rest(app, read)
        for group in history.careful_groups:
            await _ask_group(app, group, names, history)

    return audit


async def _ask_group(app: Any, group: str, names: list[Name], history: ClientHistory) -> None:
    consumer = app.consumer({**BOOTSTRAP, "group.id": group})
    places = [TopicPartition(name.topic, name.partition) for name in names]
    while True:
        try:
            answers = await consumer.committed(places, _POLL_S)
            break
        except KafkaException:
            continue
    for one in answers:
        history.note(group, "group_has", one.topic, one.partition, one.offset)


def _place(message: Message) -> tuple[str, int, int, bytes | None]:
    offset = message.offset()
    return (
        message.topic() or "",
        -1 if message.partition() is None else int(message.partition() or 0),
        -1 if offset is None else offset,
        message.value(),
    )
