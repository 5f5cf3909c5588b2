"""Why does somebody else lead?  Why does nobody?  Why is a replica out of the ISR?

    a fault ─ (no heartbeat) ─▶ BrokerFenced ─▶ LeaderElected, IsrChanged
    a fault ─ (no fetch) ─▶ IsrShrinkAsked ─▶ IsrChanged

Read next: `watermark`.
"""

from typing import NamedTuple

from kafkalab.ids import NO_NODE, NodeId, TopicPartition, server_name
from kafkalab.sim.faults_in_force import HEARTBEAT
from kafkalab.sim.telling import ids, node_name, tell
from kafkalab.sim.why.explanation import Explanation, ordered
from kafkalab.sim.why.fault_words import clause
from kafkalab.sim.why.world_seen import Seen
from kafkalab.world import Entry, servers
from kafkalab.world.causality import causes


class Out(NamedTuple):
    """Why a replica left an ISR: the change, what led to it, and the fault, oldest first."""

    words: str
    chain: tuple[Entry, ...]
    fault: Entry | None


def leader_changed(seen: Seen, election: Entry) -> Explanation:
    """Of a `LeaderElected` event."""
    of = TopicPartition(election.event[1], election.event[2])
    leader, before = election.fields["leader"], seen.leader_before(election)
    if leader == NO_NODE:
        return _left_alone(seen, election, of)
    question = f"Why does broker {leader} lead {of} since {seen.clock(election.at)}?"
    so = f"Broker {leader} leads {of} since {seen.clock(election.at)} because"
    siblings = seen.siblings(election)
    for each in siblings:
        if each.kind == "BrokerFenced" and each.fields["broker_id"] == before:
            words, chain, fault = fenced(seen, each)
            say = f"{so} {words}; broker {leader} was in the ISR {ids(election.fields['isr'])}."
            return Explanation(question, say, ordered(*chain, election), fault)
    for each in siblings:
        if each.kind == "BrokerUnfenced" and each.fields["broker_id"] == leader:
            back = seen.of("Restarted", "Resumed", "Healed")
            back = [e for e in back if e.id < each.id and e.node in (server_name(leader), "world")]
            cause = back[-1] if back else None
            how = f"{tell(cause)} at {seen.clock(cause.at)} and " if cause else ""
            say = f"{so} it had no leader, and {how}the controller took broker {leader} in again."
            return Explanation(question, say, ordered(cause, each, election), cause)
    preferred = _preferred(seen, election, of, so, question)
    if preferred is not None:
        return preferred
    left = _shut_down(seen, before, election)
    if left is not None:
        say = f"{so} broker {before} began to shut down at {seen.clock(left.at)}."
        return Explanation(question, say, ordered(left, election), left)
    restart = _restarted_unnoticed(seen, before, election)
    if restart is not None:
        crash, chain = restart
        say = f"{so} {clause(seen, crash)} and began anew."
        return Explanation(question, say, ordered(*chain, election), crash)
    found = causes(seen.trace, election.id)
    chain = tuple(reversed(found.chain))
    root = chain[0]
    if root.id == election.id and not found.complete:
        since = f"Broker {leader} leads {of} since {seen.clock(election.at)}"
        return Explanation(question, f"{since}; what led to that is not known any more.", chain)
    say = f"{so} {tell(root)} at {seen.clock(root.at)}."
    cause = root if root.cause == 0 and root.kind != "TimerFired" else None
    return Explanation(question, say, _steps(chain), cause)


def _preferred(
    seen: Seen, election: Entry, of: TopicPartition, so: str, question: str
) -> Explanation | None:
    """The controller gives a partition back to its first replica, once that is in sync again."""
    decided, leader = seen.partition(of), election.fields["leader"]
    if decided is None or leader != decided.preferred_leader:
        return None
    back = next(
        (
            each
            for each in seen.all("IsrChanged", of, election.id)
            if leader in each.fields["after"] and leader not in each.fields["before"]
        ),
        None,
    )
    taken = seen.last("LeaderElected", of, election.id)
    if back is None or taken is None:
        return None
    why = leader_changed(seen, taken)
    say = (
        f"{so} it is the preferred leader (the first replica), in the ISR again since "
        f"{seen.clock(back.at)}: the controller balances leaders. It had lost it because of this: "
        f"{why.say}"
    )
    return Explanation(question, say, ordered(*why.chain, back, election), why.cause)


def offline(seen: Seen, of: TopicPartition) -> Explanation | None:
    """Why a partition cannot be written or read now; None if it can."""
    decided = seen.partition(of)
    assert decided is not None, of
    if decided.leader == NO_NODE:
        election = seen.last("LeaderElected", of)
        return _left_alone(seen, election, of) if election is not None else _long_alone(seen, of)
    fault = seen.down(decided.leader)
    if fault is None:
        return None
    if servers.active_controller(seen.world) is None:
        waits = "no controller is active that could elect another leader."
    else:
        waits = (
            "the controller has not fenced it yet: "
            "that takes broker.session.timeout.ms without a heartbeat."
        )
    say = (
        f"{of} is offline because its leader, broker {decided.leader}, has ended "
        f"({clause(seen, fault)}), and {waits}"
    )
    if fault.kind == "Paused":
        say = f"{of} is offline because {clause(seen, fault)}, and it is the leader."
    return Explanation(f"Why is {of} offline?", say, (fault,), fault)


def _long_alone(seen: Seen, of: TopicPartition) -> Explanation:
    """It has had no leader for longer than is known: who may lead is out still."""
    decided = seen.partition(of)
    assert decided is not None, of
    faults = [fault for broker in decided.replicas if (fault := seen.down(broker)) is not None]
    words = "; ".join(clause(seen, each) for each in faults)
    say = f"{of} has no leader{f' ({words})' if words else ''}."
    cause = faults[0] if faults else None
    return Explanation(f"Why has {of} no leader?", say, ordered(*faults), cause)


def _left_alone(seen: Seen, election: Entry, of: TopicPartition) -> Explanation:
    """Nobody could be elected: each who may lead is out."""
    question = f"Why has {of} had no leader since {seen.clock(election.at)}?"
    before = seen.leader_before(election)
    fence = next(
        (
            each
            for each in seen.siblings(election)
            if each.kind == "BrokerFenced" and each.fields["broker_id"] == before
        ),
        None,
    )
    decided = seen.partition(of)
    assert decided is not None, of
    chain: tuple[Entry, ...] = (election,)
    fault: Entry | None = None
    words = f"broker {before} was put out of service"
    if fence is not None:
        words, why_fenced, fault = fenced(seen, fence)
        chain = (*why_fenced, election)
    elif (fault := _shut_down(seen, before, election)) is not None:
        words = f"broker {before}, its leader, began to shut down at {seen.clock(fault.at)}"
        chain = (fault, election)
    elif (restart := _restarted_unnoticed(seen, before, election)) is not None:
        fault, chain = restart[0], (*restart[1], election)
        words = f"{clause(seen, fault)} and began anew"
    left = [broker for broker in decided.replicas if broker != before]
    outs = [why_out(seen, of, broker, election.id) for broker in left]
    said = "; ".join(each.words for each in outs if each is not None)
    may = f", and no other replica was in sync ({said})" if said else ""
    say = f"{of} has no leader because {words}{may}."
    more = [entry for each in outs if each is not None for entry in each.chain]
    return Explanation(question, say, ordered(*chain, more=more), fault)


def _shut_down(seen: Seen, broker: NodeId, entry: Entry) -> Entry | None:
    """The order to leave that a broker followed when this happened."""
    name = server_name(broker)
    left = [each for each in seen.of("ShutdownBegun", node=name) if each.id < entry.id]
    if left and not seen.all_after("Restarted", name, left[-1], entry):
        return left[-1]
    return None


def why_out(
    seen: Seen, of: TopicPartition, broker: NodeId, before_id: int | None = None
) -> Out | None:
    """Why a replica is out of the ISR; None if it never left it, or longer ago than is known."""
    for change in seen.all("IsrChanged", of, before_id):
        fields = change.fields
        if broker in fields["after"]:
            return None
        if broker in fields["before"]:
            return _left(seen, of, broker, change)
    down = seen.down(broker)
    if down is not None and down.id <= 0:  # since before what is known (`let_go`)
        return Out(clause(seen, down), (down,), down)
    return None


def _left(seen: Seen, of: TopicPartition, broker: NodeId, change: Entry) -> Out:
    for each in seen.siblings(change):
        if each.kind == "BrokerFenced" and each.fields["broker_id"] == broker:
            words, chain, fault = fenced(seen, each)
            going = _shut_down(seen, broker, change) if fault is None else None
            if going is not None:
                words = f"broker {broker} began to shut down at {seen.clock(going.at)}"
                chain, fault = (going, *chain), going
            return Out(words, (*chain, change), fault)
    asked = next(
        (
            each
            for each in seen.all("IsrShrinkAsked", of, change.id)
            if broker not in each.fields["wanted"]
        ),
        None,
    )
    if asked is None:
        going = _shut_down(seen, broker, change)
        if going is not None:
            words = f"broker {broker} began to shut down at {seen.clock(going.at)}"
            return Out(words, (going, change), going)
        restart = _restarted_unnoticed(seen, broker, change)
        if restart is not None:
            crash, chain = restart
            words = f"{clause(seen, crash)} and began anew"
            return Out(words, (*chain, change), crash)
        return Out(f"broker {broker} left the ISR at {seen.clock(change.at)}", (change,), None)
    fault = seen.silence(asked.node, server_name(broker), asked)
    words = f"broker {broker} did not keep up with {node_name(asked.node)}"
    if fault is not None:
        words += f", because {clause(seen, fault)}"
    return Out(words, ordered(fault, asked, change), fault)


def fenced(seen: Seen, entry: Entry) -> tuple[str, tuple[Entry, ...], Entry | None]:
    """Why the controller put a broker out of service: it fell silent."""
    broker = entry.fields["broker_id"]
    fault = seen.silence(server_name(broker), entry.node, entry, api=HEARTBEAT)
    fence = f"the controller fenced broker {broker} at {seen.clock(entry.at)}"
    if fault is None:
        return _old_session(seen, entry, fence)
    silent = (entry.at - fault.at) / 1000
    words = f"{clause(seen, fault)}; {silent:.3f} s later, having heard nothing of it, {fence}"
    return words, (fault, entry), fault


def _old_session(
    seen: Seen, entry: Entry, fence: str
) -> tuple[str, tuple[Entry, ...], Entry | None]:
    """It crashed and runs again, but may not register before its old session is over."""
    broker = entry.fields["broker_id"]
    crashes = [e for e in seen.of("Crashed", node=server_name(broker)) if e.id < entry.id]
    if not crashes:
        return fence, (entry,), None
    crash = crashes[-1]
    fault = seen.faults.of(crash.node, crash.at, crash.id + 1) or crash
    registered = [
        each
        for each in seen.of("BrokerRegistered")
        if each.fields["broker_id"] == broker and crash.id < each.id < entry.id
    ]
    if registered:
        return fence, (entry,), None
    back = [e for e in seen.of("Restarted", node=crash.node) if crash.id < e.id < entry.id]
    words = (
        f"{clause(seen, fault)}, and its new process cannot register while its old session lasts"
    )
    return f"{words}: {fence}", (fault, *back[-1:], entry), fault


def _restarted_unnoticed(
    seen: Seen, broker: NodeId, entry: Entry
) -> tuple[Entry, tuple[Entry, ...]] | None:
    """It died and came back before its session was over: its new process made it known."""
    name = server_name(broker)
    of_it = [each for each in seen.of("Crashed", "Restarted", node=name) if each.id < entry.id]
    registered = [
        each
        for each in seen.of("BrokerRegistered")
        if each.fields["broker_id"] == broker and each.id < entry.id and each.at <= entry.at
    ]
    if len(of_it) < 2 or not registered or registered[-1].id < of_it[-1].id:
        return None
    crash = next((each for each in reversed(of_it) if each.kind == "Crashed"), None)
    if crash is None or entry.at - registered[-1].at > 50:
        return None
    fault = seen.faults.of(name, crash.at, crash.id + 1) or crash
    return fault, (fault, of_it[-1], registered[-1])


def _steps(chain: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """Of a long walk what is worth a line: not each timer."""
    return tuple(each for each in chain if each.kind != "TimerFired")
