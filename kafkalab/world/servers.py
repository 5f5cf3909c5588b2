"""Servers in a world: controllers 101 …, brokers 1 …, an operator, one disk each.

Both clocks build their cluster here and read it here: who leads the quorum, what it has decided,
which brokers are in service, what a consumer could read.

Settings are Kafka's, with the lab's defaults, and internal topics get no more copies than there
are brokers.
Read next: `operator`, by which a cluster asks itself for topics; `sim`, `live`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

from kafkalab.config import Config, broker_config
from kafkalab.errors import LearnerError
from kafkalab.ids import FIRST_CONTROLLER_ID, NodeId, NodeName, TopicPartition, server_name
from kafkalab.log import Disk
from kafkalab.log.disk import CLEAN_SHUTDOWN
from kafkalab.metadata import MetadataImage
from kafkalab.server import Broker, CombinedServer, Controller
from kafkalab.server.lifecycle import BrokerState
from kafkalab.world.faults import CommandError
from kafkalab.world.operator import Operator
from kafkalab.world.world import World

_SERVERS_MAX: Final = 100
_RACK: Final = "broker.rack"

#: Of each broker by its number, or names to be dealt out in turn.
Racks = Mapping[NodeId, str] | Sequence[str]


def settings(brokers: int, config: Mapping[str, Any] | None) -> Config:
    """The brokers' and controllers' configuration.  `ConfigError` for what does not fit."""
    _check_size("brokers", brokers)
    copies = min(3, brokers)
    return broker_config(
        {
            "offsets.topic.replication.factor": copies,
            "transaction.state.log.replication.factor": copies,
            "transaction.state.log.min.isr": min(2, brokers),
            **(config or {}),
        }
    )


ControllerNode = Controller | CombinedServer
ServerNode = Broker | Controller

#: The host and port that clients are told, for a broker.
Address = Callable[[NodeId], tuple[str, int]]


#: The disk of a server, by its number.
DiskOf = Callable[[NodeId], Disk]


def in_memory(node_id: NodeId) -> Disk:
    """An empty disk."""
    return Disk(f"disk of {server_name(node_id)}")


def build(
    world: World,
    brokers: int,
    controllers: int,
    config: Config,
    address: Address,
    disk_of: DiskOf = in_memory,
    *,
    combined: bool = False,
    racks: Sequence[str | None] = (),
) -> None:
    """Add the servers and the operator; nothing has run yet.

    `combined`: every broker is a controller too, and there are no others.  `racks`: see `racks_of`.
    """
    ids = tuple(range(1, brokers + 1))
    seed, now = world.seed, world.now
    if combined:
        voters = ids
    else:
        _check_size("controllers", controllers)
        voters = tuple(range(FIRST_CONTROLLER_ID, FIRST_CONTROLLER_ID + controllers))
        for node_id in voters:
            world.add(Controller(node_id, config, disk_of(node_id), seed, voters, now=now))
    kind = CombinedServer if combined else Broker
    for broker_id in ids:
        host, port = address(broker_id)
        disk = disk_of(broker_id)
        own = config.with_({_RACK: racks[broker_id - 1]}) if racks else config
        world.add(kind(broker_id, own, disk, seed, voters, host=host, port=port, now=now))
    world.add(Operator())


def racks_of(brokers: int, racks: Racks | None) -> tuple[str | None, ...]:
    """Each broker's rack, by number; () if none has one.  `LearnerError` for what does not fit.

    A list is dealt out in turn: ["a", "b"] puts brokers 1, 3, … into a and 2, 4, … into b.
    """
    if not racks:
        return ()
    if isinstance(racks, Mapping):
        strange = sorted(set(racks) - set(range(1, brokers + 1)))
        if strange:
            known = f"1 to {brokers}"
            raise LearnerError(f"racks names brokers {strange}; the brokers are {known}")
        names = [racks.get(number) for number in range(1, brokers + 1)]
    elif isinstance(racks, str):
        raise LearnerError(f"racks={racks!r}: give a list of names, or a name for each broker")
    else:
        names = [racks[number % len(racks)] for number in range(brokers)]
    for name in names:
        if name is not None and (not isinstance(name, str) or not name):
            raise LearnerError(f"a rack is called by a word, not {name!r}")
    return tuple(names)


def _check_size(what: str, count: int) -> None:
    if not isinstance(count, int) or not 1 <= count <= _SERVERS_MAX:
        raise LearnerError(f"a cluster has 1 to {_SERVERS_MAX} {what}, not {count!r}")


def broker(world: World, broker_id: NodeId) -> Broker:
    """A broker's node.  `CommandError` if there is none of that number."""
    name = server_name(broker_id)
    world.check_known(name)
    node = world.nodes[name]
    assert isinstance(node, Broker), name
    return node


def controller(world: World, node_id: NodeId) -> ControllerNode:
    """A controller's node.  `CommandError` if there is none of that number."""
    name = server_name(node_id)
    world.check_known(name)
    node = world.nodes[name]
    if not isinstance(node, ControllerNode):
        there_are = ", ".join(str(each.node_id) for each in controllers(world))
        raise CommandError(f"{name} is no controller; the controllers are {there_are}")
    return node


def brokers(world: World) -> list[Broker]:
    """All brokers, crashed ones too, by number."""
    return [node for node in world.nodes.values() if isinstance(node, Broker)]


def controllers(world: World) -> list[ControllerNode]:
    """All controllers, crashed ones too, by number; brokers among them if they are combined."""
    return [node for node in world.nodes.values() if isinstance(node, ControllerNode)]


def all_servers(world: World) -> list[ServerNode]:
    """Brokers and controllers, each once, crashed ones too."""
    return [node for node in world.nodes.values() if isinstance(node, ServerNode)]


def active_controller(world: World) -> ControllerNode | None:
    """The controller that leads the quorum, if one does; of two that think so, the later."""
    leading = [
        node for node in controllers(world) if world.is_up(node.name) and node.raft.is_leader
    ]
    return max(leading, key=lambda node: node.raft.epoch, default=None)


def metadata(world: World) -> MetadataImage:
    """What the cluster has decided: the image of whichever controller knows most."""
    images = (node.quorum.image for node in controllers(world))
    return max(images, key=lambda image: image.offset)


def in_service(world: World) -> list[Broker]:
    """The brokers that run and that the controller has not fenced."""
    known = metadata(world).brokers
    return [
        node
        for node in brokers(world)
        if world.is_up(node.name) and node.broker_id in known and not known[node.broker_id].fenced
    ]


class StoredRecord(NamedTuple):
    """A committed record, as its partition's leader has it.  `timestamp` in ms."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: int


def committed_records(world: World, topic: str, number: int) -> list[StoredRecord]:
    """The records of one partition below its leader's high watermark, without markers.

    `LearnerError` if the partition has no leader that runs.
    """
    name = TopicPartition(topic, number)
    known = metadata(world).partition(name)
    assert known is not None, name
    host = next((node for node in in_service(world) if node.broker_id == known.leader), None)
    partition = host.replicas.partition(name) if host is not None else None
    if partition is None or not partition.is_leader:
        raise LearnerError(f"{name} has no leader in service just now: let time pass, sim.run(10)")
    log = partition.log
    return [
        StoredRecord(number, record.offset, record.key, record.value, record.timestamp)
        for entry in log.entries_from(log.log_start_offset)
        if not entry.batch.is_control
        for record in entry.records()
        if log.log_start_offset <= record.offset < log.high_watermark
    ]


def is_ready(world: World) -> bool:
    """Whether every running broker is in service, and all know it."""
    running = [node for node in brokers(world) if world.is_up(node.name)]
    ids = [node.broker_id for node in running]
    return all(
        broker_id in node.image.brokers and not node.image.brokers[broker_id].fenced
        for node in running
        for broker_id in ids
    )


def knows_topic(world: World, name: str) -> bool:
    """Whether every broker in service has heard of a topic, and each partition has a leader."""
    decided = metadata(world).topics.get(name)
    if decided is None:
        return False
    for node in in_service(world):
        known = node.image.topics.get(name)
        if known is None or known.topic_id != decided.topic_id:
            return False
    return all(partition.has_leader for partition in decided.partitions.values())


State = Literal["online", "crashed", "stopped", "paused", "fenced", "starting"]


def state_of(world: World, name: NodeName, node_id: NodeId) -> State:
    """The state of a broker or controller, as pictures show it."""
    if name in world.crashed:
        return "stopped" if _left_in_order(world, name) else "crashed"
    if name in world.paused:
        return "paused"
    if not isinstance(world.nodes[name], Broker):
        return "online"
    known = metadata(world).brokers.get(node_id)
    if known is not None and not known.fenced:
        return "online"
    is_new = known is None or (not known.is_active and _is_starting(world, name))
    return "starting" if is_new else "fenced"


def _left_in_order(world: World, name: NodeName) -> bool:
    """Whether a process that has ended was shut down."""
    node = world.nodes[name]
    if isinstance(node, Broker):  # its next process takes the note away
        return CLEAN_SHUTDOWN in node.disk.properties
    return isinstance(node, Controller) and node.raft.has_shut_down(world.crashed[name])


def _is_starting(world: World, name: NodeName) -> bool:
    node = world.nodes[name]
    return isinstance(node, Broker) and node.lifecycle.state is not BrokerState.RUNNING
