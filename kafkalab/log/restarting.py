"""A log on a disk in memory as a new process finds it: all that is known is read from it again.

What the process before it knew, and the batches do not say, is gone: a leader epoch in which
nothing was written, and an end beyond the last batch, where a truncation left it in a stretch whose
records had been compacted away.

In Kafka: `LogLoader`.  Read next: `recovery`, the same for a log in a directory.
"""

from kafkalab.log.partition_log import PartitionLog
from kafkalab.log.verification import Verifications


def restarted(log: PartitionLog, high_watermark: int) -> PartitionLog:
    """Another one; `high_watermark` is what the checkpoint says."""
    other = log.fork()
    end_with_the_batches(other, other.log_start_offset)
    other.epochs.truncate_from_end(other.log_end_offset)  # a file has the others
    other.set_high_watermark(high_watermark)
    other.rebuild_producers()
    other.verifications = Verifications()
    return other


def end_with_the_batches(log: PartitionLog, log_start_offset: int) -> bool:
    """Go no further than there are batches; False if the log starts beyond them, and so anew.

    In Kafka: `LogSegment.readNextOffset`, `LogLoader.deleteSegmentsIfLogStartGreaterThanLogEnd`.
    """
    end = log.segments.active.next_offset
    if end < log_start_offset:
        log.truncate_fully_and_start_at(log_start_offset)
        return False
    log.log_end_offset = end
    log.log_start_offset = max(log_start_offset, log.segments.base_offset)
    log.recovery_point = min(log.recovery_point, end)
    log.clean_offset = min(log.clean_offset, end)
    return True
