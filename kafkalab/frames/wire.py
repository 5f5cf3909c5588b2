"""A message of a run as the bytes of a socket: what stands on the wire between two nodes.

    in flight now              read there
    delivered                  the run is made again to the millisecond before it arrived

A simulation hands messages over as objects; these are the bytes that `live` writes for them.
Read next: `wire_fields`, which takes them apart; `messages`, which finds what was delivered.
"""

from typing import Any, Final, NamedTuple

from kafkalab.errors import LearnerError
from kafkalab.frames.messages import envelope_of
from kafkalab.ids import NodeName
from kafkalab.node import Envelope, Kind
from kafkalab.protocol.connection import request_frame, response_frame
from kafkalab.protocol.schema import Message as Body
from kafkalab.sim import Simulation
from kafkalab.sim.telling import seconds
from kafkalab.world import Entry
from kafkalab.world.holds import Flight, Message, flights

#: What names a message of a run: one in flight, a delivery of the trace or its id, or words: a
#: message's name, or "Produce", "Produce answer" for the last one that was delivered.
Named = Flight | Message | Entry | int | str
_REQUEST: Final = "request"


class OnTheWire(NamedTuple):
    """One frame, its size first.  `server`: the one that is asked; `told`: which message it is."""

    data: bytes
    is_request: bool
    api_key: int
    api_version: int
    server: NodeName
    told: str


def on_the_wire(sim: Simulation, named: Named, at: int | None = None) -> OnTheWire:
    """The bytes of a message of this run, as one stands at the instant `at` (`sim.now`).

    `LearnerError` if there is no such message, or it has no bytes (the end of a connection).
    """
    if isinstance(named, Flight):
        named = named.message
    if isinstance(named, Message | str):
        return _by_name(sim, named if isinstance(named, str) else named.words, at)
    if not isinstance(named, int | Entry):
        raise LearnerError(
            f"which message?  {named!r} is none; take one of sim.network.in_flight, or the last "
            'of its kind: "Produce", "Produce answer"'
        )
    id = named if isinstance(named, int) else named.id
    entry = sim.trace.entry(id)
    if entry is None or entry.kind != "Delivered" or (at is not None and entry.at > at):
        told = f"event {id} is {entry.kind}" if entry is not None else f"there is no event {id}"
        if entry is not None and entry.kind == "Delivered":
            told = f"event {id} is of {seconds(entry.at, sim.world.began)}, later than shown"
        raise LearnerError(
            f"which message?  {told}; take one of sim.network.in_flight, the id of a Delivered "
            'event, or the last of its kind: "Produce", "Produce answer"'
        )
    envelope = envelope_of(sim, id)
    if envelope is None:
        raise LearnerError(
            f"event {id} is too old: the run is not kept back to "
            f"{seconds(entry.at, sim.world.began)}"
        )
    return _framed(envelope, f"arrived {seconds(entry.at, sim.world.began)}")


def frame_of(message: Body, version: int, correlation_id: int, client_id: str | None) -> bytes:
    """A request as one frame, its size first.  ValueError if it has no such version."""
    return b"".join(request_frame(message, version, correlation_id, client_id))


def _by_name(sim: Simulation, words: str, at: int | None) -> OnTheWire:
    began = sim.world.began
    then = sim if at is None or at >= sim.now else sim.at(at / 1000)
    with then.driver.locked() as world:
        for flight in flights(world):
            if flight.message.words == words:
                due = f"due {seconds(flight.due, began)}" if flight.due is not None else "it waits"
                return _framed(flight.envelope, f"under way {seconds(world.now, began)}, {due}")
    delivered = [
        entry
        for entry in sim.trace.recent()
        if entry.at <= then.now and entry.kind == "Delivered" and entry.event[2]
    ]
    for entry in reversed(delivered):
        what, api, *name = entry.event[1:]
        if words == " ".join(map(str, (what, *name))) or words.lower() in _kinds(what, api):
            return on_the_wire(sim, entry.id)
    there_are = ", ".join(dict.fromkeys(api_name(e.event[2]) for e in reversed(delivered)))
    raise LearnerError(
        f"no message {words!r} in this run; name the last of a kind (there are "
        f"{there_are or 'none'}; with answer behind it, the answer), or one of "
        "sim.network.in_flight by its words"
    )


def api_name(name: str) -> str:
    """`ListOffsets`, of LIST_OFFSETS."""
    return name.replace("_", " ").title().replace(" ", "")


def _kinds(what: str, api: str) -> tuple[str, ...]:
    """How a message is called by its kind, in small letters."""
    name = api_name(api).lower()
    if what == _REQUEST:
        return name, f"{name} request"
    return f"{name} answer", f"{name} response"


def _framed(envelope: Envelope, when: str) -> OnTheWire:
    client, server, number = envelope.connection
    is_request = envelope.kind is Kind.REQUEST
    if envelope.message is None:
        raise LearnerError(
            "that has no bytes: it says that a connection has ended"
            if envelope.kind is Kind.CLOSE
            else "that has no bytes: with acks=0 no answer is sent"
        )
    message: Any = envelope.message
    version, id = envelope.api_version, envelope.correlation_id
    frame = (
        request_frame(message, version, id, envelope.client_id)
        if is_request
        else response_frame(message, version, id)
    )
    way = f"{client} to {server}" if is_request else f"{server} to {client}"
    told = f"{way}, connection {number}, {when}"
    return OnTheWire(b"".join(frame), is_request, envelope.api_key, version, server, told)
