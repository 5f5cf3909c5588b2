"""A consumer: a node that joins a group, reads the partitions it is given, and commits.

    subscribe ──▶ membership ── partitions ──▶ assignment ──▶ lookups ──▶ fetcher ──▶ buffer
                   │      ▲ coordinator            ▲ stored, committed                  │
                   ▼      └──────────────────── commits ◀── take_message ◀──────────────┘
    take_rebalance, confirm_rebalance

The application calls the methods named in ACTIONS; each takes `now` last and returns at once.
What waits (poll, commit, close) is built on top, in `handles`, from `has_event`, `has_result` and
`is_closed`.

In Kafka: `KafkaConsumer`; in librdkafka: `rd_kafka_t`, as which it behaves.
Read next: `parts`; `membership` (classic), `following` (KIP-848), `fetcher`, `lookups`, `commits`.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from kafkalab.client import cluster_view, queries
from kafkalab.client.conf import consumer_conf
from kafkalab.client.consumer.member import State
from kafkalab.client.consumer.offset_requests import OffsetsResult
from kafkalab.client.consumer.parts import Parts
from kafkalab.client.consumer.reading import Pair, Place
from kafkalab.client.errors import FATAL, INVALID_ARG, failure
from kafkalab.client.message import Consumed
from kafkalab.client.queries import Reply
from kafkalab.ids import NodeName, TopicPartition
from kafkalab.node import Envelope, Outbox


class ConsumerNode:
    """See the module's docstring.  `ConfigError` for a conf that does not fit."""

    ACTIONS: ClassVar[tuple[str, ...]] = (
        "subscribe",
        "unsubscribe",
        "assign",
        "unassign",
        "incremental_assign",
        "incremental_unassign",
        "begin_poll",
        "take_message",
        "take_rebalance",
        "confirm_rebalance",
        "take_commits",
        "commit",
        "store_offsets",
        "seek",
        "pause",
        "resume",
        "query_committed",
        "query_watermarks",
        "query_offsets_for_times",
        "request_metadata",
        "take_result",
        "close",
    )
    kind = "consumer"

    def __init__(
        self,
        name: NodeName,
        conf: Mapping[str, Any],
        seed: int,
        bootstrap: tuple[NodeName, ...],
        connections_before: int = 0,
    ) -> None:
        self.name = name
        self._given = conf
        self._seed = seed
        self._bootstrap = bootstrap
        self._use(Parts(name, consumer_conf(conf, name), seed, bootstrap, connections_before))
        self._next_id = 1
        self._is_new = True
        self._is_closed = False

    def _use(self, parts: Parts) -> None:
        self._parts = parts
        self._context = parts.context
        self._commits = parts.commits
        self._membership = parts.membership
        self._reading = parts.reading
        self._offset_queries = parts.offset_queries
        self._queries = parts.queries

    # --- what to read
    def subscribe(self, topics: tuple[str, ...], has_callbacks: bool, now: int) -> None:
        """Join the group for these topics; a name that begins with ^ is a pattern."""
        if not topics:
            raise failure(INVALID_ARG, "subscribe() needs topics; unsubscribe() leaves")
        if self.is_refused:
            raise failure(FATAL, "the group has refused this consumer for good: make another one")
        self._membership.subscribe(topics, has_callbacks, now)
        self._step(now)

    def unsubscribe(self, now: int) -> None:
        """Give the partitions back and leave the group."""
        self._membership.subscribe((), False, now)
        self._step(now)

    def assign(self, places: tuple[Place, ...], now: int) -> None:
        """Read these, from these offsets (or -2 beginning, -1 end, -1000/-1001 committed)."""
        wanted = [(TopicPartition(topic, number), offset) for topic, number, offset in places]
        for partition, _ in wanted:
            self._context.metadata.want(partition.topic)
        self._membership.rebalance.is_assigned_by_application = True
        self._membership.rebalance.replace(wanted, self._membership.member, now)
        self._step(now)

    def unassign(self, now: int) -> None:
        """Read nothing."""
        self.assign((), now)

    def incremental_assign(self, places: tuple[Place, ...], now: int) -> None:
        """Read these too."""
        wanted = [(TopicPartition(topic, number), offset) for topic, number, offset in places]
        for partition, _ in wanted:
            self._context.metadata.want(partition.topic)
        self._membership.rebalance.is_assigned_by_application = True
        self._context.assignment.add(wanted)
        self._step(now)

    def incremental_unassign(self, pairs: tuple[Pair, ...], now: int) -> None:
        """Read these no more, and all others on."""
        gone = tuple(TopicPartition(*pair) for pair in pairs)
        self._membership.rebalance.remove(gone, self._membership.member, now)
        self._step(now)

    def seek(self, topic: str, partition: int, offset: int, now: int) -> None:
        """Go on at `offset`, or -2 beginning, -1 end, -1000 committed."""
        self._reading.seek(TopicPartition(topic, partition), offset)
        self._step(now)

    def pause(self, pairs: tuple[Pair, ...], now: int) -> None:
        """Give the application no more of these until they are resumed."""
        self._reading.pause(pairs)

    def resume(self, pairs: tuple[Pair, ...], now: int) -> None:
        """Go on where the application is."""
        self._reading.resume(pairs)
        self._step(now)

    # --- what comes

    def begin_poll(self, now: int) -> None:
        """The time from now to the next `take_message` does not count as processing."""
        must_step = self._membership.liveness.polled(now, is_polling=True) | self._settle(now)
        if must_step or self._membership.state is not State.STABLE:
            self._step(now)

    def _settle(self, now: int) -> bool:
        """With Java's rule a poll says that what was handed over before has been dealt with."""
        if not self._reading.is_settled_in_poll:
            return False
        self._reading.settle()
        return self._commits.in_poll(self._membership.member, now)

    def take_message(self, now: int) -> Consumed | None:
        """The next record or error, or None.  Its offset is stored (enable.auto.offset.store)."""
        must_step = self._membership.liveness.polled(now) | self._settle(now)
        taken = self._reading.take()
        if must_step or (taken is not None and taken[1]):
            self._step(now)  # there may be room to fetch again
        return taken[0] if taken is not None else None

    def take_rebalance(self, now: int) -> tuple[str, tuple[TopicPartition, ...]] | None:
        """("assign" | "revoke" | "lost", partitions) to call back with; then confirm it."""
        return self._membership.rebalance.take()

    def confirm_rebalance(self, now: int) -> None:
        """The callback has returned."""
        self._membership.rebalance.confirm(self._membership.member, now)
        self._step(now)

    # --- offsets

    def commit(self, places: tuple[Place, ...] | None, now: int) -> int:
        """Commit these offsets, or (None) the stored ones; see `has_result`, `take_result`."""
        id = self._new_id()
        stored = self._commits.stored
        offsets = stored() if places is None else self._reading.with_epochs(places)
        if self.is_refused:
            self._commits.refuse(id, offsets, now)
        else:
            self._commits.commit(id, offsets, self._membership.member, now)
        self._step(now)
        return id

    def store_offsets(self, places: tuple[Place, ...], now: int) -> None:
        """What the next commit commits.  KafkaException _STATE for what is not assigned."""
        self._reading.store(places)

    def take_commits(self, now: int) -> tuple[OffsetsResult, ...]:
        """Commits that have ended and that nobody waited for, automatic ones too."""
        return self._commits.take_all()

    # --- questions

    def query_committed(self, pairs: tuple[Pair, ...], now: int) -> int:
        """What the group has committed: (topic, partition, offset or -1001, error) of each."""
        id = self._new_id()
        partitions = [TopicPartition(*pair) for pair in pairs]
        self._offset_queries.committed(id, partitions, self._context.request_timeout_ms, now)
        self._step(now)
        return id

    def query_watermarks(self, topic: str, partition: int, now: int) -> int:
        """(low, high) of one partition, asked of its leader."""
        id = self._new_id()
        asked = TopicPartition(topic, partition)
        self._offset_queries.watermarks(id, asked, self._context.request_timeout_ms, now)
        self._step(now)
        return id

    def query_offsets_for_times(self, times: tuple[Place, ...], now: int) -> int:
        """The first offset at or after a time (ms) of each partition; -1 if there is none."""
        id = self._new_id()
        asked = [(TopicPartition(topic, number), time) for topic, number, time in times]
        self._offset_queries.times(id, asked, self._context.request_timeout_ms, now)
        self._step(now)
        return id

    def request_metadata(self, topic: str | None, timeout_ms: int, now: int) -> int:
        """Ask about one topic or all; the result is a `Reply` with a `ClusterSeen`."""
        id = self._new_id()
        self._queries.ask(id, cluster_view.view_request(topic), queries.ANY, timeout_ms, now)
        self._step(now)
        return id

    def take_result(self, id: int, now: int) -> OffsetsResult | Reply | None:
        """How a commit or question ended, forgotten here; None if it has not."""
        if self._commits.has_result(id):
            return self._commits.take_result(id)
        if self._offset_queries.has(id):
            return self._offset_queries.take(id)
        reply = self._queries.take(id)
        if reply is None or reply.error:
            return reply
        return Reply(cluster_view.cluster_seen(reply.response))

    # --- the end

    def close(self, now: int) -> None:
        """Commit what is stored (if automatic), give the partitions back, leave the group."""
        member = self._membership
        self._reading.settle()
        is_manual = member.state is State.UNJOINED and not member.is_holding
        if is_manual and len(self._context.assignment):
            member.rebalance.replace((), member.member, now)
        member.close()
        self._step(now)

    # --- reading

    def has_event(self) -> bool:
        """Whether poll has something: a message, an error, a rebalance to call back with."""
        return bool(self._context.buffer) or self._membership.rebalance.is_waiting

    def has_result(self, id: int) -> bool:
        return self._commits.has_result(id) or self._offset_queries.has(id) or self._queries.has(id)

    def is_closed(self) -> bool:
        return self._is_closed

    def is_closed_or_must_call_back(self) -> bool:
        """What close waits for: a callback may have to run first.  Messages do not count."""
        return self._is_closed or self._membership.rebalance.is_waiting

    def assignment(self) -> tuple[TopicPartition, ...]:
        """What this consumer reads now."""
        return self._context.assignment.partitions()

    def readable(self) -> tuple[TopicPartition, ...]:
        """Where it can read on now: the place is known, and it is not being given up."""
        return self._context.assignment.readable()

    def subscription(self) -> tuple[str, ...]:
        """Topics and patterns, as given."""
        return self._membership.subscription.wanted

    def position(self, pairs: tuple[Pair, ...]) -> tuple[int | None, ...]:
        """The offset after the last message taken of each; None before the first."""
        return self._reading.position(pairs)

    @property
    def positions(self) -> Mapping[TopicPartition, int]:
        """Where the application will go on reading, where that is known; for pictures."""
        return self._reading.positions()

    @property
    def taken(self) -> int:
        return self._reading.taken

    @property
    def group_id(self) -> str:
        return self._context.group_id

    @property
    def reads_committed(self) -> bool:
        return self._context.isolation_level == 1

    @property
    def group_instance_id(self) -> str | None:
        return self._context.instance_id

    @property
    def client_id(self) -> str:
        """Its `client.id`: by it a coordinator names it, also after it has left."""
        return str(self._given.get("client.id") or self.name)

    @property
    def member_id(self) -> str:
        return self._membership.member.id

    @property
    def generation(self) -> int:
        return self._membership.member.generation

    @property
    def is_refused(self) -> bool:
        """Whether its group's coordinator has refused it for good."""
        return self._membership.has_failed

    def doing(self, now: int) -> str:
        """In short words, for pictures."""
        member, count = self._membership, len(self._context.assignment)
        if self._is_closed:
            return "closed"
        if self.is_refused:
            return "refused by its group for good: will not come back by itself"
        if member.state is State.STABLE:
            return f"reads {count} of {self.group_id}"
        if member.state is not State.UNJOINED:
            return str(member.state.value)
        if not member.subscription.wanted:
            return f"reads {count} without its group" if count else "not subscribed"
        return self._outside()

    def _outside(self) -> str:
        """What keeps a subscribed consumer out of its group."""
        member = self._membership
        if member.liveness.must_poll:
            return "out of its group until it polls"
        if member.retries.told:
            return "refused by its group: tries again"
        if self._parts.coordinator.link is None:
            return str(State.UNJOINED.value)
        return "joins its group" if member.subscription.is_known else "looks for its topics"

    # --- the node
    def receive(self, envelope: Envelope, now: int) -> None:
        self._parts.take_in(self._context.connections.receive(envelope, now), now)
        self._step(now)

    def on_timer(self, now: int) -> None:
        self._is_new = False
        self._parts.take_in(self._context.connections.on_timer(now), now)
        self._step(now)

    def _step(self, now: int) -> None:
        if self._is_closed:
            return
        self._parts.step(now)
        if self._parts.are_done:
            self._is_closed = True
            self._context.connections.close_all(now)

    def next_timer(self) -> int | None:
        if self._is_new:
            return 0
        return None if self._is_closed else self._parts.next_timer()

    def take_outbox(self) -> Outbox:
        return self._context.output.take()

    def restarted(self, now: int) -> Self:
        """A new process: what was not committed will be read again."""
        before = self._context.connections.number
        return type(self)(self.name, self._given, self._seed, self._bootstrap, before)

    def fork(self) -> Self:
        other = type(self).__new__(type(self))
        other.__dict__.update(self.__dict__)
        other._use(self._parts.fork())
        return other

    def _new_id(self) -> int:
        id, self._next_id = self._next_id, self._next_id + 1
        return id
