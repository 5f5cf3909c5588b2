"""Leader epochs, and the offset at which each began (KIP-101, KIP-279).

A partition's leader epoch rises by one at each election.  A follower whose log has diverged asks
its leader "where did epoch 1 end for you?" and truncates there.  Cutting at its own high watermark
instead can lose, or fork, records already acknowledged.

    offset   0 1 2 3 4 5 6 7 8        epoch   start offset
    epoch    └─ 0 ─┘ └1┘ └ 3 ┘            0              0
                                          1              4
                                          3              6

Invariants: epochs rise strictly, start offsets rise strictly, and no start offset lies beyond the
log end offset.  Only the last epoch may be without records (a leader's, before its first append).

In Kafka: `LeaderEpochFileCache`.
Read next: `partition_log` (which fills it) and `replica.fetcher` (which asks it).
"""

from bisect import bisect_right
from typing import Final, NamedTuple, Self

UNDEFINED_EPOCH: Final = -1
UNDEFINED_OFFSET: Final = -1


class EpochEnd(NamedTuple):
    """The answer to "where did this epoch end": perhaps for a lower epoch than was asked."""

    epoch: int
    end_offset: int


class LeaderEpochCache:
    """Rows of (epoch, start offset)."""

    __slots__ = ("_epochs", "_start_offsets", "latest_epoch")

    def __init__(self) -> None:
        self._epochs: list[int] = []
        self._start_offsets: list[int] = []
        self.latest_epoch = UNDEFINED_EPOCH

    @property
    def rows(self) -> tuple[tuple[int, int], ...]:
        """(epoch, start offset), oldest first."""
        return tuple(zip(self._epochs, self._start_offsets, strict=True))

    def assign(self, epoch: int, start_offset: int) -> None:
        """`epoch` begins at `start_offset`; rows that contradict this go.

        A leader says so when it takes over, a follower when a batch tells it.
        """
        assert epoch >= 0, epoch
        assert start_offset >= 0, start_offset
        if epoch == self.latest_epoch and start_offset >= self._start_offsets[-1]:
            return
        while self._epochs and (
            self._epochs[-1] >= epoch or self._start_offsets[-1] >= start_offset
        ):
            self._epochs.pop()
            self._start_offsets.pop()
        self._epochs.append(epoch)
        self._start_offsets.append(start_offset)
        self.latest_epoch = epoch

    def end_offset_for(self, epoch: int, log_end_offset: int) -> EpochEnd:
        """The largest known epoch not above `epoch`, and where the next one began.

        For the latest epoch that is the log end offset.  For an epoch older than all known ones:
        itself, and where the first known one began.  (-1, -1) if nobody can know.
        """
        if epoch == UNDEFINED_EPOCH:
            return EpochEnd(UNDEFINED_EPOCH, UNDEFINED_OFFSET)
        if epoch == self.latest_epoch:
            return EpochEnd(epoch, log_end_offset)
        following = bisect_right(self._epochs, epoch)
        if following == len(self._epochs):
            return EpochEnd(UNDEFINED_EPOCH, UNDEFINED_OFFSET)
        known = self._epochs[following - 1] if following else epoch
        return EpochEnd(known, self._start_offsets[following])

    def epoch_for(self, offset: int) -> int:
        """The epoch of the record at `offset`, or of the next one written there; -1 if unknown."""
        row = bisect_right(self._start_offsets, offset) - 1
        return self._epochs[row] if row >= 0 else UNDEFINED_EPOCH

    def truncate_from_end(self, end_offset: int) -> None:
        """The log now ends at `end_offset`."""
        while self._start_offsets and self._start_offsets[-1] >= end_offset:
            self._epochs.pop()
            self._start_offsets.pop()
        self.latest_epoch = self._epochs[-1] if self._epochs else UNDEFINED_EPOCH

    def truncate_from_start(self, start_offset: int) -> None:
        """The log now starts at `start_offset`: the epoch in force there starts there."""
        before = bisect_right(self._start_offsets, start_offset) - 1
        if before >= 0:
            del self._epochs[:before], self._start_offsets[:before]
            self._start_offsets[0] = start_offset

    def clear(self) -> None:
        self._epochs, self._start_offsets = [], []
        self.latest_epoch = UNDEFINED_EPOCH

    def fork(self) -> Self:
        other = type(self).__new__(type(self))
        other._epochs = self._epochs.copy()
        other._start_offsets = self._start_offsets.copy()
        other.latest_epoch = self.latest_epoch
        return other

    def __repr__(self) -> str:
        return f"LeaderEpochCache({self.rows})"
