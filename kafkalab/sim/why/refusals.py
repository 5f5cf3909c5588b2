"""Why was it refused?  A broker's error, or the producer's own when its patience ended.

Read next: `visibility`.
"""

from typing import Any

from kafkalab.client.errors import KafkaError
from kafkalab.config import Config
from kafkalab.ids import NO_NODE, NodeName, TopicPartition, server_name
from kafkalab.sim import cluster
from kafkalab.sim.let_go import note
from kafkalab.sim.telling import ids, node_name, past, tell
from kafkalab.sim.why.clocks import misdated
from kafkalab.sim.why.explanation import Explanation, ordered
from kafkalab.sim.why.fault_words import clause
from kafkalab.sim.why.leadership import leader_changed, why_out
from kafkalab.sim.why.rebalances import outside
from kafkalab.sim.why.world_seen import Seen
from kafkalab.world import Entry

#: Events that hold an error that a client was answered with.
ANSWERS = ("AppendRefused", "ProduceAnswered", "RecordFailed", "RequestIntercepted")

_OTHER_PRODUCER = ("INVALID_PRODUCER_EPOCH", "PRODUCER_FENCED")
_TOO_LARGE = ("MESSAGE_TOO_LARGE", "RECORD_LIST_TOO_LARGE")
_OTHER_LEADER = ("NOT_LEADER_OR_FOLLOWER", "FENCED_LEADER_EPOCH", "UNKNOWN_LEADER_EPOCH")


def error_of(entry: Entry) -> str:
    """The error's name in one of `ANSWERS`."""
    if entry.kind == "RequestIntercepted":
        return str(entry.fields["detail"])
    error = entry.fields["error"]
    return KafkaError(error).name() if entry.kind == "RecordFailed" else str(error)


def refused(seen: Seen, entry: Entry) -> Explanation:
    """Of one of `ANSWERS`, with an error."""
    if entry.kind == "RequestIntercepted":
        words = clause(seen, entry)
        question = f"Why did {node_name(entry.fields['client'])} get no answer of its own?"
        say = f"{words[:1].upper()}{words[1:]}: it was intercepted, by an order from outside."
        return Explanation(question, say, (entry,), entry)
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
                say = f"{of} was written, but not copied in time: {clause(seen, fault)}."
                return Explanation(question, say, ordered(fault, entry), fault)
    if error in _OTHER_PRODUCER:
        over = _fenced_off(seen, entry, question, _handed_over(seen, entry))
        if over is not None:
            return over
    return _does_not_fit(seen, entry, of, question)


def _does_not_fit(seen: Seen, entry: Entry, of: TopicPartition, question: str) -> Explanation:
    error = entry.fields["error"]
    made = _handed_over(seen, entry)
    root = made[0] if made else None
    clock = misdated(seen, entry, root) if error == "INVALID_TIMESTAMP" else None
    if clock is not None:
        return Explanation(question, clock[0], ordered(clock[1], *made, entry), clock[1])
    why = "it is the request itself that does not fit"
    if error in _TOO_LARGE:
        limit = seen.image.topic_config(of.topic, _config(seen)).int("max.message.bytes")
        why = f"its batch is larger than max.message.bytes of {of.topic}, {limit}"
    say = f"{tell(entry)[:1].upper()}{tell(entry)[1:]}; {why}."
    return Explanation(question, say, ordered(*made, entry), root)


def _fenced_off(seen: Seen, entry: Entry, question: str, made: list[Entry]) -> Explanation | None:
    """The producer's epoch is over: another began with its transactional id, or time ran out."""
    node: Any = seen.world.nodes.get(made[0].node) if made else None
    mine = getattr(node, "transactional_id", None)
    fences = [
        each
        for each in seen.trace.of("ProducerFenced")
        if each.id < entry.id and each.fields["transactional_id"] == mine
    ]
    if not fences:
        return None
    fence, who = fences[-1], made[0].node
    others = [
        each
        for each in seen.trace.of("ActionTaken")
        if each.id < fence.id and each.node != who and each.event[2] == ("init_transactions",)
    ]
    is_other = "another" in fence.fields["reason"] and bool(others)
    by = others[-1] if is_other else None
    cause = outside(seen, by) if by is not None else made[0]
    how = f": {past(by)} at {seen.clock(by.at)}" if by is not None else ""
    say = (
        f"{tell(entry)[:1].upper()}{tell(entry)[1:]}: {who} may write for transactional id {mine} "
        f"no more, because at {seen.clock(fence.at)} {fence.fields['reason']}{how}."
    )
    return Explanation(question, say, ordered(by, fence, *made, entry), cause)


def _config(seen: Seen) -> Config:
    config: Config = cluster.brokers(seen.world)[0].config
    return config


def _too_few(seen: Seen, entry: Entry, of: TopicPartition, question: str) -> Explanation:
    isr = seen.isr_at(of, entry.id)
    outs = [
        out
        for broker in _replicas(seen, of)
        if broker not in isr and (out := why_out(seen, of, broker, entry.id)) is not None
    ]
    outs.sort(key=lambda out: out.chain[-1].id)
    said = "; ".join(out.words for out in outs) or note(seen.world)
    say = (
        f"{of} had the ISR {ids(isr)}, fewer than min.insync.replicas, and acks=all asks for that "
        f"many{f': {said}' if said else ''}."
    )
    fault = outs[-1].fault if outs else None
    chain = ordered(*(e for out in outs for e in out.chain), entry)
    return Explanation(question, say, chain, fault)


def _given_up(seen: Seen, entry: Entry) -> Explanation:
    """A producer reported a record as failed."""
    fates = seen.lives(entry.id).fates
    fate = next((f for f in reversed(fates) if f.failed and f.failed.id == entry.id), None)
    of = TopicPartition(entry.event[1], entry.event[2])
    gave_up = f"{entry.node} gave the record up at {seen.clock(entry.at)}"
    question = f"Why did {entry.node} give a record for {of if of.partition >= 0 else of.topic} up?"
    if fate is not None and fate.refusals:
        last = seen.trace.entry(fate.refusals[-1].moment.id)
        assert last is not None
        why = refused(seen, last)
        return Explanation(question, f"{gave_up}. {why.say}", ordered(*why.chain, entry), why.cause)
    produced = seen.trace.entry(fate.produced.id) if fate is not None else None
    if error_of(entry) == "_FENCED" and produced is not None:
        over = _fenced_off(seen, entry, question, [produced])
        if over is not None:
            return over
    met = _met(seen, entry)
    if met is not None:
        say = f"{gave_up}: {clause(seen, met)}, an error that is not tried again."
        return Explanation(question, say, ordered(met, entry), met)
    if of.partition < 0:
        servers = [server_name(each.broker_id) for each in cluster.brokers(seen.world)]
        silent = [seen.silence(entry.node, each, entry) for each in servers]
        if all(silent):
            words = "; ".join(dict.fromkeys(clause(seen, each) for each in silent if each))
            say = f"{gave_up}: no broker answered it who leads {of.topic}, because {words}."
            return Explanation(question, say, ordered(*silent, entry))
    election = seen.last("LeaderElected", of, entry.id)
    if election is not None and election.fields["leader"] == NO_NODE:
        why = leader_changed(seen, election)
        return Explanation(question, f"{gave_up}. {why.say}", ordered(*why.chain, entry), why.cause)
    leader = election.fields["leader"] if election else _first_leader(seen, of)
    fault = seen.silence(entry.node, server_name(leader), entry)
    if fault is not None:
        no_answer = f"no answer came in time from broker {leader}, which led {of}"
        say = f"{gave_up}: {no_answer}, because {clause(seen, fault)}."
        return Explanation(question, say, ordered(fault, entry), fault)
    return Explanation(question, f"{gave_up}: {tell(entry)}.", ordered(produced, entry), produced)


def _met(seen: Seen, failed: Entry) -> Entry | None:
    """The intercept whose answer made a producer give up."""
    name = KafkaError(failed.fields["error"]).name()
    met = [
        each
        for each in seen.of("RequestIntercepted")
        if each.id < failed.id and each.fields["client"] == failed.node
    ]
    return met[-1] if met and met[-1].fields["detail"] == name else None


def _handed_over(seen: Seen, entry: Entry) -> list[Entry]:
    """The application's call behind a refused request."""
    lives = seen.lives(entry.id + 2)
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
