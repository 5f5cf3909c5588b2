"""The ledger of a world, kept from one asking to the next: only what is new is read and told.

    trace      ──────── read ────────┤├─ new ─▶ lives ─▶ touched ────┐
    leaders and logs: as seen then ≠ as they are now ─▶ all of them ─┼─▶ told anew (`record_now`);
    fleeting: may change though no event is about them ──────────────┘   the others stay as told

Traffic is about the records that it names.  Any other event (an election, a restart, a truncation)
may be about all of them, so then all are told anew; so they are when a leader or a log is another
than was seen, which can come later than its event.

A fork begins with nothing kept and reads its own trace when it is first asked; so does a view of
the past.  A world that has let go of events before they were read is read anew from what it has.

Invariants: what is told equals what would be told from nothing; a fate that was told is never
changed, another takes its place; nothing here holds on to a world.
Read next: `record_lives`, `record_now`.
"""

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from typing import Final, NamedTuple
from weakref import WeakKeyDictionary

from kafkalab.ids import NodeId, NodeName, TopicPartition
from kafkalab.sim import cluster
from kafkalab.sim.fate import Fate
from kafkalab.sim.let_go import known_since
from kafkalab.sim.record_lives import RecordLives
from kafkalab.sim.record_now import Now
from kafkalab.world import Entry, Trace, World

#: These take nothing out of a log and move no leader: they are about the records they name.
_TRAFFIC: Final = frozenset({
    "ActionTaken", "RecordProduced", "RecordSent", "RecordAcknowledged", "RecordFailed",
    "RecordsPolled", "Appended", "Replicated", "DuplicateDropped", "AppendRefused",
    "ProduceHandled", "ProduceAnswered", "HighWatermarkAdvanced", "SegmentRolled",
    "IsrShrinkAsked", "IsrExpandAsked", "IsrChanged", "MarkerWritten", "TransactionStateChanged",
    "OffsetCommitted", "OffsetReset", "GroupStateChanged", "MemberJoined", "MemberRejoined",
    "MemberLeft", "PartitionsAssigned", "RevocationAsked", "PartitionsRevoked",
})  # fmt: skip


class Seen(NamedTuple):
    """What of now is not in the trace: who leads, and where each log begins."""

    leaders: dict[TopicPartition, NodeId]
    log_starts: dict[tuple[NodeName, TopicPartition], int]


class KeptLedger:
    """Of one world, which is given with every call.  A fate is known by its number.

    `since`: of records handed over before (ms since the beginning) nothing was there to be read.
    """

    def __init__(self, began: int, since: int | None = None) -> None:
        self.since = since
        self._lives = RecordLives({}, began, is_partial=since is not None)
        self._last: Entry | None = None  # of those read
        self._read = 0  # how many: those that the trace had let go of count too
        self._told: list[Fate] = []  # those that are `_due`: as they were told last
        self._due: set[int] = set()
        self._fleeting: set[int] = set()
        self._seen = Seen({}, {})
        self._touched = 0  # so many touches of lives have been seen to
        self._loud = array("q")  # ids of entries that may be about all

    @property
    def lives(self) -> Sequence[Fate]:
        """What events say of each, by number.  Not to be changed, nor kept."""
        return self._lives.fates

    # for whoever looks back (`ledger_past`)

    @property
    def all_lives(self) -> RecordLives:
        """Not to be changed."""
        return self._lives

    def has_read(self, of: Trace, trace: Trace) -> bool:
        """Whether what `trace` has is the beginning of what has been read here, of `of`."""
        try:
            return not trace or trace[-1] == of[len(trace) - 1]
        except IndexError:  # let go
            return False

    def count_until(self, id: int) -> int:
        """How many records had been produced up to that entry."""
        return bisect_right(self._lives.produced_by, id)

    def touched(self, after: int, until: int) -> set[int]:
        """Those that entries between the two ids were about."""
        return self._lives.touches.between(after, until)

    def is_loud(self, after: int, until: int) -> bool:
        """Whether any of the entries between may be about all records."""
        return bisect_right(self._loud, after) < bisect_right(self._loud, until)

    # reading

    def follows(self, trace: Trace) -> bool:
        """Whether it has the entry that was read last, so that none has been missed since."""
        try:
            return self._last is None or trace[self._read - 1] == self._last
        except IndexError:  # let go
            return False

    def read(self, world: World) -> None:
        """Take in what is new, and find out of whom it may be told otherwise now."""
        trace = world.trace
        new = trace[self._read :] if self._read else list(trace)
        if new:
            self._lives.groups = _groups(world)
            self._lives.read(new)
            self._last, self._read = new[-1], len(trace)
            self._told += self._lives.fates[len(self._told) :]
        now = seen(world)
        loud = [entry.id for entry in new if entry.kind not in _TRAFFIC]
        self._loud.extend(loud)
        if now != self._seen or loud:
            self._due.update(range(len(self._told)))
        self._due |= self._lives.touches.since(self._touched) | self._fleeting
        self._touched = len(self._lives.touches)
        self._seen = now

    def all(self, world: World) -> list[Fate]:
        """Every fate, told as of now."""
        self._tell(world, self._due)
        return self._told.copy()

    def one(self, world: World, number: int) -> Fate:
        """That one, told as of now."""
        self._tell(world, self._due & {number})
        return self._told[number]

    def _tell(self, world: World, numbers: set[int]) -> None:
        now = Now(world, self._lives)
        for number in numbers:
            fate = self._told[number] = now.told(self._lives.fates[number])
            if now.is_fleeting(fate):
                self._fleeting.add(number)
            else:
                self._fleeting.discard(number)
        self._due = self._due - numbers


_KEPT: Final[WeakKeyDictionary[World, KeptLedger]] = WeakKeyDictionary()


def of(world: World) -> KeptLedger:
    """That of a world, with all that has happened by now read."""
    kept = _KEPT.get(world)
    if kept is None or not kept.follows(world.trace):
        kept = _KEPT[world] = KeptLedger(world.began, known_since(world))
    kept.read(world)
    return kept


def _groups(world: World) -> dict[NodeName, str]:
    return {
        name: str(getattr(node, "group_id", "") or name)
        for name, node in world.nodes.items()
        if getattr(node, "kind", "") == "consumer"
    }


def seen(world: World) -> Seen:
    """As it is now."""
    topics = cluster.metadata(world).topics
    return Seen(
        {
            TopicPartition(name, number): partition.leader
            for name, topic in topics.items()
            for number, partition in topic.partitions.items()
        },
        {
            (node.name, partition): log.log_start_offset
            for node in cluster.brokers(world)
            for partition, log in node.disk.logs.items()
        },
    )
