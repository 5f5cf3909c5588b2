"""Requests that only the controller can grant, passed on by the broker that got them.

A client sends CreateTopics to any broker; the broker asks the active controller and hands the
answer back.  If the controller cannot be reached the broker tries again until
`request.timeout.ms` has passed, then ends the client's connection.

In Kafka: `ForwardingManager`; there the request travels inside an Envelope with the client's
principal, which the lab has no use for (it has no authorization).
"""

from collections.abc import Hashable
from typing import Any, Final, NamedTuple, Self

from kafkalab.node import ACTIVE_CONTROLLER, Effects, Ticket
from kafkalab.timers import Timers

OWNER: Final = "forwarding"
RETRY_MS: Final = 100


class Forwarded(NamedTuple):
    """A client's request on its way to the controller."""

    ticket: Ticket
    request: Any
    deadline: int


class Forwarding:
    """The requests of one broker's clients that the controller has not answered yet."""

    __slots__ = ("_effects", "_next", "_pending", "_retries", "_timeout_ms")

    def __init__(self, effects: Effects, timeout_ms: int) -> None:
        self._effects = effects
        self._timeout_ms = timeout_ms
        self._pending: dict[int, Forwarded] = {}
        self._retries: Timers[int] = Timers()
        self._next = 0

    def forward(self, ticket: Ticket, request: Any, now: int) -> None:
        """Ask the controller; it is answered by `effects.reply`."""
        self._next += 1
        self._pending[self._next] = Forwarded(ticket, request, now + self._timeout_ms)
        self._effects.call(ACTIVE_CONTROLLER, request, OWNER, self._next)

    def on_response(self, key: Hashable, response: Any, now: int) -> None:
        assert isinstance(key, int)
        forwarded = self._pending[key]
        if response is not None:
            del self._pending[key]
            self._effects.reply(forwarded.ticket, response)
        elif now >= forwarded.deadline:
            del self._pending[key]
            self._effects.close(forwarded.ticket)
        else:
            self._retries.set(key, now + RETRY_MS)

    def on_timer(self, now: int) -> None:
        for key in self._retries.pop_due(now):
            self._effects.call(ACTIVE_CONTROLLER, self._pending[key].request, OWNER, key)

    def next_timer(self) -> int | None:
        return self._retries.first

    def fork(self, effects: Effects) -> Self:
        other = type(self)(effects, self._timeout_ms)
        other._pending = self._pending.copy()
        other._retries = self._retries.fork()
        other._next = self._next
        return other
