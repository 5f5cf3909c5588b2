"""Why was there a rebalance?  Who came or went, and what made him.

    Stable ─ a member joins, leaves, falls silent, wants other topics ─▶ … ─▶ Stable

A rebalance is what lies between two rests of a group; its cause lies after the rest before.

Read next: `consuming`.
"""

from typing import Any

from kafkalab.ids import NodeName
from kafkalab.sim.telling import past
from kafkalab.sim.why.explanation import Explanation, ordered
from kafkalab.sim.why.fault_words import clause
from kafkalab.sim.why.leadership import Out
from kafkalab.sim.why.world_seen import Seen
from kafkalab.world import Entry
from kafkalab.world.causality import causes

_AT_REST = ("Stable", "Empty", "Dead")
_TOPICS = ("create_topics", "delete_topics", "create_partitions", "ask")


def rebalanced(seen: Seen, entry: Entry) -> Explanation:
    """Of a `GroupStateChanged` event: its rebalance, from the first change of it."""
    group = entry.fields["group"]
    changes = [e for e in seen.of("GroupStateChanged") if e.fields["group"] == group]
    began, rest = entry, 0
    for each in reversed([e for e in changes if e.id <= entry.id]):
        if each.id != began.id and each.fields["after"] in _AT_REST:
            rest = each.id
            break
        began = each
        if each.fields["after"] == "PreparingRebalance":
            rest = max((e.id for e in changes if e.id < each.id), default=0)
            break
    question = f"Why did group {group} rebalance at {seen.clock(began.at)}?"
    why = began.fields["reason"] or "its members changed"
    so = f"Group {group} rebalanced at {seen.clock(began.at)} because {why}"
    for each in _moved(seen, group, rest, began):
        out = gone(seen, each) if each.kind == "MemberLeft" else _came(seen, each)
        if out.words:
            return Explanation(
                question, f"{so}: {out.words}.", ordered(*out.chain, began), out.fault
            )
    if "subscription" in why and (made := _topics_changed(seen, began, rest)) is not None:
        say = f"{so}: {past(made)} at {seen.clock(made.at)}."
        return Explanation(question, say, ordered(made, began), made)
    chain = tuple(reversed(causes(seen.trace, began.id).chain))
    root = outside(seen, chain[0])
    if root is not None and root.id > rest:
        say = f"{so}: {past(root)} at {seen.clock(root.at)}."
        return Explanation(question, say, ordered(root, began), root)
    return Explanation(question, f"{so}.", (began,))


def _moved(seen: Seen, group: str, rest: int, began: Entry) -> list[Entry]:
    """Members that came or went since the rest before, those that went first.

    A group of KIP-848 says so a moment before or after its state changes.
    """
    after = [e.id for e in seen.of("GroupStateChanged") if e.event[1] == group and e.id > began.id]
    end = min(after, default=began.id + 1)
    there = [
        each
        for each in seen.of("MemberLeft", "MemberJoined")
        if each.event[1] == group and rest < each.id <= max(end, began.id)
    ]
    early = [each for each in there if each.id <= began.id or each.at == began.at] or there
    return sorted(early, key=lambda each: (each.kind != "MemberLeft", each.id))


def gone(seen: Seen, left: Entry) -> Out:
    """Of a `MemberLeft` event: who, and why."""
    name = _consumer(seen, left)
    if name is None:
        return Out("", (left,), None)
    reason = left.fields["reason"]
    fault = seen.silence(name, left.node, left) if "timed out" in reason else None
    if fault is not None:
        return Out(clause(seen, fault), (fault, left), fault)
    joined = [e for e in seen.of("MemberJoined") if is_member(seen, name, e) and e.id < left.id]
    since = joined[-1].id if joined else 0
    calls = [e for e in seen.trace.of("ActionTaken", node=name) if since < e.id < left.id]
    asked = [e for e in calls if e.event[1] in ("close", "unsubscribe")]
    if asked:
        cause = outside(seen, asked[-1])
        words = f"{past(asked[-1])} at {seen.clock(asked[-1].at)}"
        return Out(words, ordered(cause, asked[-1], left), cause)
    ended = [
        each
        for each in seen.of("AppCrashed", "AppFinished", "Crashed")
        if each.id < left.id and (each.node == name or _runs(seen, each, name))
    ]
    if ended:
        return Out(f"{past(ended[-1])} at {seen.clock(ended[-1].at)}", (ended[-1], left), ended[-1])
    if "timed out" in reason:
        return Out("", (left,), None)
    polls = [e for e in calls if e.event[1] in ("begin_poll", "take_message")][-1:]
    never = "for as long as is known" if seen.is_partial else "at all"
    last = f"since {seen.clock(polls[0].at)}" if polls else never
    words = f"{name}'s application has not polled {last}, longer than its max.poll.interval.ms"
    return Out(words, (*polls, left), None)


def _came(seen: Seen, joined: Entry) -> Out:
    """Of a `MemberJoined` event: for the first time, or again?"""
    name = _consumer(seen, joined)
    if name is None:
        return Out("", (joined,), None)
    group = joined.fields["group"]
    left = [
        each
        for each in seen.of("MemberLeft")
        if each.event[1] == group and each.id < joined.id and is_member(seen, name, each)
    ]
    if left:
        out = gone(seen, left[-1])
        words = f"{name} is back; it had gone at {seen.clock(left[-1].at)}"
        words += f" because {out.words}" if out.words else ""
        return Out(words, ordered(*out.chain, joined), out.fault)
    return subscribed(seen, joined)


def subscribed(seen: Seen, joined: Entry) -> Out:
    """Of a `MemberJoined` event: the call by which it wanted to."""
    name = _consumer(seen, joined)
    calls = [
        each
        for each in seen.trace.of("ActionTaken", node=name)
        if name is not None and each.event[1] == "subscribe" and each.id < joined.id
    ]
    if not calls:
        return Out("", (joined,), None)
    cause = outside(seen, calls[-1])
    words = f"{past(calls[-1])} at {seen.clock(calls[-1].at)}"
    return Out(words, ordered(cause, calls[-1], joined), cause)


def _topics_changed(seen: Seen, began: Entry, rest: int) -> Entry | None:
    """The last call that made topics or partitions, or a member's own."""
    calls = [
        each
        for each in seen.trace.of("ActionTaken")
        if rest < each.id < began.id
        and (each.event[1] in _TOPICS or each.event[1] == "subscribe")
        and each.cause == 0
    ]
    return calls[-1] if calls else None


def outside(seen: Seen, entry: Entry) -> Entry | None:
    """The call from outside behind a call, or the start of the app that made it."""
    kinds = ("ActionTaken", "AppStarted", "Crashed", "Restarted", "Healed", "Partitioned")
    if entry.cause == 0:
        return entry if entry.kind in kinds else None
    for process in seen.world.apps.processes.values():
        if entry.node in process.nodes:
            return seen.trace.entry(process.began)
    return None


def _consumer(seen: Seen, entry: Entry) -> NodeName | None:
    """Whose membership an event is about; a member's id begins with its client.id, or is drawn."""
    for name, node in seen.world.nodes.items():
        if getattr(node, "kind", "") == "consumer" and is_member(seen, name, entry):
            return name
    return None


def is_member(seen: Seen, name: NodeName, entry: Entry) -> bool:
    member = entry.fields["member"]
    node: Any = seen.world.nodes[name]
    if member in (node.member_id, "") or member.startswith(f"{name}-"):
        return True
    joined = [e for e in seen.of("MemberJoined") if e.fields["member"] == member]
    return any(e.fields["client_id"] == name for e in joined)


def _runs(seen: Seen, entry: Entry, name: NodeName) -> bool:
    process = seen.world.apps.processes.get(entry.node)
    return process is not None and name in process.nodes
