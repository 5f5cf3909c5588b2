"""Any event in a few words, for sentences: "broker 2 refuses it: NOT_ENOUGH_REPLICAS".

Present tense, no time (whoever tells it says when).  Words come from the event's fields alone.
Read next: `why`, `twins`, which build sentences of these.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from kafkalab.client.errors import KafkaError
from kafkalab.ids import NO_NODE, NodeName
from kafkalab.world import Entry

Fields = Mapping[str, Any]


def node_name(node: NodeName) -> str:
    """`broker-2` as a person says it: broker 2."""
    kind, _, number = node.rpartition("-")
    return f"{kind} {number}" if kind in ("broker", "controller") else node


def seconds(ms: int, began: int = 0) -> str:
    """`2.330 s`, counted from when the world began (a live one begins in Unix time)."""
    return f"{(ms - began) / 1000:.3f} s"


def ids(brokers: Iterable[int]) -> str:
    """`{1, 2}`."""
    return "{" + ", ".join(map(str, brokers)) + "}"


def tell(entry: Entry) -> str:
    """The event, its subject first."""
    said = _WORDS.get(entry.kind)
    who = node_name(entry.node)
    if said is not None:
        return said(who, {**entry.fields, "at": entry.at})
    return f"{who}: {entry.text}"


def past(fault: Entry) -> str:
    """A fault, or another thing from outside, in the past: "broker 2 crashed"."""
    who = node_name(fault.node)
    match fault.kind:
        case "ShutdownBegun" | "Stopped":
            return f"{who} was shut down"
        case "Paused":
            return f"{who} stood still"
    words = tell(fault)
    for present, then in _PAST:
        words = words.replace(present, then, 1)
    return words


_PAST: Final = (
    (" crashes", " crashed"),
    (" calls ", " called "),
    (" asks ", " asked "),
    (" starts", " started"),
    (" has finished", " had finished"),
    (" restarts", " restarted"),
    (" loses power", " lost power"),
    (" fails", " failed"),
    (" takes ", " took "),
    (" take ", " were slowed to "),
    (" is ", " was "),
    (" before it arrives", " before it arrived"),
)


def _p(f: Fields) -> str:
    return f"{f['topic']}-{f['partition']}"


def _records(first: int, last: int) -> str:
    return f"offset {first}" if first == last else f"offsets {first} to {last}"


def _delivered(who: str, f: Fields) -> str:
    other = f["client"] if f["what"] == "request" else f["server"]
    if f["what"] == "close":
        return f"{who} hears that a connection with {_other(who, f)} has ended"
    what = "a request" if f["what"] == "request" else "the answer"
    return f"{who} gets {what} ({_api(f)}) of {node_name(other)}"


def _other(who: str, f: Fields) -> str:
    other = f["server"] if node_name(f["client"]) == who else f["client"]
    return node_name(other)


def _leader(who: str, f: Fields) -> str:
    if f["leader"] == NO_NODE:
        return f"{_p(f)} is left without a leader"
    return (
        f"the controller makes broker {f['leader']} leader of {_p(f)} (epoch {f['leader_epoch']})"
    )


def _isr(who: str, f: Fields) -> str:
    verb = "shrinks" if len(f["after"]) < len(f["before"]) else "grows"
    return f"the ISR of {_p(f)} {verb} from {ids(f['before'])} to {ids(f['after'])}"


def _answered(who: str, f: Fields) -> str:
    if f["error"] != "NONE":
        return f"{who} answers {_p(f)} with {f['error']}"
    return f"{who} acknowledges {_p(f)} from offset {f['base_offset']}"


def _action(who: str, f: Fields) -> str:
    method = f["method"].replace("_", " ")
    if f["method"] == "produce":
        return f"{who} is given a record for {f['arguments'][0]}"
    if f["method"] == "begin_call":
        method = f["arguments"][0]
    if f["method"] == "ask":
        return f"the simulation asks {node_name(f['arguments'][0])} to do {f['arguments'][1][1:-1]}"
    if f["method"] == "ask_as":
        server, request, *_, client = f["arguments"]
        return f"the operator sends {node_name(server)} a {request[1:-1]} as client {client}"
    return f"{who}'s application calls {method}"


def _group(who: str, f: Fields) -> str:
    reason = f" ({f['reason']})" if f["reason"] else ""
    return f"group {f['group']} goes from {f['before']} to {f['after']}{reason}"


def _held(f: Fields) -> str:
    one, other = node_name(f["client"]), node_name(f["server"])
    if not f["client"]:
        return "all that was held"
    if not f["what"]:
        return f"all that goes from {one} to {other}"
    if f["what"] == "request":
        return f"request {f['correlation_id']} of {one} to {other}"
    return f"the answer of {other} to request {f['correlation_id']} of {one}"


def _clock(who: str, f: Fields) -> str:
    return f"the clock of {who} {clock_words(f['ahead_ms'], f['gains_ms'])}"


def clock_words(ahead_ms: int, gains_ms: int) -> str:
    """`is 5000 ms ahead`, `is right`, `is right and loses 50 ms a second`."""
    where = "ahead" if ahead_ms > 0 else "behind"
    words = f"is {abs(ahead_ms)} ms {where}" if ahead_ms else "is right"
    if gains_ms:
        words += f" and {'gains' if gains_ms > 0 else 'loses'} {abs(gains_ms)} ms a second"
    return words


_DISKS: Final = {"full": "is full", "fail": "fails", "mend": "is well again"}


def _disk(f: Fields) -> str:
    return _DISKS.get(f["how"]) or f"takes {f['ms']} ms for each write"


def request(who: str, f: Fields) -> str:
    """`a request (Fetch) of broker 2 to broker 1`, of one that was intercepted."""
    return f"a request ({_api(f)}) of {node_name(f['client'])} to {who}"


def _met(f: Fields) -> str:
    match f["what"]:
        case "drop":
            return "lost, with its connection"
        case "stall":
            return f"held back for {f['detail']} ms"
    return f"answered with {f['detail']} before it arrives"


def _api(f: Fields) -> str:
    name: str = f["api"].replace("_", " ").capitalize()
    return name


def _partitioned(f: Fields) -> str:
    sides = [", ".join(map(node_name, side)) for side in f["sides"]]
    if f["is_one_way"]:
        return f"the network is cut one way: {' → '.join(sides)}"
    return f"the network is partitioned: {' | '.join(sides)}"


def _these(f: Fields) -> str:
    """`orders-0 and orders-1`, `orders-0 and 3 more`."""
    first, *rest = [f"{topic}-{number}" for topic, number in f["partitions"]] or ["nothing"]
    if len(rest) < 2:
        return " and ".join([first, *rest])
    return f"{first} and {len(rest)} more"


def _given(verb: str) -> Callable[[str, Fields], str]:
    return lambda who, f: f"{who} {verb} {_these(f)}"


def _role(who: str, f: Fields) -> str:
    return f"{who} turns from {f['before']} to {f['after']} in epoch {f['quorum_epoch']}"


def _vote(who: str, f: Fields) -> str:
    what = "a vote asked beforehand" if f["pre_vote"] else "its vote"
    gives = "gives" if f["granted"] else "refuses"
    return f"{who} {gives} controller {f['candidate_id']} {what} in epoch {f['quorum_epoch']}"


def _transaction(who: str, f: Fields) -> str:
    before = f" from {f['before']}" if f["before"] else ""
    return f"transaction {f['transactional_id']} goes{before} to {f['after']}"


def _fenced_producer(who: str, f: Fields) -> str:
    reason = f" ({f['reason']})" if f["reason"] else ""
    return f"{who} fences older producers of {f['transactional_id']}{reason}"


_WORDS: Final[Mapping[str, Callable[[str, Fields], str]]] = {
    "Delivered": _delivered,
    "TimerFired": lambda w, f: f"a timer of {w} fires",
    "Crashed": lambda w, f: f"{w} crashes",
    "ShutdownBegun": lambda w, f: f"{w} begins to shut down",
    "Stopped": lambda w, f: f"{w} has stopped",
    "PowerLost": lambda w, f: f"the machine of {w} loses power",
    "DiskChanged": lambda w, f: f"the disk of {w} {_disk(f)}",
    "LogDirFailed": lambda w, f: f"the disk of {w} fails: {f['reason']}",
    "RequestIntercepted": lambda w, f: f"{request(w, f)} is {_met(f)}",
    "Restarted": lambda w, f: f"{w} restarts",
    "Paused": lambda w, f: f"{w} stands still for {seconds(f['until'], f['at'])}",
    "Resumed": lambda w, f: f"{w} goes on",
    "Partitioned": lambda w, f: _partitioned(f),
    "Healed": lambda w, f: "the network is whole again",
    "Delayed": lambda w, f: (
        f"messages between {node_name(f['source'])} and {node_name(f['target'])} take "
        f"{f['delay_ms']} ms"
    ),
    "ClockSet": _clock,
    "ConnectionCut": lambda w, f: (
        f"the connection of {node_name(f['client'])} to {node_name(f['server'])} is cut"
    ),
    "MessageHeld": lambda w, f: f"{_held(f)} is held in flight",
    "MessageReleased": lambda w, f: f"{_held(f)} is let go",
    "ActionTaken": _action,
    "BrokerRegistered": lambda w, f: f"broker {f['broker_id']} registers",
    "BrokerFenced": lambda w, f: f"the controller fences broker {f['broker_id']}",
    "BrokerUnfenced": lambda w, f: f"the controller takes broker {f['broker_id']} into service",
    "QuorumLeaderElected": lambda w, f: f"{w} becomes the active controller",
    "TopicCreated": lambda w, f: f"topic {f['topic']} is created",
    "TopicDeleted": lambda w, f: f"topic {f['topic']} is deleted",
    "LeaderElected": _leader,
    "LeaderStarted": lambda w, f: f"{w} leads {_p(f)}, its log ends at {f['log_end_offset']}",
    "FollowerStarted": lambda w, f: f"{w} follows broker {f['leader']} for {_p(f)}",
    "Appended": lambda w, f: (
        f"{w} writes {_records(f['base_offset'], f['last_offset'])} of {_p(f)}"
    ),
    "Replicated": lambda w, f: (
        f"{w} copies {_records(f['base_offset'], f['last_offset'])} of {_p(f)}"
    ),
    "DuplicateDropped": lambda w, f: f"{w} has offset {f['base_offset']} of {_p(f)} already",
    "AppendRefused": lambda w, f: f"{w} refuses a write to {_p(f)}: {f['error']}",
    "HighWatermarkAdvanced": lambda w, f: (
        f"{w} moves the high watermark of {_p(f)} to {f['high_watermark']}"
    ),
    "IsrShrinkAsked": lambda w, f: f"{w} asks for the ISR {ids(f['wanted'])} of {_p(f)}",
    "IsrExpandAsked": lambda w, f: f"{w} asks for the ISR {ids(f['wanted'])} of {_p(f)}",
    "IsrChanged": _isr,
    "UnflushedLost": lambda w, f: (
        f"{w} loses what it had not flushed of {_p(f)}, from {f['offset']} on"
    ),
    "Truncated": lambda w, f: f"{w} cuts {_p(f)} back to {f['offset']}",
    "SegmentsDeleted": lambda w, f: (
        f"{w} deletes {f['segments']} segment{'s' if f['segments'] > 1 else ''} of {_p(f)} "
        f"({f['reason']})"
    ),
    "LogCleaned": lambda w, f: (
        f"{w} compacts {_p(f)} below offset {f['clean_offset']}: of {f['before']} records "
        f"{f['after']} stay"
    ),
    "LogStartAdvanced": lambda w, f: f"{w} begins {_p(f)} at {f['log_start_offset']}",
    "ProduceHandled": lambda w, f: f"{w} handles a write of {f['client']} to {_p(f)}",
    "ProduceAnswered": _answered,
    "CoordinatorLoaded": lambda w, f: f"{w} coordinates the groups of {_p(f)}",
    "CoordinatorUnloaded": lambda w, f: f"{w} no longer coordinates the groups of {_p(f)}",
    "GroupStateChanged": _group,
    "MemberJoined": lambda w, f: f"{f['client_id']} joins {f['group']}",
    "MemberLeft": lambda w, f: f"{f['member']} leaves {f['group']}: {f['reason']}",
    "PartitionsAssigned": lambda w, f: f"{f['group']} assigns partitions to {f['member']}",
    "OffsetCommitted": lambda w, f: f"{f['group']} commits {f['offset']} of {_p(f)}",
    "RecordProduced": lambda w, f: f"{w} takes a record for {f['topic']}",
    "RecordSent": lambda w, f: (
        f"{w} sends {f['count']} record{'s' if f['count'] > 1 else ''} to {_p(f)}"
    ),
    "RecordAcknowledged": lambda w, f: f"{w} hears that {_p(f)}@{f['offset']} is written",
    "RecordFailed": lambda w, f: f"{w} gives up a record: {KafkaError(f['error']).name()}",
    "RecordsPolled": lambda w, f: (
        f"{w}'s application gets {_records(f['base_offset'], f['last_offset'])} of {_p(f)}"
    ),
    "OffsetReset": lambda w, f: f"{w} starts {_p(f)} at {f['offset']} ({f['policy']})",
    "QuorumRoleChanged": _role,
    "VoteAnswered": _vote,
    "ControllerActivated": lambda w, f: f"{w} begins to act, in epoch {f['quorum_epoch']}",
    "ControllerRenounced": lambda w, f: f"{w} no longer acts, in epoch {f['quorum_epoch']}",
    "SnapshotWritten": lambda w, f: f"{w} writes a snapshot of metadata up to {f['end_offset']}",
    "SnapshotFetched": lambda w, f: f"{w} fetches a snapshot of metadata up to {f['end_offset']}",
    "MetadataCommitted": lambda w, f: f"metadata is committed at offset {f['offset']}",
    "SegmentRolled": lambda w, f: f"{w} begins a segment of {_p(f)} at {f['base_offset']}",
    "MemberRejoined": lambda w, f: f"{f['member']} joins {f['group']} again",
    "RevocationAsked": lambda w, f: f"{f['group']} asks {f['member']} to give up {_these(f)}",
    "PartitionsRevoked": _given("gives up"),
    "PartitionsLost": _given("has lost"),
    "TransactionStateChanged": _transaction,
    "ProducerFenced": _fenced_producer,
    "MarkerWritten": lambda w, f: f"{w} writes the {f['result']} marker of {_p(f)}@{f['offset']}",
    "AppStarted": lambda w, f: f"{f['app']} starts",
    "AppCrashed": lambda w, f: f"{f['app']} crashes: {f['error']}",
    "AppFinished": lambda w, f: f"{f['app']} has finished",
}
