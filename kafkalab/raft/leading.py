"""What a leader does: append, answer Fetch and FetchSnapshot, count who has what.

A fetch that finds nothing new waits here, up to its `max_wait_ms`; the next append, or a high
watermark that moves, wakes it.  So news travels in one trip, and an idle cluster says little.

A fetch from an offset says that everything below it is on that voter's disk: it is vote and
acknowledgement in one, and moves the high watermark.

In Kafka: `KafkaRaftClient.handleFetchRequest`, `handleFetchSnapshotRequest`,
`handleDescribeQuorumRequest`, `onUpdateLeaderHighWatermark`.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from kafkalab.errors import ErrorCode
from kafkalab.ids import NO_NODE, NodeId
from kafkalab.node import Ticket
from kafkalab.protocol.messages import quorum as q
from kafkalab.protocol.messages import snapshots as s
from kafkalab.protocol.messages.fetch import FetchPartition, FetchRequest, FetchResponse
from kafkalab.raft import messages
from kafkalab.raft.quorum import Quorum
from kafkalab.raft.roles import Leader
from kafkalab.raft.roles.leader import Replica
from kafkalab.raft.snapshot import SnapshotId
from kafkalab.record import Records

# --- writing


def append(quorum: Quorum, leader: Leader, records: tuple[Any, ...], now: int) -> int:
    """One atomic batch; its last offset."""
    last_offset = quorum.log.append(records, leader.epoch, quorum.effects.clock.at(now))
    appended(quorum, leader)
    return last_offset


def appended(quorum: Quorum, leader: Leader) -> None:
    """There is more in the log: it may be committed at once (a single voter), and is news."""
    _advance(quorum, leader)
    _wake(quorum, leader)


def _advance(quorum: Quorum, leader: Leader) -> bool:
    if not leader.advance(quorum.log.end_offset):
        return False
    quorum.log.advance_high_watermark(leader.high_watermark)
    return True


def _wake(quorum: Quorum, leader: Leader) -> None:
    leader.idle_answer = None
    parked, leader.parked = leader.parked, {}
    for ticket, partition in parked.items():
        leader.timers.cancel(ticket)
        quorum.effects.reply(ticket, _answer(quorum, leader, partition))


# --- Fetch


def handle_fetch(quorum: Quorum, ticket: Ticket, request: FetchRequest, now: int) -> None:
    """Answer a follower, or let it wait for news; say who leads, if it is not this node."""
    partition = messages.fetch_partition(request)
    if partition is None:
        quorum.effects.reply(ticket, FetchResponse(error_code=ErrorCode.INVALID_REQUEST))
        return
    error = _misdirected(quorum, partition.current_leader_epoch)
    leader = quorum.role
    if error is not None or not isinstance(leader, Leader):
        answer = messages.fetch_response(
            quorum.leader_and_epoch, error=error or ErrorCode.NOT_LEADER_OR_FOLLOWER
        )
        quorum.effects.reply(ticket, answer)
        return
    node = request.replica_state.replica_id
    if quorum.log.validate(partition.fetch_offset, partition.last_fetched_epoch) is None:
        _note_fetch(quorum, leader, node, partition.fetch_offset, now)
    if request.max_wait_ms > 0 and _has_nothing_for(quorum, leader, partition):
        leader.parked[ticket] = partition
        leader.timers.set(ticket, now + request.max_wait_ms)
    else:
        quorum.effects.reply(ticket, _answer(quorum, leader, partition))


def _misdirected(quorum: Quorum, epoch: int) -> ErrorCode | None:
    if epoch < quorum.epoch:
        return ErrorCode.FENCED_LEADER_EPOCH
    if epoch > quorum.epoch:
        return ErrorCode.UNKNOWN_LEADER_EPOCH
    return None if isinstance(quorum.role, Leader) else ErrorCode.NOT_LEADER_OR_FOLLOWER


def _note_fetch(quorum: Quorum, leader: Leader, node: NodeId, offset: int, now: int) -> None:
    """A replica has everything below `offset`: that may commit entries."""
    if node in (NO_NODE, quorum.node_id):
        return
    leader.note_fetch(node, offset, quorum.log.end_offset, now)
    note_contact(quorum, leader, node, now)
    if node in leader.voters and _advance(quorum, leader):
        _wake(quorum, leader)


def note_contact(quorum: Quorum, leader: Leader, node: NodeId, now: int) -> None:
    """A follower was heard; with a majority of them this node may go on leading."""
    if leader.check_quorum_due is not None and leader.note_contact(node):
        leader.check_quorum_due = now + quorum.check_quorum_timeout_ms


def _has_nothing_for(quorum: Quorum, leader: Leader, partition: FetchPartition) -> bool:
    log = quorum.log
    return (
        partition.fetch_offset == log.end_offset
        and partition.last_fetched_epoch == log.last_epoch
        and partition.high_watermark >= leader.high_watermark
    )


def _answer(quorum: Quorum, leader: Leader, partition: FetchPartition) -> FetchResponse:
    log = quorum.log
    if _has_nothing_for(quorum, leader, partition):
        if leader.idle_answer is None:
            leader.idle_answer = messages.fetch_response(
                quorum.leader_and_epoch,
                high_watermark=leader.high_watermark,
                log_start_offset=log.start_offset,
            )
        return leader.idle_answer
    go_on = log.validate(partition.fetch_offset, partition.last_fetched_epoch)
    max_bytes = quorum.config.int("controller.quorum.fetch.max.bytes")
    records = log.read(partition.fetch_offset, max_bytes) if go_on is None else Records.EMPTY
    return messages.fetch_response(
        quorum.leader_and_epoch,
        high_watermark=leader.high_watermark,
        log_start_offset=log.start_offset,
        go_on=go_on,
        records=records,
    )


def expire(quorum: Quorum, leader: Leader, now: int) -> None:
    """Answer the fetches that have waited long enough."""
    for ticket in leader.timers.pop_due(now):
        quorum.effects.reply(ticket, _answer(quorum, leader, leader.parked.pop(ticket)))


# --- FetchSnapshot


def handle_fetch_snapshot(
    quorum: Quorum, request: s.FetchSnapshotRequest, now: int
) -> s.FetchSnapshotResponse:
    """The bytes of a snapshot from a position on."""
    asked: s.FetchSnapshotRequestPartitionSnapshot | None = messages.only_partition(request)
    if asked is None:
        return s.FetchSnapshotResponse(error_code=ErrorCode.INVALID_REQUEST)
    who, leader = quorum.leader_and_epoch, quorum.role
    error = _misdirected(quorum, asked.current_leader_epoch)
    if error is not None or not isinstance(leader, Leader):
        return messages.fetch_snapshot_response(who, error=error or ErrorCode.NONE)
    id = SnapshotId(asked.snapshot_id.end_offset, asked.snapshot_id.epoch)
    snapshot = quorum.log.snapshots.find(id)
    if snapshot is None:
        return messages.fetch_snapshot_response(who, error=ErrorCode.SNAPSHOT_NOT_FOUND)
    data, position = snapshot.data, asked.position
    if not 0 <= position < len(data):
        return messages.fetch_snapshot_response(who, error=ErrorCode.POSITION_OUT_OF_RANGE)
    note_contact(quorum, leader, request.replica_id, now)
    return messages.fetch_snapshot_response(
        who,
        id=id,
        size=len(data),
        position=position,
        data=data[position : position + request.max_bytes],
    )


# --- DescribeQuorum


def describe(
    quorum: Quorum, request: q.DescribeQuorumRequest, now: int
) -> q.DescribeQuorumResponse:
    """Voters and observers, and how far each has got; NOT_LEADER_OR_FOLLOWER elsewhere."""
    leader, topics = quorum.role, request.topics
    if len(topics) != 1 or topics[0].topic_name != messages.TOPIC or not topics[0].partitions:
        return _description(error_code=ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    if not isinstance(leader, Leader):
        return _description(error_code=ErrorCode.NOT_LEADER_OR_FOLLOWER)
    leader.forget_silent_observers(now)
    own = Replica(quorum.log.end_offset, now, now)
    description = _description(
        leader_id=leader.leader_id,
        leader_epoch=leader.epoch,
        high_watermark=leader.high_watermark,
        current_voters=_states({**leader.voters, quorum.node_id: own}),
        observers=_states(leader.observers),
    )
    return replace(description, nodes=tuple([q.Node(node_id=voter) for voter in quorum.voters]))


def _description(**fields: Any) -> q.DescribeQuorumResponse:
    partition = q.DescribeQuorumResponsePartitionData(
        partition_index=messages.PARTITION, error_message=None, **fields
    )
    topic = q.DescribeQuorumResponseTopicData(topic_name=messages.TOPIC, partitions=(partition,))
    return q.DescribeQuorumResponse(error_message=None, topics=(topic,))


def _states(replicas: Mapping[NodeId, Replica]) -> tuple[q.ReplicaState, ...]:
    return tuple(
        [
            q.ReplicaState(
                replica_id=node,
                log_end_offset=replica.end_offset,
                last_fetch_timestamp=replica.fetched_at,
                last_caught_up_timestamp=replica.caught_up_at,
            )
            for node, replica in replicas.items()
        ]
    )
