"""Stories of lesson 08: what the notebook shows and the exercises judge.

Read next: `lesson_08`.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from kafkalab import AdminClient, NewTopic, Producer, Simulation
from kafkalab.client.errors import KafkaException
from kafkalab.metadata import records as r
from kafkalab.metadata.delta import NO_LEADER_CHANGE
from kafkalab.metadata.serde import decode_batch
from kafkalab.raft.metadata_log import METADATA_PARTITION
from kafkalab.raft.snapshots import Snapshots
from kafkalab.world import servers
from lab.checking.behaviour import Broken
from lab.exercises.stories_07 import QUICK

#: Controllers that are no brokers have numbers above this.
_CONTROLLERS: Final = 100
#: A partition's name, such as "orders-0", to its leader and ISR.
Image = dict[str, dict[str, Any]]


def active(sim: Simulation) -> int | None:
    """The active controller; None while there is none."""
    found = servers.active_controller(sim.world)
    return None if found is None else found.node_id


def send(sim: Simulation, value: str, acks: str = "all", wait_ms: int = 15_000) -> str:
    """Produce one record to orders-0 and wait: "acknowledged", or the error."""
    told: list[str] = []
    conf = {"bootstrap.servers": "kafka:9092", "acks": acks, "linger.ms": 0}
    producer = Producer({**conf, "message.timeout.ms": wait_ms}, sim=sim)
    producer.produce(
        "orders",
        value,
        partition=0,
        on_delivery=lambda error, _: told.append(error.str() if error else "acknowledged"),
    )
    producer.flush()
    return told[0]


def create(sim: Simulation, topic: str, copies: int = 1) -> str:
    """Ask for a topic and wait ten seconds at most: "created", or the error."""
    admin = AdminClient({"bootstrap.servers": "kafka:9092"}, sim=sim)
    asked = admin.create_topics([NewTopic(topic, 1, copies)], request_timeout=10)
    try:
        asked[topic].result()
    except KafkaException as error:
        return str(error.args[0].str())
    return "created"


def follow(sim: Simulation, until: int) -> str:
    """Run event by event until all that run have replayed what is below `until`; a line for each
    that writes, copies or replays records of the metadata log.
    """
    lines: list[str] = []
    before = _marks(sim)
    while any(replayed < until - 1 for _, replayed in before.values()):
        sim.step()
        after = _marks(sim)
        for name, (end, replayed) in after.items():
            had, knew = before.get(name, (end, replayed))
            verb = "writes" if name == f"controller-{active(sim)}" else "copies"
            lines += _line(sim, name, verb, had, end)
            lines += _line(sim, name, "replays", knew + 1, replayed + 1)
        before = after
    return "\n".join(lines)


def _marks(sim: Simulation) -> dict[str, tuple[int, int]]:
    """Where the log of each that runs ends, and the last record that it has replayed."""
    return {
        node.name: (node.raft.log_end_offset, node.image.offset)
        for node in _servers(sim)
        if sim.world.is_up(node.name)
    }


def _line(sim: Simulation, name: str, verb: str, first: int, end: int) -> list[str]:
    if end <= first:
        return []
    records = ", ".join(map(str, range(first, end)))
    return [f"{sim.now / 1000:8.3f} s   {name.replace('-', ' '):16}{verb:9}{records}"]


def replayed(sim: Simulation) -> str:
    """How much of the metadata log each server has replayed, of those that run."""
    said = {f"{name.replace('-', ' ')}: {last}" for name, (_, last) in _marks(sim).items()}
    return "last record replayed by " + ", ".join(sorted(said))


def snapshot(sim: Simulation) -> str:
    """What the active controller's newest snapshot stands for, and how much it holds."""
    node = next(n for n in _servers(sim) if n.raft.node_id == active(sim))
    newest = Snapshots(node.disk).latest
    said = f"the metadata log: {node.raft.log_end_offset} records"
    if newest is None:
        return f"{said}; no snapshot yet"
    below, count = newest.id.end_offset, len(newest.records())
    return (
        f"{said}\nthe newest snapshot: {count} records; they stand for the first {below} of the log"
    )


def _servers(sim: Simulation) -> list[Any]:
    return sorted(servers.all_servers(sim.world), key=_controllers_first)


def _controllers_first(node: Any) -> tuple[bool, int]:
    number: int = node.raft.node_id
    return number < _CONTROLLERS, number


def steady(sim: Simulation, count: int = 40) -> tuple[int, int]:
    """An order each 100 ms: how many were acknowledged, and how many of those while there was no
    active controller.
    """
    acknowledged = alone = 0
    for number in range(count):
        if send(sim, f"order {number}") == "acknowledged":
            acknowledged += 1
            alone += active(sim) is None
        sim.run(0.1)
    return acknowledged, alone


# --- exercise 08.1 --------------------------------------------------------------------------------


class Shape(NamedTuple):
    """How a cluster is made."""

    controllers: int
    brokers: int
    replication_factor: int


def two_crash(seed: int, shape: Shape) -> Simulation:
    """Two servers crash: controllers, brokers or one of each, by the seed."""
    sim = Simulation(shape.brokers, seed, shape.controllers, config=QUICK)
    config = {"min.insync.replicas": 2}
    sim.create_topic("orders", 1, shape.replication_factor, config)
    sim.run(1)
    controllers = [node.node_id for node in servers.controllers(sim.world)]
    replicas = list(sim.metadata.topics["orders"].partitions[0].replicas)
    count = (2, 0, 1)[seed % 3]
    for node_id in _drawn(sim, controllers, count):
        sim.controller(node_id).crash()
    for node_id in _drawn(sim, replicas, 2 - count):
        sim.broker(node_id).crash()
    sim.run(15)
    return sim


def _drawn(sim: Simulation, nodes: list[int], count: int) -> list[int]:
    left = list(nodes)
    return [
        left.pop(sim.draw(f"crash {number} of {len(nodes)}", 0, len(left) - 1))
        for number in range(min(count, len(nodes)))
    ]


def judge_shape(seed: int, shape: Shape) -> None:
    """`Broken` if orders are refused, or no topic can be created."""
    sim = two_crash(seed, shape)
    down = ["two controllers", "two brokers", "a controller and a broker"][seed % 3]
    wrote = send(sim, "one more")
    if wrote != "acknowledged":
        raise Broken(f"{down} crashed, and an order got no receipt: {wrote}.", sim.now)
    made = create(sim, "another")
    if made != "created":
        raise Broken(f"{down} crashed, and no topic could be created: {made}.", sim.now)


# --- exercise 08.2 --------------------------------------------------------------------------------


def eventful(seed: int) -> Simulation:
    """Topics are made and deleted, brokers crash and come back."""
    sim = Simulation(brokers=3, seed=seed, controllers=1, config=QUICK)
    sim.create_topic("orders", partitions=2, replication_factor=3)
    sim.create_topic("passing", partitions=1, replication_factor=2)
    first = sim.draw("first", 1, 3)
    sim.broker(first).crash()
    sim.run(sim.draw("down", 4, 8))
    sim.delete_topic("passing")
    sim.broker(first).restart()
    sim.run(4)
    sim.broker(sim.draw("second", 1, 3)).crash()
    sim.run(5)
    return sim


def partition_records(sim: Simulation) -> Iterator[Mapping[str, Any]]:
    """The metadata log, from its start: what it says about partitions, as simple dicts.

    `{"kind": "PartitionChange", "partition": "orders-0", "isr": (1, 3)}`: what a change does not
    mention stays.
    """
    controller = servers.controllers(sim.world)[0]
    names: dict[Any, str] = {}
    for entry in controller.disk.logs[METADATA_PARTITION].entries_from(0):
        for record in () if entry.batch.is_control else decode_batch(entry.batch):
            match record:
                case r.TopicRecord():
                    names[record.topic_id] = record.name
                case r.PartitionRecord():
                    name = f"{names[record.topic_id]}-{record.partition_id}"
                    about = {"kind": "Partition", "partition": name, "leader": record.leader}
                    yield {**about, "isr": record.isr}
                case r.PartitionChangeRecord():
                    name = f"{names[record.topic_id]}-{record.partition_id}"
                    yield {"kind": "PartitionChange", "partition": name, **_changes(record)}
                case r.RemoveTopicRecord():
                    yield {"kind": "RemoveTopic", "topic": names[record.topic_id]}


def _changes(record: r.PartitionChangeRecord) -> dict[str, Any]:
    said: dict[str, Any] = {}
    if record.leader != NO_LEADER_CHANGE:
        said["leader"] = record.leader
    if record.isr is not None:
        said["isr"] = record.isr
    return said


def image_of(sim: Simulation) -> Image:
    """Leaders and ISRs as the controllers have them."""
    return {
        f"{name}-{number}": {"leader": partition.leader, "isr": partition.isr}
        for name, topic in sorted(sim.metadata.topics.items())
        for number, partition in sorted(topic.partitions.items())
    }


LOOK: Final = (
    "from lab.exercises.stories_08 import eventful, image_of, partition_records\n"
    "sim = eventful({seed})\nfor record in partition_records(sim):\n    print(record)\n"
    "print(image_of(sim))"
)
