"""Which batch of a segment is the first as late as some time.

Timestamps come from producers and need not rise, so the index holds a row only where a batch
brings a timestamp later than all before it: the first row at or after a time is the first batch
that has such a record.

    max timestamp of batches   10  12  11  12  15        rows (10, 0) (12, 1) (15, 4)

In Kafka: `TimeIndex`.  Read next: `log_segment`.
"""

from typing import Self

from kafkalab.log.shared_list import SharedList


class TimeIndex:
    """Rows of (timestamp, batch), both rising."""

    __slots__ = ("_batches", "_timestamps", "max_timestamp")

    def __init__(self) -> None:
        self._timestamps: SharedList[int] = SharedList()
        self._batches: SharedList[int] = SharedList()
        self.max_timestamp = -1

    def append(self, timestamp: int, batch: int) -> None:
        """Batch number `batch` has records as late as `timestamp`."""
        if timestamp > self.max_timestamp:
            self._timestamps.append(timestamp)
            self._batches.append(batch)
            self.max_timestamp = timestamp

    def first_at_or_after(self, timestamp: int) -> int | None:
        """The first batch with a record at or after `timestamp`, or None."""
        row = self._timestamps.bisect_left(timestamp)
        return self._batches[row] if row < len(self._batches) else None

    def truncate(self, batches: int) -> None:
        """Forget the batches from number `batches` on."""
        rows = self._batches.bisect_left(batches)
        self._timestamps.truncate(rows)
        self._batches.truncate(rows)
        self.max_timestamp = self._timestamps[-1] if rows else -1

    def fork(self) -> Self:
        other = type(self).__new__(type(self))
        other._timestamps = self._timestamps.fork()
        other._batches = self._batches.fork()
        other.max_timestamp = self.max_timestamp
        return other
