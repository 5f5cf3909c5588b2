"""ListGroups 0-5, DescribeGroups 0-6, DeleteGroups 0-2: groups as an administrator sees them.

Listing and describing look at the groups whose existence is committed.  Every group asked for is
answered: one that does not exist is Dead.

In Kafka: `GroupMetadataManager.listGroups`, `describeGroups`, `GroupCoordinatorShard.deleteGroups`.
"""

from typing import Final

from kafkalab.coordination import Result
from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.groups.classic import GroupState
from kafkalab.groups.consumer import ConsumerGroupTable
from kafkalab.groups.consumer.stored import group_tombstones
from kafkalab.groups.consumer_protocol import PROTOCOL_TYPE
from kafkalab.groups.group_table import GroupTable
from kafkalab.groups.members import Member
from kafkalab.groups.offset_table import OffsetTable
from kafkalab.groups.stored import group_tombstone, offset_tombstone
from kafkalab.protocol.messages.group_admin import (
    DeletableGroupResult,
    DescribedGroup,
    DescribedGroupMember,
    ListedGroup,
    ListGroupsRequest,
)

_CLASSIC: Final = "classic"
_CONSUMER: Final = "consumer"
#: From this version on a group that does not exist is an error.
_GROUP_ID_NOT_FOUND: Final = 6
#: READ, DELETE, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS: all there are, since nobody is refused.
_ALL_OPERATIONS: Final = 1 << 3 | 1 << 6 | 1 << 8 | 1 << 10 | 1 << 11
_NOT_ASKED: Final = -(1 << 31)


def list_groups(
    table: GroupTable,
    consumers: ConsumerGroupTable,
    offsets: OffsetTable,
    request: ListGroupsRequest,
) -> tuple[ListedGroup, ...]:
    """Those in one of these states and of one of these types; without filters all."""
    states = {state.strip().lower() for state in request.states_filter}
    types = {type_.strip().lower() for type_ in request.types_filter}
    listed = [
        ListedGroup(
            group_id=group_id,
            protocol_type=group.protocol_type or "",
            group_state=group.state.value,
            group_type=_CLASSIC,
        )
        for group_id, group in table.live.items()
        if _is_committed(table, offsets, group_id)
    ]
    listed += [
        ListedGroup(
            group_id=group_id,
            protocol_type=PROTOCOL_TYPE,
            group_state=consumer.state.value,
            group_type=_CONSUMER,
        )
        for group_id, consumer in consumers.committed.items()
    ]
    return tuple(
        one
        for one in listed
        if (not states or one.group_state.lower() in states)
        and (not types or one.group_type in types)
    )


def describe(
    table: GroupTable,
    offsets: OffsetTable,
    group_id: str,
    version: int,
    *,
    with_operations: bool,
) -> DescribedGroup:
    """One group, with its members; what they say is told while it is stable."""
    group = table.get(group_id)
    if group is None or not _is_committed(table, offsets, group_id):
        return _described_dead(group_id, version)
    is_stable = group.state is GroupState.STABLE
    protocol = group.protocol_name if is_stable else None
    return DescribedGroup(
        error_code=ErrorCode.NONE,
        group_id=group_id,
        group_state=group.state.value,
        protocol_type=group.protocol_type or "",
        protocol_data=protocol or "",
        members=tuple(_described(member, protocol) for member in group.members),
        authorized_operations=_ALL_OPERATIONS if with_operations else _NOT_ASKED,
    )


def describe_refused(group_id: str, error: ErrorCode) -> DescribedGroup:
    return DescribedGroup(error_code=error, group_id=group_id)


def delete_group(
    table: GroupTable, consumers: ConsumerGroupTable, offsets: OffsetTable, group_id: str
) -> Result:
    """Remove an empty group with all its offsets.  Raises `KafkaError`."""
    group = table.get(group_id)
    consumer = consumers.get(group_id)
    if group is None and consumer is None:
        raise KafkaError(ErrorCode.GROUP_ID_NOT_FOUND, group_id)
    if (group is not None and not group.is_empty) or (consumer is not None and consumer.members):
        raise KafkaError(ErrorCode.NON_EMPTY_GROUP, group_id)
    written = dict.fromkeys(key for key, _ in offsets.written_of(group_id))
    written.update(dict.fromkeys(offsets.unstable_of(group_id)))
    records = [offset_tombstone(key) for key in written]
    if consumer is not None:
        records += group_tombstones(consumer)
    else:
        records.append(group_tombstone(group_id))
    return Result(tuple(records), DeletableGroupResult(group_id=group_id))


def _is_committed(table: GroupTable, offsets: OffsetTable, group_id: str) -> bool:
    """A group without members has no record of its own, but offsets."""
    return group_id in table.metadata.committed or bool(offsets.committed_of(group_id))


def _described(member: Member, protocol: str | None) -> DescribedGroupMember:
    return DescribedGroupMember(
        member_id=member.member_id,
        group_instance_id=member.group_instance_id,
        client_id=member.client_id,
        client_host=member.client_host,
        member_metadata=member.metadata(protocol) if protocol is not None else b"",
        member_assignment=member.assignment,
    )


def _described_dead(group_id: str, version: int) -> DescribedGroup:
    is_error = version >= _GROUP_ID_NOT_FOUND
    return DescribedGroup(
        error_code=ErrorCode.GROUP_ID_NOT_FOUND if is_error else ErrorCode.NONE,
        error_message=f"Group {group_id} not found." if is_error else None,
        group_id=group_id,
        group_state=GroupState.DEAD.value,
    )
