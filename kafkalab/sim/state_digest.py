"""What a world knows, in 16 bytes: equal states, equal digests, however they came about.

Goes through the data of every node, of what is in flight and when it arrives, and of the faults
there are or will be; leaves out what only tells how the state was reached (the trace, causes, the
order of plans for the same instant).  An object that is met again is named by when it was met
first, so sharing counts and circles end.

Immutable things (messages, batches, images) are digested once and remembered, while they live.
Read next: `search`, which looks each state up by this.
"""

import enum
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass, replace
from hashlib import blake2b
from typing import Any, Final

from kafkalab.log.shared_list import SharedList
from kafkalab.node import Node
from kafkalab.world import World
from kafkalab.world.scheduler import What

_PLAIN: Final = (int, str, bytes, float, bool, type(None))


class StateDigests:
    """Digests states; remembers those of nodes that worlds share, and of immutable things."""

    def __init__(self) -> None:
        self._nodes: dict[int, tuple[Node, bytes]] = {}
        self._immutable: dict[int, tuple[Any, bytes]] = {}

    def of(self, world: World) -> bytes:
        """The state of a world."""
        whole = blake2b(digest_size=16)
        whole.update(repr((world.now, *_in_force(world))).encode())
        for name, node in world.nodes.items():
            whole.update(name.encode())
            whole.update(self._of_node(node))
        for part in self._in_flight(world):
            whole.update(part)
        return whole.digest()

    def _of_node(self, node: Node) -> bytes:
        known = self._nodes.get(id(node))
        if known is None or known[0] is not node:
            walk = _Walk(self)
            walk.add(node)
            known = self._nodes[id(node)] = (node, walk.digest())
        return known[1]

    def _in_flight(self, world: World) -> Iterator[bytes]:
        arrivals: dict[int, list[int]] = {}  # by pipe
        for due, _, _, number in world.scheduler.planned(What.DELIVER):
            arrivals.setdefault(number, []).append(max(due, world.now))
        for pipe in sorted(world.network.connections.pipes(), key=lambda pipe: pipe.connection):
            flags = (pipe.connection, pipe.source, pipe.is_closed, pipe.is_cut)
            yield repr(flags).encode()
            if pipe.queue:
                dues = arrivals.get(pipe.number, [])  # in order
                yield repr((pipe.owed, dues[: len(pipe.queue)])).encode()
            for envelope, _ in pipe.queue:
                yield self.immutable(envelope)

    def immutable(self, thing: Any) -> bytes:
        """Of something that never changes."""
        known = self._immutable.get(id(thing))
        if known is None or known[0] is not thing:
            walk = _Walk(self)
            walk.add_fields(thing)
            known = self._immutable[id(thing)] = (thing, walk.digest())
        return known[1]


def _in_force(world: World) -> Iterator[Any]:
    """The faults there are, those that will be, and how far applications have got."""
    yield sorted(world.crashed)
    yield sorted((name, pause.until) for name, pause in world.paused.items())
    yield sorted(world.stopping)
    network = world.network
    yield network.sides, network.is_one_way, network.latency_ms, sorted(network.delays.items())
    yield sorted((name, one.write_ms, one.busy_until) for name, one in network.slow_disks.items())
    if (held := network.intercepts) is not None:
        yield [repr(replace(rule, since=0)) for rule in held.rules]
        yield sorted(held.stalled.items()), sorted(held.held), sorted(held.held_links)
    yield [(each.due, each.about.words) for each in world.scheduler.planned(What.COMMAND)]
    for name, process in world.apps.processes.items():
        yield name, process.state.name, process.waits, len(process.log)


class _Walk:
    """One way through the data of an object."""

    def __init__(self, digests: StateDigests) -> None:
        self._digests = digests
        self._hash = blake2b(digest_size=16)
        self._met: dict[int, int] = {}
        self._kept: list[Any] = []  # or an id could be used again

    def digest(self) -> bytes:
        return self._hash.digest()

    def add(self, thing: Any) -> None:
        """Take in a value."""
        if isinstance(thing, enum.Enum | type) or callable(thing):
            self._say(getattr(thing, "__qualname__", str(thing)))
        elif isinstance(thing, _PLAIN):
            self._say(repr(thing))
        elif isinstance(thing, tuple):
            self._list("(", thing)
        elif _is_frozen(thing):
            self._hash.update(self._digests.immutable(thing))
        elif id(thing) in self._met:
            self._say(f"@{self._met[id(thing)]}")
        else:
            self._met[id(thing)] = len(self._met)
            self._kept.append(thing)
            self._open(thing)

    def _open(self, thing: Any) -> None:
        if isinstance(thing, dict):
            self._list("{", [part for item in thing.items() for part in item])
        elif isinstance(thing, list | deque | SharedList):
            self._list("[", thing)
        elif isinstance(thing, set | frozenset):
            self._list("<", sorted(thing, key=repr))
        elif isinstance(thing, bytearray | memoryview):
            self._say(bytes(thing).hex())
        else:
            self.add_fields(thing)

    def add_fields(self, thing: Any) -> None:
        """Take in an object, field by field."""
        self._say(type(thing).__qualname__)
        if isinstance(thing, tuple):
            self._list("(", thing)
            return
        for name in _names_of(type(thing), thing):
            value = getattr(thing, name, None)
            self._say(name)
            self.add(value)

    def _list(self, mark: str, things: Iterable[Any]) -> None:
        self._say(mark)
        for thing in things:
            self.add(thing)
        self._say("/")

    def _say(self, text: str) -> None:
        self._hash.update(text.encode("utf-8", "surrogatepass"))
        self._hash.update(b"\0")


def _is_frozen(thing: Any) -> bool:
    parameters = getattr(type(thing), "__dataclass_params__", None)
    return parameters is not None and parameters.frozen


_NAMES: Final[dict[type, tuple[str, ...]]] = {}


def _names_of(kind: type, thing: Any) -> tuple[str, ...]:
    """The fields of a class, those of its bases first."""
    names = _NAMES.get(kind)
    if names is None:
        found: dict[str, None] = {}
        if is_dataclass(kind):
            found.update((field.name, None) for field in fields(kind))
        for base in reversed(kind.__mro__):
            slots = base.__dict__.get("__slots__", ())
            found.update((name, None) for name in ([slots] if isinstance(slots, str) else slots))
        names = _NAMES[kind] = tuple(found)
    extra: dict[str, Any] = getattr(thing, "__dict__", {})
    return names + tuple(sorted(name for name in extra if name not in names))
