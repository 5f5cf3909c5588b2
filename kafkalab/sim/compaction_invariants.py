"""What compaction must leave of a log (R17), by reading what was committed a second time.

    committed   k1=a  k2=b  k1=c  [k3=d … abort]   ──▶  last values: k2=b, k1=c
    a replica   ────  k2=b  k1=c  ──────────────   below its clean offset: all of them, at their
                                                   offsets, and nothing that was not committed

A record may go for a later one anywhere: a replica copies what its leader has left.
A tombstone may go.  The marker of a transaction goes only after all of its records.

Read next: `log.cleaner`, which is judged here; `invariants`, which asks.
"""

from collections.abc import Iterator

from kafkalab.ids import NodeName, TopicPartition
from kafkalab.log import PartitionLog
from kafkalab.server import Broker
from kafkalab.sim.compacted_past import Past, Stored
from kafkalab.sim.observed import Observed

Complaints = Iterator[str]


def r17_compaction_keeps(observed: Observed, name: TopicPartition) -> Complaints:
    """Of each replica that has been compacted since it was judged: see the module's docstring."""
    seen = observed.partitions[name]
    if seen.is_tainted:
        return
    for broker, log in observed.logs(name):
        if not log.clean_offset:
            continue
        started = observed.world.started[broker.name]
        state = (seen.topic_id, started, log.log_start_offset, log.clean_offset)
        if observed.judged.get((broker.broker_id, name)) != state:
            observed.judged[broker.broker_id, name] = state
            seen.past.take_up_to(seen.committed)
            yield from judged(broker.name, log, seen.past)


def r17_cleaned(observed: Observed, node: NodeName, name: TopicPartition) -> Complaints:
    """Of a replica that has been compacted just now."""
    broker = observed.world.nodes[node]
    assert isinstance(broker, Broker), node
    observed.judged.pop((broker.broker_id, name), None)
    yield from r17_compaction_keeps(observed, name)


def judged(node: NodeName, log: PartitionLog, past: Past) -> Complaints:
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
        if past.records.get(offset, one) != one:
            yield f"{where}: {one}, but {past.records[offset]} was committed there"
    for one in past.last.values():
        if one.value is not None and start <= one.offset < end and one.offset not in there:
            yield f"{where}: the last value of its key is gone: {one}"
    for data, marker in past.transactions:
        is_cleaned = start <= marker < end  # beyond, a replica may have lost it with its power
        if is_cleaned and marker not in markers and any(at in there for at in data):
            yield f"{where}: the marker at {marker} is gone, but not all it decides: {data}"
