"""Which broker coordinates the group, and the link to it.

    ready ──▶ unknown? ── FindCoordinator ──▶ any broker      known? ──▶ its own connection
    failed (NOT_COORDINATOR, connection gone) ──▶ unknown

Parts ask `ready` in each step, as they do with connections.

In Kafka: `AbstractCoordinator.ensureCoordinatorReady`; in librdkafka: `rd_kafka_cgrp_coord_query`.
"""

from typing import Final, Self

from kafkalab.client.connections import COORDINATOR, Answer, Asked, Link, LinkState
from kafkalab.client.consumer.context import Context
from kafkalab.errors import ErrorCode
from kafkalab.ids import server_name
from kafkalab.protocol.messages.classic_groups import (
    FindCoordinatorRequest,
    FindCoordinatorResponse,
)

OWNER: Final = "coordinator"
_SEVERAL_KEYS: Final = 4  # from this version on one request can name several groups

#: These mean: somebody else coordinates the group, or nobody does at the moment.
MOVED: Final = frozenset({ErrorCode.NOT_COORDINATOR, ErrorCode.COORDINATOR_NOT_AVAILABLE})


class Coordinator:
    """Finds the coordinator of one group, again and again."""

    __slots__ = ("_asked_at", "_attempts", "_context", "_is_wanted", "_not_before", "link", "timer")

    def __init__(self, context: Context) -> None:
        self._context = context
        self._is_wanted = False
        self._asked_at: int | None = None
        self._attempts = 0
        self._not_before = 0
        self.link: Link | None = None
        self.timer: int | None = None

    def ready(self, now: int) -> Link | None:
        """The link, if requests can go out on it; else it is looked for."""
        link = self.link
        if link is None:
            self._is_wanted = True
            return None
        connections = self._context.connections
        if connections.ready(link, now):
            return link
        if connections.state(link) is LinkState.CLOSED:
            self.failed()
            self._is_wanted = True
        return None

    def failed(self) -> None:
        """The coordinator has moved, or cannot be reached: ask again when it is wanted."""
        self.link = None

    def step(self, now: int) -> None:
        """Ask who it is, if somebody wants to know."""
        self.timer = None
        if not self._is_wanted or self.link is not None:
            return
        not_before = self._not_before
        if self._asked_at is not None:  # a silent broker must not hold this up
            patience = self._context.conf.int("retry.backoff.max.ms")
            not_before = max(not_before, self._asked_at + patience)
        if now < not_before:
            self.timer = not_before
            return
        link = self._context.metadata.any_link(now)
        if link is not None:
            self._ask(link, now)

    def _ask(self, link: Link, now: int) -> None:
        connections = self._context.connections
        version = connections.version(link, FindCoordinatorRequest)
        group_id = self._context.group_id
        keys = (group_id,) if version >= _SEVERAL_KEYS else ()
        request = FindCoordinatorRequest(key="" if keys else group_id, coordinator_keys=keys)
        asked = Asked(OWNER, now, version)
        connections.send(link, request, asked, now, self._context.request_timeout_ms)
        self._asked_at = now
        self._not_before = now + self._context.retry_delay_ms(self._attempts)
        self._attempts += 1
        self.timer = now + self._context.conf.int("retry.backoff.max.ms")

    def on_answer(self, answer: Answer, now: int) -> None:
        """Take in a FindCoordinatorResponse."""
        if self._asked_at == answer.asked.key:
            self._asked_at = None
        response: FindCoordinatorResponse | None = answer.response
        if response is None:
            self._context.metadata.request_update()
            return
        error, node_id = response.error_code, response.node_id
        if response.coordinators:
            error, node_id = response.coordinators[0].error_code, response.coordinators[0].node_id
        if not error and self.link is None:
            self.link = Link(server_name(node_id), COORDINATOR)
            self._is_wanted = False
            self._attempts = 0

    def fork(self, context: Context) -> Self:
        other = type(self).__new__(type(self))
        for name in self.__slots__:
            setattr(other, name, getattr(self, name))
        other._context = context
        return other
