"""Reading one partition for one fetch, and putting what was read into an answer.

    consumer   up to the high watermark, or with read_committed up to the last stable offset,
               and with it the aborted transactions that overlap
    follower   up to the end; what it asks for says what it has (`leading.fetched`)

At most `max_bytes` in all and `partition_max_bytes` each, but the first batch of an answer goes
out whatever its size, or its reader could never get past it.

In Kafka: `ReplicaManager.readFromLog`, `Partition.fetchRecords`, `IncrementalFetchContext`.
"""

from typing import Any, Final, NamedTuple

from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.ids import Uuid
from kafkalab.protocol.messages.fetch import (
    AbortedTransaction,
    EpochEndOffset,
    FetchableTopicResponse,
    FetchResponse,
    LeaderIdAndEpoch,
    NodeEndpoint,
    PartitionData,
)
from kafkalab.record import Records
from kafkalab.replica.fetch_session import UNKNOWN, FetchSession, ParkedFetch, SessionPartition
from kafkalab.replica.local_broker import LocalBroker
from kafkalab.replica.partition import Fetched, Partition

#: A follower may hear of a topic or an epoch before its leader does; the leader will soon.
_PUT_OFF: Final = frozenset({ErrorCode.UNKNOWN_LEADER_EPOCH, ErrorCode.UNKNOWN_TOPIC_ID})
#: With these the answer says who leads (KIP-951).
_TELL_LEADER: Final = frozenset({ErrorCode.NOT_LEADER_OR_FOLLOWER, ErrorCode.FENCED_LEADER_EPOCH})

_NO_END: Final = EpochEndOffset()
_NO_ERROR: Final = ErrorCode.NONE


class Read(NamedTuple):
    """What one partition gave to one fetch: something, or why not."""

    part: SessionPartition
    fetched: Fetched | None
    error: ErrorCode = ErrorCode.NONE
    size_in_bytes: int = 0
    is_urgent: bool = False  # must be told now
    is_put_off: bool = False  # will be told if it lasts
    is_clean: bool = False  # nothing is left to read


def read_partition(
    local: LocalBroker,
    session: FetchSession,
    part: SessionPartition,
    fetch: ParkedFetch,
    max_bytes: int,
    at_least_one: bool,
    now: int | None,
) -> Read:
    """Read one partition.  With `now` a follower's request counts as its report as well."""
    asked, replica_id = part.asked, session.replica_id
    offset = asked.fetch_offset
    try:
        partition = local.partitions.get(part.key)
        if partition is None or (
            session.uses_topic_ids and partition.log.topic_id != part.topic_id
        ):
            raise _not_here(local, part)
        leading = partition.lead(asked.current_leader_epoch)
        log = partition.log
        if replica_id >= 0:
            follower = leading.follower(replica_id)
            up_to = log.log_end_offset
        else:
            up_to = log.last_stable_offset if fetch.read_committed else log.high_watermark
        fetched = partition.read(
            offset,
            max_bytes if max_bytes < asked.partition_max_bytes else asked.partition_max_bytes,
            up_to,
            asked.last_fetched_epoch,
            at_least_one,
        )
        if fetched.diverging is not None:
            return Read(part, fetched, is_urgent=True)
        if replica_id >= 0 and now is not None:
            start, epoch = asked.log_start_offset, session.replica_epoch
            leading.fetched(follower, offset, start, epoch, now)
    except KafkaError as error:
        is_put_off = replica_id >= 0 and error.code in _PUT_OFF
        return Read(part, None, error.code, is_urgent=not is_put_off, is_put_off=is_put_off)
    size = fetched.records.size_in_bytes if fetched.records.entries else 0
    return Read(part, fetched, _NO_ERROR, size, False, False, offset >= up_to)


def _not_here(local: LocalBroker, part: SessionPartition) -> KafkaError:
    """Why a partition cannot be read here: unknown, hosted by others, or another's topic id."""
    if part.key.topic.startswith(UNKNOWN):
        return KafkaError(ErrorCode.UNKNOWN_TOPIC_ID)
    try:
        local.hosted(part.key)
    except KafkaError as error:
        return error
    return KafkaError(ErrorCode.INCONSISTENT_TOPIC_ID)


def _data(
    local: LocalBroker, fetch: ParkedFetch, part: SessionPartition, fetched: Fetched
) -> PartitionData:
    asked, diverging = part.asked, fetched.diverging
    return PartitionData(
        partition_index=asked.partition,
        error_code=0,
        high_watermark=fetched.high_watermark,
        last_stable_offset=fetched.last_stable_offset,
        log_start_offset=fetched.log_start_offset,
        diverging_epoch=_NO_END
        if diverging is None
        else EpochEndOffset(epoch=diverging.epoch, end_offset=diverging.end_offset),
        aborted_transactions=_aborted(local.partitions[part.key], asked.fetch_offset, fetched)
        if fetch.read_committed
        else None,
        records=fetched.records,
    )


def _aborted(partition: Partition, offset: int, fetched: Fetched) -> tuple[AbortedTransaction, ...]:
    if not fetched.records.entries:
        return ()
    rows = partition.log.aborted_transactions(offset, fetched.records.entries[-1].next_offset)
    return tuple(
        [
            AbortedTransaction(producer_id=row.producer_id, first_offset=row.first_offset)
            for row in rows
        ]
    )


def _refusal(
    local: LocalBroker, part: SessionPartition, code: ErrorCode, is_follower: bool
) -> PartitionData:
    """An error; a follower out of range is told where the log begins (Kafka's asks for it)."""
    log_start_offset = -1
    if code is ErrorCode.OFFSET_OUT_OF_RANGE and is_follower:
        log_start_offset = local.partitions[part.key].log.log_start_offset
    leader = LeaderIdAndEpoch()
    if code in _TELL_LEADER:
        known = local.image.partition(part.key)
        if known is not None:
            leader = LeaderIdAndEpoch(leader_id=known.leader, leader_epoch=known.leader_epoch)
    return PartitionData(
        partition_index=part.asked.partition,
        error_code=code,
        high_watermark=-1,
        log_start_offset=log_start_offset,
        current_leader=leader,
        records=Records.EMPTY,
    )


def response_to(
    local: LocalBroker, session: FetchSession, fetch: ParkedFetch, reads: list[Read], last: bool
) -> FetchResponse:
    """The answer: of a full fetch every partition, else those with news."""
    topics: dict[tuple[str, Uuid], list[PartitionData]] = {}
    leaders: dict[int, None] = {}
    dirty = session.dirty
    for part, fetched, error, size, is_urgent, is_put_off, is_clean in reads:
        key = part.key
        if is_clean:
            dirty.pop(key, None)
        elif size:  # the next answer begins with others
            dirty.pop(key, None)
            dirty[key] = None
        if fetched is None:
            if is_put_off and not last:
                continue
            data = _refusal(local, part, error, session.replica_id >= 0)
            if error in _TELL_LEADER:
                leaders[data.current_leader.leader_id] = None
        elif (
            size
            or is_urgent
            or fetch.is_full
            or fetched.high_watermark != part.known_high_watermark
            or fetched.log_start_offset != part.known_log_start_offset
        ):
            data = _data(local, fetch, part, fetched)
        else:
            continue
        # A follower that must truncate does not look at the high watermark: tell it again.
        part.known_high_watermark = -1 if is_urgent else data.high_watermark
        part.known_log_start_offset = data.log_start_offset
        topics.setdefault((part.topic, part.topic_id), []).append(data)
    return FetchResponse(
        session_id=session.id,
        responses=tuple(
            [
                FetchableTopicResponse(topic=topic, topic_id=topic_id, partitions=tuple(parts))
                for (topic, topic_id), parts in topics.items()
            ]
        ),
        node_endpoints=_endpoints(local, leaders) if leaders else (),
    )


def _endpoints(local: LocalBroker, leaders: dict[int, None]) -> tuple[NodeEndpoint, ...]:
    brokers: list[Any] = [local.image.brokers.get(id) for id in leaders]
    return tuple(
        [
            NodeEndpoint(node_id=one.id, host=one.host, port=one.port, rack=one.rack)
            for one in brokers
            if one is not None
        ]
    )
