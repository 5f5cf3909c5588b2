"""Events of a trace for people: a line each, when and what in words, instead of the raw event.

    print(told(sim, "Crashed", "LeaderElected"))
         9.009 s  the controller makes broker 3 leader of orders-0 (epoch 1)

Read next: `kafkalab.sim.telling`, whose words these are.
"""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from kafkalab import Simulation
from kafkalab.sim.telling import node_name, seconds, tell
from kafkalab.world import Entry

#: A member's id is its client's name and a UUID, which tells a reader nothing.
_MEMBER_ID: Final = re.compile(r"\b([\w-]+?)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_ROLES: Final = {
    "Prospective": "is Prospective: it asks who would vote for it",
    "Candidate": "is Candidate: it asks for votes",
    "Leader": "is Leader: it has a majority",
    "Follower": "is Follower",
}


_WORDS: Final[Mapping[str, Callable[[str, Mapping[str, Any]], str]]] = {
    "QuorumRoleChanged": lambda who, f: (
        f"{who} {_ROLES[f['after']]} (epoch {f['quorum_epoch']})" if f["after"] in _ROLES else ""
    ),
    "VoteAnswered": lambda who, f: f"{who} answers {f['candidate_id']}: {_vote(f)}",
    "ControllerRenounced": lambda who, f: f"{who} gives up: it is active no more",
    "ControllerActivated": lambda who, f: f"{who} is the active controller",
    "Truncated": lambda who, f: (
        f"{who} cuts {f['removed']} off {f['topic']}-{f['partition']}: it ends at {f['offset']} now"
    ),
}


def told(
    sim: Simulation, *kinds: str, since: float = 0.0, topic: str = "", show: Collection[str] = ()
) -> str:
    """The events of these kinds from `since` (seconds) on.

    `topic`: only what concerns it, or no topic.  `show`: fields to add, such as `base_sequence`.
    """
    entries = [entry for entry in sim.trace.of(*kinds) if entry.at >= since * 1000]
    if topic:
        entries = [entry for entry in entries if entry.fields.get("topic", topic) == topic]
    return "\n".join(filter(None, (_line(entry, show) for entry in entries)))


def _line(entry: Entry, show: Collection[str]) -> str:
    say = _WORDS.get(entry.kind)
    words = tell(entry) if say is None else say(node_name(entry.node), entry.fields)
    extra = "".join(f", {name} {entry.fields[name]}" for name in show if name in entry.fields)
    words = _MEMBER_ID.sub(r"\1", words)
    return f"{seconds(entry.at):>11}  {words}{extra}" if words else ""


def _vote(f: Mapping[str, Any]) -> str:
    if f["pre_vote"]:
        return "yes, I would" if f["granted"] else "no, I would not"
    return "yes" if f["granted"] else "no"
