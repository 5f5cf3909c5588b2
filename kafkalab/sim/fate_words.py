"""A record's fate in words: one sentence, one row of a table, and a sentence for all of them.

Every clause comes from a field or an event of the fate; what is not known is not said.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from kafkalab.client.errors import KafkaError
from kafkalab.ids import NodeName
from kafkalab.sim import removals
from kafkalab.sim.fate import Fate, Place, State
from kafkalab.sim.faults_in_force import ENDS
from kafkalab.sim.telling import past
from kafkalab.world import World

#: What a loss can have come from; told in the past.
FAULTS: Final = (*ENDS, "Partitioned", "Delayed", "Restarted")
_HEAD: Final = ("record", "produced", "written", "copies", "committed", "acked", "read", "state")


def sentence(fate: Fate, world: World) -> str:
    """What became of it, and how."""
    who = name(fate)
    match fate.state:
        case State.WAITING:
            return f"{who} has not been sent yet."
        case State.SENT:
            refused = f" {_refused(fate)}" if fate.refusals else ""
            return f"{who} was sent at {_s(fate.sends[-1].at)}; no answer has come.{refused}"
        case State.WRITTEN:
            place = _kept(fate)
            holders = _nodes(each.node for each in place.copies if not each.gone)
            return f"{who} is written at {place.name}, on {holders}, and not committed."
        case State.COMMITTED:
            place = _kept(fate)
            at = place.committed.at if place.committed else 0
            return f"{who} is committed at {place.name} since {_s(at)}; its answer is on the way."
        case State.KEPT:
            is_open = ", in a transaction that has not ended" if _kept(fate).is_open else ""
            return (
                f"{who} is kept at {_kept(fate).name}{is_open}{_read(fate, world)}.{_twice(fate)}"
            )
        case State.ABORTED:
            place = _kept(fate)
            when = _s(place.marker.at) if place.marker else "?"
            aborted = f"its transaction was aborted at {when}"
            return f"{who} is at {place.name}, and {aborted}{_read(fate, world)}."
        case State.KEPT_UNKNOWN:
            return (
                f"{who} was reported failed ({_error(fate)}), and yet it is kept at "
                f"{_kept(fate).name}{_read(fate, world)}.{_twice(fate)}"
            )
        case State.FAILED:
            refused = f" {_refused(fate)}" if fate.refusals else ""
            return f"{who} was reported failed: {_error(fate)}.{refused}"
        case State.UNREACHABLE:
            place = fate.places[-1]
            holders = _nodes(each.node for each in place.copies if not each.gone)
            return f"{who} is at {place.name} on {holders}, and that partition has no leader."
        case State.EXPIRED:
            place = fate.places[-1]
            how = removals.words(place, world) + removals.later_place(world, fate, place)
            return f"{who} was at {place.name}, and{how}."
        case State.DELETED:
            place = fate.places[-1]
            return f"{who} was at {place.name}, and{removals.words(place, world)}."
        case State.LOST | State.GONE:
            return _lost(fate, world)


def name(fate: Fate) -> str:
    """What the application called it."""
    data = fate.value if fate.value is not None else fate.key
    text = "a record" if data is None else repr(data.decode("utf-8", "backslashreplace"))
    return text if len(text) <= 42 else f"{text[:40]}…'"


def summary(
    fates: Sequence[Fate], known_since: int | None = None, *, was_live: bool = False
) -> str:
    """Counts that matter, those that went wrong first; and from when on they are known."""
    earlier = ""
    if known_since is not None:
        earlier = f" Those handed over before {_s(known_since)} are not known any more."
    if not fates and was_live:
        return "Nothing has been produced here; what real clients handed over, they alone know."
    if not fates:
        return f"No application here has produced anything.{earlier}"
    states = Counter(fate.state for fate in fates)
    kept = states[State.KEPT]
    said = [f"{len(fates)} produced", f"{sum(bool(f.acknowledged) for f in fates)} acknowledged"]
    for state, words in (
        (State.LOST, "acknowledged and lost"),
        (State.KEPT_UNKNOWN, "reported failed, yet kept"),
        (State.FAILED, "failed"),
        (State.GONE, "gone without an answer"),
        (State.UNREACHABLE, "without a leader"),
        (State.EXPIRED, "removed by policy"),
        (State.DELETED, "deleted on purpose"),
        (State.ABORTED, "aborted"),
    ):
        count = states[state]
        if count:
            said.append(f"{count} {words}")
    open_states = (State.WAITING, State.SENT, State.WRITTEN, State.COMMITTED)
    waiting = sum(states[each] for each in open_states)
    said += [f"{waiting} under way"] if waiting else []
    repeated = sum(fate.is_repeated for fate in fates)
    said += [f"{repeated} repeated"] if repeated else []
    if kept == len(fates) and not repeated:
        said.append("none lost, none repeated")
    return f"{', '.join(said)}.{earlier}"


def rows(fates: Iterable[Fate]) -> list[str]:
    """A table as text."""
    table = [_HEAD, *(_row(fate) for fate in fates)]
    widths = [max(len(row[i]) for row in table) for i in range(len(_HEAD))]
    return [
        "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in table
    ]


def _row(fate: Fate) -> tuple[str, ...]:
    place = fate.place
    copies = [each for each in place.copies if not each.gone] if place else []
    return (
        name(fate),
        _s(fate.produced.at),
        f"{place.name} {_s(place.written.at)}" if place else "",
        str(len(copies)) if place else "",
        _s(place.committed.at) if place and place.committed else "",
        _s(fate.acknowledged.at) if fate.acknowledged else "",
        ", ".join(f"{group} {count}" for group, count in fate.applied.items()),
        fate.state.value + (", repeated" if fate.is_repeated else ""),
    )


def _lost(fate: Fate, world: World) -> str:
    if not fate.places:
        return f"{name(fate)} was sent with acks=0, and no broker wrote it."
    place = fate.places[-1]
    first = place.copies[0]
    parts = []
    if fate.acknowledged:
        had = [each for each in place.copies if each.written.id < fate.acknowledged.id]
        where = _nodes(each.node for each in had)
        parts.append(
            f"{name(fate)} was acknowledged at {_s(fate.acknowledged.at)} with "
            f"{'one copy' if len(had) == 1 else f'{len(had)} copies'}, on {where}"
        )
    else:
        parts.append(f"{name(fate)} was written by {_node(first.node)} at {_s(place.written.at)}")
    for id in fate.lost_by:
        entry = world.trace.entry(id)
        if entry is None:
            continue
        at = _s(entry.at - world.began)
        if entry.kind in FAULTS:
            parts.append(f"{past(entry)} at {at}")
        elif entry.kind == "UnflushedLost":
            parts.append(f"{_node(entry.node)} had not flushed it")
        elif entry.kind == "LeaderElected":
            leader = f"broker {entry.fields['leader']}"
            parts.append(f"{leader} was elected at {at} without it")
        elif entry.kind == "Truncated":
            parts.append(f"{_node(entry.node)} cut it off at {at}")
    return "; ".join(parts) + "."


def _kept(fate: Fate) -> Place:
    place = fate.place
    assert place is not None
    return place


def _read(fate: Fate, world: World) -> str:
    """Who has read it; what real clients read, before the cluster was frozen, no event says."""
    applied = fate.applied
    if not applied:
        return "" if world.began else ", read by nobody yet"
    words = {1: "once", 2: "twice"}
    said = [f"{g} {words.get(n, f'{n} times')}" for g, n in applied.items()]
    return f", read by {' and '.join(said)}"


def _twice(fate: Fate) -> str:
    kept = [place.name for place in fate.places if place.is_kept]
    if len(kept) < 2:
        return ""
    return f" It stands in the log {len(kept)} times: {', '.join(kept)}."


def _refused(fate: Fate) -> str:
    last = fate.refusals[-1]
    times = "" if len(fate.refusals) == 1 else f", {len(fate.refusals)} times in all"
    return f"{_node(last.node).capitalize()} refused it: {last.error}{times}."


def _error(fate: Fate) -> str:
    return KafkaError(fate.error).name()


def _node(node: NodeName) -> str:
    return node.replace("-", " ")


def _nodes(nodes: Iterable[NodeName]) -> str:
    names = sorted({node.rpartition("-")[2] for node in nodes}, key=int)
    if not names:
        return "no broker"
    return f"broker {names[0]}" if len(names) == 1 else f"brokers {', '.join(names)}"


def _s(ms: int) -> str:
    return f"{ms / 1000:.3f} s"
