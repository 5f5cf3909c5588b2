"""What may be asked, and who answers.

Read next: `leadership`, `watermark`, `refusals`, `visibility`, `consuming`.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from kafkalab.errors import LearnerError
from kafkalab.ids import TopicPartition
from kafkalab.sim import cluster, ledger
from kafkalab.sim.fate import Fate
from kafkalab.sim.let_go import note
from kafkalab.sim.telling import tell
from kafkalab.sim.why.clocks import judged
from kafkalab.sim.why.consuming import idle
from kafkalab.sim.why.explanation import Explanation, ordered
from kafkalab.sim.why.fault_words import clause
from kafkalab.sim.why.leadership import fenced, leader_changed, offline, why_out
from kafkalab.sim.why.rebalances import rebalanced
from kafkalab.sim.why.refusals import ANSWERS, error_of, refused
from kafkalab.sim.why.unkept import names_of, unkept
from kafkalab.sim.why.visibility import not_visible
from kafkalab.sim.why.watermark import held_back, stuck
from kafkalab.sim.why.world_seen import Seen
from kafkalab.world import Entry, World
from kafkalab.world.causality import causes

_STEPS_MAX: Final = 10  # of a long walk the beginning and the end
ASKABLE: Final = (
    'a partition "orders-0", a topic\'s record "orders-0@41" or sim.fate(…), a consumer or its '
    'name, a group\'s name, an event of sim.trace or its id, an error "NOT_ENOUGH_REPLICAS" '
    "or the exception itself"
)


def why(world: World, about: Any) -> Explanation:
    """Answer; `LearnerError` says what may be asked."""
    seen = Seen(world)
    try:
        answer = replace(_answer(seen, about), began=world.began)
    except LearnerError as error:
        if seen.is_partial and note(world) not in str(error):
            raise LearnerError(f"{error}; {note(world)}") from error
        raise
    if answer.cause is None:
        return _as_far_as_known(seen, answer)
    also = {e.id: e for e in seen.also.get(answer.cause.id, ()) if e.id != answer.cause.id}
    if not also:
        return answer
    # Two faults, either of which is enough: the sentence names the older, and then the others.
    more = tuple(also[id] for id in sorted(also) if clause(seen, also[id]) not in answer.say)
    if more:
        said = "; ".join(clause(seen, each) for each in more)
        answer = replace(answer, say=f"{answer.say} That alone would do it, too: {said}.")
    chain = ordered(*answer.chain, more=also.values())
    return replace(answer, chain=chain, also=tuple(also[id] for id in sorted(also)))


def _as_far_as_known(seen: Seen, answer: Explanation) -> Explanation:
    """With words for it, where what led to the oldest of its events has been let go of."""
    oldest = next(iter(answer.chain), None)
    is_whole = oldest is None or causes(seen.trace, oldest.id).complete
    known = note(seen.world)
    if is_whole or not known or known in answer.say:
        return answer
    return replace(answer, say=f"{answer.say} {known[:1].upper()}{known[1:]}.")


def _answer(seen: Seen, about: Any) -> Explanation:
    world = seen.world
    if isinstance(about, Fate):
        return not_visible(seen, about)
    if not isinstance(about, str) and (names := names_of(about)):
        return _error(seen, names)
    if isinstance(about, int) and not isinstance(about, bool):
        entry = world.trace.entry(about)
        if entry is None:
            raise LearnerError(f"the trace has no event {about} (any more)")
        about = entry
    if isinstance(about, Entry):
        return _event(seen, about)
    if hasattr(about, "entry") and isinstance(about.entry, Entry):  # an Instant
        return _event(seen, about.entry)
    if isinstance(about, tuple) and len(about) == 2:
        about = f"{about[0]}-{about[1]}"
    if hasattr(about, "topic") and callable(getattr(about, "offset", None)):  # a message
        return not_visible(seen, ledger.find(world, about))
    name = about if isinstance(about, str) else getattr(about, "name", None)
    if isinstance(name, str):
        return _named(seen, name)
    raise LearnerError(f"why {about!r}?  What may be asked about: {ASKABLE}")


def _named(seen: Seen, name: str) -> Explanation:
    world = seen.world
    node: Any = world.nodes.get(name)
    if getattr(node, "kind", "") == "consumer":
        return idle(seen, name)
    if getattr(node, "kind", "") == "producer":
        reports = world.trace.of("RecordAcknowledged", "RecordFailed", node=name)
        if reports and reports[-1].kind == "RecordFailed":
            return refused(seen, reports[-1])
    topic, _, number = name.rpartition("-")
    if number.isdigit() and (of := TopicPartition(topic, int(number))) and seen.partition(of):
        return _partition(seen, of)
    changes = [e for e in world.trace.of("GroupStateChanged") if e.fields["group"] == name]
    if changes:
        return rebalanced(seen, changes[-1])
    if seen.is_partial and any(
        group.group_id == name
        for node in cluster.brokers(world)
        for group in node.groups.groups.values()
    ):
        say = f"Group {name} has not rebalanced as far back as is known; {note(world)}."
        return Explanation(f"Why did group {name} rebalance?", say)
    if names := names_of(name):
        return _error(seen, names)
    if name in world.nodes:
        return _node(seen, name)
    try:
        return not_visible(seen, ledger.find(world, name))
    except LearnerError as error:
        told = f"  {str(error)[:1].upper()}{str(error)[1:]}." if "@" in name else ""
        told = f"  There is no partition {name} here." if number.isdigit() else told
        raise LearnerError(f"why {name!r}?{told}  What may be asked about: {ASKABLE}") from error


def _error(seen: Seen, names: tuple[str, ...]) -> Explanation:
    """By all its names: the last that was answered with it, or what else there is to say of it."""
    found = next((e for e in reversed(seen.trace.of(*ANSWERS)) if error_of(e) in names), None)
    return refused(seen, found) if found is not None else unkept(seen, names[0])


def _partition(seen: Seen, of: TopicPartition) -> Explanation:
    """Whatever is wrong with it, the worst first."""
    nobody = offline(seen, of)
    if nobody is not None:
        return nobody
    about_watermark = stuck(seen, of)
    decided = seen.partition(of)
    assert decided is not None
    missing = [broker for broker in decided.replicas if broker not in decided.isr]
    if about_watermark.cause is not None or not missing:
        held = None if about_watermark.cause is not None else held_back(seen, of)
        return held or about_watermark
    out = why_out(seen, of, missing[0])
    question, known = f"Why is broker {missing[0]} not in the ISR of {of}?", note(seen.world)
    if out is None and seen.is_partial:
        say = f"Broker {missing[0]} is not in the ISR of {of}; how it left is not known: {known}."
        return Explanation(question, say)
    if out is None:
        return Explanation(question, f"Broker {missing[0]} has never been in the ISR of {of}.")
    say = f"Broker {missing[0]} is not in the ISR of {of}: {out.words}."
    return Explanation(question, say, out.chain, out.fault)


def _node(seen: Seen, name: str) -> Explanation:
    now, faults = seen.world.now, seen.faults
    fault = faults.of(name, now) or faults.of_disk(name, now) or faults.clock(name, now)
    if fault is None:
        fenced = [
            each
            for each in seen.trace.of("BrokerFenced", "BrokerUnfenced")
            if each.fields["broker_id"] == getattr(seen.world.nodes[name], "broker_id", None)
        ]
        if fenced and fenced[-1].kind == "BrokerFenced":
            return _event(seen, fenced[-1])
        return Explanation(f"What is wrong with {name}?", f"Nothing is wrong with {name}.")
    words = clause(seen, fault)
    say = f"{words[:1].upper()}{words[1:]}."
    return Explanation(f"What is wrong with {name}?", say, (fault,), fault)


def _isr_changed(seen: Seen, entry: Entry) -> Explanation:
    of = TopicPartition(entry.event[1], entry.event[2])
    gone = [broker for broker in entry.fields["before"] if broker not in entry.fields["after"]]
    question = f"Why did the ISR of {of} change at {seen.clock(entry.at)}?"
    for broker in gone:
        out = why_out(seen, of, broker, entry.id + 1)
        if out is not None:
            say = f"{tell(entry)[:1].upper()}{tell(entry)[1:]}: {out.words}."
            return Explanation(question, say, ordered(*out.chain, entry), out.fault)
    return _chain(seen, entry)


def _fenced(seen: Seen, entry: Entry) -> Explanation:
    words, chain, fault = fenced(seen, entry)
    question = f"Why was broker {entry.fields['broker_id']} fenced at {seen.clock(entry.at)}?"
    return Explanation(question, f"{words[:1].upper()}{words[1:]}.", chain, fault)


def _chain(seen: Seen, entry: Entry) -> Explanation:
    """For any other event: the causes that the trace has."""
    found = causes(seen.trace, entry.id)
    chain = tuple(reversed(found.chain))
    root = chain[0]
    question = f"Why, at {seen.clock(entry.at)}: {tell(entry)}?"
    steps = tuple(e for e in chain if e.kind != "TimerFired" or e in (root, entry))
    steps = steps if len(steps) <= _STEPS_MAX else (*steps[:2], *steps[2 - _STEPS_MAX :])
    if root.id == entry.id and not found.complete:
        say = f"{tell(entry)[:1].upper()}{tell(entry)[1:]}; what led to it is not kept."
        return Explanation(question, say, steps)
    if root.id == entry.id:
        return Explanation(question, f"{tell(entry)}: that came from outside.", steps, root)
    begins = f"it began with {tell(root)} at {seen.clock(root.at)}"
    end = "" if found.complete else " (what was before has been let go)"
    cause = root if found.complete and root.cause == 0 and root.kind != "TimerFired" else None
    return Explanation(question, f"{tell(entry)[:1].upper()}{tell(entry)[1:]}; {begins}{end}.",
                       steps, cause)  # fmt: skip


def _by_clock(seen: Seen, entry: Entry) -> Explanation:
    return judged(seen, entry, _chain(seen, entry))


def _event(seen: Seen, entry: Entry) -> Explanation:
    return _EVENTS.get(entry.kind, _chain)(seen, entry)


def _polled_or_failed(seen: Seen, entry: Entry) -> Explanation:
    if entry.kind == "ProduceAnswered" and entry.fields["error"] == "NONE":
        return _chain(seen, entry)
    return refused(seen, entry)


_EVENTS: Final[Mapping[str, Callable[[Seen, Entry], Explanation]]] = {
    "LeaderElected": leader_changed,
    "IsrChanged": _isr_changed,
    "BrokerFenced": _fenced,
    "GroupStateChanged": rebalanced,
    "SegmentsDeleted": _by_clock,
    "LogCleaned": _by_clock,
    "ProducerFenced": _by_clock,
    "TransactionStateChanged": _by_clock,
    "AppendRefused": refused,
    "RecordFailed": refused,
    "RequestIntercepted": refused,
    "ProduceAnswered": _polled_or_failed,
}
