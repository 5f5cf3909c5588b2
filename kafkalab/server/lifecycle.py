"""The life of a broker, as it tells the controller: register, catch up, run, leave.

    NOT_RUNNING ─register─▶ STARTING ─caught up─▶ RECOVERY ─unfenced─▶ RUNNING
                                                                          │ begin_shutdown
                                     SHUTTING_DOWN ◀─may go─ PENDING_CONTROLLED_SHUTDOWN

A broker registers with the id of its incarnation, gets a broker epoch, then sends a heartbeat every
`broker.heartbeat.interval.ms`.  The controller fences a broker from which nothing came for
`broker.session.timeout.ms`: it leads nothing and is in no ISR until it is heard again.  Whatever
changes the state is told at once, not at the next interval.

In Kafka: `BrokerLifecycleManager`, KIP-631.
Left out: log directories, and their failure.
"""

from collections.abc import Mapping
from enum import Enum, auto
from typing import Any, Final, Self

from kafkalab.config import Config
from kafkalab.errors import ErrorCode
from kafkalab.ids import CLUSTER_ID, Uuid
from kafkalab.node import ACTIVE_CONTROLLER, Effects
from kafkalab.protocol.messages.brokers import (
    BrokerHeartbeatRequest,
    BrokerHeartbeatResponse,
    BrokerRegistrationRequest,
    BrokerRegistrationResponse,
    Feature,
    Listener,
)

OWNER: Final = "lifecycle"
RETRY_MS: Final = 100
SHUTDOWN_RETRY_MS: Final = 50  # the second heartbeat of a controlled shutdown comes soon


class BrokerState(Enum):
    """Kafka's `BrokerState`."""

    NOT_RUNNING = auto()
    STARTING = auto()
    RECOVERY = auto()
    RUNNING = auto()
    PENDING_CONTROLLED_SHUTDOWN = auto()
    SHUTTING_DOWN = auto()


S = BrokerState
TRANSITIONS: Final[Mapping[S, frozenset[S]]] = {
    S.NOT_RUNNING: frozenset({S.STARTING}),
    S.STARTING: frozenset({S.RECOVERY, S.SHUTTING_DOWN}),
    S.RECOVERY: frozenset({S.RUNNING, S.SHUTTING_DOWN}),
    S.RUNNING: frozenset({S.PENDING_CONTROLLED_SHUTDOWN, S.SHUTTING_DOWN}),
    S.PENDING_CONTROLLED_SHUTDOWN: frozenset({S.SHUTTING_DOWN}),
    S.SHUTTING_DOWN: frozenset(),
}


class Lifecycle:
    """Registration and heartbeats of one broker."""

    __slots__ = (
        "_asking",
        "_broker_id",
        "_config",
        "_due",
        "_effects",
        "_has_shutdown_answer",
        "_listener",
        "_rack",
        "broker_epoch",
        "incarnation_id",
        "previous_epoch",
        "state",
    )

    def __init__(
        self,
        broker_id: int,
        config: Config,
        listener: Listener,
        incarnation_id: Uuid,
        previous_epoch: int,
        effects: Effects,
        now: int,
    ) -> None:
        self._broker_id = broker_id
        self._config = config
        self._listener = listener
        self._rack: str | None = config["broker.rack"]
        self.incarnation_id = incarnation_id
        self.previous_epoch = previous_epoch
        self._effects = effects
        self._asking = False
        self._has_shutdown_answer = False
        self._due: int | None = now
        self.state = BrokerState.NOT_RUNNING
        self.broker_epoch = -1

    def next_timer(self) -> int | None:
        """None while a question is under way: its answer, or its failure, says when to go on."""
        return None if self._asking else self._due

    def on_timer(self, metadata_offset: int, now: int) -> None:
        """Register, or send a heartbeat, if it is time."""
        if self._due is not None and self._due <= now and not self._asking:
            self._ask(metadata_offset)

    def on_metadata(self, metadata_offset: int, now: int) -> None:
        """The metadata log has been replayed further; tell when that is our registration."""
        if self.state is S.STARTING and metadata_offset >= self.broker_epoch:
            self._due = now

    def begin_shutdown(self, now: int) -> None:
        """Ask the controller to move our leaderships away before we go; or, if we are not in
        service or are told not to (`controlled.shutdown.enable`), just go."""
        if self.state is S.RUNNING and self._config.bool("controlled.shutdown.enable"):
            self._become(S.PENDING_CONTROLLED_SHUTDOWN)
            self._due = now
        elif self.state is not S.PENDING_CONTROLLED_SHUTDOWN:
            self.state, self._due = S.SHUTTING_DOWN, None

    def on_response(self, key: Any, response: Any, now: int) -> None:
        """The controller has answered, or could not be reached (None)."""
        self._asking = False
        if self.state is S.SHUTTING_DOWN:
            return
        has_news = self._due is not None  # since the question went out
        if response is None or response.error_code:
            self._due = now + RETRY_MS
            if response is not None and key == "heartbeat":
                self._refused(ErrorCode(response.error_code))
        elif isinstance(response, BrokerRegistrationResponse):
            self.broker_epoch = response.broker_epoch
            self._become(S.STARTING)
            self._due = now + self._config.int("broker.heartbeat.interval.ms")
        else:
            self._heard(response, now)
        if has_news and self._due is not None:
            self._due = now

    def _refused(self, error: ErrorCode) -> None:
        if error in (ErrorCode.STALE_BROKER_EPOCH, ErrorCode.BROKER_ID_NOT_REGISTERED):
            self.state = S.NOT_RUNNING  # a controller that does not know us: register anew

    def _heard(self, response: BrokerHeartbeatResponse, now: int) -> None:
        self._due = now + self._config.int("broker.heartbeat.interval.ms")
        if self.state is S.STARTING and response.is_caught_up:
            self._become(S.RECOVERY)
            self._due = now
        elif self.state is S.RECOVERY and not response.is_fenced:
            self._become(S.RUNNING)
        elif self.state is S.PENDING_CONTROLLED_SHUTDOWN:
            if response.should_shut_down:
                self._become(S.SHUTTING_DOWN)
                self._due = None
            elif not self._has_shutdown_answer:
                self._has_shutdown_answer = True
                self._due = now + SHUTDOWN_RETRY_MS

    def _become(self, state: BrokerState) -> None:
        legal = TRANSITIONS[self.state]
        assert state in legal, (self.state, state, legal)
        self.state = state

    def _ask(self, metadata_offset: int) -> None:
        self._asking = True
        self._due = None
        # Not as long as others wait: a controller that was cut off must not cost the session.
        timeout_ms = self._config.int("broker.heartbeat.interval.ms")
        if self.state is S.NOT_RUNNING:
            request = self._registration()
            self._effects.call(ACTIVE_CONTROLLER, request, OWNER, "register", timeout_ms)
            return
        heartbeat = BrokerHeartbeatRequest(
            broker_id=self._broker_id,
            broker_epoch=self.broker_epoch,
            current_metadata_offset=metadata_offset,
            want_fence=self.state is S.STARTING,
            want_shut_down=self.state is S.PENDING_CONTROLLED_SHUTDOWN,
        )
        self._effects.call(ACTIVE_CONTROLLER, heartbeat, OWNER, "heartbeat", timeout_ms)

    def _registration(self) -> BrokerRegistrationRequest:
        return BrokerRegistrationRequest(
            broker_id=self._broker_id,
            cluster_id=CLUSTER_ID,
            incarnation_id=self.incarnation_id,
            listeners=(self._listener,),
            features=SUPPORTED_FEATURES,
            rack=self._rack,
            previous_broker_epoch=self.previous_epoch,
        )

    def fork(self, effects: Effects) -> Self:
        other = type(self)(
            self._broker_id,
            self._config,
            self._listener,
            self.incarnation_id,
            self.previous_epoch,
            effects,
            0,
        )
        other._asking = self._asking
        other._has_shutdown_answer = self._has_shutdown_answer
        other._due = self._due
        other.state = self.state
        other.broker_epoch = self.broker_epoch
        return other


#: Features this broker knows, as (name, lowest, highest) level: `MetadataVersion` and its siblings.
SUPPORTED_FEATURES: Final = tuple(
    Feature(name=name, min_supported_version=low, max_supported_version=high)
    for name, low, high in (
        ("metadata.version", 7, 30),
        ("kraft.version", 0, 1),
        ("eligible.leader.replicas.version", 0, 1),
        ("transaction.version", 0, 2),
        ("group.version", 0, 1),
    )
)
