"""Which partition a record goes to, by the producer's choice alone.

| name | key | empty key | no key |
| --- | --- | --- | --- |
| `consistent_random` (librdkafka's default) | CRC-32 | sticky | sticky |
| `consistent` | CRC-32 | CRC-32 of "" | sticky |
| `murmur2_random` (Java's) | murmur2 | murmur2 of "" | sticky |
| `murmur2` | murmur2 | murmur2 of "" | sticky |
| `fnv1a_random`, `fnv1a` (Sarama's) | FNV-1a | FNV-1a of "" | sticky |
| `random` | random | random | random |
| `uniform_sticky` (Java's default, KIP-794) | murmur2 | murmur2 of "" | sticky, by bytes |
| `round_robin` (Java's `RoundRobinPartitioner`) | in turn | in turn | in turn |

*Sticky*: a partition drawn at random and kept for `sticky.partitioning.linger.ms`, so that records
without a key fill one batch (KIP-480).  librdkafka does this for every partitioner but `random`;
with the linger at 0, and in older clients, the last column is as the names say.

*Sticky, by bytes*: kept until `batch.size` bytes have gone there, so that a slow partition does not
get more for being slow.  Left out: preferring partitions with short queues, as Java does too.

A function `f(key, partition_count) -> partition` is taken too: pure, held by reference.

In Kafka: `BuiltInPartitioner`; in librdkafka: `rdkafka_msg.c`, `rdmurmur2.c`, `rdfnv1a.c`.
"""

from collections.abc import Callable
from typing import Any, Final, Self
from zlib import crc32

from kafkalab.chance import Stream
from kafkalab.config import ConfigError

Partitioner = Callable[[bytes | None, int], int]

_MASK: Final = 0xFFFFFFFF
_M: Final = 0x5BD1E995
_MURMUR_SEED: Final = 0x9747B28C
_FNV_PRIME: Final = 0x01000193
_FNV_OFFSET: Final = 0x811C9DC5


def murmur2(data: bytes) -> int:
    """Kafka's 32-bit murmur2, as a signed number: `murmur2(b"21") == -973932308`."""
    length = len(data)
    h = (_MURMUR_SEED ^ length) & _MASK
    whole = length & ~3
    for start in range(0, whole, 4):
        k = int.from_bytes(data[start : start + 4], "little") * _M & _MASK
        k = (k ^ k >> 24) * _M & _MASK
        h = h * _M & _MASK ^ k
    if length & 3:
        h = (h ^ int.from_bytes(data[whole:], "little")) * _M & _MASK
    h = (h ^ h >> 13) * _M & _MASK
    h ^= h >> 15
    return h - (1 << 32) if h >> 31 else h


def fnv1a(data: bytes) -> int:
    """32-bit FNV-1a made positive, as Sarama and librdkafka have it."""
    h = _FNV_OFFSET
    for byte in data:
        h = (h ^ byte) * _FNV_PRIME & _MASK
    return (1 << 32) - h if h >> 31 else h


def by_murmur2(key: bytes | None, partition_count: int) -> int:
    """Where Java, kafka-python and aiokafka put a key."""
    return (murmur2(key or b"") & 0x7FFFFFFF) % partition_count


def by_crc32(key: bytes | None, partition_count: int) -> int:
    """Where librdkafka puts a key by default."""
    return crc32(key or b"") % partition_count


def by_fnv1a(key: bytes | None, partition_count: int) -> int:
    """Where Sarama puts a key."""
    return fnv1a(key or b"") % partition_count


RANDOM: Final = "random"
UNIFORM: Final = "uniform_sticky"
ROUND_ROBIN: Final = "round_robin"
DEFAULT: Final = "consistent_random"
_HASHES: Final[dict[str, Partitioner]] = {
    "consistent": by_crc32,
    "consistent_random": by_crc32,
    "murmur2": by_murmur2,
    "murmur2_random": by_murmur2,
    "fnv1a": by_fnv1a,
    "fnv1a_random": by_fnv1a,
    UNIFORM: by_murmur2,
}


class Partitioning:
    """The partitioner of one producer, and which partitions are sticky now."""

    __slots__ = (
        "_batch_bytes",
        "_chance",
        "_function",
        "_linger_ms",
        "_name",
        "_sticky",
        "_turns",
        "_uniform",
    )

    def __init__(
        self,
        partitioner: str | Partitioner | None,
        linger_ms: int,
        chance: Stream,
        batch_bytes: int = 16_384,
    ) -> None:
        self._batch_bytes = batch_bytes
        self._uniform: dict[str, tuple[int, int]] = {}  # topic -> partition, bytes sent there
        self._turns: dict[str, int] = {}  # topic -> records so far
        self._name, self._function = _named(partitioner)
        self._linger_ms = linger_ms
        self._chance = chance
        self._sticky: dict[str, tuple[int, int]] = {}  # topic -> partition, kept until

    def choose(
        self,
        topic: str,
        key: bytes | None,
        partition_count: int,
        available: Callable[[int], bool],
        now: int,
        size: int = 0,
    ) -> int:
        """The partition for a record of `size` bytes; `available`: does a partition have a leader?

        A plugged function's answer is returned as it is, and may be out of range.
        """
        if self._function is None:
            if self._name == ROUND_ROBIN:
                return self._take_turns(topic, partition_count, available)
            return self._draw(partition_count, available)
        if key is None and self._name == UNIFORM:
            return self._stick_by_bytes(topic, partition_count, available, size)
        if self._name and (key is None or (not key and self._name == DEFAULT)):
            return self._stick(topic, partition_count, available, now)
        return int(self._function(key, partition_count))

    def _draw(self, partition_count: int, available: Callable[[int], bool]) -> int:
        """At random; if that one has no leader, once more, whatever comes."""
        partition = self._chance.below(partition_count)
        return partition if available(partition) else self._chance.below(partition_count)

    def _stick(
        self, topic: str, partition_count: int, available: Callable[[int], bool], now: int
    ) -> int:
        partition, until = self._sticky.get(topic, (-1, now))
        if partition < 0 or now >= until or not available(partition):
            partition = self._draw(partition_count, available)
            self._sticky[topic] = (partition, now + self._linger_ms)
        return partition

    def _stick_by_bytes(
        self, topic: str, partition_count: int, available: Callable[[int], bool], size: int
    ) -> int:
        """In Kafka: `BuiltInPartitioner.updatePartitionInfo`."""
        partition, sent = self._uniform.get(topic, (-1, 0))
        if partition < 0 or sent >= self._batch_bytes or not available(partition):
            partition, sent = self._draw(partition_count, available), 0
        self._uniform[topic] = (partition, sent + size)
        return partition

    def _take_turns(
        self, topic: str, partition_count: int, available: Callable[[int], bool]
    ) -> int:
        """Whatever the key, among those that have a leader, or all if none has."""
        turn = self._turns.get(topic, 0)
        self._turns[topic] = turn + 1
        ready = [each for each in range(partition_count) if available(each)]
        return ready[turn % len(ready)] if ready else turn % partition_count

    def fork(self) -> Self:
        other = type(self)(
            self._name or self._function,
            self._linger_ms,
            self._chance.fork(),
            self._batch_bytes,
        )
        other._sticky = self._sticky.copy()
        other._uniform, other._turns = self._uniform.copy(), self._turns.copy()
        return other


def _named(partitioner: Any) -> tuple[str, Partitioner | None]:
    """(name, function); the name is "" for a plugged function, the function None for `random`."""
    if callable(partitioner):
        return "", partitioner
    name = partitioner or DEFAULT
    if name in (RANDOM, ROUND_ROBIN):
        return name, None
    if name not in _HASHES:
        raise ConfigError(
            f"partitioner must be one of {', '.join([*_HASHES, RANDOM, ROUND_ROBIN])}, "
            f"or a function of (key, partition_count), not {partitioner!r}"
        )
    return name, _HASHES[name]
