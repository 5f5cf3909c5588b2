"""Why was it refused?  A broker's error, or the producer's own when its patience ended.

Read next: `visibility`.
"""

from kafkalab.ids import NO_NODE, NodeName, TopicPartition, server_name
from kafkalab.sim.record_lives import RecordLives
from kafkalab.sim.telling import ids, node_name, seconds, tell
from kafkalab.sim.why.clocks import misdated
from kafkalab.sim.why.explanation import Explanation, ordered
from kafkalab.sim.why.leadership import clause, leader_changed, why_out
from kafkalab.sim.why.world_seen import Seen
from kafkalab.world import Entry

_OTHER_LEADER = ("NOT_LEADER_OR_FOLLOWER", "FENCED_LEADER_EPOCH", "UNKNOWN_LEADER_EPOCH")


def refused(seen: Seen, entry: Entry) -> Explanation:
    """Of `AppendRefused`, `ProduceAnswered` with an error, or `RecordFailed`."""
    if entry.kind == "RecordFailed":
        return _given_up(seen, entry)
    of = TopicPartition(entry.event[1], entry.event[2])
    error = entry.fields["error"]
    question = f"Why did {node_name(entry.node)} answer {of} with {error}?"
    if error.startswith("NOT_ENOUGH_REPLICAS"):
        return _too_few(seen, entry, of, question)
    if error in _OTHER_LEADER:
        election = seen.last("LeaderElected", of, entry.id)
        if election is not None:
            why = leader_changed(seen, election)
            say = f"{node_name(entry.node).capitalize()} no longer led {of}. {why.say}"
            return Explanation(question, say, ordered(*why.chain, entry), why.cause)
    if error == "REQUEST_TIMED_OUT":
        leader = entry.node
        for broker in _replicas(seen, of):
            fault = seen.silence(leader, server_name(broker), entry)
            if broker != _number(leader) and fault is not None:
                say = f"{of} was written, but not copied in time: {clause(fault)}."
                return Explanation(question, say, ordered(fault, entry), fault)
    made = _handed_over(seen, entry)
    root = made[0] if made else None
    clock = misdated(seen, entry, root) if error == "INVALID_TIMESTAMP" else None
    if clock is not None:
        return Explanation(question, clock[0], ordered(clock[1], *made, entry), clock[1])
    say = f"{tell(entry)[:1].upper()}{tell(entry)[1:]}; it is the request itself that does not fit."
    return Explanation(question, say, ordered(*made, entry), root)


def _too_few(seen: Seen, entry: Entry, of: TopicPartition, question: str) -> Explanation:
    changes = seen.all("IsrChanged", of, entry.id)
    isr = changes[0].fields["after"] if changes else ()
    outs = [
        out
        for broker in _replicas(seen, of)
        if broker not in isr and (out := why_out(seen, of, broker, entry.id)) is not None
    ]
    outs.sort(key=lambda out: out.chain[-1].id)
    said = "; ".join(out.words for out in outs)
    say = (
        f"{of} had the ISR {ids(isr)}, fewer than min.insync.replicas, and acks=all asks for that "
        f"many: {said}."
    )
    fault = outs[-1].fault if outs else None
    chain = ordered(*(e for out in outs for e in out.chain), entry)
    return Explanation(question, say, chain, fault)


def _given_up(seen: Seen, entry: Entry) -> Explanation:
    """A producer reported a record as failed."""
    lives = RecordLives({})
    lives.read(each for each in seen.trace if each.id <= entry.id)
    fate = next(
        each
        for each in reversed(lives.fates)
        if each.failed is not None and each.failed.id == entry.id
    )
    of = TopicPartition(entry.event[1], entry.event[2])
    gave_up = f"{entry.node} gave the record up at {seconds(entry.at)}"
    question = f"Why did {entry.node} give a record for {of} up?"
    if fate.refusals:
        last = seen.trace.entry(fate.refusals[-1].moment.id)
        assert last is not None
        why = refused(seen, last)
        return Explanation(question, f"{gave_up}. {why.say}", ordered(*why.chain, entry), why.cause)
    election = seen.last("LeaderElected", of, entry.id)
    if election is not None and election.fields["leader"] == NO_NODE:
        why = leader_changed(seen, election)
        return Explanation(question, f"{gave_up}. {why.say}", ordered(*why.chain, entry), why.cause)
    leader = election.fields["leader"] if election else _first_leader(seen, of)
    fault = seen.silence(entry.node, server_name(leader), entry)
    if fault is not None:
        say = f"{gave_up}: broker {leader}, which led {of}, could not be reached, {clause(fault)}."
        return Explanation(question, say, ordered(fault, entry), fault)
    produced = seen.trace.entry(fate.produced.id)
    return Explanation(question, f"{gave_up}: {tell(entry)}.", ordered(produced, entry), produced)


def _handed_over(seen: Seen, entry: Entry) -> list[Entry]:
    """The application's call behind a refused request."""
    lives = RecordLives({})
    lives.read(each for each in seen.trace if each.id <= entry.id + 2)
    refused_ids = {entry.id} | {
        each.id
        for each in seen.trace.of("AppendRefused")
        if each.cause == entry.cause and each.event[1:3] == entry.event[1:3]
    }
    for fate in reversed(lives.fates):
        if any(each.moment.id in refused_ids for each in fate.refusals):
            made = seen.trace.entry(fate.produced.id)
            return [made] if made else []
    return []


def _replicas(seen: Seen, of: TopicPartition) -> tuple[int, ...]:
    decided = seen.partition(of)
    return decided.replicas if decided else ()


def _number(name: NodeName) -> int:
    return int(name.rpartition("-")[2])


def _first_leader(seen: Seen, of: TopicPartition) -> int:
    started = seen.all("LeaderStarted", of)
    return _number(started[-1].node) if started else NO_NODE
