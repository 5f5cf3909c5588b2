"""What nodes did that is no message: faults, elections, and steps of a chain that no arrow carries.

Read next: `spacetime`.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, NotRequired, TypedDict

from kafkalab.frames.feed import in_words
from kafkalab.frames.shape import Tone
from kafkalab.ids import NodeName
from kafkalab.world import Entry

CROWD: Final = 40  # with more, a chain is shown with what concerns its own nodes alone
_SPOKEN: Final = frozenset(
    {"Crashed", "Restarted", "Paused", "Partitioned", "Healed", "BrokerFenced", "LeaderElected",
     "Truncated", "IsrChanged", "AppendRefused", "GroupStateChanged", "RecordFailed",
     "ConnectionCut", "MessageHeld", "MessageReleased"}
)  # fmt: skip


class MarkFrame(TypedDict):
    """Something a node did that is no message."""

    id: int
    lane: str
    at: int
    glyph: str
    tone: Tone
    words: str
    step: NotRequired[int]


def marks_of(
    entries: Iterable[Entry],
    steps: Mapping[int, int],
    messages: Sequence[Mapping[str, Any]],
    near: Collection[NodeName],
) -> list[MarkFrame]:
    """Events that are no message: faults, elections; of the chain, those that no arrow carries."""
    carried = {message["step"] for message in messages if "step" in message}
    marks: list[MarkFrame] = []
    for entry in entries:
        step = steps.get(entry.id)
        if step is not None and step in carried:
            continue
        if step is None and entry.kind not in _SPOKEN:
            continue
        told = in_words(entry.node, entry.event)
        if step is None and told is None:
            continue
        glyph, tone, _ = told if told is not None else ("dot", "ink", "")
        mark: MarkFrame = {
            "id": entry.id,
            "lane": _lane_of(entry),
            "at": entry.at,
            "glyph": glyph,
            "tone": tone,
            "words": _short(entry),
        }
        if step is not None:
            mark["step"] = step
        marks.append(mark)
    if steps and len(marks) > CROWD // 4:
        marks = [mark for mark in marks if "step" in mark or mark["lane"] in near]
    return marks


_SHORT: Final = {
    "AppStarted": "starts",
    "AppCrashed": "crashes",
    "Appended": "writes",
    "Replicated": "copies",
    "LeaderStarted": "leads",
    "FollowerStarted": "follows",
    "RecordProduced": "takes a record",
    "RecordSent": "sends",
    "RecordAcknowledged": "hears so",
    "OffsetCommitted": "commits",
    "MemberJoined": "a member joins",
    "MemberLeft": "a member leaves",
    "ShutdownBegun": "shuts down",
    "Stopped": "has stopped",
    "DiskChanged": "its disk changes",
    "LogDirFailed": "its disk fails",
    "TimerFired": "a timer",
}


def _lane_of(entry: Entry) -> str:
    """A world's own fault stands on its own line at the top."""
    return "network" if entry.node == "world" else entry.node


def _short(entry: Entry) -> str:
    fields = entry.fields
    match entry.kind:
        case "Crashed":
            return "crash"
        case "Restarted":
            return "restarts"
        case "Paused":
            return "stands still"
        case "Partitioned":
            return "cut one way" if fields["is_one_way"] else "partitioned"
        case "Healed":
            return "whole again"
        case "ConnectionCut":
            return f"{fields['client']} cut from {fields['server']}"
        case "MessageHeld":
            return "held"
        case "MessageReleased":
            return "let go"
        case "BrokerFenced":
            return f"fences broker {fields['broker_id']}"
        case "LeaderElected":
            leader = fields["leader"]
            return "no leader" if leader < 0 else f"broker {leader} leads"
        case "Truncated":
            return f"cut to {fields['offset']}"
        case "IsrChanged":
            return "ISR {" + ", ".join(map(str, fields["after"])) + "}"
        case "AppendRefused":
            return str(fields["error"])
        case "GroupStateChanged":
            return str(fields["after"])
        case "RecordFailed":
            return "gives up"
        case "IsrShrinkAsked":
            return "asks to shrink the ISR"
        case "ActionTaken":
            return str(fields["method"]).replace("_", " ")
        case "ProduceAnswered":
            return "acknowledges" if fields["error"] == "NONE" else str(fields["error"])
        case "HighWatermarkAdvanced":
            return f"high watermark {fields['high_watermark']}"
    return _SHORT.get(entry.kind, entry.kind)
