"""One record, and how records stand one after another in a batch.

    length  attributes  timestamp Δ  offset Δ  key length  key  value length  value  headers
    varint  0           varint       varint    varint           varint               count, (k, v)…

Lengths and differences are zigzag varints: 0, -1, 1, -2 … become 0, 1, 2, 3 …, seven bits a byte,
lowest first.  A length of -1 is null.  Differences are to the batch's base timestamp and offset.

In Kafka: `DefaultRecord`, `ByteUtils`.  Read next: `batch`.
"""

from dataclasses import dataclass

from kafkalab.errors import ErrorCode, KafkaError

Headers = tuple[tuple[str, bytes | None], ...]

_ONE_BYTE = tuple(bytes((number,)) for number in range(128))
_NULL = _ONE_BYTE[1]  # zigzag of -1


@dataclass(frozen=True, slots=True)
class Record:
    """What a producer sends and a consumer gets.  Timestamps in milliseconds, -1 for none."""

    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    timestamp: int = -1
    offset: int = -1


def varint(number: int) -> bytes:
    """A zigzag varint of up to 64 bits."""
    rest = (number << 1) ^ (number >> 63)
    if rest < 0x80:
        return _ONE_BYTE[rest]
    if rest < 0x4000:
        return bytes((rest & 0x7F | 0x80, rest >> 7))
    encoded = bytearray()
    while rest >= 0x80:
        encoded.append(rest & 0x7F | 0x80)
        rest >>= 7
    encoded.append(rest)
    return bytes(encoded)


def encode_record(
    out: bytearray,
    offset_delta: int,
    timestamp_delta: int,
    key: bytes | None,
    value: bytes | None,
    headers: Headers,
) -> None:
    """Append one record to `out`."""
    head = b"\0" + varint(timestamp_delta) + varint(offset_delta)
    head += _NULL if key is None else varint(len(key)) + key
    tail = encode_headers(headers) if headers else b"\0"
    if value is None:
        out += varint(len(head) + 1 + len(tail)) + head + _NULL + tail
    else:
        head += varint(len(value))
        out += varint(len(head) + len(value) + len(tail)) + head
        out += value
        out += tail


def encode_headers(headers: Headers) -> bytes:
    """The count, then each name and value."""
    parts = [varint(len(headers))]
    for name, value in headers:
        encoded = name.encode()
        parts += (varint(len(encoded)), encoded)
        parts += (_NULL,) if value is None else (varint(len(value)), value)
    return b"".join(parts)


def decode_records(
    data: bytes,
    position: int,
    count: int,
    base_offset: int,
    base_timestamp: int,
    append_time: int | None,
) -> tuple[Record, ...]:
    """The `count` records from `position` to the end of `data`.

    `append_time` stands in for every timestamp if the broker stamped the batch.  Raises
    INVALID_RECORD for anything that does not fit exactly.
    """
    records: list[Record] = []
    try:
        for _ in range(count):
            length, position = read_varint(data, position)
            end = position + length
            timestamp, position = read_varint(data, position + 1)
            offset, position = read_varint(data, position)
            key, position = _read_bytes(data, position)
            value, position = _read_bytes(data, position)
            headers: Headers = ()
            if data[position]:
                headers, position = _read_headers(data, position)
            else:
                position += 1
            if position != end:
                raise _invalid("a record is not as long as it says")
            timestamp = base_timestamp + timestamp if append_time is None else append_time
            records.append(Record(key, value, headers, timestamp, base_offset + offset))
    except IndexError:
        raise _invalid("the records end too early") from None
    if position != len(data):
        raise _invalid("there are more records than the batch says, or fewer")
    return tuple(records)


def read_varint(data: bytes, position: int) -> tuple[int, int]:
    """A zigzag varint, and the position after it."""
    byte = data[position]
    position += 1
    if byte < 0x80:
        return (byte >> 1) ^ -(byte & 1), position
    number = byte & 0x7F
    shift = 7
    while True:
        byte = data[position]
        position += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (number >> 1) ^ -(number & 1), position
        shift += 7
        if shift > 63:
            raise _invalid("a varint has more than ten bytes")


def _read_bytes(data: bytes, position: int) -> tuple[bytes | None, int]:
    length, position = read_varint(data, position)
    if length < 0:
        if length == -1:
            return None, position
        raise _invalid(f"a key or value has length {length}")
    return data[position : position + length], position + length


def _read_headers(data: bytes, position: int) -> tuple[Headers, int]:
    count, position = read_varint(data, position)
    if not 0 <= count <= len(data) - position:
        raise _invalid(f"a record has {count} headers")
    headers = []
    for _ in range(count):
        name, position = _read_bytes(data, position)
        if name is None:
            raise _invalid("a header has no name")
        value, position = _read_bytes(data, position)
        headers.append((name.decode("utf-8", "replace"), value))
    return tuple(headers), position


def _invalid(message: str) -> KafkaError:
    return KafkaError(ErrorCode.INVALID_RECORD, message)
