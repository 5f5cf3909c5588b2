"""What removed a record on purpose: it was not lost.

    its topic was deleted          TopicDeleted
    delete_records                 LogStartAdvanced, by that request
    retention                      LogStartAdvanced, after SegmentsDeleted of the same handling
    compaction                     LogCleaned, past a later record with its key

Invariants: what a truncation or a crash took is never told as a removal.
Read next: `ledger`, which asks; `record_lives`, which finds the first three in the trace.
"""

from kafkalab.ids import NodeName, TopicPartition
from kafkalab.log import PartitionLog
from kafkalab.record import Entry as LogEntry
from kafkalab.sim.fate import Copy, Fate, Moment, Place
from kafkalab.sim.record_lives import RecordLives
from kafkalab.sim.record_past import LivesUntil
from kafkalab.world import Entry, Trace, World


def is_by_request(trace: Trace, place: Place) -> bool:
    """Whether somebody asked for it to be deleted, rather than the topic's settings."""
    removed = trace.entry(place.removed.id) if place.removed else None
    if removed is None:
        return False
    return removed.kind == "TopicDeleted" or _is_delete_records(trace, removed)


def words(place: Place, world: World) -> str:
    """` went with its topic, which was deleted at 5.020 s`: what became of one removed."""
    removed = world.trace.entry(place.removed.id) if place.removed else None
    if removed is None:
        return " the topic's policy removed it"
    at = f"at {(removed.at - world.began) / 1000:.3f} s"
    if removed.kind == "TopicDeleted":
        return f" went with its topic: {place.topic} was deleted {at}"
    if removed.kind == "LogCleaned":
        return f" compaction removed it {at}"
    if _is_delete_records(world.trace, removed):
        start = removed.fields["log_start_offset"]
        return f" delete_records removed it {at}, with all before offset {start}"
    deleted = segments_deleted(world.trace, removed)
    by = f" ({deleted.fields['reason']})" if deleted else ""
    return f" the topic's policy removed it{by} {at}"


def segments_deleted(trace: Trace, removed: Entry) -> Entry | None:
    """The deletion by which a log's start rose."""
    of = removed.event[1:3]
    deleted = trace.of("SegmentsDeleted", node=removed.node)
    same = [each for each in deleted if each.cause == removed.cause and each.event[1:3] == of]
    return same[-1] if same else None


class Cleanings:
    """Compactions of all logs, and what of the ledger's records they have taken."""

    def __init__(self, world: World, lives: RecordLives | LivesUntil) -> None:
        self._world = world
        self._of = lives.cleaned
        self._offsets = lives.offsets
        self.ids = {entry.id for entries in self._of.values() for entry in entries}

    def has(self, node: NodeName, of: TopicPartition, entry: LogEntry, offset: int) -> bool:
        """Whether an entry of that log still has a record: its offsets stay when records go."""
        if (node, of) not in self._of:
            return True
        return any(record.offset == offset for record in entry.records())

    def of(self, fate: Fate, place: Place, copy: Copy) -> Moment | None:
        """The compaction that took this copy out of its log; None: it was not that.

        The first that has seen the next record of its key.  A tombstone that nothing follows
        went in the last.
        """
        partition = TopicPartition(place.topic, place.partition)
        log = self._world.nodes[copy.node].disk.logs.get(partition)  # type: ignore[attr-defined]
        if log is None or not log.log_start_offset <= place.offset < log.log_end_offset:
            return None
        after = same_key_after(log, fate, place)
        mine = self._offsets[place.topic, place.partition, fate.key]
        next_ = min(
            (each for each in (*mine, after) if each is not None and each > place.offset),
            default=place.offset,
        )
        done = [
            each
            for each in self._of.get((copy.node, partition), ())
            if each.id > copy.written.id and each.fields["clean_offset"] > next_
        ]
        if not done:
            return None
        by = done[-1] if next_ == place.offset else done[0]
        return Moment(by.at - self._world.began, by.id)


def same_key_after(log: PartitionLog, fate: Fate, place: Place) -> int | None:
    """The offset of the next record that the log has with this record's key."""
    return next(
        (
            record.offset
            for entry in log.entries_from(place.offset)
            if not entry.batch.is_control
            for record in entry.records()
            if record.offset > place.offset and record.key == fate.key
        ),
        None,
    )


def later_place(world: World, fate: Fate, place: Place) -> str:
    """`: orders-0@7 has its key`, of what compaction removed; "" if no later one is there."""
    removed = world.trace.entry(place.removed.id) if place.removed else None
    if removed is None or removed.kind != "LogCleaned":
        return ""
    of = TopicPartition(place.topic, place.partition)
    log = world.nodes[removed.node].disk.logs.get(of)  # type: ignore[attr-defined]
    after = same_key_after(log, fate, place) if log is not None else None
    if after is not None:
        return f": {of}@{after} has its key"
    return ": a tombstone goes after delete.retention.ms" if fate.value is None else ""


def _is_delete_records(trace: Trace, removed: Entry) -> bool:
    by = trace.entry(removed.cause)
    return by is not None and by.kind == "Delivered" and by.fields["api"] == "DELETE_RECORDS"
