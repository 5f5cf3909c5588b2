"""The quorum as a server sees it: append records, take what is committed, ask who leads.

    controller ──append──▶ RaftClient(Leader) ◀──Fetch── RaftClient(Observer) ──▶ a broker
               ◀─take_committed─┘                               └─take_committed─▶

A node has one role at a time, an object of its own (`roles`).  With a single voter the roles never
change: it leads from its first moment, in an epoch one above the last it remembers.

In Kafka: `KafkaRaftClient`, `QuorumState`.
Left out: more than one voter, and so elections and resignations; NoOpRecords at idle
(`metadata.max.idle.interval.ms`), with which Kafka measures lag: they would be half of all that
happens in a quiet cluster and show nothing.
Read next: `roles`.
"""

from collections.abc import Hashable
from typing import Any, Self

from kafkalab.config import Config
from kafkalab.ids import NodeId
from kafkalab.log import Disk
from kafkalab.node import Effects, Ticket
from kafkalab.protocol.messages.fetch import FetchRequest
from kafkalab.raft import quorum_state
from kafkalab.raft.metadata_log import CommittedBatch, MetadataLog
from kafkalab.raft.quorum_state import QuorumState
from kafkalab.raft.roles import Leader, Observer


class RaftClient:
    """One node's part in the quorum.  Its log is on `disk`; a call's owner is "raft"."""

    __slots__ = ("_config", "_log", "_role", "_seed", "node_id", "voters")

    def __init__(
        self,
        node_id: NodeId,
        voters: tuple[NodeId, ...],
        disk: Disk,
        config: Config,
        effects: Effects,
        seed: int,
        now: int = 0,
    ) -> None:
        assert len(voters) == 1, f"one voter so far, not {voters}"
        self.node_id = node_id
        self.voters = voters
        self._config = config
        self._seed = seed
        self._log = MetadataLog(disk)
        self._log.recover()
        self._role: Leader | Observer
        if node_id in voters:
            self._role = self._lead(disk, effects, now)
        else:
            self._role = Observer(node_id, voters, self._log, disk, effects, now)

    def _lead(self, disk: Disk, effects: Effects, now: int) -> Leader:
        epoch = quorum_state.load(disk).leader_epoch + 1
        quorum_state.save(disk, QuorumState(epoch, self.node_id))
        leader = Leader(self.node_id, epoch, self._log, effects)
        leader.begin(self.voters, now)
        return leader

    @property
    def leader_id(self) -> NodeId:
        """Who leads, as far as this node knows, or NO_NODE."""
        return self._role.leader_id

    @property
    def epoch(self) -> int:
        """The newest quorum epoch this node knows."""
        return self._role.epoch

    @property
    def is_leader(self) -> bool:
        return isinstance(self._role, Leader)

    @property
    def high_watermark(self) -> int:
        """Every entry below it is committed."""
        return self._log.high_watermark

    @property
    def log_end_offset(self) -> int:
        """Where the next record will stand."""
        return self._log.end_offset

    def append(self, records: tuple[Any, ...] | list[Any], now: int) -> int:
        """Write records as one atomic batch; the offset of the last.  Leader only."""
        assert isinstance(self._role, Leader), self._role
        assert records, "an empty batch"
        return self._role.append(tuple(records), now)

    def take_committed(self) -> list[CommittedBatch]:
        """The batches committed since last asked; each once in the life of a process."""
        return self._log.take_committed()

    def handle_fetch(self, ticket: Ticket, request: FetchRequest, now: int) -> None:
        """Fetch of the metadata log, answered now or when there is news."""
        self._role.handle_fetch(ticket, request, now)

    def on_response(self, key: Hashable, response: Any, now: int) -> None:
        """The answer to a call of ours; None if the connection broke."""
        self._role.on_response(response, now)

    def on_timer(self, now: int) -> None:
        self._role.on_timer(now)

    def next_timer(self) -> int | None:
        return self._role.next_timer()

    def fork(self, effects: Effects, disk: Disk) -> Self:
        """An equal client on a forked disk."""
        other = type(self).__new__(type(self))
        other.node_id = self.node_id
        other.voters = self.voters
        other._config, other._seed = self._config, self._seed
        other._log = self._log.fork(disk)
        other._role = self._role.fork(other._log, disk, effects)
        return other
