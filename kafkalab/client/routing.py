"""From a topic to a partition: records wait here until their topic is known.

    route ──▶ known: the partitioner chooses ──▶ sender
          ──▶ not yet known: wait ── metadata ──▶ as above
          ──▶ missing for topic.metadata.propagation.max.ms: reported, _UNKNOWN_TOPIC

Invariants: records of one topic leave in the order they came.

In librdkafka: `rdkafka_topic.c` (`rd_kafka_topic_assign_uas`), `rd_kafka_msg_partitioner`.
Differs: a topic that was known and goes missing gets the same patience, and records that had their
partition already wait on, for it may be created again.
"""

from dataclasses import dataclass, field
from typing import Final, NamedTuple, Self

from kafkalab.client.accumulator import Pending
from kafkalab.client.deliveries import Deliveries
from kafkalab.client.errors import MSG_TIMED_OUT, PURGE_QUEUE, UNKNOWN_PARTITION, UNKNOWN_TOPIC
from kafkalab.client.metadata import Metadata, TopicView
from kafkalab.client.partitioners import Partitioning
from kafkalab.client.sender import Sender
from kafkalab.config import Config
from kafkalab.errors import ErrorCode
from kafkalab.ids import NO_NODE, TopicPartition

ANY_PARTITION: Final = -1
_REFUSED: Final = frozenset(
    {ErrorCode.INVALID_TOPIC_EXCEPTION, ErrorCode.TOPIC_AUTHORIZATION_FAILED}
)


class _Waiting(NamedTuple):
    """A record without a partition; `partition` is what the application asked for."""

    pending: Pending
    partition: int


@dataclass(slots=True)
class _Topic:
    """One topic that has been written to."""

    waiting: list[_Waiting] = field(default_factory=list)
    missing_since: int | None = 0  # None: it is known

    def fork(self) -> Self:
        return type(self)(self.waiting.copy(), self.missing_since)


class Routing:
    """All topics of one producer."""

    __slots__ = (
        "_deliveries",
        "_metadata",
        "_partitioning",
        "_patience_ms",
        "_sender",
        "_timeout_ms",
        "_topics",
        "timer",
    )

    def __init__(
        self,
        conf: Config,
        metadata: Metadata,
        partitioning: Partitioning,
        sender: Sender,
        deliveries: Deliveries,
    ) -> None:
        self._metadata = metadata
        self._partitioning = partitioning
        self._sender = sender
        self._deliveries = deliveries
        self._patience_ms = conf.int("topic.metadata.propagation.max.ms")
        self._timeout_ms = conf.int("message.timeout.ms")
        self._topics: dict[str, _Topic] = {}
        self.timer: int | None = None

    @property
    def waiting(self) -> int:
        """Records without a partition."""
        return sum(len(topic.waiting) for topic in self._topics.values())

    def route(self, name: str, partition: int, pending: Pending, now: int) -> None:
        """Send a record on its way, or let it wait."""
        topic = self._topics.get(name)
        if topic is None:
            topic = self._topics[name] = _Topic(missing_since=now)
            self._metadata.want(name)
        if topic.missing_since is None and not topic.waiting:
            view = self._metadata.topics[name]
            if not view.error and view.partitions:
                self._assign(view, partition, pending, now)
                return
        topic.waiting.append(_Waiting(pending, partition))
        self._settle(name, topic, now)

    def step(self, now: int) -> None:
        """Look at the topics that records wait for."""
        self.timer = None
        for name, topic in self._topics.items():
            if topic.waiting:
                self._settle(name, topic, now)

    def purge(self, now: int) -> None:
        """Give up what waits."""
        for name, topic in self._topics.items():
            self._fail(name, topic, PURGE_QUEUE, now)

    def _settle(self, name: str, topic: _Topic, now: int) -> None:
        view = self._metadata.topics.get(name)
        if view is not None and not view.error and view.partitions:
            topic.missing_since = None
            waiting, topic.waiting = topic.waiting, []
            for pending, partition in waiting:
                self._assign(view, partition, pending, now)
            return
        if topic.missing_since is None:
            topic.missing_since = now
        give_up_at = topic.missing_since + self._patience_ms
        if view is not None and view.error in _REFUSED:
            self._fail(name, topic, view.error, now)
        elif view is not None and now >= give_up_at:
            self._fail(name, topic, UNKNOWN_TOPIC, now)
        else:
            self._expire(name, topic, now)
        self._metadata.request_update()
        if topic.waiting and now < give_up_at:
            self._wake_at(give_up_at)

    def _assign(self, view: TopicView, partition: int, pending: Pending, now: int) -> None:
        count = len(view.partitions)
        if partition == ANY_PARTITION:
            partitions = view.partitions
            partition = self._partitioning.choose(
                view.name,
                pending.record.key,
                count,
                lambda one: one in partitions and partitions[one].leader != NO_NODE,
                now,
                pending.size,
            )
        target = TopicPartition(view.name, partition)
        if 0 <= partition < count:
            self._sender.append(target, pending)
        else:
            self._deliveries.fail(target, (pending,), UNKNOWN_PARTITION, now)

    def _expire(self, name: str, topic: _Topic, now: int) -> None:
        if not self._timeout_ms:
            return
        late = 0
        while late < len(topic.waiting):
            due = topic.waiting[late].pending.enqueued_at + self._timeout_ms
            if due > now:
                self._wake_at(due)
                break
            late += 1
        expired = topic.waiting[:late]
        del topic.waiting[:late]
        for pending, partition in expired:
            self._deliveries.fail(TopicPartition(name, partition), (pending,), MSG_TIMED_OUT, now)

    def _fail(self, name: str, topic: _Topic, error: int, now: int) -> None:
        waiting, topic.waiting = topic.waiting, []
        for pending, partition in waiting:
            self._deliveries.fail(TopicPartition(name, partition), (pending,), error, now)

    def _wake_at(self, due: int) -> None:
        self.timer = due if self.timer is None else min(self.timer, due)

    def fork(self, metadata: Metadata, sender: Sender, deliveries: Deliveries) -> Self:
        other = type(self).__new__(type(self))
        other._metadata, other._sender, other._deliveries = metadata, sender, deliveries
        other._partitioning = self._partitioning.fork()
        other._patience_ms, other._timeout_ms = self._patience_ms, self._timeout_ms
        other._topics = {name: topic.fork() for name, topic in self._topics.items()}
        other.timer = self.timer
        return other
