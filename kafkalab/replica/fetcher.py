"""The follower's side: one fetch after another to each leader, naming only what has changed.

    follow(partition) ──▶ changed ──▶ Fetch ──▶ leader         parked there for up to 500 ms
                             ▲                     │ records     append, offsets, name it again
                             │                     │ diverging   truncate, name it again
                             └── back-off ◀────────┘ error       forget it for a while

A fetch carries the offset and the epoch of our last record; a leader whose log differs there says
where that epoch, or the one before, ended for it, and we truncate (KIP-595, KIP-320).

Invariants: at most one fetch is under way to a leader; an answer counts for a partition only if it
was asked in this leader epoch and at the offset where the log still ends.

In Kafka: `AbstractFetcherThread`, `ReplicaFetcherThread`, `FetchSessionHandler`.  A follower out of
range is told the leader's log start with the error; Kafka's asks for it by ListOffsets.
Read next: `partition.append_fetched`, `partition.truncate_to_common`.
"""

from dataclasses import dataclass, replace
from typing import Final, NamedTuple, Self

from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.ids import NodeId, TopicPartition, Uuid
from kafkalab.log import EpochEnd
from kafkalab.protocol.messages.fetch import (
    FetchPartition,
    FetchRequest,
    FetchResponse,
    FetchTopic,
    ForgottenTopic,
    PartitionData,
    ReplicaState,
)
from kafkalab.record import parse_records
from kafkalab.replica.local_broker import LocalBroker

FETCHER_TIMER: Final = "fetcher"
PARTITION_TIMER: Final = "followed"
_LIMITS: Final = (
    "replica.fetch.wait.max.ms",
    "replica.fetch.min.bytes",
    "replica.fetch.response.max.bytes",
    "replica.fetch.max.bytes",
)
_BEGIN: Final = 0  # session epoch: name everything, and begin a session


class FollowedKey(NamedTuple):
    """A partition by its topic's id: one that was deleted and made again is another."""

    topic_id: Uuid
    partition: int


@dataclass(slots=True)
class Followed:
    """A partition that is fetched, and at which offset it was last asked for."""

    name: TopicPartition
    sent_offset: int = -1


class ReplicaFetcher:
    """Everything followed from one leader."""

    __slots__ = (
        "_changed",
        "_delayed",
        "_forgotten",
        "_in_session",
        "_is_in_flight",
        "_limits",
        "_local",
        "_session_epoch",
        "_session_id",
        "followed",
        "leader_id",
    )

    def __init__(self, local: LocalBroker, leader_id: NodeId) -> None:
        self._local = local
        self.leader_id = leader_id
        self._limits = tuple([local.config.int(name) for name in _LIMITS])
        self.followed: dict[FollowedKey, Followed] = {}
        self._changed: dict[FollowedKey, None] = {}  # to be named in the next fetch
        self._delayed: dict[FollowedKey, None] = {}
        self._in_session: dict[FollowedKey, None] = {}
        self._forgotten: dict[FollowedKey, None] = {}
        self._session_id = 0
        self._session_epoch = _BEGIN
        self._is_in_flight = False

    def follow(self, key: FollowedKey, name: TopicPartition) -> None:
        """Fetch a partition from where its log ends."""
        self.followed[key] = Followed(name)
        self._changed[key] = None
        self._forgotten.pop(key, None)

    def unfollow(self, key: FollowedKey) -> None:
        """Fetch it no more."""
        if self.followed.pop(key, None) is not None:
            self._leave_out(key)
            self._delayed.pop(key, None)
            self._local.timers.cancel((PARTITION_TIMER, (self.leader_id, key)))

    def _leave_out(self, key: FollowedKey) -> None:
        self._changed.pop(key, None)
        if key in self._in_session:
            self._forgotten[key] = None

    def resume(self, key: FollowedKey) -> None:
        """A partition's back-off is over."""
        self._delayed.pop(key, None)
        if key in self.followed:
            self._changed[key] = None
            self._forgotten.pop(key, None)

    # --- asking -------------------------------------------------------------------------------
    def send(self) -> None:
        """Fetch, unless a fetch is under way or there is nothing to fetch."""
        local = self._local
        if self._is_in_flight or len(self.followed) == len(self._delayed):
            return
        if (FETCHER_TIMER, self.leader_id) in local.timers:
            return
        named, forgotten = self._changed, self._forgotten
        if self._session_epoch == _BEGIN:
            named = {key: None for key in self.followed if key not in self._delayed}
            forgotten, self._in_session = {}, {}
        self._in_session.update(named)
        for key in forgotten:
            self._in_session.pop(key, None)
        max_wait_ms, min_bytes, max_bytes, _ = self._limits
        request = FetchRequest(
            replica_state=ReplicaState(replica_id=local.id, replica_epoch=local.epoch),
            max_wait_ms=max_wait_ms,
            min_bytes=min_bytes,
            max_bytes=max_bytes,
            session_id=self._session_id,
            session_epoch=self._session_epoch,
            topics=self._topics(named) if named else (),
            forgotten_topics_data=_forgotten_topics(forgotten) if forgotten else (),
        )
        self._changed, self._forgotten = {}, {}
        self._is_in_flight = True
        local.effects.call(self.leader_id, request, owner="replica", key=("fetch", self.leader_id))

    def _topics(self, named: dict[FollowedKey, None]) -> tuple[FetchTopic, ...]:
        topics: dict[Uuid, list[FetchPartition]] = {}
        max_bytes = self._limits[3]
        for key in named:
            followed = self.followed[key]
            partition = self._local.partitions[followed.name]
            log = partition.log
            followed.sent_offset = log.log_end_offset
            asked = FetchPartition(
                partition=key.partition,
                current_leader_epoch=partition.leader_epoch,
                fetch_offset=log.log_end_offset,
                last_fetched_epoch=log.epochs.latest_epoch,
                log_start_offset=log.log_start_offset,
                partition_max_bytes=max_bytes,
            )
            topics.setdefault(key.topic_id, []).append(asked)
        return tuple([FetchTopic(topic_id=id, partitions=tuple(p)) for id, p in topics.items()])

    # --- answers ------------------------------------------------------------------------------
    def on_response(self, response: FetchResponse | None, now: int) -> None:
        """Take in an answer, or (None) the lack of one, and ask again."""
        self._is_in_flight = False
        if response is None or response.error_code:
            self._failed(response, now)
        else:
            if response.session_id == 0:
                self._session_id, self._session_epoch = 0, _BEGIN
            else:
                self._session_id = response.session_id
                self._session_epoch = self._session_epoch % 0x7FFFFFFF + 1
            for topic in response.responses:
                for data in topic.partitions:
                    self._take_in(FollowedKey(topic.topic_id, data.partition_index), data, now)
        self.send()

    def _failed(self, response: FetchResponse | None, now: int) -> None:
        """Begin anew; at once if only the session was lost."""
        self._session_epoch = _BEGIN
        if response is not None:
            if response.error_code == ErrorCode.FETCH_SESSION_ID_NOT_FOUND:
                self._session_id = 0
                return
            if response.error_code == ErrorCode.INVALID_FETCH_SESSION_EPOCH:
                return
        self._local.timers.set((FETCHER_TIMER, self.leader_id), now + self._backoff_ms)

    @property
    def _backoff_ms(self) -> int:
        return self._local.config.int("replica.fetch.backoff.ms")

    def _take_in(self, key: FollowedKey, data: PartitionData, now: int) -> None:
        followed = self.followed.get(key)
        if followed is None or key in self._delayed:
            return
        partition = self._local.partitions[followed.name]
        log = partition.log
        if followed.sent_offset != log.log_end_offset:
            return
        code = data.error_code
        if code == ErrorCode.NONE and data.diverging_epoch.epoch >= 0:
            end = data.diverging_epoch
            partition.truncate_to_common(EpochEnd(end.epoch, end.end_offset))
        elif code == ErrorCode.NONE:
            try:
                records = parse_records(data.records)
            except KafkaError:
                self._delay(key, now)
                return
            if records.entries:
                partition.append_fetched(records)
            start_before = log.log_start_offset
            partition.follow_offsets(data.high_watermark, data.log_start_offset)
            if not records.entries and log.log_start_offset == start_before:
                return
        elif code == ErrorCode.OFFSET_OUT_OF_RANGE and (
            data.log_start_offset > log.log_end_offset
            or (log.log_start_offset == log.log_end_offset and data.log_start_offset >= 0)
        ):
            partition.start_over(data.log_start_offset)
        elif code == ErrorCode.FENCED_LEADER_EPOCH:
            self.unfollow(key)  # the metadata will tell whom to follow
            return
        else:
            self._delay(key, now)
            return
        self._changed[key] = None

    def _delay(self, key: FollowedKey, now: int) -> None:
        self._leave_out(key)
        self._delayed[key] = None
        due = now + self._backoff_ms
        self._local.timers.set((PARTITION_TIMER, (self.leader_id, key)), due)

    def fork(self, local: LocalBroker) -> Self:
        other = type(self)(local, self.leader_id)
        other.followed = {key: replace(one) for key, one in self.followed.items()}
        other._changed, other._delayed = self._changed.copy(), self._delayed.copy()
        other._in_session = self._in_session.copy()
        other._forgotten = self._forgotten.copy()
        other._session_id, other._session_epoch = self._session_id, self._session_epoch
        other._is_in_flight = self._is_in_flight
        return other


class Fetchers:
    """The fetchers of one broker, by leader."""

    __slots__ = ("_by_leader", "_leaders", "_local")

    def __init__(self, local: LocalBroker) -> None:
        self._local = local
        self._by_leader: dict[NodeId, ReplicaFetcher] = {}
        self._leaders: dict[FollowedKey, NodeId] = {}

    def follow(self, name: TopicPartition, topic_id: Uuid, leader_id: NodeId) -> None:
        """Fetch a partition from this leader, and from no other.  `send` comes after."""
        key = FollowedKey(topic_id, name.partition)
        self.unfollow(name, topic_id)
        fetcher = self._by_leader.get(leader_id)
        if fetcher is None:
            fetcher = self._by_leader[leader_id] = ReplicaFetcher(self._local, leader_id)
        fetcher.follow(key, name)
        self._leaders[key] = leader_id

    def unfollow(self, name: TopicPartition, topic_id: Uuid) -> None:
        """Fetch a partition no more."""
        key = FollowedKey(topic_id, name.partition)
        leader_id = self._leaders.pop(key, None)
        if leader_id is not None:
            self._by_leader[leader_id].unfollow(key)

    def send(self) -> None:
        """Begin fetching wherever nothing is under way."""
        for fetcher in self._by_leader.values():
            fetcher.send()

    def on_response(self, leader_id: NodeId, response: FetchResponse | None, now: int) -> None:
        self._by_leader[leader_id].on_response(response, now)

    def resume(self, leader_id: NodeId) -> None:
        """The back-off after a failed fetch is over."""
        self._by_leader[leader_id].send()

    def resume_partition(self, leader_id: NodeId, key: FollowedKey) -> None:
        """The back-off of one partition is over."""
        fetcher = self._by_leader[leader_id]
        fetcher.resume(key)
        fetcher.send()

    def fork(self, local: LocalBroker) -> Self:
        other = type(self)(local)
        other._by_leader = {id: one.fork(local) for id, one in self._by_leader.items()}
        other._leaders = self._leaders.copy()
        return other


def _forgotten_topics(forgotten: dict[FollowedKey, None]) -> tuple[ForgottenTopic, ...]:
    topics: dict[Uuid, list[int]] = {}
    for topic_id, partition in forgotten:
        topics.setdefault(topic_id, []).append(partition)
    return tuple([ForgottenTopic(topic_id=id, partitions=tuple(p)) for id, p in topics.items()])
