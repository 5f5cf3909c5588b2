"""A ceiling for logs that are kept in memory: the oldest segments go, whosesoever they are.

Kafka leaves that to the disk and to `retention.bytes`, whose default is without end; a notebook
would end first.  A segment is a gigabyte there, so here a large active one is sealed first.

Invariants: nothing at or above a high watermark goes; compacted topics, `__consumer_offsets` among
them, keep all they have; logs in a directory are left alone.
In Kafka: nothing.  Read next: `log.retention`, whose way of deleting this uses.
"""

from collections.abc import Mapping
from typing import Final

from kafkalab.ids import TopicPartition
from kafkalab.replica.partition import Partition

#: An active segment is sealed at this part of the ceiling, so that it can go soon.
_PARTS: Final = 16


def drop_oldest(partitions: Mapping[TopicPartition, Partition], bytes_max: int) -> None:
    """Let one broker's logs hold at most about so many bytes."""
    logs = {
        name: partition
        for name, partition in partitions.items()
        if not partition.is_compacted and partition.log.storage is None
    }
    excess = sum([partition.log.size_in_bytes for partition in logs.values()]) - bytes_max
    for partition in logs.values():
        if partition.log.segments.active.size_in_bytes > bytes_max // _PARTS:
            partition.log.roll()
    while excess > 0 and logs:
        name = min(logs, key=lambda each: (_age(logs[each]), each))
        freed = _drop_one(logs[name])
        if freed == 0:
            del logs[name]
        excess -= freed


def _age(partition: Partition) -> int:
    """The last timestamp of the oldest segment, in ms."""
    return partition.log.segments[0].max_timestamp


def _drop_one(partition: Partition) -> int:
    """Delete the oldest segment; how many bytes that freed, 0 if it must stay."""
    log = partition.log
    oldest = log.segments[0]
    if len(log.segments) == 1 or oldest.next_offset > log.high_watermark:
        return 0
    size = oldest.size_in_bytes
    partition.delete_below(oldest.next_offset, "memory")
    return size
