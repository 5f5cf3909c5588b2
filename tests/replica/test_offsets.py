"""ListOffsets, OffsetForLeaderEpoch, DeleteRecords."""

from replica_cluster import Cluster, a_batch

from kafkalab.errors import ErrorCode
from kafkalab.protocol.messages.log_offsets import (
    DeleteRecordsPartition,
    DeleteRecordsRequest,
    DeleteRecordsTopic,
    ListOffsetsPartition,
    ListOffsetsRequest,
    ListOffsetsTopic,
    OffsetForLeaderEpochRequest,
    OffsetForLeaderPartition,
    OffsetForLeaderTopic,
)


def listed(
    cluster: Cluster, timestamp: int, *, to: int = 1, version: int = 10, replica: int = -1
) -> tuple[int, int, int]:
    """(error, offset, timestamp)"""
    asked = ListOffsetsPartition(partition_index=0, timestamp=timestamp)
    request = ListOffsetsRequest(
        replica_id=replica, topics=(ListOffsetsTopic(name="orders", partitions=(asked,)),)
    )
    response = cluster.answers[cluster.ask(to, "list_offsets", request, version)]
    (answer,) = response.topics[0].partitions
    return answer.error_code, answer.offset, answer.timestamp


def test_offsets_by_time() -> None:
    cluster = Cluster(1)
    cluster.topic(replicas=(1,))
    for timestamp in (100, 300, 200):
        cluster.produce(a_batch("v", timestamp=timestamp))
    assert listed(cluster, -1) == (0, 3, -1)
    assert listed(cluster, -2) == (0, 0, -1)
    assert listed(cluster, -3) == (0, 1, 300)
    assert listed(cluster, 150) == (0, 1, 300)
    assert listed(cluster, 301) == (0, -1, -1)
    assert listed(cluster, -5) == (0, -1, -1)
    assert listed(cluster, -3, version=6)[0] == ErrorCode.UNSUPPORTED_VERSION
    assert listed(cluster, -9)[0] == ErrorCode.UNSUPPORTED_VERSION


def test_a_consumer_sees_no_further_than_the_high_watermark() -> None:
    cluster = Cluster()
    cluster.topic()
    cluster.run(10)
    cluster.crash(2)
    cluster.produce(a_batch("v", timestamp=5), acks=1)
    assert listed(cluster, -1) == (0, 0, -1)
    assert listed(cluster, 5) == (0, -1, -1)
    assert listed(cluster, -1, replica=3) == (0, 1, -1)


def test_the_end_is_not_available_while_a_new_leader_may_not_know_it() -> None:
    cluster = Cluster(2)
    cluster.topic(replicas=(1, 2))
    cluster.run(10)
    cluster.produce()
    cluster.run(5)
    cluster.crash(1)
    cluster.change(leader=2)
    assert cluster.replica(2).high_watermark == 0
    assert listed(cluster, -1, to=2)[0] == ErrorCode.OFFSET_NOT_AVAILABLE
    assert listed(cluster, -1, to=2, version=4)[0] == ErrorCode.LEADER_NOT_AVAILABLE
    assert listed(cluster, -2, to=2) == (0, 0, -1)


def test_where_an_epoch_ended() -> None:
    cluster = Cluster(1)
    cluster.topic(replicas=(1,))
    cluster.produce()
    cluster.change(leader=1)
    cluster.produce()

    def end(epoch: int, current: int = -1) -> tuple[int, int, int]:
        asked = OffsetForLeaderPartition(
            partition=0, leader_epoch=epoch, current_leader_epoch=current
        )
        request = OffsetForLeaderEpochRequest(
            topics=(OffsetForLeaderTopic(topic="orders", partitions=(asked,)),)
        )
        manager = cluster.brokers[1].manager
        (answer,) = manager.offsets_for_leader_epoch(request).topics[0].partitions
        return answer.error_code, answer.leader_epoch, answer.end_offset

    assert end(0) == (0, 0, 1)
    assert end(1) == (0, 1, 2)
    assert end(5) == (0, -1, -1)
    assert end(1, current=0)[0] == ErrorCode.FENCED_LEADER_EPOCH


def test_records_are_deleted_everywhere_before_the_answer() -> None:
    cluster = Cluster()
    cluster.topic()
    cluster.run(10)
    for value in "abc":
        cluster.produce(a_batch(value))
    cluster.run(20)
    number = delete(cluster, 2)
    assert number not in cluster.answers
    cluster.run(1_100)
    (answer,) = cluster.answers[number].topics[0].partitions
    assert (answer.error_code, answer.low_watermark) == (0, 2)
    assert [cluster.replica(id).log.log_start_offset for id in (1, 2, 3)] == [2, 2, 2]
    assert cluster.values(3) == ["c"]
    (beyond,) = cluster.answers[delete(cluster, 4)].topics[0].partitions
    assert beyond.error_code == ErrorCode.OFFSET_OUT_OF_RANGE


def test_a_deletion_does_not_wait_for_a_broker_that_is_gone() -> None:
    cluster = Cluster(2)
    cluster.topic(replicas=(1, 2))
    cluster.run(10)
    cluster.produce()
    cluster.run(20)
    cluster.crash(2)
    number = delete(cluster, -1)
    assert number not in cluster.answers
    cluster.run(100)
    cluster.fence(2)
    (answer,) = cluster.answers[number].topics[0].partitions
    assert (answer.error_code, answer.low_watermark) == (0, 1)


def delete(cluster: Cluster, offset: int) -> int:
    asked = DeleteRecordsPartition(partition_index=0, offset=offset)
    request = DeleteRecordsRequest(
        timeout_ms=30_000, topics=(DeleteRecordsTopic(name="orders", partitions=(asked,)),)
    )
    return cluster.ask(1, "delete_records", request, 2)
