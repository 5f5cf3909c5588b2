"""What a run came to, in five figures, so that two can be compared.

Availability is the applications': how long some record had been handed over for more than 100 ms
and was still not answered (several at once count once).

Read next: `ledger`, from which all is counted; `twins`.
"""

from dataclasses import dataclass
from typing import Any, Final

from kafkalab.sim.ledger import Ledger

#: A record that waits longer than this is not served as it should be.
PATIENCE_MS: Final = 100


@dataclass(frozen=True)
class Outcome:
    """One figure of two runs.  `better`: "more", "less" or "" (neither is better)."""

    name: str
    a: int
    b: int
    unit: str = ""
    better: str = "less"

    @property
    def difference(self) -> int:
        """B's less A's."""
        return self.b - self.a

    @property
    def verdict(self) -> str:
        """Of B: "better", "worse" or "same"."""
        if self.a == self.b:
            return "same"
        is_more = self.b > self.a
        return "better" if is_more == (self.better == "more") else "worse"

    def __repr__(self) -> str:
        return f"{self.name}: A {self.a}{self.unit}, B {self.b}{self.unit} ({self.verdict})"

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "a": self.a,
            "b": self.b,
            "unit": self.unit,
            "verdict": self.verdict,
        }


def outcomes(a: Ledger, b: Ledger) -> list[Outcome]:
    """The figures of two ledgers, side by side."""
    return [
        Outcome("acknowledged", len(a.acknowledged), len(b.acknowledged), better="more"),
        Outcome("lost after that", len(a.lost), len(b.lost)),
        Outcome("repeated", len(a.repeated), len(b.repeated)),
        Outcome("latency, median", median_ms(a), median_ms(b), " ms"),
        Outcome("latency, longest", longest_ms(a), longest_ms(b), " ms"),
        Outcome("some write waits", unavailable_ms(a), unavailable_ms(b), " ms"),
    ]


def median_ms(ledger: Ledger) -> int:
    """From `produce` to the acknowledgement; 0 if there was none."""
    latencies = sorted(_latencies(ledger))
    return latencies[len(latencies) // 2] if latencies else 0


def longest_ms(ledger: Ledger) -> int:
    return max(_latencies(ledger), default=0)


def unavailable_ms(ledger: Ledger) -> int:
    """How long in all some record waited longer than it should."""
    return sum(end - start for start, end in stalls(ledger))


def stalls(ledger: Ledger) -> list[tuple[int, int]]:
    """When some write waited longer than it should: (from, to) in virtual ms, apart, in order."""
    waits = []
    for fate in ledger:
        end = fate.settled.at if fate.settled else ledger.now
        if end - fate.produced.at > PATIENCE_MS:
            waits.append((fate.produced.at, end))
    merged: list[tuple[int, int]] = []
    for start, end in sorted(waits):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _latencies(ledger: Ledger) -> list[int]:
    return [fate.latency_ms for fate in ledger if fate.latency_ms is not None]
