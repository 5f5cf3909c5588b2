"""Every message at every version goes over the wire and back; nothing malformed gets through."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kafkalab.chance import Stream
from kafkalab.protocol.codec import decode, decode_prefix, encode, encode_bytes
from kafkalab.protocol.messages.fetch import FetchRequest, FetchResponse
from kafkalab.protocol.messages.metadata import MetadataRequest
from kafkalab.protocol.messages.produce import ProduceRequest
from kafkalab.protocol.primitives import MalformedMessage, read_uvarint, uvarint
from kafkalab.record import Record, Records, build_batch, parse_records
from kafkalab.record.records import Entry

from .examples import cases, example, message_classes

CASES = cases(message_classes())


def test_all_declared_messages_are_tried() -> None:
    assert len(message_classes()) > 120
    assert len(CASES) > 500


@given(seed=st.integers(0, 1 << 32))
@settings(max_examples=15, deadline=None)
def test_every_version_of_every_message_comes_back_as_it_was(seed: int) -> None:
    stream = Stream(seed, "test/messages")
    for message_class, version in CASES:
        message = example(message_class, version, stream)
        wire = encode_bytes(message, version)
        back, end = decode_prefix(message_class, version, memoryview(wire))
        assert end == len(wire)
        assert back == message, (message_class, version)
        assert b"".join(encode(message, version)) == wire


@given(seed=st.integers(0, 1 << 32), cut=st.integers(0, 1 << 16))
@settings(max_examples=8, deadline=None)
def test_a_message_cut_short_is_malformed(seed: int, cut: int) -> None:
    stream = Stream(seed, "test/messages")
    for message_class, version in CASES:
        wire = encode_bytes(example(message_class, version, stream), version)
        if wire:
            with pytest.raises(MalformedMessage):
                decode(message_class, version, memoryview(wire)[: cut % len(wire)])


@given(noise=st.binary(max_size=200))
@settings(max_examples=20, deadline=None)
def test_noise_is_malformed_or_a_message_but_never_another_error(noise: bytes) -> None:
    for message_class, version in CASES:
        try:
            message = decode(message_class, version, memoryview(noise))
        except MalformedMessage:
            continue
        assert isinstance(message, message_class)


def test_an_array_cannot_ask_for_more_items_than_there_are_bytes() -> None:
    wire = bytearray(encode_bytes(MetadataRequest(topics=()), 1))
    wire[0:4] = (1 << 30).to_bytes(4, "big")
    with pytest.raises(MalformedMessage, match="1073741824 items"):
        decode(MetadataRequest, 1, memoryview(wire))


def test_a_version_there_never_was_is_a_programmers_error() -> None:
    with pytest.raises(ValueError, match="no version 99"):
        encode(FetchRequest(max_wait_ms=0, min_bytes=0), 99)


def test_null_where_it_is_not_allowed_is_refused() -> None:
    wire = bytes.fromhex("ffff ffff 0000 0000".replace(" ", ""))
    with pytest.raises(MalformedMessage):
        decode(ProduceRequest, 3, memoryview(wire))


def test_unknown_tagged_fields_are_skipped() -> None:
    request = FetchRequest(max_wait_ms=7, min_bytes=1)
    wire = encode_bytes(request, 12)
    assert wire.endswith(b"\0")
    with_tag = wire[:-1] + b"\x01" + uvarint(77) + b"\x03abc"
    assert decode(FetchRequest, 12, memoryview(with_tag)) == request


@given(value=st.integers(0, (1 << 32) - 1))
def test_unsigned_varints(value: int) -> None:
    assert read_uvarint(memoryview(uvarint(value)), 0) == (value, len(uvarint(value)))


def test_record_sets_are_not_copied_on_the_way_out_nor_in() -> None:
    batch = build_batch([Record(key=None, value=b"v" * 5000, timestamp=1)])
    records = Records((Entry(3, 1, batch),))
    from kafkalab.protocol.messages.fetch import FetchableTopicResponse, PartitionData

    part = PartitionData(partition_index=0, error_code=0, high_watermark=9, records=records)
    response = FetchResponse(responses=(FetchableTopicResponse(topic="t", partitions=(part,)),))
    buffers = encode(response, 12)
    assert any(piece is batch.body for piece in buffers), "the body's own bytes must go out"
    wire = b"".join(buffers)
    back = decode(FetchResponse, 12, memoryview(wire))
    view = back.responses[0].partitions[0].records
    assert isinstance(view, memoryview) and view.obj is wire
    assert parse_records(view).entries == records.entries
