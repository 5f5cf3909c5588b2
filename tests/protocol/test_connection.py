"""Frames: requests and responses with their headers, and what is no frame."""

import pytest

from kafkalab.protocol.connection import (
    SIZE_BYTES,
    frame_size,
    read_request,
    read_response,
    request_frame,
    response_frame,
)
from kafkalab.protocol.messages.api_versions import ApiVersionsRequest, ApiVersionsResponse
from kafkalab.protocol.messages.metadata import MetadataRequest, MetadataResponse
from kafkalab.protocol.primitives import MalformedMessage


def body(buffers: list[bytes | memoryview]) -> memoryview:
    frame = memoryview(b"".join(buffers))
    assert frame_size(frame, 1 << 20) == len(frame) - SIZE_BYTES
    return frame[SIZE_BYTES:]


@pytest.mark.parametrize("version", range(14))
def test_a_request_comes_back_with_its_header(version: int) -> None:
    request = MetadataRequest(topics=())
    got = read_request(body(request_frame(request, version, 77, "me")))
    assert (got.api_key, got.api_version, got.correlation_id, got.client_id) == (
        3,
        version,
        77,
        "me",
    )
    assert got.message.topics == ()


@pytest.mark.parametrize("version", range(14))
def test_a_response_comes_back_with_its_correlation_id(version: int) -> None:
    frame = body(response_frame(MetadataResponse(controller_id=2), version, 78))
    correlation_id, response = read_response(3, version, frame)
    assert correlation_id == 78
    assert isinstance(response, MetadataResponse)


def test_the_header_of_api_versions_answers_never_has_tags() -> None:
    frame = body(response_frame(ApiVersionsResponse(error_code=35), 3, 5))
    assert bytes(frame[:6]) == bytes.fromhex("00000005 0023")


def test_api_versions_of_a_version_we_lack_is_for_the_server_to_answer() -> None:
    request = bytearray(body(request_frame(ApiVersionsRequest(), 0, 9, "new")))
    request[2:4] = (42).to_bytes(2, "big")
    got = read_request(memoryview(request))
    assert (got.api_version, got.message, got.correlation_id) == (42, None, 9)


@pytest.mark.parametrize(
    ("frame", "why"),
    [
        (b"\0", "1 bytes"),
        (b"\x03\xe8\0\0\0\0\0\1\xff\xff", "API key 1000"),
        (b"\0\3\0\x63\0\0\0\1\xff\xff", "no version 99"),
        (b"\0\3\0\1\0\0", "cut short"),
    ],
)
def test_what_is_no_request_is_malformed(frame: bytes, why: str) -> None:
    with pytest.raises(MalformedMessage, match=why):
        read_request(memoryview(frame))


@pytest.mark.parametrize("size", [0, -1, (1 << 20) + 1])
def test_a_frame_must_have_a_sensible_size(size: int) -> None:
    with pytest.raises(MalformedMessage, match="a frame of"):
        frame_size(memoryview(size.to_bytes(4, "big", signed=True)), 1 << 20)
