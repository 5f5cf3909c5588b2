"""Which brokers were heard lately: sessions, kept alive by heartbeats.

    register ──▶ known ──heartbeat──▶ session ──heartbeat──▶ session … ──silence──▶ expired: fence

No record says when a broker was heard, so a new controller gives each broker it knows a fresh
session.  A session belongs to one broker epoch: an old incarnation's heartbeat does not keep a new
one alive.

Invariant: a broker has a timer iff it has a valid session.

In Kafka: `BrokerHeartbeatManager`, `BrokerHeartbeatTracker`.  There expired sessions are looked for
every `broker.session.timeout.ms` / 8; here each ends on its millisecond.
"""

from dataclasses import dataclass, replace
from typing import Self

from kafkalab.ids import NodeId
from kafkalab.timers import Timers


@dataclass(frozen=True, slots=True)
class Session:
    """What a broker said last; offsets are of the metadata log, -1 if there is none."""

    broker_epoch: int
    metadata_offset: int = -1
    controlled_shutdown_offset: int = -1  # the others must replay this before it may go

    @property
    def is_shutting_down(self) -> bool:
        return self.controlled_shutdown_offset >= 0


class Sessions:
    """The sessions of all registered brokers."""

    __slots__ = ("_sessions", "_timeout_ms", "_timers")

    def __init__(self, timeout_ms: int) -> None:
        self._timeout_ms = timeout_ms
        self._sessions: dict[NodeId, Session] = {}
        self._timers: Timers[NodeId] = Timers()

    def register(self, broker_id: NodeId, broker_epoch: int) -> None:
        """A broker has registered; its session begins with its first heartbeat."""
        session = self._sessions.get(broker_id)
        if session is None or session.broker_epoch != broker_epoch:
            self._sessions[broker_id] = Session(broker_epoch)
            self._timers.cancel(broker_id)

    def resume(self, broker_id: NodeId, broker_epoch: int, now: int) -> None:
        """A broker that registered with another controller: its session begins anew."""
        self._sessions[broker_id] = Session(broker_epoch)
        self._timers.set(broker_id, now + self._timeout_ms)

    def remove(self, broker_id: NodeId) -> None:
        self._sessions.pop(broker_id, None)
        self._timers.cancel(broker_id)

    def contact(self, broker_id: NodeId, now: int) -> None:
        """A heartbeat has come."""
        self._timers.set(broker_id, now + self._timeout_ms)

    def touch(self, broker_id: NodeId, metadata_offset: int, *, fenced: bool) -> None:
        """Note how far it has replayed; a fenced broker is no longer shutting down."""
        session = replace(self._sessions[broker_id], metadata_offset=metadata_offset)
        self._sessions[broker_id] = (
            replace(session, controlled_shutdown_offset=-1) if fenced else session
        )

    def begin_shutdown(self, broker_id: NodeId, offset: int) -> None:
        """It may go when all others have replayed up to `offset`; the first offset stays."""
        session = self._sessions[broker_id]
        if not session.is_shutting_down:
            self._sessions[broker_id] = replace(session, controlled_shutdown_offset=offset)

    def is_valid(self, broker_id: NodeId, broker_epoch: int) -> bool:
        """Whether this incarnation was heard within the session timeout."""
        session = self._sessions.get(broker_id)
        return (
            session is not None
            and session.broker_epoch == broker_epoch
            and broker_id in self._timers
        )

    def ends_at(self, broker_id: NodeId) -> int | None:
        """When its session ends if no heartbeat comes, in ms; None if it has none."""
        return self._timers.due(broker_id)

    def __getitem__(self, broker_id: NodeId) -> Session:
        return self._sessions[broker_id]

    def __contains__(self, broker_id: NodeId) -> bool:
        return broker_id in self._sessions

    def pop_expired(self, now: int) -> list[NodeId]:
        """The brokers that were silent for too long."""
        return self._timers.pop_due(now)

    def next_timer(self) -> int | None:
        return self._timers.first

    def fork(self) -> Self:
        other = type(self)(self._timeout_ms)
        other._sessions = self._sessions.copy()
        other._timers = self._timers.fork()
        return other
