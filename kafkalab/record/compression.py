"""The four codecs a batch may be compressed with, and a limit to what comes out.

gzip is the standard library's; the others come from `cramjam`, loaded on first use.  snappy is
written in the framing of the Java library (xerial) and read in that one or in none, as librdkafka
writes it.  lz4 is the frame format with independent blocks, the only kind that Java clients read.

A few bytes can decompress to gigabytes, so the result is capped in size and in ratio; Apache
Kafka has no such cap.

In Kafka: `CompressionType`, `GzipCompression`, `SnappyCompression`, `Lz4BlockOutputStream`,
`ZstdCompression`.  Left out: levels.
"""

import zlib
from enum import IntEnum
from struct import pack, unpack_from
from typing import Any, Final

from kafkalab.errors import ErrorCode, KafkaError

MAX_DECOMPRESSED_BYTES: Final = 64 << 20
MAX_RATIO: Final = 1024
FREE_BYTES: Final = 4 << 20  # up to here no ratio is suspicious: a megabyte of one letter is not

_XERIAL: Final = b"\x82SNAPPY\0"
_XERIAL_HEADER: Final = _XERIAL + pack(">ii", 1, 1)  # version, oldest compatible version
_XERIAL_BLOCK_BYTES: Final = 32 << 10
# Magic, version 1 with independent blocks and no checksums, 64 KB blocks, checksum of these two.
_LZ4_HEADER: Final = bytes.fromhex("04224d18604082")
_LZ4_BLOCK_BYTES: Final = 64 << 10
_LZ4_STORED: Final = 1 << 31


class Compression(IntEnum):
    """The low three bits of a batch's attributes."""

    NONE = 0
    GZIP = 1
    SNAPPY = 2
    LZ4 = 3
    ZSTD = 4


def compress(codec: Compression, data: bytes) -> bytes:
    """`data` as Kafka's clients expect it from this codec."""
    match codec:
        case Compression.NONE:
            return data
        case Compression.GZIP:
            deflater = zlib.compressobj(wbits=31)
            return deflater.compress(data) + deflater.flush()
        case Compression.SNAPPY:
            return _compress_snappy(data)
        case Compression.LZ4:
            return _compress_lz4(data)
        case Compression.ZSTD:
            return bytes(_cramjam(codec).zstd.compress(data))


def decompress(codec: Compression, data: bytes) -> bytes:
    """What `compress` was given.  Raises INVALID_RECORD for damage and for bombs."""
    limit = min(MAX_DECOMPRESSED_BYTES, max(FREE_BYTES, MAX_RATIO * len(data)))
    match codec:
        case Compression.NONE:
            return data
        case Compression.GZIP:
            return _decompress_gzip(data, limit)
        case Compression.SNAPPY:
            return _decompress_snappy(data, limit)
        case Compression.LZ4:
            return _decompress_into(_cramjam(codec).lz4, data, limit)
        case Compression.ZSTD:
            return _decompress_into(_cramjam(codec).zstd, data, limit)


def _compress_snappy(data: bytes) -> bytes:
    snappy = _cramjam(Compression.SNAPPY).snappy
    parts = [_XERIAL_HEADER]
    for start in range(0, len(data), _XERIAL_BLOCK_BYTES):
        block = bytes(snappy.compress_raw(data[start : start + _XERIAL_BLOCK_BYTES]))
        parts += (pack(">i", len(block)), block)
    return b"".join(parts)


def _compress_lz4(data: bytes) -> bytes:
    lz4 = _cramjam(Compression.LZ4).lz4
    parts = [_LZ4_HEADER]
    for start in range(0, len(data), _LZ4_BLOCK_BYTES):
        plain = data[start : start + _LZ4_BLOCK_BYTES]
        block = bytes(lz4.compress_block(plain, store_size=False))
        if len(block) < len(plain):
            parts += (pack("<I", len(block)), block)
        else:
            parts += (pack("<I", len(plain) | _LZ4_STORED), plain)
    parts.append(bytes(4))
    return b"".join(parts)


def _decompress_gzip(data: bytes, limit: int) -> bytes:
    inflater = zlib.decompressobj(wbits=31)
    try:
        plain = inflater.decompress(data, limit)
    except zlib.error as error:
        raise _damaged(str(error)) from None
    if inflater.unconsumed_tail:
        raise _bomb()
    if not inflater.eof:
        raise _damaged("gzip data ends too early")
    return plain


def _decompress_snappy(data: bytes, limit: int) -> bytes:
    snappy = _cramjam(Compression.SNAPPY).snappy
    blocks = _xerial_blocks(data) if data.startswith(_XERIAL) else [data]
    parts: list[bytes] = []
    for block in blocks:
        try:
            limit -= int(snappy.decompress_raw_len(block))
            if limit < 0:
                raise _bomb()
            parts.append(bytes(snappy.decompress_raw(block)))
        except (ValueError, OSError, _cramjam(Compression.SNAPPY).DecompressionError) as error:
            raise _damaged(str(error)) from None
    return b"".join(parts)


def _xerial_blocks(data: bytes) -> list[bytes]:
    blocks = []
    position = len(_XERIAL_HEADER)
    while position < len(data):
        if data.startswith(_XERIAL, position):  # streams may be joined
            position += len(_XERIAL_HEADER)
            continue
        if position + 4 > len(data):
            raise _damaged("a snappy block has no length")
        (length,) = unpack_from(">i", data, position)
        position += 4
        if not 0 <= length <= len(data) - position:
            raise _damaged(f"a snappy block has length {length}")
        blocks.append(data[position : position + length])
        position += length
    return blocks


def _decompress_into(module: Any, data: bytes, limit: int) -> bytes:
    """Into a buffer that grows up to `limit`: neither codec tells reliably how much will come."""
    error_type = _cramjam(Compression.ZSTD).DecompressionError
    size = min(limit, max(1 << 16, 8 * len(data)))
    while True:
        buffer = bytearray(size)
        try:
            return bytes(memoryview(buffer)[: int(module.decompress_into(data, buffer))])
        except error_type as error:
            if "whole buffer" not in str(error):
                raise _damaged(str(error)) from None
        if size == limit:
            raise _bomb()
        size = min(limit, 4 * size)


def _cramjam(codec: Compression) -> Any:
    try:
        import cramjam
    except ImportError:  # WebAssembly
        raise KafkaError(
            ErrorCode.UNSUPPORTED_COMPRESSION_TYPE,
            f"{codec.name.lower()} needs the package cramjam, which is not here (a browser has "
            "none): use compression.type none or gzip",
        ) from None
    return cramjam


def _damaged(message: str) -> KafkaError:
    return KafkaError(ErrorCode.INVALID_RECORD, f"the records cannot be decompressed: {message}")


def _bomb() -> KafkaError:
    return KafkaError(
        ErrorCode.INVALID_RECORD,
        f"the records decompress to more than is allowed ({MAX_DECOMPRESSED_BYTES} bytes, or "
        f"{MAX_RATIO} times their size)",
    )
