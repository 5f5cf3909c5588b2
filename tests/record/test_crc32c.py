"""The checksum by table and by library."""

from hypothesis import given
from hypothesis import strategies as st

from kafkalab.record.crc32c import crc32c, crc32c_by_table


def test_the_check_value_of_the_standard() -> None:
    assert crc32c(b"123456789") == crc32c_by_table(b"123456789") == 0xE3069283


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_the_table_agrees_with_the_library_and_both_can_go_on(first: bytes, second: bytes) -> None:
    assert crc32c_by_table(first) == crc32c(first)
    whole = crc32c(first + second)
    assert crc32c_by_table(memoryview(second), crc32c_by_table(first)) == whole
    assert crc32c(memoryview(second), crc32c(first)) == whole
