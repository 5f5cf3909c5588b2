"""One connection's bytes: frames in, requests out; responses in, frames out.

    int32 size ┃ header: api key, version, correlation id, client id ┃ request
    int32 size ┃ header: correlation id                              ┃ response

Kafka's framing, for both ends.  A request that cannot be read is `MalformedMessage`, and the
connection that sent it is to be closed: nothing after it can be trusted.  There is one exception:
ApiVersions at a version we lack is answered at version 0, so that a newer client can fall back.

In Kafka: `NetworkReceive`, `RequestContext.parseRequest`, `RequestHeader`.
"""

from struct import Struct
from typing import Any, Final, NamedTuple

from kafkalab.protocol.api_keys import (
    ApiKey,
    request_class,
    request_header_version,
    response_class,
    response_header_version,
)
from kafkalab.protocol.codec import decode_prefix, encode
from kafkalab.protocol.messages.headers import RequestHeader, ResponseHeader
from kafkalab.protocol.primitives import MalformedMessage

_SIZE: Final = Struct(">i")
_KEY_AND_VERSION: Final = Struct(">hh")
SIZE_BYTES: Final = _SIZE.size


class ReceivedRequest(NamedTuple):
    """A request as it came; `message` is None for an ApiVersions of a version we lack."""

    api_key: int
    api_version: int
    correlation_id: int
    client_id: str | None
    message: Any


def frame_size(view: memoryview, size_max: int) -> int:
    """How many bytes follow the four that say so.  Raises `MalformedMessage`."""
    (size,) = _SIZE.unpack_from(view)
    if not 0 < size <= size_max:
        raise MalformedMessage(f"a frame of {size} bytes; at most {size_max} are taken")
    return int(size)


def read_request(frame: memoryview) -> ReceivedRequest:
    """The request in one frame (without its size).  Raises `MalformedMessage`."""
    if len(frame) < _KEY_AND_VERSION.size:
        raise MalformedMessage(f"a request of {len(frame)} bytes")
    key, version = _KEY_AND_VERSION.unpack_from(frame)
    try:
        message_class = request_class(key)
    except ValueError:
        raise MalformedMessage(f"nobody knows API key {key}") from None
    known = version in message_class.VERSIONS.valid
    if not known and key != ApiKey.API_VERSIONS:
        raise MalformedMessage(f"{message_class.__name__} has no version {version}")
    header_version = request_header_version(key, version) if known else 1
    header, at = decode_prefix(RequestHeader, header_version, frame)
    message = decode_prefix(message_class, version, frame[at:])[0] if known else None
    return ReceivedRequest(key, version, header.correlation_id, header.client_id, message)


def request_frame(
    message: Any, version: int, correlation_id: int, client_id: str | None
) -> list[bytes | memoryview]:
    """The buffers of a request, its size first."""
    key = message.API_KEY
    header = RequestHeader(
        request_api_key=key,
        request_api_version=version,
        correlation_id=correlation_id,
        client_id=client_id,
    )
    return _framed(encode(header, request_header_version(key, version)), encode(message, version))


def response_frame(message: Any, version: int, correlation_id: int) -> list[bytes | memoryview]:
    """The buffers of a response, its size first."""
    header = ResponseHeader(correlation_id=correlation_id)
    header_version = response_header_version(message.API_KEY, version)
    return _framed(encode(header, header_version), encode(message, version))


def read_response(api_key: int, version: int, frame: memoryview) -> tuple[int, Any]:
    """Correlation id and response in one frame (without its size)."""
    header_version = response_header_version(api_key, version)
    header, at = decode_prefix(ResponseHeader, header_version, frame)
    message, _ = decode_prefix(response_class(api_key), version, frame[at:])
    return header.correlation_id, message


def _framed(
    header: list[bytes | memoryview], body: list[bytes | memoryview]
) -> list[bytes | memoryview]:
    size = sum(map(len, header)) + sum(map(len, body))
    return [b"".join((_SIZE.pack(size), *header)), *body]
