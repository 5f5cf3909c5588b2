"""Which brokers hold a new partition: striped over the brokers, spread over the racks.

    brokers 1 2 3 4, factor 3        rack a: 1 2   rack b: 3 4
      partition 0   1 2 3              partition 0   1 3 2
      partition 1   2 3 4              partition 1   4 2 3
      partition 2   3 4 1              (each rack before any rack twice)

Each partition starts one further along, so leaders and replicas spread evenly; where the first one
starts is drawn.  Fenced brokers come after the others, and never first: the first replica leads.
When every broker has begun a partition once, the lists are shuffled and it goes on.

In Kafka: `StripedReplicaPlacer`.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from kafkalab.chance import Stream
from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.ids import NodeId

_NOBODY: Final[NodeId] = -1


class UsableBroker(NamedTuple):
    """A registered broker that is not shutting down."""

    id: NodeId
    rack: str | None
    fenced: bool


def place_replicas(
    brokers: Sequence[UsableBroker], partitions: int, replication_factor: int, chance: Stream
) -> list[tuple[NodeId, ...]]:
    """The replicas of each partition, the first to lead.  Raises INVALID_REPLICATION_FACTOR."""
    if replication_factor <= 0:
        raise _refused(
            f"Invalid replication factor {replication_factor}: "
            "the replication factor must be positive."
        )
    if all(broker.fenced for broker in brokers):
        raise _refused(
            "All brokers are currently fenced, or have all their log directories cordoned."
        )
    if replication_factor > len(brokers):
        raise _refused(
            f"The target replication factor of {replication_factor} cannot be reached because "
            f"only {len(brokers)} broker(s) are registered or some brokers have all their log "
            "directories cordoned."
        )
    racks = _Racks(brokers, chance)
    return [racks.place(replication_factor) for _ in range(partitions)]


def _refused(message: str) -> KafkaError:
    return KafkaError(ErrorCode.INVALID_REPLICATION_FACTOR, message)


class _Stripe:
    """Brokers in a ring; in each round one starts one further along, and gives each once."""

    def __init__(self, ids: Sequence[NodeId], chance: Stream) -> None:
        self._ids = sorted(ids)
        self._start = chance.below(len(ids)) if ids else 0
        self._given = 0
        self._round = 0

    def next(self, round_number: int) -> NodeId:
        ids = self._ids
        if not ids:
            return _NOBODY
        if self._round != round_number:
            self._round = round_number
            self._given = 0
            self._start = (self._start + 1) % len(ids)
        if self._given == len(ids):
            return _NOBODY
        self._given += 1
        return ids[(self._start + self._given - 1) % len(ids)]

    def shuffle(self, chance: Stream) -> None:
        _shuffle(self._ids, chance)


class _Rack:
    def __init__(self, brokers: Sequence[UsableBroker], chance: Stream) -> None:
        self.fenced = _Stripe([broker.id for broker in brokers if broker.fenced], chance)
        self.unfenced = _Stripe([broker.id for broker in brokers if not broker.fenced], chance)

    def next(self, round_number: int) -> NodeId:
        found = self.unfenced.next(round_number)
        return found if found != _NOBODY else self.fenced.next(round_number)


class _Racks:
    """All racks; one partition is one round."""

    def __init__(self, brokers: Sequence[UsableBroker], chance: Stream) -> None:
        names = sorted({broker.rack or "" for broker in brokers})
        self._racks = [_Rack([b for b in brokers if (b.rack or "") == n], chance) for n in names]
        self._unfenced = sum(not broker.fenced for broker in brokers)
        self._chance = chance
        self._round = 0
        self._start = chance.below(len(self._racks))

    def place(self, replication_factor: int) -> tuple[NodeId, ...]:
        racks = self._racks
        if self._round == self._unfenced and self._unfenced > 1:
            self._shuffle()
        self._start %= len(racks)
        first = self._start
        while (leader := racks[first].unfenced.next(self._round)) == _NOBODY:
            first = (first + 1) % len(racks)
        replicas = [leader]
        skip, index = first, self._start
        while len(replicas) < replication_factor:
            if index == skip:  # the leader's rack has had its turn
                skip = -1
            elif (replica := racks[index].next(self._round)) != _NOBODY:
                replicas.append(replica)
            index = (index + 1) % len(racks)
        self._round += 1
        self._start += 1
        return tuple(replicas)

    def _shuffle(self) -> None:
        _shuffle(self._racks, self._chance)
        for rack in self._racks:
            rack.fenced.shuffle(self._chance)
            rack.unfenced.shuffle(self._chance)
        self._round = 0


def _shuffle(items: list[NodeId] | list[_Rack], chance: Stream) -> None:
    """Fisher and Yates."""
    for last in range(len(items) - 1, 0, -1):
        other = chance.below(last + 1)
        items[last], items[other] = items[other], items[last]  # type: ignore[assignment]
