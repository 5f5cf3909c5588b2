"""How long does each partition stand still?  One script of comings and goings, under each protocol.

    1  a topic, and a group whose first members have shared it out and are level
    2  the clock is set to 0, and the script runs: join, leave, crash
    3  each member works: it polls every WORK_MS, at its own instants, and hears of rebalances there
    4  after every single step of the world, each consumer that runs is asked where it can read on
    5  a partition in which none of them can stands still; the sum is in partition-seconds

The brokers, the seed, the polls and the times of the script are the same for all; only the protocol
differs.  A partition that is being given up is not read any more, and one that has come is not read
before its committed offset is known.

    eager         classic protocol, range: all give up everything, then share out anew
    cooperative   classic protocol, cooperative-sticky (KIP-429): only what moves is given up
    consumer      KIP-848: the coordinator tells each member what to give up and what to take

Read next: `lab.scenes.rebalancing`, which draws it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kafkalab import Simulation
from kafkalab.client.consumer.node import ConsumerNode
from kafkalab.errors import LearnerError
from kafkalab.world import World

PROTOCOLS: Final[Mapping[str, Mapping[str, Any]]] = {
    "eager": {"partition.assignment.strategy": "range"},
    "cooperative": {"partition.assignment.strategy": "cooperative-sticky"},
    "consumer": {"group.protocol": "consumer"},
}
FIRST: Final = ("A", "B", "C")
SCRIPT: Final = ("2 join D", "12 leave A", "20 crash B")
SESSION_TIMEOUT_MS: Final = 10_000
HEARTBEAT_MS: Final = {"eager": 3_000, "cooperative": 3_000, "consumer": 5_000}  # Kafka's defaults
WORK_MS: Final = 1_000  # between two polls of a member
_STAGGER_MS: Final = 370  # members do not poll at the same instant
TOPIC: Final = "orders"
GROUP: Final = "billing"
_BROKERS: Final = 3
_LEVEL_MS_MAX: Final = 120_000
_QUIET_MS: Final = 6_000  # longer than any heartbeat: so long nothing happened, nothing will
_SHOWN_MS: Final = 2_000  # after the last change
_WORDS: Final = re.compile(r"\s*([0-9]+(?:\.[0-9]{1,3})?)\s+(join|leave|crash)\s+(\w+)\s*")


@dataclass(frozen=True, slots=True)
class Change:
    """A line of the script: what a member does, `at` ms after the clock was set to 0."""

    at: int
    what: str
    member: str


@dataclass(frozen=True, slots=True)
class Span:
    """A partition's time with one reader, or with none, in ms."""

    since: int
    until: int
    owner: str | None


@dataclass(frozen=True, slots=True)
class State:
    """What the coordinator says of the group, in ms."""

    since: int
    until: int
    name: str


@dataclass(frozen=True, slots=True)
class Run:
    """The script under one protocol.  `spans` by partition, without gaps from 0 to the end."""

    protocol: str
    spans: tuple[tuple[Span, ...], ...]
    states: tuple[State, ...]
    end: int

    def stops(self, partition: int) -> list[Span]:
        """When this partition was nobody's."""
        return [span for span in self.spans[partition] if span.owner is None]

    def stopped_ms(self, since: int = 0, until: int | None = None) -> int:
        """Partition-milliseconds stopped, in all or within a window."""
        end = self.end if until is None else until
        return sum(
            max(min(span.until, end) - max(span.since, since), 0)
            for partition in range(len(self.spans))
            for span in self.stops(partition)
        )

    def never_stopped(self) -> int:
        """How many partitions were read all the time."""
        return sum(not self.stops(partition) for partition in range(len(self.spans)))


def read_script(lines: Iterable[str], first: Sequence[str] = FIRST) -> tuple[Change, ...]:
    """`LearnerError` for a line that cannot be read, or for what cannot happen."""
    changes: list[Change] = []
    present, seen = list(first), list(first)
    for line in lines:
        found = _WORDS.fullmatch(line)
        if found is None:
            raise LearnerError(
                f"a line of the script is SECONDS join|leave|crash MEMBER, such as "
                f"{SCRIPT[0]!r}, not {line!r}"
            )
        at, what, member = round(float(found[1]) * 1000), found[2], found[3]
        if changes and at < changes[-1].at:
            raise LearnerError(f"the script goes back in time at {line!r}: put its lines in order")
        if what == "join" and member in seen:
            raise LearnerError(f"{line!r}: {member} was in the group already; use another name")
        if what != "join" and member not in present:
            raise LearnerError(
                f"{line!r}: {member} is not in the group then; these are: {', '.join(present)}"
            )
        if what == "join":
            present.append(member)
            seen.append(member)
        else:
            present.remove(member)
            if not present:
                raise LearnerError(f"{line!r}: nobody would be left; partitions then stop for ever")
        changes.append(Change(at, what, member))
    return tuple(changes)


def run_scripts(
    changes: tuple[Change, ...],
    first: tuple[str, ...] = FIRST,
    partitions: int = 6,
    seed: int = 0,
) -> tuple[Run, ...]:
    """The script under each of PROTOCOLS, all shown to the same end."""
    benches = [_Bench(name, first, partitions, seed) for name in PROTOCOLS]
    for bench in benches:
        bench.play(changes)
    end = max(bench.changed for bench in benches) + _SHOWN_MS
    return tuple(bench.finish(end) for bench in benches)


class _Bench:
    """One protocol on trial: a world, who is in the group, and what was seen."""

    def __init__(self, protocol: str, first: tuple[str, ...], partitions: int, seed: int) -> None:
        config = {
            "group.consumer.session.timeout.ms": SESSION_TIMEOUT_MS,
            "group.consumer.heartbeat.interval.ms": HEARTBEAT_MS["consumer"],
        }
        self._sim = Simulation(brokers=_BROKERS, seed=seed, config=config)
        self._sim.create_topic(TOPIC, partitions=partitions, replication_factor=1)
        self._protocol = protocol
        self._present: list[str] = []
        self._nodes: list[ConsumerNode] = []  # also of those who leave or have crashed
        self._owners: list[str | None] = [None] * partitions
        self._since = [0] * partitions
        self._spans: list[list[Span]] = [[] for _ in range(partitions)]
        self._polls: dict[str, int] = {}  # member -> when it polls next, in the world's ms
        self._start = self.changed = 0
        for member in first:
            self._join(member)
        self._run_until_level()
        self._start, self._first_entry = self._world.now, self._world.trace.next_id
        self._since = [0] * partitions
        self._spans = [[] for _ in range(partitions)]
        self.changed = 0

    @property
    def _world(self) -> World:
        return self._sim.world

    @property
    def _now(self) -> int:
        """Ms since the clock was set to 0."""
        return self._world.now - self._start

    def play(self, changes: tuple[Change, ...]) -> None:
        """Run the script, and on until the group is level and quiet."""
        for change in changes:
            self._run_to(change.at)
            if change.what == "join":
                self._join(change.member)
            else:
                self._present.remove(change.member)
                self._polls.pop(change.member)
                if change.what == "leave":
                    self._world.act(change.member, "close")
                    self._end_leaving()
                else:
                    self._world.crash(change.member)
            self._look()
            self.changed = self._now
        self._run_until_level()

    def finish(self, end: int) -> Run:
        """What was seen until `end`, which may be a little ago."""
        self._run_to(end)
        spans = []
        for partition, owner in enumerate(self._owners):
            last = Span(self._since[partition], max(self._now, end), owner)
            spans.append(_cut([*self._spans[partition], last], end))
        states = self._states(end)
        self._sim.close()
        return Run(self._protocol, tuple(spans), tuple(states), end)

    def _join(self, member: str) -> None:
        given: dict[str, Any] = {"group.id": GROUP, **PROTOCOLS[self._protocol]}
        if "group.protocol" not in given:
            given["session.timeout.ms"] = SESSION_TIMEOUT_MS
            given["heartbeat.interval.ms"] = HEARTBEAT_MS[self._protocol]
        bootstrap = tuple(f"broker-{number + 1}" for number in range(_BROKERS))
        node = ConsumerNode(member, given, self._world.seed, bootstrap)
        self._world.add(node)
        self._world.act(member, "subscribe", (TOPIC,), True)
        self._polls[member] = self._world.now + 1 + len(self._nodes) * _STAGGER_MS % WORK_MS
        self._present.append(member)
        self._nodes.append(node)

    def _poll(self, member: str) -> None:
        """What a poll does that finds no record: callbacks of rebalances run in it."""
        self._world.act(member, "begin_poll")
        self._call_back(member)
        self._world.act(member, "take_message")

    def _call_back(self, member: str) -> None:
        while self._world.act(member, "take_rebalance") is not None:
            self._world.act(member, "confirm_rebalance")

    def _run_to(self, at: int) -> None:
        """Step by step, looking after each."""
        end = self._start + at
        while self._world.now < end:
            member = min(self._polls, key=lambda name: self._polls[name])
            due = self._polls[member]
            until = min(due, end)
            while self._world.step(until):
                self._end_leaving()
                self._look()
            self._world.pass_time(until)
            if until == due:
                self._poll(member)
                self._polls[member] = due + WORK_MS
                self._look()

    def _end_leaving(self) -> None:
        """`close` runs callbacks at once: those who leave work no more."""
        for node in self._nodes:
            if node.name not in self._polls and self._world.is_up(node.name) and node.has_event():
                self._call_back(node.name)

    def _run_until_level(self) -> None:
        limit = self._now + _LEVEL_MS_MAX
        while self._now < limit:
            self._run_to(self._now + 500)
            if self._is_level() and self._now - self.changed >= _QUIET_MS:
                return
        raise TimeoutError(f"{self._protocol}: the group has not become level")

    def _is_level(self) -> bool:
        """Every partition is with a member that stays, and none has two more than another."""
        sizes = [self._owners.count(member) for member in self._present]
        return sum(sizes) == len(self._owners) and max(sizes) - min(sizes) <= 1

    def _look(self) -> None:
        """Ask each consumer that runs where it can read on, and note what is new."""
        owners: list[str | None] = [None] * len(self._owners)
        for node in self._nodes:
            if not self._world.is_up(node.name):
                continue
            for one in node.readable():
                assert owners[one.partition] is None, f"{one} has two readers"
                owners[one.partition] = node.name
        if owners == self._owners:
            return
        for partition, (before, after) in enumerate(zip(self._owners, owners, strict=True)):
            if before != after:
                span = Span(self._since[partition], self._now, before)
                self._spans[partition].append(span)
                self._since[partition] = self.changed = self._now
        self._owners = owners

    def _states(self, end: int) -> list[State]:
        """By the coordinator's word in the trace."""
        found: list[State] = []
        since, name = 0, "Stable"
        for entry in self._world.trace.recent(self._first_entry):
            if entry.kind == "GroupStateChanged" and entry.fields["group"] == GROUP:
                at = min(entry.at - self._start, end)
                if at > since:
                    found.append(State(since, at, name))
                since, name = at, str(entry.fields["after"])
        return [*found, State(since, end, name)] if since < end else found


def _cut(spans: list[Span], end: int) -> tuple[Span, ...]:
    """Without what is empty or after `end`."""
    kept = [Span(one.since, min(one.until, end), one.owner) for one in spans]
    return tuple(one for one in kept if one.until > one.since)
