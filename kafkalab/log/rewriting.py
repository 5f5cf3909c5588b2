"""What a topic's settings change in a batch before it is appended.

In Kafka: `LogValidator`.  Read next: `partition_log`, which asks if there is anything to change.
"""

from typing import Final

from kafkalab.record import Batch, Compression, recompressed

#: By the values of `compression.type`; None keeps what the producer chose.
COMPRESSIONS: Final[dict[str, Compression | None]] = {
    "producer": None,
    "uncompressed": Compression.NONE,
    "gzip": Compression.GZIP,
    "snappy": Compression.SNAPPY,
    "lz4": Compression.LZ4,
    "zstd": Compression.ZSTD,
}


def rewritten(
    batch: Batch, compression: Compression | None, is_log_append_time: bool, now: int
) -> Batch:
    """Compressed as the topic says, with the broker's time if the topic wants that."""
    if compression is not None and not batch.is_control and batch.compression != compression:
        batch = recompressed(batch, compression)
    if is_log_append_time:
        batch = batch.with_timestamp(now, log_append_time=True)
    return batch
