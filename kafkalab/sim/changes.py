"""One thing changed: what a twin does otherwise.

    config("acks", "all")                    a client's, topic's or broker's setting, by Kafka's name
    config("min.insync.replicas", 2, topic="orders")
    without("crash 1")                       a fault that does not happen, planned or by hand
    move("crash 1", to=3.5)                  … or happens at another second
    also("restart 1", at=9)                  … or happens besides
    swap(careless, careful)                  another function in an app's place

A change is data: it says from which instant it can matter, and what becomes of the list of actions.
Two worlds made from the old and the new list have the same seed, and so differ by its effects alone.

Read next: `twins`, which runs both.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from kafkalab.config import BROKER_KEYS, TOPIC_KEYS
from kafkalab.errors import LearnerError
from kafkalab.protocol.messages.topics import CreatableTopicConfig, CreateTopicsRequest
from kafkalab.world import WORLD, Action, Entry, Trace

_FAULTS: Final = ("command", "schedule")


class Change(Protocol):
    """What a twin does otherwise."""

    @property
    def words(self) -> str:
        """For titles: `acks 1 → all`."""

    def begins(self, actions: list[Action]) -> int:
        """The virtual ms before which both are the same; -1: from the very beginning.

        `LearnerError` if there is nothing to change.
        """

    def applied(self, actions: list[Action]) -> list[Action]:
        """What is done from outside in the changed world, in order of time."""

    def options(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """How the changed world is made, if it is made anew."""


@dataclass(frozen=True)
class Config:
    """A setting of clients, of topics when they are created, or of all servers."""

    key: str
    value: Any
    topic: str | None = None
    client: str | None = None
    before: str = ""

    @property
    def words(self) -> str:
        where = f" of {self.topic or self.client}" if self.topic or self.client else ""
        before = f"{self.before} → " if self.before else ""
        return f"{self.key}{where} {before}{_text(self.value)}"

    @property
    def _is_of_topics(self) -> bool:
        return self.client is None and (self.topic is not None or self.key in TOPIC_KEYS)

    @property
    def _is_of_servers(self) -> bool:
        return not self._is_of_topics and self.client is None and self.key in BROKER_KEYS

    def begins(self, actions: list[Action]) -> int:
        if self._is_of_servers:
            return -1
        touched = [each for each in actions if self._changed(each) is not each]
        if not self._is_of_topics:
            touched += [each for each in actions if each.method == "start_app"]
        if not touched:
            what = f"topic {self.topic}" if self.topic else "client or topic"
            raise LearnerError(f"no {what} was made here that could have {self.key}={self.value}")
        return min(each.at for each in touched)

    def applied(self, actions: list[Action]) -> list[Action]:
        changed = [self._changed(each) for each in actions]
        if self._is_of_topics or self._is_of_servers:
            return changed
        first = next((i for i, each in enumerate(actions) if each.method == "start_app"), None)
        if first is not None:  # clients of apps are made inside them
            here = actions[first]
            override = (self.key, self.value, self.client)
            changed.insert(first, Action(here.at, here.step, WORLD, "override", override))
        return changed

    def options(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        if not self._is_of_servers:
            return options
        return {**options, "config": {**options["config"], self.key: self.value}}

    def _changed(self, action: Action) -> Action:
        if self._is_of_topics:
            return self._topic_changed(action)
        if action.method != "add_client" or self._is_of_servers:
            return action
        kind, conf = action.arguments
        if not _takes(kind, self.key) or (self.client is not None and self.client != kind):
            return action
        return action._replace(arguments=(kind, {**conf, self.key: self.value}))

    def _topic_changed(self, action: Action) -> Action:
        if action.method != "ask" or not isinstance(action.arguments[1], CreateTopicsRequest):
            return action
        server, request = action.arguments
        mine = CreatableTopicConfig(name=self.key, value=_text(self.value))
        topics = tuple(
            topic
            if self.topic not in (None, topic.name)
            else replace(
                topic, configs=(*(c for c in topic.configs if c.name != self.key), mine)
            )
            for topic in request.topics
        )
        if topics == request.topics:
            return action
        return action._replace(arguments=(server, replace(request, topics=topics)))


@dataclass(frozen=True)
class Fault:
    """A fault left out (`to` None), moved, or added.  Times in virtual ms."""

    fault: str
    at: int | None = None  # which, when there are several
    to: int | None = None
    is_new: bool = False

    @property
    def words(self) -> str:
        if self.is_new:
            return f"also {self.fault} at {_seconds(self.to)}"
        if self.to is None:
            return f"without {self.fault}"
        return f"{self.fault} at {_seconds(self.to)}"

    def begins(self, actions: list[Action]) -> int:
        if self.is_new:
            assert self.to is not None
            return self.to - 1
        then = _due(self._found(actions)) - 1
        return then if self.to is None else min(then, self.to - 1)

    def applied(self, actions: list[Action]) -> list[Action]:
        rest = list(actions)
        if not self.is_new:
            found = self._found(actions)
            rest = [each for each in actions if each is not found]
            if found.method == "schedule":
                # The plan itself stays in its place, for another instant or for none.
                rest = [
                    each._replace(arguments=(self.to, each.arguments[1])) if each is found else each
                    for each in actions
                    if each is not found or self.to is not None
                ]
                return rest
        if self.to is not None:
            new = Action(self.to, 0, WORLD, "command", (self.fault,))
            rest.insert(sum(each.at <= self.to for each in rest), new)
        return rest

    def options(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        return options

    def _found(self, actions: list[Action]) -> Action:
        faults = [each for each in actions if each.node == WORLD and each.method in _FAULTS]
        mine = [each for each in faults if _same(each.arguments[-1], self.fault)]
        if self.at is not None:
            mine = [each for each in mine if _due(each) == self.at]
        if len(mine) == 1:
            return mine[0]
        there_are = ", ".join(f"{e.arguments[-1]!r} at {_due(e) / 1000:g} s" for e in faults)
        if not mine:
            raise LearnerError(f"no fault {self.fault!r} here; there are {there_are or 'none'}")
        raise LearnerError(
            f"{len(mine)} faults are {self.fault!r}; say which by at=…: {there_are}"
        )


@dataclass(frozen=True)
class Swap:
    """Another function where `old` was given."""

    old: Callable[..., Any]
    new: Callable[..., Any]

    @property
    def words(self) -> str:
        return f"{self.old.__name__} → {self.new.__name__}"

    def begins(self, actions: list[Action]) -> int:
        at = [each.at for each in actions if self._changed(each) is not each]
        if not at:
            raise LearnerError(f"no app here runs {self.old.__name__}")
        return min(at) - 1

    def applied(self, actions: list[Action]) -> list[Action]:
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


def without(fault: str | Entry, *, at: float | None = None) -> Change:
    """A fault that does not happen: its words, or its event.  `at` (s) if there are several."""
    if isinstance(fault, Entry):
        return Fault(words_of(fault), fault.at)
    return Fault(fault, None if at is None else round(at * 1000))


def move(fault: str, *, to: float, at: float | None = None) -> Change:
    """A fault at another second.  `at` (s) says which, if there are several."""
    return Fault(fault, None if at is None else round(at * 1000), round(to * 1000))


def also(fault: str, *, at: float) -> Change:
    """One fault more, at that second."""
    return Fault(fault, None, round(at * 1000), is_new=True)


def swap(old: Callable[..., Any], new: Callable[..., Any]) -> Change:
    """Another function for an app, or for a client's setting that takes one."""
    return Swap(old, new)


def words_of(entry: Entry) -> str:
    """The command that does what this event says."""
    match entry.kind:
        case "Crashed":
            return f"crash {entry.node}"
        case "Restarted":
            return f"restart {entry.node}"
        case "Paused":
            return f"pause {entry.node} {entry.event[1] - entry.at}"
        case "Partitioned":
            return f"partition {' | '.join(','.join(side) for side in entry.event[1])}"
        case "Healed":
            return "heal"
        case "Delayed":
            return f"delay {entry.event[1]} {entry.event[2]} {entry.event[3]}"
    raise LearnerError(f"{entry.kind} is no fault: nothing that could be left out")


def _same(one: str, other: str) -> bool:
    from kafkalab.world import faults

    if one == other:
        return True
    try:
        a, b = faults.parse(one), faults.parse(other)
    except faults.CommandError:
        return False
    return replace(a, words="") == replace(b, words="")


def _takes(kind: str, key: str) -> bool:
    from kafkalab.client import conf

    return key in conf.known_keys(kind)


def _due(action: Action) -> int:
    return int(action.arguments[0]) if action.method == "schedule" else action.at


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _seconds(ms: int | None) -> str:
    return f"{(ms or 0) / 1000:g} s"


__all__ = ["Change", "Trace", "also", "config", "move", "swap", "without", "words_of"]
