"""What an admin client has been asked to do, each task a small state of its own.

    OneServer      one request, to the controller, a broker or anybody
    AllBrokers     the same request to every broker; what they know put together
    Coordinators   find each group's coordinator, ask those; ask again for groups that moved

A task says in `step` what it wants to ask, and is told by `on_reply`.  Errors that pass by
themselves are asked about again until the task's time is up.

In Kafka: `KafkaAdminClient.Call`, `CoordinatorStrategy`; in librdkafka: `rdkafka_admin.c`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol, Self

from kafkalab.client.admin_answers import PASSING, Outcome, outcomes
from kafkalab.client.queries import ANY, Reply
from kafkalab.errors import ErrorCode
from kafkalab.ids import NodeId
from kafkalab.protocol.messages.classic_groups import (
    FindCoordinatorRequest,
    FindCoordinatorResponse,
)
from kafkalab.protocol.messages.consumer_groups import (
    ConsumerGroupDescribeRequest,
    ConsumerGroupDescribeResponse,
)
from kafkalab.protocol.messages.group_admin import DeleteGroupsRequest, DescribeGroupsRequest
from kafkalab.protocol.schema import Message

RETRY_MS: Final = 100
_GROUP: Final = 0  # the kind of key FindCoordinator is asked for

#: (request, to) -> the question's id
Ask = Callable[[Message, NodeId], int]


class Task(Protocol):
    """See the module's docstring."""

    not_before: int  # when `step` has something to do again

    @property
    def is_done(self) -> bool:
        """Whether `found` is all there will be."""

    @property
    def found(self) -> list[Outcome]:
        """What has been answered."""

    def step(self, ask: Ask, brokers: tuple[NodeId, ...], now: int) -> None:
        """Ask what is to be asked."""

    def on_reply(self, question: int, reply: Reply, now: int) -> None:
        """Take in an answer."""

    def fork(self) -> Self:
        """An equal task that shares nothing mutable."""


@dataclass(slots=True)
class OneServer:
    """One request to one server."""

    request: Message
    to: NodeId = ANY
    is_asked: bool = False
    is_done: bool = False
    not_before: int = 0
    found: list[Outcome] = field(default_factory=list)

    def step(self, ask: Ask, brokers: tuple[NodeId, ...], now: int) -> None:
        if not self.is_asked and now >= self.not_before:
            ask(self.request, self.to)
            self.is_asked = True

    def on_reply(self, question: int, reply: Reply, now: int) -> None:
        found = outcomes(reply.response) if not reply.error else (Outcome(None, reply.error),)
        if found and all(one.error in PASSING for one in found):
            self.is_asked, self.not_before = False, now + RETRY_MS
            return
        self.found = list(found)
        self.is_done = True

    def fork(self) -> Self:
        return type(self)(
            self.request,
            self.to,
            self.is_asked,
            self.is_done,
            self.not_before,
            self.found.copy(),
        )


@dataclass(slots=True)
class AllBrokers:
    """One request to every broker that is known when it begins."""

    request: Message
    asked: dict[int, NodeId] | None = None
    not_before: int = 0
    found: list[Outcome] = field(default_factory=list)

    @property
    def is_done(self) -> bool:
        return self.asked is not None and not self.asked

    def step(self, ask: Ask, brokers: tuple[NodeId, ...], now: int) -> None:
        if self.asked is None and brokers:
            self.asked = {ask(self.request, broker): broker for broker in brokers}

    def on_reply(self, question: int, reply: Reply, now: int) -> None:
        assert self.asked is not None
        broker = self.asked.pop(question)
        if reply.error:
            self.found.append(Outcome(None, reply.error, f"broker {broker} did not answer"))
        else:
            self.found += outcomes(reply.response)

    def fork(self) -> Self:
        asked = None if self.asked is None else self.asked.copy()
        return type(self)(self.request, asked, self.not_before, self.found.copy())


@dataclass(slots=True)
class Coordinators:
    """Requests about groups, to the coordinator of each."""

    request: type[Message] | Message  # about any groups, or one that is ready, about one group
    waiting: tuple[str, ...]  # groups whose coordinator is to be found
    finding: int | None = None  # the question who it is
    asked: dict[int, tuple[NodeId, tuple[str, ...]]] = field(default_factory=dict)
    to_ask: tuple[tuple[NodeId, tuple[str, ...]], ...] = ()
    not_before: int = 0
    found: list[Outcome] = field(default_factory=list)
    classic: tuple[str, ...] = ()  # groups of which this is known: to be described otherwise

    @property
    def is_done(self) -> bool:
        return not (self.waiting or self.finding is not None or self.asked or self.to_ask)

    def step(self, ask: Ask, brokers: tuple[NodeId, ...], now: int) -> None:
        for node, groups in self.to_ask:
            self.asked[ask(self._request_for(groups), node)] = (node, groups)
        self.to_ask = ()
        if self.waiting and self.finding is None and now >= self.not_before:
            request = FindCoordinatorRequest(key="", key_type=_GROUP, coordinator_keys=self.waiting)
            self.finding = ask(request, ANY)

    def on_reply(self, question: int, reply: Reply, now: int) -> None:
        if question == self.finding:
            self.finding = None
            self._on_found(reply, now)
            return
        node, groups = self.asked.pop(question)
        if reply.error:
            self.found += (Outcome(group, reply.error) for group in groups)
            return
        classic: list[str] = []
        is_consumer = isinstance(reply.response, ConsumerGroupDescribeResponse)
        for one in outcomes(reply.response):
            name = groups[0] if one.name is None else one.name
            if one.error in PASSING:
                self._again(name, now)
            elif is_consumer and one.error == ErrorCode.GROUP_ID_NOT_FOUND:
                classic.append(name)
            elif self.request is DescribeGroupsRequest and not one.error:
                self.found.append(one._replace(value=one.value._replace(coordinator=node)))
            else:
                self.found.append(one._replace(name=name))
        if classic:
            self.classic = (*self.classic, *classic)
            self.to_ask = (*self.to_ask, (node, tuple(classic)))

    def _on_found(self, reply: Reply, now: int) -> None:
        groups, self.waiting = self.waiting, ()
        if reply.error:
            self.found += (Outcome(group, reply.error) for group in groups)
            return
        response: FindCoordinatorResponse = reply.response
        by_node: dict[NodeId, tuple[str, ...]] = {}
        for one in response.coordinators:
            if one.error_code in PASSING:
                self._again(one.key, now)
            elif one.error_code:
                self.found.append(Outcome(one.key, one.error_code, one.error_message))
            else:
                by_node[one.node_id] = (*by_node.get(one.node_id, ()), one.key)
        self.to_ask = tuple(by_node.items())

    def _again(self, group: str, now: int) -> None:
        self.waiting = (*self.waiting, group)
        self.not_before = now + RETRY_MS

    def _request_for(self, groups: tuple[str, ...]) -> Message:
        if isinstance(self.request, Message):
            return self.request
        if self.request is DeleteGroupsRequest:
            return DeleteGroupsRequest(groups_names=groups)
        if all(group in self.classic for group in groups):
            return DescribeGroupsRequest(groups=groups)
        return ConsumerGroupDescribeRequest(group_ids=groups, include_authorized_operations=False)

    def fork(self) -> Self:
        return type(self)(
            self.request,
            self.waiting,
            self.finding,
            self.asked.copy(),
            self.to_ask,
            self.not_before,
            self.found.copy(),
            self.classic,
        )
