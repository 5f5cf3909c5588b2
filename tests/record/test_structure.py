"""The quick check of records by columns, against decoding each."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafkalab.chance import Stream
from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.record import Record, build_batch
from kafkalab.record.batch import HEADER_BYTES
from kafkalab.record.record import decode_records
from kafkalab.record.structure import check_records

shapes = st.tuples(
    st.integers(1, 120),  # records in the run
    st.none() | st.integers(0, 70),  # key
    st.none() | st.integers(0, 200),  # value
    st.booleans(),  # headers
    st.sampled_from([0, 1, 40, 100, 9000]),  # timestamp step
)


def run_of_records(shape: tuple[int, int | None, int | None, bool, int]) -> Iterator[Record]:
    count, key, value, has_headers, step = shape
    for number in range(count):
        yield Record(
            None if key is None else bytes(key),
            None if value is None else bytes(value),
            (("h", b"v"), ("n", None)) if has_headers else (),
            1_000_000 + number * step,
        )


def by_decoding(payload: bytes, count: int) -> int | None:
    """The largest timestamp difference, or None if anything is wrong."""
    try:
        records = decode_records(payload, 0, count, 0, 0, None)
    except KafkaError:
        return None
    if [record.offset for record in records] != list(range(count)):
        return None
    return max(record.timestamp for record in records)


def by_columns(payload: bytes, count: int) -> int | None:
    try:
        return check_records(payload, 0, count, False)
    except KafkaError as error:
        assert error.code is ErrorCode.INVALID_RECORD
        return None


def encoded(records: list[Record]) -> bytes:
    return build_batch(records).body[HEADER_BYTES:]


@given(st.lists(shapes, min_size=1, max_size=4))
def test_well_formed_records_pass_and_the_latest_is_known(
    runs: list[tuple[int, int | None, int | None, bool, int]],
) -> None:
    records = [record for shape in runs for record in run_of_records(shape)]
    latest = max(record.timestamp for record in records) - records[0].timestamp
    assert by_columns(encoded(records), len(records)) == latest


@given(st.lists(shapes, min_size=1, max_size=3), st.integers(0), st.integers(0, 255), st.data())
def test_a_changed_byte_is_judged_as_decoding_judges_it(
    runs: list[tuple[int, int | None, int | None, bool, int]],
    place: int,
    byte: int,
    data: st.DataObject,
) -> None:
    records = [record for shape in runs for record in run_of_records(shape)]
    payload = bytearray(encoded(records))
    payload[place % len(payload)] = byte
    count = len(records) + data.draw(st.sampled_from([0, 0, 0, -1, 1]))
    if count:
        assert by_columns(bytes(payload), count) == by_decoding(bytes(payload), count)


def test_damage_anywhere_in_a_long_run_is_judged_as_decoding_judges_it() -> None:
    chance = Stream(1, "damage")
    payload = encoded([Record(b"key", b"value", (), 5 + i // 30) for i in range(300)])
    for _ in range(300):
        damaged = bytearray(payload)
        damaged[chance.below(len(damaged))] ^= 1 << chance.below(8)
        assert by_columns(bytes(damaged), 300) == by_decoding(bytes(damaged), 300)


@pytest.mark.parametrize("count", [64, 65, 8192, 8193, 20_000])
def test_long_runs_pass_over_the_places_where_varints_grow(count: int) -> None:
    records = [Record(None, b"v", (), 7 + number // 4000) for number in range(count)]
    payload = bytearray(encoded(records))
    assert by_columns(bytes(payload), count) == (count - 1) // 4000
    payload[-4] ^= 1  # the last record's number, or the byte beside it
    assert by_columns(bytes(payload), count) == by_decoding(bytes(payload), count)


def test_differences_below_zero_do_not_count_as_late() -> None:
    records = [Record(b"k", b"v", (), 1_000 - 3 * number) for number in range(50)]
    assert by_columns(encoded(records), 50) == 0


def test_a_missing_key_is_found_in_the_middle_of_a_run() -> None:
    records = [Record(b"k", b"v")] * 100
    assert check_records(encoded(records), 0, 100, True) == 0
    records[70] = Record(None, b"v")
    assert check_records(encoded(records), 0, 100, False) == 0
    with pytest.raises(KafkaError, match="record 70 has no key"):
        check_records(encoded(records), 0, 100, True)
    with pytest.raises(KafkaError, match="record 0 has no key"):
        check_records(encoded([Record(None, b"v")] * 100), 0, 100, True)
