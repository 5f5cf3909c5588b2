"""The quorum in depth: the detail `quorum`.  Voters, the metadata log, and who has replayed what.

    offset   record                                      101  102  103 │ 1  2  3
    41       PartitionChange orders-0: leader 2, ISR …    ■    ■    ┆  │ ✓  ✓  ┆

The log is told as the node with the longest one has it: the active controller's, as a rule.

Read next: `details`; `lab.scenes.pictures.quorum`, which draws it.
"""

from collections.abc import Set
from typing import Any, Final, TypedDict

from kafkalab.errors import KafkaError
from kafkalab.ids import NO_NODE, NodeId
from kafkalab.log import PartitionLog
from kafkalab.metadata import MetadataImage
from kafkalab.metadata import records as r
from kafkalab.metadata.serde import decode_batch
from kafkalab.raft.metadata_log import METADATA_PARTITION
from kafkalab.record import Entry
from kafkalab.world import World, servers

#: Records carried at most: the last of the log.
RECORDS_MAX: Final = 40
_TEXT_MAX: Final = 120


class MetadataRecordFrame(TypedDict):
    """One record of the metadata log; `kind` is Kafka's name for it, without "Record"."""

    offset: int
    epoch: int
    kind: str
    words: str


class NodeLogFrame(TypedDict):
    """How far a node is.  `log_end` and `high_watermark` are its copy's; `replayed` is the offset
    of the last record in its image, -1 for none."""

    id: int
    is_voter: bool
    is_up: bool
    log_end: int
    high_watermark: int
    replayed: int


class QuorumFrame(TypedDict):
    active: int | None
    epoch: int
    majority: int
    nodes: list[NodeLogFrame]
    records: list[MetadataRecordFrame]
    log_start: int
    snapshot: int | None  # the offset up to which the longest log's node has a snapshot


def quorum_detail(world: World, words: tuple[str, ...]) -> QuorumFrame:
    """No words.  Never None: there is a quorum in every world."""
    controllers = servers.controllers(world)
    voters = {node.node_id for node in controllers}
    active = servers.active_controller(world)
    nodes = [_node(world, node, voters) for node in servers.all_servers(world)]
    nodes.sort(key=lambda node: (not node["is_voter"], node["id"]))
    longest = max(controllers, key=lambda node: (node is active, node.raft.log_end_offset))
    log = longest.disk.logs[METADATA_PARTITION]
    ids = longest.raft.snapshot_ids
    return {
        "active": active.node_id if active is not None else None,
        "epoch": max(node.raft.epoch for node in controllers),
        "majority": len(controllers) // 2 + 1,
        "nodes": nodes,
        "records": _records(log, longest.image),
        "log_start": log.log_start_offset,
        "snapshot": ids[-1].end_offset if ids else None,
    }


def _node(world: World, node: Any, voters: Set[NodeId]) -> NodeLogFrame:
    return {
        "id": node.raft.node_id,
        "is_voter": node.raft.node_id in voters,
        "is_up": world.is_up(node.name),
        "log_end": node.raft.log_end_offset,
        "high_watermark": node.raft.high_watermark,
        "replayed": node.image.offset,
    }


def _records(log: PartitionLog, image: MetadataImage) -> list[MetadataRecordFrame]:
    names = {topic.topic_id: name for name, topic in image.topics.items()}
    found: list[MetadataRecordFrame] = []
    for entry in log.entries_from(max(log.log_start_offset, log.log_end_offset - RECORDS_MAX)):
        found += _entry(entry, names)
    return found[-RECORDS_MAX:]


def _entry(entry: Entry, names: dict[Any, str]) -> list[MetadataRecordFrame]:
    epoch = entry.leader_epoch
    if entry.batch.is_control:
        words = "a leader begins its epoch"
        return [_frame(entry.base_offset, epoch, "LeaderChange", words)]
    try:
        records = decode_batch(entry.batch)
    except KafkaError as error:
        return [_frame(entry.base_offset, epoch, "?", str(error))]
    for record in records:
        if isinstance(record, r.TopicRecord):
            names[record.topic_id] = record.name
    return [
        _frame(entry.base_offset + index, epoch, _kind(record), _words(record, names))
        for index, record in enumerate(records)
    ]


def _frame(offset: int, epoch: int, kind: str, words: str) -> MetadataRecordFrame:
    return {"offset": offset, "epoch": epoch, "kind": kind, "words": words[:_TEXT_MAX]}


def _kind(record: Any) -> str:
    return type(record).__name__.removesuffix("Record")


def _words(record: Any, names: dict[Any, str]) -> str:
    """What a record says, for people."""
    match record:
        case r.RegisterBrokerRecord():
            return (
                f"broker {record.broker_id}, epoch {record.broker_epoch}, fenced until it is ready"
            )
        case r.UnregisterBrokerRecord():
            return f"broker {record.broker_id}"
        case r.BrokerRegistrationChangeRecord():
            state = {1: "fenced", -1: "unfenced"}.get(record.fenced, "unchanged")
            leaving = ", shutting down" if record.in_controlled_shutdown == 1 else ""
            return f"broker {record.broker_id}: {state}{leaving}"
        case r.TopicRecord():
            return f"topic {record.name}"
        case r.RemoveTopicRecord():
            return f"topic {names.get(record.topic_id, '?')} is deleted"
        case r.PartitionRecord():
            place = f"{names.get(record.topic_id, '?')}-{record.partition_id}"
            return f"{place}: leader {record.leader}, replicas {_ids(record.replicas)}"
        case r.PartitionChangeRecord():
            return _change(record, names)
        case r.ConfigRecord():
            about = record.resource_name or "all brokers"
            return f"{about}: {record.name} = {record.value}"
        case r.FeatureLevelRecord():
            return f"{record.name} = {record.feature_level}"
        case r.ProducerIdsRecord():
            return f"broker {record.broker_id} may give ids below {record.next_producer_id}"
        case r.RegisterControllerRecord():
            return f"controller {record.controller_id}"
        case r.NoOpRecord():
            return "time passes, nothing changes"
    return ""


def _change(record: r.PartitionChangeRecord, names: dict[Any, str]) -> str:
    place = f"{names.get(record.topic_id, '?')}-{record.partition_id}"
    parts = []
    if record.leader != _UNCHANGED:
        leader: NodeId = record.leader
        parts.append("no leader" if leader == NO_NODE else f"leader {leader}")
    if record.isr is not None:
        parts.append(f"ISR {_ids(record.isr)}")
    if record.eligible_leader_replicas is not None:
        parts.append(f"ELR {_ids(record.eligible_leader_replicas)}")
    return f"{place}: {', '.join(parts) or 'its epoch rises'}"


#: A change record's leader that stays (`LeaderConstants.NO_LEADER_CHANGE`).
_UNCHANGED: Final = -2


def _ids(ids: tuple[int, ...] | None) -> str:
    return "{" + ", ".join(map(str, ids or ())) + "}"
