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
from kafkalab.groups.consumer import ConsumerGroupTable
from kafkalab.groups.consumer.leaving import (
    MembersFenced,
    on_members_fenced,
    on_revocation_alarm,
)
from kafkalab.groups.consumer.leaving import on_session_alarm as on_member_session_alarm
from kafkalab.groups.consumer.regexes import resolve
from kafkalab.groups.either import heartbeat_either, join_either, leave_consumer_group
from kafkalab.groups.fetching import GroupFetch, check_fetch, fetch
from kafkalab.groups.forgetting import DeletePlan, delete, forget_expired
from kafkalab.groups.group_table import Alarm, AlarmKind, GroupTable
from kafkalab.groups.joining import (
    GroupCreated,
    StaticMemberReplaced,
    on_group_created,
    on_static_member_replaced,
)
from kafkalab.groups.liveness import begin_sessions, heartbeat, leave, on_session_alarm
from kafkalab.groups.offset_table import OffsetTable
from kafkalab.groups.rebalance import on_join_alarm, on_sync_alarm
from kafkalab.groups.records import GroupMetadataKey, OffsetCommitKey
from kafkalab.groups.stored import RECORD_TYPES, OffsetKey, restored_offset
from kafkalab.groups.syncing import GroupAssigned, on_group_assigned, sync
from kafkalab.groups.transactional import TxnCommitPlan, commit_transactional
from kafkalab.ids import TopicPartition
from kafkalab.metadata import MetadataDelta, MetadataImage
from kafkalab.node import Effects, Ticket
from kafkalab.protocol.messages.classic_groups import (
    HeartbeatRequest,
    JoinGroupRequest,
    LeaveGroupRequest,
    SyncGroupRequest,
)
from kafkalab.protocol.messages.consumer_groups import ConsumerGroupHeartbeatRequest


class GroupShard:
    """See the module's docstring."""

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
        self.table = table = GroupTable(config, effects, member_ids)
        self.consumers = ConsumerGroupTable(config, effects, table.alarms, member_ids, image)
        self.offsets = OffsetTable()
        self._is_loaded = False

    @property
    def image(self) -> MetadataImage:
        return self.consumers.image

    def on_metadata(self, image: MetadataImage, delta: MetadataDelta) -> None:
        """The coordinator has newer metadata."""
        self.consumers.on_metadata(image, delta)

    # --- requests and timers ------------------------------------------------------------------
    def handle(self, ticket: Ticket, operation: Any, now: int) -> Result:
        """Run one operation.  Raises `KafkaError`, and then nothing has changed."""
        return _OPERATIONS[type(operation)](self, ticket, operation, now)

    def next_alarm(self) -> int | None:
        return self.table.alarms.first

    def take_alarm(self, now: int) -> Alarm | None:
        """The first that is due, for `on_alarm`; that may set others anew which are due as well."""
        return self.table.alarms.pop_first(now)

    def on_alarm(self, alarm: Alarm, now: int) -> Result:
        """Do what is due; a group that is gone needs nothing."""
        kind, group_id, member_id = alarm
        if kind is AlarmKind.EXPIRY:
            self._await_expiry(now)
            by_clock = self.table.effects.clock.at(now)
            return forget_expired(self.table, self.consumers, self.offsets, by_clock)
        if kind is AlarmKind.MEMBER_SESSION:
            return on_member_session_alarm(self.consumers, group_id, member_id)
        if kind is AlarmKind.REVOCATION:
            return on_revocation_alarm(self.consumers, group_id, member_id)
        if kind is AlarmKind.REGEX:
            return resolve(self.consumers, group_id, now)
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
        is_loading = not self._is_loaded
        if isinstance(key, GroupMetadataKey):
            self.table.replay(key.group, value, offset, is_loading=is_loading)
        elif isinstance(key, OffsetCommitKey):
            self._replay_offset(key, value, offset, producer_id)
        else:
            if value is not None:
                self.table.forget_simple(key.group_id)
            self.consumers.replay(record, offset, is_loading=is_loading)

    def _replay_offset(
        self, key: OffsetCommitKey, value: Any, offset: int, producer_id: int
    ) -> None:
        is_new = self.table.get(key.group) is None and self.consumers.get(key.group) is None
        if value is not None and is_new:
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
        self.consumers.commit(high_watermark)
        for change in self.offsets.commit(high_watermark):
            if self._is_loaded and change.value is not None:
                self.table.effects.emit("OffsetCommitted", *change.key, change.value.offset)

    def clock_at(self, now: int) -> int:
        """What the broker's own clock shows."""
        return self.table.effects.clock.at(now)

    def on_loaded(self, now: int) -> None:
        self._is_loaded = True
        self.table.effects.emit("CoordinatorLoaded", *self.topic_partition)
        begin_sessions(self.table, now)
        self.consumers.begin_sessions(now)
        self._await_expiry(now)

    def on_settled(self, then: Any, error: ErrorCode | None, now: int) -> None:
        if isinstance(then, GroupAssigned):
            on_group_assigned(self.table, then, error, now)
        elif isinstance(then, GroupCreated):
            on_group_created(self.table, then, error, now)
        elif isinstance(then, MembersFenced):
            on_members_fenced(self.consumers, then, error, now)
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
        other.table = table = self.table.fork(effects)
        other.consumers = self.consumers.fork(effects, table.alarms, table.member_ids)
        other.offsets = self.offsets.fork()
        other._is_loaded = self._is_loaded
        return other

    # --- operations ---------------------------------------------------------------------------
    def _await_expiry(self, now: int) -> None:
        interval_ms = self.table.config.int("offsets.retention.check.interval.ms")
        self.table.alarms.set(Alarm(AlarmKind.EXPIRY), now + interval_ms)

    def _join(self, ticket: Ticket, request: JoinGroupRequest, now: int) -> Result:
        return join_either(self.table, self.consumers, ticket, request, now)

    def _sync(self, ticket: Ticket, request: SyncGroupRequest, now: int) -> Result:
        return sync(self.table, ticket, request, now)

    def _heartbeat(self, ticket: Ticket, request: HeartbeatRequest, now: int) -> Result:
        return heartbeat(self.table, request, now)

    def _leave(self, ticket: Ticket, request: LeaveGroupRequest, now: int) -> Result:
        if self.consumers.get(request.group_id) is not None:
            return leave_consumer_group(self.consumers, ticket, request)
        return leave(self.table, ticket, request, now)

    def _consumer_heartbeat(
        self, ticket: Ticket, request: ConsumerGroupHeartbeatRequest, now: int
    ) -> Result:
        return heartbeat_either(self.table, self.consumers, ticket, request, now)

    def _commit(self, ticket: Ticket, plan: CommitPlan, now: int) -> Result:
        return commit(self.table, self.consumers, ticket, plan, now)

    def _commit_transactional(self, ticket: Ticket, plan: TxnCommitPlan, now: int) -> Result:
        return commit_transactional(self.table, self.consumers, plan, self.image, now)

    def _fetch(self, ticket: Ticket, asked: GroupFetch, now: int) -> Result:
        check_fetch(self.consumers, asked)
        return Result(response=fetch(self.offsets, asked, self.image))

    def _delete_offsets(self, ticket: Ticket, plan: DeletePlan, now: int) -> Result:
        return delete(self.table, self.consumers, self.offsets, plan)

    def _delete_group(self, ticket: Ticket, group_id: str, now: int) -> Result:
        return delete_group(self.table, self.consumers, self.offsets, group_id)


_OPERATIONS: Final[Mapping[type, Callable[[GroupShard, Ticket, Any, int], Result]]] = {
    JoinGroupRequest: GroupShard._join,
    SyncGroupRequest: GroupShard._sync,
    HeartbeatRequest: GroupShard._heartbeat,
    LeaveGroupRequest: GroupShard._leave,
    ConsumerGroupHeartbeatRequest: GroupShard._consumer_heartbeat,
    CommitPlan: GroupShard._commit,
    TxnCommitPlan: GroupShard._commit_transactional,
    GroupFetch: GroupShard._fetch,
    DeletePlan: GroupShard._delete_offsets,
    str: GroupShard._delete_group,
}
