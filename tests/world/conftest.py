"""Two small nodes for tests of the world: one that answers, one that asks."""

from dataclasses import dataclass, field
from typing import Self

import pytest

from kafkalab.events import Event
from kafkalab.ids import ConnectionId, NodeName
from kafkalab.node import Envelope, Kind, Outbox
from kafkalab.world import World

METADATA = 3


@dataclass
class Echo:
    """Answers each request with its own message."""

    name: NodeName
    seen: list[object] = field(default_factory=list)
    closed: list[ConnectionId] = field(default_factory=list)
    restarts: int = 0
    out: list[Envelope] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def receive(self, envelope: Envelope, now: int) -> None:
        if envelope.kind is Kind.CLOSE:
            self.closed.append(envelope.connection)
            return
        assert envelope.message != "bug", "told to fail"
        self.seen.append(envelope.message)
        self.events.append(("Appended", "t", 0, len(self.seen), len(self.seen), 0))
        self.out.append(
            Envelope(
                envelope.connection,
                Kind.RESPONSE,
                envelope.correlation_id,
                envelope.api_key,
                envelope.api_version,
                envelope.message,
            )
        )

    def on_timer(self, now: int) -> None: ...

    def next_timer(self) -> int | None:
        return None

    def take_outbox(self) -> Outbox:
        outbox = Outbox(self.out, self.events)
        self.out, self.events = [], []
        return outbox

    def restarted(self, now: int) -> Self:
        return type(self)(self.name, restarts=self.restarts + 1)

    def fork(self) -> Self:
        return type(self)(self.name, self.seen.copy(), self.closed.copy(), self.restarts)


@dataclass
class Asker:
    """Asks what it is told to, and, with `every_ms`, by itself."""

    name: NodeName
    server: NodeName = "broker-1"
    every_ms: int = 0
    due: int | None = None
    number: int = 1
    correlation_id: int = 0
    answers: list[tuple[int, object]] = field(default_factory=list)
    broken: int = 0
    out: list[Envelope] = field(default_factory=list)

    def ask(self, message: object, now: int) -> int:
        self.correlation_id += 1
        connection = ConnectionId(self.name, self.server, self.number)
        self.out.append(
            Envelope(connection, Kind.REQUEST, self.correlation_id, METADATA, 12, message)
        )
        return self.correlation_id

    def hang_up(self, now: int) -> None:
        self.out.append(Envelope(ConnectionId(self.name, self.server, self.number), Kind.CLOSE))
        self.number += 1

    def has(self, count: int) -> bool:
        return len(self.answers) >= count

    def refuse(self, now: int) -> None:
        raise BufferError("queue is full")

    def receive(self, envelope: Envelope, now: int) -> None:
        if envelope.kind is Kind.CLOSE:
            self.broken += 1
            self.number += 1
        else:
            self.answers.append((now, envelope.message))

    def on_timer(self, now: int) -> None:
        assert self.due is not None
        while self.due <= now:
            self.due += self.every_ms
            self.ask(f"at {now}", now)

    def next_timer(self) -> int | None:
        return self.due

    def take_outbox(self) -> Outbox:
        out, self.out = self.out, []
        return Outbox(out, [])

    def restarted(self, now: int) -> Self:
        return type(self)(self.name, self.server)

    def fork(self) -> Self:
        return type(self)(
            self.name,
            self.server,
            self.every_ms,
            self.due,
            self.number,
            self.correlation_id,
            self.answers.copy(),
            self.broken,
        )


@pytest.fixture
def world() -> World:
    """Three echoing brokers, a client that asks when told, and one that asks every 10 ms."""
    world = World(seed=7)
    for number in (1, 2, 3):
        world.add(Echo(f"broker-{number}"))
    world.add(Asker("client"))
    world.add(Asker("ticker", "broker-2", 10, 10))
    return world


def run(world: World, until: int) -> None:
    while world.step(until):
        pass
    world.pass_time(until)
