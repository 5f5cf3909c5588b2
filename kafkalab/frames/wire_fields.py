"""A request or an answer as it goes over the wire, taken apart: which bytes are which field.

    int32 size ┃ header: api key, version, correlation id, client id ┃ body

The declarations of the messages say what stands where, so any API at any version can be read.
For looking at, not for speed: every byte belongs to exactly one field, whatever the bytes are.
What cannot be read is a field too, with the reason.  Whether a broker takes the bytes is not
answered here but by its own parser: `protocol.connection.read_request`.

    path                                     bytes            value
    topic_data[0].partition_data[0].index    00 00 00 02      2

Invariants: fields follow one another without a gap; a field with a `path` has the value that the
codec decodes there; those without are framing (lengths, counts, tags) or make no sense.

In Kafka: the protocol guide's tables, KIP-482 for tagged fields.
Read next: `protocol.source`, which reads the same for use; `lab.scenes.request_lens`, which draws.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from struct import Struct
from typing import Any, Final, Literal, NamedTuple

from kafkalab.protocol import api_keys
from kafkalab.protocol.api_keys import ApiKey
from kafkalab.protocol.messages.headers import RequestHeader, ResponseHeader
from kafkalab.protocol.primitives import FIXED, VARIABLE, MalformedMessage, read_uvarint
from kafkalab.protocol.schema import Array, Message, Primitive, Wire

#: What a field is about: which message this is, a place (topic, partition, offset, epoch), time,
#: a client, the learner's data, framing, all else that is asked or said, or nothing.
About = Literal["header", "place", "time", "who", "data", "framing", "said", "broken"]
Path = tuple[str | int, ...]

_SIZE: Final = Struct(">i")
_KEY_AND_VERSION: Final = Struct(">hh")
_OLD_LENGTH: Final = {"string": Struct(">h"), "bytes": Struct(">i"), "records": Struct(">i")}
_COUNT: Final = Struct(">i")
_BATCH_LENGTH_AT: Final = 8
_BATCH_LENGTH_FROM: Final = 12
_PLACES: Final = ("topic", "partition", "offset", "leader", "node", "broker", "replica", "isr")
_CLIENTS: Final = ("producer", "member", "group", "transactional", "client", "generation")


class WireField(NamedTuple):
    """`size` bytes from `offset`.  `path`: where the decoded message has it, else empty.

    `inside`: the path of the structure it is part of; `kind`: its type, as the protocol guide
    calls it.
    """

    offset: int
    size: int
    name: str
    value: Any
    about: About
    kind: str
    note: str = ""
    path: Path = ()
    inside: Path = ()

    @property
    def end(self) -> int:
        return self.offset + self.size


@dataclass(frozen=True, slots=True)
class WireAnatomy:
    """All fields of a frame, in order.  `body_at`: where header ends and body begins.

    `message_class` is None if nobody knows the API or the version; `trouble` says why the fields
    end early, "" if they do not.
    """

    data: bytes
    fields: tuple[WireField, ...]
    body_at: int
    api_key: int
    api_version: int
    message_class: type[Message] | None
    trouble: str


def dissect_request(data: bytes) -> WireAnatomy:
    """Take a request apart, its size first."""
    reader = _Reader(data)
    key = version = -1
    message_class: type[Message] | None = None
    body_at = len(data)
    try:
        reader.read_size()
        if reader.end - reader.at < _KEY_AND_VERSION.size:
            raise MalformedMessage("a request begins with API key and version, 4 bytes")
        key, version = _KEY_AND_VERSION.unpack_from(data, reader.at)
        message_class = _known(key, version)
        is_known = message_class is not None or key == ApiKey.API_VERSIONS
        if not is_known:
            reader.read_fixed("request_api_key", "int16", ("request_api_key",), note=_api(key))
            reader.read_fixed("request_api_version", "int16", ("request_api_version",))
            raise MalformedMessage(_unknown(key, version))
        header = api_keys.request_header_version(key, version) if message_class else 1
        reader.read_header(RequestHeader, header)
        body_at = reader.at
        if message_class is None:
            raise MalformedMessage(f"{_unknown(key, version)}: answered at version 0 (KIP-511)")
        reader.read_message(message_class, version)
    except MalformedMessage as error:
        reader.give_up(error)
    return reader.finish(body_at, key, version, message_class)


def dissect_response(data: bytes, api_key: int, version: int) -> WireAnatomy:
    """Take an answer apart; what it answers its bytes do not say."""
    message_class = api_keys.response_class(api_key)
    reader = _Reader(data)
    body_at = len(data)
    try:
        reader.read_size()
        reader.read_header(ResponseHeader, api_keys.response_header_version(api_key, version))
        body_at = reader.at
        reader.read_message(message_class, version)
    except MalformedMessage as error:
        reader.give_up(error)
    return reader.finish(body_at, api_key, version, message_class)


def dissect_message(message_class: type[Message], version: int, data: bytes) -> WireAnatomy:
    """Take a message apart that has neither size nor header."""
    reader = _Reader(data)
    try:
        reader.read_message(message_class, version)
    except MalformedMessage as error:
        reader.give_up(error)
    return reader.finish(0, message_class.API_KEY, version, message_class)


def batches_in(field: WireField) -> list[tuple[int, int]]:
    """Where the batches of a record set begin in the frame, and their sizes; a torn one too."""
    if field.kind != "records" or not field.size or field.about != "data":
        return []
    data, found, at = bytes(field.value), [], 0
    while at < len(data):
        size = len(data) - at
        if size >= _BATCH_LENGTH_FROM:
            (length,) = _COUNT.unpack_from(data, at + _BATCH_LENGTH_AT)
            if 0 <= length <= size - _BATCH_LENGTH_FROM:
                size = _BATCH_LENGTH_FROM + length
        found.append((field.offset + at, size))
        at += size
    return found


def words_of(path: Path) -> str:
    """`topic_data[0].partition_data[1].index`."""
    words = ""
    for step in path:
        words += f"[{step}]" if isinstance(step, int) else f".{step}"
    return words.removeprefix(".")


def _known(key: int, version: int) -> type[Message] | None:
    try:
        message_class = api_keys.request_class(key)
    except ValueError:
        return None
    return message_class if version in message_class.VERSIONS.valid else None


def _unknown(key: int, version: int) -> str:
    if not (name := _api(key)):
        return f"nobody knows API key {key}"
    valid = api_keys.request_class(key).VERSIONS.valid
    return f"{name} has versions {valid.low} to {valid.high}, not {version}"


def _api(key: int) -> str:
    try:
        return ApiKey(key).name.replace("_", " ").title().replace(" ", "")
    except ValueError:
        return ""


class _Reader:
    """Walks over a frame by the declarations.  `end`: where the frame, as it says, ends."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._view = memoryview(data)
        self.end = len(data)
        self.at = 0
        self.fields: list[WireField] = []
        self._version = 0
        self._is_flexible = False
        self._is_header = False
        self._inside: Path = ()
        self._trouble = ""

    # the frame

    def read_size(self) -> None:
        if len(self._data) < _SIZE.size:
            raise MalformedMessage("a frame begins with its size, 4 bytes")
        (size,) = _SIZE.unpack_from(self._data)
        left = len(self._data) - _SIZE.size
        note = "bytes follow" if size == left else f"but {left} bytes follow"
        self._add(_SIZE.size, "size", size, "framing", "int32", note)
        if size <= 0:
            raise MalformedMessage(f"a frame of {size} bytes")
        self.end = min(len(self._data), _SIZE.size + size)
        self._view = self._view[: self.end]

    def read_header(self, header_class: type[Message], version: int) -> None:
        self._is_header = True
        self.read_message(header_class, version)
        self._is_header = False

    def read_message(self, message_class: type[Message], version: int) -> None:
        self._version = version
        self._is_flexible = version in message_class.VERSIONS.flexible
        self._struct(message_class, ())

    def give_up(self, error: MalformedMessage) -> None:
        """What is left of the frame makes no sense."""
        self._trouble, self._inside = error.message, ()
        self._add(self.end - self.at, "?", None, "broken", "", error.message)

    def finish(
        self, body_at: int, key: int, version: int, message_class: type[Message] | None
    ) -> WireAnatomy:
        """All there is; what nobody reads is a field too."""
        self._add(self.end - self.at, "?", None, "framing", "", "after the message: never read")
        self.end = len(self._data)
        self._add(self.end - self.at, "?", None, "framing", "", "taken for the next request")
        parts = tuple(self.fields)
        return WireAnatomy(self._data, parts, body_at, key, version, message_class, self._trouble)

    # structures

    def _struct(self, struct_class: type[Any], path: Path) -> None:
        tagged: dict[int, tuple[str, Wire]] = {}
        outer, self._inside = self._inside, path
        for one in fields(struct_class):
            wire: Wire = one.metadata["wire"]
            if self._version in wire.tagged and self._version in wire.versions:
                assert wire.tag is not None
                tagged[wire.tag] = one.name, wire
            elif self._version in wire.versions:
                self._value(one.name, wire, wire.type, (*path, one.name), self._may_be_null(wire))
        if self._is_flexible:
            self._tagged(tagged, path)
        self._inside = outer

    def _may_be_null(self, wire: Wire) -> bool:
        return self._version in wire.nullable

    def _tagged(self, known: dict[int, tuple[str, Wire]], path: Path) -> None:
        count = self._uvarint("tagged fields", "none" if self._peek() == 0 else "")
        for _ in range(count):
            tag = self._uvarint("tag")
            name, wire = known.get(tag, ("", None))
            self.fields[-1] = self.fields[-1]._replace(note=name or "unknown here: skipped")
            size = self._uvarint("size", "bytes follow")
            start, after, kept = self.at, self.at + size, len(self.fields)
            if after > self.end:
                raise MalformedMessage(f"tagged field {tag} is cut short")
            if wire is not None:
                self._value(name, wire, wire.type, (*path, name), self._may_be_null(wire))
            if self.at > after:
                del self.fields[kept:]
                self.at = start
                self._add(size, name, None, "broken", "", "its value goes on past its size")
            self._add(after - self.at, name or "?", None, "framing", "", "skipped")

    def _peek(self) -> int:
        return self._view[self.at] if self.at < self.end else -1

    def _value(self, name: str, wire: Wire, kind: Any, path: Path, may_be_null: bool) -> None:
        is_compact = self._is_flexible and wire.flexible
        if isinstance(kind, Array):
            self._array(name, wire, kind, path, may_be_null)
        elif isinstance(kind, Primitive) and kind.name in VARIABLE:
            self._sized(name, kind.name, is_compact, path, may_be_null)
        elif isinstance(kind, Primitive):
            self.read_fixed(name, kind.name, path)
        else:
            if may_be_null:
                is_there = self.read_fixed(f"{name} is there", "int8", (), about="framing")
                if is_there < 0:
                    self.fields[-1] = self.fields[-1]._replace(value=None, note="null", path=path)
                    return
            self._struct(kind, path)

    def _array(self, name: str, wire: Wire, kind: Array, path: Path, may_be_null: bool) -> None:
        is_compact = self._is_flexible and wire.flexible
        count = self._length(f"{name} count", _COUNT, is_compact)
        if count == -1:
            self._null(name, may_be_null, path)
            return
        if count < -1 or count > self.end - self.at:
            raise MalformedMessage(f"an array of {count} items in {self.end - self.at} bytes")
        if count == 0:
            self.fields[-1] = self.fields[-1]._replace(path=path, value=(), note="empty")
        for item in range(count):
            self._value(name, wire, kind.item, (*path, item), False)

    # values

    def read_fixed(
        self, name: str, kind: str, path: Path, note: str = "", about: About | None = None
    ) -> Any:
        struct = Struct(">" + FIXED[kind])
        if self.at + struct.size > self.end:
            raise MalformedMessage(f"{name} is cut short")
        (value,) = struct.unpack_from(self._data, self.at)
        if self._is_header and not note and name == "request_api_key":
            note = _api(value)
        self._add(struct.size, name, value, about or self._about(name, kind), kind, note, path)
        return value

    def _sized(self, name: str, kind: str, is_compact: bool, path: Path, may_be_null: bool) -> None:
        size = self._length(f"{name} length", _OLD_LENGTH[kind], is_compact)
        if size == -1:
            self._null(name, may_be_null, path)
            return
        if size < 0 or size > self.end - self.at:
            raise MalformedMessage(f"{name} of {size} bytes, but {self.end - self.at} are left")
        raw = self._data[self.at : self.at + size]
        value = str(raw, "utf-8", "replace") if kind == "string" else raw
        if size == 0:
            self.fields[-1] = self.fields[-1]._replace(path=path, value=value, note="empty")
        self._add(size, name, value, self._about(name, kind), kind, path=path)

    def _null(self, name: str, may_be_null: bool, path: Path) -> None:
        if not may_be_null:
            raise MalformedMessage(f"{name} must not be null")
        self.fields[-1] = self.fields[-1]._replace(path=path, value=None, note="not there")

    def _length(self, name: str, old: Struct, is_compact: bool) -> int:
        if is_compact:
            raw = self._uvarint(name)
            self.fields[-1] = self.fields[-1]._replace(value=raw - 1, note="varint − 1")
            return raw - 1
        if self.at + old.size > self.end:
            raise MalformedMessage(f"{name} is cut short")
        (value,) = old.unpack_from(self._data, self.at)
        self._add(old.size, name, value, "framing", "int16" if old.size == 2 else "int32")
        return int(value)

    def _uvarint(self, name: str, note: str = "") -> int:
        value, at = read_uvarint(self._view, self.at)
        self._add(at - self.at, name, value, "framing", "unsigned varint", note)
        return value

    def _about(self, name: str, kind: str) -> About:
        if self._is_header:
            return "header"
        return about_of(name, kind)

    def _add(
        self,
        size: int,
        name: str,
        value: Any,
        about: About,
        kind: str,
        note: str = "",
        path: Path = (),
    ) -> None:
        if size > 0:
            inside = self._inside
            field = WireField(self.at, size, name, value, about, kind, note, path, inside)
            self.fields.append(field)
            self.at += size


def about_of(name: str, kind: str) -> About:
    """What a field of a body is about, by its name."""
    if kind in ("bytes", "records"):
        return "data"
    if name.endswith(("_ms", "timestamp")):
        return "time"
    if name.startswith(_CLIENTS):
        return "who"
    if any(word in name for word in _PLACES) or name in ("name", "index", "host", "port", "rack"):
        return "place"
    return "said"


def leaves(anatomy: WireAnatomy) -> Iterator[WireField]:
    """The fields of the body that have a value in the decoded message."""
    yield from (one for one in anatomy.fields if one.path and one.offset >= anatomy.body_at)
