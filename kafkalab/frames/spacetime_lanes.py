"""The lanes of a spacetime diagram: who has one, who shares one, who led and who was down when.

Only nodes that appear have a lane; producers first, then brokers, controllers, consumers.  When
there are too many, those with least to say share one lane for each kind ("27 other consumers").

Read next: `spacetime`, which puts messages on them.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypedDict

from kafkalab.ids import NodeName
from kafkalab.sim.faults_in_force import InForce
from kafkalab.world import Entry, World

LANES_MAX: Final = 13
NETWORK: Final = "network"
_ORDER: Final = {"producer": 1, "broker": 2, "controller": 3, "consumer": 4}
_STATES: Final = (("down", "Crashed", "Restarted"), ("paused", "Paused", "Resumed"))


class SpanFrame(TypedDict):
    lane: str
    since: int
    until: int
    what: str  # leader, down, paused


def partition_of(chain: Iterable[Entry]) -> tuple[str, int] | None:
    """The first partition of a learner's topic that a chain is about."""
    for entry in chain:
        fields = entry.fields
        if "partition" in fields and not str(fields.get("topic", "__")).startswith("__"):
            return str(fields["topic"]), int(fields["partition"])
    return None


def lanes_of(
    world: World, messages: Sequence[Mapping[str, Any]], marks: Sequence[Mapping[str, Any]]
) -> tuple[list[NodeName], dict[NodeName, str]]:
    """The lanes in the order of the picture, and of those who share one, its name."""
    weight: Counter[NodeName] = Counter()
    for message in messages:
        for name in (message["source"], message["target"]):
            weight[name] += _importance(message)
    for mark in marks:
        weight[mark["lane"]] += _importance(mark)
    names = [NETWORK, *world.nodes, *world.apps.processes]
    used = [name for name in dict.fromkeys(names) if name in weight]
    kinds = {name: _kind(world, name) for name in used}
    kept: list[NodeName] = used
    folded: dict[NodeName, str] = {}
    if len(used) > LANES_MAX:
        room = LANES_MAX - len(set(kinds.values()))
        best = set(sorted(used, key=lambda name: (name != NETWORK, -weight[name]))[:room])
        kept, folded = _fold(used, kinds, best)
    lanes = sorted(kept, key=lambda name: _ORDER.get(kinds[name], 5 if name != NETWORK else 0))
    named = dict.fromkeys(folded.get(name, name) for name in lanes)
    return list(named), folded


def _fold(
    used: Sequence[NodeName], kinds: Mapping[NodeName, str], best: set[NodeName]
) -> tuple[list[NodeName], dict[NodeName, str]]:
    """Those to draw (one for all that share a lane, last of its kind), and their lanes."""
    folded: dict[NodeName, str] = {}
    kept = [name for name in used if name in best]
    for kind in dict.fromkeys(kinds.values()):
        others = [name for name in used if kinds[name] == kind and name not in best]
        if len(others) == 1:
            kept.append(others[0])
        elif others:
            folded |= dict.fromkeys(others, f"{len(others)} other {kind}s")
            kept.append(others[-1])
    return kept, folded


def _importance(thing: Mapping[str, Any]) -> int:
    if "step" in thing or thing.get("state") == "held":
        return 1_000_000
    return 100 if "lane" in thing or thing["kind"] == "produce" else 1


def _kind(world: World, name: NodeName) -> str:
    return str(getattr(world.nodes.get(name), "kind", name.rpartition("-")[0]))


def spans_of(
    world: World, lanes: Sequence[NodeName], of: tuple[str, int] | None, start: int, end: int
) -> list[SpanFrame]:
    """Who was down, stood still, or led the partition `of`, within the window."""
    spans: list[SpanFrame] = []
    kinds = [kind for _, begins, ends in _STATES for kind in (begins, ends)]
    entries = world.trace.of(*kinds)
    for lane in lanes:
        mine = [entry for entry in entries if entry.node == lane]
        for what, begins, ends in _STATES:
            opened: int | None = None
            for entry in mine:
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
    world: World, lanes: Sequence[NodeName], of: tuple[str, int], start: int, end: int
) -> list[SpanFrame]:
    spans: list[SpanFrame] = []
    leading: dict[NodeName, int] = {}
    faults = InForce(world)
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
