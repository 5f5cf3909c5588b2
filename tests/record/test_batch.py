"""Batches against themselves and against two other implementations of the format."""

import warnings
from dataclasses import replace
from typing import Any

import pytest
from aiokafka.record.default_records import DefaultRecordBatch as AioBatch
from aiokafka.record.default_records import DefaultRecordBatchBuilder as AioBuilder
from hypothesis import given
from hypothesis import strategies as st

from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.record import (
    Batch,
    BatchBuilder,
    Compression,
    Entry,
    Record,
    Records,
    build_batch,
    estimated_size,
    parse_records,
    recompressed,
)
from kafkalab.record.record import read_varint, varint

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of its own schemas' loader
    from kafka.record import MemoryRecords
    from kafka.record.default_records import DefaultRecordBatchBuilder

nullable_bytes = st.none() | st.binary(max_size=80)
headers = st.lists(st.tuples(st.text(max_size=5), nullable_bytes), max_size=3).map(tuple)
timestamps = st.integers(-1, 1 << 45)
record_lists = st.lists(
    st.builds(Record, nullable_bytes, nullable_bytes, headers, timestamps), min_size=1, max_size=20
)
codecs = st.sampled_from(Compression)


def wire(batch: Batch, base_offset: int = 0, leader_epoch: int = -1) -> bytes:
    return b"".join(Records((Entry(base_offset, leader_epoch, batch),)).buffers())


def numbered(records: list[Record], base_offset: int) -> tuple[Record, ...]:
    return tuple(replace(record, offset=base_offset + i) for i, record in enumerate(records))


@given(st.integers(-(1 << 63), (1 << 63) - 1))
def test_a_varint_reads_back(number: int) -> None:
    encoded = varint(number)
    assert read_varint(encoded, 0) == (number, len(encoded))


@given(record_lists, codecs, st.integers(0, 1 << 40), st.integers(0, 1000))
def test_a_batch_reads_back_from_the_wire(
    records: list[Record], codec: Compression, base_offset: int, leader_epoch: int
) -> None:
    batch = build_batch(records, compression=codec)
    data = wire(batch, base_offset, leader_epoch)
    (entry,) = parse_records(memoryview(data))
    assert entry == Entry(base_offset, leader_epoch, batch)
    assert entry.records() == numbered(records, base_offset)
    assert entry.next_offset == base_offset + len(records)
    assert entry.size_in_bytes == len(data)
    assert batch.compression is codec
    assert batch.max_timestamp == max(record.timestamp for record in records)
    assert batch.base_timestamp == records[0].timestamp


@given(record_lists, codecs, codecs)
def test_another_compression_changes_nothing_else(
    records: list[Record], before: Compression, after: Compression
) -> None:
    batch = build_batch(
        records, compression=before, producer_id=7, producer_epoch=1, base_sequence=3
    )
    other = recompressed(batch, after)
    other.check_crc()
    assert other.compression is after
    assert other.records(5) == batch.records(5)
    assert (other.producer_id, other.producer_epoch, other.base_sequence) == (7, 1, 3)


def test_log_append_time_stands_for_every_timestamp() -> None:
    batch = build_batch([Record(b"k", b"v", (), 10), Record(b"k", b"v", (), 20)])
    stamped = batch.with_timestamp(99, log_append_time=True)
    stamped.check_crc()
    assert [record.timestamp for record in stamped.records(0)] == [99, 99]
    assert stamped.is_log_append_time and not batch.is_log_append_time


def test_a_sequence_goes_from_the_largest_on_to_zero() -> None:
    records = [Record(None, b"v")] * 3
    batch = build_batch(records, producer_id=1, producer_epoch=0, base_sequence=(1 << 31) - 2)
    assert batch.last_sequence == 0
    assert build_batch(records).last_sequence == -1


@given(record_lists)
def test_a_builder_never_estimates_too_little(records: list[Record]) -> None:
    builder = BatchBuilder()
    for index, record in enumerate(records):
        estimate = builder.size_in_bytes + estimated_size(record.key, record.value, record.headers)
        assert builder.append(record.key, record.value, record.headers, record.timestamp) == index
        assert builder.size_in_bytes <= estimate
    assert builder.build().size_in_bytes == builder.size_in_bytes
    assert builder.build() == build_batch(records)


def test_a_forked_builder_goes_its_own_way() -> None:
    builder = BatchBuilder()
    builder.append(b"a", b"1", (), 5)
    fork = builder.fork()
    fork.append(b"b", b"2", (), 9)
    assert builder.build() == build_batch([Record(b"a", b"1", (), 5)])
    assert fork.build() == build_batch([Record(b"a", b"1", (), 5), Record(b"b", b"2", (), 9)])


# Many batches at once


def test_an_incomplete_last_batch_is_dropped_wherever_it_is_cut() -> None:
    batch = build_batch([Record(b"k", b"v")])
    whole = wire(batch, 0, 1) + wire(batch, 1, 1)
    for cut in range(batch.size_in_bytes, 2 * batch.size_in_bytes):
        assert len(parse_records(whole[:cut])) == 1
    assert len(parse_records(whole)) == 2


def test_records_pass_through_parsing_untouched() -> None:
    records = Records((Entry(3, 1, build_batch([Record(b"k", b"v")])),))
    assert parse_records(records) is records
    assert parse_records(None) == Records.EMPTY == parse_records(b"")


def test_every_flipped_bit_behind_the_crc_is_noticed() -> None:
    data = wire(build_batch([Record(b"key", b"value")]))
    for position in range(17, len(data)):
        damaged = bytearray(data)
        damaged[position] ^= 1
        with pytest.raises(KafkaError) as raised:
            parse_records(bytes(damaged))
        assert raised.value.code is ErrorCode.CORRUPT_MESSAGE


@pytest.mark.parametrize("length", [-1, 0, 13, 48])
def test_a_length_too_small_for_a_batch_is_damage(length: int) -> None:
    data = bytearray(wire(build_batch([Record(None, b"v")])))
    data[8:12] = length.to_bytes(4, "big", signed=True)
    with pytest.raises(KafkaError) as raised:
        parse_records(bytes(data))
    assert raised.value.code is ErrorCode.CORRUPT_MESSAGE


@given(st.binary(min_size=46, max_size=400))
def test_reading_random_bytes_as_records_never_breaks(payload: bytes) -> None:
    batch = build_batch([Record(b"k", b"v")] * 3)
    broken = Batch(batch.body[:45] + payload)
    try:
        broken.records(0)
    except KafkaError as error:
        assert error.code is ErrorCode.INVALID_RECORD


# Other implementations


def fields(record: Any) -> tuple[Any, ...]:
    return record.offset, record.timestamp, record.key, record.value, tuple(record.headers)


def expected(records: list[Record]) -> list[tuple[Any, ...]]:
    return [fields(record) for record in numbered(records, 0)]


@pytest.mark.peer
@given(record_lists, st.sampled_from([Compression.NONE, Compression.GZIP]))
def test_kafka_python_reads_our_batches(records: list[Record], codec: Compression) -> None:
    batch = build_batch(
        records, compression=codec, producer_id=9, producer_epoch=2, base_sequence=7
    )
    theirs = MemoryRecords(wire(batch)).next_batch()
    assert theirs.validate_crc()
    assert [fields(record) for record in theirs] == expected(records)
    assert (theirs.producer_id, theirs.producer_epoch, theirs.base_sequence) == (9, 2, 7)
    assert theirs.last_sequence == batch.last_sequence
    assert theirs.max_timestamp == batch.max_timestamp


@pytest.mark.peer
@given(record_lists, st.sampled_from([Compression.NONE, Compression.GZIP]))
def test_we_read_kafka_pythons_batches(records: list[Record], codec: Compression) -> None:
    theirs = DefaultRecordBatchBuilder(2, codec, True, 9, 2, 7, 1 << 20)
    for index, record in enumerate(records):
        theirs.append(index, record.timestamp, record.key, record.value, list(record.headers))
    (entry,) = parse_records(bytes(theirs.build()))
    assert [fields(record) for record in entry.records()] == expected(records)
    assert entry.batch.is_transactional
    assert entry.batch.producer_id == 9


@pytest.mark.peer
@given(record_lists, codecs)
def test_aiokafka_reads_our_batches(records: list[Record], codec: Compression) -> None:
    theirs = AioBatch(bytearray(wire(build_batch(records, compression=codec))))
    assert theirs.validate_crc()
    assert [fields(record) for record in theirs] == expected(records)


@pytest.mark.peer
@given(record_lists, codecs)
def test_we_read_aiokafkas_batches(records: list[Record], codec: Compression) -> None:
    # It takes a first timestamp of -1 for one not set yet.
    records = [replace(record, timestamp=max(0, record.timestamp)) for record in records]
    theirs = AioBuilder(2, codec, False, -1, -1, -1, 1 << 20)
    for index, record in enumerate(records):
        theirs.append(index, record.timestamp, record.key, record.value, list(record.headers))
    (entry,) = parse_records(bytes(theirs.build()))
    assert [fields(record) for record in entry.records()] == expected(records)
