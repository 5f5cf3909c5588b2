"""How a message is declared: once, with the versions in which each field exists.

    @dataclass(frozen=True, slots=True, kw_only=True)
    class FetchPartition:
        partition: int = wire(INT32)
        current_leader_epoch: int = wire(INT32, "9+", default=-1)
        replica_directory_id: Uuid = wire(UUID, "17+", tag=0)

A dataclass with a `VERSIONS` is a message, one without is a part of messages.  `codec` compiles
an encoder and a decoder per version from these declarations on first use.  Names, order,
versions and defaults are Kafka's (the message JSON of 4.3.1); nested structures are tuples of
dataclasses; a field that a version lacks takes its default.

In Kafka: the message generator.  Read next: `codec`, then any file in `messages/`.
"""

from collections.abc import Sequence
from dataclasses import MISSING, dataclass, field
from typing import Any, ClassVar, NamedTuple, Protocol


class Buffers(Protocol):
    """Record data that is kept in pieces and never joined on its way to a socket."""

    @property
    def size_in_bytes(self) -> int: ...

    def buffers(self) -> Sequence[bytes | memoryview]: ...


RecordData = Buffers | bytes | memoryview | None


class VersionRange(NamedTuple):
    """Versions from `low` to `high`, both included; empty if high < low."""

    low: int
    high: int

    def __contains__(self, version: object) -> bool:
        return isinstance(version, int) and self.low <= version <= self.high


NEVER = VersionRange(0, -1)


def parse_range(text: str | None) -> VersionRange:
    """Kafka's notation: `3+`, `0-12`, `5`, `none`."""
    if text is None or text == "none":
        return NEVER
    if text.endswith("+"):
        return VersionRange(int(text[:-1]), 32767)
    low, _, high = text.partition("-")
    return VersionRange(int(low), int(high or low))


class Versions(NamedTuple):
    """The versions of a message, and those that use compact encodings and tagged fields
    (KIP-482)."""

    valid: VersionRange
    flexible: VersionRange


def versions(valid: str, *, flexible: str) -> Versions:
    """`versions("4-18", flexible="12+")`."""
    return Versions(parse_range(valid), parse_range(flexible))


class Message:
    """Base of everything that crosses the wire or stands in a log: `VERSIONS` says how."""

    __slots__ = ()
    API_KEY: ClassVar[int] = -1
    VERSIONS: ClassVar[Versions]


@dataclass(frozen=True, slots=True)
class Primitive:
    """A type of Kafka's protocol, and the value of a field that is not there."""

    name: str
    default: Any


BOOL = Primitive("bool", False)
INT8 = Primitive("int8", 0)
INT16 = Primitive("int16", 0)
UINT16 = Primitive("uint16", 0)
INT32 = Primitive("int32", 0)
INT64 = Primitive("int64", 0)
FLOAT64 = Primitive("float64", 0.0)
STRING = Primitive("string", "")
BYTES = Primitive("bytes", b"")
UUID = Primitive("uuid", bytes(16))
RECORDS = Primitive("records", None)


@dataclass(frozen=True, slots=True)
class Array:
    """A sequence of `item`, held as a tuple."""

    item: "Primitive | type[Any]"


def array(item: "Primitive | type[Any]") -> Array:
    """The type `[]item`."""
    return Array(item)


@dataclass(frozen=True, slots=True)
class Wire:
    """How one field goes over the wire; `tag` is None for a field with a fixed place."""

    type: "Primitive | Array | type[Any]"
    versions: VersionRange
    nullable: VersionRange
    tag: int | None
    tagged: VersionRange
    flexible: bool  # False: the old encoding even in a flexible version (client id of the header)


def wire(
    type: "Primitive | Array | type[Any]",
    versions: str = "0+",
    *,
    nullable: str | None = None,
    tag: int | None = None,
    tagged: str | None = None,
    default: Any = MISSING,
    flexible: str | None = "",
) -> Any:
    """A field of a message; `tagged` defaults to all its versions if it has a `tag`."""
    if default is MISSING:
        default = _default_of(type)
    tagged_range = parse_range(tagged or versions) if tag is not None else NEVER
    spec = Wire(
        type, parse_range(versions), parse_range(nullable), tag, tagged_range, flexible is not None
    )
    return field(default=default, metadata={"wire": spec})


def _default_of(type: "Primitive | Array | type[Any]") -> Any:
    if isinstance(type, Primitive):
        return type.default
    return () if isinstance(type, Array) else type()
