"""Every order in which a few things can happen: the shortest one that breaks a promise, or none.

    search(sim, is_broken, Scope(turns_max=6, faults=("crash 1",)))  ──▶ Found | NotFound

From a state, at each turn one thing happens:

    deliver   the next message of some connection arrives, however late
    wake      the timer comes that is next in time
    fault     one of the faults given, each at most once
    wait      so many ms go by as they do when nobody interferes

Worlds are data, so every choice is tried on a copy; two orders that lead to the same state are
followed once (`state_digest`).  Breadth first, so what is found first is shortest.  "None" is said
of the scope alone: so many turns, those faults, those nodes.

In TLA+: a model checker's breadth-first search.  Read next: `world.turns`, what a turn does.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from kafkalab.client import ProducerNode
from kafkalab.ids import NodeName, TopicPartition
from kafkalab.log import PartitionLog
from kafkalab.protocol.api_keys import ApiKey
from kafkalab.sim.simulation import Simulation
from kafkalab.sim.state_digest import StateDigests
from kafkalab.world import Entry, World, servers
from kafkalab.world.turns import DELIVER, FAULT, WAIT, WAKE, Turn, take, taken

#: What is wrong with a world, in words; "" if nothing is.
Predicate = Callable[[World], str]


@dataclass(frozen=True, slots=True)
class Scope:
    """What is tried.  `nodes` () means all; messages of others wait, timers of others too.

    `faults_max`: how many of the faults may happen in one schedule (0: all).  `waits_ms`: how long
    a wait may be.  `states_max` ends a search that is too wide.
    """

    turns_max: int
    faults: tuple[str, ...] = ()
    faults_max: int = 0
    nodes: tuple[NodeName, ...] = ()
    has_timers: bool = False
    waits_ms: tuple[int, ...] = ()
    states_max: int = 50_000


@dataclass(frozen=True, slots=True)
class Found:
    """A shortest schedule that breaks the predicate; `events` is what it led to."""

    turns: tuple[Turn, ...]
    complaint: str
    states: int
    events: tuple[Entry, ...]

    def __str__(self) -> str:
        lines = [f"{self.complaint}, after {len(self.turns)} turns ({self.states} states seen):"]
        lines += [f"  {number}. {turn}" for number, turn in enumerate(self.turns, 1)]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class NotFound:
    """No schedule within the scope does it; `is_complete` if every state in it was seen."""

    scope: Scope
    states: int
    is_complete: bool

    def __str__(self) -> str:
        said = "none within this scope" if self.is_complete else "none so far, and not all was seen"
        faults = ", ".join(self.scope.faults) or "no faults"
        return f"{said}: {self.scope.turns_max} turns, {faults}; {self.states} states"


class _State(NamedTuple):
    world: World
    turns: tuple[Turn, ...]
    faults: tuple[str, ...]  # that have happened


def search(sim: Simulation, predicate: Predicate, scope: Scope) -> Found | NotFound:
    """Try every order within the scope, from how the simulation is now; it is not changed.

    Other rules that it has (`lab.experiments.rules`) are in force all the while.
    """
    with sim.driver.locked() as world:
        branch = sim.branched(world.fork(forget_recent=True), sim.name)
    with branch.driver.locked() as begin:
        return _searched(begin, predicate, scope)


def _searched(begin: World, predicate: Predicate, scope: Scope) -> Found | NotFound:
    digests = StateDigests()
    waiting = deque([_State(begin, (), ())])
    seen: dict[tuple[bytes, tuple[str, ...]], None] = {(digests.of(begin), ()): None}
    while waiting:
        state = waiting.popleft()
        if len(state.turns) == scope.turns_max:
            continue
        for turn in choices(state.world, state.faults, scope):
            world_after = taken(state.world, turn)
            if world_after is None:
                continue
            faults = (*state.faults, turn.words) if turn.what == FAULT else state.faults
            key = (digests.of(world_after), tuple(sorted(faults)))
            if key in seen:
                continue
            seen[key] = None
            turns = (*state.turns, turn)
            if complaint := predicate(world_after):
                return Found(turns, complaint, len(seen), events_since(begin, world_after))
            if len(seen) >= scope.states_max:
                return NotFound(scope, len(seen), is_complete=False)
            waiting.append(_State(world_after, turns, faults))
    return NotFound(scope, len(seen), is_complete=True)


def events_since(begin: World, world: World) -> tuple[Entry, ...]:
    """What has been kept in the trace since."""
    return tuple(world.trace[len(begin.trace) :])


def replay(sim: Simulation, turns: Sequence[Turn]) -> Simulation:
    """A branch in which these turns have been taken, to be looked at, or run on."""
    branch = sim.fork(f"{sim.name}, {len(turns)} turns on")
    branch.driver.history = None  # turns are no actions: it could not be run again
    for turn in turns:
        with branch.driver.locked() as world:
            assert take(world, turn), turn
    return branch


def choices(world: World, happened: tuple[str, ...], scope: Scope) -> Iterator[Turn]:
    """What may happen next, in an order that is always the same."""
    nodes = scope.nodes or tuple(world.nodes)
    for pipe in world.network.connections.pipes():
        if not pipe.queue or pipe.is_closed or world.network.is_held(pipe):
            continue
        if pipe.target in nodes and pipe.source in nodes and pipe.target not in world.paused:
            envelope = pipe.queue[0][0]
            api = ApiKey(envelope.api_key).name.lower() if envelope.api_key >= 0 else ""
            about = f"the {envelope.kind.name.lower()} {api}".strip()
            number = pipe.connection.number
            yield Turn(DELIVER, pipe.target, pipe.source, number, about=about)
    if scope.has_timers:
        yield from _timers(world, nodes)
    if not scope.faults_max or len(happened) < scope.faults_max:
        for words in scope.faults:
            if words not in happened:
                yield Turn(FAULT, words=words)
    for ms in scope.waits_ms:
        yield Turn(WAIT, ms=ms)


def _timers(world: World, nodes: tuple[NodeName, ...]) -> Iterator[Turn]:
    """The nodes whose timer is the next in time: none may be passed over."""
    dues = {
        name: max(due, world.now)
        for name in nodes
        if world.is_up(name) and (due := world.nodes[name].next_timer()) is not None
    }
    soonest = min(dues.values(), default=0)
    for name, due in dues.items():
        if due == soonest:
            yield Turn(WAKE, name)


def acknowledged_is_lost(sim: Simulation, topic: str, partition: int, value: bytes) -> Predicate:
    """Whether from now on a producer is told of success, and the leader then lacks `value`.

    A leader that is down, or one that the controllers have deposed, does not count.
    """
    name = TopicPartition(topic, partition)
    before = _acknowledged(sim.world)

    def is_lost(world: World) -> str:
        decided = servers.metadata(world).partition(name)
        if decided is None or _acknowledged(world) == before:
            return ""
        for node in servers.in_service(world):
            replica = node.replicas.partition(name)
            if replica is None or not replica.is_leader or node.broker_id != decided.leader:
                continue
            if replica.leader_epoch == decided.leader_epoch and not _holds(replica.log, value):
                return f"{value!r} was acknowledged, but {node.name}, which leads {name}, lacks it"
        return ""

    return is_lost


def _acknowledged(world: World) -> int:
    nodes = world.nodes.values()
    return sum(node.acknowledged for node in nodes if isinstance(node, ProducerNode))


def _holds(log: PartitionLog, value: bytes) -> bool:
    entries = log.entries_from(log.log_start_offset)
    return any(record.value == value for entry in entries for record in entry.records())
