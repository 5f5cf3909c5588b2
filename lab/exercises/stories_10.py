"""The stories of lesson 10: a sensor that reports each hour, and prices that change.

Hours are virtual: a day of one broker takes a few seconds.  The segments are small and short, so
that there are several; a real broker's are a gigabyte or a week.

Read next: `lesson_10`, which asks about them.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from kafkalab import Consumer, Producer, Simulation
from kafkalab.frames.details import details
from lab.checking.views import Words

HOUR_MS: Final = 3_600_000
#: One broker that says little, so that hours are cheap; nothing else follows from these.
_QUIET: Final = {"broker.heartbeat.interval.ms": 60_000, "broker.session.timeout.ms": 600_000}


class Day(NamedTuple):
    """What the log was at the end of an hour."""

    hour: int
    log_start: int
    log_end: int
    oldest_hours: float


def sensor(retention_ms: int = 3 * HOUR_MS, segment_ms: int = 2 * HOUR_MS) -> Simulation:
    """A topic `readings`: records older than `retention_ms` may be deleted."""
    sim = Simulation(brokers=1, seed=4, config=_QUIET)
    config = {"retention.ms": retention_ms, "segment.ms": segment_ms}
    sim.create_topic("readings", config=config)
    return sim


def report(sim: Simulation, count: int, every_ms: int = HOUR_MS) -> list[Day]:
    """So many records, one each `every_ms`; how the log stood after each."""
    producer = Producer({"bootstrap.servers": "kafka:9092", "linger.ms": 0}, sim=sim)
    days = []
    for number in range(count):
        producer.produce("readings", f"reading {number}", key="sensor-1")
        producer.flush()
        sim.run(every_ms / 1000)
        log = details(sim.world, ("log readings 0",))["log readings 0"]
        oldest = log["records"][0]["timestamp"] if log["records"] else sim.now
        age = (sim.now - oldest) / HOUR_MS
        days.append(Day(log["end"], log["log_start"], log["end"], round(age, 2)))
    return days


def oldest_and_youngest_lost(retention_minutes: int, segment_minutes: int) -> tuple[int, int]:
    """Two hours of a reading each five minutes: how old a record that was there became at most,
    and how old the youngest was that was gone; in minutes, looked at each minute.
    """
    sim = sensor(retention_minutes * 60_000, segment_minutes * 60_000)
    producer = Producer({"bootstrap.servers": "kafka:9092", "linger.ms": 0}, sim=sim)
    written: list[int] = []
    oldest, youngest = 0, 10**6
    for minute in range(120):
        if minute % 5 == 0:
            written.append(sim.now)
            producer.produce("readings", f"reading {minute}", key="sensor-1")
            producer.flush()
        sim.run(60)
        start = details(sim.world, ("log readings 0",))["log readings 0"]["log_start"]
        ages = [round((sim.now - at) / 60_000) for at in written]
        oldest = max(oldest, *ages[start:], 0)
        youngest = min(youngest, *ages[:start], 10**6)
    return oldest, youngest


def days_table(days: Sequence[Day]) -> Words:
    """The hours as a table."""
    lines = ["| after hour | log start | log end | oldest record is |", "| --- | --- | --- | --- |"]
    lines += [
        f"| {day.hour} | {day.log_start} | {day.log_end} | {day.oldest_hours:g} h old |"
        for day in days
    ]
    return Words("\n".join(lines))


def prices(policy: str = "compact", *, seed: int = 4, **more: Any) -> Simulation:
    """A topic `prices`, one record a change; the cleaner may work on every closed segment."""
    sim = Simulation(brokers=1, seed=seed, config={**_QUIET, "log.cleaner.backoff.ms": 15_000})
    config = {
        "cleanup.policy": policy,
        "segment.ms": 60_000,
        "min.cleanable.dirty.ratio": 0.01,
        "delete.retention.ms": 120_000,
        **more,
    }
    sim.create_topic("prices", config=config)
    return sim


def change(sim: Simulation, *changes: tuple[str, str | None]) -> None:
    """Write changes of prices, some seconds apart; None for a product that is gone."""
    producer = Producer({"bootstrap.servers": "kafka:9092", "linger.ms": 0}, sim=sim)
    for product, price in changes:
        producer.produce("prices", price, key=product)
        producer.flush()
        sim.sleep(5)


def kept(sim: Simulation) -> list[tuple[int, str, str | None]]:
    """(offset, key, value) of all that the log of `prices` still has."""
    found = []
    for record in sim.records("prices"):
        value = None if record.value is None else record.value.decode()
        found.append((record.offset, (record.key or b"").decode(), value))
    return found


def read_on(sim: Simulation, table: dict[str, str], group: str = "sleeper") -> dict[str, str]:
    """Read `prices` on from where the group was: `table` by product, a tombstone takes one out."""
    conf = {"group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False}
    with Consumer({"bootstrap.servers": "kafka:9092", **conf}, sim=sim) as consumer:
        consumer.subscribe(["prices"])
        while message := consumer.poll(10):
            product, price = (message.key() or b"").decode(), message.value()
            if price is None:
                table.pop(product, None)
            else:
                table[product] = price.decode()
            consumer.commit(message, asynchronous=False)
    return table


def closed_and_cleaned(sim: Simulation, minutes: int = 3) -> Simulation:
    """Let the active segment close and the cleaner pass."""
    sim.run(65)
    change(sim, ("filler", "0"))  # a segment closes when the next record comes
    sim.run(60 * minutes)
    return sim


Rule = Callable[[list[tuple[int, str, str | None]], int], list[int]]


def compaction_case(seed: int) -> tuple[list[tuple[int, str, str | None]], int, list[int]]:
    """A log written by chance, where its active segment began, and what the engine kept of it.

    Tombstones are recent, so they stay.
    """
    sim = prices(seed=seed, **{"delete.retention.ms": 10**9})
    written: list[tuple[str, str | None]] = []
    for number in range(12):
        product = "abc"[sim.draw(f"product-{number}", 0, 2)]
        is_gone = sim.draw(f"gone-{number}", 0, 4) == 0
        written.append((product, None if is_gone else str(number)))
    change(sim, *written)
    before = kept(sim)
    sim.run(65)
    again = "abc"[sim.draw("again", 0, 2)]
    change(sim, (again, "last"))  # begins the active segment
    all_records = [*before, (len(before), again, "last")]
    sim.run(180)
    segments = details(sim.world, ("log prices 0",))["log prices 0"]["segments"]
    return all_records, segments[-1]["base"], [offset for offset, _, _ in kept(sim)]
