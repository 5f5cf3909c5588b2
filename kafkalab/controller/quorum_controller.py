"""The active controller: decides, writes, and answers when what it wrote is committed.

    request ─▶ decide(written state) ─▶ records ─▶ raft.append ──▶ committed ─▶ image
                     ▲                     │                           │
                     └────── replay ◀──────┘        response ◀─ parked ┘

A decision sees everything written before it, committed or not; nobody else sees more than what is
committed.  All state that matters is in the log: a restarted controller replays it and goes on.

Invariant: an answer leaves only when everything it may rest on is committed.

In Kafka: `QuorumController`.
A controller is active while its node leads the quorum, from the moment at which it has replayed all
that was committed before.  Deposed, it throws away what it had written and refuses whom it had not
answered yet: they ask the next one, who may find their wish already fulfilled, as in Kafka.

Left out: ACLs, quotas, reassignments, feature updates, delegation tokens.
Read next: `written_state`, then `topics`, `brokers`, `heartbeats`, `elections`, `partitions`.
"""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, Self

from kafkalab.config import Config
from kafkalab.controller import brokers, configs, new_partitions, partitions, producer_ids, topics
from kafkalab.controller.activation import bootstrap_records
from kafkalab.controller.announce import announce
from kafkalab.controller.describe import describe_cluster
from kafkalab.controller.heartbeats import heartbeat
from kafkalab.controller.periodic import Periodic
from kafkalab.controller.refusals import refusal
from kafkalab.controller.written_state import Decision, WrittenState
from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.ids import NodeId
from kafkalab.metadata import MetadataImage
from kafkalab.node import Effects, Ticket
from kafkalab.protocol.api_keys import ApiKey
from kafkalab.raft import RaftClient, replay
from kafkalab.raft.raft_client import LOADER

K = ApiKey
#: Who decides what: (written state, request, now) -> records and response, or KafkaError.
DECISIONS: Final[Mapping[int, Callable[[WrittenState, Any, int], Decision]]] = {
    K.BROKER_REGISTRATION: brokers.register_broker,
    K.BROKER_HEARTBEAT: heartbeat,
    K.UNREGISTER_BROKER: brokers.unregister_broker,
    K.CONTROLLER_REGISTRATION: brokers.register_controller,
    K.CREATE_TOPICS: topics.create_topics,
    K.DELETE_TOPICS: topics.delete_topics,
    K.CREATE_PARTITIONS: new_partitions.create_partitions,
    K.ALTER_PARTITION: partitions.alter_partition,
    K.ELECT_LEADERS: partitions.elect_leaders,
    K.ALTER_CONFIGS: configs.alter_configs,
    K.INCREMENTAL_ALTER_CONFIGS: configs.incremental_alter_configs,
    K.ALLOCATE_PRODUCER_IDS: producer_ids.allocate_producer_ids,
}


class Parked(NamedTuple):
    """An answer that waits until the log is committed up to `offset`."""

    offset: int
    ticket: Ticket
    request: Any
    response: Any


class Written(NamedTuple):
    """Records on their way, and what they change, to be announced once they are committed."""

    offset: int
    records: list[Any]
    before: MetadataImage
    after: MetadataImage


class Active(NamedTuple):
    """What only the leader of the quorum has, in one epoch."""

    epoch: int
    state: WrittenState
    periodic: Periodic
    written: deque[Written]


class QuorumController:
    """One controller.  `image` is the committed metadata."""

    __slots__ = (
        "_active",
        "_config",
        "_effects",
        "_listener",
        "_parked",
        "_raft",
        "_seed",
        "image",
        "node_id",
    )

    def __init__(
        self,
        node_id: NodeId,
        config: Config,
        raft: RaftClient,
        effects: Effects,
        seed: int,
        listener: str = LOADER,
    ) -> None:
        self.node_id = node_id
        self.image = MetadataImage.EMPTY
        self._config = config
        self._raft = raft
        self._effects = effects
        self._seed = seed
        self._listener = listener
        self._active: Active | None = None
        self._parked: deque[Parked] = deque()

    @property
    def is_active(self) -> bool:
        """Whether this controller decides."""
        return self._active is not None

    @property
    def written(self) -> WrittenState | None:
        """What it decides on, while it is active; fork it to decide on it elsewhere."""
        return self._active.state if self._active is not None else None

    def handle(self, ticket: Ticket, request: Any, now: int) -> None:
        """Decide a request; it is answered by `effects.reply` once that is committed."""
        if request.API_KEY == K.DESCRIBE_CLUSTER:
            answer = describe_cluster(request, self._raft.voters, self._raft.leader_id)
            self._effects.reply(ticket, answer)
            return
        self.settle(now)
        if self._active is None:
            self._refuse(ticket, request)
            return
        state = self._active.state
        try:
            decision = DECISIONS[request.API_KEY](state, request, now)
        except KafkaError as refused:
            decision = Decision([], refusal(request, refused))
        self._write(state, decision.records, now)
        self._parked.append(Parked(state.image.offset, ticket, request, decision.response))

    def settle(self, now: int) -> None:
        """Take in what is committed, and let go the answers that waited for it."""
        raft = self._raft
        if self._active is not None and not self._is_still_active(self._active):
            self._renounce(self._active)
        if raft.has_news(self._listener):
            self._take_committed()
        if self._active is None and raft.is_leader and self.image.epoch == raft.epoch:
            self._activate(now)
            self._take_committed()
        if self._parked:
            self._answer_committed()

    def _is_still_active(self, active: Active) -> bool:
        return self._raft.is_leader and self._raft.epoch == active.epoch

    def _answer_committed(self) -> None:
        parked, high_watermark = self._parked, self._raft.high_watermark
        while parked and parked[0].offset < high_watermark:
            self._effects.reply(parked[0].ticket, parked[0].response)
            parked.popleft()

    def _renounce(self, active: Active) -> None:
        """Another leads, or nobody: what was written and is not committed may never be."""
        self._take_committed()  # what was committed while this node led
        self._answer_committed()
        self._active = None
        while self._parked:
            parked = self._parked.popleft()
            self._refuse(parked.ticket, parked.request)
        self._effects.emit("ControllerRenounced", active.epoch)

    def _refuse(self, ticket: Ticket, request: Any) -> None:
        """Not here: whoever asked looks for the active controller."""
        error = KafkaError(ErrorCode.NOT_CONTROLLER, "this controller is not the active one")
        self._effects.reply(ticket, refusal(request, error))

    def on_timer(self, now: int) -> None:
        """Fence the brokers that went silent, and do what is done from time to time."""
        self.settle(now)
        if self._active is None:
            return
        state, periodic = self._active.state, self._active.periodic
        for broker_id in state.sessions.pop_expired(now):
            self._write(state, brokers.fence_silent(state, broker_id), now)
        self._write(state, periodic.run_due(state, now), now)

    def next_timer(self) -> int | None:
        if self._active is None:
            is_to_begin = self._raft.is_leader and self._raft.has_news(self._listener)
            return 0 if is_to_begin else None
        state, periodic = self._active.state, self._active.periodic
        timers = (state.sessions.next_timer(), periodic.next_timer())
        return min((timer for timer in timers if timer is not None), default=None)

    def _activate(self, now: int) -> None:
        """Begin to decide: everything in the log up to our own epoch's start is known."""
        state = WrittenState(
            self.image, self._config, self._seed, f"controller/epoch-{self._raft.epoch}"
        )
        for broker in self.image.brokers.values():
            if broker.fenced:
                state.sessions.register(broker.id, broker.epoch)
            else:
                state.sessions.resume(broker.id, broker.epoch, now)
        epoch = self._raft.epoch
        self._active = Active(epoch, state, Periodic(self._config, now), deque())
        self._effects.emit("ControllerActivated", epoch, self.image.offset)
        if not self.image.features:
            self._write(state, bootstrap_records(self._config), now)

    def _write(self, state: WrittenState, records: list[Any], now: int) -> None:
        if not records:
            return
        before = state.image
        last_offset = self._raft.append(records, now)
        state.replay(records, last_offset, self._raft.epoch)
        assert self._active is not None
        self._active.written.append(Written(last_offset, records, before, state.image))

    def _take_committed(self) -> None:
        committed = self._raft.take_committed(self._listener)
        if not committed:
            return
        active, last = self._active, committed[-1]
        if active is not None:
            self._take_written(active, last.last_offset)
        if self.image.offset >= last.last_offset:
            return
        # What a deposed leader left uncommitted; a new process knows nothing, so all would be news.
        is_inherited = self._raft.is_leader and self.image.offset >= 0
        for batch in committed:
            if batch.last_offset <= self.image.offset:
                continue
            before = self.image
            self.image = replay(before, batch)
            if is_inherited and not batch.is_snapshot:
                announce(self._effects, batch.records, before, self.image)

    def _take_written(self, active: Active, last_offset: int) -> None:
        """What this controller wrote is committed up to here."""
        while active.written and active.written[0].offset <= last_offset:
            _, records, before, self.image = active.written.popleft()
            announce(self._effects, records, before, self.image)

    def fork(self, effects: Effects, raft: RaftClient) -> Self:
        """An equal controller on a forked raft."""
        other = type(self)(self.node_id, self._config, raft, effects, self._seed, self._listener)
        other.image = self.image
        if self._active is not None:
            epoch, state, periodic, written = self._active
            other._active = Active(epoch, state.fork(), periodic.fork(), written.copy())
        other._parked = self._parked.copy()
        return other
