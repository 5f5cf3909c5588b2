"""One message with its fields, for a picture in which it was chosen.

The trace keeps that a message was delivered, not what it said; so the run is made again to the
instant in which it was under way, and it is read there.

Read next: `spacetime`.
"""

from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, Final

from kafkalab.ids import ConnectionId
from kafkalab.node import Envelope
from kafkalab.sim import Simulation
from kafkalab.sim.telling import seconds, tell
from kafkalab.world import Entry, World
from kafkalab.world.holds import flights

FIELDS_MAX: Final = 16
#: What a message under way waits for, in words.
WAITS: Final = {
    "hold": "it, or one before it on its connection, is held",
    "partition": "the network is partitioned between the two",
    "pause": "the one it goes to stands still",
    "stall": "it is late: a fault stalls it",
}
_TEXT_MAX: Final = 60


def message_fields(sim: Simulation, id: int) -> list[tuple[str, str]]:
    """(name, value) of the message whose arrival is event `id`: its way, then what it says.

    Empty if there is no such event.
    """
    entry = _delivery(sim, id)
    if entry is None:
        return []
    what, api, client, server, number, correlation_id = entry.event[1:]
    cause, began = sim.trace.entry(entry.cause), sim.world.began
    said = [e for e in sim.trace.of(node=entry.node) if e.cause == id]
    rows = [
        (api.replace("_", " ").lower() or "end", f"{what}, correlation id {correlation_id}"),
        ("connection", f"{client} to {server}, its {number}."),
        ("sent because", f"{tell(cause)}, {seconds(cause.at, began)}" if cause else "let go"),
        ("arrived", f"{seconds(entry.at, began)} at {entry.node}"),
        ("there", "; ".join(tell(e) for e in said[:3]) or "nothing that shows"),
    ]
    envelope = envelope_of(sim, id)
    if envelope is not None:
        rows.append(("version", str(envelope.api_version)))
        rows += _flat(envelope.message)
    return rows[:FIELDS_MAX]


def flight_fields(sim: Simulation, name: str, at: int) -> list[tuple[str, str]]:
    """The same of a message under way at `at` (ms since the world began), by its name."""
    began = sim.world.began
    world = sim.world if at + began == sim.now else sim.at((at + began) / 1000).world
    flight = next((each for each in flights(world) if each.message.words == name), None)
    if flight is None:
        return []
    message, cause = flight.message, world.trace.entry(flight.sent_for)
    due = "waits" if flight.due is None else f"due {seconds(flight.due, began)}"
    waits = WAITS.get(flight.waits_for, "")
    rows = [
        (
            flight.api.replace("_", " ").lower(),
            f"{message.what}, correlation id {message.correlation_id}",
        ),
        ("connection", f"{message.client} to {message.server}, its {message.number}."),
        ("sent because", f"{tell(cause)}, {seconds(cause.at, began)}" if cause else "let go"),
        ("under way", f"from {flight.source} to {flight.target}, {due}"),
        *([("why", waits)] if waits else []),
        ("version", str(flight.envelope.api_version)),
    ]
    return [*rows, *_flat(flight.envelope.message)][:FIELDS_MAX]


def envelope_of(sim: Simulation, id: int) -> Envelope | None:
    """The message whose arrival is event `id`, as it was in the millisecond before.

    None if there is no such event, or the run cannot be made again to then.
    """
    entry = _delivery(sim, id)
    if entry is None or entry.at - 1 < sim.started_at:
        return None
    client, server, number = entry.event[3:6]
    connection = ConnectionId(client, server, number)
    return _find(sim.at((entry.at - 1) / 1000).world, entry, connection)


def _delivery(sim: Simulation, id: int) -> Entry | None:
    entry = sim.trace.entry(id)
    return entry if entry is not None and entry.kind == "Delivered" else None


def _find(world: World, entry: Entry, connection: ConnectionId) -> Envelope | None:
    pair = world.network.connections.pair(connection)
    if pair is None:
        return None
    for pipe in pair:
        for envelope, _ in pipe.queue:
            is_it = envelope.correlation_id == entry.fields["correlation_id"]
            if pipe.target == entry.node and is_it:
                return envelope
    return None


def _flat(value: Any, prefix: str = "", depth: int = 0) -> list[tuple[str, str]]:
    """A message's fields by their path, default ones left out."""
    rows: list[tuple[str, str]] = []
    if not is_dataclass(value):
        return rows
    for field in fields(value):
        item = getattr(value, field.name)
        name = f"{prefix}{field.name}"
        if item in (None, (), b"", "") or (field.default == item and depth):
            continue
        if isinstance(item, tuple) and item and is_dataclass(item[0]) and depth < 4:
            for i, each in enumerate(item[:3]):
                place = f"{name}[{i}]." if len(item) > 1 else f"{name}."
                rows += _flat(each, place, depth + 1)
        elif is_dataclass(item) and depth < 4:
            rows += _flat(item, f"{name}.", depth + 1)
        else:
            rows.append((_short(name), _words(item)))
    return rows


def _short(name: str) -> str:
    parts = name.split(".")
    return ".".join(parts[-2:])


def _words(value: Any) -> str:
    if isinstance(value, Enum):
        return str(value.name)
    if isinstance(value, bytes):
        return f"{len(value)} bytes" if len(value) > 16 else value.hex()
    entries = getattr(value, "entries", None)
    if entries is not None:
        count = sum(each.next_offset - each.base_offset for each in entries)
        return f"{count} records in {len(entries)} batches"
    text = str(value)
    return text if len(text) <= _TEXT_MAX else f"{text[: _TEXT_MAX - 1]}…"
