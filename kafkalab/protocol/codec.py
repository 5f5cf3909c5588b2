"""Messages to bytes and back, by functions compiled from the declarations on first use.

    encode(message, version) ─▶ [buffer, …]          decode(cls, version, view) ─▶ message

For each class and version one flat function is written as Python text and compiled: neighbours of
fixed width share one `struct` call, everything else is a call of `primitives`, and a structure
within a structure is its own function.  Starting costs nothing for what is never said, and a
message costs a few microseconds.

Record sets are never copied here: decoding gives a slice of the view, encoding passes their buffers
on.  A field that a version lacks is left out, and takes its default at the other end; tagged fields
go out only when they differ from it, and unknown ones are skipped (KIP-482).

In Kafka: the generated `*Json` and message classes.  Read next: `source`, which writes the text.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, Final, TypeVar

from kafkalab.protocol import source
from kafkalab.protocol.primitives import FUNCTIONS, MalformedMessage, Out
from kafkalab.protocol.schema import Message, Versions

M = TypeVar("M", bound=Message)
Reader = Callable[[memoryview, int], tuple[Any, int]]
Writer = Callable[[Out, Any], None]

#: Buffers below this are joined with their neighbours: a copy is cheaper than one more buffer.
JOIN_BELOW_BYTES: Final = 4096


def encode(message: Message, version: int) -> list[bytes | memoryview]:
    """The bytes of a message, in as few buffers as is cheap.

    Raises ValueError if the message has no such version.
    """
    return _join(_written(message, version))


def encode_bytes(message: Message, version: int) -> bytes:
    """As `encode`, in one piece."""
    return b"".join(_written(message, version))


def decode(message_class: type[M], version: int, view: memoryview) -> M:
    """The message at the start of `view`; bytes after it are left alone.

    Raises `MalformedMessage`, and ValueError if the class has no such version.
    """
    return decode_prefix(message_class, version, view)[0]


def decode_prefix(message_class: type[M], version: int, view: memoryview) -> tuple[M, int]:
    """As `decode`, and where the message ended."""
    struct_class: Any = message_class
    message: M
    message, end = _reader(struct_class, version, _is_flexible(struct_class, version))(view, 0)
    return message, end


def _written(message: Message, version: int) -> Out:
    struct_class: Any = type(message)
    out: Out = []
    _writer(struct_class, version, _is_flexible(struct_class, version))(out, message)
    return out


@cache
def _is_flexible(message_class: Any, version: int) -> bool:
    versions: Versions = message_class.VERSIONS
    if version not in versions.valid:
        raise ValueError(f"{message_class.__name__} has no version {version}: {versions.valid}")
    return version in versions.flexible


@cache
def _reader(struct_class: Any, version: int, flexible: bool) -> Reader:
    text, names, nested = source.reader(struct_class, version, flexible)
    parts: dict[str, Any] = dict(nested)
    names |= {name: _reader(part, version, flexible) for name, part in parts.items()}
    read: Reader = _compiled(text, names)["read"]
    return read


@cache
def _writer(struct_class: Any, version: int, flexible: bool) -> Writer:
    text, names, nested = source.writer(struct_class, version, flexible)
    parts: dict[str, Any] = dict(nested)
    names |= {name: _writer(part, version, flexible) for name, part in parts.items()}
    write: Writer = _compiled(text, names)["write"]
    return write


def _compiled(text: str, names: dict[str, Any]) -> dict[str, Any]:
    scope = {**FUNCTIONS, "MalformedMessage": MalformedMessage, **names}
    exec(text, scope)
    return scope


def _join(pieces: Out) -> list[bytes | memoryview]:
    joined: list[bytes | memoryview] = []
    small: Out = []
    for piece in pieces:
        if len(piece) < JOIN_BELOW_BYTES:
            small.append(piece)
            continue
        if small:
            joined.append(b"".join(small))
            small = []
        joined.append(piece)
    if small:
        joined.append(b"".join(small))
    return joined
