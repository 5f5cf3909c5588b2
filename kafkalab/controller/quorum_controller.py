"""The active controller: decides, writes, and answers when what it wrote is committed.

    request ─▶ decide(written state) ─▶ records ─▶ raft.append ──▶ committed ─▶ image
                     ▲                     │                           │
                     └────── replay ◀──────┘        response ◀─ parked ┘

A decision sees everything written before it, committed or not; nobody else sees more than what is
committed.  All state that matters is in the log: a restarted controller replays it and goes on.

Invariant: an answer leaves only when everything it may rest on is committed.

In Kafka: `QuorumController`.
Left out: handing over to another voter (with one voter it is active from its first moment), ACLs,
quotas, reassignments, feature updates, delegation tokens.
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
from kafkalab.metadata import MetadataDelta, MetadataImage
from kafkalab.node import Effects, Ticket
from kafkalab.protocol.api_keys import ApiKey
from kafkalab.raft import RaftClient

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
    response: Any


class Active(NamedTuple):
    """What only the leader of the quorum has."""

    state: WrittenState
    periodic: Periodic


class QuorumController:
    """One controller.  `image` is the committed metadata."""

    __slots__ = ("_active", "_config", "_effects", "_parked", "_raft", "_seed", "image", "node_id")

    def __init__(
        self, node_id: NodeId, config: Config, raft: RaftClient, effects: Effects, seed: int
    ) -> None:
        self.node_id = node_id
        self.image = MetadataImage.EMPTY
        self._config = config
        self._raft = raft
        self._effects = effects
        self._seed = seed
        self._active: Active | None = None
        self._parked: deque[Parked] = deque()

    @property
    def is_active(self) -> bool:
        """Whether this controller decides."""
        return self._active is not None

    def handle(self, ticket: Ticket, request: Any, now: int) -> None:
        """Decide a request; it is answered by `effects.reply` once that is committed."""
        if request.API_KEY == K.DESCRIBE_CLUSTER:
            answer = describe_cluster(request, self._raft.voters, self._raft.leader_id)
            self._effects.reply(ticket, answer)
            return
        if self._active is None:
            self.settle(now)
        if self._active is None:
            self._effects.reply(ticket, refusal(request, KafkaError(ErrorCode.NOT_CONTROLLER)))
            return
        state = self._active.state
        try:
            decision = DECISIONS[request.API_KEY](state, request, now)
        except KafkaError as refused:
            decision = Decision([], refusal(request, refused))
        self._write(state, decision.records, now)
        self._parked.append(Parked(state.image.offset, ticket, decision.response))

    def settle(self, now: int) -> None:
        """Take in what is committed, and let go the answers that waited for it."""
        self._take_committed()
        raft = self._raft
        if self._active is None and raft.is_leader and self.image.epoch == raft.epoch:
            self._activate(now)
            self._take_committed()
        parked = self._parked
        while parked and parked[0].offset < raft.high_watermark:
            _, ticket, response = parked.popleft()
            self._effects.reply(ticket, response)

    def on_timer(self, now: int) -> None:
        """Fence the brokers that went silent, and do what is done from time to time."""
        if self._active is None:
            self.settle(now)
        if self._active is None:
            return
        state, periodic = self._active
        for broker_id in state.sessions.pop_expired(now):
            self._write(state, brokers.fence_silent(state, broker_id), now)
        self._write(state, periodic.run_due(state, now), now)

    def next_timer(self) -> int | None:
        if self._active is None:
            return 0 if self._raft.is_leader else None  # at once: there may be much to write
        state, periodic = self._active
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
        self._active = Active(state, Periodic(self._config, now))
        if not self.image.features:
            self._write(state, bootstrap_records(self._config), now)

    def _write(self, state: WrittenState, records: list[Any], now: int) -> None:
        if not records:
            return
        before = state.image
        last_offset = self._raft.append(records, now)
        state.replay(records, last_offset, self._raft.epoch)
        announce(self._effects, records, before, state.image)

    def _take_committed(self) -> None:
        committed = self._raft.take_committed()
        if not committed:
            return
        last = committed[-1]
        if self._active is not None and self._active.state.image.offset == last.last_offset:
            self.image = self._active.state.image  # all that is written is committed
            return
        delta = MetadataDelta(self.image)
        for batch in committed:
            for record in batch.records:
                delta.replay(record)
        self.image = delta.finish(last.last_offset, last.epoch)

    def fork(self, effects: Effects, raft: RaftClient) -> Self:
        """An equal controller on a forked raft."""
        other = type(self)(self.node_id, self._config, raft, effects, self._seed)
        other.image = self.image
        if self._active is not None:
            state, periodic = self._active
            other._active = Active(state.fork(), periodic.fork())
        other._parked = self._parked.copy()
        return other
