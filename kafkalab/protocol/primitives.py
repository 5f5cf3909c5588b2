"""Kafka's primitive types on the wire: how each is read and written.

    read_x(view, at)  -> (value, at)        write_x(out, value)        out: a list of buffers

Old encodings put an int16 or int32 length in front, -1 for null; compact ones (KIP-482) an unsigned
varint of length + 1, 0 for null.  Whatever is cut short or impossible raises `MalformedMessage`;
a length is checked against what is left before anything is made of it, so that no message can ask
for more memory than it has bytes.

In Kafka: `ByteBufferAccessor`, `ByteUtils`.  Read next: `codec`.
"""

from collections.abc import Callable, Mapping
from struct import Struct
from typing import Any, Final

from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.protocol.schema import RecordData

Out = list[bytes | memoryview]

_INT16: Final = Struct(">h")
_INT32: Final = Struct(">i")
_VARINT_BYTES_MAX: Final = 5
_NULL_INT16: Final = _INT16.pack(-1)
_NULL_INT32: Final = _INT32.pack(-1)

#: How `struct` writes the types of fixed width.
FIXED: Final[Mapping[str, str]] = {
    "bool": "?",
    "int8": "b",
    "int16": "h",
    "uint16": "H",
    "int32": "i",
    "int64": "q",
    "float64": "d",
    "uuid": "16s",
}


class MalformedMessage(KafkaError):
    """Bytes that are no message of the class and version asked for."""

    def __init__(self, message: str) -> None:
        super().__init__(ErrorCode.INVALID_REQUEST, message)


def _left(view: memoryview, at: int, size: int, what: str) -> int:
    """Where `size` bytes from `at` end; they must be there."""
    end = at + size
    if size < 0 or end > len(view):
        raise MalformedMessage(f"{what} of {size} bytes at {at}, but {len(view) - at} are left")
    return end


# --- unsigned varints, 32 bits


def read_uvarint(view: memoryview, at: int) -> tuple[int, int]:
    if at < len(view) and (byte := view[at]) < 0x80:
        return byte, at + 1
    value = shift = 0
    for place in range(at, min(at + _VARINT_BYTES_MAX, len(view))):
        byte = view[place]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place + 1
        shift += 7
    raise MalformedMessage(f"no unsigned varint at {at}")


def uvarint(value: int) -> bytes:
    """`value` (not negative) in seven bits a byte, lowest first."""
    if value < 0x80:
        return _SMALL[value]
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


_SMALL: Final = tuple(bytes((value,)) for value in range(0x80))


# --- lengths: None is null


def _length16(view: memoryview, at: int) -> tuple[int, int]:
    end = _left(view, at, 2, "a length")
    return _INT16.unpack_from(view, at)[0], end


def _length32(view: memoryview, at: int) -> tuple[int, int]:
    end = _left(view, at, 4, "a length")
    return _INT32.unpack_from(view, at)[0], end


def _compact_length(view: memoryview, at: int) -> tuple[int, int]:
    if at < len(view) and (byte := view[at]) < 0x80:
        return byte - 1, at + 1
    value, at = read_uvarint(view, at)
    return value - 1, at


def read_count(view: memoryview, at: int) -> tuple[int, int]:
    """How many items an array has; -1 for null.  Every item has a byte at least."""
    return _checked_count(view, *_length32(view, at))


def read_compact_count(view: memoryview, at: int) -> tuple[int, int]:
    if at < len(view) and (byte := view[at]) < 0x80 and byte <= len(view) - at:
        return byte - 1, at + 1
    return _checked_count(view, *_compact_length(view, at))


def _checked_count(view: memoryview, count: int, at: int) -> tuple[int, int]:
    if count < -1 or count > len(view) - at:
        raise MalformedMessage(f"an array of {count} items in {len(view) - at} bytes")
    return count, at


# --- text and bytes


def _as_text(view: memoryview, size: int, at: int) -> tuple[str | None, int]:
    if size == -1:
        return None, at
    end = _left(view, at, size, "text")
    return str(view[at:end], "utf-8", "replace"), end  # as Java reads it: U+FFFD for what is none


def _as_bytes(view: memoryview, size: int, at: int) -> tuple[bytes | None, int]:
    if size == -1:
        return None, at
    end = _left(view, at, size, "bytes")
    return bytes(view[at:end]), end


def _as_records(view: memoryview, size: int, at: int) -> tuple[memoryview | None, int]:
    if size == -1:
        return None, at
    end = _left(view, at, size, "records")
    return view[at:end], end  # not copied: record.parse_records does that, once


def read_string(view: memoryview, at: int) -> tuple[str | None, int]:
    return _as_text(view, *_length16(view, at))


def read_compact_string(view: memoryview, at: int) -> tuple[str | None, int]:
    return _as_text(view, *_compact_length(view, at))


def read_bytes(view: memoryview, at: int) -> tuple[bytes | None, int]:
    return _as_bytes(view, *_length32(view, at))


def read_compact_bytes(view: memoryview, at: int) -> tuple[bytes | None, int]:
    return _as_bytes(view, *_compact_length(view, at))


def read_records(view: memoryview, at: int) -> tuple[memoryview | None, int]:
    return _as_records(view, *_length32(view, at))


def read_compact_records(view: memoryview, at: int) -> tuple[memoryview | None, int]:
    return _as_records(view, *_compact_length(view, at))


def required(value: Any, name: str) -> Any:
    """A value that this version does not allow to be null."""
    if value is None:
        raise MalformedMessage(f"{name} must not be null")
    return value


def write_string(out: Out, value: str | None) -> None:
    if value is None:
        out.append(_NULL_INT16)
        return
    raw = value.encode()
    out.append(_INT16.pack(len(raw)))
    out.append(raw)


def write_compact_string(out: Out, value: str | None) -> None:
    if value is None:
        out.append(b"\0")
        return
    raw = value.encode()
    out.append(uvarint(len(raw) + 1))
    out.append(raw)


def write_bytes(out: Out, value: bytes | None) -> None:
    if value is None:
        out.append(_NULL_INT32)
        return
    out.append(_INT32.pack(len(value)))
    out.append(value)


def write_compact_bytes(out: Out, value: bytes | None) -> None:
    if value is None:
        out.append(b"\0")
        return
    out.append(uvarint(len(value) + 1))
    out.append(value)


def write_records(out: Out, value: RecordData) -> None:
    if value is None or isinstance(value, bytes | memoryview):
        write_bytes(out, value)  # type: ignore[arg-type]
        return
    out.append(_INT32.pack(value.size_in_bytes))
    out.extend(value.buffers())


def write_compact_records(out: Out, value: RecordData) -> None:
    if value is None or isinstance(value, bytes | memoryview):
        write_compact_bytes(out, value)  # type: ignore[arg-type]
        return
    out.append(uvarint(value.size_in_bytes + 1))
    out.extend(value.buffers())


def write_count(out: Out, count: int) -> None:
    """-1 is a null array."""
    out.append(_INT32.pack(count))


def write_compact_count(out: Out, count: int) -> None:
    out.append(uvarint(count + 1))


#: What the codec calls for a type with a length in front, old and compact.
VARIABLE: Final[Mapping[str, tuple[str, str]]] = {
    "string": ("string", "compact_string"),
    "bytes": ("bytes", "compact_bytes"),
    "records": ("records", "compact_records"),
}

FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {
    name: function
    for name, function in globals().items()
    if name.startswith(("read_", "write_")) or name in ("required", "uvarint")
}
