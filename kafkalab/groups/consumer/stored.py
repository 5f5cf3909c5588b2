"""What a consumer group looks like in `__consumer_offsets`, and back.

    ConsumerGroupMetadata                  3   group epoch, hash of the topics
    ConsumerGroupMemberMetadata            5   who a member is, what it wants
    ConsumerGroupTargetAssignmentMetadata  6   assignment epoch
    ConsumerGroupTargetAssignmentMember    7   what a member should have
    ConsumerGroupCurrentMemberAssignment   8   member epoch, what it has and is giving up
    ConsumerGroupRegularExpression        16   the topics a pattern matched

In Kafka: `GroupCoordinatorRecordHelpers`, `ConsumerGroupMember.Builder.updateWith`.
"""

from collections.abc import Iterator
from dataclasses import replace

from kafkalab.coordination import CoordinatorRecord
from kafkalab.groups import records as r
from kafkalab.groups.assignors import Assignment
from kafkalab.groups.consumer.group import ConsumerGroup, ResolvedRegex
from kafkalab.groups.consumer.member import ConsumerMember, MemberState, PartitionEpochs


def epoch_record(group_id: str, epoch: int, metadata_hash: int) -> CoordinatorRecord:
    value = r.ConsumerGroupMetadataValue(epoch=epoch, metadata_hash=metadata_hash)
    return CoordinatorRecord(r.ConsumerGroupMetadataKey(group_id=group_id), value)


def member_record(group_id: str, member: ConsumerMember) -> CoordinatorRecord:
    value = r.ConsumerGroupMemberMetadataValue(
        instance_id=member.instance_id,
        rack_id=member.rack_id,
        client_id=member.client_id,
        client_host=member.client_host,
        subscribed_topic_names=tuple(sorted(member.topics)),
        subscribed_topic_regex=member.regex,
        rebalance_timeout_ms=member.rebalance_timeout_ms,
        server_assignor=member.assignor,
    )
    key = r.ConsumerGroupMemberMetadataKey(group_id=group_id, member_id=member.member_id)
    return CoordinatorRecord(key, value)


def current_record(group_id: str, member: ConsumerMember) -> CoordinatorRecord:
    value = r.ConsumerGroupCurrentMemberAssignmentValue(
        member_epoch=member.epoch,
        previous_member_epoch=member.previous_epoch,
        state=member.state.value,
        assigned_partitions=_stored(member.assigned),
        partitions_pending_revocation=_stored(member.revoking),
    )
    key = r.ConsumerGroupCurrentMemberAssignmentKey(group_id=group_id, member_id=member.member_id)
    return CoordinatorRecord(key, value)


def target_record(group_id: str, member_id: str, target: Assignment) -> CoordinatorRecord:
    value = r.ConsumerGroupTargetAssignmentMemberValue(
        topic_partitions=tuple(
            r.TopicPartition(topic_id=topic_id, partitions=partitions)
            for topic_id, partitions in target.items()
        )
    )
    key = r.ConsumerGroupTargetAssignmentMemberKey(group_id=group_id, member_id=member_id)
    return CoordinatorRecord(key, value)


def target_epoch_record(group_id: str, epoch: int, timestamp: int) -> CoordinatorRecord:
    value = r.ConsumerGroupTargetAssignmentMetadataValue(
        assignment_epoch=epoch, assignment_timestamp=timestamp
    )
    return CoordinatorRecord(r.ConsumerGroupTargetAssignmentMetadataKey(group_id=group_id), value)


def regex_record(group_id: str, regex: str, resolved: ResolvedRegex | None) -> CoordinatorRecord:
    key = r.ConsumerGroupRegularExpressionKey(group_id=group_id, regular_expression=regex)
    if resolved is None:
        return CoordinatorRecord(key, None)
    value = r.ConsumerGroupRegularExpressionValue(
        topics=tuple(sorted(resolved.topics)),
        version=resolved.version,
        timestamp=resolved.timestamp,
    )
    return CoordinatorRecord(key, value)


def member_tombstones(group_id: str, member_id: str) -> Iterator[CoordinatorRecord]:
    """A member goes; the order matters to those who read them."""
    for key in (
        r.ConsumerGroupCurrentMemberAssignmentKey(group_id=group_id, member_id=member_id),
        r.ConsumerGroupTargetAssignmentMemberKey(group_id=group_id, member_id=member_id),
        r.ConsumerGroupMemberMetadataKey(group_id=group_id, member_id=member_id),
    ):
        yield CoordinatorRecord(key, None)


def group_tombstones(group: ConsumerGroup) -> Iterator[CoordinatorRecord]:
    """An empty group goes."""
    assert not group.members, group.group_id
    group_id = group.group_id
    key = r.ConsumerGroupTargetAssignmentMetadataKey(group_id=group_id)
    yield CoordinatorRecord(key, None)
    for regex in group.regexes:
        yield regex_record(group_id, regex, None)
    yield CoordinatorRecord(r.ConsumerGroupMetadataKey(group_id=group_id), None)


def with_metadata(
    member: ConsumerMember, value: r.ConsumerGroupMemberMetadataValue
) -> ConsumerMember:
    """The member as the record describes it; where it stands is told by another record."""
    return replace(
        member,
        instance_id=value.instance_id,
        rack_id=value.rack_id,
        client_id=value.client_id,
        client_host=value.client_host,
        topics=frozenset(value.subscribed_topic_names),
        regex=value.subscribed_topic_regex,
        rebalance_timeout_ms=value.rebalance_timeout_ms,
        assignor=value.server_assignor,
    )


def with_current(
    member: ConsumerMember, value: r.ConsumerGroupCurrentMemberAssignmentValue
) -> ConsumerMember:
    """The member where the record says it stands."""
    known = value.state in (state.value for state in MemberState)
    return replace(
        member,
        epoch=value.member_epoch,
        previous_epoch=value.previous_member_epoch,
        state=MemberState(value.state) if known else MemberState.UNKNOWN,
        assigned=_restored(value.assigned_partitions, value.member_epoch),
        revoking=_restored(value.partitions_pending_revocation, value.member_epoch),
    )


def restored_target(value: r.ConsumerGroupTargetAssignmentMemberValue) -> Assignment:
    return {each.topic_id: tuple(sorted(each.partitions)) for each in value.topic_partitions}


def restored_regex(value: r.ConsumerGroupRegularExpressionValue) -> ResolvedRegex:
    return ResolvedRegex(frozenset(value.topics), value.version, value.timestamp)


def _stored(partitions: PartitionEpochs) -> tuple[r.TopicPartitions, ...]:
    return tuple(
        r.TopicPartitions(
            topic_id=topic_id,
            partitions=tuple(epochs),
            assignment_epochs=tuple(epochs.values()),
        )
        for topic_id, epochs in partitions.items()
    )


def _restored(stored: tuple[r.TopicPartitions, ...], member_epoch: int) -> PartitionEpochs:
    """Older records have no epochs: the member's own, then (never one of those that leave)."""
    restored: dict[bytes, dict[int, int]] = {}
    for each in stored:
        epochs = each.assignment_epochs
        if epochs is None or len(epochs) != len(each.partitions):
            epochs = (max(member_epoch, 0),) * len(each.partitions)
        restored[each.topic_id] = dict(zip(each.partitions, epochs, strict=True))
    return restored
