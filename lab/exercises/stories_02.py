"""The stories of lesson 02: a bank that must keep an order, visits that move, a reckoning.

    bank     entries, deposits and withdrawals in turn, so that every withdrawal is covered when it
             is written; whoever reads them in another order refuses some
    visits   keyed by user, before and after a topic grows
    needs    how many partitions, and because of what

Read next: `lesson_02`, which asks about them; `lab.widgets.passing`, the picture.
"""

import json
from collections.abc import Callable, Iterable
from math import ceil
from typing import Any, Final, NamedTuple

from kafkalab import Message, Producer, Simulation
from kafkalab.chance import Stream
from kafkalab.errors import KafkaError
from kafkalab.ids import TopicPartition
from kafkalab.sim import cluster
from kafkalab.sim.fate import Fate
from lab.checking.views import Words
from lab.exercises.reading import Reader
from lab.widgets.passing import Passing

Entry = dict[str, Any]
KeyOf = Callable[[Entry], Any]

_ACCOUNTS: Final = tuple(f"account-{number}" for number in range(8))


def entries(seed: int) -> list[Entry]:
    """48 entries in the order they were made.  Each account's: deposit, withdrawal, deposit, …"""
    chance = Stream(seed, "bank")
    made, turns = [], dict.fromkeys(_ACCOUNTS, 0)
    for number in range(48):
        account = _ACCOUNTS[chance.below(len(_ACCOUNTS))]
        amount = -100 if turns[account] % 2 else 100
        turns[account] += 1
        branch = ("north", "south", "west")[chance.below(3)]
        made.append({"number": number, "account": account, "branch": branch, "amount": amount})
    return made


def bank(key_of: KeyOf, seed: int, partitions: int = 2) -> tuple[Simulation, list[str]]:
    """Write the entries with the keys of `key_of`, read them, and keep the balances.

    Returns the simulation, and a line for each withdrawal that was refused though it was covered.
    """
    sim = Simulation(brokers=3, seed=seed)
    sim.create_topic("entries", partitions=partitions, replication_factor=3)
    conf = {"bootstrap.servers": sim.bootstrap_servers, "linger.ms": 0}
    producer = Producer(conf, sim=sim)
    for entry in entries(seed):
        producer.produce("entries", json.dumps(entry), key=key_of(entry))
        sim.sleep(0.02)
    producer.flush()
    balance, refused = dict.fromkeys(_ACCOUNTS, 0), []
    for message in Reader(sim, "entries", "bank").read():
        entry = json.loads(message.value())
        account = entry["account"]
        if balance[account] + entry["amount"] < 0:
            place = f"partition {message.partition()}, offset {message.offset()}"
            refused.append(f"{account}: entry {entry['number']} refused ({place})")
        else:
            balance[account] += entry["amount"]
    return sim, refused


def follow(sim: Simulation, account: str) -> Passing:
    """One account's entries in a bank: as made, as kept, as read.  `+` and `−` are the amounts."""

    def is_of_account(fate: Fate) -> bool:
        return bool(json.loads(fate.value or b"{}")["account"] == account)

    return Passing(
        sim,
        "entries",
        account,
        is_followed=is_of_account,
        label=lambda fate: "+" if json.loads(fate.value or b"{}")["amount"] > 0 else "−",
    )


def visit(producer: Producer, users: Iterable[str], words: str) -> dict[str, int]:
    """Each user visits once, keyed by the user.  The partitions that they went to."""
    went: dict[str, int] = {}

    def report(error: Any, message: Message) -> None:
        went[(message.key() or b"").decode()] = message.partition()

    for user in users:
        producer.produce("visits", words, key=user, on_delivery=report)
    producer.flush()
    return {user: went[user] for user in users}


def follow_user(sim: Simulation, user: str) -> Passing:
    """Read the visits, and show one user's, numbered: as made, as kept, as read."""
    Reader(sim, "visits", "statistics").read()
    number = {b"first visit": "1", b"second visit": "2"}
    return Passing(sim, "visits", user, label=lambda fate: number.get(fate.value or b"", "?"))


def kept_on(sim: Simulation, broker: int, topic: str) -> int:
    """How many records of a topic a broker has on its own disk, committed or not."""
    replicas = cluster.broker(sim.world, broker).replicas
    names = (TopicPartition(topic, each) for each in sim.metadata.topics[topic].partitions)
    logs = [found.log for name in names if (found := replicas.partition(name)) is not None]
    return sum(
        len(list(entry.records()))
        for log in logs
        for entry in log.entries_from(log.log_start_offset)
        if not entry.batch.is_control
    )


class Need(NamedTuple):
    """How many partitions one of the needs asks for, and why."""

    partitions: int
    because: str


def partitions_needed(
    *,
    write_mb_s: float = 0,
    partition_mb_s: float = 10,
    consumer_mb_s: float = 5,
    consumers: int = 1,
    growth: float = 1,
) -> list[Need]:
    """The needs, the greatest first: take at least that many partitions.

    `write_mb_s`: written to the topic at the peak; `partition_mb_s`: what one partition takes,
    `consumer_mb_s`: what one consumer gets done; `consumers`: those you will ever want at once;
    `growth`: by how much all of it may grow before you are ready to move to another topic.
    """
    peak = write_mb_s * growth
    needs = [
        Need(max(1, ceil(peak / partition_mb_s)), f"to take {peak:g} MB/s in"),
        Need(max(1, ceil(peak / consumer_mb_s)), f"to get {peak:g} MB/s processed"),
        Need(max(1, ceil(consumers * growth)), f"for {ceil(consumers * growth)} consumers at once"),
    ]
    return sorted(needs, key=lambda need: -need.partitions)


def tried_names(sim: Simulation, *names: str) -> Words:
    """Create a topic of each name, and say what the controller answered."""
    lines = ["| name | |", "| --- | --- |"]
    for name in names:
        try:
            sim.create_topic(name)
            answer = "created"
        except KafkaError as error:
            answer = f"**refused**: {error.message}"
        lines.append(f"| `{name}` | {answer} |")
    return Words("\n".join(lines))


def price_of(partitions: int) -> tuple[int, int]:
    """240 records with keys, and then a crash of one of three brokers.

    The number of batches they were written in, and of leaders that had to be elected.
    """
    sim = Simulation(brokers=3, seed=7)
    sim.create_topic("spread", partitions=partitions, replication_factor=3)
    producer = Producer({"bootstrap.servers": sim.bootstrap_servers}, sim=sim)
    for number in range(240):
        producer.produce("spread", "...", key=f"key-{number}")
    producer.flush()
    sim.broker(1).crash()
    sim.run(12)
    return len(sim.trace.of("Appended")), len(sim.trace.of("LeaderElected"))
