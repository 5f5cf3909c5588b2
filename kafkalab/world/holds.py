"""Messages held in flight: they wait, and what stands behind them on their connection waits too.

    hold request producer-1 2 1 17       the request 17 on connection 1 of producer-1 to broker 2
    hold response producer-1 2 1 17      … or the answer to it
    hold producer-1 2                    all that goes from producer-1 to broker 2 from now on
    release …                            the same words: what waited arrives now
    release                              all that is held

TCP delivers in order, so a message cannot be overtaken on its own connection: holding one is a
stretch of lost packets in that direction, as a partition is for a whole link.  To lose the message
instead, break its connection (`cut`).

Invariants: only a message in flight can be held, any link can; what a break of a connection has
to say is never held.
Left out: a held message that has been acknowledged at the level of TCP: nobody could see it.
Read next: `intercept`, which keeps the holds and is asked at each delivery while there are any.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from kafkalab.errors import LearnerError
from kafkalab.ids import ConnectionId, NodeName
from kafkalab.node import Envelope, Kind
from kafkalab.protocol.api_keys import ApiKey
from kafkalab.world.connections import Pipe
from kafkalab.world.intercept import Intercepts
from kafkalab.world.scheduler import What

if TYPE_CHECKING:
    from kafkalab.world.world import World

VERBS: Final = ("hold", "release")
FORMS: Final = "hold A B, hold request|response CLIENT SERVER NUMBER ID, release … (or all)"
_KINDS: Final = ("request", "response", "close")
_API_NAMES: Final = {int(key): key.name for key in ApiKey}


class Message(NamedTuple):
    """A message by name, in flight or delivered: as the trace's `Delivered` names it.

    `what`: request or response; `number`: of the client's connections to that server.
    """

    what: str
    client: NodeName
    server: NodeName
    number: int
    correlation_id: int

    @property
    def connection(self) -> ConnectionId:
        return ConnectionId(self.client, self.server, self.number)

    @property
    def words(self) -> str:
        """As `hold` and `release` take it."""
        return " ".join(map(str, self))


class Flight(NamedTuple):
    """A message on its way.  `sent_for`: the id of what it was sent for.

    `due`: when it will arrive, in ms; None while it waits.  `waits_for`: "", hold (or one before
    it is held), partition, pause (of the one it goes to) or stall.
    """

    message: Message
    api: str
    source: NodeName
    target: NodeName
    sent_for: int
    due: int | None
    waits_for: str
    is_held: bool  # this one itself, or all of its link
    envelope: Envelope


def flights(world: "World") -> list[Flight]:
    """All that is on its way, oldest connection first; news of ended connections left out."""
    due: dict[int, list[int]] = {}
    for planned in world.scheduler.planned(What.DELIVER):
        due.setdefault(planned.about, []).append(planned.due)
    found: list[Flight] = []
    for pipe in world.network.connections.pipes():
        if pipe.queue:
            found += _on(world, pipe, due.get(pipe.number, []))
    return found


def _on(world: "World", pipe: Pipe, due: list[int]) -> Iterator[Flight]:
    intercepts = world.network.intercepts or Intercepts()
    waits_for = ""
    if pipe.target in world.paused:
        waits_for = "pause"
    elif world.network.is_held(pipe):
        waits_for = "partition"
    elif intercepts.stalled.get(pipe.number, 0) > world.now:
        waits_for = "stall"
    for place, (envelope, cause) in enumerate(pipe.queue):
        if envelope.kind is Kind.CLOSE:
            continue
        is_held = intercepts.holds(pipe, envelope)
        if is_held and not waits_for:
            waits_for = "hold"
        after = place - pipe.owed
        at = due[after] if not waits_for and 0 <= after < len(due) else None
        message = Message(_KINDS[envelope.kind], *pipe.connection, envelope.correlation_id)
        api = _API_NAMES.get(envelope.api_key, "")
        yield Flight(
            message, api, pipe.source, pipe.target, cause, at, waits_for, is_held, envelope
        )


def parse(given: list[str]) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """The words after `hold` or `release`: (kind and ends, numbers).  ValueError for others."""
    match given:
        case []:
            return (), ()
        case [source, target]:
            return (source, target), ()
        case [("request" | "response") as what, client, server, number, correlation_id]:
            if not (number.isdigit() and correlation_id.isdigit()):
                raise ValueError("the last two words are the connection's number and the message's")
            return (what, client, server), (int(number), int(correlation_id))
    raise ValueError("which message, or which link?")


def apply(
    world: "World", verb: str, what: str, ends: tuple[NodeName, ...], numbers: tuple[int, ...],
    cause: int,
) -> None:  # fmt: skip
    """Hold or release now.  `LearnerError` if that is not in flight, or not held."""
    network = world.network
    intercepts = network.intercepts = network.intercepts or Intercepts()
    if numbers:
        message = Message(what, ends[0], ends[1], numbers[0], numbers[1])
        key = (_pipe_of(world, message).number, message.correlation_id)
        _turn(intercepts.held, key, verb, world.now)
    elif ends:
        _turn(intercepts.held_links, (ends[0], ends[1]), verb, world.now)
    else:
        intercepts.held.clear()
        intercepts.held_links.clear()
    event = "MessageHeld" if verb == "hold" else "MessageReleased"
    fields = (what, *(ends or ("", "")), *(numbers or (-1, -1)))
    world.trace.add(world.now, cause, "world", (event, *fields))
    if verb == "release":
        network.release(network.connections.pipes(), world.now)


def _turn(held: dict[Any, int], key: Any, verb: str, now: int) -> None:
    if verb == "hold":
        held[key] = now
    elif held.pop(key, None) is None:
        raise LearnerError("that is not held")


def _pipe_of(world: "World", message: Message) -> Pipe:
    """The pipe on which a message is in flight; `LearnerError` says what there is."""
    pair = world.network.connections.pair(message.connection)
    pipe = pair[_KINDS.index(message.what)] if pair is not None else None
    ids = [each.correlation_id for each, _ in pipe.queue] if pipe is not None else []
    if pipe is None or message.correlation_id not in ids:
        there_are = ", ".join(each.message.words for each in flights(world)) or "nothing"
        raise LearnerError(
            f"{message.words} is not in flight at {world.now} ms (it has arrived, or was never "
            f"sent); in flight: {there_are}"
        )
    return pipe
