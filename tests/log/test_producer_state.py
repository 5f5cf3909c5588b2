"""Idempotence: what a partition takes from a producer, and what it has already."""

import pytest

from kafkalab.config import TOPIC_KEYS, Config
from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.ids import TopicPartition
from kafkalab.log import AppendResult, PartitionLog
from kafkalab.log.restarting import restarted
from kafkalab.record import Record, build_batch, end_marker_batch


def a_log() -> PartitionLog:
    return PartitionLog(TopicPartition("orders", 0), Config(TOPIC_KEYS), bytes(16))


def send(
    log: PartitionLog, sequence: int, count: int = 1, epoch: int = 0, *, transactional: bool = False
) -> AppendResult:
    batch = build_batch(
        [Record(key=None, value=b"v", timestamp=5)] * count,
        producer_id=4000,
        producer_epoch=epoch,
        base_sequence=sequence,
        is_transactional=transactional,
    )
    return log.append_as_leader(batch, 0, 5)


def refusal(log: PartitionLog, sequence: int, **options: int) -> ErrorCode:
    before = (log.log_end_offset, dict(log.producers.entries))
    with pytest.raises(KafkaError) as caught:
        send(log, sequence, **options)
    assert before == (log.log_end_offset, dict(log.producers.entries)), "a refusal changes nothing"
    return caught.value.code


def test_a_batch_sent_again_is_acknowledged_with_its_first_offsets() -> None:
    log = a_log()
    for sequence in range(0, 10, 2):
        send(log, sequence, 2)
    for sequence in range(0, 10, 2):
        assert send(log, sequence, 2) == AppendResult(sequence, sequence + 1, True)
    assert log.log_end_offset == 10


def test_the_sixth_oldest_is_not_remembered() -> None:
    log = a_log()
    for sequence in range(6):
        send(log, sequence)
    assert refusal(log, 0) is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER


def test_a_gap_is_refused_and_so_is_half_a_batch() -> None:
    log = a_log()
    send(log, 0, 3)
    assert refusal(log, 4) is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert refusal(log, 0, count=2) is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER


def test_a_new_epoch_begins_at_zero_and_fences_the_old() -> None:
    log = a_log()
    send(log, 0)
    assert refusal(log, 1, epoch=1) is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    send(log, 0, epoch=1)
    assert refusal(log, 1, epoch=0) is ErrorCode.INVALID_PRODUCER_EPOCH


def test_sequences_wrap_around() -> None:
    log = a_log()
    send(log, (1 << 31) - 1)
    assert not send(log, 0).is_duplicate


def test_follower_and_restarted_server_know_what_the_leader_knows() -> None:
    leader, follower = a_log(), a_log()
    for sequence in range(7):
        send(leader, sequence)
    follower.append_as_follower(leader.read(0, 1 << 20, 99))
    assert dict(follower.producers.entries) == dict(leader.producers.entries)
    assert dict(restarted(leader, 0).producers.entries) == dict(leader.producers.entries)
    leader.truncate_to(3)
    assert send(leader, 2).is_duplicate
    assert not send(leader, 3).is_duplicate


def test_an_open_transaction_bounds_the_last_stable_offset() -> None:
    log = a_log()
    send(log, 0, transactional=True)
    log.append_as_leader(build_batch([Record(key=None, value=b"plain", timestamp=6)]), 0, 6)
    log.advance_high_watermark(2)
    assert log.last_stable_offset == 0
    marker = end_marker_batch(
        committed=False, producer_id=4000, producer_epoch=0, coordinator_epoch=1, timestamp=7
    )
    log.append_as_leader(marker, 0, 7)
    assert log.last_stable_offset == 0, "until the marker is replicated"
    log.advance_high_watermark(3)
    assert log.last_stable_offset == 3
