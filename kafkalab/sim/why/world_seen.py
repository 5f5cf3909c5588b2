"""What the answers look up in a world: events by kind and partition, faults, who was leader.

Read next: `leadership`.
"""

from typing import Final

from kafkalab.ids import NO_NODE, NodeId, NodeName, TopicPartition, server_name
from kafkalab.metadata.image import PartitionImage
from kafkalab.sim import cluster
from kafkalab.sim.faults_in_force import InForce
from kafkalab.sim.let_go import first_known, remembered
from kafkalab.sim.record_lives import RecordLives
from kafkalab.sim.telling import seconds
from kafkalab.world import Entry, World

#: Read once, for they are few even in a long run, and most answers are made of them.
RARE: Final = (
    "Crashed", "PowerLost", "DiskChanged", "RequestIntercepted", "ConnectionCut", "ShutdownBegun",
    "Stopped", "Restarted", "Paused", "Resumed", "Partitioned", "Healed",
    "Delayed", "MessageHeld", "ClockSet",
    "BrokerRegistered", "BrokerFenced", "BrokerUnfenced", "LeaderElected", "LeaderStarted",
    "IsrShrinkAsked", "IsrExpandAsked", "IsrChanged", "GroupStateChanged", "MemberJoined",
    "MemberLeft", "AppCrashed", "AppFinished",
)  # fmt: skip


class Seen:
    """One world, asked about."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.trace = world.trace
        self._rare = [*remembered(world), *world.trace.of(*RARE)]
        self.is_partial = first_known(world.trace) is not None  # older events were let go of
        self.faults = InForce(world)
        self.image = cluster.metadata(world)
        self.also: dict[int, list[Entry]] = {}  # by a fault's id: others that do it alone, too

    def clock(self, ms: int) -> str:
        """`2.330 s`: an instant as pictures show it, counted from when the world began."""
        return seconds(ms, self.world.began)

    def partition(self, of: TopicPartition) -> PartitionImage | None:
        return self.image.partition(of)

    def last(
        self, kind: str, of: TopicPartition | None = None, before_id: int | None = None
    ) -> Entry | None:
        """The newest event of a kind, about a partition, before an id."""
        return next(iter(self.all(kind, of, before_id)), None)

    def all(
        self, kind: str, of: TopicPartition | None = None, before_id: int | None = None
    ) -> list[Entry]:
        """The same, all of them, newest first."""
        return [
            entry
            for entry in reversed(self._of(kind))
            if (before_id is None or entry.id < before_id)
            and (of is None or (entry.event[1], entry.event[2]) == tuple(of))
        ]

    def isr_at(self, of: TopicPartition, before_id: int) -> tuple[NodeId, ...]:
        """The ISR just before an event; () if the partition is not there any more."""
        before: tuple[NodeId, ...]
        if (last := self.last("IsrChanged", of, before_id)) is not None:
            before = last.fields["after"]
            return before
        if later := [e for e in self.all("IsrChanged", of) if e.id >= before_id]:
            before = later[-1].fields["before"]
            return before
        now = self.partition(of)
        return now.isr if now is not None else ()

    def lives(self, until_id: int | None = None) -> RecordLives:
        """Of all records, from the events up to that one."""
        lives = RecordLives({}, is_partial=self.is_partial)
        lives.read(each for each in self.trace if until_id is None or each.id <= until_id)
        return lives

    def siblings(self, entry: Entry) -> list[Entry]:
        """What was said in the same instant of the same handling: decided together."""
        return [
            each
            for each in self._rare
            if each.cause == entry.cause
            and each.at == entry.at
            and each.node == entry.node
            and each.id != entry.id
        ]

    def _of(self, kind: str) -> list[Entry]:
        if kind not in RARE:
            return self.trace.of(kind)
        return [entry for entry in self._rare if entry.event[0] == kind]

    def leader_before(self, entry: Entry) -> NodeId:
        """Who led a partition before this election."""
        of = TopicPartition(entry.event[1], entry.event[2])
        before = self.last("LeaderElected", of, entry.id)
        if before is not None:
            leader: NodeId = before.fields["leader"]
            return leader
        started = self.all("LeaderStarted", of, entry.id)
        return int(started[-1].node.rpartition("-")[2]) if started else NO_NODE

    def controller(self) -> NodeName:
        """The active one, or the first."""
        active = cluster.active_controller(self.world)
        return active.name if active else cluster.controllers(self.world)[0].name

    def silence(
        self, one: NodeName, other: NodeName, entry: Entry, *, api: str = ""
    ) -> Entry | None:
        """The fault that kept two nodes apart when this happened, or had until just before."""
        return self._first(self.faults.all_between(one, other, entry.at, entry.id, api=api))

    def apart(self, one: NodeName, other: NodeName) -> Entry | None:
        """The fault that keeps two nodes apart now; others that do, too, go to `also`."""
        return self._first(self.faults.all_between(one, other, self.world.now))

    def _first(self, faults: list[Entry]) -> Entry | None:
        if not faults:
            return None
        self.also.setdefault(faults[0].id, []).extend(faults[1:])
        return faults[0]

    def of(self, *kinds: str, node: NodeName | None = None) -> list[Entry]:
        """The rare events of some kinds, oldest first."""
        return [e for e in self._rare if e.event[0] in kinds and node in (None, e.node)]

    def all_after(self, kind: str, node: NodeName, first: Entry, last: Entry) -> list[Entry]:
        """The events of a kind and node between two others."""
        return [e for e in self.of(kind, node=node) if first.id < e.id < last.id]

    def down(self, broker: NodeId) -> Entry | None:
        """The fault of a broker itself, now."""
        return self.faults.of(server_name(broker), self.world.now)
