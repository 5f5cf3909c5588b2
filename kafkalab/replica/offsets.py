"""Questions about the offsets of one log: by time, by leader epoch.

    timestamp   -1 the end a consumer may read to     -2 the start     -3 the latest record by time
                -4 the start on this disk: as -2      -5, -6 tiered storage: unknown
                t  the first record at or after t

Right after an election the new leader's high watermark may lie below records that were committed;
until it has passed the start of its epoch, the end is OFFSET_NOT_AVAILABLE (KIP-207).

In Kafka: `ReplicaManager.fetchOffset`, `Partition.fetchOffsetForTimestamp`,
`ReplicaManager.lastOffsetForLeaderEpoch`.
"""

from typing import Final

from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.ids import TopicPartition
from kafkalab.log import TimestampOffset
from kafkalab.protocol.messages.log_offsets import (
    EpochEndOffset,
    ListOffsetsPartition,
    ListOffsetsPartitionResponse,
    ListOffsetsRequest,
    ListOffsetsResponse,
    ListOffsetsTopicResponse,
    OffsetForLeaderEpochRequest,
    OffsetForLeaderEpochResponse,
    OffsetForLeaderPartition,
    OffsetForLeaderTopicResult,
)
from kafkalab.replica.local_broker import LocalBroker
from kafkalab.replica.partition import Partition

LATEST: Final = -1
EARLIEST: Final = -2
MAX_TIMESTAMP: Final = -3
EARLIEST_LOCAL: Final = -4
#: The version of ListOffsets that brought each special timestamp.
_SINCE: Final = {LATEST: 0, EARLIEST: 0, MAX_TIMESTAMP: 7, EARLIEST_LOCAL: 8, -5: 9, -6: 11}
_CONSUMER: Final = -1
_UNKNOWN: Final = TimestampOffset(-1, -1, -1)


def list_offsets(
    local: LocalBroker, request: ListOffsetsRequest, version: int
) -> ListOffsetsResponse:
    """The answer to a ListOffsets request."""
    seen: dict[TopicPartition, int] = {}
    for topic in request.topics:
        for partition in topic.partitions:
            key = TopicPartition(topic.name, partition.partition_index)
            seen[key] = seen.get(key, 0) + 1
    return ListOffsetsResponse(
        topics=tuple(
            [
                ListOffsetsTopicResponse(
                    name=topic.name,
                    partitions=tuple(
                        [
                            _list(local, request, topic.name, partition, version, seen)
                            for partition in topic.partitions
                        ]
                    ),
                )
                for topic in request.topics
            ]
        )
    )


def _list(
    local: LocalBroker,
    request: ListOffsetsRequest,
    topic: str,
    asked: ListOffsetsPartition,
    version: int,
    seen: dict[TopicPartition, int],
) -> ListOffsetsPartitionResponse:
    key = TopicPartition(topic, asked.partition_index)
    try:
        if seen[key] > 1:
            raise KafkaError(ErrorCode.INVALID_REQUEST, f"{key} was asked for twice")
        if asked.timestamp < 0 and version < _SINCE.get(asked.timestamp, version + 1):
            raise KafkaError(ErrorCode.UNSUPPORTED_VERSION, f"timestamp {asked.timestamp}")
        found = _find(local.hosted(key), request, asked)
    except KafkaError as error:
        code = error.code
        if code is ErrorCode.OFFSET_NOT_AVAILABLE and version < 5:
            code = ErrorCode.LEADER_NOT_AVAILABLE
        return ListOffsetsPartitionResponse(partition_index=asked.partition_index, error_code=code)
    return ListOffsetsPartitionResponse(
        partition_index=asked.partition_index,
        error_code=0,
        timestamp=found.timestamp,
        offset=found.offset,
        leader_epoch=found.leader_epoch if version >= 4 else -1,
    )


def _find(
    partition: Partition, request: ListOffsetsRequest, asked: ListOffsetsPartition
) -> TimestampOffset:
    leading = partition.lead(asked.current_leader_epoch)
    log = partition.log
    is_consumer = request.replica_id == _CONSUMER
    is_settled = not is_consumer or log.high_watermark >= leading.epoch_start
    end = log.log_end_offset
    if is_consumer:
        end = log.last_stable_offset if request.isolation_level == 1 else log.high_watermark
    timestamp = asked.timestamp
    if timestamp in (EARLIEST, EARLIEST_LOCAL):
        start = log.log_start_offset
        return TimestampOffset(-1, start, log.epochs.epoch_for(start))
    if timestamp == LATEST:
        found: TimestampOffset | None = TimestampOffset(-1, end, partition.leader_epoch)
    elif timestamp == MAX_TIMESTAMP:
        found = log.offset_of_max_timestamp()
    elif timestamp >= 0:
        found = log.offset_for_timestamp(timestamp)
    else:
        return _UNKNOWN
    if (found is None or found.offset >= end) and not is_settled:
        raise KafkaError(
            ErrorCode.OFFSET_NOT_AVAILABLE, "the high watermark is below this leader's first offset"
        )
    if found is None or (found.offset >= end and timestamp != LATEST):
        return _UNKNOWN
    return found


def offsets_for_leader_epoch(
    local: LocalBroker, request: OffsetForLeaderEpochRequest
) -> OffsetForLeaderEpochResponse:
    """Where epochs ended here: the largest epoch not above each, and its end (KIP-279)."""
    return OffsetForLeaderEpochResponse(
        topics=tuple(
            [
                OffsetForLeaderTopicResult(
                    topic=topic.topic,
                    partitions=tuple(
                        [_end_of(local, topic.topic, one) for one in topic.partitions]
                    ),
                )
                for topic in request.topics
            ]
        )
    )


def _end_of(local: LocalBroker, topic: str, asked: OffsetForLeaderPartition) -> EpochEndOffset:
    try:
        partition = local.hosted(TopicPartition(topic, asked.partition))
        partition.lead(asked.current_leader_epoch)
    except KafkaError as error:
        return EpochEndOffset(error_code=error.code, partition=asked.partition)
    log = partition.log
    end = log.epochs.end_offset_for(asked.leader_epoch, log.log_end_offset)
    return EpochEndOffset(
        error_code=0,
        partition=asked.partition,
        leader_epoch=end.epoch,
        end_offset=end.end_offset,
    )
