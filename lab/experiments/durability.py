"""Does a record survive, and do writes go on?  Tried, for one choice of settings, at its worst.

    1  one topic, three copies
    2  the worst moment for an acknowledgement: as few copies as the settings allow
         acks=all   3 - min.insync.replicas followers stand still until they are out of the ISR
         acks=1     both followers stand still, and are in the ISR yet
         acks=0     the request is lost on its way
    3  produce one record, and wait for its delivery report
    4  the brokers that have it fail, leader first, and never come back: disk and all
    5  those that stood still go on; an unclean election is allowed, for the disks are gone
    6  has any broker that runs the record?   does a second record get through?

So "keeps" is what can be relied on, not what usually happens.
"""

from dataclasses import dataclass
from typing import Any, Final, Literal

from kafkalab import Producer, Simulation
from kafkalab.ids import TopicPartition
from kafkalab.world import servers

Acks = Literal["0", "1", "all"]
ACKS: Final[tuple[Acks, ...]] = ("0", "1", "all")
COPIES: Final = 3
TOPIC: Final = "orders"
_RECORD: Final = b"the one that matters"
#: Short, so that the experiment is; what follows from them is the same.
_CONFIG: Final = {
    "replica.lag.time.max.ms": 2000,
    "broker.session.timeout.ms": 3000,
    "broker.heartbeat.interval.ms": 500,
}
_PAUSE_S: Final = 8.0


@dataclass(frozen=True, slots=True)
class Case:
    """What is tried.  With acks 0 and 1 `min_isr` plays no part."""

    acks: Acks
    min_isr: int
    failures: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was seen.  `copies`: brokers that had the record when the producer went on."""

    copies: int
    keeps: bool
    accepts: bool


def cases() -> list[Case]:
    """All fifteen: acks 0 and 1 once for each number of failures, acks=all for each min ISR too."""
    found = []
    for failures in range(COPIES):
        for acks in ACKS:
            choices = range(1, COPIES + 1) if acks == "all" else (2,)
            found += [Case(acks, min_isr, failures) for min_isr in choices]
    return found


def try_case(case: Case, seed: int = 0) -> Outcome:
    """Run the experiment.  AssertionError if the record got no report: then nothing was tried."""
    sim = Simulation(brokers=COPIES, seed=seed, config=_CONFIG)
    config = {"min.insync.replicas": case.min_isr, "unclean.leader.election.enable": True}
    sim.create_topic(TOPIC, replication_factor=COPIES, config=config)
    sim.run(0.5)
    leader = sim.leader(TOPIC, 0)
    assert leader is not None
    _wait_for_the_worst_moment(sim, case, leader)
    assert _produce(sim, case.acks, _RECORD) is None, case
    having = [leader, *(each for each in _having(sim) if each != leader)]
    copies = len(_having(sim))
    for broker_id in having[: case.failures]:
        sim.broker(broker_id).crash()
    for broker_id in [each for each in sim.alive() if each not in having][
        : case.failures - len(having)
    ]:
        sim.broker(broker_id).crash()
    sim.run(2 * _PAUSE_S)
    return Outcome(copies, bool(_having(sim)), _produce(sim, case.acks, b"another") is None)


def _wait_for_the_worst_moment(sim: Simulation, case: Case, leader: int) -> None:
    followers = [each for each in sim.alive() if each != leader]
    if case.acks == "0":
        sim.network.drop("Produce", leader)
    elif case.acks == "1":
        for follower in followers:
            sim.broker(follower).pause(1)
    else:
        for follower in followers[: COPIES - case.min_isr]:
            sim.broker(follower).pause(_PAUSE_S)
        sim.run_until(
            lambda: len(sim.isr(TOPIC, 0)) == case.min_isr, what=f"the ISR is {case.min_isr}"
        )


def _produce(sim: Simulation, acks: str, value: bytes) -> Any:
    """The error of its delivery report, None for success."""
    told: list[Any] = []
    conf = {"bootstrap.servers": "kafka:9092", "acks": acks, "message.timeout.ms": 12_000}
    producer = Producer({**conf, "linger.ms": 0}, sim=sim)
    producer.produce(
        TOPIC, value, partition=0, on_delivery=lambda error, message: told.append(error)
    )
    producer.flush()
    return told[0]


def _having(sim: Simulation) -> list[int]:
    """Brokers that run and have the record on their disk, committed or not."""
    found = []
    for broker in servers.brokers(sim.world):
        log = broker.disk.logs.get(TopicPartition(TOPIC, 0))
        if log is None or not sim.world.is_up(broker.name):
            continue
        records = (record for entry in log.entries_from(0) for record in entry.records())
        if any(record.value == _RECORD for record in records):
            found.append(broker.broker_id)
    return found
