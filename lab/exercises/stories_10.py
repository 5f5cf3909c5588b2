"""The stories of lesson 10: a sensor that reports each hour, and prices that change.

Hours are virtual: a day of one broker takes a few seconds.  The segments are small and short, so
that there are several; a real broker's are a gigabyte or a week.

Read next: `lesson_10`, which asks about them.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from kafkalab import Consumer, Producer, Simulation
from kafkalab.frames.details import details
from lab.exercises.drawing import Drawing
from lab.scenes.cells import Cells, Kind, Row

HOUR_MS: Final = 3_600_000
#: One broker that says little, so that hours are cheap; nothing else follows from these.
_QUIET: Final = {"broker.heartbeat.interval.ms": 60_000, "broker.session.timeout.ms": 600_000}


class Day(NamedTuple):
    """What the log was at the end of an hour: `ages` (hours) of all that was ever written, and
    where the segments of then began.
    """

    hour: int
    log_start: int
    log_end: int
    oldest_hours: float
    ages: tuple[float, ...] = ()
    bases: tuple[int, ...] = ()


def sensor(
    retention_ms: int = 3 * HOUR_MS, segment_ms: int = 2 * HOUR_MS, **more: Any
) -> Simulation:
    """A topic `readings`: records older than `retention_ms` may be deleted.  `more`: settings."""
    sim = Simulation(brokers=1, seed=4, config=_QUIET)
    config = {"retention.ms": retention_ms, "segment.ms": segment_ms, **more}
    sim.create_topic("readings", config=config)
    return sim


def report(sim: Simulation, count: int, every_ms: int = HOUR_MS) -> list[Day]:
    """So many records, one each `every_ms`; how the log stood after each."""
    producer = Producer({"bootstrap.servers": "kafka:9092", "linger.ms": 0}, sim=sim)
    days = []
    for number in range(count):
        producer.produce("readings", f"reading {number}", key="s1")
        producer.flush()
        sim.run(every_ms / 1000)
        log = _log(sim)
        ages = tuple(round((sim.now - at) / HOUR_MS, 2) for at in _dates(sim, log))
        bases = tuple(segment["base"] for segment in log["segments"])
        oldest = max(ages[log["log_start"] :], default=0.0)
        days.append(
            Day(round(sim.now / HOUR_MS), log["log_start"], log["end"], oldest, ages, bases)
        )
    return days


def _dates(sim: Simulation, log: Any) -> list[int]:
    """The timestamp of each record of `readings`; of one that is gone, when it was written."""
    entries = sim.trace.of("Appended")
    dates = [entry.at for entry in entries if entry.fields["topic"] == "readings"]
    for record in log["records"]:
        dates[record["offset"]] = record["timestamp"]
    return dates


def _log(sim: Simulation) -> Any:
    return details(sim.world, ("log readings 0",))["log readings 0"]


def dated(sim: Simulation, *hours: float) -> int:
    """The sensor sends a reading dated so many hours from now (before it if negative), for each of
    `hours`; how many the broker took.
    """
    producer = Producer({"bootstrap.servers": "kafka:9092", "linger.ms": 0}, sim=sim)
    taken: list[int] = []

    def report(error: Any, message: Any) -> None:
        if error is None:
            taken.append(message.offset())

    for each in hours:
        at = sim.now + round(each * HOUR_MS)
        producer.produce("readings", f"{each:+g} h", key="s1", timestamp=at, on_delivery=report)
        producer.flush()
    return len(taken)


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
            producer.produce("readings", f"reading {minute}", key="s1")
            producer.flush()
        sim.run(60)
        start = _log(sim)["log_start"]
        ages = [round((sim.now - at) / 60_000) for at in written]
        oldest = max(oldest, *ages[start:], 0)
        youngest = min(youngest, *ages[:start], 10**6)
    return oldest, youngest


_KINDS: Final = {
    "young": Kind("kept, its age in hours", "comm-s", "comm", "comm-t"),
    "late": Kind("kept, though older than retention.ms", "out-s", "out", "out-t"),
    "gone": Kind("deleted", "none", "rule", "mute", "✕", "2 2"),
}


def days_picture(days: Sequence[Day], retention_hours: float = 3) -> Drawing:
    """Each hour a row, each offset a column: what is kept, how old it is, what is gone.

    `retention_hours` is what the topic allows, -1 for no limit.
    """
    most = retention_hours if retention_hours >= 0 else float("inf")
    allowed = f"{retention_hours:g} h" if retention_hours >= 0 else "none"
    oldest = max(day.oldest_hours for day in days)
    end = days[-1].log_end
    rows = []
    for day in days:
        cells = [
            ("gone", "") if offset < day.log_start
            else ("late" if age > most else "young", f"{age:.0f}")
            for offset, age in enumerate(day.ages)
        ]  # fmt: skip
        cells += [("", "")] * (end - len(cells))
        rows.append(Row(f"after {day.hour} h", cells, f"log start {day.log_start}"))
    return Drawing(
        Cells(
            f"{days[-1].hour} hours of readings-0",
            f"The oldest record that was still there was {oldest:g} hours old.",
            f"a row an hour · a column an offset · a gap where a segment begins · "
            f"retention.ms {allowed}",
            _KINDS,
            rows,
            {offset: str(offset) for offset in range(end)},
            {base for day in days for base in day.bases},
        )
    )


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
