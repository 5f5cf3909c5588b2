"""A client outside the world: a node at its edge, one for each TCP connection.

    socket ── bytes ──▶ listener ── request ──▶ ┆ network ──▶ broker
           ◀─ bytes ──           ◀── answer ─── ┆ ExternalClient.receive

The node decides nothing.  What the real client sends is put on the network in its name, and what
the world sends it is kept until the listener writes it to the socket.

Invariants: `sent` counts the requests put in, `acknowledged` the answers that came back.
Read next: `listener`, which owns these.
"""

from typing import Self

from kafkalab.ids import ConnectionId, NodeName
from kafkalab.node import Envelope, Kind, Outbox
from kafkalab.protocol.api_keys import ApiKey
from kafkalab.world import World


class ExternalClient:
    """A node (`node.Node`) that stands for one connection of a real client."""

    kind = "external"
    failed = 0

    def __init__(self, name: NodeName, server: NodeName, news: list[NodeName]) -> None:
        self.name = name
        self.connection = ConnectionId(name, server, 0)
        self.client_id: str | None = None
        self.api_key = -1  # of the last request
        self.asked_at = -1  # when that was, in ms
        self.sent = 0
        self.acknowledged = 0
        self.is_closed = False  # by the server
        self._answers: list[Envelope] = []
        self._news = news  # names of the clients that have something to write

    def receive(self, envelope: Envelope, now: int) -> None:
        if not self._answers and not self.is_closed:
            self._news.append(self.name)
        if envelope.kind is Kind.CLOSE:
            self.is_closed = True
        else:
            self.acknowledged += 1
            self._answers.append(envelope)

    def on_timer(self, now: int) -> None:
        raise AssertionError("an external client keeps no timers")

    def next_timer(self) -> int | None:
        return None

    def take_outbox(self) -> Outbox:
        return _NOTHING

    def take_answers(self) -> list[Envelope]:
        """Hand over, and forget, the answers that have come."""
        answers, self._answers = self._answers, []
        return answers

    def doing(self, now: int) -> str:
        """For pictures: what it asked last, and whom."""
        if self.api_key < 0:
            return "connected"
        asked = ApiKey(self.api_key).name.title().replace("_", "")
        return f"{asked} at {self.connection.server}"

    def restarted(self, now: int) -> Self:
        raise AssertionError("only whoever runs an external client can start it again")

    def fork(self) -> Self:
        """A copy that nobody listens to: the socket stays with the origin."""
        other = type(self)(self.name, self.connection.server, [])
        other.client_id, other.api_key = self.client_id, self.api_key
        other.asked_at = self.asked_at
        other.sent, other.acknowledged = self.sent, self.acknowledged
        other.is_closed = self.is_closed
        other._answers = self._answers.copy()
        return other


def leave(world: World, client: ExternalClient) -> None:
    """The real client has gone: its connection ends, what it had sent still arrives."""
    world.network.send(client.name, Envelope(client.connection, Kind.CLOSE), 0, world.now)
    world.remove(client.name)


_NOTHING = Outbox([], [])
