"""A stretch of a run as a space-time diagram: nodes, messages between them, and what they caused.

    producer-1  ──●───────────────●──      a message leaves where its cause was handled, and
                   ╲             ╱         arrives where it is handled; both are events of the trace
    broker-1    ────●───────────●────

Times are virtual ms.  Of the messages only those that mattered are taken, when there are many:
those of the chain first, then those whose handling said something, quiet traffic last.

Read next: `lab.scenes.spacetime`, which draws it; `messages`, the fields of one.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NotRequired, TypedDict

from kafkalab.errors import LearnerError
from kafkalab.frames.feed import in_words
from kafkalab.frames.shape import Tone
from kafkalab.ids import NodeName
from kafkalab.sim import Simulation
from kafkalab.sim.faults_in_force import InForce
from kafkalab.sim.telling import tell
from kafkalab.sim.why import Explanation
from kafkalab.world import Entry, World

MESSAGES_MAX: Final = 120
ALL_MS: Final = 250  # of a longer stretch the quiet messages are left out
AROUND_MS: Final = 6  # shown before and after a chain

_PRODUCE: Final = ("PRODUCE", "INIT_PRODUCER_ID", "ADD_PARTITIONS_TO_TXN", "END_TXN")
_FETCH: Final = ("FETCH", "LIST_OFFSETS", "OFFSET_FOR_LEADER_EPOCH")
_GROUP: Final = (
    "JOIN_GROUP", "SYNC_GROUP", "HEARTBEAT", "LEAVE_GROUP", "OFFSET_COMMIT", "OFFSET_FETCH",
    "FIND_COORDINATOR", "CONSUMER_GROUP_HEARTBEAT",
)  # fmt: skip
_MATTERS: Final = 1  # the rank of a message whose handling said something
_QUIET: Final = ("BROKER_HEARTBEAT", "HEARTBEAT", "API_VERSIONS", "FETCH")
_SPOKEN: Final = frozenset(
    {"Crashed", "Restarted", "Paused", "Partitioned", "Healed", "BrokerFenced", "LeaderElected",
     "Truncated", "IsrChanged", "AppendRefused", "GroupStateChanged", "RecordFailed"}
)  # fmt: skip


class MessageFrame(TypedDict):
    """`id` is the event of its arrival; `step` its number in the chain."""

    id: int
    kind: str  # produce, fetch, meta or group
    api: str
    what: str  # request, response, close
    source: str
    target: str
    sent: int
    arrived: int
    step: NotRequired[int]


class SpanFrame(TypedDict):
    lane: str
    since: int
    until: int
    what: str  # leader, down, paused


class MarkFrame(TypedDict):
    """Something a node did that is no message."""

    id: int
    lane: str
    at: int
    glyph: str
    tone: Tone
    words: str
    step: NotRequired[int]


class StepFrame(TypedDict):
    step: int
    id: int
    at: int
    words: str


class SpaceTimeFrame(TypedDict):
    """What the picture shows; lanes stand in the order of the picture."""

    title: str
    settings: str
    say: str
    since: int
    until: int
    lanes: list[str]
    spans: list[SpanFrame]
    messages: list[MessageFrame]
    marks: list[MarkFrame]
    chain: list[StepFrame]
    left_out: int  # messages not shown, for there were too many


def spacetime_frame(
    sim: Simulation,
    about: Explanation | None = None,
    *,
    since: int | None = None,
    until: int | None = None,
    partition: tuple[str, int] | None = None,
) -> SpaceTimeFrame:
    """A stretch of `sim`, by default around an explanation's chain, else the last 100 ms.

    `partition` says whose leader the thick line is (by default that of the chain).
    `LearnerError` if it ends before it begins.
    """
    chain = about.chain if about is not None else ()
    last = sim.now
    first_at = chain[0].at - AROUND_MS if chain else last - 100
    last_at = chain[-1].at + AROUND_MS if chain else last
    start = max(sim.started_at, first_at if since is None else since)
    end = min(last, last_at if until is None else until)
    if end < start:
        raise LearnerError(f"a picture from {start} ms to {end} ms ends before it begins")
    with sim.driver.locked() as world:
        seen = _at(sim, world, start, end)
        steps = {entry.id: i for i, entry in enumerate(chain, 1)}
        messages, left_out = _messages(seen, start, end, steps)
        marks = _marks(seen, start, end, steps, messages)
        of = partition or _partition_of(chain)
        lanes = _lanes(seen, messages, marks)
        return {
            "title": about.question if about is not None else "Messages and their causes",
            "settings": _settings(sim, of, start, end),
            "say": about.say if about is not None else _say(messages, start, end),
            "since": start,
            "until": end,
            "lanes": lanes,
            "spans": _spans(seen, lanes, of, start, end),
            "messages": messages,
            "marks": marks,
            "chain": [
                {"step": i, "id": entry.id, "at": entry.at, "words": tell(entry)}
                for i, entry in enumerate(chain, 1)
            ],
            "left_out": left_out,
        }


def _at(sim: Simulation, world: World, start: int, end: int) -> World:
    """The world at `end`, with deliveries from `start` on: made again if they have been let go."""
    oldest = next(iter(world.trace.recent()), None)
    if oldest is not None and oldest.at < start and world.now - end < 1000:
        return world
    return sim.at(end / 1000).world if end < world.now or oldest is None else world


def _messages(
    world: World, start: int, end: int, steps: dict[int, int]
) -> tuple[list[MessageFrame], int]:
    trace = world.trace
    spoke: dict[int, list[Entry]] = {}
    delivered: list[Entry] = []
    for entry in trace.recent():
        if entry.at > end:
            break
        if entry.kind == "Delivered":
            if entry.at >= start:
                delivered.append(entry)
        elif entry.kind != "TimerFired":
            spoke.setdefault(entry.cause, []).append(entry)
    ranked = []
    for entry in delivered:
        said = spoke.get(entry.id, [])
        step = next((steps[e.id] for e in (entry, *said) if e.id in steps), None)
        message = _message(world, entry, step, start)
        if message is not None:
            ranked.append((_rank(message, said, step), entry.id, message))
    total = len(ranked)
    if end - start > ALL_MS:
        ranked = [each for each in ranked if each[0] <= _MATTERS]
    ranked.sort(key=lambda each: each[:2])
    shown = sorted(ranked[:MESSAGES_MAX], key=lambda each: each[1])
    return [each[2] for each in shown], total - len(shown)


def _message(world: World, entry: Entry, step: int | None, start: int) -> MessageFrame | None:
    what, api, client, server, _, _ = entry.event[1:]
    source = server if entry.node == client else client
    cause = world.trace.entry(entry.cause)
    sent = cause.at if cause is not None else entry.at - 1
    if source == "operator" or entry.node == "operator":
        return None
    if what == "close" and step is None:
        return None
    frame: MessageFrame = {
        "id": entry.id,
        "kind": kind_of(api, source, entry.node),
        "api": api,
        "what": what,
        "source": source,
        "target": entry.node,
        "sent": max(sent, start) if step is None else sent,
        "arrived": entry.at,
    }
    if step is not None:
        frame["step"] = step
    return frame


def kind_of(api: str, source: str = "", target: str = "") -> str:
    """Of Kafka's names for its APIs, the kind that a picture tells apart.

    Brokers fetch the metadata log of a controller: that is metadata, not data.
    """
    if "controller" in source or "controller" in target:
        return "meta"
    if api in _PRODUCE:
        return "produce"
    if api in _FETCH:
        return "fetch"
    return "group" if api in _GROUP else "meta"


def _rank(message: MessageFrame, said: Sequence[Entry], step: int | None) -> int:
    if step is not None:
        return 0
    loud = [e for e in said if not str(e.fields.get("topic", "")).startswith("__")]
    if loud:
        return _MATTERS
    return 3 if message["api"] in _QUIET else 2


def _marks(
    world: World, start: int, end: int, steps: dict[int, int], messages: list[MessageFrame]
) -> list[MarkFrame]:
    """Events that are no message: faults, elections; of the chain, those that no arrow carries."""
    carried = {message["step"] for message in messages if "step" in message}
    marks: list[MarkFrame] = []
    for entry in world.trace:
        step = steps.get(entry.id)
        is_carried = step is not None and step in carried
        if not start <= entry.at <= end or is_carried:
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
    return marks


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
            return "partitioned"
        case "Healed":
            return "whole again"
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
    return entry.kind


def _partition_of(chain: Iterable[Entry]) -> tuple[str, int] | None:
    for entry in chain:
        fields = entry.fields
        if "partition" in fields and not str(fields.get("topic", "__")).startswith("__"):
            return str(fields["topic"]), int(fields["partition"])
    return None


def _lanes(world: World, messages: list[MessageFrame], marks: list[MarkFrame]) -> list[NodeName]:
    """Producers, brokers, controllers, consumers: those that appear."""
    used = {name for m in messages for name in (m["source"], m["target"])}
    used |= {mark["lane"] for mark in marks}
    order = {"producer": 1, "broker": 2, "controller": 3, "consumer": 4}
    names = ["network", *world.nodes, *world.apps.processes]
    lanes = [name for name in dict.fromkeys(names) if name in used]

    def place(name: str) -> int:
        if name == "network":
            return 0
        kind = str(getattr(world.nodes.get(name), "kind", name.rpartition("-")[0]))
        return order.get(kind, 5)

    return sorted(lanes, key=place)


def _spans(
    world: World, lanes: list[NodeName], of: tuple[str, int] | None, start: int, end: int
) -> list[SpanFrame]:
    spans: list[SpanFrame] = []
    for lane in lanes:
        for what, begins, ends in (
            ("down", "Crashed", "Restarted"),
            ("paused", "Paused", "Resumed"),
        ):
            opened: int | None = None
            for entry in world.trace.of(begins, ends, node=lane):
                if entry.kind == begins and opened is None:
                    opened = entry.at
                elif entry.kind == ends and opened is not None:
                    _add(spans, lane, what, (opened, entry.at), (start, end))
                    opened = None
            if opened is not None:
                _add(spans, lane, what, (opened, end), (start, end))
    if of is not None:
        spans += _leading(world, lanes, of, start, end)
    return spans


def _leading(
    world: World, lanes: list[NodeName], of: tuple[str, int], start: int, end: int
) -> list[SpanFrame]:
    spans: list[SpanFrame] = []
    leading: dict[NodeName, int] = {}
    faults = InForce(world.trace)
    for entry in world.trace.of("LeaderStarted", "FollowerStarted", "Crashed"):
        if entry.at > end:
            break
        is_mine = entry.kind == "Crashed" or (entry.event[1], entry.event[2]) == of
        if entry.kind == "LeaderStarted" and is_mine:
            leading.setdefault(entry.node, entry.at)
        elif is_mine and entry.node in leading:
            _add(spans, entry.node, "leader", (leading.pop(entry.node), entry.at), (start, end))
    for lane, since in leading.items():
        if faults.of(lane, end) is None or lane in lanes:
            _add(spans, lane, "leader", (since, end), (start, end))
    return [span for span in spans if span["lane"] in lanes]


def _add(
    spans: list[SpanFrame], lane: str, what: str, span: tuple[int, int], window: tuple[int, int]
) -> None:
    since, until = max(span[0], window[0]), min(span[1], window[1])
    if since <= until:
        spans.append({"lane": lane, "since": since, "until": until, "what": what})


def _settings(sim: Simulation, of: tuple[str, int] | None, start: int, end: int) -> str:
    which = f"topic {of[0]}, partition {of[1]} · " if of else ""
    timeout = sim.config.int("broker.session.timeout.ms")
    return (
        f"{which}seed {sim.seed} · broker session timeout {timeout} ms · virtual time, "
        f"{start / 1000:.3f} s to {end / 1000:.3f} s"
    )


def _say(messages: list[MessageFrame], start: int, end: int) -> str:
    counts: dict[str, int] = {}
    for message in messages:
        counts[message["kind"]] = counts.get(message["kind"], 0) + 1
    names = {"produce": "produce", "fetch": "fetch", "meta": "controller", "group": "group"}
    said = ", ".join(f"{count} {names[kind]}" for kind, count in sorted(counts.items()))
    return f"In {end - start} ms {len(messages)} messages that mattered: {said or 'none'}."
