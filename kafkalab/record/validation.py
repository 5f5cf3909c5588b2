"""What a leader checks in a client's batch before it may enter a log.

    bytes   ── one complete batch, magic 2, base offset 0, not too large, CRC right
    header  ── count and last offset agree, no control batch, a sequence if a producer id
    records ── as many as declared, well formed (`structure`), keys if the topic is compacted
    dates   ── not too far from the broker's clock, if the topic has bounds

The largest timestamp in the header is put right if the records say otherwise.

In Kafka: `ProduceRequest.validateRecords`, `UnifiedLog.analyzeAndValidateRecords`, `LogValidator`.
The lab sets no bound by itself: a learner's wall clock and virtual time may be years apart.
Read next: `log.partition_log`.
"""

from typing import NamedTuple

from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.record.batch import Batch
from kafkalab.record.records import RecordData, Records, entries_in
from kafkalab.record.structure import check_records


def validate_produced(
    data: RecordData, max_message_bytes: int, *, keys_required: bool = False
) -> Batch:
    """The one batch in `data`, fit to be appended.

    Raises KafkaError: CORRUPT_MESSAGE for bytes damaged on the way, MESSAGE_TOO_LARGE,
    INVALID_RECORD for what a client must not send, INVALID_TIMESTAMP, UNSUPPORTED_COMPRESSION_TYPE.
    `keys_required` is for compacted topics.
    """
    entries = data.entries if isinstance(data, Records) else tuple(entries_in(data))
    if len(entries) != 1:
        raise _invalid(f"a produce request must have exactly one batch, not {len(entries)}")
    (entry,) = entries
    batch = entry.batch
    if entry.base_offset != 0:
        raise _invalid(f"the base offset must be 0, not {entry.base_offset}")
    if batch.size_in_bytes > max_message_bytes:
        message = f"{batch.size_in_bytes} bytes are more than {max_message_bytes}"
        raise KafkaError(ErrorCode.MESSAGE_TOO_LARGE, message)
    batch.check_crc()
    _check_header(batch)
    data, position = batch.payload()
    latest = check_records(data, position, batch.record_count, keys_required)
    if batch.base_timestamp + latest != batch.max_timestamp:
        return batch.with_timestamp(batch.base_timestamp + latest, log_append_time=False)
    return batch


class TimestampBounds(NamedTuple):
    """How far (ms) a record's date may lie before and after the broker's clock."""

    before_ms: int
    after_ms: int

    def check(self, batch: Batch, by_clock: int) -> None:
        """Raise INVALID_TIMESTAMP if a record is dated too early or too late."""
        for record in batch.records(0):
            early_ms = by_clock - record.timestamp
            if record.timestamp >= 0 and not -self.after_ms <= early_ms <= self.before_ms:
                message = f"a record is dated {record.timestamp}, and the broker's clock shows "
                raise KafkaError(ErrorCode.INVALID_TIMESTAMP, f"{message}{by_clock}")


def _check_header(batch: Batch) -> None:
    count = batch.record_count
    if count <= 0 or batch.last_offset_delta != count - 1:
        raise _invalid(f"{count} records cannot end at offset {batch.last_offset_delta}")
    if batch.is_control:
        raise _invalid("clients may not write control records")
    if batch.producer_id >= 0 and batch.base_sequence < 0:
        raise _invalid(f"producer {batch.producer_id} sends no sequence")
    if batch.is_log_append_time:
        message = "a producer may not say LogAppendTime"
        raise KafkaError(ErrorCode.INVALID_TIMESTAMP, message)


def _invalid(message: str) -> KafkaError:
    return KafkaError(ErrorCode.INVALID_RECORD, message)
