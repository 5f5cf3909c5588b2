"""The partitions a consumer reads, and for each where it stands.

    COMMITTED ── OffsetFetch ──▶ (an offset) ──────────────────────▶ ACTIVE ── Fetch …
        │                        (none) ──▶ RESET ── ListOffsets ──▶   │
        │                          ▲ auto.offset.reset                 │ OFFSET_OUT_OF_RANGE
        └── assign(offset ≥ 0) ──▶ │ ◀─────────────────────────────────┘
                                   └──▶ STOPPED   (auto.offset.reset=error)

Four offsets of one partition: `fetch_offset` (next to be asked for), `position` (next the
application will get), `stored` (next to be committed) and `committed` (known to be).

Invariants: position ≤ fetch_offset while ACTIVE; `version` grows whenever what was fetched, or is
being fetched, must no longer reach the application (seek, pause): librdkafka's version barrier.

In Kafka: `SubscriptionState`; in librdkafka: `rd_kafka_toppar_t`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, Self

from kafkalab.client.message import OFFSET_BEGINNING, OFFSET_END, OFFSET_INVALID
from kafkalab.ids import TopicPartition

NO_EPOCH: Final = -1


class Phase(Enum):
    """See the picture above."""

    COMMITTED = auto()
    RESET = auto()
    ACTIVE = auto()
    STOPPED = auto()


@dataclass(slots=True)
class AssignedPartition:
    """One partition this consumer reads.  Offsets are -1001 while unknown."""

    partition: TopicPartition
    phase: Phase = Phase.COMMITTED
    version: int = 0
    fetch_offset: int = OFFSET_INVALID
    fetch_epoch: int = NO_EPOCH  # leader epoch of the last batch before fetch_offset (KIP-320)
    position: int = OFFSET_INVALID
    position_epoch: int = NO_EPOCH
    is_read: bool = False  # the application got a record since it began here
    stored: int = OFFSET_INVALID
    stored_epoch: int = NO_EPOCH
    committed: int = OFFSET_INVALID
    reset_to: int = OFFSET_INVALID  # in RESET: -2 or -1
    is_policy: bool = False  # in RESET: by auto.offset.reset, not by the application
    is_paused: bool = False
    retry_at: int = 0  # not to be fetched or looked up before
    stale_epoch: int | None = None  # the leader epoch that has failed; a newer one may be asked
    attempts: int = 0  # failures of looking up, in a row
    end_reported: int = OFFSET_INVALID  # where the application was told of the end
    low_watermark: int = OFFSET_INVALID
    high_watermark: int = OFFSET_INVALID

    def begin_at(self, offset: int, epoch: int = NO_EPOCH) -> None:
        """Read on from `offset`, or from a logical one; what was fetched is dead."""
        self.version += 1
        self.is_read = False
        self.retry_at = 0
        self.attempts = 0
        self.stale_epoch = None
        self.position = self.fetch_offset = OFFSET_INVALID
        self.end_reported = OFFSET_INVALID
        if offset >= 0:
            self.phase = Phase.ACTIVE
            self.position = self.fetch_offset = offset
            self.position_epoch = self.fetch_epoch = epoch
        elif offset in (OFFSET_BEGINNING, OFFSET_END):
            self.reset(offset, is_policy=False)
        else:
            self.phase = Phase.COMMITTED

    def reset(self, to: int, is_policy: bool) -> None:
        """The offset is not known, or not there any more: ask for one end of the log."""
        self.phase = Phase.RESET
        self.reset_to = to
        self.is_policy = is_policy
        self.attempts = 0

    def rewind(self) -> None:
        """Fetch again what the application has not got; a look-up goes on."""
        if self.phase is Phase.ACTIVE:
            self.version += 1
            self.fetch_offset = self.position
            self.fetch_epoch = self.position_epoch

    def stop(self) -> None:
        """Nothing more is fetched until the application seeks."""
        self.phase = Phase.STOPPED
        self.version += 1

    def consumed(self, offset: int, epoch: int) -> None:
        """The application has got the record at `offset`."""
        self.position = offset + 1
        self.position_epoch = epoch
        self.is_read = True

    def store(self, offset: int, epoch: int) -> None:
        """To be committed next."""
        self.stored = offset
        self.stored_epoch = epoch

    @property
    def has_uncommitted(self) -> bool:
        """As librdkafka: only an offset beyond the committed one is worth a commit."""
        return self.stored > self.committed

    def fork(self) -> Self:
        other = type(self).__new__(type(self))
        for name in self.__slots__:
            setattr(other, name, getattr(self, name))
        return other


class Assignment:
    """All of them, in the order assigned."""

    __slots__ = ("_partitions", "generation")

    def __init__(self) -> None:
        self._partitions: dict[TopicPartition, AssignedPartition] = {}
        self.generation = 0  # grows with each `replace`: answers to earlier ones are dead

    def replace(self, wanted: Iterable[tuple[TopicPartition, int]]) -> None:
        """Read these, each from an offset or a logical one; forget all others."""
        self.generation += 1
        self._partitions = {}
        for partition, offset in wanted:
            assigned = AssignedPartition(partition, version=self.generation << 32)
            assigned.begin_at(offset)
            self._partitions[partition] = assigned

    def add(self, wanted: Iterable[tuple[TopicPartition, int]]) -> None:
        """Read these too; what is read already goes on where it is."""
        self.generation += 1
        for partition, offset in wanted:
            if partition not in self._partitions:
                assigned = AssignedPartition(partition, version=self.generation << 32)
                assigned.begin_at(offset)
                self._partitions[partition] = assigned

    def remove(self, partitions: Iterable[TopicPartition]) -> None:
        """Forget these."""
        for partition in partitions:
            self._partitions.pop(partition, None)

    def get(self, partition: TopicPartition) -> AssignedPartition | None:
        return self._partitions.get(partition)

    def readable(self) -> tuple[TopicPartition, ...]:
        """Those whose place is known and that nobody has paused."""
        return tuple(
            one.partition
            for one in self._partitions.values()
            if one.phase is Phase.ACTIVE and not one.is_paused
        )

    def partitions(self) -> tuple[TopicPartition, ...]:
        return tuple(self._partitions)

    def is_placed(self) -> bool:
        """Whether it is known of each where to read on: nothing is to be looked up."""
        return all(assigned.phase is Phase.ACTIVE for assigned in self._partitions.values())

    def in_phase(self, phase: Phase) -> list[AssignedPartition]:
        return [assigned for assigned in self._partitions.values() if assigned.phase is phase]

    @property
    def has_uncommitted(self) -> bool:
        return any(assigned.has_uncommitted for assigned in self._partitions.values())

    def __iter__(self) -> Iterator[AssignedPartition]:
        return iter(self._partitions.values())

    def __len__(self) -> int:
        return len(self._partitions)

    def fork(self) -> Self:
        other = type(self)()
        other._partitions = {key: value.fork() for key, value in self._partitions.items()}
        other.generation = self.generation
        return other
