"""Answering fetches: read what may have news, park if that is too little, wake when there is more.

    Fetch ─▶ session ─▶ read dirty partitions ─▶ enough, or an error ─▶ answer
                             ▲                └▶ park for at most max_wait_ms
                             └── woken by an append (followers), the high watermark (consumers),
                                 a change of role (both)

Two things differ from Kafka, so that a new topic does not have to wait for the end of a long poll
or a follower's back-off.  A follower that has heard of a leader epoch before its leader did is
parked, not refused.  And a follower is answered at once when this broker begins to lead something
it should fetch as well, and parked for a short time only until it does.

Invariants: a session has at most one fetch parked; reading for a parked fetch changes nothing.

In Kafka: `ReplicaManager.fetchMessages`, `DelayedFetch`, `FetchContext`.
Left out: quotas, preferred read replicas.
Read next: `fetch_session`, `fetch_read`.
"""

from typing import Final, NamedTuple, Self

from kafkalab.chance import Stream
from kafkalab.errors import ErrorCode
from kafkalab.ids import NodeId, TopicPartition
from kafkalab.node import Ticket
from kafkalab.protocol.messages.fetch import FetchRequest, FetchResponse
from kafkalab.replica.fetch_read import Read, read_partition, response_to
from kafkalab.replica.fetch_session import (
    FetchSession,
    FetchSessions,
    ParkedFetch,
    partition_key,
)
from kafkalab.replica.local_broker import LocalBroker

TIMER: Final = "fetch"
_FULL_EPOCHS: Final = (0, -1)  # begin a session; do without one
_EXPECTED_WAIT_MS: Final = 10


class Reading(NamedTuple):
    """What one pass over a session's partitions gave."""

    reads: list[Read]
    size_in_bytes: int
    is_urgent: bool  # an error or a divergence is to be told


class Fetches:
    """The fetches of followers and consumers at one broker."""

    __slots__ = ("_expected", "_local", "_max_bytes", "sessions", "woken")

    def __init__(self, local: LocalBroker, seed: int) -> None:
        self._local = local
        self._max_bytes = local.config.int("fetch.max.bytes")
        slots = local.config.int("max.incremental.fetch.session.cache.slots")
        self.sessions = FetchSessions(slots, Stream(seed, f"broker-{local.id}/fetch-sessions"))
        self.woken: dict[int, None] = {}
        #: What a follower should fetch here but has not asked for yet, and until when we wait.
        self._expected: dict[NodeId, dict[TopicPartition, int]] = {}

    def handle(self, ticket: Ticket, request: FetchRequest, now: int) -> None:
        """Answer a fetch or park it."""
        local, version = self._local, ticket.api_version
        replica_id, replica_epoch = request.replica_id, -1
        if version >= 15:
            replica_id = request.replica_state.replica_id
            replica_epoch = request.replica_state.replica_epoch
        session = self._session(request, version, replica_id, now)
        if not isinstance(session, FetchSession):
            local.effects.reply(ticket, FetchResponse(error_code=session))
            return
        if replica_id >= 0:
            local.last_fetch_ms[replica_id] = now
            session.replica_epoch = replica_epoch
        max_bytes = min(request.max_bytes, self._max_bytes)
        fetch = ParkedFetch(
            ticket,
            request.max_wait_ms,
            min(request.min_bytes, max_bytes),
            max_bytes,
            request.isolation_level == 1,
            request.session_epoch in _FULL_EPOCHS,
        )
        if session.recheck:
            session.dirty.update(session.recheck)
            session.recheck = {}
        reading = self._read(session, fetch, now)
        if (
            reading.size_in_bytes >= fetch.min_bytes
            or reading.is_urgent
            or fetch.max_wait_ms <= 0
            or not session.partitions
        ):
            self._answer(session, fetch, reading.reads)
        else:
            session.parked = fetch
            due = now + self._patience(session, fetch, now)
            local.timers.set((TIMER, session.number), due)

    # --- sessions -----------------------------------------------------------------------------
    def _session(
        self, request: FetchRequest, version: int, replica_id: NodeId, now: int
    ) -> FetchSession | ErrorCode:
        """The session a request belongs to, with what the request changes in it."""
        session = self.sessions.find(request.session_id)
        if request.session_epoch in _FULL_EPOCHS:
            if session is not None:
                self._close(session)
            if replica_id >= 0:
                self._close_all_of(replica_id)
            session = self.sessions.create(
                replica_id, version >= 13, now, lasting=request.session_epoch == 0
            )
            self._update(session, request)
            return session
        if session is None:
            return ErrorCode.FETCH_SESSION_ID_NOT_FOUND
        if session.epoch != request.session_epoch:
            return ErrorCode.INVALID_FETCH_SESSION_EPOCH
        if session.uses_topic_ids != (version >= 13):
            return ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR
        if session.parked is not None:  # its connection has gone
            self._answer(session, session.parked, [])
        self._update(session, request)
        session.epoch = session.epoch % 0x7FFFFFFF + 1
        self.sessions.touch(session, now)
        if not session.partitions:
            self._close(session)
            return self.sessions.create(replica_id, version >= 13, now, lasting=False)
        return session

    def _update(self, session: FetchSession, request: FetchRequest) -> None:
        sessions, image = self.sessions, self._local.image
        for unnamed in list(session.unnamed):  # or what is asked now would stand beside it
            sessions.resolve(session, session.partitions[unnamed], image)
        for topic in request.topics:
            for asked in topic.partitions:
                sessions.put(session, image, topic.topic, topic.topic_id, asked)
        for forgotten in request.forgotten_topics_data:
            for number in forgotten.partitions:
                topic_name, topic_id = forgotten.topic, forgotten.topic_id
                key = partition_key(image, session, topic_name, topic_id, number)
                if sessions.forget(session, key, topic_id):
                    self._stopped_fetching(session, key)

    def _close_all_of(self, replica_id: NodeId) -> None:
        for session in list(self.sessions.by_number.values()):
            if session.replica_id == replica_id:
                self._close(session)

    def _close(self, session: FetchSession) -> None:
        if session.parked is not None:
            self._answer(session, session.parked, [])
        if session.number in self.sessions.by_number:
            self.sessions.close(session)
        for key in session.partitions:
            self._stopped_fetching(session, key)

    def _stopped_fetching(self, session: FetchSession, key: TopicPartition) -> None:
        partition = self._local.partitions.get(key)
        if partition is not None and session.replica_id in partition.replica_states:
            partition.replica_states[session.replica_id].is_fetching = False

    # --- reading and answering ----------------------------------------------------------------
    def _read(self, session: FetchSession, fetch: ParkedFetch, now: int | None) -> Reading:
        """Read what is dirty; `now` only if that tells us how far a follower is."""
        local = self._local
        keys = list(session.partitions if fetch.is_full else session.dirty)
        limit, size, is_urgent = fetch.max_bytes, 0, False
        reads: list[Read] = []
        for key in keys:
            part = session.partitions[key]
            if key not in local.partitions:
                part = self.sessions.resolve(session, part, local.image)
            left = limit - size if size < limit else 0
            read = read_partition(local, session, part, fetch, left, size == 0, now)
            reads.append(read)
            size += read.size_in_bytes
            if read.is_urgent:
                is_urgent = True
        return Reading(reads, size, is_urgent)

    def _answer(
        self, session: FetchSession, fetch: ParkedFetch, reads: list[Read], *, last: bool = False
    ) -> None:
        """Answer; `last` if nothing may be put off any longer."""
        local = self._local
        session.parked = None
        local.timers.cancel((TIMER, session.number))
        response = response_to(local, session, fetch, reads, last)
        local.effects.reply(fetch.ticket, response)
        if session.id == 0:
            self.sessions.close(session)

    # --- waiting ------------------------------------------------------------------------------
    def on_appended(self, key: TopicPartition) -> None:
        """A log has grown: followers have something to read."""
        for session in self.sessions.watching(key):
            if session.replica_id >= 0:
                session.dirty[key] = None
                if session.parked is not None:
                    self.woken[session.number] = None

    def on_advanced(self, key: TopicPartition) -> None:
        """A high watermark rose: consumers have, and followers will want to know in time."""
        for session in self.sessions.watching(key):
            session.dirty[key] = None
            if session.replica_id < 0 and session.parked is not None:
                self.woken[session.number] = None

    def on_changed(self, key: TopicPartition) -> None:
        """Role, epoch, ISR or existence of a partition is another."""
        for session in self.sessions.watching(key):
            session.dirty[key] = None
            if session.replica_id >= 0:
                session.recheck[key] = None
            if session.parked is not None:
                self.woken[session.number] = None

    def on_trimmed(self, key: TopicPartition) -> None:
        """A log start rose; those who fetch it are told with the next answer."""
        for session in self.sessions.watching(key):
            session.dirty[key] = None

    def on_metadata(self) -> None:
        """Topic ids that were unknown may have names now."""
        for session in self.sessions.by_number.values():
            if session.parked is not None and session.replica_id >= 0:
                self.woken[session.number] = None

    def expect(self, key: TopicPartition, replica_id: NodeId, now: int) -> None:
        """A follower is going to fetch a partition that begins to be led here."""
        until = now + self._local.config.int("replica.fetch.wait.max.ms")
        self._expected.setdefault(replica_id, {})[key] = until

    def complete_woken(self, now: int) -> None:
        """Answer the parked fetches for which there is enough now."""
        while self.woken:
            woken, self.woken = self.woken, {}
            for number in woken:
                session = self.sessions.by_number.get(number)
                if session is None or session.parked is None:
                    continue
                fetch = session.parked
                reading = self._read(session, fetch, None)
                if (
                    reading.size_in_bytes >= fetch.min_bytes
                    or reading.is_urgent
                    or self._lacks(session, now)
                ):
                    self._answer(session, fetch, reading.reads)

    def expire(self, number: int) -> None:
        """A parked fetch has waited long enough."""
        session = self.sessions.by_number.get(number)
        if session is not None and session.parked is not None:
            reading = self._read(session, session.parked, None)
            self._answer(session, session.parked, reading.reads, last=True)

    def _lacks(self, session: FetchSession, now: int) -> bool:
        """Whether a follower should be fetching more than it does, and will soon."""
        expected = self._expected.get(session.replica_id)
        if not expected:
            return False
        for key, until in list(expected.items()):
            if key in session.partitions or until <= now:
                del expected[key]
        return bool(expected)

    def _patience(self, session: FetchSession, fetch: ParkedFetch, now: int) -> int:
        if self._lacks(session, now):
            return min(fetch.max_wait_ms, _EXPECTED_WAIT_MS)
        return fetch.max_wait_ms

    def fork(self, local: LocalBroker) -> Self:
        assert not self.woken
        other = type(self).__new__(type(self))
        other._local = local
        other._max_bytes = self._max_bytes
        other.sessions = self.sessions.fork()
        other.woken = {}
        other._expected = {id: keys.copy() for id, keys in self._expected.items()}
        return other
