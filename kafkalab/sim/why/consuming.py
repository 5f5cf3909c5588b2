"""Why does a consumer get nothing?

Read next: `rebalances`.
"""

from typing import Any

from kafkalab.ids import NO_NODE, NodeName, TopicPartition, server_name
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
    positions = node.positions
    read_up: list[TopicPartition] = []
    for of in node.assignment():
        nobody = offline(seen, of)
        if nobody is not None:
            say = f"{name} reads {of}. {nobody.say}"
            return Explanation(question, say, nobody.chain, nobody.cause)
        decided = seen.partition(of)
        assert decided is not None
        leader = server_name(decided.leader)
        fault = seen.apart(name, leader)
        if fault is not None:
            say = (
                f"{name} cannot reach {node_name(leader)}, which leads {of}: {clause(seen, fault)}."
            )
            return Explanation(question, say, (fault,), fault)
        log = cluster.broker(seen.world, decided.leader).disk.logs[of]
        position = positions.get(of)
        if position is not None and position >= log.high_watermark < log.log_end_offset:
            why = stuck(seen, of)
            say = f"{name} has read {of} up to its high watermark. {why.say}"
            return Explanation(question, say, why.chain, why.cause)
        if position is not None and log.last_stable_offset <= position < log.high_watermark:
            held = held_back(seen, of)
            if held is not None:
                say = f"{name} has read {of} up to {position}. {held.say}"
                return Explanation(question, say, held.chain, held.cause)
        if position is not None and position >= log.high_watermark:
            read_up.append(of)
    if len(read_up) == len(node.assignment()):
        names = ", ".join(map(str, read_up))
        resets = [e for e in seen.trace.of("OffsetReset", node=name) if _skips(seen, e)]
        skipped = "".join(
            f" It began {e.event[1]}-{e.event[2]} at {e.fields['offset']} (auto.offset.reset is "
            f"{e.fields['policy']}), after what was there by then."
            for e in resets[-1:]
        )
        say = f"{name} has read all there is in {names}.{skipped}"
        return Explanation(question, say, tuple(resets[-1:]))
    paused = _calls(seen, name, "pause")
    if paused:
        return Explanation(question, f"{name} has paused partitions.", paused, paused[-1])
    return Explanation(question, f"{name} has something to read; its fetch is under way.")


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
