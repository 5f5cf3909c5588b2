"""Looks for whatever is wrong, knowing nothing of it: short schedules, and every promise there is.

    python tests/sim/hunt.py                    every scope, until something is found
    python tests/sim/hunt.py records quorum     some of them

`sim.search` follows one question over every order of messages.  A hunt asks everything (the
monitor's invariants after every step, the swarm's liveness and audit once all is healed, the
checker's rules, and whether a log finds what it holds) of schedules made of larger moves:

    crash 1 · restart 1 · partition 1 | 2,3 · …    a fault, as `world.faults` has it
    do produce producer-1 orders                   a client is asked for something (`hunt_clients`)
    ask …                                          so is an administrator
    wait 40                                        so many ms go by as they do by themselves
    next                                           one step is taken

`$L` is who leads the first partition of `orders` at the start, `$F` and `$G` follow; `$C` is the
active controller, `$D` and `$E` are the other two.

Breadth first; two schedules that lead to the same state are followed once.  What is promised for
the end is asked of states of all depths, in the order of their digests, until `settled_max` are.

Read next: `hunt_scopes`, where it looks.
"""

import gc
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, Final, NamedTuple

from hunt_clients import ASKED, Clients, attend
from hunt_lookups import lookups

from kafkalab.client import ConsumerNode, ProducerNode
from kafkalab.ids import TopicPartition
from kafkalab.protocol.schema import Message
from kafkalab.sim import checker, swarm
from kafkalab.sim.invariants import Broken, Monitor
from kafkalab.sim.plan import Plan
from kafkalab.sim.simulation import Simulation
from kafkalab.sim.state_digest import StateDigests
from kafkalab.world import NodeFailure, World, servers
from kafkalab.world.faults import CommandError
from kafkalab.world.operator import OPERATOR

TICK: Final = "wait 9"
_ATTEND_EVERY_MS: Final = 40
_PLAN: Final = Plan(0, 0, 3, 1, False, False, {}, (), (), (), (), (), ())


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a hunt looks.

    `moves`: each at most as often as said, `moves_max` in all, `next` not counted, of which
    `faults_max` break something; `nexts_max` steps one by one, before all moves but `amid_nexts`.
    """

    name: str
    start: Callable[[], "State"]
    moves: dict[str, int]
    moves_max: int
    faults_max: int = 2
    nexts_max: int = 0
    amid_nexts: tuple[str, ...] = ()
    states_max: int = 120
    settled_max: int = 12


@dataclass(slots=True)
class State:
    """A world that is watched, and what its clients know."""

    sim: Simulation
    world: World
    monitor: Monitor
    clients: Clients
    moves: tuple[str, ...] = ()
    asks: dict[str, tuple[str, Message]] = field(default_factory=dict)  # server and request

    def fork(self) -> "State":
        """Another that is the same, and shares nothing that changes."""
        world = self.world.fork(forget_recent=True)
        monitor = copied(self.monitor, {id(self.world): world})
        return State(self.sim, world, monitor, self.clients.fork(world), self.moves, self.asks)


class Found(NamedTuple):
    """A schedule after which a promise does not hold."""

    scope: str
    moves: tuple[str, ...]
    promise: str
    words: str
    states: int
    settled: int

    def __str__(self) -> str:
        return (
            f"{self.scope}: {self.promise} after {len(self.moves)} moves ({self.states} states, "
            f"{self.settled} settled): {' / '.join(self.moves)}\n    {self.words[:300]}"
        )


class NotFound(NamedTuple):
    """Nothing is wrong within a scope, as far as it was looked through."""

    scope: str
    states: int
    settled: int
    is_complete: bool

    def __str__(self) -> str:
        all_ = "all" if self.is_complete else "not all"
        return f"{self.scope}: nothing in {self.states} states ({all_}), {self.settled} settled"


def copied(thing: Any, known: dict[int, Any]) -> Any:
    """A copy of what `kafkalab.sim` remembers; what belongs to the world is shared."""
    kind = type(thing)
    if id(thing) in known:
        return known[id(thing)]
    if kind is dict:
        return {key: copied(value, known) for key, value in thing.items()}
    if kind is list:
        return [copied(each, known) for each in thing]
    if kind is set:
        return set(thing)
    if not kind.__module__.startswith("kafkalab.sim") or issubclass(kind, tuple):
        return thing
    if getattr(getattr(kind, "__dataclass_params__", None), "frozen", False):
        return thing
    other = known[id(thing)] = kind.__new__(kind)
    for name in _names(kind, thing):
        setattr(other, name, copied(getattr(thing, name), known))
    return other


def _names(kind: type, thing: Any) -> list[str]:
    if is_dataclass(kind):
        return [each.name for each in fields(kind)]
    return [*getattr(kind, "__slots__", ()), *getattr(thing, "__dict__", ())]


def named(state: State) -> dict[str, str]:
    """Who leads and who follows at the start, by the letters of moves."""
    world = state.world
    leader = servers.metadata(world).topics["orders"].partitions[0].leader
    active = servers.active_controller(world)
    assert active is not None
    brokers = [leader, *(each.broker_id for each in servers.brokers(world))]
    voters = [active.node_id, *(each.node_id for each in servers.controllers(world))]
    names = zip("LFG", dict.fromkeys(brokers), strict=False)
    others = zip("CDE", dict.fromkeys(voters), strict=False)
    return {f"${letter}": str(number) for letter, number in (*names, *others)}


def spoken(words: str, names: dict[str, str]) -> str:
    """A move with numbers in the place of letters."""
    for letter, number in names.items():
        words = words.replace(letter, number)
    return words


def ahead(world: World) -> Iterator[str]:
    """Leaders who act on a state of their partition that nobody has decided for good."""
    decided = [node.image for node in servers.all_servers(world)]
    for node in servers.brokers(world):
        for replica in node.replicas.partitions.values():
            name = replica.topic_partition
            if not replica.is_leader or not world.is_up(node.name) or replica.leading is None:
                continue
            known = [one.partition_epoch for each in decided if (one := each.partition(name))]
            epoch = replica.partition_epoch
            if known and epoch > max(known):
                yield f"{node.name} leads {name} in partition epoch {epoch}; decided: {max(known)}"


# --- one move


def run_to(world: World, monitor: Monitor, clients: Clients, until: int) -> None:
    """Let time go by; clients go on, and every step is judged."""
    while world.now < until:
        then = min(until, world.now + _ATTEND_EVERY_MS)
        while world.step(then):
            monitor.after_step()
            for complaint in ahead(world):
                raise Broken("R5", complaint, world)
        world.pass_time(then)
        attend(world, clients)
        monitor.after_step()


def do(state: State, words: str) -> bool:
    """Make a move in a state; False if it cannot be made there."""
    world, clients = state.world, state.clients
    verb, *rest = words.split()
    if verb == "wait":
        run_to(world, state.monitor, clients, world.now + int(rest[0]))
    elif verb == "next":
        if not world.step(world.now + 60_000):
            return False
        attend(world, clients)
    elif verb == "do":
        if not ASKED[rest[0]](world, clients, *rest[1:]):
            return False
    elif verb == "ask":
        server, request = state.asks[words]
        if not world.is_up(server):
            return False
        world.act(OPERATOR, "ask", server, request)
    else:
        try:
            world.command(words)
        except CommandError:
            return False
    state.monitor.after_step()
    return True


# --- the hunt


def hunt(scope: Scope) -> Found | NotFound:
    """Look through a scope."""
    return _Hunt(scope).whole()


class _Hunt:
    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.digests = StateDigests()
        self.seen: dict[Any, None] = {}
        self.settled = 0
        self.ends: list[tuple[bytes, State]] = []

    def whole(self) -> Found | NotFound:
        moves: tuple[str, ...] = ()
        try:
            begin = self.scope.start()
            self.names = named(begin)
            is_complete = True
            self._is_new(begin)
            waiting = deque([begin])
            while waiting:
                state = waiting.popleft()
                for words in self._choices(state.moves):
                    if len(self.seen) >= self.scope.states_max:
                        is_complete = False
                        waiting.clear()
                        break
                    moves = (*state.moves, words)
                    after = state.fork()
                    after.moves = moves
                    if not do(after, spoken(words, self.names)):
                        continue
                    if self._is_new(after):
                        if words.startswith("wait"):
                            after.monitor.everything()
                        waiting.append(after)
            self.ends.sort(key=lambda end: end[0])
            for _, state in self.ends[: self.scope.settled_max]:
                moves, self.settled = state.moves, self.settled + 1
                settle(state)
        except Broken as broken:
            return self._found(moves, broken.promise, str(broken))
        except swarm.SwarmFailure as failure:
            return self._found(moves, failure.promise, failure.words)
        except (NodeFailure, AssertionError) as failure:
            return self._found(moves, "no node fails", f"{failure!r} {failure.__cause__!r}")
        return NotFound(self.scope.name, len(self.seen), self.settled, is_complete)

    def _found(self, moves: tuple[str, ...], *what: str) -> Found:
        return Found(self.scope.name, moves, *what, len(self.seen), self.settled)

    def _is_new(self, state: State) -> bool:
        digest = self.digests.of(state.world)
        made = [each for each in state.moves if not each.startswith(("wait", "next"))]
        key = (digest, state.clients.key(), tuple(sorted(made)))
        if key in self.seen:
            return False
        self.seen[key] = None
        if state.moves and state.moves[-1] != "next":
            self.ends.append((digest, state))
        return True

    def _choices(self, moves: tuple[str, ...]) -> Iterator[str]:
        scope = self.scope
        count = sum(words != "next" for words in moves)
        if count < scope.moves_max:
            faults = sum(is_fault(words) for words in moves)
            for words, most in scope.moves.items():
                is_after_a_wait = not moves or moves[-1].startswith("wait")
                if words.startswith("wait") and is_after_a_wait and moves[-1:] != (TICK,):
                    continue  # several short waits may follow one another, others are one
                if is_fault(words) and faults >= scope.faults_max:
                    continue
                if moves.count(words) < most:
                    yield words
        if len(moves) < scope.nexts_max and set(moves) <= {"next", *scope.amid_nexts}:
            yield "next"


def is_fault(words: str) -> bool:
    """Whether it breaks something (what mends is none)."""
    mends = ("wait", "next", "do", "ask", "restart", "heal", "release", "mend-disk")
    return words.split()[0] not in mends


# --- the end


class _Settling(swarm._Run):
    """Heals a state and asks of it what the swarm asks of a run's end."""

    def __init__(self, state: State) -> None:
        self.plan, self.watched = _PLAN, True
        self.sim = state.sim.branched(state.world, "the end")
        self.sim.driver.history = None
        self.world, self.monitor = state.world, state.monitor
        self.clients, self.history = state.clients, state.clients.history

    def _run_to(self, until: int) -> None:
        assert self.monitor is not None
        run_to(self.world, self.monitor, self.clients, until)

    def _not_live(self) -> Iterator[str]:
        yield from super()._not_live()
        for name in self.clients.kinds:
            node = self.world.nodes[name]
            if isinstance(node, ProducerNode) and name not in self.clients.over:
                if name in self.clients.calls:
                    yield f"{name} waits for {self.clients.calls[name]}"
                if not node.is_flushed():
                    yield f"{name} waits for reports"

    def _groups_not_live(self) -> Iterator[str]:
        owners: dict[tuple[str, TopicPartition], str] = {}
        groups: dict[str, set[str]] = {}
        for name, group in self.history.members.items():
            node = self.world.nodes[name]
            assert isinstance(node, ConsumerNode)
            if name in self.clients.over:
                if not node.is_closed():
                    yield f"{name} does not close"
                continue
            groups.setdefault(group, set()).update(node.subscription())
            for partition in node.assignment():
                if owners.setdefault((group, partition), name) != name:
                    yield f"{group}: {partition} belongs to two"
                yield from self._not_read(group, node, partition)
        for group, wanted in groups.items():
            for partition in self._partitions():
                if partition.topic in wanted and (group, partition) not in owners:
                    yield f"{group}: {partition} belongs to nobody"


def settle(state: State) -> None:
    """End all faults; what fails is raised as in a swarm's run."""
    before, whole = StateDigests().of(state.world), state.fork()
    end = _Settling(whole)
    end.world.command("release")
    end._heal()
    end._until_live()
    for name, kind in whole.clients.kinds.items():  # what is open is ended by who began it
        if kind == "producer":
            ASKED["end"](whole.world, whole.clients, name, "abort_transaction")
    end._until_live()
    end._audit()
    whole.monitor.everything()
    end._until_live()
    end._exempt_what_was_lost()
    wrong = [(anomaly.rule, anomaly.words) for anomaly in checker.check(end.history)]
    wrong += [("a log finds what it holds", words) for words in lookups(whole.world)]
    if StateDigests().of(state.world) != before:
        wrong.append(("forks share nothing", "a fork changed its origin"))
    for promise, words in wrong:
        raise swarm.SwarmFailure(_PLAN, promise, words, whole.world)


def main() -> None:
    """See the module's docstring."""
    from hunt_scopes import SCOPES

    gc.set_threshold(50_000, 20, 20)
    wanted = sys.argv[1:]
    for scope in SCOPES:
        if not wanted or scope.name in wanted:
            began = time.process_time()
            result = hunt(scope)
            print(f"{result}  [{time.process_time() - began:.0f} s of CPU]", flush=True)
            if isinstance(result, Found):
                break


if __name__ == "__main__":
    main()
