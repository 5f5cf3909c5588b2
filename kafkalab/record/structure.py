"""Whether encoded records are well formed, found out without decoding them.

A leader must know that a batch holds the records it declares, each as long as it says, with their
headers, numbered 0, 1, 2 …; it does not need keys and values.  Walking over a thousand records in
Python costs more than all else a produce request does.  But a producer's records mostly come in
runs of one shape, and a run is checked by columns, at the speed of slices:

    record 0   len len attr  Δt  Δo  klen key… vlen vlen value…  headers
    record 1   len len attr  Δt  Δo  klen key… vlen vlen value…  headers
               └─┬───┘       │   │   └ same     └ same            └ all 0
                all same     │   0, 1, 2 …
                             any, of this size

Irregular records are walked over one by one.

In Kafka: `DefaultRecord.readFrom` and `LogValidator`, which read each record.  Other than there a
wrong offset difference is refused (Kafka corrects it if the batch is compressed).
Read next: `validation`.
"""

from typing import Final, NamedTuple

from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.record.record import read_varint

_SHORTEST_RUN: Final = 8
_PATIENCE_MAX: Final = 256  # records walked over before a run is looked for again
_NEVER: Final = -(1 << 63)
_BLOCK: Final = 8192  # offset differences whose varints differ in two bytes only
_ODD: Final = bytes(range(1, 256, 2))
_EVEN: Final = bytes(range(0, 128, 2))
_LOW: Final = bytes(range(128, 256, 2)) * (2 * _BLOCK // 64)  # first of two bytes or more
_NEXT: Final = b"".join([bytes((number,)) * 64 for number in range(128)])  # second and last
_NEXT_OF_THREE: Final = b"".join([bytes((number | 128,)) * 64 for number in range(128)])


class Shape(NamedTuple):
    """Where in a record things are, in bytes from its beginning, and how long it is in all."""

    timestamp: int
    offset: int
    key_length: int
    key: int
    value_length: int
    value: int
    headers: int
    size: int
    timestamp_delta: int


def check_records(data: bytes, position: int, count: int, keys_required: bool) -> int:
    """The largest timestamp difference of the `count` records from `position` to the end.

    Raises INVALID_RECORD for anything that does not fit exactly.
    """
    index, latest, window = 0, _NEVER, _SHORTEST_RUN
    patience = 0 if count >= _SHORTEST_RUN else count  # too few for a run
    try:
        while index < count:
            index, position, late = _walk_plain(
                data, position, index, min(count, index + patience), keys_required
            )
            latest = max(latest, late)
            if index == count:
                break
            shape = _walk(data, position, index, keys_required)
            latest = max(latest, shape.timestamp_delta)
            run = 1
            if index + 1 < count and _next_is_as_long(data, position, shape):
                run, late = _run(data, position, shape, index, min(window, count - index))
                latest = max(latest, late)
            window = min(16 * window, _BLOCK) if run == window else _SHORTEST_RUN
            patience = 0 if run > 1 else min(2 * patience + 4, _PATIENCE_MAX)
            index += run
            position += run * shape.size
    except IndexError:
        raise _invalid("the records end too early") from None
    if position != len(data):
        raise _invalid("there are more records than the batch says, or fewer")
    return latest


def _walk_plain(
    data: bytes, position: int, index: int, stop: int, keys_required: bool
) -> tuple[int, int, int]:
    """Over records of the usual kind, up to number `stop` or the first that needs `_walk`.

    Usual are lengths of one or two bytes, a key below 64 bytes or none, no headers, and nothing
    wrong.  Written out, because calls would cost more than the work.
    """
    latest = _NEVER
    while index < stop:
        length = data[position]
        place = position + 1
        if length > 127:
            length += (data[place] << 7) - 128
            place += 1
        end = place + (length >> 1)
        delta = data[place + 1]
        place += 2
        if delta > 127:
            delta += (data[place] << 7) - 128
            place += 1
        number = data[place]
        if number > 127:
            place += 1
            number += (data[place] << 7) - 128
        key = data[place + 1]
        place += 2
        if (length | delta | number) > 0x3FFF or (length | delta) & 1 or number != index << 1:
            break
        if key != 1:
            if key & 0x81:
                break
            place += key >> 1
        elif keys_required:
            break
        value = data[place]
        place += 1
        if value > 127:
            value += (data[place] << 7) - 128
            place += 1
        if value != 1:
            if value & 1 or value > 0x3FFF:
                break
            place += value >> 1
        if data[place] or place + 1 != end:
            break
        latest = delta if delta > latest else latest
        position = end
        index += 1
    return index, position, latest >> 1


def _walk(data: bytes, start: int, index: int, keys_required: bool) -> Shape:
    """The shape of the one record at `start`, all of it checked."""
    length, body = read_varint(data, start)
    timestamp_at = body + 1
    timestamp, offset_at = read_varint(data, timestamp_at)
    offset, key_length_at = read_varint(data, offset_at)
    key_length, key = read_varint(data, key_length_at)
    value_length_at = key + key_length if key_length > 0 else key
    value_length, value = read_varint(data, value_length_at)
    headers = value + value_length if value_length > 0 else value
    end = _after_headers(data, headers) if data[headers] else headers + 1
    if end != body + length or end > len(data):
        raise _invalid(f"record {index} is not as long as it says")
    if offset != index:
        raise _invalid(f"record {index} says it is number {offset}")
    if key_length < -1 or value_length < -1:
        raise _invalid(f"record {index} has a key or value of negative length")
    if keys_required and key_length < 0:
        raise _invalid(f"record {index} has no key, and a compacted topic needs one")
    return Shape(
        timestamp_at - start,
        offset_at - start,
        key_length_at - start,
        key - start,
        value_length_at - start,
        value - start,
        headers - start,
        end - start,
        timestamp,
    )


def _after_headers(data: bytes, position: int) -> int:
    count, position = read_varint(data, position)
    if not 0 <= count <= len(data) - position:
        raise _invalid(f"a record has {count} headers")
    for _ in range(count):
        length, position = read_varint(data, position)
        if length < 0:
            raise _invalid("a header has no name")
        length, position = read_varint(data, position + length)
        if length < -1:
            raise _invalid(f"a header's value has length {length}")
        position += max(length, 0)
    return position


def _next_is_as_long(data: bytes, start: int, shape: Shape) -> bool:
    prefix = shape.timestamp - 1  # the attributes' byte stands between
    following = start + shape.size
    return data[start : start + prefix] == data[following : following + prefix]


def _run(data: bytes, start: int, shape: Shape, index: int, window: int) -> tuple[int, int]:
    """How many records from `start` have its shape (1: too few), and their largest difference."""
    if data[start + shape.headers]:
        return 1, _NEVER
    window = min(window, (len(data) - start) // shape.size, _BLOCK - index % _BLOCK)
    while window >= _SHORTEST_RUN:
        latest = _check_columns(data, start, shape, index, window)
        if latest is not None:
            return window, latest
        window //= 2
    return 1, _NEVER


def _check_columns(data: bytes, start: int, shape: Shape, index: int, window: int) -> int | None:
    """The largest timestamp difference of `window` records if all have this shape, or None."""
    size = shape.size
    end = start + window * size
    fixed = [
        *range(shape.timestamp - 1),
        *range(shape.key_length, shape.key),
        *range(shape.value_length, shape.value),
        shape.headers,
    ]
    for place in fixed:
        place += start
        if data[place:end:size].count(data[place]) != window:
            return None
    for place, expected in _offset_columns(shape, index, window):
        if data[start + place : end : size] != expected:
            return None
    return _timestamps(data, start + shape.timestamp, shape, end)


def _offset_columns(shape: Shape, index: int, window: int) -> list[tuple[int, bytes]]:
    """Each byte of the offset differences: its place, and what it must be in each record."""
    place, last = shape.offset, index + window - 1
    match shape.key_length - place:
        case 1 if last < 64:
            return [(place, _EVEN[index : last + 1])]
        case 2 if last < _BLOCK:
            return [
                (place, _LOW[index : last + 1]),
                (place + 1, _NEXT[index : last + 1]),
            ]
        case 3:
            first = index % _BLOCK
            return [
                (place, _LOW[first : first + window]),
                (place + 1, _NEXT_OF_THREE[first : first + window]),
                (place + 2, bytes((index // _BLOCK,)) * window),
            ]
        case _:
            return [(place, b"")]  # matches nothing


def _timestamps(data: bytes, place: int, shape: Shape, end: int) -> int | None:
    """The largest difference in the column, if all take the same one or two bytes."""
    low = data[place : end : shape.size]
    match shape.offset - shape.timestamp:
        case 1 if low.isascii():
            later = low.translate(None, _ODD)  # odd numbers are differences below zero
            return max(later) >> 1 if later else shape.timestamp_delta
        case 2 if min(low) >= 128 and low.translate(None, _ODD) == low:
            high = data[place + 1 : end : shape.size]
            if high.isascii():
                most, least = max(zip(high, low, strict=True))
                return (most << 7 | least & 0x7F) >> 1
    return None


def _invalid(message: str) -> KafkaError:
    return KafkaError(ErrorCode.INVALID_RECORD, message)
