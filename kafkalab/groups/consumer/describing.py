"""ConsumerGroupDescribe 0-1: consumer groups as an administrator sees them, as far as committed.

What a member has includes what it is giving up: it answers for that until it has let go.

In Kafka: `ConsumerGroup.asDescribedGroup`, `ConsumerGroupMember.asConsumerGroupDescribeMember`.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from kafkalab.errors import ErrorCode
from kafkalab.groups.assignors import NOTHING_ASSIGNED
from kafkalab.groups.consumer.group import ConsumerGroup
from kafkalab.groups.consumer.member import ConsumerMember
from kafkalab.groups.consumer.table import ConsumerGroupTable
from kafkalab.groups.consumer.targets import preferred_assignor
from kafkalab.ids import Uuid
from kafkalab.metadata import MetadataImage
from kafkalab.protocol.messages.consumer_groups import (
    ConsumerGroupDescribeResponseAssignment,
    ConsumerGroupDescribeResponseTopicPartitions,
    DescribedGroup,
    Member,
)

#: READ, DELETE, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS: all there are, since nobody is refused.
_ALL_OPERATIONS: Final = 1 << 3 | 1 << 6 | 1 << 8 | 1 << 10 | 1 << 11
_NOT_ASKED: Final = -(1 << 31)
_CONSUMER_MEMBER: Final = 1  # 0: one that speaks the classic protocol


def describe(table: ConsumerGroupTable, group_id: str, *, with_operations: bool) -> DescribedGroup:
    """One group; GROUP_ID_NOT_FOUND stands in the answer."""
    group = table.committed.get(group_id)
    if group is None:
        reason = f"Group {group_id} is not a consumer group."
        return refused(group_id, ErrorCode.GROUP_ID_NOT_FOUND, reason)
    return DescribedGroup(
        error_code=ErrorCode.NONE,
        group_id=group_id,
        group_state=group.state.value,
        group_epoch=group.epoch,
        assignment_epoch=group.assignment_epoch,
        assignor_name=preferred_assignor(group.members),
        members=tuple(_member(group, each, table.image) for each in group.members.values()),
        authorized_operations=_ALL_OPERATIONS if with_operations else _NOT_ASKED,
    )


def refused(group_id: str, error: ErrorCode, reason: str | None = None) -> DescribedGroup:
    return DescribedGroup(
        error_code=error,
        error_message=reason,
        group_id=group_id,
        group_state="",
        group_epoch=0,
        assignment_epoch=0,
        assignor_name="",
        members=(),
    )


def _member(group: ConsumerGroup, member: ConsumerMember, image: MetadataImage) -> Member:
    has: dict[Uuid, list[int]] = {}
    for partitions in (member.assigned, member.revoking):
        for topic_id, numbers in partitions.items():
            has.setdefault(topic_id, []).extend(numbers)
    target = group.targets.get(member.member_id, NOTHING_ASSIGNED)
    return Member(
        member_id=member.member_id,
        instance_id=member.instance_id,
        rack_id=member.rack_id,
        member_epoch=member.epoch,
        client_id=member.client_id,
        client_host=member.client_host,
        subscribed_topic_names=tuple(sorted(member.topics)),
        subscribed_topic_regex=member.regex,
        assignment=_assignment(has, image),
        target_assignment=_assignment(target, image),
        member_type=_CONSUMER_MEMBER,
    )


def _assignment(
    partitions: Mapping[Uuid, Iterable[int]], image: MetadataImage
) -> ConsumerGroupDescribeResponseAssignment:
    known = image.topics_by_id
    return ConsumerGroupDescribeResponseAssignment(
        topic_partitions=tuple(
            ConsumerGroupDescribeResponseTopicPartitions(
                topic_id=topic_id,
                topic_name=known[topic_id].name,
                partitions=tuple(sorted(numbers)),
            )
            for topic_id, numbers in partitions.items()
            if topic_id in known
        )
    )
