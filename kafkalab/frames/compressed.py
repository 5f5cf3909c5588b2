"""What is inside a compressed batch: how many records, and their bytes once decompressed.

    header, 61 bytes ┃ one compressed piece   ──▶   header ┃ record 0 ┃ record 1 ┃ …

In Kafka: the records of a batch are compressed together, its header never is.
Read next: `record.anatomy`, which takes both apart.
"""

from functools import lru_cache

from kafkalab.errors import KafkaError
from kafkalab.record.anatomy import CRC_AT, HEADER_BYTES, Anatomy, dissect
from kafkalab.record.batch import COMPRESSION_MASK
from kafkalab.record.compression import Compression, decompress

_ATTRIBUTES_AT = CRC_AT + 4


def codec_of(anatomy: Anatomy) -> int:
    """The number of the batch's codec; 0 for none."""
    return anatomy.data[_ATTRIBUTES_AT + 1] & COMPRESSION_MASK


def records_in(anatomy: Anatomy) -> int:
    """How many records a batch has: those found, inside what is compressed too.

    What cannot be decompressed has as many as its header says.
    """
    if not codec_of(anatomy):
        return anatomy.records
    inside = decompressed(anatomy)
    if inside is not None:
        return inside.records
    (count,) = (field.value for field in anatomy.fields if field.name == "recordsCount")
    return max(count, 0) if isinstance(count, int) else 0


def decompressed(anatomy: Anatomy) -> Anatomy | None:
    """The same batch as if it had not been compressed; None if it is not, or is damaged."""
    return _decompressed(anatomy.data) if codec_of(anatomy) else None


@lru_cache(maxsize=8)
def _decompressed(data: bytes) -> Anatomy | None:
    attributes = data[_ATTRIBUTES_AT + 1]
    try:
        records = decompress(Compression(attributes & COMPRESSION_MASK), data[HEADER_BYTES:])
    except (KafkaError, ValueError):
        return None
    plain = bytes((attributes & ~COMPRESSION_MASK,))
    head = data[: _ATTRIBUTES_AT + 1] + plain + data[_ATTRIBUTES_AT + 2 : HEADER_BYTES]
    return dissect(head + records)
