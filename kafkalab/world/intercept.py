"""A request taken at a server's door: lost with its connection, late, or answered with an error.

    drop Produce 2                       the next Produce to broker 2 is lost, and its connection
    stall Fetch 2 3000 from 3            the next Fetch of broker 3 to broker 2 is 3,000 ms late
    answer Metadata 2 NOT_CONTROLLER     the next Metadata to broker 2 never reaches it

These are what TCP and Kafka can do to a request: a message that is lost breaks its connection, one
that is late holds up those behind it, and an answer comes in its turn.  `cut` of one connection, at
the moment you choose, is the fourth.

Invariants: a rule is used once; a message is held back or lost, never overtaken.
In franz-go: `kfake.Cluster.ControlKey`.  Read next: `faults`, whose words these are.
"""

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Final, Self, get_args, get_type_hints

from kafkalab.errors import ErrorCode
from kafkalab.ids import NodeName
from kafkalab.node import Envelope, Kind
from kafkalab.protocol import api_keys
from kafkalab.protocol.api_keys import ApiKey
from kafkalab.world.connections import Pipe
from kafkalab.world.scheduler import What

if TYPE_CHECKING:
    from kafkalab.world.world import World

DROP: Final = "drop"
STALL: Final = "stall"
ANSWER: Final = "answer"
_TURN_MS: Final = 1  # how long an answer waits before it looks again whether it is its turn


@dataclass(frozen=True, slots=True)
class Rule:
    """What to do to the next request of an API at a server; `source` "": whoever sends it."""

    what: str
    api_key: int
    server: NodeName
    source: NodeName = ""
    ms: int = 0
    error: ErrorCode = ErrorCode.NONE
    since: int = 0  # when it was given

    @property
    def detail(self) -> str:
        """What the words of the rule end with."""
        return {STALL: str(self.ms), ANSWER: self.error.name}.get(self.what, "")

    def fits(self, pipe: Pipe, envelope: Envelope) -> bool:
        return (
            envelope.kind is Kind.REQUEST
            and envelope.api_key == self.api_key
            and pipe.target == self.server
            and self.source in ("", pipe.source)
        )


class Intercepts:
    """The rules that wait for their request, and the pipes that are held back (`holds`)."""

    __slots__ = ("held", "held_links", "rules", "stalled")

    def __init__(self, rules: tuple[Rule, ...] = ()) -> None:
        self.rules = rules
        self.stalled: dict[int, int] = {}  # until when, by the number of the pipe
        self.held: dict[tuple[int, int], int] = {}  # since when: (pipe, correlation id)
        self.held_links: dict[tuple[NodeName, NodeName], int] = {}  # since when: (source, target)

    def fork(self) -> Self:
        other = type(self)(self.rules)
        other.stalled = self.stalled.copy()
        other.held, other.held_links = self.held.copy(), self.held_links.copy()
        return other

    def holds(self, pipe: Pipe, envelope: Envelope) -> bool:
        """Whether this message is to wait.  What a break has left on a pipe never does."""
        if pipe.is_cut or not (self.held or self.held_links):
            return False
        if (pipe.source, pipe.target) in self.held_links:
            return True
        return (
            pipe.number,
            envelope.correlation_id,
        ) in self.held and envelope.kind is not Kind.CLOSE

    def add(self, rule: Rule, now: int) -> None:
        """From now on."""
        self.rules += (replace(rule, since=now),)

    def take(self, world: "World", pipe: Pipe) -> bool | None:
        """Deal with the message that is due on a pipe: None if it is to be delivered as usual.

        True: it has been handled; False: it waits.
        """
        until = self.stalled.get(pipe.number)
        if until is not None:
            if until > world.now:
                pipe.owed += 1
                return False
            del self.stalled[pipe.number]
            world.network.release([pipe], world.now)
            return None
        envelope, cause = pipe.queue[0]
        if self.holds(pipe, envelope):
            pipe.owed += 1
            return False
        rule = next((rule for rule in self.rules if rule.fits(pipe, envelope)), None)
        if rule is None:
            return None
        if rule.what == ANSWER and not _is_its_turn(world, envelope):
            world.scheduler.plan(world.now + _TURN_MS, What.DELIVER, pipe.number)
            return False
        self.rules = tuple(one for one in self.rules if one is not rule)
        self._apply(world, rule, pipe, envelope, cause)
        return True

    def _apply(
        self, world: "World", rule: Rule, pipe: Pipe, envelope: Envelope, cause: int
    ) -> None:
        about = (ApiKey(rule.api_key).name, pipe.source, rule.what)
        event = ("RequestIntercepted", *about, rule.detail, rule.source, rule.since)
        id = world.trace.add(world.now, cause, rule.server, event)
        match rule.what:
            case "drop":
                world.network.cut(pipe.connection, id, world.now)
            case "stall":
                self.stalled[pipe.number] = world.now + rule.ms
                world.scheduler.plan(world.now + rule.ms, What.DELIVER, pipe.number)
            case "answer":
                pipe.queue.popleft()
                world.network.send(rule.server, _refusal(envelope, rule.error), id, world.now)


def rule_of(what: str, api: str, server: NodeName, source: NodeName, last: str = "") -> Rule:
    """A rule from its words.  ValueError for an API, number or error code that there is not."""
    key = _api_key(api)
    if what == ANSWER:
        if last not in ErrorCode.__members__:
            raise ValueError(f"{last!r} is no error code of Kafka")
        return Rule(what, key, server, source, error=ErrorCode[last])
    return Rule(what, key, server, source, int(last or 0))


def _api_key(api: str) -> int:
    wanted = api.replace("_", "").lower()
    for key in ApiKey:
        if key.name.replace("_", "").lower() == wanted:
            return int(key)
    raise ValueError(f"{api!r} is no API of Kafka")


def _is_its_turn(world: "World", envelope: Envelope) -> bool:
    """Whether the server has answered all that came before on this connection."""
    endpoint: Any = getattr(world.nodes[envelope.connection.server], "endpoint", None)
    return endpoint is None or endpoint.channels.is_idle(envelope.connection)


def _refusal(envelope: Envelope, error: ErrorCode) -> Envelope:
    response_class = api_keys.response_class(envelope.api_key)
    return Envelope(
        envelope.connection,
        Kind.RESPONSE,
        envelope.correlation_id,
        envelope.api_key,
        envelope.api_version,
        refused(envelope.message, response_class, error),
    )


def refused(request: Any, response_class: Any, error: ErrorCode) -> Any:
    """A response that says `error` wherever it can: as a whole, and of each thing asked about.

    A list of the response (the one of the same name, else the first) mirrors the first list of the
    request, and takes over what has the same name there (topic, partition, group).
    In Kafka: `AbstractRequest.getErrorResponse`.
    """
    values: dict[str, Any] = {}
    name, asked = _first_list(request)
    has_namesake = any(field.name == name for field in fields(response_class))
    has_list = False
    for field in fields(response_class):
        item = _item_class(response_class, field.name)
        if field.name == "error_code":
            values[field.name] = error
        elif item is not None and has_namesake and field.name != name:
            continue
        elif item is not None and asked and not has_list and not _is_plain(item):
            values[field.name] = tuple(refused(one, item, error) for one in asked)
            has_list = True
        elif item is None and (value := _same(request, field.name)) is not None:
            values[field.name] = value
    return response_class(**values)


def _first_list(message: Any) -> tuple[str, tuple[Any, ...]]:
    for field in fields(message) if not isinstance(message, int | str) else ():
        value = getattr(message, field.name)
        if isinstance(value, tuple) and value:
            return field.name, value
    return "", ()


def _item_class(message_class: Any, name: str) -> Any:
    """What a list field holds; None if it is no list."""
    found = [each for each in get_args(get_type_hints(message_class)[name]) if each is not Ellipsis]
    candidates = [found[0], *get_args(found[0])] if found else []
    return next((each for each in candidates if hasattr(each, "__dataclass_fields__")), None)


def _is_plain(item: Any) -> bool:
    return not any("error" in field.name or "partition" in field.name for field in fields(item))


_OTHER_NAMES: Final = {
    "partition_index": ("partition_index", "partition", "index"),
    "partition": ("partition", "partition_index", "index"),
    "index": ("index", "partition", "partition_index"),
    "key": ("key",),
}


def _same(asked: Any, name: str) -> Any:
    """What the request says under this name, or under another name for it."""
    if name in ("partition_index", "partition", "index") and isinstance(asked, int):
        return asked
    if name in ("name", "topic", "key", "group_id") and isinstance(asked, str):
        return asked
    for other in _OTHER_NAMES.get(name, (name,)):
        value = getattr(asked, other, None)
        if isinstance(value, int | str | bytes) and not isinstance(value, bool):
            return value
    return None
