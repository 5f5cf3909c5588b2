"""What applications give as keys, values and headers, as nodes take them.

As confluent_kafka: text is encoded as UTF-8, headers are a dictionary or a list of pairs.
"""

from collections.abc import Mapping
from typing import Any

from kafkalab.client.message import Headers


def as_bytes(value: Any, what: str) -> bytes | None:
    """TypeError for anything but bytes, text and None."""
    if value is None or isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bytearray | memoryview):
        return bytes(value)
    raise TypeError(
        f"{what} must be bytes, str or None, not {type(value).__name__}: "
        "encode it first, for example by json.dumps(…)"
    )


def headers_of(given: Any) -> Headers:
    """TypeError for what is neither a dictionary nor pairs."""
    if given is None:
        return ()
    pairs = given.items() if isinstance(given, Mapping) else given
    headers = []
    for pair in pairs:
        if not isinstance(pair, tuple | list) or len(pair) != 2 or not isinstance(pair[0], str):
            raise TypeError(f"headers must be a dict or a list of (str, value) pairs, not {pair!r}")
        headers.append((pair[0], as_bytes(pair[1], f"header {pair[0]}")))
    return tuple(headers)
