"""Markers and other control batches."""

import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.record import (
    ControlType,
    EndMarker,
    Entry,
    Record,
    Records,
    build_batch,
    control_batch,
    control_type,
    end_marker,
    end_marker_batch,
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of its own schemas' loader
    from kafka.record import MemoryRecords


@pytest.mark.peer
@given(st.booleans(), st.integers(0, 1 << 40), st.integers(0, 32767), st.integers(0, 1 << 30))
def test_a_marker_reads_back_here_and_in_kafka_python(
    committed: bool, producer_id: int, producer_epoch: int, coordinator_epoch: int
) -> None:
    batch = end_marker_batch(
        committed=committed,
        producer_id=producer_id,
        producer_epoch=producer_epoch,
        coordinator_epoch=coordinator_epoch,
        timestamp=77,
    )
    assert end_marker(batch) == EndMarker(committed, coordinator_epoch)
    assert batch.is_control and batch.is_transactional and batch.base_sequence == -1
    theirs = MemoryRecords(b"".join(Records((Entry(4, 1, batch),)).buffers())).next_batch()
    assert theirs.is_control_batch and theirs.is_transactional
    (record,) = theirs
    assert (record.commit, record.abort) == (committed, not committed)
    assert (theirs.producer_id, theirs.producer_epoch) == (producer_id, producer_epoch)


def test_other_control_batches_are_no_markers() -> None:
    batch = control_batch(
        [(ControlType.SNAPSHOT_HEADER, b"a"), (ControlType.KRAFT_VERSION, b"b")], 5
    )
    assert end_marker(batch) is None
    assert not batch.is_transactional
    assert [control_type(record) for record in batch.records(0)] == [
        ControlType.SNAPSHOT_HEADER,
        ControlType.KRAFT_VERSION,
    ]
    assert [record.value for record in batch.records(0)] == [b"a", b"b"]


def test_a_type_of_a_later_release_is_not_known_and_no_error() -> None:
    assert control_type(Record(b"\0\0\0\x63", b"")) is None


@pytest.mark.parametrize("key", [None, b"", b"\0\0\0"])
def test_a_control_record_without_a_type_is_invalid(key: bytes | None) -> None:
    with pytest.raises(KafkaError) as raised:
        end_marker(build_batch([Record(key, b"")], is_control=True))
    assert raised.value.code is ErrorCode.INVALID_RECORD
