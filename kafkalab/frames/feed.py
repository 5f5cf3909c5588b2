"""Events in words: what a person is told of the trace, newest first.

Most events are steps of machinery (each append, each fetch) and stay in the trace.  `WORDS` has the
kinds that mean something to a learner, each with a sentence, a glyph and a tone; the tone is a
token of the theme, never a colour.  `HEADLINES` are those that stop a playback for a moment.

Read next: `cluster`, which puts the feed beside what there is.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from kafkalab.errors import ErrorCode
from kafkalab.events import Event, named
from kafkalab.ids import NO_NODE

Fields = Mapping[str, Any]


class Words(NamedTuple):
    """How one kind of event is told.  `say` may return None: this one is not worth telling."""

    glyph: str
    tone: str
    say: Callable[[str, Fields], str | None]


def _partition(fields: Fields) -> str:
    return f"{fields['topic']}-{fields['partition']}"


def _members(ids: Iterable[int]) -> str:
    return "{" + ", ".join(str(broker) for broker in ids) + "}"


def _title(node: str) -> str:
    """`broker-2` as a person says it: Broker 2."""
    kind, _, number = node.rpartition("-")
    return f"{kind.capitalize()} {number}" if kind else node


def _is_internal(fields: Fields) -> bool:
    return str(fields.get("topic", "")).startswith("__")


def _isr(node: str, fields: Fields) -> str | None:
    before, after = fields["before"], fields["after"]
    if len(after) == len(before):
        return None
    verb = "shrinks" if len(after) < len(before) else "grows"
    return f"ISR of {_partition(fields)} {verb} to {_members(after)}"


def _leader(node: str, fields: Fields) -> str:
    if fields["leader"] == NO_NODE:
        return f"{_partition(fields)} has no leader"
    return f"Broker {fields['leader']} leads {_partition(fields)}, epoch {fields['leader_epoch']}"


def _truncated(node: str, fields: Fields) -> str | None:
    removed = fields["removed"]
    if not removed:
        return None
    records = "1 record" if removed == 1 else f"{removed} records"
    return f"{_title(node)} cuts {records} off {_partition(fields)}, from {fields['offset']}"


def _failed(node: str, fields: Fields) -> str:
    error = fields["error"]
    name = ErrorCode(error).name if isinstance(error, int) else str(error)
    return f"{_title(node)} gave up on a record for {_partition(fields)}: {name}"


def _group(node: str, fields: Fields) -> str:
    return f"{fields['group']}: {fields['after']}, generation {fields['generation']}"


def _appended(node: str, fields: Fields) -> str:
    count = fields["last_offset"] - fields["base_offset"] + 1
    records = "1 record" if count == 1 else f"{count} records"
    return f"{_title(node)} appended {records} to {_partition(fields)} at {fields['base_offset']}"


def _committed(node: str, fields: Fields) -> str:
    return f"{fields['group']} committed {fields['offset']} of {_partition(fields)}"


WORDS: Final[Mapping[str, Words]] = {
    "Crashed": Words("cross", "out-t", lambda n, f: f"{_title(n)} crashed"),
    "Restarted": Words("play", "sync-t", lambda n, f: f"{_title(n)} restarted"),
    "Paused": Words("clock", "out-t", lambda n, f: f"{_title(n)} stands still"),
    "Resumed": Words("play", "sync-t", lambda n, f: f"{_title(n)} goes on"),
    "Partitioned": Words("plug", "out-t", lambda n, f: "The network is partitioned"),
    "Healed": Words("tick", "sync-t", lambda n, f: "The network is whole again"),
    "ConnectionCut": Words(
        "plug", "out-t", lambda n, f: f"Connection {f['client']} to {f['server']} cut"
    ),
    "BrokerFenced": Words(
        "cross", "out-t", lambda n, f: f"The controller fenced broker {f['broker_id']}"
    ),
    "BrokerUnfenced": Words(
        "tick", "sync-t", lambda n, f: f"Broker {f['broker_id']} is in service"
    ),
    "QuorumLeaderElected": Words(
        "star", "lead-t", lambda n, f: f"{_title(n)} is active, epoch {f['quorum_epoch']}"
    ),
    "TopicCreated": Words(
        "plus", "comm-t", lambda n, f: f"Topic {f['topic']} with {f['partitions']} partitions"
    ),
    "TopicDeleted": Words("minus", "out-t", lambda n, f: f"Topic {f['topic']} deleted"),
    "LeaderElected": Words("star", "lead-t", _leader),
    "IsrChanged": Words("dot", "sync-t", _isr),
    "Truncated": Words("minus", "out-t", _truncated),
    "Appended": Words("up", "comm-t", _appended),
    "RecordFailed": Words("cross", "out-t", _failed),
    "GroupStateChanged": Words("swap", "group-t", _group),
    "OffsetCommitted": Words("tick", "group-t", _committed),
    "AppCrashed": Words("cross", "out-t", lambda n, f: f"{f['app']} crashed: {f['error']}"),
}

#: Kinds that deserve a picture of their own when a run is played back.
HEADLINES: Final = frozenset(
    {
        "Crashed",
        "Restarted",
        "Paused",
        "Resumed",
        "Partitioned",
        "Healed",
        "BrokerFenced",
        "BrokerUnfenced",
        "QuorumLeaderElected",
        "TopicCreated",
        "LeaderElected",
        "IsrChanged",
        "Truncated",
        "GroupStateChanged",
        "RecordFailed",
    }
)


def in_words(node: str, event: Event) -> tuple[str, str, str] | None:
    """(glyph, tone, sentence) of an event, or None if it is not for people."""
    words = WORDS.get(event[0])
    if words is None:
        return None
    fields = named(event)
    if _is_internal(fields):
        return None
    sentence = words.say(node, fields)
    if sentence is None:
        return None
    if event[0] == "IsrChanged" and len(fields["after"]) < len(fields["before"]):
        return "cross", "out-t", sentence
    return words.glyph, words.tone, sentence


def feed(entries: Sequence[Any], limit: int = 40) -> list[dict[str, Any]]:
    """The last `limit` entries of a trace that are for people, newest first.

    An entry has `id`, `at` (ms), `node` and `event`, as `world.trace` keeps them.
    """
    rows: list[dict[str, Any]] = []
    for entry in reversed(entries):
        told = in_words(entry.node, entry.event)
        if told is None:
            continue
        glyph, tone, sentence = told
        rows.append(
            {
                "id": entry.id,
                "at": entry.at,
                "node": entry.node,
                "kind": entry.event[0],
                "glyph": glyph,
                "tone": tone,
                "text": sentence,
            }
        )
        if len(rows) == limit:
            break
    return rows
