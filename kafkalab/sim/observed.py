"""What a run has shown so far: the memory that the invariants judge by.

    committed   of each partition: the entries that were below some leader's high watermark
    written     of each partition: every (offset, leader epoch) ever written, what and after what
    scanned     of each replica: how far its log has been looked at, and is as `committed` says

An invariant over one instant needs no memory; those over a history ("never falls", "in every later
leader's log") do.  It is kept outside the engine and reads logs as they lie on the disks, those of
crashed brokers too.  Each entry of a log is looked at once, however often invariants are checked.

A partition is *tainted* once an unclean election has been allowed to lose records: from then on
nothing is claimed of what was committed there.
Read next: `invariants`, which fills this and asks.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

from kafkalab.ids import NodeId, NodeName, TopicPartition, Uuid
from kafkalab.log import PartitionLog
from kafkalab.metadata import MetadataImage
from kafkalab.metadata.image import PartitionImage
from kafkalab.record import Entry
from kafkalab.replica.partition import Partition
from kafkalab.server import Broker
from kafkalab.sim.compacted_past import Past
from kafkalab.world import World, servers

METADATA_TOPIC = "__cluster_metadata"

#: (base offset, leader epoch): by log matching that names an entry.
Place = tuple[int, int]


@dataclass(slots=True)
class Scanned:
    """One replica's log as it was when last looked at."""

    topic_id: Uuid
    places: list[Place] = field(default_factory=list)  # of its entries, oldest first
    end: int = 0  # the log's end then
    log_start: int = 0
    matching: int = 0  # all below is known to be as committed


@dataclass(slots=True)
class Led:
    """A leader's last known state, to see that nothing falls."""

    started: int  # when its process began
    leader_epoch: int
    high_watermark: int
    min_isr: int
    isr: tuple[NodeId, ...]
    #: When this was last looked at: a step may change these and act in between.
    min_isr_before: int
    isr_before: tuple[NodeId, ...]


@dataclass(slots=True)
class PartitionSeen:
    """The history of one partition, of one topic id."""

    topic_id: Uuid
    committed: list[Entry] = field(default_factory=list)
    committed_in: list[int] = field(default_factory=list)  # the leader epoch that did, of each
    committed_end: int = 0
    written: dict[Place, tuple[Entry, Place | None]] = field(default_factory=dict)
    appender: dict[int, NodeName] = field(default_factory=dict)  # of each leader epoch
    epoch_start: dict[int, int] = field(default_factory=dict)  # where the leader's log ended then
    image: PartitionImage | None = None
    leader_high_watermark: int = 0  # the highest any leader has had
    is_tainted: bool = False
    #: Who has lost unflushed bytes and has not joined the ISR since: nothing is promised of it.
    forgetful: set[NodeId] = field(default_factory=set)
    may_lose: bool = False  # an operator has asked for an unclean election
    sequences: dict[tuple[int, int], int] = field(default_factory=dict)  # last, of committed
    past: Past = field(default_factory=Past)  # as R17 reads it
    cleaned_to: int = 0  # below, some replica has compacted: equal offsets may have other bytes


class Observed:
    """See the module's docstring."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.partitions: dict[TopicPartition, PartitionSeen] = {}
        self.scans: dict[tuple[NodeId, TopicPartition], Scanned] = {}
        self.led: dict[tuple[NodeId, TopicPartition], Led] = {}
        #: Whether a replica leads: when looked at before, and now.
        self.roles: dict[tuple[NodeId, TopicPartition], tuple[bool, bool]] = {}
        self.images: dict[int, MetadataImage] = {}  # the controllers', by offset
        self.image = MetadataImage.EMPTY
        self.quorum: dict[NodeName, tuple[int, int, int]] = {}  # started, epoch, high watermark
        self.generations: dict[tuple[NodeId, int, int, str], int] = {}
        self.producers: dict[int, tuple[NodeName, int]] = {}  # producer id -> whose
        #: Of each compacted replica: what was judged by R17.
        self.judged: dict[tuple[NodeId, TopicPartition], tuple[Uuid, int, int, int]] = {}
        self.ended: dict[NodeName, str] = {}  # how a server's last process did: its event
        self._nodes = 0  # how many the world had when its brokers were looked for
        self._broker_names: list[NodeName] = []

    # --- reading the world

    def brokers(self) -> list[Broker]:
        """All brokers, crashed ones too, by number."""
        nodes = self.world.nodes
        if len(nodes) != self._nodes:
            self._nodes = len(nodes)
            self._broker_names = [node.name for node in servers.brokers(self.world)]
        return cast("list[Broker]", [nodes[name] for name in self._broker_names])

    def logs(self, name: TopicPartition) -> list[tuple[Broker, PartitionLog]]:
        """A partition's logs, whether or not their brokers run; none of another topic's id."""
        seen = self.partitions.get(name)
        found: list[tuple[Broker, PartitionLog]] = []
        for broker in self.brokers():
            log = broker.disk.logs.get(name)
            if log is not None and (seen is None or log.topic_id == seen.topic_id):
                found.append((broker, log))
        return found

    def disk_log(self, broker_id: NodeId, name: TopicPartition) -> PartitionLog | None:
        """A replica's log, whether or not its broker runs; None if it has none (of this topic)."""
        node = self.world.nodes.get(f"broker-{broker_id}")
        assert isinstance(node, Broker), broker_id
        log = node.disk.logs.get(name)
        seen = self.partitions.get(name)
        if log is None or (seen is not None and log.topic_id != seen.topic_id):
            return None
        return log

    def replicas(self, name: TopicPartition) -> Iterator[tuple[Broker, Partition]]:
        """The replicas of running brokers."""
        seen, crashed = self.partitions.get(name), self.world.crashed
        if seen is None:
            return
        for broker in self.brokers():
            replica = broker.replicas.partition(name)
            if (
                replica is not None
                and replica.log.topic_id == seen.topic_id
                and broker.name not in crashed
            ):
                yield broker, replica

    def leaders(self, name: TopicPartition) -> Iterator[tuple[Broker, Partition]]:
        """The replicas that think they lead; a deposed one that does not know it yet too."""
        return ((broker, replica) for broker, replica in self.replicas(name) if replica.is_leader)

    def is_tainted(self, topic: str) -> bool:
        """Whether some partition of a topic may have lost what was committed."""
        return any(seen.is_tainted for name, seen in self.partitions.items() if name.topic == topic)

    # --- following the logs

    def forget_scans(self, name: TopicPartition, logs: list[tuple[Broker, PartitionLog]]) -> None:
        """Keep nothing of a partition's logs that are no more."""
        there = {broker.broker_id for broker, _ in logs}
        for broker in self.brokers():
            if broker.broker_id not in there:
                self.scans.pop((broker.broker_id, name), None)

    def scan(self, broker_id: NodeId, log: PartitionLog) -> tuple[Scanned, list[Entry]]:
        """Look at what is new in a replica's log: what was known of it, and the new entries."""
        name = log.topic_partition
        scanned = self.scans.get((broker_id, name))
        if scanned is None or scanned.topic_id != log.topic_id:
            start = log.log_start_offset
            scanned = Scanned(log.topic_id, end=start, log_start=start, matching=start)
            self.scans[broker_id, name] = scanned
        if log.log_end_offset == scanned.end:
            return scanned, []
        new = [entry for entry in log.entries_from(scanned.end) if entry.base_offset >= scanned.end]
        return scanned, new

    def truncated(self, broker_id: NodeId, name: TopicPartition, offset: int) -> list[Place]:
        """A replica's log was cut at `offset`; what of it had been looked at and is gone."""
        scanned = self.scans.get((broker_id, name))
        if scanned is None:
            return []
        places = scanned.places
        first = len(places)
        while first and places[first - 1][0] >= offset:
            first -= 1
        gone = places[first:]
        del places[first:]
        scanned.end = min(scanned.end, offset)
        scanned.matching = min(scanned.matching, offset)
        if not places:
            scanned.end = scanned.matching = offset
        return gone

    def committed_from(self, seen: PartitionSeen, offset: int) -> Iterator[Entry]:
        """The committed entries that begin at or after `offset`."""
        low, high = 0, len(seen.committed)
        while low < high:
            middle = (low + high) // 2
            if seen.committed[middle].base_offset < offset:
                low = middle + 1
            else:
                high = middle
        yield from seen.committed[low:]
