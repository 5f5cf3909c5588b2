"""What lesson 13 plays: a losing day, four incidents of Kafka's history, and a case to be solved.

An incident is a function that plays it with the old rule or setting, or with the one that
mended it, and returns the simulation.

Read next: `lesson_13`; `lab.experiments.old_rules`.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from kafkalab import Faults, KafkaException, Producer, Simulation
from kafkalab.errors import ErrorCode
from kafkalab.ids import TopicPartition
from kafkalab.protocol.messages.produce import (
    PartitionProduceData,
    ProduceRequest,
    TopicProduceData,
)
from kafkalab.record import Record
from kafkalab.record.batch import Batch
from kafkalab.record.builder import build_batch
from kafkalab.record.records import Entry
from kafkalab.sim import cluster
from kafkalab.sim.search import Found, NotFound, Scope, acknowledged_is_lost, search
from kafkalab.sim.twins import Twins
from kafkalab.world.operator import OPERATOR
from lab.checking.views import Words
from lab.exercises.drawing import Drawing
from lab.exercises.stories_11 import read
from lab.experiments.rules import Rule, Watch, with_rules
from lab.scenes.cells import Cells, Kind, Row

SERVERS: Final = {"bootstrap.servers": "kafka:9092"}
SAFE: Final = {"min.insync.replicas": 2}
_SESSION_S: Final = 12  # longer than a broker may be silent


def cluster_with(*rules: Rule, seed: int = 2, config: dict[str, Any] | None = None) -> Simulation:
    """Three brokers under these rules, with a topic of three copies."""
    sim = with_rules(Simulation(brokers=3, seed=seed, config=config), *rules)
    sim.create_topic("orders", 1, 3, SAFE)
    return sim


def paid(sim: Simulation) -> None:
    """One record, acknowledged with acks=all."""
    producer = Producer({**SERVERS, "acks": "all", "linger.ms": 0}, sim=sim)
    producer.produce("orders", "paid")
    producer.flush()


def values(sim: Simulation) -> list[str]:
    """What a consumer can read of the topic now."""
    return [(record.value or b"").decode() for record in sim.records("orders")]


async def shop(app: Any) -> None:
    """Sixty orders, one each 50 ms, with a receipt from the leader alone."""
    producer = app.producer({**SERVERS, "acks": 1, "message.timeout.ms": 30_000})
    for number in range(60):
        producer.produce("orders", f"order {number}", partition=0)
        await app.sleep(0.05)
    await producer.flush()


#: What happens to the leader on a bad day: (seconds, fault).
BAD_LUCK: Final = (
    (1.0, "partition {leader} | {others}"),
    (1.5, "crash {leader}"),
    (15.0, "heal"),
    (16.0, "restart {leader}"),
)


def bad_day(seed: int = 1, faults: Iterable[tuple[float, str]] = BAD_LUCK) -> Simulation:
    """The shop's orders, and these faults; `{leader}` and `{others}` are numbers of brokers."""
    sim = Simulation(brokers=3, seed=seed)
    sim.create_topic("orders", replication_factor=3, config=SAFE)
    leader = sim.leader("orders", 0)
    others = ",".join(str(each) for each in (1, 2, 3) if each != leader)
    sim.app(shop)
    for at, words in faults:
        sim.schedule(at, words.format(leader=leader, others=others))
    sim.run(40)
    return sim


# --- any order at all ---------------------------------------------------------------------------


def on_its_way(acks: str, *rules: Rule) -> Simulation:
    """A cluster under these rules, whose producer has just sent `x`."""
    sim = cluster_with(*rules, seed=1)
    producer = Producer({**SERVERS, "acks": acks, "linger.ms": 0}, sim=sim)
    producer.produce("orders", "before")
    producer.flush()
    producer.produce("orders", "x")
    return sim


def any_order_that_loses(sim: Simulation, turns: int = 4) -> Found | NotFound:
    """Every order of deliveries, waits and one crash: does one lose `x` after its receipt?"""
    nodes = ("producer-1", "broker-1", "broker-2", "broker-3")
    scope = Scope(turns, ("crash 1", "crash 2", "crash 3"), 1, nodes, waits_ms=(15_000,))
    return search(sim, acknowledged_is_lost(sim, "orders", 0, b"x"), scope)


# --- incidents ----------------------------------------------------------------------------------


def truncation(*rules: Rule) -> Simulation:
    """KIP-101: two leaders die, the second as soon as it leads, and both come back."""
    sim = cluster_with(*rules)
    paid(sim)
    first = sim.leader("orders", 0)
    sim.broker(first).crash()
    sim.run_to_next("leader", topic="orders")
    second = sim.leader("orders", 0)
    sim.run(0.001)  # the follower knows its new leader, and has not fetched from it yet
    sim.broker(second).crash()
    sim.run(_SESSION_S)
    sim.broker(first).restart()
    sim.broker(second).restart()
    sim.run(15)
    return sim


def last_one_standing(*rules: Rule) -> Simulation:
    """KIP-966: two leave in order, the last loses power and what it had not flushed."""
    sim = cluster_with(*rules)
    paid(sim)
    last = sim.leader("orders", 0)
    others = [each for each in (1, 2, 3) if each != last]
    for each in others:
        sim.broker(each).shutdown()
        sim.run(3)
    sim.broker(last).crash(power=True)
    sim.run(_SESSION_S)
    sim.broker(last).restart()
    sim.run(5)
    for each in others:
        sim.broker(each).restart()
    sim.run(15)
    return sim


def late_request(version: int, *, verified: bool, begins_next: bool = False) -> tuple[Any, str]:
    """KIP-890: a request of a transaction that was aborted arrives a second later.

    `version`: of the transaction protocol.  `verified`: whether the leader asks the coordinator
    first.  `begins_next`: whether its producer is in its next transaction by then.  The
    simulation, and what the leader said.
    """
    settings = {"transaction.partition.verification.enable": verified}
    sim = cluster_with(config=settings)
    conf = {"transactional.id": "shop", "lab.transaction.version": version}
    producer = Producer({**SERVERS, **conf}, sim=sim)
    producer.init_transactions()
    producer.begin_transaction()
    producer.produce("orders", "in time")
    producer.flush()
    sent = _last_batch(sim)
    producer.abort_transaction()
    sim.run(1)
    if begins_next:
        producer.begin_transaction()
        producer.produce("orders", "next")
        producer.flush()
    sequence = sent.base_sequence + 1 + begins_next
    late = build_batch(
        [Record(None, b"late", (), sim.now)],
        producer_id=sent.producer_id,
        producer_epoch=sent.producer_epoch,
        base_sequence=sequence,
        is_transactional=True,
    )
    said = _arrives(sim, late, 11 if version == 1 else 13)
    if begins_next:
        producer.commit_transaction()
    stranger = Producer({**SERVERS, "acks": "all"}, sim=sim)
    stranger.produce("orders", "a stranger's")
    stranger.flush()
    sim.run(120)  # longer than any transaction may last
    return sim, said


def repairs() -> Words:
    """The late request in six worlds: when it arrives, and what had been repaired by then."""
    eras = {
        "until 3.6": (1, False),
        "3.6: the leader asks": (1, True),
        "4.0: an epoch for each transaction": (2, True),
    }
    lines = [f"| the late request arrives | {' | '.join(eras)} |", "| --- " * 4 + "|"]
    moments = {"after the abort": False, "while the next transaction is open": True}
    for moment, begins_next in moments.items():
        ends = []
        for version, verified in eras.values():
            sim, said = late_request(version, verified=verified, begins_next=begins_next)
            ends.append(_what_became(sim, said))
        lines.append(f"| {moment} | {' | '.join(ends)} |")
    return Words("\n".join(lines))


def _what_became(sim: Simulation, said: str) -> str:
    """Of the late record and of those who wait for its transaction."""
    if said != "NONE":
        return f"refused: `{said}`"
    seen = read(sim, "orders", "read_committed")
    if "late" in seen:
        return "**committed with a transaction that is not its own**"
    return "in the log" if "a stranger's" in seen else "**written; readers stand still for ever**"


def _last_batch(sim: Simulation) -> Batch:
    leader = sim.leader("orders", 0)
    assert leader is not None
    log = cluster.broker(sim.world, leader).disk.logs[TopicPartition("orders", 0)]
    return list(log.entries_from(0))[-1].batch


def _arrives(sim: Simulation, batch: Batch, version: int) -> str:
    """Hand a batch to the leader over a connection that its producer has given up."""
    part = PartitionProduceData(index=0, records=Entry(0, -1, batch).prefix + batch.body)
    topic_id = sim.metadata.topics["orders"].topic_id
    data = TopicProduceData(name="orders", topic_id=topic_id, partition_data=(part,))
    request = ProduceRequest(
        transactional_id="shop", acks=-1, timeout_ms=30_000, topic_data=(data,)
    )
    sim.driver.act(OPERATOR, "ask_at", f"broker-{sim.leader('orders', 0)}", request, version)
    operator: Any = sim.world.nodes[OPERATOR]
    sim.run_until(lambda: operator.is_done)
    return ErrorCode(operator.answer.responses[0].partition_responses[0].error_code).name


def worker_with(settings: Mapping[str, Any]) -> Callable[[Any], Any]:
    """A worker that takes up to `at_once` orders (five) and needs 2.5 seconds for each."""
    given = dict(settings)
    at_once = given.pop("at_once", 5)

    async def worker(app: Any) -> None:
        group = {
            "group.id": "billing",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
        patience = {"session.timeout.ms": 6_000, "max.poll.interval.ms": 10_000}
        consumer = app.consumer({**SERVERS, **group, **patience, **given})
        consumer.subscribe(["orders"])
        while True:
            polled = await consumer.consume(at_once, 1.0)
            orders = [each for each in polled if each.error() is None]
            for _ in orders:
                await app.sleep(2.5)
            if orders:
                try:
                    await consumer.commit(asynchronous=False)
                except KafkaException:
                    continue  # it is no member any more; it will be again

    return worker


def storm(seed: int = 1, settings: Mapping[str, Any] | None = None) -> Simulation:
    """Sixty orders in six partitions, three slow workers, two minutes."""
    sim = Simulation(brokers=3, seed=seed)
    sim.create_topic("orders", 6, 3, SAFE)
    producer = Producer({**SERVERS, "acks": "all"}, sim=sim)
    for number in range(60):
        producer.produce("orders", f"order {number}", partition=number % 6)
    producer.flush()
    for number in range(3):
        sim.app(worker_with(settings or {}), f"worker-{number}")
    sim.run(120)
    return sim


def generations(sim: Simulation) -> int:
    """How often the group has handed out its partitions."""
    return sum(entry.event[3] == "Stable" for entry in sim.trace.of("GroupStateChanged"))


def deliveries(sim: Simulation) -> dict[int, int]:
    """How many orders were handed to a worker so many times: {times: orders}."""
    reads = Counter(sum(len(place.reads) for place in fate.places) for fate in sim.ledger("orders"))
    return dict(sorted(reads.items()))


_HANDED: Final = {
    "never": Kind("never handed out", "none", "rule", "mute", "0", "2 2"),
    "once": Kind("once", "comm-s", "comm", "comm-t"),
    "again": Kind("again and again: how often", "out-s", "out", "out-t"),
}


def handed_picture(sim: Simulation) -> Drawing:
    """A row for each partition, a column for each order: how often it was handed to a worker."""
    times: dict[int, list[int]] = {number: [] for number in range(6)}
    for fate in sim.ledger("orders"):
        times[fate.partition].append(sum(len(place.reads) for place in fate.places))
    committed: dict[int, int] = {}
    for entry in sim.trace.of("OffsetCommitted"):
        committed[entry.fields["partition"]] = entry.fields["offset"]
    rows = [
        Row(
            f"P{number}",
            [("again" if each > 1 else ("once" if each else "never"), f"{each}") for each in row],
            f"committed {committed.get(number, 'none')}",
        )
        for number, row in times.items()
    ]
    sub = (
        "a row a partition · a column an order, by its offset · in it, how often it was handed out"
    )
    heads = {column: str(column) for column in range(10)}
    title = f"Two minutes of billing: the group was formed {_often(generations(sim))}"
    say = f"Handed to a worker: {times_in_words(deliveries(sim))}."
    return Drawing(Cells(title, say, sub, _HANDED, rows, heads))


def _often(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def times_in_words(times: Mapping[int, int]) -> str:
    """`deliveries` as a sentence: "40 orders never, 10 orders 7 times"."""
    often = {0: "never", 1: "once", 2: "twice"}
    return ", ".join(
        f"{count} orders {often.get(many, f'{many} times')}" for many, count in times.items()
    )


def outcome(sim: Simulation) -> str:
    """How a storm ended: how often the group was formed, and how often orders were handed out."""
    often = _often(generations(sim))
    return f"formed {often}; handed out: {times_in_words(deliveries(sim))}"


def said(twins: Twins) -> Words:
    """What twins say, as text that a page may break into lines."""
    return Words(twins.say)


# --- which promise breaks -----------------------------------------------------------------------


async def steady(app: Any) -> None:
    """An order each 100 ms, with acks=all and idempotence."""
    safe = {"acks": "all", "enable.idempotence": True, "message.timeout.ms": 60_000}
    producer = app.producer({**SERVERS, **safe, "linger.ms": 0})
    for number in range(200):
        producer.produce("orders", f"order {number}", partition=0)
        await app.sleep(0.1)
    await producer.flush()


def rough_times(seed: int, *rules: Rule) -> Watch:
    """Twenty seconds of orders while brokers are cut off, paused and crash; what broke first."""
    sim = cluster_with(*rules, seed=seed)
    watch = Watch(sim)
    sim.app(steady)
    sim.run(0.01)
    for at, words in Faults.random(seed, until_ms=40_000).commands:
        sim.schedule(at / 1000, words)
    for number in range(10, 190, 5):  # and connections break, some with an answer in flight
        at = number / 10 + number % 7 / 1000
        sim.schedule(at, f"cut producer-1 {sim.leader('orders', 0)}")
    sim.run(60)
    return watch


#: What the promises say that break in the lesson, by a word of the complaint; see RELIABILITY.
_PROMISES: Final = {
    "acknowledged": "a receipt for acks=all is given only for what is committed",
    "which is in the ISR": "every in-sync replica has what is below the high watermark",
    "cut away": "what is committed is never cut away",
    "sequence": "each number of a producer is in the log once, and in order",
}


def first_broken(rule: Rule, seeds: int = 12) -> str:
    """The promise that breaks under a rule, and the first seed that shows it."""
    for seed in range(seeds):
        watch = rough_times(seed, rule)
        if watch.broken:
            what = watch.words.partition(": ")[2]
            promise = next((said for word, said in _PROMISES.items() if word in what), watch.broken)
            seen = f"seed {seed}, at {watch.at_ms / 1000:.3f} s: {what}"
            return f"the promise: {promise}\nbroken:      {seen}"
    return f"no promise broke in {seeds} seeds"
