"""The table of bad input: what a produce request's batch must not be, and what it gets."""

import struct

import pytest

from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.record import (
    Batch,
    Compression,
    Entry,
    Record,
    Records,
    build_batch,
    end_marker_batch,
    validate_produced,
)
from kafkalab.record.batch import HEADER_BYTES, LOG_APPEND_TIME, encode_body
from kafkalab.record.compression import compress

GOOD = build_batch([Record(b"k", b"v", (("h", b"x"),), 10), Record(None, None, (), 12)])
LIMIT = 1 << 20


def wire(batch: Batch, base_offset: int = 0) -> bytes:
    return b"".join(Records((Entry(base_offset, -1, batch),)).buffers())


def changed(**fields: object) -> Batch:
    """GOOD with other header fields, or another payload, and the CRC that fits."""
    given = {
        name: getattr(GOOD, name)
        for name in (
            "attributes",
            "last_offset_delta",
            "base_timestamp",
            "max_timestamp",
            "producer_id",
            "producer_epoch",
            "base_sequence",
            "record_count",
        )
    }
    return Batch(encode_body(**{"payload": GOOD.body[HEADER_BYTES:], **given, **fields}))  # type: ignore[arg-type]


def patched(position: int, value: bytes) -> bytes:
    data = bytearray(wire(GOOD))
    data[position : position + len(value)] = value
    return bytes(data)


def code_of(data: bytes | None, limit: int = LIMIT) -> ErrorCode:
    with pytest.raises(KafkaError) as raised:
        validate_produced(data, limit)
    return raised.value.code


def test_a_good_batch_passes_and_is_copied_once() -> None:
    data = bytearray(wire(GOOD))
    batch = validate_produced(memoryview(data), LIMIT)
    data[:] = bytes(len(data))
    assert batch == GOOD


def test_records_objects_pass_without_a_copy() -> None:
    assert validate_produced(Records((Entry(0, -1, GOOD),)), LIMIT) is GOOD


@pytest.mark.parametrize(
    ("what", "data"),
    [
        ("crc", patched(17, b"\0\0\0\0")),
        ("a byte under the crc", patched(len(wire(GOOD)) - 1, b"\7")),
        ("length below the minimum", patched(8, struct.pack(">i", 13))),
        ("length shorter than a header", patched(8, struct.pack(">i", 48))),
        ("magic above 2", patched(16, b"\3")),
        ("magic below 0", patched(16, b"\xff")),
    ],
)
def test_damage_is_a_corrupt_message(what: str, data: bytes) -> None:
    assert code_of(data) is ErrorCode.CORRUPT_MESSAGE, what


VARIANTS = {
    "count above the records": changed(record_count=3, last_offset_delta=2),
    "count below the records": changed(record_count=1, last_offset_delta=0),
    "count and last offset disagree": changed(last_offset_delta=5),
    "no records": changed(record_count=0, last_offset_delta=-1, payload=b""),
    "negative count": changed(record_count=-1),
    "a control batch": end_marker_batch(
        committed=True, producer_id=1, producer_epoch=0, coordinator_epoch=0, timestamp=5
    ),
    "a producer without a sequence": changed(producer_id=5, producer_epoch=0),
    "wrong header count": changed(
        payload=GOOD.body[HEADER_BYTES:].replace(b"\x02\x02h", b"\x04\x02h")
    ),
    "compressed rubbish": changed(attributes=Compression.GZIP),
    "compressed count": changed(
        attributes=Compression.LZ4,
        payload=compress(Compression.LZ4, GOOD.body[HEADER_BYTES:]),
        record_count=1,
        last_offset_delta=0,
    ),
    "a bomb": changed(
        attributes=Compression.ZSTD, payload=compress(Compression.ZSTD, bytes(70 << 20))
    ),
}


@pytest.mark.parametrize("what", VARIANTS)
def test_what_a_client_must_not_send_is_an_invalid_record(what: str) -> None:
    assert code_of(wire(VARIANTS[what])) is ErrorCode.INVALID_RECORD


@pytest.mark.parametrize(
    ("what", "data"),
    [
        ("nothing", b""),
        ("null", None),
        ("half a batch", wire(GOOD)[:-1]),
        ("two batches", wire(GOOD) * 2),
        ("another base offset", wire(GOOD, 1)),
        ("magic 0", patched(16, b"\0")),
        ("magic 1", patched(16, b"\1")),
    ],
)
def test_anything_but_one_batch_is_an_invalid_record(what: str, data: bytes | None) -> None:
    assert code_of(data) is ErrorCode.INVALID_RECORD, what


def test_a_large_batch_is_refused_by_its_size_on_the_wire() -> None:
    assert code_of(wire(GOOD), GOOD.size_in_bytes - 1) is ErrorCode.MESSAGE_TOO_LARGE
    assert validate_produced(wire(GOOD), GOOD.size_in_bytes) == GOOD


def test_a_codec_nobody_knows_is_unsupported() -> None:
    assert code_of(wire(changed(attributes=7))) is ErrorCode.UNSUPPORTED_COMPRESSION_TYPE


def test_a_producer_may_not_claim_the_brokers_time() -> None:
    assert code_of(wire(changed(attributes=LOG_APPEND_TIME))) is ErrorCode.INVALID_TIMESTAMP


def test_bytes_of_an_incomplete_second_batch_are_left_out_as_in_kafka() -> None:
    assert validate_produced(wire(GOOD) + wire(GOOD)[:-1], LIMIT) == GOOD


def test_a_wrong_largest_timestamp_is_put_right() -> None:
    batch = validate_produced(wire(changed(max_timestamp=9_999)), LIMIT)
    batch.check_crc()
    assert batch.max_timestamp == 12
    assert batch.records(0) == GOOD.records(0)


def test_a_compacted_topic_needs_keys() -> None:
    with pytest.raises(KafkaError, match="record 1 has no key") as raised:
        validate_produced(wire(GOOD), LIMIT, keys_required=True)
    assert raised.value.code is ErrorCode.INVALID_RECORD


@pytest.mark.parametrize("codec", Compression)
def test_every_codec_passes(codec: Compression) -> None:
    batch = build_batch([Record(b"k", b"v" * 1000)] * 50, compression=codec)
    assert validate_produced(wire(batch), LIMIT) == batch
