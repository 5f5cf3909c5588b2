"""Why does a consumer get nothing?

Read next: `rebalances`.
"""

from typing import Any

from kafkalab.client.consumer.assignment import AssignedPartition, Phase
from kafkalab.ids import NO_NODE, NodeName, TopicPartition, server_name
from kafkalab.log import PartitionLog
from kafkalab.sim import cluster
from kafkalab.sim.telling import node_name, tell
from kafkalab.sim.why.explanation import Explanation, ordered
from kafkalab.sim.why.fault_words import clause
from kafkalab.sim.why.leadership import offline
from kafkalab.sim.why.rebalances import gone, is_member, outside, subscribed
from kafkalab.sim.why.watermark import held_back, stuck
from kafkalab.sim.why.world_seen import Seen
from kafkalab.world import Entry

OFFSETS_TOPIC = "__consumer_offsets"


def idle(seen: Seen, name: NodeName) -> Explanation:
    """Of one consumer, now."""
    question = f"Why does {name} get nothing?"
    node: Any = seen.world.nodes[name]
    if name in seen.world.crashed:
        ended = [e for e in seen.of("Crashed", "AppCrashed", "AppFinished") if _ends(e, name)]
        last = seen.faults.of(name, seen.world.now) or (ended[-1] if ended else None)
        how = f": {tell(last)} at {seen.clock(last.at)}" if last else ""
        return Explanation(question, f"{name} does not run any more{how}.", ordered(last), last)
    if node.is_closed():
        return Explanation(question, f"{name} has been closed.", _calls(seen, name, "close"))
    if node.subscription() and node.generation < 0:
        return _not_in(seen, name, node, question)
    if not node.assignment():
        return _nothing_assigned(seen, name, node, question)
    return _nothing_to_read(seen, name, node, question)


def _not_in(seen: Seen, name: NodeName, node: Any, question: str) -> Explanation:
    """It is not a member of its group (yet)."""
    of, coordinator = _coordinator(seen, node.group_id)
    if of is None:
        say = f"{name} looks for its group's coordinator; {OFFSETS_TOPIC} is not there yet."
        return Explanation(question, say, _calls(seen, name, "subscribe"))
    nobody = offline(seen, of)
    if nobody is not None:
        say = (
            f"{name} cannot join group {node.group_id}, whose coordinator leads {of}. {nobody.say}"
        )
        return Explanation(question, say, nobody.chain, nobody.cause)
    fault = seen.apart(name, coordinator)
    if fault is not None:
        say = (
            f"{name} cannot reach its coordinator, {node_name(coordinator)}: {clause(seen, fault)}."
        )
        return Explanation(question, say, (fault,), fault)
    left = [e for e in seen.of("MemberLeft", "MemberJoined") if is_member(seen, name, e)]
    if left and left[-1].kind == "MemberLeft":
        out = gone(seen, left[-1])
        say = f"{name} has left group {node.group_id} at {seen.clock(left[-1].at)}: {out.words}."
        return Explanation(question, say, out.chain, out.fault)
    changes = [e for e in seen.of("GroupStateChanged") if e.fields["group"] == node.group_id]
    last = changes[-1] if changes else None
    state = last.fields["after"] if last else "not there yet"
    say = f"{name} joins group {node.group_id}, which is {state}: a rebalance is under way."
    return Explanation(question, say, ordered(*_calls(seen, name, "subscribe"), last))


def _nothing_assigned(seen: Seen, name: NodeName, node: Any, question: str) -> Explanation:
    if not node.subscription():
        say = f"{name} has subscribed to nothing, and nothing was assigned to it."
        return Explanation(question, say, _calls(seen, name, "unsubscribe", "unassign"))
    count = sum(
        len(topic.partitions)
        for topic in seen.image.topics.values()
        if topic.name in node.subscription()
    )
    joined: dict[str, Entry] = {}
    for entry in seen.of("MemberJoined"):
        if entry.fields["group"] == node.group_id:
            joined[entry.fields["client_id"]] = entry
    others = [entry for client, entry in joined.items() if client != name and client in _up(seen)]
    topics = ", ".join(node.subscription())
    if not count:
        call = _calls(seen, name, "subscribe")
        say = f"{name} has no partition: there is no topic {topics}."
        return Explanation(question, say, call, outside(seen, call[0]) if call else None)
    if len(others) < count:
        say = f"{name} waits for partitions of {topics}: a rebalance is under way."
        return Explanation(question, say, ordered(*others))
    say = (
        f"{name} has no partition: {topics} has {_count(count, 'partition')}, group "
        f"{node.group_id} has {len(others) + 1} members, and a partition has one reader."
    )
    last = others[-1]
    cause = subscribed(seen, last).fault
    mine = joined.get(name)
    return Explanation(question, say, ordered(cause, *others, mine), cause)


def _nothing_to_read(seen: Seen, name: NodeName, node: Any, question: str) -> Explanation:
    """It has partitions: is anything in them, and can it be had?"""
    if node.has_event():
        polls = _calls(seen, name, "take_message", "begin_poll")
        say = f"Messages wait at {name}; its application has not asked for them."
        return Explanation(question, say, polls)
    for of in node.assignment():
        held = _kept_from(seen, name, node, of, question)
        if held is not None:
            return held
    read_up = [of for of in node.assignment() if _is_read_up(seen, node, of)]
    paused = [str(of) for of in node.assignment() if _place(node, of).is_paused]
    asleep = f" It has paused {', '.join(paused)}." if paused else ""
    calls = _calls(seen, name, "pause") if paused else ()
    if len(read_up) == len(node.assignment()):
        names = ", ".join(map(str, read_up))
        resets = [e for e in seen.trace.of("OffsetReset", node=name) if _skips(seen, e)]
        skipped = "".join(
            f" It began {e.event[1]}-{e.event[2]} at {e.fields['offset']} (auto.offset.reset is "
            f"{e.fields['policy']}), after what was there by then."
            for e in resets[-1:]
        )
        say = f"{name} has read all there is in {names}.{skipped}{asleep}"
        return Explanation(question, say, ordered(*resets[-1:], *calls))
    if paused:
        say = f"{name} has paused {', '.join(paused)}: nothing of that comes until it is resumed."
        return Explanation(question, say, calls, calls[-1] if calls else None)
    return Explanation(question, f"{name} has something to read; its fetch is under way.")


def _kept_from(
    seen: Seen, name: NodeName, node: Any, of: TopicPartition, question: str
) -> Explanation | None:
    """What keeps a consumer from going on in one of its partitions; None if nothing does."""
    nobody = offline(seen, of)
    if nobody is not None:
        say = f"{name} reads {of}. {nobody.say}"
        return Explanation(question, say, nobody.chain, nobody.cause)
    decided = seen.partition(of)
    assert decided is not None
    leader = server_name(decided.leader)
    fault = seen.apart(name, leader)
    if fault is not None:
        say = f"{name} cannot reach {node_name(leader)}, which leads {of}: {clause(seen, fault)}."
        return Explanation(question, say, (fault,), fault)
    log = cluster.broker(seen.world, decided.leader).disk.logs[of]
    if _place(node, of).phase is Phase.STOPPED or _place(node, of).position > log.log_end_offset:
        return _out_of_range(seen, name, _place(node, of), log, question)
    position = node.positions.get(of)
    if position is not None and position >= log.high_watermark < log.log_end_offset:
        why = stuck(seen, of)
        say = f"{name} has read {of} up to its high watermark. {why.say}"
        return Explanation(question, say, why.chain, why.cause)
    if position is not None and log.last_stable_offset <= position < log.high_watermark:
        held = held_back(seen, of)
        if held is not None:
            say = f"{name} has read {of} up to {position}. {held.say}"
            return Explanation(question, say, held.chain, held.cause)
    return None


def _out_of_range(
    seen: Seen, name: NodeName, place: AssignedPartition, log: PartitionLog, question: str
) -> Explanation:
    """It stands where there is no record to come, and does not go elsewhere by itself."""
    of, at = place.partition, max(place.position, place.fetch_offset)
    where = f"stands at offset {at} of {of}" if at >= 0 else f"has no offset to begin {of} at"
    there = f"which has {log.log_start_offset} to {log.log_end_offset}"
    calls = _calls(seen, name, "assign", "seek", "subscribe", "incremental_assign")
    if place.phase is not Phase.STOPPED:
        paused = ", and has paused it" if place.is_paused else ""
        say = f"{name} {where}, {there}: it asks for what is not there{paused}."
        return Explanation(question, say, calls, calls[-1] if calls else None)
    say = (
        f"{name} {where}, {there}, and its auto.offset.reset is error: it was told "
        "_AUTO_OFFSET_RESET, and reads no more of it until it seeks or assigns another offset."
    )
    return Explanation(question, say, calls, calls[-1] if calls else None)


def _is_read_up(seen: Seen, node: Any, of: TopicPartition) -> bool:
    position, decided = node.positions.get(of), seen.partition(of)
    assert decided is not None
    log = cluster.broker(seen.world, decided.leader).disk.logs[of]
    return position is not None and bool(position >= log.high_watermark)


def _place(node: Any, of: TopicPartition) -> AssignedPartition:
    place: AssignedPartition = node._context.assignment.get(of)
    return place


def _coordinator(seen: Seen, group: str) -> tuple[TopicPartition | None, NodeName]:
    topic = seen.image.topics.get(OFFSETS_TOPIC)
    if topic is None:
        return None, ""
    broker = cluster.brokers(seen.world)[0]
    number = broker.groups.partition_for(group, len(topic.partitions))
    leader = topic.partitions[number].leader
    of = TopicPartition(OFFSETS_TOPIC, number)
    return of, server_name(leader) if leader != NO_NODE else ""


def _skips(seen: Seen, reset: Entry) -> bool:
    """Whether a consumer that had no offset began after records that are still there."""
    of = TopicPartition(reset.event[1], reset.event[2])
    decided = seen.partition(of)
    if decided is None or decided.leader == NO_NODE:
        return False
    start = cluster.broker(seen.world, decided.leader).disk.logs[of].log_start_offset
    return bool(reset.fields["offset"] > start)


def _calls(seen: Seen, name: NodeName, *methods: str) -> tuple[Entry, ...]:
    calls = [e for e in seen.trace.of("ActionTaken", node=name) if e.event[1] in methods]
    return tuple(calls[-1:])


def _up(seen: Seen) -> list[NodeName]:
    return [name for name in seen.world.nodes if name not in seen.world.crashed]


def _ends(entry: Entry, name: NodeName) -> bool:
    return entry.node == name


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
