"""What is under way to each node: one request at a time, and a pause after a failure.

In Kafka: `RequestManager`.  There the answer to a request that was given up (because the role
changed) may still be taken; here a Fetch's is not, so that no entries come twice.
"""

from typing import NamedTuple, Self

from kafkalab.ids import NodeId


class CallKey(NamedTuple):
    """Names one request; it comes back with the answer."""

    target: NodeId
    number: int


class RequestManager:
    """See the module's docstring.  Times in ms."""

    __slots__ = ("_backoff_until", "_in_flight", "_number", "_retry_backoff_ms")

    def __init__(self, retry_backoff_ms: int) -> None:
        self._retry_backoff_ms = retry_backoff_ms
        self._number = 0
        self._in_flight: dict[NodeId, int] = {}
        self._backoff_until: dict[NodeId, int] = {}

    def is_ready(self, node: NodeId, now: int) -> bool:
        return node not in self._in_flight and not self.is_backing_off(node, now)

    def is_backing_off(self, node: NodeId, now: int) -> bool:
        return self._backoff_until.get(node, now) > now

    @property
    def has_any_in_flight(self) -> bool:
        return bool(self._in_flight)

    def sent(self, node: NodeId) -> CallKey:
        """A request goes out to a node that is ready."""
        self._number += 1
        self._in_flight[node] = self._number
        self._backoff_until.pop(node, None)
        return CallKey(node, self._number)

    def is_current(self, key: CallKey) -> bool:
        """Whether this request is the one under way to its node."""
        return self._in_flight.get(key.target) == key.number

    def ended(self, key: CallKey, now: int, *, well: bool) -> None:
        """It has been answered, or has failed: then the node is left alone for a while."""
        if not self.is_current(key):
            return
        del self._in_flight[key.target]
        if not well:
            self._backoff_until[key.target] = now + self._retry_backoff_ms

    def reset(self) -> None:
        """The role has changed: what was under way no longer counts."""
        self._in_flight.clear()
        self._backoff_until.clear()

    def next_retry(self, now: int) -> int | None:
        """When the first node that is left alone may be asked again."""
        return min([due for due in self._backoff_until.values() if due > now], default=None)

    def fork(self) -> Self:
        other = type(self)(self._retry_backoff_ms)
        other._number = self._number
        other._in_flight = self._in_flight.copy()
        other._backoff_until = self._backoff_until.copy()
        return other
