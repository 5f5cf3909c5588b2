"""Where the same key goes, by each kind of client: hash, arithmetic, partition.

    murmur2   Java, kafka-python, aiokafka    (murmur2(key) & 0x7fffffff) % partitions
    CRC-32    librdkafka                      crc32(key) % partitions
    FNV-1a    Sarama                          fnv1a(key) % partitions
    custom    a function of yours             f(key, partitions)

The partition is what the engine's producer chooses (`Partitioning.choose`); the arithmetic stands
beside it and is tested to agree.  Where a producer draws instead of hashing (no key; with
librdkafka's default an empty key too) there is none: `Landing.is_drawn`.

Read next: `lab.scenes.partitioning`, which draws it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import lcm
from typing import Any, Final
from zlib import crc32

from kafkalab.chance import Stream
from kafkalab.client.partitioners import Partitioner, Partitioning, fnv1a, murmur2
from kafkalab.errors import LearnerError

KEYS: Final = ("user-1", "user-2", "user-3", "order-17", "21", "Zürich", "", None)
RECORDS: Final = 36  # without a key, one each EACH_MS, of RECORD_BYTES
EACH_MS: Final = 2
RECORD_BYTES: Final = 2_000
LINGER_MS: Final = 10  # sticky.partitioning.linger.ms of librdkafka
_MANY: Final = 4_096  # so many partitions that two draws hardly agree
_TRIES: Final = 6


@dataclass(frozen=True, slots=True)
class Method:
    """A kind of client.  `hash` is None for a function of the reader's own."""

    name: str
    clients: str
    partitioner: str | Partitioner
    hash: Callable[[bytes], int] | None
    arithmetic: str  # with {hash} and {n}; the mask is left to see where there is one


MURMUR2: Final = Method(
    "murmur2", "Java, kafka-python, aiokafka", "uniform_sticky", murmur2,
    "({hash} & 0x7fffffff) % {n}",
)  # fmt: skip
CRC32: Final = Method("CRC-32", "librdkafka", "consistent_random", crc32, "{hash} % {n}")
FNV1A: Final = Method("FNV-1a", "Sarama", "fnv1a_random", fnv1a, "{hash} % {n}")
METHODS: Final = (MURMUR2, CRC32, FNV1A)


@dataclass(frozen=True, slots=True)
class Landing:
    """One key under one method.  `partition` is None if drawn, or if a custom function failed.

    `then`: the partition once there are more; `problem`: what a custom function did wrong.
    """

    hash: int | None
    arithmetic: str
    partition: int | None
    then: int | None = None
    is_drawn: bool = False
    problem: str = ""

    @property
    def moves(self) -> bool:
        """Whether it goes elsewhere when there are more partitions."""
        return None not in (self.partition, self.then) and self.partition != self.then


@dataclass(frozen=True, slots=True)
class Row:
    """A key as the reader gave it, its bytes, and a landing for each method."""

    key: str | bytes | None
    data: bytes | None
    landings: tuple[Landing, ...]

    @property
    def places(self) -> int:
        """How many different partitions it goes to; drawn ones are not counted."""
        return len({one.partition for one in self.landings if one.partition is not None})


def custom(function: Partitioner) -> Method:
    """A method of the reader's own.  `LearnerError` if it cannot be called."""
    if not callable(function):
        raise LearnerError(f"custom takes a function of (key, partition_count), not {function!r}")
    name = getattr(function, "__name__", "custom")
    name = "custom" if name == "<lambda>" else name
    return Method(name, "your function", function, None, f"{name}(key, {{n}})")


def key_bytes(key: Any) -> bytes | None:
    """What travels.  `LearnerError` for what has no bytes of its own."""
    if key is None or isinstance(key, bytes):
        return key
    if isinstance(key, str):
        return key.encode()
    raise LearnerError(
        f"a key is str (sent as UTF-8), bytes or None, not {key!r}: a serializer gives other "
        f"values their bytes, and which it gives decides the partition"
    )


def land(
    keys: Sequence[str | bytes | None],
    methods: Sequence[Method],
    partitions: int,
    then: int | None = None,
    seed: int = 0,
) -> tuple[Row, ...]:
    """A row for each key; `LearnerError` for a key that cannot be sent."""
    rows = []
    for key in keys:
        data = key_bytes(key)
        landings = (_landing(data, method, partitions, then, seed) for method in methods)
        rows.append(Row(key, data, tuple(landings)))
    return tuple(rows)


def _landing(
    data: bytes | None, method: Method, partitions: int, then: int | None, seed: int
) -> Landing:
    if method.hash is None:
        return _by_function(data, method, partitions, then)
    if is_drawn(data, method, seed):
        return Landing(None, "drawn, not hashed", None, is_drawn=True)
    assert data is not None
    hashed = method.hash(data)
    arithmetic = method.arithmetic.format(hash=hashed, n=partitions)
    after = None if then is None else choose(data, method, then, seed)
    return Landing(hashed, arithmetic, choose(data, method, partitions, seed), after)


def _by_function(data: bytes | None, method: Method, partitions: int, then: int | None) -> Landing:
    arithmetic = method.arithmetic.format(n=partitions)
    found: list[int] = []
    for count in (partitions,) if then is None else (partitions, then):
        try:
            chosen = choose(data, method, count, 0)
        except Exception as error:  # the reader's own code: say so in the picture
            return Landing(None, arithmetic, None, problem=f"{type(error).__name__}: {error}")
        if not 0 <= chosen < count:
            return Landing(None, arithmetic, None, problem=f"there is no partition {chosen}")
        found.append(chosen)
    return Landing(None, arithmetic, found[0], found[1] if then is not None else None)


def choose(data: bytes | None, method: Method, partitions: int, seed: int) -> int:
    """The partition of one first record, by the engine's producer."""
    partitioning = Partitioning(method.partitioner, LINGER_MS, Stream(seed, "lens"))
    return partitioning.choose("topic", data, partitions, lambda partition: True, 0, RECORD_BYTES)


def is_drawn(data: bytes | None, method: Method, seed: int = 0) -> bool:
    """Whether chance decides: found out by asking with different chances."""
    return len({choose(data, method, _MANY, seed + i) for i in range(_TRIES)}) > 1


@dataclass(frozen=True, slots=True)
class Keyless:
    """How a kind of client spreads records that have no key: where each of RECORDS went."""

    name: str
    clients: str
    partitions: tuple[int, ...]

    @property
    def runs(self) -> int:
        """In how many stretches that stay in one partition: about so many batches."""
        pairs = zip(self.partitions, self.partitions[1:], strict=False)
        return 1 + sum(a != b for a, b in pairs)


_KEYLESS: Final = (
    ("sticky, by bytes", "Java", "uniform_sticky", LINGER_MS),
    ("sticky, by time", "librdkafka", "consistent_random", LINGER_MS),
    ("random", "kafka-python, aiokafka", "murmur2_random", 0),
)


def spread(partitions: int, seed: int = 0) -> tuple[Keyless, ...]:
    """RECORDS records without a key, by each kind of client, through the engine's producer."""
    found = []
    for name, clients, partitioner, linger_ms in _KEYLESS:
        partitioning = Partitioning(partitioner, linger_ms, Stream(seed, clients))
        chosen = tuple(
            partitioning.choose(
                "topic", None, partitions, lambda partition: True, i * EACH_MS, RECORD_BYTES
            )
            for i in range(RECORDS)
        )
        found.append(Keyless(name, clients, chosen))
    return tuple(found)


def share_that_moves(before: int, after: int) -> float:
    """Of all hashes, the part that `% after` puts elsewhere than `% before`, 0 to 1.

    A hash stays if it leaves the same remainder both times; that repeats every lcm(before, after).
    """
    return 1 - min(before, after) / lcm(before, after)
