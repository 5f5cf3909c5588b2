"""What compaction must leave of a log (R17), by reading what was committed a second time.

    committed   k1=a  k2=b  k1=c  [k3=d … abort]   ──▶  last values: k2=b, k1=c
    a replica   ────  k2=b  k1=c  ──────────────   below its clean offset: all of them, at their
                                                   offsets, and nothing that was not committed

A record may go for a later one anywhere: a replica copies what its leader has left.
A tombstone may go.  The marker of a transaction goes only after all of its records.

Read next: `log.cleaner`, which is judged here; `invariants`, which asks.
"""

from collections.abc import Iterator
from typing import NamedTuple

from kafkalab.ids import NodeName, TopicPartition
from kafkalab.log import PartitionLog
from kafkalab.record import Entry, end_marker
from kafkalab.sim.observed import Observed

Complaints = Iterator[str]


class Stored(NamedTuple):
    """A record at an offset."""

    offset: int
    key: bytes | None
    value: bytes | None


class History(NamedTuple):
    """What was committed of a partition."""

    records: dict[int, Stored]  # below some offset
    last: dict[bytes, Stored]  # of each key, of all; those of aborted transactions left out
    transactions: tuple[tuple[tuple[int, ...], int], ...]  # offsets of the data, of the marker


def r17_compaction_keeps(observed: Observed, name: TopicPartition) -> Complaints:
    """Of each replica that has been compacted: see the module's docstring."""
    seen = observed.partitions[name]
    if seen.is_tainted:
        return
    for broker in observed.brokers():
        log = observed.disk_log(broker.broker_id, name)
        if log is not None and log.clean_offset:
            end = min(log.clean_offset, seen.committed_end)
            yield from judged(broker.name, log, history_of(seen.committed, end))


def history_of(committed: list[Entry], end: int) -> History:
    """Read the committed entries as a reader of what is committed does."""
    records: dict[int, Stored] = {}
    certain: list[Stored] = []
    open_: dict[int, list[Stored]] = {}
    transactions: list[tuple[tuple[int, ...], int]] = []
    for entry in committed:
        batch = entry.batch
        if batch.is_control:
            marker = end_marker(batch)
            ended = open_.pop(batch.producer_id, [])
            if marker is not None and marker.committed:
                certain += ended
            if marker is not None and ended:
                transactions.append((tuple(one.offset for one in ended), entry.base_offset))
            continue
        for record in entry.records():
            one = Stored(record.offset, record.key, record.value)
            if record.offset < end:
                records[record.offset] = one
            if batch.is_transactional:
                open_.setdefault(batch.producer_id, []).append(one)
            else:
                certain.append(one)
    last: dict[bytes, Stored] = {}
    for one in certain:
        if one.key is None:
            continue
        before = last.get(one.key)
        if before is None or before.offset < one.offset:
            last[one.key] = one
    return History(records, last, tuple(transactions))


def judged(node: NodeName, log: PartitionLog, history: History) -> Complaints:
    """A log against what was committed there."""
    where = f"{node}, {log.topic_partition}, clean up to {log.clean_offset}"
    start, end = log.log_start_offset, log.clean_offset
    there: dict[int, Stored] = {}
    markers: set[int] = set()
    next_offset = start
    for entry in log.entries_from(start):
        if entry.base_offset < next_offset:
            yield f"{where}: {entry} after offset {next_offset - 1}"
        next_offset = entry.next_offset
        if entry.batch.is_control:
            if entry.batch.record_count:
                markers.add(entry.base_offset)
            continue
        for record in entry.records():
            if record.offset < end:
                there[record.offset] = Stored(record.offset, record.key, record.value)
    for offset, one in there.items():
        if history.records.get(offset, one) != one:
            yield f"{where}: {one}, but {history.records[offset]} was committed there"
    for one in history.last.values():
        if one.value is not None and start <= one.offset < end and one.offset not in there:
            yield f"{where}: the last value of its key is gone: {one}"
    for data, marker in history.transactions:
        if marker >= start and marker not in markers and any(at in there for at in data):
            yield f"{where}: the marker at {marker} is gone, but not all it decides: {data}"
