"""Why can a record not be seen?  Wherever it has got stuck on its way, that is the answer.

Read next: `consuming`.
"""

from kafkalab.ids import NO_NODE, TopicPartition, server_name
from kafkalab.log import PartitionLog
from kafkalab.sim import cluster
from kafkalab.sim.fate import Fate, State
from kafkalab.sim.fate_words import FAULTS, name
from kafkalab.sim.removals import segments_deleted
from kafkalab.sim.telling import node_name, past
from kafkalab.sim.why.explanation import Explanation, ordered
from kafkalab.sim.why.fault_words import clause
from kafkalab.sim.why.leadership import offline
from kafkalab.sim.why.rebalances import outside
from kafkalab.sim.why.refusals import refused
from kafkalab.sim.why.watermark import held_back, stuck
from kafkalab.sim.why.world_seen import Seen
from kafkalab.world import Entry
from kafkalab.world.causality import causes


def not_visible(seen: Seen, fate: Fate) -> Explanation:
    """Of one record, now."""
    question = f"Why can {name(fate)} not be read?"
    match fate.state:
        case State.WAITING | State.SENT:
            return _not_written(seen, fate, question)
        case State.WRITTEN:
            why = stuck(seen, _partition(fate))
            return Explanation(question, f"{fate.say} {why.say}", _with(seen, fate, why), why.cause)
        case State.EXPIRED | State.DELETED:
            return _removed(seen, fate, question)
        case State.ABORTED:
            ended = _ended(seen, fate)
            say = f"{fate.say} Readers of read_committed pass over it."
            return Explanation(question, say, ordered(*ended), ended[0] if ended else None)
        case State.LOST | State.GONE:
            chain = [seen.trace.entry(id) for id in fate.lost_by]
            faults = [
                e for e in chain if e is not None and e.kind in FAULTS and e.kind != "Restarted"
            ]
            cause = faults[-1] if faults else None
            return Explanation(question, fate.say, ordered(*chain), cause)
        case State.FAILED:
            assert fate.failed is not None
            entry = seen.trace.entry(fate.failed.id)
            assert entry is not None
            return refused(seen, entry)
        case State.UNREACHABLE:
            nobody = offline(seen, _partition(fate))
            if nobody is not None:
                say = f"{fate.say} {nobody.say}"
                return Explanation(question, say, nobody.chain, nobody.cause)
    if fate.place is not None and fate.place.is_kept:
        beyond = _beyond(seen, fate, fate.place.offset, question)
        if beyond is not None:
            return beyond
    is_unread = not fate.applied and not seen.world.began  # of real clients that is not known
    question = f"Why is {name(fate)} not read?" if is_unread else f"Is {name(fate)} read?"
    moments = [m for m in (fate.produced, fate.acknowledged) if m]
    place = fate.place
    if place is not None and place.committed is not None:
        moments.append(place.committed)
    return Explanation(question, fate.say, ordered(*(seen.trace.entry(m.id) for m in moments)))


def _beyond(seen: Seen, fate: Fate, offset: int, question: str) -> Explanation | None:
    """Of one that is kept, where readers do not get yet; None if they do."""
    log = _log(seen, fate)
    held = held_back(seen, _partition(fate))
    if held is not None and held.cause is not None and offset >= log.last_stable_offset:
        say = f"{fate.say} {held.say}"
        return Explanation(question, say, _with(seen, fate, held), held.cause)
    if offset >= log.high_watermark:  # acknowledged by its leader alone
        why = stuck(seen, _partition(fate))
        say = f"{fate.say} Readers stop at the high watermark. {why.say}"
        return Explanation(question, say, _with(seen, fate, why), why.cause)
    return None


def _not_written(seen: Seen, fate: Fate, question: str) -> Explanation:
    if fate.refusals:
        last = seen.trace.entry(fate.refusals[-1].moment.id)
        assert last is not None
        why = refused(seen, last)
        return Explanation(question, f"{fate.say} {why.say}", why.chain, why.cause)
    produced = seen.trace.entry(fate.produced.id)
    assert produced is not None
    linger_ms = seen.world.nodes[fate.producer].linger_ms  # type: ignore[attr-defined]
    if not fate.sends and seen.world.now < produced.at + linger_ms:
        until = seen.clock(produced.at + linger_ms)
        say = (
            f"{fate.say} {fate.producer} waits for more records to fill its batch, until {until} "
            f"at the latest: its linger.ms is {linger_ms}."
        )
        return Explanation(question, say, (produced,))
    of = TopicPartition(fate.topic, max(fate.partition, 0))
    decided = seen.partition(of)
    if decided is not None and (fate.partition >= 0 or len(_numbers(seen, fate)) == 1):
        nobody = offline(seen, of)
        if nobody is not None:
            chain = ordered(*nobody.chain, produced)
            return Explanation(question, f"{fate.say} {nobody.say}", chain, nobody.cause)
        leader = server_name(decided.leader) if decided.leader != NO_NODE else ""
        fault = seen.apart(fate.producer, leader)
        if fault is not None:
            say = (
                f"{fate.say} Between {fate.producer} and {node_name(leader)}, which leads {of}, "
                f"something went wrong: {clause(seen, fault)}."
            )
            return Explanation(question, say, ordered(fault, produced), fault)
    sent = [seen.trace.entry(each.id) for each in fate.sends]
    return Explanation(question, f"{fate.say} It is on its way.", ordered(produced, *sent))


def _removed(seen: Seen, fate: Fate, question: str) -> Explanation:
    """On purpose: by its topic's policy, or because somebody asked for it."""
    place = fate.place
    removed = seen.trace.entry(place.removed.id) if place and place.removed else None
    if removed is None:
        return Explanation(question, fate.say)
    if fate.state is State.EXPIRED:
        deleted = segments_deleted(seen.trace, removed)
        return Explanation(question, fate.say, ordered(deleted, removed))
    found = causes(seen.trace, removed.id)
    root = found.chain[-1]
    is_asked = found.complete and root.kind in ("ActionTaken", "AppStarted")
    by = outside(seen, root) if is_asked else None
    asked = past(by) if by else ""
    say = f"{fate.say} {asked[:1].upper()}{asked[1:]} at {seen.clock(by.at)}." if by else fate.say
    return Explanation(question, say, ordered(by, root if by else None, removed), by)


def _ended(seen: Seen, fate: Fate) -> list[Entry]:
    """What ended the transaction of a record: the call, or the fence; then the marker."""
    place = fate.place
    assert place is not None and place.marker is not None
    marker = seen.trace.entry(place.marker.id)
    assert marker is not None
    epochs = seen.trace.of("ProducerFenced")
    fences = [
        each
        for each in epochs
        if each.fields["producer_id"] == marker.fields["producer_id"]
        and place.written.id < each.id < marker.id
    ]
    calls = [
        each
        for each in seen.trace.of("ActionTaken", node=fate.producer)
        if place.written.id < each.id < marker.id and each.event[2] == ("abort_transaction",)
    ]
    if calls:
        cause = outside(seen, calls[-1])
        return [*([cause] if cause else []), calls[-1], marker]
    if not fences:
        return [marker]
    others = [
        each
        for each in seen.trace.of("ActionTaken")
        if each.event[2] == ("init_transactions",)
        and place.written.id < each.id < fences[0].id
        and each.node != fate.producer
    ]
    by = outside(seen, others[-1]) if others else None
    return [*([by] if by else []), fences[0], marker]


def _log(seen: Seen, fate: Fate) -> PartitionLog:
    """The leader's."""
    of = _partition(fate)
    decided = seen.partition(of)
    assert decided is not None
    return cluster.broker(seen.world, decided.leader).disk.logs[of]


def _numbers(seen: Seen, fate: Fate) -> list[int]:
    topic = seen.image.topics.get(fate.topic)
    return list(topic.partitions) if topic else []


def _partition(fate: Fate) -> TopicPartition:
    place = fate.place
    assert place is not None
    return TopicPartition(place.topic, place.partition)


def _with(seen: Seen, fate: Fate, why: Explanation) -> tuple[Entry, ...]:
    place = fate.place
    assert place is not None
    return ordered(*why.chain, seen.trace.entry(place.written.id))
