"""A batch taken apart: every byte once, whatever the bytes are."""

from hypothesis import given
from hypothesis import strategies as st

from kafkalab.record import Record, build_batch
from kafkalab.record.anatomy import HEADER_BYTES, dissect
from kafkalab.record.compression import Compression


def batch_bytes(*records: Record, compression: Compression = Compression.NONE) -> bytes:
    batch = build_batch(list(records), compression=compression)
    length = batch.size_in_bytes - 12
    return (40).to_bytes(8, "big") + length.to_bytes(4, "big") + (5).to_bytes(4, "big") + batch.body


TWO = batch_bytes(
    Record(b"user-1", b'{"total":42}', (("trace", b"7f3a"),), 1000),
    Record(None, b"x", (), 1035),
)


def covered(data: bytes) -> list[int]:
    return [
        n for field in dissect(data).fields for n in range(field.offset, field.offset + field.size)
    ]


def test_a_batch_says_what_is_in_it() -> None:
    anatomy = dissect(TWO)
    assert anatomy.is_intact
    assert anatomy.records == 2
    said = {(field.part, field.name): field for field in anatomy.fields}
    assert said[-1, "baseOffset"].value == 40
    assert said[-1, "batchLength"].value == len(TWO) - 12
    assert said[-1, "partitionLeaderEpoch"].value == 5
    assert said[-1, "recordsCount"].value == 2
    assert said[0, "key"].value == b"user-1"
    assert said[0, "headerKey"].value == b"trace"
    assert said[0, "offsetDelta"].note == "offset 40"
    assert said[1, "keyLength"].value == -1
    assert said[1, "timestampDelta"].value == 35
    assert (1, "key") not in said


def test_every_byte_belongs_to_one_field() -> None:
    assert covered(TWO) == list(range(len(TWO)))


def test_a_compressed_batch_is_one_piece_after_its_header() -> None:
    data = batch_bytes(*[Record(b"k", b"v" * 100)] * 5, compression=Compression.GZIP)
    last = dissect(data).fields[-1]
    assert (last.name, last.offset, last.offset + last.size) == ("records", HEADER_BYTES, len(data))
    assert "gzip" in last.note


@given(st.binary(min_size=HEADER_BYTES, max_size=200))
def test_bytes_that_make_no_sense_are_taken_apart_all_the_same(data: bytes) -> None:
    assert covered(data) == list(range(len(data)))


@given(st.integers(HEADER_BYTES, len(TWO) - 1), st.integers(0, 7))
def test_a_flipped_bit_shows_in_the_crc(place: int, bit: int) -> None:
    damaged = bytearray(TWO)
    damaged[place] ^= 1 << bit
    anatomy = dissect(bytes(damaged))
    assert not anatomy.is_intact
    assert covered(bytes(damaged)) == list(range(len(TWO)))
