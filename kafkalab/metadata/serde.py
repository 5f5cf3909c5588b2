"""Metadata records as bytes, and back: what stands in the value of a record of the metadata log.

    frame version (1)   record type   record version   the record
    └──────────── unsigned varints ────────────────┘

The key of such a record is null.  A record is written in its highest version, as it is at
`metadata.version` 30 (4.3-IV0) with eligible leader replicas.

In Kafka: `MetadataRecordSerde`, `AbstractApiMessageSerde`.
Left out: writing older versions for an older `metadata.version`.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from kafkalab.metadata import records as r
from kafkalab.protocol.codec import decode, encode_bytes
from kafkalab.protocol.primitives import MalformedMessage, read_uvarint, uvarint
from kafkalab.protocol.schema import Message
from kafkalab.record import Batch, Record, build_batch

FRAME_VERSION: Final = 1
METADATA_VERSION: Final = 30  # 4.3-IV0

#: Every record of this release that the lab has, by its number.
RECORD_TYPES: Final[Mapping[int, type[Message]]] = {
    record_class.API_KEY: record_class
    for record_class in (
        r.RegisterBrokerRecord,
        r.UnregisterBrokerRecord,
        r.TopicRecord,
        r.PartitionRecord,
        r.ConfigRecord,
        r.PartitionChangeRecord,
        r.FenceBrokerRecord,
        r.UnfenceBrokerRecord,
        r.RemoveTopicRecord,
        r.FeatureLevelRecord,
        r.ProducerIdsRecord,
        r.BrokerRegistrationChangeRecord,
        r.NoOpRecord,
        r.BeginTransactionRecord,
        r.EndTransactionRecord,
        r.AbortTransactionRecord,
        r.RegisterControllerRecord,
        r.ClearElrRecord,
    )
}


def encode_record(record: Message) -> bytes:
    """One metadata record, framed, in its highest version."""
    version = record.VERSIONS.valid.high
    frame = uvarint(FRAME_VERSION) + uvarint(record.API_KEY) + uvarint(version)
    return frame + encode_bytes(record, version)


def decode_record(data: bytes | memoryview) -> Any:
    """The record in `data`.  Raises `MalformedMessage` for a frame nobody here can read."""
    view = memoryview(data)
    frame_version, at = read_uvarint(view, 0)
    if frame_version != FRAME_VERSION:
        raise MalformedMessage(f"a metadata record has frame version {frame_version}")
    number, at = read_uvarint(view, at)
    version, at = read_uvarint(view, at)
    record_class = RECORD_TYPES.get(number)
    if record_class is None:
        raise MalformedMessage(f"no metadata record has type {number}")
    return decode(record_class, version, view[at:])


def encode_batch(records: tuple[Message, ...], timestamp: int) -> Batch:
    """One batch of metadata records: they take effect together or not at all."""
    return build_batch(Record(None, encode_record(record), (), timestamp) for record in records)


@lru_cache(maxsize=8192)
def decode_batch(batch: Batch) -> tuple[Any, ...]:
    """The metadata records of a batch; none in a control batch.

    Batches are immutable and shared by all replicas of the log, so what one node has decoded
    serves them all.
    """
    if batch.is_control:
        return ()
    return tuple([decode_record(record.value or b"") for record in batch.records(0)])


def described(batch: Batch) -> list[str]:
    """Each record of a batch in words; what this project has no record for is said to be that."""
    return [_described(record.value or b"") for record in batch.records(0)]


def _described(data: bytes) -> str:
    try:
        return str(decode_record(data))
    except MalformedMessage as error:
        return f"({error})"
