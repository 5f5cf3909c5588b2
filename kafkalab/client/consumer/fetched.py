"""What one partition's part of a Fetch answer comes to: chunks for the application.

A batch is sent whole, so the first may begin before the offset asked for; those records are
skipped.  So are control batches and, under read_committed, the records of aborted transactions:

    aborted  (producer 7, from 3)        log   2:p1  3:p7  4:p1  5:p7  6:abort p7  7:p7
                                               kept   ✗    kept   ✗       ✗        kept

In Kafka: `CompletedFetch`; in librdkafka: `rd_kafka_msgset_reader`.
"""

from collections.abc import Iterable
from typing import NamedTuple

from kafkalab.client.consumer.buffer import Chunk
from kafkalab.ids import TopicPartition
from kafkalab.protocol.messages.fetch import AbortedTransaction
from kafkalab.record import Entry, Records, end_marker


class Fetched(NamedTuple):
    """Chunks in order, and where to go on: the next offset, and the epoch of the last batch."""

    chunks: tuple[Chunk, ...]
    next_offset: int
    leader_epoch: int


def fetched(
    partition: TopicPartition,
    records: Records,
    offset: int,
    leader_epoch: int,
    aborted: Iterable[AbortedTransaction],
    check_crcs: bool,
) -> Fetched:
    """Records from `offset` on.  Raises the brokers' `KafkaError` for damage."""
    waiting = sorted(aborted, key=_first_offset)
    open_aborted: dict[int, None] = {}  # producers in the middle of one
    chunks: list[Chunk] = []
    for entry in records:
        if entry.last_offset < offset:
            continue
        if check_crcs:
            entry.batch.check_crc()
        while waiting and waiting[0].first_offset <= entry.last_offset:
            open_aborted[waiting.pop(0).producer_id] = None
        if _is_wanted(entry, open_aborted):
            chunk = _chunk(partition, entry, offset)
            if chunk is not None:
                chunks.append(chunk)
        offset, leader_epoch = entry.next_offset, entry.leader_epoch
    return Fetched(tuple(chunks), offset, leader_epoch)


def _is_wanted(entry: Entry, open_aborted: dict[int, None]) -> bool:
    batch = entry.batch
    if batch.is_control:
        marker = end_marker(batch)
        if marker is not None and not marker.committed:
            open_aborted.pop(batch.producer_id, None)
        return False
    return not (batch.is_transactional and batch.producer_id in open_aborted)


def _chunk(partition: TopicPartition, entry: Entry, offset: int) -> Chunk | None:
    records = entry.records()
    if entry.base_offset < offset:
        records = tuple(record for record in records if record.offset >= offset)
    if not records:
        return None
    return Chunk(
        partition,
        records,
        entry.leader_epoch,
        entry.batch.is_log_append_time,
        size=entry.size_in_bytes,
    )


def _first_offset(transaction: AbortedTransaction) -> int:
    return transaction.first_offset
