"""What must hold of each partition, and of what is done to it (R1 … R15, T1, T3).

Each function is one promise; it yields a sentence for each way in which it is broken.  Those
that take an event are asked when it happened, the others whenever a partition has been touched.

In Kafka: the design notes of KIP-101, KIP-279, KIP-497, KIP-841, KIP-903 and KIP-966, and the
TLA+ models that check them.  Below what some replica has compacted, bytes may differ from replica
to replica: there R17 (`compaction_invariants`) says what must be the same.
Read next: `observed`, their memory; `invariants`, which asks them.
"""

from collections.abc import Iterator
from typing import Final

from kafkalab.ids import NodeId, NodeName, TopicPartition
from kafkalab.log import PartitionLog
from kafkalab.log.leader_epoch_cache import LeaderEpochCache
from kafkalab.log.producer_state import ProducerStates
from kafkalab.record import Entry
from kafkalab.replica.partition import Partition
from kafkalab.sim.observed import Led, Observed, PartitionSeen, Place

Complaints = Iterator[str]
_LARGEST_SEQUENCE: Final = (1 << 31) - 1


# --- whenever a partition has been touched -------------------------------------------------------


def learn(observed: Observed, name: TopicPartition) -> Complaints:
    """Take in what is new in the logs: R4, R5 (epochs along a log), R6, R15, T1."""
    seen = observed.partitions[name]
    logs = observed.logs(name)
    for _, log in logs:
        if log.clean_offset > seen.cleaned_to:
            seen.cleaned_to = log.clean_offset
    if len(logs) < len(observed.brokers()):
        observed.forget_scans(name, logs)
    for broker, log in logs:
        scanned, new = observed.scan(broker.broker_id, log)
        for entry in new:
            before = scanned.places[-1] if scanned.places else None
            yield from r4_log_matching(seen, broker.name, before, entry)
            scanned.places.append((entry.base_offset, entry.leader_epoch))
        scanned.end = log.log_end_offset
        if log.log_start_offset != scanned.log_start:
            yield from r15_log_start(scanned.log_start, broker.name, log)
            scanned.log_start = log.log_start_offset
    for broker, replica in observed.replicas(name):
        key = (broker.broker_id, name)
        observed.roles[key] = (observed.roles.get(key, (False, False))[1], replica.is_leader)
        if replica.is_leader:
            yield from r6_high_watermark_never_falls(observed, broker.broker_id, replica)
            yield from committed_up_to(seen, replica, replica.high_watermark)


def committed_up_to(seen: PartitionSeen, replica: Partition, high_watermark: int) -> Complaints:
    """A leader's high watermark tells what is committed."""
    seen.leader_high_watermark = max(seen.leader_high_watermark, high_watermark)
    if high_watermark <= seen.committed_end or seen.is_tainted:
        return
    log = replica.log
    for entry in log.entries_from(max(seen.committed_end, log.log_start_offset)):
        if entry.base_offset < seen.committed_end:
            continue
        if entry.next_offset > high_watermark:
            break
        yield from t1_sequences(seen, entry)
        seen.committed.append(entry)
        seen.committed_in.append(replica.leader_epoch)
        seen.committed_end = entry.next_offset


def r1_committed_is_on_the_isr(observed: Observed, name: TopicPartition) -> Complaints:
    """What is below the high watermark of whoever thinks it leads is on the controller's ISR."""
    seen = observed.partitions[name]
    if seen.is_tainted or seen.image is None:
        return
    for broker, replica in observed.leaders(name):
        for member in seen.image.isr:
            problem = _difference(observed, name, member, replica.high_watermark)
            if problem:
                yield (
                    f"{broker.name} leads {name} with high watermark {replica.high_watermark}, "
                    f"but {problem}, which is in the ISR {seen.image.isr}"
                )


def r2_committed_is_on_its_own_isr(observed: Observed, name: TopicPartition) -> Complaints:
    """… and on those that it believes to be the ISR."""
    seen = observed.partitions[name]
    if seen.is_tainted:
        return
    for broker, replica in observed.leaders(name):
        for member in replica.isr:
            problem = _difference(observed, name, member, replica.high_watermark)
            if problem:
                yield f"{broker.name} leads {name} and counts on ISR {replica.isr}, but {problem}"


def r13_elr_has_what_is_committed(observed: Observed, name: TopicPartition) -> Complaints:
    """Who may be elected without the ISR has all that is committed."""
    seen = observed.partitions[name]
    if seen.is_tainted or seen.image is None:
        return
    for member in seen.image.elr:
        problem = _difference(observed, name, member, seen.committed_end)
        if problem:
            yield f"{name} has ELR {seen.image.elr}, but {problem}"


def _difference(observed: Observed, name: TopicPartition, member: NodeId, up_to: int) -> str:
    """What of the committed below `up_to` a replica has not; "" if it has it all."""
    seen = observed.partitions[name]
    scanned = observed.scans.get((member, name))
    up_to = min(up_to, seen.committed_end)
    if scanned is not None and scanned.matching >= up_to:
        return ""
    log = observed.disk_log(member, name)
    if member in seen.forgetful:
        return ""  # it has lost power
    if log is None or scanned is None:
        return f"broker {member} has no log of it" if up_to > 0 else ""
    start = max(scanned.matching, log.log_start_offset, seen.cleaned_to)
    if log.log_end_offset < up_to:
        return f"broker {member} ends at {log.log_end_offset}"
    own = log.entries_from(start)
    for entry in observed.committed_from(seen, start):
        if entry.next_offset > up_to:
            break
        mine = next(own, None)
        while mine is not None and mine.base_offset < entry.base_offset:
            mine = next(own, None)
        if mine is None:
            return f"broker {member} ends at {log.log_end_offset}"
        if mine is not entry and mine != entry:
            return f"broker {member} has {mine} instead of {entry}"
        scanned.matching = entry.next_offset
    return ""


# --- one entry ----------------------------------------------------------------------------------


def r4_log_matching(
    seen: PartitionSeen, node: NodeName, before: Place | None, entry: Entry
) -> Complaints:
    """The same offset and leader epoch: the same bytes, there and everywhere below."""
    place = (entry.base_offset, entry.leader_epoch)
    if before is not None and before[1] > entry.leader_epoch:
        yield f"{node} has {entry} after an entry of leader epoch {before[1]} (R5)"
    known = seen.written.get(place)
    if entry.base_offset < seen.cleaned_to:
        return
    if known is None or (known[1] is None and known[0] == entry):
        seen.written[place] = (entry, before)
    elif known[0] is not entry and known[0] != entry:
        yield f"{node} has {entry} where another replica has {known[0]}"
    elif before is not None and known[1] != before and before[0] >= seen.cleaned_to:
        yield f"{node} has {entry} after {before}, another replica after {known[1]}"


def t1_sequences(seen: PartitionSeen, entry: Entry) -> Complaints:
    """The sequences of a producer go on from batch to batch, and so none comes twice."""
    batch = entry.batch
    if batch.producer_id < 0 or batch.is_control or batch.base_sequence < 0:
        return
    producer = (batch.producer_id, batch.producer_epoch)
    last = seen.sequences.get(producer)
    if last is not None:
        expected = 0 if last == _LARGEST_SEQUENCE else last + 1
        if batch.base_sequence != expected:
            yield (
                f"producer {batch.producer_id} epoch {batch.producer_epoch}: sequence "
                f"{batch.base_sequence} at offset {entry.base_offset} follows {last}"
            )
    seen.sequences[producer] = batch.last_sequence


# --- one replica --------------------------------------------------------------------------------


def r6_high_watermark_never_falls(
    observed: Observed, broker_id: NodeId, replica: Partition
) -> Complaints:
    """On a leader, within its epoch, it never falls; nowhere is it beyond the log's end."""
    name, log = replica.topic_partition, replica.log
    started = observed.world.started[f"broker-{broker_id}"]
    before = observed.led.get((broker_id, name))
    min_isr = replica.leading.min_isr if replica.leading is not None else 1
    told = (min_isr, replica.isr)
    told_before = (before.min_isr, before.isr) if before is not None else told
    now = Led(started, replica.leader_epoch, log.high_watermark, *told, *told_before)
    observed.led[broker_id, name] = now
    if (
        before is not None
        and (before.started, before.leader_epoch) == (now.started, now.leader_epoch)
        and before.high_watermark > now.high_watermark
    ):
        yield (
            f"broker {broker_id} leads {name} in epoch {now.leader_epoch}: its high watermark "
            f"fell from {before.high_watermark} to {now.high_watermark}"
        )
    yield from offsets_in_order(broker_id, log)


def offsets_in_order(broker_id: NodeId, log: PartitionLog) -> Complaints:
    """Log start <= last stable offset <= high watermark <= log end."""
    offsets = (
        log.log_start_offset,
        log.last_stable_offset,
        log.high_watermark,
        log.log_end_offset,
    )
    if list(offsets) != sorted(offsets):
        yield (
            f"broker {broker_id}, {log.topic_partition}: log start, last stable offset, high "
            f"watermark and log end are {offsets}"
        )


def r6_follower_high_watermark(
    seen: PartitionSeen, node: NodeName, high_watermark: int
) -> Complaints:
    """A follower knows of no high watermark that no leader has had."""
    if high_watermark > seen.leader_high_watermark:
        yield (
            f"{node}, a follower, has high watermark {high_watermark}; "
            f"no leader has had more than {seen.leader_high_watermark}"
        )


def r15_log_start(before: int, node: NodeName, log: PartitionLog) -> Complaints:
    """The log's start never falls."""
    if log.log_start_offset < before:
        yield (
            f"{node}, {log.topic_partition}: log start fell from {before} to {log.log_start_offset}"
        )


def r8_epoch_cache(node: NodeName, log: PartitionLog) -> Complaints:
    """What is known of leader epochs is what the entries say (the newest may have none yet).

    Of a compacted log: what it knew before (epochs of which nothing is left are still known).
    """
    if log.clean_offset:
        return
    expected = LeaderEpochCache()
    for entry in log.entries_from(log.log_start_offset):
        if entry.leader_epoch != expected.latest_epoch:
            start = max(entry.base_offset, log.log_start_offset)
            expected.assign(entry.leader_epoch, start)
    rows = log.epochs.rows
    newest_only = rows[:-1] if rows and rows[-1][1] == log.log_end_offset else rows
    if expected.rows not in (rows, newest_only):
        yield f"{node}, {log.topic_partition}: epochs {rows}, but entries say {expected.rows}"


def t3_producer_state(node: NodeName, log: PartitionLog) -> Complaints:
    """What is known of producers is what the entries say (compaction may take older batches)."""
    expected = ProducerStates()
    for entry in log.entries_from(log.log_start_offset):
        if entry.batch.producer_id >= 0:
            expected.update(entry)
    if log.clean_offset or dict(expected.entries) == dict(log.producers.entries):
        return
    yield (
        f"{node}, {log.topic_partition}: producers {dict(log.producers.entries)}, "
        f"but entries say {dict(expected.entries)}"
    )


# --- when something happens ---------------------------------------------------------------------


def r5_one_appends(seen: PartitionSeen, node: NodeName, leader_epoch: int) -> Complaints:
    """In a leader epoch only one broker appends."""
    first = seen.appender.setdefault(leader_epoch, node)
    if first != node:
        yield f"{node} appends in leader epoch {leader_epoch}, as {first} did"


def r7_truncation(
    observed: Observed, node: NodeName, replica: Partition, gone: list[Place]
) -> Complaints:
    """Only what the leader has not is cut away (where a cleaner has been, nobody can say)."""
    name = replica.topic_partition
    leader = observed.disk_log(replica.leader_id, name) if replica.leader_id >= 0 else None
    if leader is None or not gone:
        return
    first = max(leader.log_start_offset, observed.partitions[name].cleaned_to)
    kept = [place for place in gone if place[0] >= first]
    if not kept:
        return
    entry = next(leader.entries_from(kept[0][0]), None)
    if entry is not None and (entry.base_offset, entry.leader_epoch) == kept[0]:
        yield (
            f"{node} cut {name} at {kept[0][0]}, but its leader, broker {replica.leader_id}, "
            "has the same entry there"
        )


def r7_committed_is_not_truncated(
    seen: PartitionSeen, node: NodeName, gone: list[Place]
) -> Complaints:
    """Nothing committed is ever cut away."""
    if seen.is_tainted or not gone or gone[0][0] >= seen.committed_end:
        return
    committed = {(entry.base_offset, entry.leader_epoch) for entry in seen.committed}
    lost = [place for place in gone if place in committed]
    if lost:
        yield f"{node} cut away what was committed, from (offset, epoch) {lost[0]} on"


def r11_high_watermark_moves(
    observed: Observed, node: NodeName, replica: Partition, high_watermark: int
) -> Complaints:
    """It moves only to where the maximal ISR is, and not while the ISR is too small (KIP-966)."""
    leading = replica.leading
    if leading is None:
        return
    name, isr = replica.topic_partition, leading.isr_state.isr
    wanted = _least_min_isr(observed, replica)
    led = observed.led.get((replica.local.id, name))
    if max(len(isr), len(led.isr_before) if led is not None else 0) < wanted:
        yield (
            f"{node} moved the high watermark of {name} to {high_watermark} with ISR {isr}, "
            f"but min.insync.replicas is {wanted}"
        )
    for member in leading.isr_state.maximal:
        if member in observed.partitions[name].forgetful:
            continue
        log = observed.disk_log(member, name)
        if log is None or log.log_end_offset < high_watermark:
            yield (
                f"{node} moved the high watermark of {name} to {high_watermark}, but broker "
                f"{member} ends at {log.log_end_offset if log else 'nothing'}"
            )


def _least_min_isr(observed: Observed, replica: Partition) -> int:
    """min.insync.replicas, now or when this was last looked at: a step may change it midway."""
    copies = max(len(replica.metadata_isr), 1)
    if replica.leading is not None:
        copies = len(replica.leading.image.replicas)
    wanted = min(replica.log.config.int("min.insync.replicas"), copies)
    led = observed.led.get((replica.local.id, replica.topic_partition))
    return wanted if led is None else min(wanted, led.min_isr_before)


def r12_acknowledged(
    observed: Observed, node: NodeName, replica: Partition, base_offset: int
) -> Complaints:
    """With acks=all the answer says: it is committed, on at least min.insync.replicas disks."""
    name, log = replica.topic_partition, replica.log
    entry = next(log.entries_from(base_offset), None)
    if entry is None or entry.next_offset > log.high_watermark:
        yield (
            f"{node} acknowledged offset {base_offset} of {name} with high watermark "
            f"{log.high_watermark}"
        )
        return
    seen = observed.partitions[name]
    if seen.image is None:
        return
    wanted = _least_min_isr(observed, replica)
    copies = 0
    for member in seen.image.replicas:
        copies += member in seen.forgetful  # it had it, or did not need to
        other = observed.disk_log(member, name)
        if other is not None and other.log_end_offset >= entry.next_offset:
            found = next(other.entries_from(base_offset), None)
            copies += found == entry
    if copies < wanted:
        yield f"{node} acknowledged offset {base_offset} of {name}, which has {copies} copies"


def r12_leader_has_what_is_committed(
    observed: Observed, node: NodeName, replica: Partition, leader_epoch: int
) -> Complaints:
    """A new leader's log has all that was committed under those before it.

    One that hears of its election when it has been deposed again need not have what came later.
    """
    seen = observed.partitions[replica.topic_partition]
    if seen.is_tainted:
        return
    up_to = seen.committed_end
    for entry, committed_in in zip(
        reversed(seen.committed), reversed(seen.committed_in), strict=True
    ):
        if committed_in < leader_epoch:
            break
        up_to = entry.base_offset
    problem = _difference(observed, replica.topic_partition, replica.local.id, up_to)
    if problem:
        yield f"{node} begins to lead {replica.topic_partition}, but {problem}"
