"""Who leads what, as this client last heard it, and when to ask again.

    parts ── request_update ──▶ Metadata ── MetadataRequest ──▶ any server that answers
    parts ◀── view(topic), link_of(broker) ──┘

A part that finds its knowledge stale (an error, a partition without a leader, an unknown topic)
requests an update in each step until that has passed; requests are spaced by a growing backoff, so
asking often costs nothing.  Besides that metadata is refreshed every five minutes.

When nobody is connected, servers are tried in turn from a drawn start, the bootstrap servers
first, another one every 50 ms until one answers.

Invariants: a partition's leader epoch never falls unless its topic was created anew (KIP-320).

In Kafka: `Metadata`, `NetworkClient.leastLoadedNode`; in librdkafka: `rdkafka_metadata.c`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, Self

from kafkalab.chance import Stream
from kafkalab.client.backoff import retry_delay_ms
from kafkalab.client.connections import Answer, Asked, Connections, Link, LinkState
from kafkalab.config import Config
from kafkalab.errors import ErrorCode
from kafkalab.ids import NO_NODE, ZERO_UUID, NodeId, NodeName, TopicPartition, Uuid, server_name
from kafkalab.protocol.messages.metadata import (
    MetadataRequest,
    MetadataRequestTopic,
    MetadataResponse,
    MetadataResponsePartition,
    MetadataResponseTopic,
)

OWNER: Final = "metadata"
CONNECT_SPACING_MS: Final = 50  # librdkafka: between attempts to reach anybody at all


class PartitionView(NamedTuple):
    """One partition as the client knows it."""

    leader: NodeId
    leader_epoch: int
    replicas: tuple[NodeId, ...] = ()
    isr: tuple[NodeId, ...] = ()
    error: int = 0


@dataclass(frozen=True, slots=True)
class TopicView:
    """One topic as the client knows it; no partitions while `error` is not 0."""

    name: str
    topic_id: Uuid
    error: int
    partitions: Mapping[int, PartitionView]


class Metadata:
    """The cache, and the part of a client that keeps it fresh."""

    __slots__ = (
        "_asked_at",
        "_attempts",
        "_bootstrap",
        "_chance",
        "_conf",
        "_connections",
        "_next_server",
        "_not_before",
        "_refresh_ms",
        "_update_requested",
        "_updated_at",
        "brokers",
        "controller_id",
        "racks",
        "timer",
        "topics",
        "version",
        "wanted",
        "wants_all",
    )

    def __init__(
        self,
        name: NodeName,
        conf: Config,
        seed: int,
        bootstrap: tuple[NodeName, ...],
        connections: Connections,
    ) -> None:
        assert bootstrap, "a client needs a server to begin with"
        self._conf = conf
        self._refresh_ms = conf.int("topic.metadata.refresh.interval.ms")
        self._connections = connections
        self._bootstrap = bootstrap
        self._chance = Stream(seed, f"{name}/metadata/{connections.number}")
        self._next_server = self._chance.below(len(bootstrap))
        self._update_requested = True
        self._asked_at: int | None = None
        self._updated_at: int | None = None
        self._not_before = 0
        self._attempts = 0
        self.brokers: Mapping[NodeId, NodeName] = {}
        self.racks: Mapping[NodeId, str] = {}  # of the brokers that have one
        self.controller_id: NodeId = NO_NODE
        self.topics: dict[str, TopicView] = {}
        self.wanted: dict[str, None] = {}
        self.wants_all = False  # for subscriptions by pattern
        self.version = 0  # of the cache: grows with each answer
        self.timer: int | None = None

    # --- reading

    def leader(self, partition: TopicPartition) -> PartitionView | None:
        """What is known of a partition; None if its topic or itself is unknown."""
        topic = self.topics.get(partition.topic)
        return topic.partitions.get(partition.partition) if topic is not None else None

    def link_of(self, broker: NodeId, role: str = "") -> Link | None:
        """The link to a broker, if its address is known."""
        server = self.brokers.get(broker)
        return Link(server, role) if server is not None else None

    def topic_id(self, topic: str) -> Uuid:
        """The id of a topic, or the zero id."""
        view = self.topics.get(topic)
        return view.topic_id if view is not None else ZERO_UUID

    def topic_name(self, topic_id: Uuid) -> str | None:
        """The name of a topic, if it is in the cache."""
        for view in self.topics.values():
            if view.topic_id == topic_id:
                return view.name
        return None

    def racks_of(self, topic: str) -> tuple[frozenset[str], ...]:
        """For each of its partitions, by number, the racks that have a replica."""
        view = self.topics.get(topic)
        if view is None:
            return ()
        racks = self.racks
        return tuple(
            frozenset(racks[id] for id in partition.replicas if id in racks)
            for _, partition in sorted(view.partitions.items())
        )

    # --- asking

    def want(self, topic: str) -> None:
        """Keep this topic in the cache from now on."""
        if topic not in self.wanted:
            self.wanted[topic] = None
            self._update_requested = True
            self._not_before = 0

    def request_update(self) -> None:
        """What is known has turned out stale, or not enough."""
        self._update_requested = True

    def any_link(self, now: int) -> Link | None:
        """A link that is ready, the least busy; None until one is, and then servers are tried."""
        links = [Link(server) for server in self._servers()]
        ready = [link for link in links if self._connections.state(link) is LinkState.READY]
        if ready:
            return min(ready, key=self._connections.in_flight)
        for offset in range(len(links)):
            link = links[(self._next_server + offset) % len(links)]
            if self._connections.may_open(link, now):
                self._next_server += offset + 1
                self._connections.ready(link, now)
                self.wake_at(now + CONNECT_SPACING_MS)
                return None
        for link in links:  # all are opening or wait: be woken when one may be opened again
            self._connections.ready(link, now)
        return None

    def step(self, now: int) -> None:
        """Send a request if one is due."""
        self.timer = None
        interval = self._refresh_ms
        if self._updated_at is not None and interval >= 0:
            if now >= self._updated_at + interval:
                self._update_requested = True
            self.wake_at(self._updated_at + interval)
        if not self._update_requested:
            return
        not_before = self._not_before
        if self._asked_at is not None:  # a silent server must not hold up the others for long
            not_before = max(not_before, self._asked_at + self._conf.int("retry.backoff.max.ms"))
        if now < not_before:
            self.timer = not_before
            return
        self.timer = None
        link = self.any_link(now)
        if link is not None:
            self._ask(link, now)

    def wake_at(self, due: int) -> None:
        """Be stepped at `due` at the latest."""
        self.timer = due if self.timer is None else min(self.timer, due)

    def _servers(self) -> list[NodeName]:
        known = list(self.brokers.values())
        return known + [server for server in self._bootstrap if server not in known]

    def _ask(self, link: Link, now: int) -> None:
        version = self._connections.version(link, MetadataRequest)
        names = tuple(MetadataRequestTopic(name=name) for name in self.wanted)
        request = MetadataRequest(
            topics=None if self.wants_all else names,
            allow_auto_topic_creation=self._conf.bool("allow.auto.create.topics"),
        )
        timeout = self._conf.int("socket.timeout.ms")
        self._connections.send(link, request, Asked(OWNER, now, version), now, timeout)
        self._asked_at = now
        self._update_requested = False
        self._delay_next(now)

    def _delay_next(self, now: int) -> None:
        base = self._conf.int("topic.metadata.refresh.fast.interval.ms")
        most = self._conf.int("retry.backoff.max.ms")
        self._not_before = now + retry_delay_ms(self._attempts, base, most, self._chance)
        self._attempts += 1

    # --- answers

    def on_answer(self, answer: Answer, now: int) -> None:
        """Take in a MetadataResponse."""
        if self._asked_at == answer.asked.key:
            self._asked_at = None
        response: MetadataResponse | None = answer.response
        if response is None or response.error_code:
            self._update_requested = True
            if response is not None and response.error_code == ErrorCode.REBOOTSTRAP_REQUIRED:
                self.brokers = {}
            return
        if response.brokers:
            # inside a world a server is reached by its name, whatever real clients are told
            self.brokers = {one.node_id: server_name(one.node_id) for one in response.brokers}
            self.racks = {one.node_id: one.rack for one in response.brokers if one.rack}
        self.controller_id = response.controller_id
        changed = [self._learn(topic) for topic in response.topics]
        if self.wants_all:
            named = {topic.name for topic in response.topics}
            for name in [name for name in self.topics if name not in named]:
                del self.topics[name]
        if any(changed):
            self._attempts = 0
        self._updated_at = now
        self.version += 1

    def _learn(self, topic: MetadataResponseTopic) -> bool:
        """Update one topic; whether anything changed."""
        if topic.name is None:
            return False
        before = self.topics.get(topic.name)
        old: Mapping[int, PartitionView] = {}
        if before is not None and before.topic_id == topic.topic_id:
            old = before.partitions
        partitions = {
            partition.partition_index: _newer(old.get(partition.partition_index), partition)
            for partition in sorted(topic.partitions, key=lambda one: one.partition_index)
        }
        view = TopicView(topic.name, topic.topic_id, topic.error_code, partitions)
        self.topics[topic.name] = view
        return view != before

    def fork(self, connections: Connections) -> Self:
        other = type(self).__new__(type(self))
        for name in self.__slots__:
            setattr(other, name, getattr(self, name))
        other._connections = connections
        other._chance = self._chance.fork()
        other.topics = self.topics.copy()
        other.wanted = self.wanted.copy()
        return other


def _newer(old: PartitionView | None, new: MetadataResponsePartition) -> PartitionView:
    """What is known, unless the answer is at least as new (a server may lag behind)."""
    if old is not None and 0 <= new.leader_epoch < old.leader_epoch:
        return old
    leader = new.leader_id if not new.error_code or new.leader_id >= 0 else NO_NODE
    return PartitionView(leader, new.leader_epoch, new.replica_nodes, new.isr_nodes, new.error_code)
