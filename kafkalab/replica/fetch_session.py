"""Incremental fetch sessions (KIP-227): a fetcher names its partitions once, then only changes.

    fetcher: "session 7, epoch 3; orders-0 now at 12"
    broker:  FetchSession 7 ── partitions {orders-0: at 12, orders-1: at 5, …}
                            └─ dirty {orders-0}      what may have news; nothing else is looked at

Kafka reads every partition of a session at every fetch.  Here an append, a high watermark or a role
that changes marks the partition in the sessions that have it, and a fetch looks at marked ones
only: ten thousand idle partitions cost nothing.

Invariants: a partition that is not dirty has nothing to read, and its fetcher knows its high
watermark and log start; a session is watched for a partition iff it has it.

In Kafka: `FetchSession`, `FetchSessionCacheShard`, `FetchManager`.  Left out: shards.  A fetch
without a session gets one of its own, number 0 on the wire, that ends with its answer.
Read next: `fetch`, which reads for them.
"""

from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple, Self

from kafkalab.chance import Stream
from kafkalab.ids import NodeId, TopicPartition, Uuid, uuid_text
from kafkalab.metadata import MetadataImage
from kafkalab.node import Ticket
from kafkalab.protocol.messages.fetch import FetchPartition

#: A session that nobody used for so long gives way when the cache is full.
_IDLE_MS: Final = 120_000
UNKNOWN: Final = "?"  # before a topic id without a name; no topic name begins so


@dataclass(slots=True)
class SessionPartition:
    """What a fetcher wants of one partition, and what it has been told last."""

    key: TopicPartition
    topic: str  # as on the wire: "" from version 13 on
    topic_id: Uuid  # ZERO_UUID before version 13
    asked: FetchPartition
    known_high_watermark: int = -1
    known_log_start_offset: int = -1


class ParkedFetch(NamedTuple):
    """A fetch as it must be answered, now or when there is enough."""

    ticket: Ticket
    max_wait_ms: int
    min_bytes: int
    max_bytes: int
    read_committed: bool
    is_full: bool  # the answer names every partition, news or not


@dataclass(slots=True)
class FetchSession:
    """One fetcher's partitions.  `number` is unique here, `id` is what the fetcher calls it."""

    number: int
    id: int
    replica_id: NodeId
    uses_topic_ids: bool
    replica_epoch: int = -1
    epoch: int = 1  # of the next request
    last_used_ms: int = 0
    partitions: dict[TopicPartition, SessionPartition] = field(default_factory=dict)
    dirty: dict[TopicPartition, None] = field(default_factory=dict)
    unnamed: dict[TopicPartition, None] = field(default_factory=dict)  # of topic ids unknown here
    #: To be looked at when the next fetch comes: perhaps its follower may join the ISR.
    recheck: dict[TopicPartition, None] = field(default_factory=dict)
    parked: ParkedFetch | None = None

    @property
    def is_follower(self) -> bool:
        return self.replica_id >= 0

    def fork(self) -> Self:
        return replace(
            self,
            partitions={key: replace(part) for key, part in self.partitions.items()},
            dirty=self.dirty.copy(),
            unnamed=self.unnamed.copy(),
            recheck=self.recheck.copy(),
        )


class FetchSessions:
    """All sessions of one broker, and who watches which partition."""

    __slots__ = ("_by_id", "_count", "_ids", "_slots", "_watching", "by_number")

    def __init__(self, slots: int, ids: Stream) -> None:
        self._slots = slots
        self._ids = ids
        self._count = 0
        self.by_number: dict[int, FetchSession] = {}
        self._by_id: dict[int, FetchSession] = {}  # least recently used first
        self._watching: dict[TopicPartition, dict[int, None]] = {}

    def create(
        self, replica_id: NodeId, uses_topic_ids: bool, now: int, *, lasting: bool
    ) -> FetchSession:
        """A session; with id 0, so for one fetch only, if it is not to last or there is no room."""
        self._count += 1
        id = 0
        if lasting and self._make_room(replica_id >= 0, now):
            while id == 0 or id in self._by_id:
                id = self._ids.next() & 0x7FFFFFFF
        session = FetchSession(self._count, id, replica_id, uses_topic_ids, last_used_ms=now)
        self.by_number[session.number] = session
        if id:
            self._by_id[id] = session
        return session

    def find(self, id: int) -> FetchSession | None:
        """A session by the id its fetcher uses."""
        return self._by_id.get(id)

    def touch(self, session: FetchSession, now: int) -> None:
        """The session has been used."""
        session.last_used_ms = now
        del self._by_id[session.id]
        self._by_id[session.id] = session

    def close(self, session: FetchSession) -> None:
        """Forget a session."""
        del self.by_number[session.number]
        self._by_id.pop(session.id, None)
        for key in session.partitions:
            self._unwatch(key, session)

    def _make_room(self, is_follower: bool, now: int) -> bool:
        """Whether one more may be kept: followers' sessions come before consumers'."""
        if len(self._by_id) < self._slots:
            return True
        oldest = next(iter(self._by_id.values()), None)
        if oldest is None:
            return False
        if now - oldest.last_used_ms <= _IDLE_MS:
            consumers = [one for one in self._by_id.values() if not one.is_follower]
            if not is_follower or not consumers:
                return False
            oldest = min(consumers, key=lambda one: len(one.partitions))
        if oldest.parked is None:
            self.close(oldest)
        else:
            del self._by_id[oldest.id]
            oldest.id = 0  # ends with the answer to the fetch that is parked
        return True

    # --- partitions ---------------------------------------------------------------------------
    def put(
        self,
        session: FetchSession,
        image: MetadataImage,
        topic: str,
        topic_id: Uuid,
        asked: FetchPartition,
    ) -> None:
        """A fetcher names a partition, for the first time or with something changed."""
        key = partition_key(image, session, topic, topic_id, asked.partition)
        part = session.partitions.get(key)
        if part is None or part.topic_id != topic_id:
            session.partitions[key] = SessionPartition(key, topic, topic_id, asked)
            self._watching.setdefault(key, {})[session.number] = None
            if key.topic.startswith(UNKNOWN):
                session.unnamed[key] = None
        else:
            if asked.current_leader_epoch != part.asked.current_leader_epoch:
                part.known_high_watermark = -1  # an answer of the old epoch has been ignored
            part.asked = asked
        session.dirty[key] = None

    def forget(self, session: FetchSession, key: TopicPartition, topic_id: Uuid) -> bool:
        """A fetcher wants a partition no more; whether it had it."""
        part = session.partitions.get(key)
        if part is None or part.topic_id != topic_id:
            return False
        del session.partitions[key]
        session.dirty.pop(key, None)
        session.unnamed.pop(key, None)
        session.recheck.pop(key, None)
        self._unwatch(key, session)
        return True

    def resolve(
        self, session: FetchSession, part: SessionPartition, image: MetadataImage
    ) -> SessionPartition:
        """Give a partition of an unknown topic id its name, once the metadata has it."""
        key = partition_key(image, session, part.topic, part.topic_id, part.asked.partition)
        if key == part.key:
            return part
        self.forget(session, part.key, part.topic_id)
        self.put(session, image, part.topic, part.topic_id, part.asked)
        return session.partitions[key]

    def watching(self, key: TopicPartition) -> list[FetchSession]:
        """The sessions that have a partition."""
        numbers = self._watching.get(key)
        return [self.by_number[number] for number in numbers] if numbers else []

    def _unwatch(self, key: TopicPartition, session: FetchSession) -> None:
        numbers = self._watching.get(key)
        if numbers is not None:
            numbers.pop(session.number, None)
            if not numbers:
                del self._watching[key]

    def fork(self) -> Self:
        other = type(self)(self._slots, self._ids.fork())
        other._count = self._count
        other.by_number = {number: one.fork() for number, one in self.by_number.items()}
        other._by_id = {id: other.by_number[one.number] for id, one in self._by_id.items()}
        other._watching = {key: numbers.copy() for key, numbers in self._watching.items()}
        return other


def partition_key(
    image: MetadataImage, session: FetchSession, topic: str, topic_id: Uuid, partition: int
) -> TopicPartition:
    """The name under which a session keeps a partition: "?" and the id if that is unknown."""
    if not session.uses_topic_ids:
        return TopicPartition(topic, partition)
    known = image.topics_by_id.get(topic_id)
    name = known.name if known is not None else UNKNOWN + uuid_text(topic_id)
    return TopicPartition(name, partition)
