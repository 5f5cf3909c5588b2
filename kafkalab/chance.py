"""Chance as an argument: numbers drawn from (seed, stream, counter), nothing else.

One stream per node, link and purpose.  A stream's only state is a counter, so one more message
on one link disturbs no other draw, and two worlds differ only by what caused them to.  Integers
only.

SplitMix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (2014).
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Self
from zlib import crc32

_MASK = (1 << 64) - 1
_GAMMA = 0x9E3779B97F4A7C15


def _mix(z: int) -> int:
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)


@lru_cache(maxsize=4096)
def _beginning(seed: int, stream: str) -> int:
    """Where a stream's counting starts; remembered, because a link draws for every message."""
    name = stream.encode()
    return _mix((seed * _GAMMA + (crc32(name) << 32 | len(name))) & _MASK)


def draw(seed: int, stream: str, counter: int) -> int:
    """The `counter`-th number of a stream: 64 uniform bits, the same on every machine."""
    return _mix((_beginning(seed, stream) + (counter + 1) * _GAMMA) & _MASK)


@dataclass(slots=True)
class Stream:
    """A named stream and how far it has been read."""

    seed: int
    name: str
    counter: int = 0

    def next(self) -> int:
        """The next 64 bits."""
        value = draw(self.seed, self.name, self.counter)
        self.counter += 1
        return value

    def below(self, bound: int) -> int:
        """A number in 0 … bound-1 (bias below 2⁻³² for the bounds used here)."""
        assert bound > 0, bound
        return self.next() % bound

    def between(self, low: int, high: int) -> int:
        """A number in low … high, both included."""
        return low + self.below(high - low + 1)

    def chance(self, per_thousand: int) -> bool:
        """True `per_thousand` times in a thousand."""
        return self.below(1000) < per_thousand

    def uuid(self) -> bytes:
        """Sixteen bytes marked as a version 4 UUID (RFC 9562)."""
        raw = bytearray(self.next().to_bytes(8, "big") + self.next().to_bytes(8, "big"))
        raw[6] = raw[6] & 0x0F | 0x40
        raw[8] = raw[8] & 0x3F | 0x80
        return bytes(raw)

    def fork(self) -> Self:
        return type(self)(self.seed, self.name, self.counter)
