"""What coordinators write: a key and a value, each behind the number of its format.

    key     int16 type     the key message, always at its version 0
    value   int16 version  the value message at that version; no value at all removes the key

So the tools of Apache Kafka that read `__consumer_offsets` can read ours.

In Kafka: `CoordinatorRecord`, `CoordinatorRecordSerde`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from struct import Struct

from kafkalab.protocol.codec import decode, encode
from kafkalab.protocol.schema import Message
from kafkalab.record import Record

_INT16 = Struct(">h")

#: Record type -> the classes of its key and its value.
RecordTypes = Mapping[int, tuple[type[Message], type[Message]]]


@dataclass(frozen=True, slots=True)
class CoordinatorRecord:
    """One change of a coordinator's state.  `version` is that of the value."""

    key: Message
    value: Message | None
    version: int = 0


def encode_record(record: CoordinatorRecord) -> tuple[bytes, bytes | None]:
    """Key and value as they stand in the log."""
    key = b"".join((_INT16.pack(record.key.API_KEY), *encode(record.key, 0)))
    if record.value is None:
        return key, None
    return key, b"".join((_INT16.pack(record.version), *encode(record.value, record.version)))


def decode_record(types: RecordTypes, record: Record) -> CoordinatorRecord | None:
    """The other way; None for a type that is not among `types` (left by a newer broker).

    Raises `KafkaError` for bytes that are not a key or value.
    """
    assert record.key is not None, record
    (record_type,) = _INT16.unpack_from(record.key)
    classes = types.get(record_type)
    if classes is None:
        return None
    key = decode(classes[0], 0, memoryview(record.key)[2:])
    if record.value is None:
        return CoordinatorRecord(key, None)
    (version,) = _INT16.unpack_from(record.value)
    return CoordinatorRecord(
        key, decode(classes[1], version, memoryview(record.value)[2:]), version
    )
