"""Metadata records as Kafka frames them."""

import pytest

from kafkalab.metadata import records as r
from kafkalab.metadata.serde import (
    RECORD_TYPES,
    decode_batch,
    decode_record,
    encode_batch,
    encode_record,
)
from kafkalab.protocol.primitives import MalformedMessage
from kafkalab.record import ControlType, control_batch

TOPIC_ID = bytes(range(16))


def test_a_record_is_framed_by_frame_version_type_and_version() -> None:
    # TopicRecord is type 2 version 0: a compact string, a UUID, no tagged fields.
    record = r.TopicRecord(name="foo", topic_id=TOPIC_ID)
    assert encode_record(record) == b"\x01\x02\x00" + b"\x04foo" + TOPIC_ID + b"\x00"
    assert encode_record(r.NoOpRecord()) == b"\x01\x14\x00\x00"


def test_unset_tagged_fields_of_a_change_cost_nothing() -> None:
    record = r.PartitionChangeRecord(partition_id=3, topic_id=TOPIC_ID, leader=1)
    data = encode_record(record)
    assert data == b"\x01\x05\x02" + b"\0\0\0\x03" + TOPIC_ID + b"\x01\x01\x04\0\0\0\x01"
    assert decode_record(data) == record


@pytest.mark.parametrize("record_class", RECORD_TYPES.values(), ids=lambda c: c.__name__)
def test_every_record_type_survives_a_round_trip(record_class: type) -> None:
    record = record_class()
    assert decode_record(encode_record(record)) == record


def test_a_batch_keeps_its_records_in_order_and_is_decoded_once() -> None:
    records = (
        r.TopicRecord(name="a", topic_id=TOPIC_ID),
        r.PartitionRecord(partition_id=0, topic_id=TOPIC_ID, replicas=(1, 2), isr=(1,), leader=1),
    )
    batch = encode_batch(records, 77)
    assert batch.base_timestamp == 77
    assert decode_batch(batch) == records
    assert decode_batch(batch) is decode_batch(batch)


def test_a_control_batch_has_no_metadata_records() -> None:
    assert decode_batch(control_batch([(ControlType.LEADER_CHANGE, b"")], 0)) == ()


@pytest.mark.parametrize("data", [b"", b"\x02\x02\x00", b"\x01\x63\x00", b"\x01\x02"])
def test_what_cannot_be_read_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedMessage):
        decode_record(data)
