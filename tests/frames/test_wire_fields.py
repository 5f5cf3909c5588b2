"""Every byte of every message at every version belongs to one field, and says what decode says."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kafkalab.chance import Stream
from kafkalab.frames.wire_fields import (
    WireAnatomy,
    batches_in,
    dissect_message,
    dissect_request,
    dissect_response,
    leaves,
    words_of,
)
from kafkalab.protocol.api_keys import ApiKey, request_class, response_class
from kafkalab.protocol.codec import decode_prefix, encode_bytes
from kafkalab.protocol.connection import (
    read_request,
    read_response,
    request_frame,
    response_frame,
)
from kafkalab.protocol.messages.fetch import FetchRequest
from kafkalab.protocol.messages.produce import (
    PartitionProduceData,
    ProduceRequest,
    TopicProduceData,
)
from kafkalab.protocol.primitives import MalformedMessage, uvarint
from kafkalab.protocol.schema import Array, Message, Primitive, Wire
from kafkalab.record import Record, build_batch
from tests.protocol.examples import cases, example, message_classes

CASES = cases(message_classes())
REQUESTS = cases(tuple(request_class(key) for key in ApiKey))
RESPONSES = cases(tuple(response_class(key) for key in ApiKey))


def covered(anatomy: WireAnatomy) -> list[int]:
    return [n for one in anatomy.fields for n in range(one.offset, one.end)]


def reached(message: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        message = message[step] if isinstance(step, int) else getattr(message, step)
    return bytes(message) if isinstance(message, memoryview) else message


def expected(message: Any, version: int, flexible: bool, path: Any = ()) -> Iterator[Any]:
    """The path of every leaf that must be on the wire, in order."""
    tagged = []
    for one in fields(message):
        wire: Wire = one.metadata["wire"]
        if version not in wire.versions:
            continue
        value, here = getattr(message, one.name), (*path, one.name)
        if version in wire.tagged:
            if value != one.default:
                tagged.append((wire.tag, value, wire.type, here))
        else:
            yield from below(value, wire.type, version, flexible, here)
    for _, value, kind, here in sorted(tagged, key=lambda each: each[0]):
        yield from below(value, kind, version, flexible, here)


def below(value: Any, kind: Any, version: int, flexible: bool, path: Any) -> Iterator[Any]:
    if value is None or isinstance(kind, Primitive) or value == ():
        yield path
    elif isinstance(kind, Array):
        for number, item in enumerate(value):
            yield from below(item, kind.item, version, flexible, (*path, number))
    else:
        assert is_dataclass(value)
        yield from expected(value, version, flexible, path)


def check(anatomy: WireAnatomy, message: Message, version: int) -> None:
    where = (type(message).__name__, version)
    assert covered(anatomy) == list(range(len(anatomy.data))), where
    assert not anatomy.trouble, (where, anatomy.trouble)
    for one in leaves(anatomy):
        assert one.value == reached(message, one.path), (where, one)
    flexible = version in message.VERSIONS.flexible
    assert [one.path for one in leaves(anatomy)] == list(expected(message, version, flexible))


@given(seed=st.integers(0, 1 << 32))
@settings(max_examples=12, deadline=None)
def test_every_message_at_every_version_is_covered_and_says_what_decode_says(seed: int) -> None:
    stream = Stream(seed, "test/messages")
    for message_class, version in CASES:
        data = encode_bytes(example(message_class, version, stream), version)
        decoded, end = decode_prefix(message_class, version, memoryview(data))
        assert end == len(data)
        check(dissect_message(message_class, version, data), decoded, version)


@given(seed=st.integers(0, 1 << 32))
@settings(max_examples=4, deadline=None)
def test_so_is_every_request_and_answer_with_size_and_header(seed: int) -> None:
    stream = Stream(seed, "test/frames")
    for message_class, version in REQUESTS:
        message = example(message_class, version, stream)
        client = (None, "", "producer-1")[stream.below(3)]
        data = b"".join(request_frame(message, version, 77, client))
        anatomy, received = dissect_request(data), read_request(memoryview(data)[4:])
        check(anatomy, received.message, version)
        said = {one.name: one.value for one in anatomy.fields if one.about == "header" or one.path}
        assert said["request_api_key"] == message.API_KEY
        assert said["request_api_version"] == version
        assert said["correlation_id"] == 77
        header = {words_of(one.path): one.value for one in anatomy.fields[:9]}
        assert header["client_id"] == client
    for message_class, version in RESPONSES:
        data = b"".join(response_frame(example(message_class, version, stream), version, 78))
        key = message_class.API_KEY
        correlation_id, message = read_response(key, version, memoryview(data)[4:])
        anatomy = dissect_response(data, key, version)
        assert correlation_id == anatomy.fields[1].value == 78
        check(anatomy, message, version)


@given(seed=st.integers(0, 1 << 32), place=st.integers(0, 1 << 16), noise=st.integers(1, 255))
@settings(max_examples=6, deadline=None)
def test_damaged_frames_are_covered_too_and_broken_where_the_parser_refuses(
    seed: int, place: int, noise: int
) -> None:
    stream = Stream(seed, "test/damage")
    for message_class, version in REQUESTS:
        frame = bytearray(
            b"".join(request_frame(example(message_class, version, stream), version, 1, "c"))
        )
        frame[4 + place % (len(frame) - 4)] ^= noise
        data = bytes(frame)
        anatomy = dissect_request(data)
        assert covered(anatomy) == list(range(len(data)))
        try:
            received = read_request(memoryview(data)[4:])
        except MalformedMessage:
            assert anatomy.trouble, (message_class, version, data.hex())
            continue
        assert not anatomy.trouble or received.message is None, data.hex()
        if received.message is not None:
            for one in leaves(anatomy):
                assert one.value == reached(received.message, one.path)


@given(noise=st.binary(max_size=120))
@settings(max_examples=200, deadline=None)
def test_noise_is_covered(noise: bytes) -> None:
    assert covered(dissect_request(noise)) == list(range(len(noise)))
    for message_class, version in RESPONSES[::7]:
        anatomy = dissect_response(noise, message_class.API_KEY, version)
        assert covered(anatomy) == list(range(len(noise)))


def test_a_tagged_field_nobody_knows_is_named_and_skipped() -> None:
    data = encode_bytes(FetchRequest(max_wait_ms=7, min_bytes=1), 12)
    data = data[:-1] + b"\x01" + uvarint(77) + b"\x03abc"
    last = dissect_message(FetchRequest, 12, data).fields[-3:]
    assert [one.name for one in last] == ["tag", "size", "?"]
    assert last[0].value == 77
    assert "skipped" in last[0].note
    assert last[2].size == 3


def test_an_unknown_api_and_a_wrong_version_are_named() -> None:
    frame = bytearray(b"".join(request_frame(FetchRequest(max_wait_ms=7, min_bytes=1), 12, 5, "c")))
    frame[6:8] = (3).to_bytes(2, "big")
    anatomy = dissect_request(bytes(frame))
    assert anatomy.trouble == "Fetch has versions 4 to 18, not 3"
    frame[4:6] = (999).to_bytes(2, "big")
    anatomy = dissect_request(bytes(frame))
    assert anatomy.trouble == "nobody knows API key 999"


@pytest.mark.parametrize("version", [3, 9, 13])
def test_the_batches_of_a_record_set_are_found(version: int) -> None:
    batch = build_batch([Record(b"k", b"v", (), 5)])
    one = bytes(8) + (batch.size_in_bytes - 12).to_bytes(4, "big") + bytes(4) + batch.body
    topic = TopicProduceData(
        name="t", partition_data=(PartitionProduceData(index=2, records=one * 2),)
    )
    request = ProduceRequest(acks=1, timeout_ms=9, topic_data=(topic,))
    data = b"".join(request_frame(request, version, 1, "c"))
    (records,) = [each for each in dissect_request(data).fields if each.kind == "records"]
    found = batches_in(records)
    assert [data[at : at + size] for at, size in found] == [one, one]
    assert words_of(records.path) == "topic_data[0].partition_data[0].records"
