"""Codecs, their framings, and bombs."""

import sys
import zlib

import cramjam
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.record import Compression
from kafkalab.record.compression import compress, decompress

CODECS = [Compression.GZIP, Compression.SNAPPY, Compression.LZ4, Compression.ZSTD]
codecs = st.sampled_from(CODECS)


@given(codecs, st.binary(max_size=300), st.integers(0, 700))
def test_what_goes_in_comes_out(codec: Compression, seed: bytes, repeat: int) -> None:
    data = seed * repeat
    assert decompress(codec, compress(codec, data)) == data


@pytest.mark.parametrize("codec", CODECS)
def test_a_megabyte_of_one_letter_is_no_bomb(codec: Compression) -> None:
    data = b"x" * (3 << 20)
    assert decompress(codec, compress(codec, data)) == data


def test_snappy_is_read_in_the_java_framing_and_in_none() -> None:
    data = b"abc" * 50_000
    assert compress(Compression.SNAPPY, data).startswith(b"\x82SNAPPY\0\0\0\0\1\0\0\0\1")
    assert decompress(Compression.SNAPPY, bytes(cramjam.snappy.compress_raw(data))) == data


def test_lz4_is_written_as_a_frame_of_independent_blocks_and_read_by_others() -> None:
    data = b"abc" * 50_000 + bytes(range(256)) * 300
    frame = compress(Compression.LZ4, data)
    assert frame[:4] == bytes.fromhex("04224d18")
    assert frame[4] & 0x20, "Java reads no other blocks"
    assert bytes(cramjam.lz4.decompress(frame)) == data
    assert decompress(Compression.LZ4, bytes(cramjam.lz4.compress(data))) == data


@given(codecs, st.binary(min_size=1, max_size=100))
def test_damage_is_an_invalid_record(codec: Compression, data: bytes) -> None:
    try:
        decompress(codec, data)
    except KafkaError as error:
        assert error.code is ErrorCode.INVALID_RECORD


@given(codecs, st.binary(min_size=20, max_size=200), st.integers(1, 19))
def test_data_that_ends_too_early_never_passes_for_whole(
    codec: Compression, data: bytes, missing: int
) -> None:
    try:
        assert decompress(codec, compress(codec, data)[:-missing]) != data or missing <= 8
    except KafkaError as error:
        assert error.code is ErrorCode.INVALID_RECORD


@pytest.mark.parametrize("codec", CODECS)
def test_a_bomb_is_refused(codec: Compression) -> None:
    bomb = compress(codec, bytes(80 << 20))
    with pytest.raises(KafkaError, match="decompress to more") as raised:
        decompress(codec, bomb)
    assert raised.value.code is ErrorCode.INVALID_RECORD


def test_a_small_bomb_is_refused_by_its_ratio() -> None:
    bomb = bytes(cramjam.zstd.compress(bytes(20 << 20)))
    assert len(bomb) * 1024 < 20 << 20
    with pytest.raises(KafkaError, match="decompress to more"):
        decompress(Compression.ZSTD, bomb)


@pytest.mark.parametrize("codec", [Compression.SNAPPY, Compression.LZ4, Compression.ZSTD])
def test_without_cramjam_the_error_says_what_to_use(
    codec: Compression, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cramjam", None)
    with pytest.raises(KafkaError, match="none or gzip") as raised:
        compress(codec, b"data")
    assert raised.value.code is ErrorCode.UNSUPPORTED_COMPRESSION_TYPE
    assert decompress(Compression.GZIP, zlib.compress(b"data", wbits=31)) == b"data"
