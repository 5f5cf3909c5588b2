"""Where two runs first part, and by which causes.

    A   … ─ e ─ a1 ─ a2 ─▶          e is in both; a1 … and b1 … are in one each: the first of them
            └ ─ b1 ─▶               that means something is the first divergence

Ids differ from the first difference on, and so say nothing.  An event is known by what it is: its
instant, node and fields, and by the same of its cause, of that one's cause, and so on.

Invariants: equal traces have no divergence; the change itself is none.
Read next: `twins`.
"""

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, NamedTuple

from kafkalab.sim.telling import node_name, seconds, tell
from kafkalab.world import Entry, Trace

#: Fields that number things, and mean nothing from one run to another.
_NUMBERS: Final[Mapping[str, Collection[int]]] = {
    "RecordSent": (6, 7),
    "ProduceHandled": (5, 6),
    "BrokerRegistered": (2,),  # the epoch is an offset of the metadata log
}
_CHAIN_MAX: Final = 60
_PATIENCE_MS: Final = 30_000  # later than this is not in its place


class Side(NamedTuple):
    """One run's part: its first entry that the other has not, and what led there, last first."""

    entry: Entry | None
    chain: tuple[Entry, ...]


@dataclass(frozen=True)
class Divergence:
    """Virtual ms, both sides, and a sentence."""

    at: int
    a: Side
    b: Side
    say: str

    def __repr__(self) -> str:
        return self.say


def first_divergence(
    a: Trace,
    b: Trace,
    since_id: int,
    ignored: Collection[tuple[int, str, Any]] = (),
    *,
    began: int = 0,
) -> Divergence | None:
    """Compare from an id that both share.  `ignored`: (at, node, event) of the change itself.

    `began`: what the sentence counts times from.
    """
    first, second = _kept(a, since_id, ignored), _kept(b, since_id, ignored)
    for at, here, there in _by_time(first, second):
        left, right = Counter(map(_meaning, here)), Counter(map(_meaning, there))
        if left != right:
            only_a, only_b = _without(here, right), _without(there, left)
            side_a, side_b = _pair(only_a, only_b, first, second, at)
            known_a, known_b = _identities(a, since_id, at), _identities(b, since_id, at)
            sides = (_side(a, side_a, known_a, known_b), _side(b, side_b, known_b, known_a))
            return Divergence(at, *sides, _sentence(at, side_a, side_b, began))
    return None


def _kept(trace: Trace, since_id: int, ignored: Collection[Any]) -> list[Entry]:
    entries = []
    for entry in reversed(trace):
        if entry.id < since_id:
            break
        if (entry.at, entry.node, entry.event) not in ignored:
            entries.append(entry)
    return entries[::-1]


def _meaning(entry: Entry) -> Hashable:
    return entry.node, _fields(entry.event)


def _fields(event: tuple[Any, ...]) -> tuple[Any, ...]:
    numbers = _NUMBERS.get(event[0])
    if numbers is None:
        return event
    return tuple([field for i, field in enumerate(event) if i not in numbers])


def _by_time(
    first: list[Entry], second: list[Entry]
) -> Iterable[tuple[int, list[Entry], list[Entry]]]:
    """Both sides' entries, millisecond by millisecond."""
    i = j = 0
    while i < len(first) or j < len(second):
        at = min([*(e.at for e in first[i : i + 1]), *(e.at for e in second[j : j + 1])])
        i0, j0 = i, j
        while i < len(first) and first[i].at == at:
            i += 1
        while j < len(second) and second[j].at == at:
            j += 1
        yield at, first[i0:i], second[j0:j]


def _without(entries: list[Entry], others: Counter[Hashable]) -> list[Entry]:
    left = others.copy()
    found = []
    for entry in entries:
        meaning = _meaning(entry)
        if left[meaning] > 0:
            left[meaning] -= 1
        else:
            found.append(entry)
    return found


def _pair(
    only_a: list[Entry], only_b: list[Entry], a: list[Entry], b: list[Entry], at: int
) -> tuple[Entry | None, Entry | None]:
    """The first of one side, and what the other does in its place."""
    if only_a and only_b:
        for one in only_a:
            for other in only_b:
                if _subject(one) == _subject(other):
                    return one, other
        return only_a[0], only_b[0]
    if only_a:
        return only_a[0], _next_about(only_a[0], b, at)
    return _next_about(only_b[0], a, at), only_b[0]


def _next_about(entry: Entry, others: list[Entry], at: int) -> Entry | None:
    """The next event of the other run at the same node about the same thing."""
    later = (each for each in others if each.at > at and each.node == entry.node)
    about = (each for each in later if _subject(each)[1:] == _subject(entry)[1:])
    found = [each for each in islice(about, 200) if each.at - at < _PATIENCE_MS]
    return next((each for each in found if each.kind == entry.kind), found[0] if found else None)


def _subject(entry: Entry) -> tuple[Any, ...]:
    fields = entry.fields
    about = (fields.get("topic"), fields.get("partition"), fields.get("group"))
    return (entry.node, *about)


def _identities(trace: Trace, since_id: int, until: int) -> dict[int, Hashable]:
    """Each entry's id, and what it is by its causes; those before `since_id` are their ids."""
    known: dict[int, Hashable] = {}
    seen: Counter[Hashable] = Counter()
    for entry in trace.recent(since_id):
        if entry.at > until:
            break
        cause = known.get(entry.cause, entry.cause if entry.cause < since_id else None)
        what = (cause, entry.at, entry.node, _fields(entry.event))
        seen[what] += 1
        known[entry.id] = hash((what, seen[what]))
    return known


def _side(
    trace: Trace, entry: Entry | None, mine: Mapping[int, Hashable], other: Mapping[int, Hashable]
) -> Side:
    """The chain of causes of an entry down to the last one that the other run has too."""
    chain: list[Entry] = []
    shared = frozenset(other.values())
    each = entry
    while each is not None and len(chain) < _CHAIN_MAX:
        chain.append(each)
        if mine.get(each.id) in shared:
            break
        each = trace.entry(each.cause) if each.cause else None
    return Side(entry, tuple(chain))


def _sentence(at: int, a: Entry | None, b: Entry | None, began: int) -> str:
    first = _clause("A", a, b, at, began)
    second = _clause("B", b, a, at, began)
    return f"Equal until {seconds(at, began)}; there {first}, and {second}."


def _clause(name: str, mine: Entry | None, other: Entry | None, at: int, began: int) -> str:
    if mine is None:
        assert other is not None
        return f"in {name} nothing of the kind follows at {node_name(other.node)}"
    later = f" only at {seconds(mine.at, began)}" if mine.at > at else ""
    return f"in {name} {tell(mine)}{_apart(mine, other)}{later}"


def _apart(mine: Entry, other: Entry | None) -> str:
    """The fields that differ, of two that are told alike."""
    if other is None or mine.at != other.at or tell(mine) != tell(other):
        return ""
    fields = (f"{k} {v!r}" for k, v in mine.fields.items() if other.fields.get(k) != v)
    return f" ({said})" if (said := ", ".join(fields)) else ""
