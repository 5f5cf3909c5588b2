"""One partition in depth: the detail `replication TOPIC PARTITION`.

    broker   has       the leader knows      caught up        in sync
    1 ★      0 … 42                                           yes
    2        0 … 42    41, by its fetch      3 ms ago         yes     ◀ holds the watermark
    3        0 … 38    38                    12.0 s ago       no, it lags

What a follower *has* and what its leader *knows* differ: a leader learns how far a follower is by
the offset its next fetch asks for.  The high watermark is the least of what is known of those that
count: the maximal ISR, and those about to join.

Read next: `kafkalab.replica.leading`, the rule itself; `lab.scenes.pictures.replication`.
"""

from collections.abc import Mapping
from typing import Final, Literal, TypedDict

from kafkalab.ids import NO_NODE, NodeId, TopicPartition
from kafkalab.metadata.image import PartitionImage
from kafkalab.replica.follower_state import FollowerState
from kafkalab.replica.leading import Leading
from kafkalab.server import Broker
from kafkalab.world import World, servers
from kafkalab.world.trace import Entry

#: How far back in the trace moves are looked for, and how many are carried.
ENTRIES_MAX: Final = 10_000
MOVES_MAX: Final = 24
_KINDS: Final = frozenset(
    {
        "Appended", "Replicated", "HighWatermarkAdvanced", "IsrShrinkAsked", "IsrExpandAsked",
        "IsrChanged", "LeaderElected", "LeaderStarted", "FollowerStarted", "Truncated",
        "AppendRefused",
    }
)  # fmt: skip

Pending = Literal["", "expand", "shrink"]


class ReplicaDepthFrame(TypedDict):
    """One replica.  `end`, `high_watermark` and `epochs` are its own; `known_end` and the times,
    in ms before now, are what the leader knows of a follower (None: nothing, or it leads).

    `counts`: whether the high watermark waits for it.
    """

    id: int
    is_up: bool
    is_leader: bool
    in_isr: bool
    log_start: int
    end: int
    high_watermark: int
    epochs: list[list[int]]  # [epoch, start offset]
    known_end: int | None
    caught_up_ms: int | None
    fetched_ms: int | None
    counts: bool


class MoveFrame(TypedDict):
    """Something that happened at one of the replicas; `first` and `last` are offsets, -1 for none.

    `by`: whose fetch told the leader (high watermark), None if that is not known any more.
    """

    id: int
    at: int
    broker: int | None  # None: the controller
    kind: str
    first: int
    last: int
    words: str
    by: int | None


class ReplicationFrame(TypedDict):
    """As the leader knows it; without a running leader as the controller's metadata has it."""

    topic: str
    partition: int
    leader: int | None
    leads: bool  # the broker named runs, and knows that it leads
    leader_epoch: int
    epoch_start: int
    partition_epoch: int
    isr: list[int]
    pending: Pending
    wanted: list[int]  # the ISR asked for, the same as `isr` if none is
    elr: list[int]
    last_known_elr: list[int]
    min_isr: int
    lag_time_max_ms: int
    high_watermark: int
    end: int
    replicas: list[ReplicaDepthFrame]
    moves: list[MoveFrame]  # newest first


def replication_detail(world: World, words: tuple[str, ...]) -> ReplicationFrame | None:
    """`words`: topic and partition.  None if there is no such partition."""
    topic, number = words
    partition = TopicPartition(topic, int(number))
    decided = servers.metadata(world).partition(partition)
    if decided is None:
        return None
    brokers = {broker.broker_id: broker for broker in servers.brokers(world)}
    leading = _leading(world, brokers, decided, partition)
    replicas = [
        _replica(world, brokers, id, partition, decided, leading) for id in decided.replicas
    ]
    best = max(replicas, key=lambda each: (each["is_leader"], each["end"]))
    state = leading.isr_state if leading else None
    isr = list(state.isr) if state else list(decided.isr)
    wanted = list(getattr(state, "wanted", isr))
    any_broker = next(iter(brokers.values()))
    return {
        "topic": topic,
        "partition": partition.partition,
        "leader": decided.leader if decided.leader != NO_NODE else None,
        "leads": leading is not None,
        "leader_epoch": decided.leader_epoch,
        "epoch_start": leading.epoch_start if leading else -1,
        "partition_epoch": decided.partition_epoch,
        "isr": isr,
        "pending": "" if wanted == isr else "expand" if len(wanted) > len(isr) else "shrink",
        "wanted": wanted,
        "elr": list(decided.elr),
        "last_known_elr": list(decided.last_known_elr),
        "min_isr": _min_isr(world, any_broker, decided, partition),
        "lag_time_max_ms": any_broker.config.int("replica.lag.time.max.ms"),
        "high_watermark": best["high_watermark"],
        "end": best["end"],
        "replicas": replicas,
        "moves": _moves(world, partition),
    }


def _min_isr(
    world: World, broker: Broker, decided: PartitionImage, partition: TopicPartition
) -> int:
    config = servers.metadata(world).topic_config(partition.topic, broker.config)
    return min(config.int("min.insync.replicas"), max(len(decided.replicas), 1))


def _leading(
    world: World,
    brokers: Mapping[NodeId, Broker],
    decided: PartitionImage,
    partition: TopicPartition,
) -> Leading | None:
    """What the leader knows, if it runs and knows that it leads."""
    broker = brokers.get(decided.leader)
    if broker is None or not world.is_up(broker.name):
        return None
    hosted = broker.replicas.partition(partition)
    return hosted.leading if hosted is not None else None


def _replica(
    world: World,
    brokers: Mapping[NodeId, Broker],
    id: NodeId,
    partition: TopicPartition,
    decided: PartitionImage,
    leading: Leading | None,
) -> ReplicaDepthFrame:
    broker = brokers.get(id)
    log = broker.disk.logs.get(partition) if broker is not None else None
    follower = leading.followers.get(id) if leading else None
    caught_up_ms, fetched_ms = _times(world, leading, follower)
    return {
        "id": id,
        "is_up": broker is not None and world.is_up(broker.name),
        "is_leader": id == decided.leader,
        "in_isr": id in (leading.isr_state.isr if leading else decided.isr),
        "log_start": log.log_start_offset if log else 0,
        "end": log.log_end_offset if log else 0,
        "high_watermark": log.high_watermark if log else 0,
        "epochs": [list(row) for row in log.epochs.rows] if log else [],
        "known_end": follower.log_end_offset if follower and follower.log_end_offset >= 0 else None,
        "caught_up_ms": caught_up_ms,
        "fetched_ms": fetched_ms,
        "counts": _counts(world, leading, id),
    }


def _times(
    world: World, leading: Leading | None, follower: FollowerState | None
) -> tuple[int | None, int | None]:
    """Since it was caught up, and since its last fetch.

    A fetch of an idle partition is noted once for all of a broker's (see `FollowerState`).
    """
    if leading is None or follower is None:
        return None, None
    caught_up, fetched = follower.last_caught_up_ms, follower.last_fetch_ms
    if follower.is_fetching and follower.log_end_offset == leading.log.log_end_offset:
        idle = leading.local.last_fetch_ms.get(follower.id, fetched)
        caught_up, fetched = max(caught_up, idle), max(fetched, idle)
    return (
        world.now - caught_up if caught_up >= 0 else None,
        world.now - fetched if fetched >= 0 else None,
    )


def _counts(world: World, leading: Leading | None, id: NodeId) -> bool:
    """As `Leading.advance_high_watermark` asks."""
    if leading is None:
        return False
    follower = leading.followers.get(id)
    if follower is None:
        return id == leading.local.id
    return id in leading.isr_state.maximal or leading.is_joining(
        follower, leading.log.log_end_offset, world.now
    )


def _moves(world: World, partition: TopicPartition) -> list[MoveFrame]:
    topic, number = partition
    found = [
        entry
        for entry in world.trace.latest(_KINDS, ENTRIES_MAX)
        if entry.event[1] == topic and entry.event[2] == number
    ]
    return [_move(world, entry) for entry in reversed(found[-MOVES_MAX:])]


def _move(world: World, entry: Entry) -> MoveFrame:
    fields, kind = entry.fields, entry.kind
    first, last, words = -1, -1, ""
    match kind:
        case "Appended" | "Replicated":
            first, last = fields["base_offset"], fields["last_offset"]
        case "HighWatermarkAdvanced":
            last = fields["high_watermark"]
        case "Truncated":
            first, last = fields["offset"], fields["removed"]
        case "IsrShrinkAsked" | "IsrExpandAsked":
            words = _ids(fields["wanted"])
        case "IsrChanged":
            words = _ids(fields["after"])
        case "LeaderElected":
            last, words = fields["leader"], str(fields["leader_epoch"])
        case "LeaderStarted" | "FollowerStarted":
            words = str(fields["leader_epoch"])
        case "AppendRefused":
            words = str(getattr(fields["error"], "name", fields["error"]))
    name, _, id = entry.node.rpartition("-")
    return {
        "id": entry.id,
        "at": entry.at - world.began,
        "broker": int(id) if name == "broker" and id.isdigit() else None,
        "kind": kind,
        "first": first,
        "last": last,
        "words": words,
        "by": _whose_fetch(world, entry) if kind == "HighWatermarkAdvanced" else None,
    }


def _whose_fetch(world: World, entry: Entry) -> int | None:
    cause = world.trace.entry(entry.cause)
    if cause is None or cause.kind != "Delivered":
        return None
    fields = cause.fields
    name, _, id = str(fields["client"]).rpartition("-")
    is_request = fields["server"] == entry.node and name == "broker"
    return int(id) if is_request and id.isdigit() else None


def _ids(ids: tuple[int, ...]) -> str:
    return "{" + ", ".join(map(str, ids)) + "}"
