"""Which segments of a log have had their time.

Whole segments go, oldest first, for one of three reasons: every record is older than
`retention.ms`, the log is larger than `retention.bytes` without the segment, or the log starts
after it (records deleted on request).  Nothing at or above the high watermark goes.  The active
segment goes only by time or size, and only after a new one has begun.

In Kafka: `UnifiedLog.deleteOldSegments`.  Left out: time of last write for segments whose records
have no timestamps; they stay.  Read next: `partition_log`.
"""

from collections.abc import Sequence
from typing import NamedTuple

from kafkalab.log.log_segment import LogSegment


class Retention(NamedTuple):
    """-1 is for ever."""

    ms: int
    bytes: int
    is_delete: bool  # whether cleanup.policy has "delete"


def expired_segments(
    segments: Sequence[LogSegment],
    retention: Retention,
    log_start_offset: int,
    high_watermark: int,
    now: int,
) -> list[str]:
    """Why each of the oldest segments may go; all of them only if the last is not empty."""
    reasons: list[str] = []
    excess = sum([segment.size_in_bytes for segment in segments]) - retention.bytes
    for segment in segments:
        if segment.next_offset > high_watermark or segment.next_offset == segment.base_offset:
            break
        is_active = segment is segments[-1]
        too_early = not is_active and segment.next_offset <= log_start_offset
        reason = "log start" if too_early else _expired(segment, retention, excess, now)
        if reason is None:
            break
        excess -= segment.size_in_bytes
        reasons.append(reason)
    return reasons


def _expired(segment: LogSegment, retention: Retention, excess: int, now: int) -> str | None:
    if not retention.is_delete:
        return None
    timestamp = segment.max_timestamp
    if 0 <= retention.ms < now - timestamp and timestamp >= 0:
        return "retention.ms"
    if retention.bytes >= 0 and excess >= segment.size_in_bytes:
        return "retention.bytes"
    return None
