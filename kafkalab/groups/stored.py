"""What a group and an offset look like in `__consumer_offsets`, and back.

Of a classic group only two of its states are written: Empty, and Stable with the assignment.  A
group that commits offsets without having members (a *simple* group) has no record of its own.

In Kafka: `GroupCoordinatorRecordHelpers`, `GroupMetadataManager.replay`, `OffsetAndMetadata`.
Read next: `group_table` and `offset_table`, which are made of these records.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from kafkalab.coordination import CoordinatorRecord, RecordTypes
from kafkalab.groups import records as r
from kafkalab.groups.classic import ClassicGroup, GroupState
from kafkalab.groups.members import Member
from kafkalab.groups.records import (
    GroupMetadataKey,
    GroupMetadataValue,
    MemberMetadata,
    OffsetCommitKey,
    OffsetCommitValue,
)
from kafkalab.ids import ZERO_UUID, Uuid
from kafkalab.protocol.messages.classic_groups import JoinGroupRequestProtocol

OFFSETS_TOPIC: Final = "__consumer_offsets"

#: What this coordinator reads; records of share and streams groups are passed over.
RECORD_TYPES: Final[RecordTypes] = {
    key.API_KEY: (key, value)
    for key, value in (
        (OffsetCommitKey, OffsetCommitValue),
        (GroupMetadataKey, GroupMetadataValue),
        (r.ConsumerGroupMetadataKey, r.ConsumerGroupMetadataValue),
        (r.ConsumerGroupMemberMetadataKey, r.ConsumerGroupMemberMetadataValue),
        (
            r.ConsumerGroupTargetAssignmentMetadataKey,
            r.ConsumerGroupTargetAssignmentMetadataValue,
        ),
        (r.ConsumerGroupTargetAssignmentMemberKey, r.ConsumerGroupTargetAssignmentMemberValue),
        (r.ConsumerGroupCurrentMemberAssignmentKey, r.ConsumerGroupCurrentMemberAssignmentValue),
        (r.ConsumerGroupRegularExpressionKey, r.ConsumerGroupRegularExpressionValue),
    )
}

_GROUP_VERSION: Final = 3
_OFFSET_VERSION: Final = 4
_EXPIRING_OFFSET_VERSION: Final = 1  # the only one with a time to expire at


class OffsetKey(NamedTuple):
    """Whose offset, in which partition."""

    group_id: str
    topic: str
    partition: int


@dataclass(frozen=True, slots=True)
class StoredOffset:
    """One committed offset.  Times in milliseconds; `expire_timestamp` is -1 but for old clients.

    `topic_id` is zero in records of old brokers.
    """

    offset: int
    leader_epoch: int
    metadata: str
    commit_timestamp: int
    expire_timestamp: int = -1
    topic_id: Uuid = ZERO_UUID


def new_group_record(group: ClassicGroup) -> CoordinatorRecord:
    """That a group exists, and nobody has been in it."""
    timestamp = -1 if group.state_timestamp is None else group.state_timestamp
    value = GroupMetadataValue(protocol=None, leader=None, current_state_timestamp=timestamp)
    return CoordinatorRecord(GroupMetadataKey(group=group.group_id), value, _GROUP_VERSION)


def group_record(group: ClassicGroup, assignment: Mapping[str, bytes]) -> CoordinatorRecord:
    """A generation: its members, what they said and what each was assigned."""
    value = GroupMetadataValue(
        protocol_type=group.protocol_type or "",
        generation=group.generation,
        protocol=group.protocol_name,
        leader=group.leader_id,
        current_state_timestamp=-1 if group.state_timestamp is None else group.state_timestamp,
        members=tuple(
            _stored_member(member, group.protocol_name, assignment[member.member_id])
            for member in group.members
        ),
    )
    return CoordinatorRecord(GroupMetadataKey(group=group.group_id), value, _GROUP_VERSION)


def group_tombstone(group_id: str) -> CoordinatorRecord:
    return CoordinatorRecord(GroupMetadataKey(group=group_id), None)


def restored_group(group_id: str, value: GroupMetadataValue) -> ClassicGroup:
    """The group of a record: Stable with its members, or Empty."""
    timestamp = value.current_state_timestamp
    group = ClassicGroup(group_id, None if timestamp < 0 else timestamp)
    group.generation = value.generation
    group.protocol_type = value.protocol_type or None
    group.protocol_name = value.protocol
    group.leader_id = value.leader
    for stored in value.members:
        group.add(_restored_member(stored, value))
    if value.members:
        group.state = GroupState.STABLE
    group.refresh_subscribed_topics()
    return group


def offset_record(key: OffsetKey, stored: StoredOffset) -> CoordinatorRecord:
    value = OffsetCommitValue(
        offset=stored.offset,
        leader_epoch=stored.leader_epoch,
        metadata=stored.metadata,
        commit_timestamp=stored.commit_timestamp,
        expire_timestamp=stored.expire_timestamp,
        topic_id=stored.topic_id,
    )
    version = _OFFSET_VERSION if stored.expire_timestamp < 0 else _EXPIRING_OFFSET_VERSION
    return CoordinatorRecord(_offset_key(key), value, version)


def offset_tombstone(key: OffsetKey) -> CoordinatorRecord:
    return CoordinatorRecord(_offset_key(key), None)


def restored_offset(value: OffsetCommitValue) -> StoredOffset:
    return StoredOffset(
        value.offset,
        value.leader_epoch,
        value.metadata,
        value.commit_timestamp,
        value.expire_timestamp,
        value.topic_id,
    )


def _offset_key(key: OffsetKey) -> OffsetCommitKey:
    return OffsetCommitKey(group=key.group_id, topic=key.topic, partition=key.partition)


def _stored_member(member: Member, protocol: str | None, assignment: bytes) -> MemberMetadata:
    assert protocol is not None, member
    return MemberMetadata(
        member_id=member.member_id,
        group_instance_id=member.group_instance_id,
        client_id=member.client_id,
        client_host=member.client_host,
        rebalance_timeout=member.rebalance_timeout_ms,
        session_timeout=member.session_timeout_ms,
        subscription=member.metadata(protocol),
        assignment=assignment,
    )


def _restored_member(stored: MemberMetadata, value: GroupMetadataValue) -> Member:
    rebalance_ms = stored.rebalance_timeout
    return Member(
        member_id=stored.member_id,
        group_instance_id=stored.group_instance_id,
        client_id=stored.client_id,
        client_host=stored.client_host,
        rebalance_timeout_ms=stored.session_timeout if rebalance_ms == -1 else rebalance_ms,
        session_timeout_ms=stored.session_timeout,
        protocol_type=value.protocol_type,
        protocols=(
            JoinGroupRequestProtocol(name=value.protocol or "", metadata=stored.subscription),
        ),
        assignment=stored.assignment,
    )
