"""Which broker coordinates something: a transactional id, or a group whose offsets are sent.

    ready ──▶ unknown? ── FindCoordinator ──▶ any broker      known? ──▶ its own connection
    failed (NOT_COORDINATOR, connection gone) ──▶ unknown

Parts ask `ready` in each step, as they do with connections.

In librdkafka: `rdkafka_coord.c`.  Read next: `transactions`, which asks.
"""

from typing import Final, Self

from kafkalab.chance import Stream
from kafkalab.client.backoff import retry_delay_ms
from kafkalab.client.connections import COORDINATOR, Answer, Asked, Connections, Link, LinkState
from kafkalab.client.metadata import Metadata
from kafkalab.config import Config
from kafkalab.protocol.messages.classic_groups import FindCoordinatorRequest

OWNER: Final = "finder"
GROUP, TRANSACTION = 0, 1
_SEVERAL_KEYS: Final = 4  # from this version on one request can name several


class CoordinatorFinder:
    """Finds one coordinator, again and again.  `kind` is GROUP or TRANSACTION."""

    __slots__ = (
        "_asked_at",
        "_attempts",
        "_chance",
        "_conf",
        "_connections",
        "_metadata",
        "_not_before",
        "key",
        "kind",
        "link",
        "timer",
    )

    def __init__(
        self,
        kind: int,
        key: str,
        conf: Config,
        connections: Connections,
        metadata: Metadata,
        chance: Stream,
    ) -> None:
        self.kind, self.key = kind, key
        self._conf, self._connections, self._metadata = conf, connections, metadata
        self._chance = chance
        self._asked_at: int | None = None
        self._attempts = 0
        self._not_before = 0
        self.link: Link | None = None
        self.timer: int | None = None

    def ready(self, now: int) -> Link | None:
        """The link, if requests can go out on it; else it is looked for."""
        self.timer = None
        link = self.link
        if link is not None:
            if self._connections.ready(link, now):
                return link
            if self._connections.state(link) is not LinkState.CLOSED:
                return None
            self.failed()
        self._look(now)
        return None

    def failed(self) -> None:
        """The coordinator has moved, or cannot be reached: ask again when it is wanted."""
        self.link = None

    def _look(self, now: int) -> None:
        not_before = self._not_before
        if self._asked_at is not None:  # a silent broker must not hold this up
            patience = self._conf.int("retry.backoff.max.ms")
            not_before = max(not_before, self._asked_at + patience)
        if now < not_before:
            self.timer = not_before
            return
        link = self._metadata.any_link(now)
        if link is None:
            return
        version = self._connections.version(link, FindCoordinatorRequest)
        keys = (self.key,) if version >= _SEVERAL_KEYS else ()
        request = FindCoordinatorRequest(
            key="" if keys else self.key, key_type=self.kind, coordinator_keys=keys
        )
        asked = Asked(OWNER, (self.kind, self.key, now), version)
        self._connections.send(link, request, asked, now, self._conf.int("socket.timeout.ms"))
        self._asked_at = now
        base, most = self._conf.int("retry.backoff.ms"), self._conf.int("retry.backoff.max.ms")
        self._not_before = now + retry_delay_ms(self._attempts, base, most, self._chance)
        self._attempts += 1
        self.timer = now + most

    def on_answer(self, answer: Answer, now: int) -> None:
        """Take in a FindCoordinatorResponse that was asked for by this finder."""
        assert isinstance(answer.asked.key, tuple)
        if self._asked_at == answer.asked.key[2]:
            self._asked_at = None
        response = answer.response
        if response is None:
            self._metadata.request_update()
            return
        found = response.coordinators[0] if response.coordinators else response
        if not found.error_code and self.link is None:
            self.link = Link(found.host, COORDINATOR)
            self._attempts = 0

    def fork(self, connections: Connections, metadata: Metadata) -> Self:
        other = type(self).__new__(type(self))
        for name in self.__slots__:
            setattr(other, name, getattr(self, name))
        other._connections, other._metadata = connections, metadata
        other._chance = self._chance.fork()
        return other
