"""The consumer groups of one partition of `__consumer_offsets`, in two views.

    written    by which the coordinator decides      the replay of all records in the log
    committed  which it tells others                 the replay of those no failover can undo

Nothing but records changes a group, so both views are one function of one log, at two offsets
(G7).  Timers and the events of the trace come from the written view, once the log is loaded.

Invariants: `_waiting` holds the records between the views, by offset.

In Kafka: the consumer part of `GroupMetadataManager`, and its `replay`.
Read next: `heartbeat`.
"""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final, Self

from kafkalab.chance import Stream
from kafkalab.config import Config
from kafkalab.coordination import CoordinatorRecord
from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.groups import records as r
from kafkalab.groups.consumer import stored
from kafkalab.groups.consumer.events import Teller
from kafkalab.groups.consumer.group import ConsumerGroup
from kafkalab.groups.consumer.member import LEAVING, NO_PARTITIONS, ConsumerMember
from kafkalab.groups.group_table import Alarm, AlarmKind
from kafkalab.metadata import MetadataDelta, MetadataImage
from kafkalab.node import Effects
from kafkalab.timers import Timers

Groups = dict[str, ConsumerGroup]


class ConsumerGroupTable:
    """See the module's docstring.  `alarms` and `member_ids` are the shard's."""

    def __init__(
        self,
        config: Config,
        effects: Effects,
        alarms: Timers[Alarm],
        member_ids: Stream,
        image: MetadataImage,
    ) -> None:
        self.config = config
        self.alarms = alarms
        self.member_ids = member_ids
        self.image = image
        #: The offset of the metadata in which topics were last created.
        self.new_topics_version = image.offset
        self.written: Groups = {}
        self.committed: Groups = {}
        self.teller = Teller(effects)
        self._waiting: deque[tuple[int, CoordinatorRecord]] = deque()
        #: Hashes of topics as they were when they were last asked for.
        self.topic_hashes: dict[str, tuple[Any, int]] = {}

    def get(self, group_id: str) -> ConsumerGroup | None:
        return self.written.get(group_id)

    def known(self, group_id: str) -> ConsumerGroup:
        """Or GROUP_ID_NOT_FOUND."""
        group = self.written.get(group_id)
        if group is None:
            raise KafkaError(ErrorCode.GROUP_ID_NOT_FOUND, f"Consumer group {group_id} not found.")
        return group

    # --- the log ------------------------------------------------------------------------------
    def replay(self, record: CoordinatorRecord, offset: int, *, is_loading: bool) -> None:
        """The record at `offset` changes the written view now, the committed one later."""
        key: Any = record.key
        before = self.written.get(key.group_id)
        if not is_loading:
            self.teller.before(key.group_id, before)
        _REPLAY[type(key)](self.written, key, record.value)
        self._waiting.append((offset, record))

    def commit(self, high_watermark: int) -> None:
        waiting = self._waiting
        while waiting and waiting[0][0] < high_watermark:
            record: Any = waiting.popleft()[1]
            _REPLAY[type(record.key)](self.committed, record.key, record.value)

    def tell_changes(self) -> None:
        """Put what has changed since the last time into the trace."""
        self.teller.tell(self.written, self.image)

    def on_metadata(self, image: MetadataImage, delta: MetadataDelta) -> None:
        """Groups whose topics have changed look at them at their next heartbeat."""
        before, self.image = self.image, image
        if self.new_topics_version < 0 or any(
            topic not in before.topics for topic in delta.changed_topics
        ):
            self.new_topics_version = image.offset
        changed = {partition.topic for partition in delta.changed_partitions}
        changed |= delta.changed_topics.keys() | delta.deleted_topics.keys()
        if not changed:
            return
        for group in self.written.values():
            if not changed.isdisjoint(group.subscribed_topics()):
                group.refresh_due = 0

    # --- time ---------------------------------------------------------------------------------
    def begin_sessions(self, now: int) -> None:
        """After loading: every member gets its whole session timeout."""
        for group in self.written.values():
            for member in group.members.values():
                self.expect_heartbeat(group.group_id, member.member_id, now)
                self.expect_revocation(group.group_id, member, now)

    def expect_heartbeat(self, group_id: str, member_id: str, now: int) -> None:
        timeout_ms = self.config.int("group.consumer.session.timeout.ms")
        self.alarms.set(Alarm(AlarmKind.MEMBER_SESSION, group_id, member_id), now + timeout_ms)

    def expect_revocation(self, group_id: str, member: ConsumerMember, now: int) -> None:
        """It has its rebalance timeout to give up what it must; if there is something."""
        alarm = Alarm(AlarmKind.REVOCATION, group_id, member.member_id)
        if member.revoking:
            self.alarms.set(alarm, now + member.rebalance_timeout_ms)
        else:
            self.alarms.cancel(alarm)

    def forget_member(self, group_id: str, member_id: str) -> None:
        """Nothing is expected of it any more."""
        self.alarms.cancel(Alarm(AlarmKind.MEMBER_SESSION, group_id, member_id))
        self.alarms.cancel(Alarm(AlarmKind.REVOCATION, group_id, member_id))

    def fork(self, effects: Effects, alarms: Timers[Alarm], member_ids: Stream) -> Self:
        other = type(self)(self.config, effects, alarms, member_ids, self.image)
        other.new_topics_version = self.new_topics_version
        other.written = {key: group.fork() for key, group in self.written.items()}
        other.committed = {key: group.fork() for key, group in self.committed.items()}
        other.teller = self.teller.fork(effects)
        other._waiting = self._waiting.copy()
        other.topic_hashes = self.topic_hashes.copy()
        return other


def _group(groups: Groups, group_id: str) -> ConsumerGroup:
    group = groups.get(group_id)
    if group is None:
        group = groups[group_id] = ConsumerGroup(group_id)
    return group


def _replay_epoch(groups: Groups, key: Any, value: Any) -> None:
    if value is None:
        groups.pop(key.group_id, None)
    else:
        _group(groups, key.group_id).set_epoch(value.epoch, value.metadata_hash)


def _replay_member(groups: Groups, key: Any, value: Any) -> None:
    if value is None:
        group = groups.get(key.group_id)
        if group is not None:
            group.remove_member(key.member_id)
        return
    group = _group(groups, key.group_id)
    before = group.members.get(key.member_id) or ConsumerMember(key.member_id)
    group.update_member(stored.with_metadata(before, value))


def _replay_current(groups: Groups, key: Any, value: Any) -> None:
    if value is not None:
        group = _group(groups, key.group_id)
        before = group.members.get(key.member_id) or ConsumerMember(key.member_id)
        group.update_member(stored.with_current(before, value))
        return
    known = groups.get(key.group_id)
    member = known.members.get(key.member_id) if known is not None else None
    if known is not None and member is not None:
        leaves = r.ConsumerGroupCurrentMemberAssignmentValue(
            member_epoch=LEAVING,
            previous_member_epoch=LEAVING,
            state=member.state.value,
            assigned_partitions=(),
            partitions_pending_revocation=(),
        )
        known.update_member(stored.with_current(member, leaves))
        assert known.members[key.member_id].assigned == NO_PARTITIONS


def _replay_target_epoch(groups: Groups, key: Any, value: Any) -> None:
    if value is not None:
        epoch, timestamp = value.assignment_epoch, value.assignment_timestamp
        _group(groups, key.group_id).set_assignment_epoch(epoch, timestamp)
    elif key.group_id in groups:
        groups[key.group_id].set_assignment_epoch(-1, 0)


def _replay_target(groups: Groups, key: Any, value: Any) -> None:
    if value is not None:
        _group(groups, key.group_id).set_target(key.member_id, stored.restored_target(value))
    elif key.group_id in groups:
        groups[key.group_id].set_target(key.member_id, None)


def _replay_regex(groups: Groups, key: Any, value: Any) -> None:
    resolved = stored.restored_regex(value) if value is not None else None
    if resolved is not None or key.group_id in groups:
        _group(groups, key.group_id).resolve(key.regular_expression, resolved)


_REPLAY: Final[Mapping[type, Callable[[Groups, Any, Any], None]]] = {
    r.ConsumerGroupMetadataKey: _replay_epoch,
    r.ConsumerGroupMemberMetadataKey: _replay_member,
    r.ConsumerGroupTargetAssignmentMetadataKey: _replay_target_epoch,
    r.ConsumerGroupTargetAssignmentMemberKey: _replay_target,
    r.ConsumerGroupCurrentMemberAssignmentKey: _replay_current,
    r.ConsumerGroupRegularExpressionKey: _replay_regex,
}
