"""Stories of lesson 07: what the notebook shows and the exercises judge.

Read next: `lesson_07`.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple

from kafkalab import Producer, Simulation
from kafkalab.ids import TopicPartition
from kafkalab.replica.isr import CommittedIsr
from kafkalab.world import servers
from lab.checking.behaviour import Broken

#: Short, so that a story is; what follows from them is the same.
QUICK: Final = {
    "replica.lag.time.max.ms": 2000,
    "broker.session.timeout.ms": 3000,
    "broker.heartbeat.interval.ms": 500,
}


class Leader(NamedTuple):
    """What a leader knows: log ends by broker (a follower's as of its last fetch), and the ISR."""

    id: int
    ends: dict[int, int]
    isr: tuple[int, ...]
    high_watermark: int


def tree(sim: Simulation) -> str:
    """Which broker has which replica."""
    lines = [f"Cluster ({len(servers.brokers(sim.world))} brokers)"]
    for broker in servers.brokers(sim.world):
        lines.append(f"├── Broker {broker.broker_id}")
        for topic in sim.topics:
            for number, partition in sorted(sim.metadata.topics[topic].partitions.items()):
                if broker.broker_id in partition.replicas:
                    is_leader = partition.leader == broker.broker_id
                    role = "leader" if is_leader else "follower"
                    lines.append(f"│   ├── {topic}/partition-{number} ({role})")
    return "\n".join(lines)


def state(sim: Simulation, topic: str = "orders", partition: int = 0) -> str:
    """A partition in one line, as the controllers have it."""
    now = sim.metadata.topics[topic].partitions[partition]
    leader = now.leader if now.leader >= 0 else "none"
    return (
        f"{sim.now / 1000:8.3f} s   leader {leader}, epoch {now.leader_epoch}   "
        f"ISR {_ids(now.isr)}   ELR {_ids(now.elr)}"
    )


def _ids(ids: tuple[int, ...]) -> str:
    return "{" + ", ".join(map(str, ids)) + "}"


def epochs(sim: Simulation, topic: str = "orders", partition: int = 0) -> str:
    """Each broker's leader epochs: which began where, and where the log ends."""
    lines = []
    for broker in servers.brokers(sim.world):
        log = broker.disk.logs[TopicPartition(topic, partition)]
        began = ", ".join(f"epoch {epoch} from {start}" for epoch, start in log.epochs.rows)
        lines.append(
            f"broker {broker.broker_id}: {began or 'nothing'}; ends at {log.log_end_offset}"
        )
    return "\n".join(lines)


def end_of(sim: Simulation, broker: int, topic: str = "orders", partition: int = 0) -> int:
    """Where that broker's log ends."""
    disk = next(each.disk for each in servers.brokers(sim.world) if each.broker_id == broker)
    return disk.logs[TopicPartition(topic, partition)].log_end_offset


def send(sim: Simulation, values: Iterable[str], acks: str = "all", **conf: Any) -> list[str]:
    """Produce to orders-0, one after the other, and wait; the values that were acknowledged."""
    kept: list[str] = []

    def report(error: Any, message: Any) -> None:
        if error is None:
            kept.append(message.value().decode())

    options = {"bootstrap.servers": "kafka:9092", "acks": acks, "linger.ms": 0, **conf}
    producer = Producer(options, sim=sim)
    for value in values:
        key = value.replace("order ", "o")
        producer.produce("orders", value, key, 0, on_delivery=report)
        producer.flush()
    return kept


def last_in_sync(unclean: bool, seed: int = 7) -> tuple[Simulation, list[str]]:
    """Eight orders acknowledged by acks=all; then broker 1 alone had them all, and crashes.

    Broker 3 has the first four, broker 2, which was shut down, all eight.
    """
    sim = Simulation(brokers=3, seed=seed)
    config = {"min.insync.replicas": 2, "unclean.leader.election.enable": unclean}
    sim.create_topic("orders", replication_factor=3, config=config)
    acknowledged = send(sim, [f"order {n}" for n in range(4)])
    sim.broker(3).crash()
    sim.run(12)
    acknowledged += send(sim, [f"order {n}" for n in range(4, 8)])
    sim.broker(2).shutdown()
    sim.run(3)
    sim.broker(1).crash()
    sim.run(12)
    return sim, acknowledged


# --- exercise 07.1 --------------------------------------------------------------------------------


class Shop(NamedTuple):
    """A run of a shop: the receipts it has, the orders it sent, what can be read in the end."""

    sim: Simulation
    sent: int
    receipts: list[str]
    kept: set[str]


def shop(seed: int, acks: str, min_isr: int, unclean: bool) -> Shop:
    """One of three misfortunes, by the seed; see `_slow`, `_two`, `_one`."""
    sim = Simulation(brokers=3, seed=seed, config=QUICK)
    config = {"min.insync.replicas": min_isr, "unclean.leader.election.enable": unclean}
    sim.create_topic("orders", replication_factor=3, config=config)
    sim.run(0.5)
    misfortune = (_slow, _two, _one)[seed % 3]
    receipts = misfortune(sim, acks)
    leader = sim.leader("orders", 0)
    up = leader is not None and leader in sim.alive()
    kept = {str(record.value, "utf-8") for record in sim.records("orders")} if up else set()
    return Shop(sim, 6, receipts, kept)


def _orders(sim: Simulation, acks: str, first: int, count: int) -> list[str]:
    return send(
        sim,
        [f"order {n}" for n in range(first, first + count)],
        acks,
        **{"message.timeout.ms": 4000},
    )


def _roles(sim: Simulation) -> tuple[int, int, int]:
    leader = sim.leader("orders", 0)
    assert leader is not None
    one, other = (each for each in sim.alive() if each != leader)
    if sim.draw("which follower", 0, 1):
        one, other = other, one
    return leader, one, other


def _slow(sim: Simulation, acks: str) -> list[str]:
    """Both followers are cut off, then the leader is lost for good."""
    leader, one, other = _roles(sim)
    receipts = _orders(sim, acks, 0, 3)
    sim.network.partition({leader}, {one, other})
    sim.run(sim.draw("cut off", 5, 9))
    receipts += _orders(sim, acks, 3, 3)
    sim.broker(leader).crash()
    sim.network.heal()
    sim.run(12)
    return receipts


def _two(sim: Simulation, acks: str) -> list[str]:
    """One follower is behind when the other and the leader crash, to come back later."""
    leader, one, other = _roles(sim)
    receipts = _orders(sim, acks, 0, 3)
    sim.network.partition({one}, {leader, other})
    sim.run(sim.draw("cut off", 5, 9))
    receipts += _orders(sim, acks, 3, 3)
    sim.broker(other).crash()
    sim.run(sim.draw("between", 1, 5))
    sim.broker(leader).crash()
    sim.network.heal()
    sim.run(10)
    sim.broker(leader).restart()
    sim.broker(other).restart()
    sim.run(12)
    return receipts


def _one(sim: Simulation, acks: str) -> list[str]:
    """One follower is away, for long."""
    _leader, one, _other = _roles(sim)
    receipts = _orders(sim, acks, 0, 3)
    sim.broker(one).crash()
    sim.run(sim.draw("away", 5, 9))
    return receipts + _orders(sim, acks, 3, 3)


def judge_shop(seed: int, acks: str, min_isr: int, unclean: bool) -> None:
    """`Broken` if a receipt is worthless, or one missing broker stops the shop."""
    run = shop(seed, acks, min_isr, unclean)
    lost = [order for order in run.receipts if order not in run.kept]
    if lost:
        words = f"{len(lost)} orders with a receipt cannot be read, the first: {lost[0]}."
        raise Broken(words, run.sim.now)
    if seed % 3 == 2 and len(run.receipts) < run.sent:
        refused = run.sent - len(run.receipts)
        raise Broken(f"one broker was down, and {refused} orders were refused.", run.sim.now)


# --- exercise 07.2 --------------------------------------------------------------------------------


def leaders(seed: int) -> Iterator[Leader]:
    """A leader's knowledge, again and again, while its followers are cut off and come back."""
    sim = Simulation(brokers=3, seed=seed, config=QUICK)
    sim.create_topic("orders", replication_factor=3)
    sim.run(1)
    leader, one, other = _roles(sim)
    producer = Producer({"bootstrap.servers": "kafka:9092", "acks": "1", "linger.ms": 0}, sim=sim)
    for number in range(24):
        if number == 3:
            sim.network.partition({one}, {leader, other})
        if number == 10:
            sim.network.delay(leader, other, sim.draw("slow", 50, 150))
        if number == 14:  # the leader is left alone
            sim.network.partition({one, other}, {leader})
        producer.produce("orders", f"order {number}", partition=0)
        sim.run(0.3 + sim.draw(f"pause {number}", 0, 3) / 10)
        found = _knowledge(sim, leader)
        if found is not None:
            yield found


def _knowledge(sim: Simulation, leader: int) -> Leader | None:
    """None while the ISR is about to change: then the leader waits for a little more."""
    broker = next(each for each in servers.brokers(sim.world) if each.broker_id == leader)
    leading = broker.replicas.partitions[TopicPartition("orders", 0)].leading
    if leading is None or not isinstance(leading.isr_state, CommittedIsr):
        return None
    ends = {id: follower.log_end_offset for id, follower in leading.followers.items()}
    ends[leader] = leading.log.log_end_offset
    ordered = {id: ends[id] for id in sorted(ends)}
    return Leader(leader, ordered, leading.isr_state.isr, leading.log.high_watermark)


def compare(rule: Callable[[dict[int, int], tuple[int, ...], int], int], seed: int) -> None:
    """`Mistaken` where a rule says something else than the engine."""
    for seen in leaders(seed):
        said = rule(dict(seen.ends), seen.isr, seen.id)
        if said != seen.high_watermark:
            raise Mistaken(said, seen)


class Mistaken(Exception):
    """What a rule said of a leader, wrongly."""

    def __init__(self, said: Any, seen: Leader) -> None:
        super().__init__(said)
        self.said, self.seen = said, seen
