"""The state machine of one partition of `__consumer_offsets`: groups and their offsets.

    request ──handle──▶ Result(records, response) ──▶ HostedPartition ──▶ the log
    record  ──replay──▶ groups, offsets (written)         high watermark ──commit──▶ (committed)

Which function answers which request stands in `_OPERATIONS`.

Invariants: all that is told of offsets and groups can be made again from the log (G4, G7).

In Kafka: `GroupCoordinatorShard`.
Read next: `group_table` and `offset_table`, its state; `coordinator`, which keeps the shards.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, Self

from kafkalab.chance import Stream
from kafkalab.config import Config
from kafkalab.coordination import NOTHING, CoordinatorRecord, RecordTypes, Result
from kafkalab.errors import ErrorCode
from kafkalab.groups.admin import delete_group
from kafkalab.groups.committing import CommitPlan, commit
from kafkalab.groups.fetching import GroupFetch, fetch
from kafkalab.groups.forgetting import DeletePlan, delete, forget_expired
from kafkalab.groups.group_table import Alarm, AlarmKind, GroupTable
from kafkalab.groups.joining import (
    GroupCreated,
    StaticMemberReplaced,
    join,
    on_group_created,
    on_static_member_replaced,
)
from kafkalab.groups.liveness import begin_sessions, heartbeat, leave, on_session_alarm
from kafkalab.groups.offset_table import OffsetTable
from kafkalab.groups.rebalance import on_join_alarm, on_sync_alarm
from kafkalab.groups.records import OffsetCommitKey
from kafkalab.groups.stored import RECORD_TYPES, OffsetKey, restored_offset
from kafkalab.groups.syncing import GroupAssigned, on_group_assigned, sync
from kafkalab.groups.transactional import TxnCommitPlan, commit_transactional
from kafkalab.ids import TopicPartition
from kafkalab.metadata import MetadataImage
from kafkalab.node import Effects, Ticket
from kafkalab.protocol.messages.classic_groups import (
    HeartbeatRequest,
    JoinGroupRequest,
    LeaveGroupRequest,
    SyncGroupRequest,
)


class GroupShard:
    """See the module's docstring.  `image` is the coordinator's, brought up to date by it."""

    record_types: RecordTypes = RECORD_TYPES

    def __init__(
        self,
        topic_partition: TopicPartition,
        config: Config,
        effects: Effects,
        member_ids: Stream,
        image: MetadataImage,
    ) -> None:
        self.topic_partition = topic_partition
        self.table = GroupTable(config, effects, member_ids)
        self.offsets = OffsetTable()
        self.image = image
        self._is_loaded = False

    # --- requests and timers ------------------------------------------------------------------
    def handle(self, ticket: Ticket, operation: Any, now: int) -> Result:
        """Run one operation.  Raises `KafkaError`, and then nothing has changed."""
        return _OPERATIONS[type(operation)](self, ticket, operation, now)

    def next_alarm(self) -> int | None:
        return self.table.alarms.next()

    def take_alarms(self, now: int) -> list[Alarm]:
        """Those that are due, for `on_alarm`."""
        return self.table.alarms.pop_due(now)

    def on_alarm(self, alarm: Alarm, now: int) -> Result:
        """Do what is due; a group that is gone needs nothing."""
        kind, group_id, member_id = alarm
        if kind is AlarmKind.EXPIRY:
            self._await_expiry(now)
            return forget_expired(self.table, self.offsets, now)
        group = self.table.get(group_id)
        if group is None:
            return NOTHING
        if kind is AlarmKind.SESSION:
            return on_session_alarm(self.table, group, member_id, now)
        if kind is AlarmKind.JOIN:
            return on_join_alarm(self.table, group, now)
        return on_sync_alarm(self.table, group, now)

    # --- the log (`coordination.StateMachine`) ------------------------------------------------
    def replay(self, record: CoordinatorRecord, offset: int, producer_id: int) -> None:
        key: Any = record.key
        value: Any = record.value
        if not isinstance(key, OffsetCommitKey):
            self.table.replay(key.group, value, offset, is_loading=not self._is_loaded)
            return
        if value is not None and self.table.get(key.group) is None:
            self.table.create(key.group, None)  # a simple group: it has no record of its own
        stored = restored_offset(value) if value is not None else None
        offset_key = OffsetKey(key.group, key.topic, key.partition)
        if producer_id >= 0 and stored is not None:
            self.offsets.replay_pending(producer_id, offset_key, stored, offset)
        else:
            self.offsets.replay(offset_key, stored, offset)

    def end_transaction(self, producer_id: int, is_committed: bool, offset: int) -> None:
        self.offsets.end_transaction(producer_id, is_committed, offset)

    def commit(self, high_watermark: int) -> None:
        self.table.commit(high_watermark)
        for change in self.offsets.commit(high_watermark):
            if self._is_loaded and change.value is not None:
                self.table.effects.emit("OffsetCommitted", *change.key, change.value.offset)

    def on_loaded(self, now: int) -> None:
        self._is_loaded = True
        self.table.effects.emit("CoordinatorLoaded", *self.topic_partition)
        begin_sessions(self.table, now)
        self._await_expiry(now)

    def on_settled(self, then: Any, error: ErrorCode | None, now: int) -> None:
        if isinstance(then, GroupAssigned):
            on_group_assigned(self.table, then, error, now)
        elif isinstance(then, GroupCreated):
            on_group_created(self.table, then, error, now)
        else:
            assert isinstance(then, StaticMemberReplaced), then
            on_static_member_replaced(self.table, then, error, now)

    def unload(self, now: int) -> None:
        """Refuse all that is parked; nothing here is true any more."""
        self.table.unload(now)
        self.table.effects.emit("CoordinatorUnloaded", *self.topic_partition)

    def fork(self, effects: Effects) -> Self:
        other = type(self).__new__(type(self))
        other.topic_partition = self.topic_partition
        other.table = self.table.fork(effects)
        other.offsets = self.offsets.fork()
        other.image = self.image
        other._is_loaded = self._is_loaded
        return other

    # --- operations ---------------------------------------------------------------------------
    def _await_expiry(self, now: int) -> None:
        interval_ms = self.table.config.int("offsets.retention.check.interval.ms")
        self.table.alarms.set(Alarm(AlarmKind.EXPIRY), now + interval_ms)

    def _join(self, ticket: Ticket, request: JoinGroupRequest, now: int) -> Result:
        return join(self.table, ticket, request, now)

    def _sync(self, ticket: Ticket, request: SyncGroupRequest, now: int) -> Result:
        return sync(self.table, ticket, request, now)

    def _heartbeat(self, ticket: Ticket, request: HeartbeatRequest, now: int) -> Result:
        return heartbeat(self.table, request, now)

    def _leave(self, ticket: Ticket, request: LeaveGroupRequest, now: int) -> Result:
        return leave(self.table, ticket, request, now)

    def _commit(self, ticket: Ticket, plan: CommitPlan, now: int) -> Result:
        return commit(self.table, ticket, plan, now)

    def _commit_transactional(self, ticket: Ticket, plan: TxnCommitPlan, now: int) -> Result:
        return commit_transactional(self.table, plan, self.image, now)

    def _fetch(self, ticket: Ticket, asked: GroupFetch, now: int) -> Result:
        return Result(response=fetch(self.offsets, asked, self.image))

    def _delete_offsets(self, ticket: Ticket, plan: DeletePlan, now: int) -> Result:
        return delete(self.table, self.offsets, plan)

    def _delete_group(self, ticket: Ticket, group_id: str, now: int) -> Result:
        return delete_group(self.table, self.offsets, group_id)


_OPERATIONS: Final[Mapping[type, Callable[[GroupShard, Ticket, Any, int], Result]]] = {
    JoinGroupRequest: GroupShard._join,
    SyncGroupRequest: GroupShard._sync,
    HeartbeatRequest: GroupShard._heartbeat,
    LeaveGroupRequest: GroupShard._leave,
    CommitPlan: GroupShard._commit,
    TxnCommitPlan: GroupShard._commit_transactional,
    GroupFetch: GroupShard._fetch,
    DeletePlan: GroupShard._delete_offsets,
    str: GroupShard._delete_group,
}
