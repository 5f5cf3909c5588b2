"""A record batch taken apart, byte by byte: which field is where, and what it says.

    0    8       12            16     17   21          23 …
    base offset · length · leader epoch · magic · CRC · attributes · … · record 0 · record 1 · …

For looking at, not for speed: every byte of the batch belongs to exactly one field, whatever the
bytes are.  What cannot be read is a field too, with the reason.

In Kafka: the layout of `DefaultRecordBatch` and `DefaultRecord`.
Read next: `batch` and `record`, which read the same for use.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct
from typing import Final, Literal, NamedTuple

from kafkalab.errors import KafkaError
from kafkalab.record.batch import CONTROL, LOG_APPEND_TIME, MAGIC, TRANSACTIONAL
from kafkalab.record.compression import Compression
from kafkalab.record.crc32c import crc32c
from kafkalab.record.record import read_varint

#: What a field is about: its place in the log, format and integrity, time, the producer, the
#: learner's data, framing (lengths and counts), or bytes that make no sense.
About = Literal["place", "format", "time", "producer", "data", "framing", "broken"]


class Field(NamedTuple):
    """`size` bytes from `offset`.  `part`: -1 for the header, else the number of the record."""

    offset: int
    size: int
    name: str
    value: int | bytes | None
    about: About
    note: str = ""
    part: int = -1


@dataclass(frozen=True, slots=True)
class Anatomy:
    """All fields, in order; `crc_computed` is what the CRC should be for these bytes."""

    data: bytes
    fields: tuple[Field, ...]
    crc_stored: int
    crc_computed: int

    @property
    def is_intact(self) -> bool:
        """Whether the CRC matches, so that a broker takes the bytes for what was sent."""
        return self.crc_stored == self.crc_computed

    @property
    def records(self) -> int:
        """How many records were found."""
        return len({field.part for field in self.fields if field.part >= 0})


HEADER_BYTES: Final = 61
CRC_AT: Final = 17
CRC_COVERS_FROM: Final = 21
LENGTH_COUNTS_FROM: Final = 12


class _Fixed(NamedTuple):
    name: str
    struct: Struct
    about: About


_HEADER: Final = (
    _Fixed("baseOffset", Struct(">q"), "place"),
    _Fixed("batchLength", Struct(">i"), "place"),
    _Fixed("partitionLeaderEpoch", Struct(">i"), "place"),
    _Fixed("magic", Struct(">b"), "format"),
    _Fixed("crc", Struct(">I"), "format"),
    _Fixed("attributes", Struct(">h"), "format"),
    _Fixed("lastOffsetDelta", Struct(">i"), "place"),
    _Fixed("baseTimestamp", Struct(">q"), "time"),
    _Fixed("maxTimestamp", Struct(">q"), "time"),
    _Fixed("producerId", Struct(">q"), "producer"),
    _Fixed("producerEpoch", Struct(">h"), "producer"),
    _Fixed("baseSequence", Struct(">i"), "producer"),
    _Fixed("recordsCount", Struct(">i"), "place"),
)


def dissect(data: bytes) -> Anatomy:
    """Take one batch apart.  ValueError if there are fewer bytes than a header has."""
    if len(data) < HEADER_BYTES:
        raise ValueError(f"a batch has a header of {HEADER_BYTES} bytes, here are {len(data)}")
    values: dict[str, int] = {}
    header = []
    offset = 0
    for name, struct, about in _HEADER:
        (values[name],) = struct.unpack_from(data, offset)
        header.append(Field(offset, struct.size, name, values[name], about))
        offset += struct.size
    noted = [field._replace(note=_note(field.name, values, data)) for field in header]
    records = tuple(_records(data, values))
    return Anatomy(data, (*noted, *records), values["crc"], crc32c(data[CRC_COVERS_FROM:]))


def _note(name: str, values: dict[str, int], data: bytes) -> str:
    """A few words on what a header field says."""
    value = values[name]
    match name:
        case "baseOffset":
            return "first offset"
        case "batchLength":
            is_so = value == len(data) - LENGTH_COUNTS_FROM
            return "bytes follow" if is_so else f"but {len(data) - LENGTH_COUNTS_FROM} follow"
        case "magic":
            return "format 2" if value == MAGIC else "no format that Kafka takes"
        case "attributes":
            return _attributes(value)
        case "lastOffsetDelta":
            return f"last is {values['baseOffset']} + {value}"
        case "producerId" if value == -1:
            return "not idempotent"
        case "recordsCount":
            return "record" if value == 1 else "records"
    return ""


def _attributes(value: int) -> str:
    try:
        codec = Compression(value & 7)
        words = ["not compressed" if codec is Compression.NONE else codec.name.lower()]
    except ValueError:
        words = ["no known compression"]
    if value & LOG_APPEND_TIME:
        words.append("log append time")
    if value & TRANSACTIONAL:
        words.append("transactional")
    if value & CONTROL:
        words.append("control")
    return ", ".join(words)


def _records(data: bytes, values: dict[str, int]) -> Iterator[Field]:
    if values["attributes"] & 7:
        words = "compressed together: " + _attributes(values["attributes"] & 7)
        rest = data[HEADER_BYTES:]
        yield Field(HEADER_BYTES, len(rest), "records", rest, "data", words, 0)
        return
    reader = _Reader(data, values)
    while reader.place < len(data):
        try:
            reader.read_record()
        except (IndexError, ValueError, KafkaError) as error:
            yield from reader.fields
            reader.fields.clear()
            rest = data[reader.place :]
            yield Field(reader.place, len(rest), "?", rest, "broken", str(error), reader.part)
            return
        yield from reader.fields
        reader.fields.clear()
        reader.part += 1


class _Reader:
    """Walks over records, one field after another."""

    def __init__(self, data: bytes, values: dict[str, int]) -> None:
        self._data = data
        self._base_offset = values["baseOffset"]
        self.place = HEADER_BYTES
        self.part = 0
        self.fields: list[Field] = []

    def read_record(self) -> None:
        """Add one record's fields.  ValueError, IndexError or KafkaError where sense ends."""
        length = self._number("length", "framing", "bytes follow")
        end = self.place + length
        if length < 0 or end > len(self._data):
            raise ValueError(
                f"the record says {length} bytes, {len(self._data) - self.place} are left"
            )
        self._bytes("attributes", 1, "framing", "unused")
        self._number("timestampDelta", "time", "ms after base")
        delta = self._number("offsetDelta", "place")
        self.fields[-1] = self.fields[-1]._replace(note=f"offset {self._base_offset + delta}")
        for name in ("key", "value"):
            self._sized(name)
        for _ in range(self._number("headersCount", "framing")):
            self._sized("headerKey")
            self._sized("headerValue")
        if self.place != end:
            raise ValueError(f"the record says it ends at byte {end}, its fields at {self.place}")

    def _sized(self, name: str) -> None:
        length = self._number(f"{name}Length", "framing")
        note = "null: there is none" if length < 0 else "bytes"
        self.fields[-1] = self.fields[-1]._replace(note=note)
        if length > len(self._data) - self.place:
            raise ValueError(f"{name}Length says {length}, {len(self._data) - self.place} are left")
        if length > 0:
            self._bytes(name, length, "data")

    def _number(self, name: str, about: About, note: str = "") -> int:
        start = self.place
        value, place = read_varint(self._data, start)
        self.place = place
        self.fields.append(Field(start, place - start, name, value, about, note, self.part))
        return value

    def _bytes(self, name: str, size: int, about: About, note: str = "") -> None:
        start, self.place = self.place, self.place + size
        value = self._data[start : self.place]
        said: int | bytes = value[0] if about == "framing" else value
        self.fields.append(Field(start, size, name, said, about, note, self.part))
