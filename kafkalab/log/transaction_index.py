"""The aborted transactions of one partition, so that a reader can leave their records out.

A fetch with read_committed returns all records below the last stable offset, and beside them the
aborted transactions that overlap: the consumer skips a producer's records from the first offset of
its aborted transaction to the marker.

Invariants: rows stand in the order of their markers, and so of `last_offset`.

In Kafka: `TransactionIndex`, `AbortedTxn`.  Left out: one index a segment.
Read next: `producer_state`, which knows when a transaction ends.
"""

from collections.abc import Iterable
from typing import NamedTuple, Self

from kafkalab.log.shared_list import SharedList


class AbortedTransaction(NamedTuple):
    """`first_offset` is its first record's, `last_offset` its marker's."""

    producer_id: int
    first_offset: int
    last_offset: int


class TransactionIndex:
    """Rows of aborted transactions."""

    __slots__ = ("_last_offsets", "_rows")

    def __init__(self) -> None:
        self._rows: SharedList[AbortedTransaction] = SharedList()
        self._last_offsets: SharedList[int] = SharedList()

    def append(self, row: AbortedTransaction) -> None:
        self._rows.append(row)
        self._last_offsets.append(row.last_offset)

    def overlapping(self, offset: int, up_to: int) -> tuple[AbortedTransaction, ...]:
        """Those with anything in `offset` … `up_to` (that excluded), by their markers' order."""
        if not self._rows:
            return ()
        later = self._rows.slice(self._last_offsets.bisect_left(offset), len(self._rows))
        return tuple([row for row in later if row.first_offset < up_to])

    def ended_in(self, offset: int, up_to: int) -> list[AbortedTransaction]:
        """Those whose marker lies in `offset` … `up_to` (that excluded)."""
        low, high = self._last_offsets.bisect_left(offset), self._last_offsets.bisect_left(up_to)
        return self._rows.slice(low, high)

    def keep(self, rows: Iterable[AbortedTransaction], up_to: int) -> None:
        """Of those that ended before `up_to` only these are left."""
        later = self._rows.slice(self._last_offsets.bisect_left(up_to), len(self._rows))
        kept = sorted(rows, key=lambda row: row.last_offset) + later
        self._rows = SharedList(kept)
        self._last_offsets = SharedList([row.last_offset for row in kept])

    def clear(self) -> None:
        self._rows, self._last_offsets = SharedList(), SharedList()

    def delete_before(self, offset: int) -> None:
        """Forget transactions that ended before `offset`."""
        gone = self._last_offsets.bisect_left(offset)
        if gone:
            self._rows = SharedList(self._rows.slice(gone, len(self._rows)))
            self._last_offsets = SharedList(row.last_offset for row in self._rows)

    def fork(self) -> Self:
        other = type(self).__new__(type(self))
        other._rows = self._rows.fork()
        other._last_offsets = self._last_offsets.fork()
        return other
