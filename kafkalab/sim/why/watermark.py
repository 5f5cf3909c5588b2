"""Why does the high watermark not move?

The leader is asked: whom does it wait for, and may it move at all?  Below min.insync.replicas it
may not (KIP-966); else it waits for the slowest of the maximal ISR, or of those about to join.

Read next: `visibility`.
"""

from kafkalab.ids import NO_NODE, NodeId, TopicPartition, server_name
from kafkalab.replica.leading import Leading
from kafkalab.sim import cluster
from kafkalab.sim.let_go import note
from kafkalab.sim.telling import ids
from kafkalab.sim.why.explanation import Explanation, ordered
from kafkalab.sim.why.fault_words import clause
from kafkalab.sim.why.leadership import offline, why_out
from kafkalab.sim.why.world_seen import Seen
from kafkalab.world import Entry


def stuck(seen: Seen, of: TopicPartition) -> Explanation:
    """Of one partition, now."""
    nobody = offline(seen, of)
    if nobody is not None:
        return nobody
    decided = seen.partition(of)
    assert decided is not None
    leader = decided.leader
    hosted = cluster.broker(seen.world, leader).replicas.partition(of)
    question = f"Why does the high watermark of {of} not move?"
    if hosted is None or hosted.leading is None:
        return _not_yet(seen, of, leader, question)
    log, leading = hosted.log, hosted.leading
    watermark, end = log.high_watermark, log.log_end_offset
    where = f"The high watermark of {of} is {watermark}, its log ends at {end}"
    if watermark == end:
        say = f"{where}: nothing waits to be committed."
        return Explanation(question, say)
    isr = leading.isr_state.isr
    if len(isr) < leading.min_isr:
        return _too_few(seen, of, isr, leading.min_isr, where, question)
    waited_for = _waited_for(leading, watermark)
    held = [
        (broker, has, fault)
        for broker, has in waited_for
        if (fault := seen.apart(server_name(leader), server_name(broker))) is not None
    ]
    if held:
        return _held_up(seen, of, held, where, question)
    names = ", ".join(str(broker) for broker, _ in waited_for) or "none"
    say = f"{where}: the fetches of the in-sync followers ({names}) are under way."
    return Explanation(question, say, ordered(seen.last("Appended", of)))


def _held_up(
    seen: Seen,
    of: TopicPartition,
    held: list[tuple[NodeId, int, Entry]],
    where: str,
    question: str,
) -> Explanation:
    """Faults keep those apart for whom the leader waits: (broker, where it ends, fault)."""
    faults = {fault.id: fault for _, _, fault in held}
    said = []
    for fault in faults.values():
        late = [(broker, has) for broker, has, by in held if by.id == fault.id]
        what = f"in the ISR and {'has' if len(late) == 1 else 'have'} only what is below"
        who = " and ".join(f"broker {broker}" for broker, _ in late)
        is_or_are = "is" if len(late) == 1 else "are"
        said.append(f"{who} {is_or_are} {what} {late[0][1]}, because {clause(seen, fault)}")
    first, *others = faults.values()
    seen.also.setdefault(first.id, []).extend(others)
    say = (
        f"{where}: {'; '.join(said)}. The leader waits for {'it' if len(held) == 1 else 'each'} "
        "until it has been behind for replica.lag.time.max.ms."
    )
    written = [e for e in seen.all("Appended", of) if e.fields["last_offset"] >= late[0][1]]
    return Explanation(question, say, ordered(*faults.values(), *written[-1:]), first)


def _not_yet(seen: Seen, of: TopicPartition, leader: NodeId, question: str) -> Explanation:
    """The leader does not lead: it is a new one, or its process is."""
    election = seen.last("LeaderElected", of)
    back = seen.of("Restarted", node=server_name(leader))
    if back and (election is None or election.id < back[-1].id):
        ended = seen.faults.of(server_name(leader), back[-1].at, back[-1].id)
        how = f", after {clause(seen, ended)}" if ended else ""
        say = (
            f"{of} is offline: its leader, broker {leader}, restarted at {seen.clock(back[-1].at)}"
            f"{how}, and has not taken it up again."
        )
        return Explanation(f"Why is {of} offline?", say, ordered(ended, back[-1]), ended)
    say = f"Broker {leader} is to lead {of} and has not heard of it yet."
    return Explanation(question, say, ordered(election))


def held_back(seen: Seen, of: TopicPartition) -> Explanation | None:
    """Why readers of committed transactions stop before the high watermark; None if they do not."""
    decided = seen.partition(of)
    if decided is None or decided.leader == NO_NODE:
        return None
    log = cluster.broker(seen.world, decided.leader).disk.logs.get(of)
    if log is None or log.last_stable_offset >= log.high_watermark:
        return None
    stable = log.last_stable_offset
    first = next(
        (f for f in seen.lives().fates for p in f.places if p.name == f"{of}@{stable}"), None
    )
    written = next((e for e in seen.all("Appended", of) if e.fields["base_offset"] <= stable), None)
    who = first.producer if first else "a producer"
    say = (
        f"The last stable offset of {of} is {stable}, its high watermark {log.high_watermark}: the "
        f"transaction of {who} that began there has been neither committed nor aborted, and "
        "read_committed readers wait for that."
    )
    cause = seen.trace.entry(first.produced.id) if first else None
    question = f"Why do readers of committed records stop in {of}?"
    return Explanation(question, say, ordered(cause, written), cause)


def _too_few(
    seen: Seen,
    of: TopicPartition,
    isr: tuple[NodeId, ...],
    min_isr: int,
    where: str,
    question: str,
) -> Explanation:
    decided = seen.partition(of)
    assert decided is not None
    missing = [broker for broker in decided.replicas if broker not in isr]
    outs = [out for broker in missing if (out := why_out(seen, of, broker)) is not None]
    # The last to leave took it below the least that is asked for.
    outs.sort(key=lambda out: out.chain[-1].id)
    said = "; ".join(out.words for out in outs)
    say = (
        f"{where}: the ISR is {ids(isr)}, and min.insync.replicas is {min_isr}, so nothing is "
        "committed (KIP-966)."
    )
    said = said or note(seen.world)
    say += f" {said[:1].upper()}{said[1:]}." if said else ""
    decisive = _decisive(seen, of, min_isr)
    fault = next((out.fault for out in outs if out.chain[-1].id == decisive), None)
    fault = fault or next((out.fault for out in reversed(outs) if out.fault), None)
    return Explanation(question, say, ordered(more=[e for out in outs for e in out.chain]), fault)


def _decisive(seen: Seen, of: TopicPartition, min_isr: int) -> int:
    """The id of the change that took the ISR below the least."""
    for change in seen.all("IsrChanged", of):
        if len(change.fields["before"]) >= min_isr > len(change.fields["after"]):
            return change.id
    return 0


def _waited_for(leading: Leading, watermark: int) -> list[tuple[NodeId, int]]:
    """Those of the maximal ISR that have no more than is committed, and where each ends."""
    maximal = leading.isr_state.maximal
    found = [
        (each.id, max(each.log_end_offset, 0))
        for each in leading.followers.values()
        if each.id in maximal and each.log_end_offset <= watermark
    ]
    return sorted(found, key=lambda each: each[1])
