"""What one run of the swarm does in transactions, drawn from its seed, as data.

    producer   begins, sends some values to its topics, commits; thinks better of it now and then
    worker     reads a topic as a member of a group, writes what it read to another and commits
               its place, all in one transaction: exactly once (KIP-98, KIP-447)

Two may have the same transactional.id, and fence each other.
Read next: `transaction_workload`, which carries it out; `plan`, of which this is a part.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from kafkalab.chance import Stream

BOOTSTRAP: Final = {"bootstrap.servers": "kafka:9092"}
WORKERS: Final = "workers"  # their group
TARGET: Final = "made"  # where they write
TARGET_PARTITIONS: Final = 2
TRANSACTIONS_MAX: Final = 100  # of a producer's own, however long the run


@dataclass(frozen=True, slots=True)
class TransactionPlan:
    """A transactional client; a worker if it has a source."""

    conf: Mapping[str, Any]
    topics: tuple[str, ...]
    every_ms: int  # from one transaction to the next
    size: int  # values in each, at most
    abort_every: int  # 0: never; 3: the third, the sixth …
    source: str = ""

    def __str__(self) -> str:
        who = f"worker from {self.source}" if self.source else "transactional producer"
        words = " ".join(f"{key}={value}" for key, value in self.conf.items())
        return (
            f"{who} to {', '.join(self.topics)}, {self.size} values every {self.every_ms} ms, "
            f"aborts every {self.abort_every}, {words}"
        )


def drawn_transactions(
    seed: int, topics: tuple[str, ...], until_ms: int
) -> tuple[TransactionPlan, ...]:
    """None in half of the runs; else producers, workers or both."""
    chance = Stream(seed, "swarm/transactions")
    if chance.chance(500):
        return ()
    version = chance.between(1, 2)
    ids = 1 if chance.chance(150) else 9  # one for all: they fence each other
    drawn = [
        TransactionPlan(
            _conf(chance, f"t-{number % ids}", version),
            topics[: chance.between(1, len(topics))],
            max((50, 200, 1_000)[chance.below(3)], until_ms // TRANSACTIONS_MAX),
            chance.between(1, 6),
            (0, 1, 2, 3)[chance.below(4)],
        )
        for number in range(chance.between(0, 2))
    ]
    if chance.chance(600) or not drawn:
        drawn += [
            TransactionPlan(
                _conf(chance, f"w-{number}", version),
                (TARGET,),
                (5, 100)[chance.below(2)],
                (20, 100)[chance.below(2)],
                (0, 2, 3, 4)[chance.below(4)],
                topics[0],
            )
            for number in range(chance.between(1, 2))
        ]
    return tuple(drawn)


def _conf(chance: Stream, transactional_id: str, version: int) -> dict[str, Any]:
    return {
        "transactional.id": transactional_id,
        "transaction.timeout.ms": (2_000, 10_000, 60_000)[chance.below(3)],
        "lab.transaction.version": version,
        "linger.ms": (0, 20)[chance.below(2)],
    }
