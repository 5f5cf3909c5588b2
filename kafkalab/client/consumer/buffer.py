"""What waits for the application: fetched records, in the order they came, and errors among them.

    fetcher ── add ──▶ chunk chunk chunk ──▶ take, one record at a time
                          └── drop(partition): revoked, sought elsewhere, paused

Invariants: chunks are not empty, and immutable; `_index` is where the first one has been read to;
`_counts` is the number of records of each partition, none of them 0.

In librdkafka: `rk_consumer.q`, to which the partitions' fetch queues are forwarded.
"""

from collections import deque
from typing import NamedTuple, Self

from kafkalab.client.message import Consumed
from kafkalab.ids import TopicPartition
from kafkalab.record import Record

_NO_PARTITION = TopicPartition("", -1)


class Chunk(NamedTuple):
    """Records of one batch, or one error (then one record without key and value)."""

    partition: TopicPartition
    records: tuple[Record, ...]
    leader_epoch: int = -1
    is_log_append_time: bool = False
    error: int = 0
    reason: str | None = None
    size: int = 0  # bytes of the batch


class Buffer:
    """See the module's docstring."""

    __slots__ = ("_chunks", "_counts", "_index", "size")

    def __init__(self) -> None:
        self._chunks: deque[Chunk] = deque()
        self._counts: dict[TopicPartition, int] = {}
        self._index = 0
        self.size = 0  # bytes, by whole chunks

    def __bool__(self) -> bool:
        return bool(self._chunks)

    def count(self, partition: TopicPartition) -> int:
        """Records of a partition that wait."""
        return self._counts.get(partition, 0)

    def add(self, chunk: Chunk) -> None:
        assert chunk.records, chunk
        self._chunks.append(chunk)
        self.size += chunk.size
        self._counts[chunk.partition] = self.count(chunk.partition) + len(chunk.records)

    def add_error(
        self,
        error: int,
        reason: str | None,
        partition: TopicPartition = _NO_PARTITION,
        offset: int = -1,
    ) -> None:
        """Tell the application something, in its turn."""
        record = Record(None, None, offset=offset)
        self.add(Chunk(partition, (record,), error=error, reason=reason))

    def take(self) -> tuple[Consumed, bool] | None:
        """The next record or error, and whether it was the last of its chunk."""
        if not self._chunks:
            return None
        chunk = self._chunks[0]
        record = chunk.records[self._index]
        self._index += 1
        self._count_less(chunk.partition, 1)
        is_last = self._index == len(chunk.records)
        if is_last:
            self._chunks.popleft()
            self._index = 0
            self.size -= chunk.size
        topic, partition = chunk.partition
        consumed = Consumed(
            topic,
            partition,
            record,
            chunk.leader_epoch,
            chunk.is_log_append_time,
            chunk.error,
            chunk.reason,
        )
        return consumed, is_last

    def drop(self, partition: TopicPartition) -> None:
        """Forget all of one partition."""
        if partition not in self._counts:
            return
        if self._chunks[0].partition == partition:
            self._index = 0
        self._chunks = deque(one for one in self._chunks if one.partition != partition)
        self.size = sum(one.size for one in self._chunks)
        del self._counts[partition]

    def drop_all(self) -> None:
        """Forget all records; errors of no partition stay."""
        for partition in [one for one in self._counts if one != _NO_PARTITION]:
            self.drop(partition)

    def _count_less(self, partition: TopicPartition, less: int) -> None:
        left = self._counts[partition] - less
        if left:
            self._counts[partition] = left
        else:
            del self._counts[partition]

    def fork(self) -> Self:
        other = type(self)()
        other._chunks = self._chunks.copy()
        other._counts = self._counts.copy()
        other._index = self._index
        other.size = self.size
        return other
