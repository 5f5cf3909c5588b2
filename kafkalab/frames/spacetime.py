"""A stretch of a run as a spacetime diagram: nodes, messages between them, and what they caused.

    producer-1  ──●───────────────●──      a message leaves where its cause was handled, and
                   ╲             ╱         arrives where it is handled; both are events of the trace
    broker-1    ────●───────────●────

Times are virtual ms since the world began, given and in the frame.  Of the messages only those
that mattered are taken, when there are many: those of the chain first, then those whose handling
said something, quiet traffic last.  Where the stretch ends at the instant looked at, what is under
way then is there too: it can be held or cut.

Read next: `spacetime_window`, where it opens; `spacetime_lanes`; `messages`, the fields of one;
`lab.scenes.spacetime`, which draws it.
"""

from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import Final, NotRequired, TypedDict

from kafkalab.errors import LearnerError
from kafkalab.frames.since_began import shifted
from kafkalab.frames.spacetime_lanes import SpanFrame, lanes_of, partition_of, spans_of
from kafkalab.frames.spacetime_marks import CROWD, MarkFrame, marks_of
from kafkalab.frames.spacetime_window import (
    AROUND_MS,
    is_loud,
    last_busy,
    rested,
    say_counts,
    say_rest,
)
from kafkalab.ids import NodeName
from kafkalab.sim import Simulation
from kafkalab.sim.telling import seconds, tell
from kafkalab.sim.why import Explanation
from kafkalab.world import Entry, World
from kafkalab.world.holds import Message, flights
from kafkalab.world.operator import OPERATOR, Operator

MESSAGES_MAX: Final = 120
ALL_MS: Final = 250  # of a longer stretch the quiet messages are left out
UNDER_WAY_MAX: Final = 14
SPAN_MS: Final = 100  # where it opens by itself

_PRODUCE: Final = ("PRODUCE", "INIT_PRODUCER_ID", "ADD_PARTITIONS_TO_TXN", "END_TXN")
_FETCH: Final = ("FETCH", "LIST_OFFSETS", "OFFSET_FOR_LEADER_EPOCH")
_GROUP: Final = (
    "JOIN_GROUP", "SYNC_GROUP", "HEARTBEAT", "LEAVE_GROUP", "OFFSET_COMMIT", "OFFSET_FETCH",
    "FIND_COORDINATOR", "CONSUMER_GROUP_HEARTBEAT",
)  # fmt: skip
_MATTERS: Final = 1  # the rank of a message whose handling said something
_QUIET: Final = ("BROKER_HEARTBEAT", "HEARTBEAT", "API_VERSIONS", "FETCH")


class MessageFrame(TypedDict):
    """`id` is the event of its arrival, 0 while under way; `step` its number in the chain.

    `name`: as `sim.network.hold` takes it, in words.  `state`: arrived, flying, held, or what it
    waits for (hold: behind one that is held; partition, pause, stall).  `arrived`: when it is due,
    while it flies; None while it waits.
    """

    id: int
    name: str
    state: str
    kind: str  # produce, fetch, meta or group
    api: str
    what: str  # request, response, close
    source: str
    target: str
    sent: int
    arrived: int | None
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
    now: int  # the instant looked at: nothing after it is known
    lanes: list[str]
    folded: dict[str, str]  # of nodes without a lane of their own: the lane they share
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
    span: int = SPAN_MS,
    is_at_now: bool = False,
    partition: tuple[str, int] | None = None,
    now: int | None = None,
) -> SpaceTimeFrame:
    """A stretch of `sim`, by default around an explanation's chain, else the last `span` ms.

    Where nothing happened in those, the last stretch in which something did, unless `is_at_now`.
    `partition` says whose leader the thick line is (by default that of the chain).  `now`: the
    instant looked at; by default the present.  `LearnerError` if it ends before it begins.
    """
    began, chain = sim.world.began, about.chain if about is not None else ()
    last = sim.now if now is None else min(now + began, sim.now)
    with sim.driver.locked() as world:
        wanted = (
            None if since is None else since + began,
            None if until is None else until + began,
        )
        busy = None
        if chain and wanted == (None, None):
            start, end = chain[0].at - AROUND_MS, chain[-1].at + AROUND_MS
        elif wanted == (None, None) and not is_at_now:
            busy, (start, end) = _opened(sim, world, (last - span, last))
        else:
            end = last if wanted[1] is None else wanted[1]
            start = end - span if wanted[0] is None else wanted[0]
        frame = _drawn(sim, world, about, _bounded(sim, start, end), last, partition)
        if busy is not None:
            told = (say_rest(last, busy), frame["say"])
            frame["say"] = " ".join(told if about is None else told[::-1])
        since_began: SpaceTimeFrame = shifted(frame, began)
        return since_began


def _drawn(
    sim: Simulation,
    world: World,
    about: Explanation | None,
    stretch: tuple[int, int],
    last: int,
    partition: tuple[str, int] | None,
) -> SpaceTimeFrame:
    """The frame of a stretch, its times as the clock shows them."""
    chain, (start, end) = about.chain if about is not None else (), stretch
    seen = _seen(sim, world, start, end)
    steps = {entry.id: i for i, entry in enumerate(chain, 1)}
    entries = list(takewhile(lambda e: e.at <= end, seen.trace.recent(first_id(seen, start))))
    messages, left_out = _messages(seen, entries, (start, end), steps)
    if end == last:
        messages += _under_way(sim, world, end)
    marks = marks_of(entries, steps, messages, _near(seen, steps))
    of = partition or partition_of(chain)
    lanes, folded = lanes_of(seen, messages, marks)
    say = about.say if about is not None else _say(seen, messages, left_out, stretch)
    return {
        "title": about.question if about is not None else "Messages and their causes",
        "settings": _settings(sim, of, start, end),
        "say": say,
        "since": start,
        "until": end,
        "now": last,
        "lanes": lanes,
        "folded": folded,
        "spans": spans_of(seen, lanes, of, start, end),
        "messages": messages,
        "marks": marks,
        "chain": [_step(i, entry) for i, entry in enumerate(chain, 1)],
        "left_out": left_out,
    }


def _opened(
    sim: Simulation, world: World, stretch: tuple[int, int]
) -> tuple[int | None, tuple[int, int]]:
    """The stretch to open on; and if it is an earlier one, when something last happened."""
    start, end = stretch
    busy = last_busy(world, end)
    earlier = rested(busy, end, end - start)
    if earlier is None or earlier[1] < sim.started_at:  # of the time before it was frozen
        return None, stretch
    waiting = (message["state"] for message in _under_way(sim, world, end))
    if any(state != "flying" for state in waiting):  # there is something to see
        return None, stretch
    return busy, (max(earlier[0], sim.started_at), min(earlier[1], end))


def _bounded(sim: Simulation, start: int, end: int) -> tuple[int, int]:
    start, end = max(sim.started_at, start), min(sim.now, end)
    if end < start:
        began = sim.world.began
        stretch = f"{start - began} ms to {end - began} ms"
        raise LearnerError(f"a picture from {stretch} ends before it begins")
    return start, end


def _say(
    world: World, messages: Sequence[MessageFrame], left_out: int, stretch: tuple[int, int]
) -> str:
    """A very long run lets its oldest messages go."""
    say = say_counts(messages, left_out, stretch[1] - stretch[0])
    oldest = next(iter(world.trace.recent()), None)
    if oldest is not None and oldest.id > 1 and oldest.at > stretch[0]:
        say += f" Of those before {seconds(oldest.at, world.began)} none is kept."
    return say


def _step(number: int, entry: Entry) -> StepFrame:
    return {"step": number, "id": entry.id, "at": entry.at, "words": tell(entry)}


def _seen(sim: Simulation, world: World, start: int, end: int) -> World:
    """A world with deliveries from `start` to `end`: made again if they have been let go."""
    oldest = next(iter(world.trace.recent()), None)
    if oldest is not None and oldest.at < start:
        return world
    return sim.at(end / 1000).world if end < world.now or oldest is None else world


def first_id(world: World, at: int) -> int:
    """The first entry at or after that instant, of those that are still here."""
    oldest = next(iter(world.trace.recent()), None)
    low, high = (oldest.id if oldest is not None else 1), world.trace.next_id
    while low < high:
        middle = (low + high) // 2
        entry = world.trace.entry(middle)
        low, high = (middle + 1, high) if entry is None or entry.at < at else (low, middle)
    return low


def _messages(
    world: World, entries: Iterable[Entry], window: tuple[int, int], steps: dict[int, int]
) -> tuple[list[MessageFrame], int]:
    spoke: dict[int, list[Entry]] = {}
    delivered: list[Entry] = []
    for entry in entries:
        if entry.kind == "Delivered":
            delivered.append(entry)
        elif entry.kind != "TimerFired":
            spoke.setdefault(entry.cause, []).append(entry)
    start, end = window
    ranked = []
    for entry in delivered:
        said = spoke.get(entry.id, [])
        step = next((steps[e.id] for e in (entry, *said) if e.id in steps), None)
        message = _message(world, entry, step)
        if message is not None:
            ranked.append((_rank(message, said, step), entry.id, message))
    total = len(ranked)
    if end - start > ALL_MS:
        ranked = [each for each in ranked if each[0] <= _MATTERS]
    if steps and len(ranked) > CROWD:
        near = _near(world, steps)
        ranked = [r for r in ranked if r[2].get("step") or {r[2]["source"], r[2]["target"]} <= near]
    ranked.sort(key=lambda each: each[:2])
    shown = sorted(ranked[:MESSAGES_MAX], key=lambda each: each[1])
    return [each[2] for each in shown], total - len(shown)


def _near(world: World, steps: dict[int, int]) -> set[NodeName]:
    """The nodes of a chain: where its steps were handled, and who had sent what they handled."""
    found: set[NodeName] = set()
    for id in steps:
        entry = world.trace.entry(id)
        cause = world.trace.entry(entry.cause) if entry is not None else None
        for each in (entry, cause):
            if each is not None:
                found.add(each.node)
            if each is not None and each.kind == "Delivered":
                found |= {each.fields["client"], each.fields["server"]}
    return found


def _under_way(sim: Simulation, world: World, at: int) -> list[MessageFrame]:
    """What is in flight at the end of the stretch, the held first when there is much."""
    then = world if at == world.now else sim.at(at / 1000).world
    found: list[tuple[int, MessageFrame]] = []
    for flight in flights(then):
        if _is_hidden(then, flight.message.client, flight.message.number):
            continue
        cause = then.trace.entry(flight.sent_for)
        frame: MessageFrame = {
            "id": 0,
            "name": flight.message.words,
            "state": "held" if flight.is_held else flight.waits_for or "flying",
            "kind": kind_of(flight.api, flight.source, flight.target),
            "api": flight.api,
            "what": flight.message.what,
            "source": flight.source,
            "target": flight.target,
            "sent": min(cause.at if cause is not None else at, at),
            "arrived": flight.due,
        }
        is_quiet = flight.api in _QUIET
        found.append((0 if flight.is_held else 1 + is_quiet, frame))
    found.sort(key=lambda each: each[0])
    return [frame for _, frame in found[:UNDER_WAY_MAX]]


def _message(world: World, entry: Entry, step: int | None) -> MessageFrame | None:
    what, api, client, server, number, _ = entry.event[1:]
    source = server if entry.node == client else client
    cause = world.trace.entry(entry.cause)
    sent = cause.at if cause is not None else entry.at - 1
    if _is_hidden(world, client, number):
        return None
    if what == "close" and step is None:
        return None
    frame: MessageFrame = {
        "id": entry.id,
        "name": Message(what, *entry.event[3:]).words,
        "state": "arrived",
        "kind": kind_of(api, source, entry.node),
        "api": api,
        "what": what,
        "source": source,
        "target": entry.node,
        "sent": sent,
        "arrived": entry.at,
    }
    if step is not None:
        frame["step"] = step
    return frame


def _is_hidden(world: World, client: NodeName, number: int) -> bool:
    """The operator is in no picture, but for what a learner sent by it in the request lens."""
    if client != OPERATOR:
        return False
    operator = world.nodes[OPERATOR]
    return not isinstance(operator, Operator) or number not in operator.lent


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
    if any(map(is_loud, said)):
        return _MATTERS
    return 3 if message["api"] in _QUIET else 2


def _settings(sim: Simulation, of: tuple[str, int] | None, start: int, end: int) -> str:
    which = f"topic {of[0]}, partition {of[1]} · " if of else ""
    timeout, began = sim.config.int("broker.session.timeout.ms"), sim.world.began
    return (
        f"{which}seed {sim.seed} · broker session timeout {timeout} ms · virtual time, "
        f"{(start - began) / 1000:.3f} s to {(end - began) / 1000:.3f} s"
    )
