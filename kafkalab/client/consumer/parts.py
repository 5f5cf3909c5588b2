"""The parts of a consumer, and the order in which they act.

Each part keeps what it knows, and asks the others; in every step those that ask for others come
before them.

Read next: `node`, which the application calls; `context`, what the parts share.
"""

from collections.abc import Iterable
from typing import Self

from kafkalab.chance import Stream
from kafkalab.client import metadata, queries
from kafkalab.client.connections import Answer, Connections, TakesAnswers
from kafkalab.client.consumer import commits, coordinator, fetcher, lookups, membership
from kafkalab.client.consumer import queries as offset_queries
from kafkalab.client.consumer.assignment import Assignment
from kafkalab.client.consumer.buffer import Buffer
from kafkalab.client.consumer.commits import Commits
from kafkalab.client.consumer.context import CONSUMER_PROTOCOL, Context
from kafkalab.client.consumer.coordinator import Coordinator
from kafkalab.client.consumer.fetcher import Fetcher
from kafkalab.client.consumer.following import Following
from kafkalab.client.consumer.lookups import Lookups
from kafkalab.client.consumer.membership import Membership
from kafkalab.client.consumer.queries import OffsetQueries
from kafkalab.client.consumer.reading import Reading
from kafkalab.client.metadata import Metadata
from kafkalab.client.output import Output
from kafkalab.client.queries import Queries
from kafkalab.config import Config
from kafkalab.ids import NodeName
from kafkalab.timers import earliest


class Parts:
    """See the module's docstring."""

    __slots__ = (
        "_owners",
        "commits",
        "context",
        "coordinator",
        "fetcher",
        "lookups",
        "membership",
        "offset_queries",
        "queries",
        "reading",
    )

    def __init__(
        self,
        name: NodeName,
        conf: Config,
        seed: int,
        bootstrap: tuple[NodeName, ...],
        connections_before: int,
    ) -> None:
        output = Output()
        connections = Connections(name, conf, seed, output, connections_before)
        self.context = context = Context(
            conf,
            output,
            connections,
            Metadata(name, conf, seed, bootstrap, connections),
            Stream(seed, f"{name}/retry/{connections_before}"),
            Assignment(),
            Buffer(),
        )
        self.coordinator = Coordinator(context)
        self.commits = Commits(context, self.coordinator)
        self.membership: Membership | Following
        if context.protocol == CONSUMER_PROTOCOL:
            ids = Stream(seed, f"{name}/member-id/{connections_before}")
            self.membership = Following(context, self.coordinator, self.commits, ids)
        else:
            self.membership = Membership(context, self.coordinator, self.commits)
        self.reading = Reading(context)
        self.lookups = Lookups(context, self.coordinator)
        self.fetcher = Fetcher(context, self.lookups)
        self.offset_queries = OffsetQueries(context, self.coordinator)
        self.queries = Queries(conf, connections, context.metadata)
        self._owners = self._by_owner()

    def take_in(self, answers: Iterable[Answer], now: int) -> None:
        """Each answer to the part that asked."""
        for answer in answers:
            self._owners[answer.asked.owner].on_answer(answer, now)

    def _by_owner(self) -> dict[str, TakesAnswers]:
        return {
            fetcher.OWNER: self.fetcher,
            metadata.OWNER: self.context.metadata,
            coordinator.OWNER: self.coordinator,
            membership.OWNER: self.membership,
            commits.OWNER: self.commits,
            lookups.OWNER: self.lookups,
            offset_queries.OWNER: self.offset_queries,
            queries.OWNER: self.queries,
        }

    def step(self, now: int) -> None:
        """Let each part do what it can."""
        member = self.membership
        self.commits.step(member.member, now)  # first: a rebalance waits for them
        member.step(now)
        self.commits.step(member.member, now)
        self.lookups.step(now)
        self.fetcher.step(now)
        self.offset_queries.step(now)
        self.queries.step(now)
        self.coordinator.step(now)
        self.context.metadata.step(now)

    @property
    def are_done(self) -> bool:
        """Whether a consumer that is closing has nothing left to do."""
        member = self.membership
        return member.is_closing and member.is_out and self.commits.is_idle

    def next_timer(self) -> int | None:
        return earliest(
            self.context.connections.next_timer(),
            self.context.metadata.timer,
            self.coordinator.timer,
            self.membership.timer,
            self.commits.timer,
            self.lookups.timer,
            self.fetcher.timer,
            self.offset_queries.timer,
            self.queries.next_timer(),
        )

    def fork(self) -> Self:
        other = type(self).__new__(type(self))
        other.context = context = self.context.fork()
        other.coordinator = self.coordinator.fork(context)
        other.commits = self.commits.fork(context, other.coordinator)
        other.membership = self.membership.fork(context, other.coordinator, other.commits)
        other.reading = self.reading.fork(context)
        other.lookups = self.lookups.fork(context, other.coordinator)
        other.fetcher = self.fetcher.fork(context, other.lookups)
        other.offset_queries = self.offset_queries.fork(context, other.coordinator)
        other.queries = self.queries.fork(context.connections, context.metadata)
        other._owners = other._by_owner()
        return other
