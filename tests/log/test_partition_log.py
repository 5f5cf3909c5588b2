"""What a list cannot show: times, retention, configuration, recovery."""

import pytest

from kafkalab.config import TOPIC_KEYS, Config
from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.ids import TopicPartition
from kafkalab.log import Disk, PartitionLog
from kafkalab.record import Compression, Record, Records, build_batch

ORDERS = TopicPartition("orders", 0)


def a_log(**config: object) -> PartitionLog:
    values = {name.replace("_", "."): value for name, value in config.items()}
    return PartitionLog(ORDERS, Config(TOPIC_KEYS, values), bytes(16))


def append(log: PartitionLog, timestamp: int, size: int = 10) -> int:
    batch = build_batch([Record(key=b"k", value=b"v" * size, timestamp=timestamp)])
    return log.append_as_leader(batch, 0, timestamp).base_offset


def test_an_offset_is_found_by_time_even_when_times_go_back() -> None:
    log = a_log(segment_bytes=150)
    for timestamp in (100, 300, 200, 250, 400):
        append(log, timestamp)
    found = {at: log.offset_for_timestamp(at) for at in (0, 100, 101, 301, 401)}
    assert {at: got.offset if got else None for at, got in found.items()} == {
        0: 0,
        100: 0,
        101: 1,
        301: 4,
        401: None,
    }


def test_offsets_outside_the_log_are_refused() -> None:
    log = a_log()
    append(log, 1)
    for offset in (-1, 2):
        with pytest.raises(KafkaError) as caught:
            log.read(offset, 1 << 20, 1)
        assert caught.value.code is ErrorCode.OFFSET_OUT_OF_RANGE


def test_old_segments_go_whole_and_only_below_the_high_watermark() -> None:
    log = a_log(segment_bytes=150, retention_ms=1000)
    for timestamp in range(0, 1000, 100):
        append(log, timestamp)
    assert log.apply_retention(1_500) is None, "nothing is replicated yet"
    log.advance_high_watermark(10)
    deleted = log.apply_retention(1_500)
    assert deleted is not None and deleted.segments > 0 and deleted.reason == "retention.ms"
    assert 0 < log.log_start_offset <= 5
    assert log.segments[0].base_offset == log.log_start_offset


def test_the_brokers_time_and_compression_are_applied_when_the_topic_says_so() -> None:
    log = a_log(message_timestamp_type="LogAppendTime", compression_type="gzip")
    result = log.append_as_leader(build_batch([Record(key=None, value=b"v", timestamp=3)]), 0, 77)
    assert result.log_append_time == 77
    (entry,) = log.read(0, 1 << 20, 1)
    assert entry.batch.compression is Compression.GZIP
    assert [record.timestamp for record in entry.records()] == [77]


def test_followers_share_the_leaders_entries() -> None:
    leader, follower = a_log(), a_log()
    append(leader, 1)
    follower.append_as_follower(leader.read(0, 1 << 20, 99))
    assert follower.segments.active.entries[0] is leader.segments.active.entries[0]


def test_a_fork_shares_until_it_goes_another_way() -> None:
    log = a_log()
    append(log, 1)
    fork = log.fork()
    append(log, 2)
    append(fork, 3, size=3)
    assert [r.timestamp for e in log.read(0, 1 << 20, 9) for r in e.records()] == [1, 2]
    assert [r.timestamp for e in fork.read(0, 1 << 20, 9) for r in e.records()] == [1, 3]


def test_a_crash_keeps_what_was_written_and_forgets_high_watermarks_since_the_checkpoint() -> None:
    disk = Disk()
    log = disk.create_log(ORDERS, Config(TOPIC_KEYS), bytes(16))
    append(log, 1)
    log.advance_high_watermark(1)
    disk.checkpoint_high_watermarks()
    append(log, 2)
    log.advance_high_watermark(2)
    after = disk.after_crash().logs[ORDERS]
    assert (after.log_end_offset, after.high_watermark) == (2, 1)


def test_nothing_fits_but_the_first_is_given_all_the_same() -> None:
    log = a_log()
    append(log, 1, size=500)
    assert len(log.read(0, 10, 1)) == 1
    assert log.read(0, 10, 1, at_least_one=False) == Records.EMPTY
