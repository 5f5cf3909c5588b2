"""Events in words: what a person is told of the trace, newest first.

Most events are steps of machinery (each append, each fetch) and stay in the trace.  `WORDS` has the
kinds that mean something to a learner, each with a sentence, a glyph and a tone; the tone is a
token of the theme, never a colour.  `HEADLINES` are those that stop a playback for a moment.

Read next: `cluster`, which puts the feed beside what there is.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

from kafkalab.client.errors import KafkaError
from kafkalab.events import Event, named
from kafkalab.frames.shape import EVENTS_MAX, EventFrame, Tone
from kafkalab.ids import NO_NODE

Fields = Mapping[str, Any]


class Words(NamedTuple):
    """How one kind of event is told.  `say` may return None: this one is not worth telling."""

    glyph: str
    tone: Tone
    say: Callable[[str, Fields], str | None]


def _partition(fields: Fields) -> str:
    return f"{fields['topic']}-{fields['partition']}"


def _so_many(partitions: int) -> str:
    return "1 partition" if partitions == 1 else f"{partitions} partitions"


def _members(ids: Iterable[int]) -> str:
    return "{" + ", ".join(str(broker) for broker in ids) + "}"


def _title(node: str) -> str:
    """`broker-2` as a person says it: Broker 2."""
    kind, _, number = node.rpartition("-")
    return f"{kind.capitalize()} {number}" if kind else node


def _is_internal(fields: Fields) -> bool:
    return str(fields.get("topic", "")).startswith("__")


def _partitioned(node: str, fields: Fields) -> str:
    if not fields["is_one_way"]:
        return "The network is partitioned"
    ways = (", ".join(_short(name) for name in side) for side in fields["sides"])
    return f"Cut one way: {' → '.join(ways)}"


def _short(node: str) -> str:
    """Servers by their number."""
    kind, _, number = node.rpartition("-")
    return number if kind in ("broker", "controller") else node


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
    name = KafkaError(fields["error"]).name()
    return f"{_title(node)} gave up on a record for {_partition(fields)}: {name}"


def _group(node: str, fields: Fields) -> str:
    return f"{fields['group']}: {fields['after']}, generation {fields['generation']}"


def _to_give_up(node: str, fields: Fields) -> str:
    partitions = ", ".join(str(one) for one in fields["partitions"])
    return f"{fields['group']}: {fields['member'][:12]} is to give up {partitions}"


def _appended(node: str, fields: Fields) -> str:
    count = fields["last_offset"] - fields["base_offset"] + 1
    records = "1 record" if count == 1 else f"{count} records"
    return f"{_title(node)} appended {records} to {_partition(fields)} at {fields['base_offset']}"


def _committed(node: str, fields: Fields) -> str:
    return f"{fields['group']} committed {fields['offset']} of {_partition(fields)}"


def _held(fields: Fields) -> str:
    one, other = _title(fields["client"]), _title(fields["server"])
    if not one:
        return "All that was held is"
    if not fields["what"]:
        return f"All from {one} to {other} is"
    which = "Request" if fields["what"] == "request" else "Answer"
    return f"{which} {fields['correlation_id']} of {one} and {other} is"


def _disk(fields: Fields) -> str:
    states = {"mend": "well again", "full": "full", "fail": "failing"}
    return states.get(fields["how"], f"slow ({fields['ms']} ms)")


def _clock(node: str, fields: Fields) -> str:
    ahead, gains = fields["ahead_ms"], fields["gains_ms"]
    how = f"{abs(ahead)} ms {'ahead' if ahead > 0 else 'behind'}" if ahead else "right"
    if gains:
        how += f", {'gains' if gains > 0 else 'loses'} {abs(gains)} ms a second"
    return f"{_title(node)}: its clock is {how}"


def _unflushed(node: str, fields: Fields) -> str:
    where = _partition(fields)
    return f"{_title(node)} lost {fields['removed']} unflushed records of {where}"


def _deleted(node: str, fields: Fields) -> str:
    where = _partition(fields)
    return f"{_title(node)}: {fields['segments']} old segments of {where} go ({fields['reason']})"


def _cleaned(node: str, fields: Fields) -> str:
    where = _partition(fields)
    return f"{_title(node)} compacted {where}: {fields['before']} records, now {fields['after']}"


WORDS: Final[Mapping[str, Words]] = {
    "Crashed": Words("cross", "out", lambda n, f: f"{_title(n)} crashed"),
    "LogDirFailed": Words("cross", "out", lambda n, f: f"{_title(n)} loses its disk"),
    "DiskChanged": Words("dot", "out", lambda n, f: f"{_title(n)}: its disk is {_disk(f)}"),
    "ClockSet": Words("clock", "out", _clock),
    "UnflushedLost": Words("minus", "out", _unflushed),
    "SegmentsDeleted": Words("minus", "sync", _deleted),
    "LogCleaned": Words("swap", "sync", _cleaned),
    "Restarted": Words("play", "sync", lambda n, f: f"{_title(n)} restarted"),
    "ShutdownBegun": Words("clock", "sync", lambda n, f: f"{_title(n)} leaves in order"),
    "Stopped": Words("minus", "out", lambda n, f: f"{_title(n)} has stopped"),
    "Paused": Words("clock", "out", lambda n, f: f"{_title(n)} stands still"),
    "Resumed": Words("play", "sync", lambda n, f: f"{_title(n)} goes on"),
    "Partitioned": Words("plug", "out", _partitioned),
    "Healed": Words("tick", "sync", lambda n, f: "The network is whole again"),
    "ConnectionCut": Words(
        "plug", "out", lambda n, f: f"Connection {f['client']} to {f['server']} cut"
    ),
    "MessageHeld": Words("pause", "out", lambda n, f: f"{_held(f)} held in flight"),
    "MessageReleased": Words("play", "sync", lambda n, f: f"{_held(f)} let go"),
    "BrokerFenced": Words(
        "cross", "out", lambda n, f: f"The controller fenced broker {f['broker_id']}"
    ),
    "BrokerUnfenced": Words("tick", "sync", lambda n, f: f"Broker {f['broker_id']} is in service"),
    "QuorumLeaderElected": Words(
        "star", "lead", lambda n, f: f"{_title(n)} is active, epoch {f['quorum_epoch']}"
    ),
    "TopicCreated": Words(
        "plus", "comm", lambda n, f: f"Topic {f['topic']} with {_so_many(f['partitions'])}"
    ),
    "TopicDeleted": Words("minus", "out", lambda n, f: f"Topic {f['topic']} deleted"),
    "LeaderElected": Words("star", "lead", _leader),
    "IsrChanged": Words("dot", "sync", _isr),
    "Truncated": Words("minus", "out", _truncated),
    "Appended": Words("up", "comm", _appended),
    "RecordFailed": Words("cross", "out", _failed),
    "GroupStateChanged": Words("swap", "group", _group),
    "RevocationAsked": Words("minus", "group", _to_give_up),
    "OffsetCommitted": Words("tick", "group", _committed),
    "AppCrashed": Words("cross", "out", lambda n, f: f"{f['app']} crashed: {f['error']}"),
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
        "ClockSet",
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


def in_words(node: str, event: Event) -> tuple[str, Tone, str] | None:
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
        return "cross", "out", sentence
    if event[0] == "Partitioned" and fields["is_one_way"]:
        return "one way", "out", sentence
    return words.glyph, words.tone, sentence


def feed(
    newest_first: Iterable[Any], limit: int = EVENTS_MAX, *, began: int = 0
) -> list[EventFrame]:
    """Of a trace's entries the newest `limit` that are for people, newest first.

    An entry has `id`, `at` (ms), `node` and `event`, as `world.trace` keeps them; here `at` is
    since `began`.
    """
    rows: list[EventFrame] = []
    for entry in newest_first:
        told = in_words(entry.node, entry.event)
        if told is None:
            continue
        glyph, tone, sentence = told
        rows.append(
            {
                "id": entry.id,
                "at": entry.at - began,
                "node": entry.node,
                "kind": entry.event[0],
                "tone": tone,
                "glyph": glyph,
                "text": sentence,
            }
        )
        if len(rows) == limit:
            break
    return rows
