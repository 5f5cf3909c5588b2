"""What a replica knows while it leads: how far its followers are, and so what is committed.

    log       0 1 2 3 4 5 6 7 8 9
    leader    ├───────────────────┤      its log end offset: 10
    in sync   ├───────────────┤          a follower in the maximal ISR: 8  ─▶ high watermark 8
    joining   ├─────────────────┤        out of the ISR, but caught up: waited for as well
    lagging   ├───────┤                  not waited for

Invariants: the high watermark never falls while a leader epoch lasts, and does not move while the
ISR is smaller than `min.insync.replicas` (KIP-966); a follower is asked into the ISR only with all
that may have been committed: the high watermark, and all that was there when the epoch began.

In Kafka: the leader's half of `Partition`.
Read next: `isr`, `follower_state`, `alter_partition`.
"""

from typing import Final, Self

from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.ids import NodeId
from kafkalab.log import PartitionLog
from kafkalab.metadata.image import PartitionImage
from kafkalab.protocol.messages.partitions import (
    AlterPartitionRequestPartitionData,
    AlterPartitionResponsePartitionData,
    BrokerState,
)
from kafkalab.replica.follower_state import UNKNOWN_EPOCH, FollowerState
from kafkalab.replica.isr import (
    CommittedIsr,
    IsrState,
    PendingExpandIsr,
    PendingIsr,
    PendingShrinkIsr,
)
from kafkalab.replica.local_broker import LocalBroker

#: The controller says that nothing was done, so the committed state still holds.
_NOT_DONE: Final = frozenset({ErrorCode.OPERATION_NOT_ATTEMPTED, ErrorCode.INELIGIBLE_REPLICA})
#: What was sent is out of date, or nobody knows what became of it: the metadata log will tell.
_AWAIT_METADATA: Final = frozenset(
    {
        ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
        ErrorCode.UNKNOWN_TOPIC_ID,
        ErrorCode.FENCED_LEADER_EPOCH,
        ErrorCode.INVALID_UPDATE_VERSION,
        ErrorCode.INVALID_REQUEST,
        ErrorCode.NEW_LEADER_ELECTED,
    }
)


class Leading:
    """The state of a leader.  It is made when leadership begins and dropped when it ends."""

    __slots__ = (
        "epoch_start",
        "followers",
        "image",
        "isr_state",
        "leader_epoch",
        "local",
        "log",
        "min_isr",
        "partition_epoch",
    )

    def __init__(self, local: LocalBroker, log: PartitionLog) -> None:
        self.local, self.log = local, log
        self.leader_epoch = self.partition_epoch = -1
        self.epoch_start = log.log_end_offset  # where the log ended when the leader epoch began
        self.isr_state: IsrState = CommittedIsr(())
        self.followers: dict[NodeId, FollowerState] = {}
        self.min_isr = 1

    def assigned(self, image: PartitionImage, now: int) -> None:
        """Lead as the metadata says: for the first time, in a new epoch, or with another ISR."""
        is_new, is_new_epoch = self.leader_epoch < 0, image.leader_epoch > self.leader_epoch
        self.image = image
        self.partition_epoch = image.partition_epoch
        self.isr_state = CommittedIsr(image.isr)
        known = self.followers
        self.followers = {
            id: known.get(id) or FollowerState(id) for id in image.replicas if id != self.local.id
        }
        if is_new_epoch:
            self.leader_epoch = image.leader_epoch
            self.epoch_start = end = self.log.log_end_offset
            # A follower may hold entries of a later epoch than any entry here; with the start of
            # the new epoch on record it can still be told where to truncate.
            self.log.epochs.assign(image.leader_epoch, end)
            for state in self.followers.values():
                state.reset(end, now, is_new=is_new, in_isr=state.id in image.isr)
            self._emit("LeaderStarted", image.leader_epoch, end)
        self.configured()
        self.advance_high_watermark(now)

    def configured(self) -> None:
        """The topic's settings or the replicas have changed."""
        self.min_isr = min(
            self.log.config.int("min.insync.replicas"), max(len(self.image.replicas), 1)
        )

    # --- followers and the high watermark -----------------------------------------------------
    def follower(self, replica_id: NodeId) -> FollowerState:
        """A follower by its id.  Raises UNKNOWN_LEADER_EPOCH: the metadata may not be here yet."""
        state = self.followers.get(replica_id)
        if state is None:
            raise KafkaError(
                ErrorCode.UNKNOWN_LEADER_EPOCH, f"broker {replica_id} has no replica of it"
            )
        return state

    def fetched(
        self, state: FollowerState, offset: int, log_start_offset: int, broker_epoch: int, now: int
    ) -> None:
        """A follower has everything below `offset`.

        Raises NOT_LEADER_OR_FOLLOWER if its broker has been registered anew since.
        """
        broker = self.local.image.brokers.get(state.id)
        if broker_epoch != -1 and broker is not None and broker.epoch > broker_epoch:
            raise KafkaError(ErrorCode.NOT_LEADER_OR_FOLLOWER, f"broker epoch {broker_epoch}")
        moved = offset != state.log_end_offset
        if log_start_offset != state.log_start_offset:
            self.local.trimmed[self.log.topic_partition] = None
        state.fetched(offset, log_start_offset, self.log.log_end_offset, broker_epoch, now)
        self.expand_isr(state)
        if moved:
            self.advance_high_watermark(now)

    def appended(self, end_before: int, now: int) -> None:
        """The log, which ended at `end_before`, has grown."""
        local = self.local
        for state in self.followers.values():
            if state.log_end_offset == end_before and state.is_fetching:
                state.idled(local.last_fetch_ms[state.id])
        local.appended[self.log.topic_partition] = None
        self.advance_high_watermark(now)

    def advance_high_watermark(self, now: int) -> None:
        """Raise the high watermark as far as the maximal ISR allows."""
        state, log = self.isr_state, self.log
        if len(state.isr) < self.min_isr:
            return
        end = offset = log.log_end_offset
        maximal = state.maximal
        for follower in self.followers.values():
            if follower.log_end_offset < offset and (
                follower.id in maximal or self.is_joining(follower, end, now)
            ):
                offset = follower.log_end_offset
        if offset > log.high_watermark and log.advance_high_watermark(offset):
            topic, partition = log.topic_partition
            self.local.effects.emit("HighWatermarkAdvanced", topic, partition, log.high_watermark)
            self.local.advanced[log.topic_partition] = None

    def is_joining(self, follower: FollowerState, end: int, now: int) -> bool:
        """Out of the ISR, but so near that the high watermark must not run away from it."""
        return follower.is_caught_up(
            end, now, self.local.lag_time_max_ms
        ) and self.local.is_eligible(follower.id, follower.broker_epoch)

    @property
    def low_watermark(self) -> int:
        """The latest log start that all live replicas have reached."""
        low = self.log.log_start_offset
        brokers = self.local.image.brokers
        for state in self.followers.values():
            broker = brokers.get(state.id)
            if broker is not None and not broker.fenced:
                low = min(low, state.log_start_offset)
        return low

    # --- the ISR ------------------------------------------------------------------------------
    def expand_isr(self, follower: FollowerState) -> None:
        """Ask for a follower to be taken in, if it has all it must and may join."""
        state = self.isr_state
        if follower.id in state.isr or not isinstance(state, CommittedIsr):
            return
        if follower.log_end_offset < max(self.log.high_watermark, self.epoch_start):
            return
        if not self.local.is_eligible(follower.id, follower.broker_epoch):
            return
        wanted = tuple([id for id in self.image.replicas if id in state.isr or id == follower.id])
        self._emit("IsrExpandAsked", state.isr, wanted)
        self._ask(PendingExpandIsr(state, wanted, self._alteration(wanted)))

    def shrink_isr(self, now: int) -> None:
        """Ask for followers to be left out that have not been caught up for too long."""
        state = self.isr_state
        if not isinstance(state, CommittedIsr):
            return
        end = self.log.log_end_offset
        wanted = tuple([id for id in state.isr if not self._is_out_of_sync(id, end, now)])
        if len(wanted) < len(state.isr):
            self._emit("IsrShrinkAsked", state.isr, wanted)
            self._ask(PendingShrinkIsr(state, wanted, self._alteration(wanted)))

    def _is_out_of_sync(self, id: NodeId, end: int, now: int) -> bool:
        if id == self.local.id:
            return False
        follower = self.followers.get(id)
        lag_time_max_ms = self.local.lag_time_max_ms
        return follower is None or not follower.is_caught_up(end, now, lag_time_max_ms)

    def _ask(self, pending: PendingIsr) -> None:
        self.isr_state = pending
        self.local.asked[self.log.topic_partition] = pending

    def _alteration(self, wanted: tuple[NodeId, ...]) -> AlterPartitionRequestPartitionData:
        return AlterPartitionRequestPartitionData(
            partition_index=self.log.topic_partition.partition,
            leader_epoch=self.leader_epoch,
            new_isr_with_epochs=tuple(
                [BrokerState(broker_id=id, broker_epoch=self._broker_epoch(id)) for id in wanted]
            ),
            partition_epoch=self.partition_epoch,
        )

    def _broker_epoch(self, id: NodeId) -> int:
        """-1 for a follower not heard of: the controller knows if it has been gone meanwhile."""
        if id == self.local.id:
            return self.local.epoch
        epoch = self.followers[id].broker_epoch if id in self.followers else UNKNOWN_EPOCH
        return -1 if epoch == UNKNOWN_EPOCH else epoch

    def isr_altered(self, answer: AlterPartitionResponsePartitionData, now: int) -> None:
        """The controller has done what was asked, or found it so already."""
        if answer.leader_epoch != self.leader_epoch:
            return
        if answer.partition_epoch < self.partition_epoch:
            return
        self.isr_state = CommittedIsr(answer.isr)
        self.partition_epoch = answer.partition_epoch
        self.local.changed[self.log.topic_partition] = None
        self.advance_high_watermark(now)

    def isr_refused(self, pending: PendingIsr, error: ErrorCode) -> bool:
        """The controller has not; whether to ask the same again."""
        if error in _NOT_DONE:
            self.isr_state = pending.committed
            self.local.changed[self.log.topic_partition] = None
            return False
        return error not in _AWAIT_METADATA

    def _emit(self, kind: str, *fields: object) -> None:
        topic, partition = self.log.topic_partition
        self.local.effects.emit(kind, topic, partition, *fields)

    def fork(self, local: LocalBroker, log: PartitionLog) -> Self:
        other = type(self).__new__(type(self))
        other.local, other.log, other.image = local, log, self.image
        other.leader_epoch, other.partition_epoch = self.leader_epoch, self.partition_epoch
        other.epoch_start, other.isr_state = self.epoch_start, self.isr_state
        other.followers = {id: state.fork() for id, state in self.followers.items()}
        other.min_isr = self.min_isr
        return other
