"""ConsumerGroupHeartbeat 0-1: the one request of the consumer protocol (KIP-848).

    epoch 0    join         with topics, rebalance timeout, and no partitions
    epoch > 0  I am here    and, if it has changed: what I want, what I have
    epoch -1   leave        for good;  -2  a static member that will be back

Each heartbeat goes through the same four steps, and what each changes is a record: the member and
its subscription, the group epoch, the target, the member's own way to it.

Invariants: the same heartbeat twice is the same as once, but for the session (G8).

In Kafka: `GroupMetadataManager.consumerGroupHeartbeat`.
Read next: `members_in`, `regexes`, `targets`, `reconciling`, `leaving`.
"""

from dataclasses import replace
from typing import Final

from kafkalab.coordination import CoordinatorRecord, Result
from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.groups.assignors import SERVER_ASSIGNORS
from kafkalab.groups.consumer import regexes
from kafkalab.groups.consumer.group import ConsumerGroup
from kafkalab.groups.consumer.leaving import leave
from kafkalab.groups.consumer.member import (
    JOINING,
    LEAVING,
    LEAVING_STATIC,
    ConsumerMember,
    PartitionEpochs,
)
from kafkalab.groups.consumer.members_in import find_member
from kafkalab.groups.consumer.reconciling import Owned, Step, reconcile
from kafkalab.groups.consumer.stored import current_record, epoch_record, member_record
from kafkalab.groups.consumer.table import ConsumerGroupTable
from kafkalab.groups.consumer.targets import update_target
from kafkalab.groups.consumer.topics import metadata_hash
from kafkalab.ids import uuid_text
from kafkalab.node import Ticket
from kafkalab.protocol.messages.consumer_groups import (
    ConsumerGroupHeartbeatRequest,
    ConsumerGroupHeartbeatResponse,
    ConsumerGroupHeartbeatResponseAssignment,
    ConsumerGroupHeartbeatResponseTopicPartitions,
)

E = ErrorCode

#: From this version on a member brings its own id.
_MEMBER_ID_REQUIRED: Final = 1


def check_request(request: ConsumerGroupHeartbeatRequest, version: int) -> None:
    """INVALID_REQUEST, or UNSUPPORTED_ASSIGNOR, for what no member may say."""
    epoch = request.member_epoch
    for name, text in (
        ("GroupId", request.group_id),
        ("InstanceId", request.instance_id),
        ("RackId", request.rack_id),
        ("MemberId", request.member_id if _needs_id(version, epoch) else None),
    ):
        if text is not None and not text.strip():
            raise KafkaError(E.INVALID_REQUEST, f"{name} can't be empty.")
    if epoch == JOINING:
        if request.rebalance_timeout_ms == -1:
            reason = "RebalanceTimeoutMs must be provided in first request."
            raise KafkaError(E.INVALID_REQUEST, reason)
        if request.topic_partitions is None or request.topic_partitions:
            reason = "TopicPartitions must be empty when (re-)joining."
            raise KafkaError(E.INVALID_REQUEST, reason)
        if request.subscribed_topic_names is None and request.subscribed_topic_regex is None:
            reason = "SubscribedTopicNames or SubscribedTopicRegex must be set when (re-)joining."
            raise KafkaError(E.INVALID_REQUEST, reason)
    elif epoch == LEAVING_STATIC and request.instance_id is None:
        raise KafkaError(E.INVALID_REQUEST, "InstanceId can't be null.")
    elif epoch < LEAVING_STATIC:
        raise KafkaError(E.INVALID_REQUEST, "MemberEpoch is invalid.")
    if request.server_assignor is not None and request.server_assignor not in SERVER_ASSIGNORS:
        raise KafkaError(
            E.UNSUPPORTED_ASSIGNOR,
            f"ServerAssignor {request.server_assignor} is not supported. "
            f"Supported assignors: {', '.join(SERVER_ASSIGNORS)}.",
        )


def _needs_id(version: int, epoch: int) -> bool:
    return version >= _MEMBER_ID_REQUIRED or epoch > JOINING or epoch == LEAVING


def heartbeat(
    table: ConsumerGroupTable,
    ticket: Ticket,
    request: ConsumerGroupHeartbeatRequest,
    now: int,
    records: list[CoordinatorRecord],
) -> Result:
    """One heartbeat; `records` make room for the group.  Raises `KafkaError`: nothing changed."""
    if request.member_epoch in (LEAVING, LEAVING_STATIC):
        return leave(table, request)
    group = table.get(request.group_id)
    if group is None:
        if request.member_epoch != JOINING:
            table.known(request.group_id)
        group = ConsumerGroup(request.group_id)
    member_id = request.member_id or uuid_text(table.member_ids.uuid())
    _check_room(table, group, member_id)
    owned = _owned(request)
    before = find_member(group, request, member_id, owned, records)
    member = _updated(before, request, ticket)
    step = _prepare(table, group, before, member, owned, records, now)
    after = reconcile(member, step)
    if after != member:
        records.append(current_record(group.group_id, after))
        table.expect_revocation(group.group_id, after, now)
    table.expect_heartbeat(group.group_id, member_id, now)
    is_full = (
        request.rebalance_timeout_ms != -1
        and owned is not None
        and not (request.subscribed_topic_names is None and request.subscribed_topic_regex is None)
    )
    must_tell = request.member_epoch == JOINING or is_full or after.assigned != before.assigned
    response = ConsumerGroupHeartbeatResponse(
        member_id=member_id,
        member_epoch=after.epoch,
        heartbeat_interval_ms=table.config.int("group.consumer.heartbeat.interval.ms"),
        assignment=_assignment(after.assigned) if must_tell else None,
    )
    return Result(tuple(records), response)


def _check_room(table: ConsumerGroupTable, group: ConsumerGroup, member_id: str) -> None:
    size_max = table.config.int("group.consumer.max.size")
    if len(group.members) >= size_max and member_id not in group.members:
        reason = f"The consumer group has reached its maximum capacity of {size_max} members."
        raise KafkaError(E.GROUP_MAX_SIZE_REACHED, reason)


def _updated(
    member: ConsumerMember, request: ConsumerGroupHeartbeatRequest, ticket: Ticket
) -> ConsumerMember:
    """The member as it describes itself; what it leaves out is as before."""
    names = request.subscribed_topic_names
    regex = request.subscribed_topic_regex
    timeout_ms = request.rebalance_timeout_ms
    updated = replace(
        member,
        instance_id=request.instance_id or member.instance_id,
        rack_id=request.rack_id or member.rack_id,
        rebalance_timeout_ms=timeout_ms if timeout_ms != -1 else member.rebalance_timeout_ms,
        assignor=request.server_assignor or member.assignor,
        topics=frozenset(names) if names is not None else member.topics,
        regex=regex if regex is not None else member.regex,
        client_id=ticket.client_id or "",
        client_host=f"/{ticket.connection.client}",
    )
    return member if updated == member else updated


def _prepare(
    table: ConsumerGroupTable,
    group: ConsumerGroup,
    before: ConsumerMember,
    member: ConsumerMember,
    owned: Owned | None,
    records: list[CoordinatorRecord],
    now: int,
) -> Step:
    """Steps one to three: member, group epoch, target."""
    if member is not before or member.member_id not in group.members:
        records.append(member_record(group.group_id, member))
    has_new_names = member.topics != before.topics
    has_new_regex, is_resolved = regexes.update(table, group, before, member, records, now)
    epoch = group.epoch
    must_bump = has_new_names or (has_new_regex and is_resolved)
    if must_bump or group.must_refresh(now):
        members = {**group.members, member.member_id: member}
        hashed = metadata_hash(table, group.subscribed_topics(members.values()))
        if must_bump or hashed != group.metadata_hash:
            epoch += 1
            records.append(epoch_record(group.group_id, epoch, hashed))
        group.refresh_at(now + regexes.REFRESH_NEVER_MS, epoch)
    target_epoch, target = update_target(table, group, epoch, member, records, now)
    has_new_subscription = has_new_names or has_new_regex
    return Step(group, target_epoch, target, owned, has_new_subscription, table.image)


def _owned(request: ConsumerGroupHeartbeatRequest) -> Owned | None:
    if request.topic_partitions is None:
        return None
    owned: dict[bytes, tuple[int, ...]] = {}
    for each in request.topic_partitions:
        owned[each.topic_id] = (*owned.get(each.topic_id, ()), *each.partitions)
    return owned


def _assignment(assigned: PartitionEpochs) -> ConsumerGroupHeartbeatResponseAssignment:
    return ConsumerGroupHeartbeatResponseAssignment(
        topic_partitions=tuple(
            ConsumerGroupHeartbeatResponseTopicPartitions(
                topic_id=topic_id, partitions=tuple(partitions)
            )
            for topic_id, partitions in assigned.items()
        )
    )
