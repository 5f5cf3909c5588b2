"""G8 of KIP-848, by asking: what a coordinator would answer to the same heartbeat twice.

    a coordinator's log ──read by a copy──▶ heartbeat ──▶ the group changes; an answer
                                            the same  ──▶ it does not; the same answer

Nobody in the run notices: the copy is thrown away.  Each member says what its coordinator believes
it has, in full, as a client does whose last answer was lost.  One that has been asked to give
partitions up says that it still has them: then its epoch must not move.

Left out: a member's previous epoch.  One that waits for partitions gets one more record, as in
Kafka, by which it is its epoch (`CurrentAssignmentBuilder`, `updateMemberEpoch`).

Read next: `groups.consumer.reconciling`, which is judged here; `group_invariants`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from kafkalab.errors import KafkaError
from kafkalab.groups.consumer.group import ConsumerGroup
from kafkalab.groups.consumer.member import ConsumerMember, PartitionEpochs
from kafkalab.groups.shard import GroupShard
from kafkalab.ids import ConnectionId, Uuid
from kafkalab.node import Ticket
from kafkalab.protocol.messages.consumer_groups import (
    ConsumerGroupHeartbeatRequest,
    ConsumerGroupHeartbeatRequestTopicPartitions,
    ConsumerGroupHeartbeatResponse,
)

Complaints = Iterator[str]
_VERSION: Final = 1


def judged(shard: GroupShard, now: int) -> Complaints:
    """Each member of each group of KIP-848 there; `shard` is a copy, and changes."""
    for group_id, group in shard.consumers.written.items():
        for member in list(group.members.values()):
            request = _still_there(group_id, member)
            first = _ask(shard, member, request, now)
            once = _contents(shard.consumers.written[group_id])
            again = _ask(shard, member, request, now)
            twice = _contents(shard.consumers.written[group_id])
            where = f"group {group_id}: {member.member_id} in epoch {member.epoch}"
            if isinstance(first, str) or isinstance(again, str):
                yield f"{where} is told {first}, then {again}"
            elif first != again:
                yield f"{where} is told {first}, and when it says the same again {again}"
            elif once != twice:
                yield f"{where} says the same twice, and the group is {twice} after {once}"
            elif member.revoking and first.member_epoch != member.epoch:
                yield f"{where} has not let go of {member.revoking}, and is told {first}"


def _contents(group: ConsumerGroup) -> tuple[int, int, dict[str, ConsumerMember], dict[str, Any]]:
    members = {id: replace(each, previous_epoch=-1) for id, each in group.members.items()}
    return group.epoch, group.assignment_epoch, members, dict(group.targets)


def _still_there(group_id: str, member: ConsumerMember) -> ConsumerGroupHeartbeatRequest:
    return ConsumerGroupHeartbeatRequest(
        group_id=group_id,
        member_id=member.member_id,
        member_epoch=member.epoch,
        instance_id=member.instance_id,
        rack_id=member.rack_id,
        rebalance_timeout_ms=member.rebalance_timeout_ms,
        subscribed_topic_names=tuple(sorted(member.topics)),
        subscribed_topic_regex=member.regex,
        server_assignor=member.assignor,
        topic_partitions=_owned(member.assigned, member.revoking),
    )


def _owned(
    assigned: PartitionEpochs, revoking: PartitionEpochs
) -> tuple[ConsumerGroupHeartbeatRequestTopicPartitions, ...]:
    owned: dict[Uuid, Mapping[int, int]] = dict(assigned)
    for topic_id, partitions in revoking.items():
        owned[topic_id] = {**owned.get(topic_id, {}), **partitions}
    return tuple(
        ConsumerGroupHeartbeatRequestTopicPartitions(
            topic_id=topic_id, partitions=tuple(partitions)
        )
        for topic_id, partitions in owned.items()
    )


def _ask(
    shard: GroupShard, member: ConsumerMember, request: ConsumerGroupHeartbeatRequest, now: int
) -> ConsumerGroupHeartbeatResponse | str:
    """The answer, or the error; what is written is read at once."""
    connection = ConnectionId(member.client_host.removeprefix("/"), "", 0)
    ticket = Ticket(connection, 0, request.API_KEY, _VERSION, member.client_id)
    try:
        result = shard.handle(ticket, request, now)
    except KafkaError as error:
        return error.code.name
    for record in result.records:
        shard.replay(record, -1, -1)
    assert isinstance(result.response, ConsumerGroupHeartbeatResponse)
    return result.response
