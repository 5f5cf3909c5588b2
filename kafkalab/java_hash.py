"""In which order Java's hash tables hand things out, where Kafka's result depends on it.

A `HashMap` walks its buckets; a key's bucket is `(h ^ h >>> 16) & (size - 1)`, and the table has
the power of two that keeps it at most three quarters full.  An assignor that asks "who comes
first?" of such a table is deterministic, but not in any order a reader would guess; with the same
order here, the same members get the same partitions as from Apache Kafka.

    hash_order(["m1", "m2"], string_hash)          as a HashMap or HashSet filled one by one
    hash_order(topic_ids, uuid_hash, filled=True)  as `new HashSet<>(collection)`

In Java: `String.hashCode`, `java.util.HashMap`; in Kafka: `Uuid.hashCode`.
Left out: what a table has been through.  Keys in one bucket stand here in the order given; in Java
that depends on how the table grew, and on trees it makes of eight or more.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final, TypeVar

Key = TypeVar("Key")

_MASK: Final = 0xFFFFFFFF
_SMALLEST: Final = 16


@lru_cache(maxsize=65536)
def string_hash(text: str) -> int:
    """As Java says it, but not negative: the 32 bits."""
    code = 0
    units = text.encode("utf-16-be", "surrogatepass")
    for high, low in zip(units[::2], units[1::2], strict=True):
        code = (31 * code + (high << 8 | low)) & _MASK
    return code


def uuid_hash(uuid: bytes) -> int:
    """Of the sixteen bytes of a Kafka `Uuid`."""
    folded = int.from_bytes(uuid[:8], "big") ^ int.from_bytes(uuid[8:], "big")
    return (folded >> 32 ^ folded) & _MASK


def partition_hash(topic: str, partition: int) -> int:
    """Of a `TopicPartition`."""
    return (31 * (31 + partition) + string_hash(topic)) & _MASK


def pair_hash(first: str, second: str) -> int:
    """Of two texts in one key, as `Objects.hash` folds them."""
    return (31 * (31 + string_hash(first)) + string_hash(second)) & _MASK


def table_size(count: int, *, filled: bool = False) -> int:
    """Buckets after `count` keys went in; `filled`: made from a whole collection at once."""
    size = _SMALLEST
    if filled:
        while size < int(count / 0.75) + 1:
            size *= 2
    while 4 * count > 3 * size:
        size *= 2
    return size


def bucket(code: int, size: int) -> int:
    """Where a key with this hash stands in a table of `size` buckets."""
    return (code ^ code >> 16) & (size - 1)


def hash_order(
    keys: Iterable[Key], hash_of: Callable[[Key], int], *, filled: bool = False
) -> list[Key]:
    """The keys as a hash table hands them out; they go in as they stand."""
    listed = list(keys)
    size = table_size(len(listed), filled=filled)
    return sorted(listed, key=lambda key: bucket(hash_of(key), size))


def number_order(numbers: Iterable[int]) -> list[int]:
    """As `new HashSet<>(numbers)` hands out small numbers."""
    listed = list(numbers)
    mask = table_size(len(listed), filled=True) - 1
    return sorted(listed, key=lambda number: number & mask)
