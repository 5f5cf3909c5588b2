"""One thing changed: what a twin does otherwise.

    config("acks", "all")                    a setting of clients, topics or servers
    config("min.insync.replicas", 2, topic="orders")
    without("crash 1")                       a fault that does not happen, planned or by hand
    move("crash 1", to=3.5)                  … or happens at another second
    also("restart 1", at=9)                  … or happens besides
    swap(careless, careful)                  another function in an app's place

A change is data: it says from which instant it can matter, and what becomes of the list of actions.
Worlds made from the old and the new list have one seed, and so differ by its effects alone.

Read next: `twins`, which runs both.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from kafkalab.client.conf import known_keys
from kafkalab.config import BROKER_KEYS, TOPIC_KEYS
from kafkalab.errors import LearnerError
from kafkalab.protocol.messages.topics import CreatableTopicConfig, CreateTopicsRequest
from kafkalab.sim.instants import ms_of
from kafkalab.world import WORLD, Action, Entry
from kafkalab.world.faults import CommandError, parse

_FAULTS: Final = ("command", "schedule", "cut")
_CLIENTS: Final = ("producer", "consumer")


class Change(Protocol):
    """What a twin does otherwise."""

    @property
    def words(self) -> str:
        """For titles: `acks → all`."""

    @property
    def is_of_servers(self) -> bool:
        """Whether the cluster must be made anew, from its first instant."""

    def begins(self, actions: list[Action]) -> int:
        """The virtual ms at which it can first matter.  `LearnerError` if it changes nothing."""

    def applied(self, done: list[Action], actions: list[Action]) -> list[Action]:
        """What is done from outside in the changed world instead of `actions`, in order.

        `done` are those before, which both worlds share.
        """

    def options(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """How the changed world is made, if it is made anew."""


@dataclass(frozen=True)
class Config:
    """A setting of clients, of topics when they are created, or of all servers."""

    key: str
    value: Any
    topic: str | None = None
    client: str | None = None

    @property
    def words(self) -> str:
        where = f" of {self.topic or self.client}" if self.topic or self.client else ""
        return f"{self.key}{where} → {_text(self.value)}"

    @property
    def is_of_topics(self) -> bool:
        return self.client is None and (self.topic is not None or self.key in TOPIC_KEYS)

    @property
    def is_of_servers(self) -> bool:
        is_known = self.key in BROKER_KEYS and not any(_takes(kind, self.key) for kind in _CLIENTS)
        return not self.is_of_topics and self.client is None and is_known

    def begins(self, actions: list[Action]) -> int:
        if self.is_of_servers:
            return 0
        touched = [each.at for each in actions if self._touches(each)]
        if not touched:
            what = f"topic {self.topic or ''}".strip() if self.is_of_topics else "client"
            raise LearnerError(f"no {what} was made here that takes {self.key}")
        return min(touched)

    def applied(self, done: list[Action], actions: list[Action]) -> list[Action]:
        if self.is_of_servers:
            return actions
        if self.is_of_topics:
            return [self._topic_changed(each) if self._touches(each) else each for each in actions]
        first = next(i for i, each in enumerate(actions) if self._touches(each))
        override = (self.key, self.value, self.client)
        here = actions[first]
        return [*actions[:first], here._replace(node=WORLD, method="override", arguments=override),
                *actions[first:]]  # fmt: skip

    def options(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**options, "config": {**options["config"], self.key: self.value}}

    def _touches(self, action: Action) -> bool:
        if not self.is_of_topics:
            kind = action.arguments[0] if action.method == "add_client" else ""
            is_meant = self.client in (None, kind) and kind != "" and _takes(kind, self.key)
            return is_meant or action.method == "start_app"
        if action.method != "ask" or not isinstance(action.arguments[1], CreateTopicsRequest):
            return False
        return any(self.topic in (None, topic.name) for topic in action.arguments[1].topics)

    def _topic_changed(self, action: Action) -> Action:
        server, request = action.arguments
        mine = CreatableTopicConfig(name=self.key, value=_text(self.value))
        topics = [
            replace(topic, configs=(*(c for c in topic.configs if c.name != self.key), mine))
            if self.topic in (None, topic.name)
            else topic
            for topic in request.topics
        ]
        return action._replace(arguments=(server, replace(request, topics=tuple(topics))))


@dataclass(frozen=True)
class Fault:
    """A fault left out (`to` None), moved, or added.  Times in virtual ms."""

    fault: str
    at: int | None = None  # which, when there are several
    to: int | None = None
    is_new: bool = False
    began: int = 0  # what words count from
    is_of_servers = False

    @property
    def words(self) -> str:
        if self.is_new:
            return f"also {self.fault} at {_seconds(self.to, self.began)}"
        if self.to is None:
            return f"without {self.fault}"
        return f"{self.fault} at {_seconds(self.to, self.began)}"

    def begins(self, actions: list[Action]) -> int:
        if self.is_new:
            return self.to or 0
        then = _due(self._found(actions))
        return then if self.to is None else min(then, self.to)

    def applied(self, done: list[Action], actions: list[Action]) -> list[Action]:
        rest = list(actions)
        if not self.is_new:
            found = self._found([*done, *actions])
            if any(each is found for each in actions):
                rest = [each for each in rest if each is not found]
            else:  # planned before the two part, so the plan is taken back
                last = done[-1]
                taken_back = last._replace(node=WORLD, method="unschedule", arguments=(
                    _due(found), _words(found)))  # fmt: skip
                rest.insert(0, taken_back)
        if self.to is not None:
            new = Action(self.to, -1, WORLD, "command", (self.fault,))
            rest.insert(sum(each.at <= self.to for each in rest), new)
        return rest

    def options(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        return options

    def _found(self, actions: list[Action]) -> Action:
        faults = [each for each in actions if each.node == WORLD and each.method in _FAULTS]
        mine = [each for each in faults if _same(_words(each), self.fault)]
        if self.at is not None:
            mine = [each for each in mine if _due(each) == self.at]
        if len({_due(each) for each in mine}) == 1:  # equal ones of one instant: whichever
            return mine[0]
        listed = ", ".join(f"{_words(e)!r} at {_seconds(_due(e), self.began)}" for e in faults)
        if not mine:
            when = "" if self.at is None else f" at {_seconds(self.at, self.began)}"
            raise LearnerError(f"no fault {self.fault!r}{when} here; there are {listed or 'none'}")
        raise LearnerError(f"{len(mine)} faults are {self.fault!r}; say which by at=…: {listed}")


@dataclass(frozen=True)
class Call:
    """A call that is not made: by hand on a client, or the start of an app."""

    at: int
    node: str
    method: str
    about: str = ""
    began: int = 0
    is_of_servers = False

    @property
    def words(self) -> str:
        return (
            f"without {self.about or self.method} of {self.node} at {_seconds(self.at, self.began)}"
        )

    def begins(self, actions: list[Action]) -> int:
        if not any(self._is_meant(each) for each in actions):
            raise LearnerError(f"{self.words}: no such call was made from outside")
        return self.at

    def applied(self, done: list[Action], actions: list[Action]) -> list[Action]:
        return [each for each in actions if not self._is_meant(each)]

    def options(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        return options

    def _is_meant(self, action: Action) -> bool:
        if action.at != self.at or action.method != self.method:
            return False
        if self.method == "start_app":
            function, name = action.arguments[:2]
            return bool(self.node == name or self.node.startswith(f"{function.__name__}-"))
        if self.method == "crash_app":
            return bool(action.arguments[0] == self.node)
        return action.node == self.node


@dataclass(frozen=True)
class Several:
    """Some changes at once, none of them of the servers."""

    changes: tuple[Change, ...]
    is_of_servers = False

    @property
    def words(self) -> str:
        return ", ".join(each.words for each in self.changes)

    def begins(self, actions: list[Action]) -> int:
        return min(each.begins(actions) for each in self.changes)

    def applied(self, done: list[Action], actions: list[Action]) -> list[Action]:
        for each in self.changes:
            actions = each.applied(done, actions)
        return actions

    def options(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        return options


@dataclass(frozen=True)
class Swap:
    """Another function where `old` was given."""

    old: Callable[..., Any]
    new: Callable[..., Any]
    is_of_servers = False

    @property
    def words(self) -> str:
        return f"{self.old.__name__} → {self.new.__name__}"

    def begins(self, actions: list[Action]) -> int:
        at = [each.at for each in actions if self._changed(each) is not each]
        if not at:
            raise LearnerError(f"no app here runs {self.old.__name__}")
        return min(at)

    def applied(self, done: list[Action], actions: list[Action]) -> list[Action]:
        return [self._changed(each) for each in actions]

    def options(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        return options

    def _changed(self, action: Action) -> Action:
        if action.method == "start_app" and action.arguments[0] is self.old:
            name = action.arguments[1] or None
            return action._replace(arguments=(self.new, name, self.old.__name__))
        if action.method == "add_client":
            kind, conf = action.arguments
            if any(value is self.old for value in conf.values()):
                swapped = {k: self.new if v is self.old else v for k, v in conf.items()}
                return action._replace(arguments=(kind, swapped))
        return action


def config(key: str, value: Any, *, topic: str | None = None, client: str | None = None) -> Change:
    """A setting by Kafka's name: of clients that know it, of topics, else of the servers.

    `topic` means one topic only, `client` one kind of client ("producer", "consumer").
    """
    return Config(key, value, topic, client)


def without(*faults: str | Entry, at: float | None = None) -> Change:
    """Faults that do not happen: their words, or their events.  `at` (s) if there are several.

    An event may also be a call (`ActionTaken`) or an app's start: then that was never made.
    """
    if len(faults) == 1:
        return _without(faults[0], at)
    if not faults:
        raise LearnerError('without what?  without("crash 1"), or without(*sim.why(…).causes)')
    return Several(tuple(_without(fault, at) for fault in faults))


def _without(fault: str | Entry, at: float | None) -> Change:
    if isinstance(fault, Entry):
        if fault.kind == "ActionTaken":
            return Call(fault.at, fault.node, fault.event[1])
        if fault.kind == "AppCrashed":
            return Call(fault.at, fault.node, "crash_app", "the crash")
        if fault.kind == "AppStarted":
            return Call(fault.at, fault.node, "start_app", "the start")
        # An intercept was told what to do before the request came.
        at = fault.fields["since"] if fault.kind == "RequestIntercepted" else fault.at
        return Fault(words_of(fault), at)
    if not isinstance(fault, str):
        raise LearnerError(f'without {fault!r}?  A fault, "crash 1", or an event: why(…).cause')
    return Fault(fault, None if at is None else ms_of(at))


def move(fault: str, *, to: float, at: float | None = None) -> Change:
    """A fault at another second.  `at` (s) says which, if there are several."""
    return Fault(fault, None if at is None else ms_of(at), ms_of(to))


def also(fault: str, *, at: float) -> Change:
    """One fault more, at that second.  `CommandError` for words that are no fault."""
    parse(fault)
    return Fault(fault, None, ms_of(at), is_new=True)


def swap(old: Callable[..., Any], new: Callable[..., Any]) -> Change:
    """Another function for an app, or for a client's setting that takes one."""
    return Swap(old, new)


def words_of(entry: Entry) -> str:
    """The command that does what this event says."""
    fields = entry.fields
    match entry.kind:
        case "Crashed":
            return f"crash {entry.node}"
        case "PowerLost":
            return f"power-off {entry.node}"
        case "DiskChanged":
            ms = f" {fields['ms']}" if fields["how"] == "slow" else ""
            return f"{fields['how']}-disk {entry.node}{ms}"
        case "RequestIntercepted":
            words = f"{fields['what']} {fields['api']} {entry.node} {fields['detail']}".strip()
            return f"{words} from {fields['source']}" if fields["source"] else words
        case "ConnectionCut":
            return f"cut {fields['client']} {fields['server']}"
        case "ShutdownBegun":
            return f"shutdown {entry.node}"
        case "Restarted":
            return f"restart {entry.node}"
        case "Paused":
            return f"pause {entry.node} {entry.event[1] - entry.at}"
        case "Partitioned":
            between = " > " if fields["is_one_way"] else " | "
            return f"partition {between.join(','.join(side) for side in fields['sides'])}"
        case "Healed":
            return "heal"
        case "ClockSet":
            verb, ms = ("drift", entry.event[2]) if entry.event[2] else ("clock", entry.event[1])
            return f"{verb} {entry.node} {ms:+d}"
        case "Delayed":
            return f"delay {entry.event[1]} {entry.event[2]} {entry.event[3]}"
        case "MessageHeld":
            link = f"hold {entry.event[2]} {entry.event[3]}"
            return link if not entry.event[1] else f"hold {' '.join(map(str, entry.event[1:]))}"
    raise LearnerError(f"{entry.kind} is no fault: nothing that could be left out")


def _same(one: str, other: str) -> bool:
    if one == other:
        return True
    try:
        a, b = (replace(parse(each), words="") for each in (one, other))
    except CommandError:
        return False
    return a == b or (a.verb == b.verb == "cut" and set(a.nodes) == set(b.nodes))


def _words(action: Action) -> str:
    """Of a fault; one connection that was cut is called by its ends."""
    if action.method == "cut":
        return f"cut {action.arguments[0]} {action.arguments[1]}"
    return str(action.arguments[-1])


def _takes(kind: str, key: str) -> bool:
    return key in known_keys(kind)


def _due(action: Action) -> int:
    return int(action.arguments[0]) if action.method == "schedule" else action.at


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _seconds(ms: int | None, began: int) -> str:
    return f"{((ms or began) - began) / 1000:.3f}".rstrip("0").rstrip(".") + " s"
