"""Where in a segment an offset is, and where its bytes begin.

    batch       0    1    2          one row a batch; Kafka keeps one row every 4096 bytes
    offset     40   45   46          of its first record: rises, perhaps with gaps (compaction)
    position    0  512  640          of its first byte in the segment

In Kafka: `OffsetIndex`.  Left out: sparse rows, which a segment on disk would have.
Read next: `log_segment`.
"""

from typing import Self

from kafkalab.log.shared_list import SharedList


class OffsetIndex:
    """Rows of (base offset, position), looked up by either."""

    __slots__ = ("_offsets", "_positions", "size_in_bytes")

    def __init__(self) -> None:
        self._offsets: SharedList[int] = SharedList()
        self._positions: SharedList[int] = SharedList()
        self.size_in_bytes = 0

    def append(self, base_offset: int, size_in_bytes: int) -> None:
        """A batch of this size follows."""
        self._offsets.append(base_offset)
        self._positions.append(self.size_in_bytes)
        self.size_in_bytes += size_in_bytes

    def floor(self, offset: int) -> int:
        """The last batch that begins at or before `offset`, or -1."""
        return self._offsets.bisect_right(offset) - 1

    def below(self, offset: int, start: int) -> int:
        """The first batch from `start` on that does not begin below `offset`."""
        return self._offsets.bisect_left(offset, start)

    def within(self, max_bytes: int, start: int) -> int:
        """The first batch from `start` on that does not end within `max_bytes` of its beginning."""
        limit = self._positions[start] + max_bytes
        if self.size_in_bytes <= limit:
            return len(self._positions)
        return max(start, self._positions.bisect_right(limit, start) - 1)

    def truncate(self, batches: int) -> None:
        """Keep the first `batches` rows."""
        if batches < len(self._positions):
            self.size_in_bytes = self._positions[batches]
            self._offsets.truncate(batches)
            self._positions.truncate(batches)

    def fork(self) -> Self:
        other = type(self).__new__(type(self))
        other._offsets = self._offsets.fork()
        other._positions = self._positions.fork()
        other.size_in_bytes = self.size_in_bytes
        return other
