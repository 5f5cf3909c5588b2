"""The quorum's messages, each about its one partition: how they are made and taken apart.

In Kafka: `RaftUtil`.
Left out: cluster ids in requests, directory ids of replicas, and the addresses of leaders (nodes
are found by their number).
"""

from typing import Any

from kafkalab.errors import ErrorCode
from kafkalab.ids import NO_NODE, NodeId
from kafkalab.log.leader_epoch_cache import EpochEnd
from kafkalab.protocol.messages import quorum as q
from kafkalab.protocol.messages import snapshots as s
from kafkalab.protocol.messages.fetch import (
    EpochEndOffset,
    FetchableTopicResponse,
    FetchPartition,
    FetchRequest,
    FetchResponse,
    FetchTopic,
    LeaderIdAndEpoch,
    PartitionData,
    ReplicaState,
)
from kafkalab.protocol.messages.fetch import SnapshotId as FetchSnapshotId
from kafkalab.raft.metadata_log import METADATA_PARTITION, METADATA_TOPIC_ID
from kafkalab.raft.snapshot import SnapshotId
from kafkalab.record import Records

TOPIC, PARTITION = METADATA_PARTITION


# --- requests


def vote_request(
    candidate: NodeId, epoch: int, voter: NodeId, last: EpochEnd, *, pre_vote: bool
) -> q.VoteRequest:
    """`last`: the epoch of the candidate's last entry, and where its log ends."""
    partition = q.VoteRequestPartitionData(
        partition_index=PARTITION,
        replica_epoch=epoch,
        replica_id=candidate,
        last_offset_epoch=last.epoch,
        last_offset=last.end_offset,
        pre_vote=pre_vote,
    )
    topic = q.VoteRequestTopicData(topic_name=TOPIC, partitions=(partition,))
    return q.VoteRequest(voter_id=voter, topics=(topic,))


def begin_request(leader: LeaderIdAndEpoch, voter: NodeId) -> q.BeginQuorumEpochRequest:
    """ "I lead this epoch.\""""
    partition = q.BeginQuorumEpochRequestPartitionData(
        partition_index=PARTITION, leader_id=leader.leader_id, leader_epoch=leader.leader_epoch
    )
    topic = q.BeginQuorumEpochRequestTopicData(topic_name=TOPIC, partitions=(partition,))
    return q.BeginQuorumEpochRequest(voter_id=voter, topics=(topic,))


def end_request(
    leader: LeaderIdAndEpoch, successors: tuple[NodeId, ...]
) -> q.EndQuorumEpochRequest:
    """ "I lead this epoch no more; these should try, in this order.\""""
    partition = q.EndQuorumEpochRequestPartitionData(
        partition_index=PARTITION,
        leader_id=leader.leader_id,
        leader_epoch=leader.leader_epoch,
        preferred_candidates=tuple([q.ReplicaInfo(candidate_id=node) for node in successors]),
    )
    topic = q.EndQuorumEpochRequestTopicData(topic_name=TOPIC, partitions=(partition,))
    return q.EndQuorumEpochRequest(topics=(topic,))


def fetch_request(
    node: NodeId, partition: FetchPartition, max_wait_ms: int, max_bytes: int
) -> FetchRequest:
    """Fetch of the metadata log."""
    topic = FetchTopic(topic=TOPIC, topic_id=METADATA_TOPIC_ID, partitions=(partition,))
    return FetchRequest(
        replica_state=ReplicaState(replica_id=node),
        max_wait_ms=max_wait_ms,
        max_bytes=max_bytes,
        topics=(topic,),
    )


def fetch_snapshot_request(
    node: NodeId, epoch: int, id: SnapshotId, position: int, max_bytes: int
) -> s.FetchSnapshotRequest:
    """The bytes of a snapshot from `position` on."""
    partition = s.FetchSnapshotRequestPartitionSnapshot(
        partition=PARTITION,
        current_leader_epoch=epoch,
        snapshot_id=s.FetchSnapshotRequestSnapshotId(end_offset=id.end_offset, epoch=id.epoch),
        position=position,
    )
    topic = s.FetchSnapshotRequestTopicSnapshot(name=TOPIC, partitions=(partition,))
    return s.FetchSnapshotRequest(replica_id=node, max_bytes=max_bytes, topics=(topic,))


# --- responses


def vote_response(
    leader: LeaderIdAndEpoch, *, error: ErrorCode = ErrorCode.NONE, granted: bool = False
) -> q.VoteResponse:
    partition = q.VoteResponsePartitionData(
        partition_index=PARTITION,
        error_code=error,
        leader_id=leader.leader_id,
        leader_epoch=leader.leader_epoch,
        vote_granted=granted,
    )
    return q.VoteResponse(
        topics=(q.VoteResponseTopicData(topic_name=TOPIC, partitions=(partition,)),)
    )


def begin_response(
    leader: LeaderIdAndEpoch, error: ErrorCode = ErrorCode.NONE
) -> q.BeginQuorumEpochResponse:
    partition = q.BeginQuorumEpochResponsePartitionData(
        partition_index=PARTITION,
        error_code=error,
        leader_id=leader.leader_id,
        leader_epoch=leader.leader_epoch,
    )
    topic = q.BeginQuorumEpochResponseTopicData(topic_name=TOPIC, partitions=(partition,))
    return q.BeginQuorumEpochResponse(topics=(topic,))


def end_response(
    leader: LeaderIdAndEpoch, error: ErrorCode = ErrorCode.NONE
) -> q.EndQuorumEpochResponse:
    partition = q.EndQuorumEpochResponsePartitionData(
        partition_index=PARTITION,
        error_code=error,
        leader_id=leader.leader_id,
        leader_epoch=leader.leader_epoch,
    )
    topic = q.EndQuorumEpochResponseTopicData(topic_name=TOPIC, partitions=(partition,))
    return q.EndQuorumEpochResponse(topics=(topic,))


def fetch_response(
    leader: LeaderIdAndEpoch,
    *,
    error: ErrorCode = ErrorCode.NONE,
    high_watermark: int = -1,
    log_start_offset: int = -1,
    go_on: EpochEnd | SnapshotId | None = None,
    records: Records = Records.EMPTY,
) -> FetchResponse:
    """`go_on`: where to truncate to, or the snapshot to fetch."""
    diverging, snapshot = EpochEndOffset(), FetchSnapshotId()
    if isinstance(go_on, EpochEnd):
        diverging = EpochEndOffset(epoch=go_on.epoch, end_offset=go_on.end_offset)
    elif go_on is not None:
        snapshot = FetchSnapshotId(end_offset=go_on.end_offset, epoch=go_on.epoch)
    data = PartitionData(
        partition_index=PARTITION,
        error_code=error,
        high_watermark=high_watermark,
        log_start_offset=log_start_offset,
        diverging_epoch=diverging,
        snapshot_id=snapshot,
        current_leader=leader,
        aborted_transactions=None,
        records=records,
    )
    topic = FetchableTopicResponse(topic=TOPIC, topic_id=METADATA_TOPIC_ID, partitions=(data,))
    return FetchResponse(responses=(topic,))


def fetch_snapshot_response(
    leader: LeaderIdAndEpoch,
    *,
    error: ErrorCode = ErrorCode.NONE,
    id: SnapshotId | None = None,
    size: int = 0,
    position: int = 0,
    data: bytes = b"",
) -> s.FetchSnapshotResponse:
    id = id or SnapshotId(0, 0)
    partition = s.FetchSnapshotResponsePartitionSnapshot(
        index=PARTITION,
        error_code=error,
        snapshot_id=s.FetchSnapshotResponseSnapshotId(end_offset=id.end_offset, epoch=id.epoch),
        current_leader=s.LeaderIdAndEpoch(
            leader_id=leader.leader_id, leader_epoch=leader.leader_epoch
        ),
        size=size,
        position=position,
        unaligned_records=data,
    )
    topic = s.FetchSnapshotResponseTopicSnapshot(name=TOPIC, partitions=(partition,))
    return s.FetchSnapshotResponse(topics=(topic,))


# --- taking apart


def fetch_partition(request: FetchRequest) -> FetchPartition | None:
    """The one partition there is to ask about; None for anything else."""
    if len(request.topics) != 1 or request.topics[0].topic_id != METADATA_TOPIC_ID:
        return None
    partitions = request.topics[0].partitions
    if len(partitions) != 1 or partitions[0].partition != PARTITION:
        return None
    return partitions[0]


def only_partition(message: Any) -> Any:
    """What a request or response of the quorum says of its partition; None if it is not that."""
    if len(message.topics) != 1 or len(message.topics[0].partitions) != 1:
        return None
    return message.topics[0].partitions[0]


def no_leader(epoch: int) -> LeaderIdAndEpoch:
    """An epoch whose leader is not known."""
    return LeaderIdAndEpoch(leader_id=NO_NODE, leader_epoch=epoch)
