"""What a log answers: small named tuples.  Read next: `partition_log`, which gives them."""

from typing import NamedTuple


class AppendResult(NamedTuple):
    """Where a batch is; `is_duplicate` if it was there already.

    `log_append_time` is -1 unless the topic's timestamps are the broker's.
    """

    base_offset: int
    last_offset: int
    is_duplicate: bool
    log_append_time: int = -1


class TimestampOffset(NamedTuple):
    """A record found by its time."""

    timestamp: int
    offset: int
    leader_epoch: int


class Deleted(NamedTuple):
    """Segments that went, oldest first, and why the first did."""

    segments: int
    size_in_bytes: int
    reason: str
