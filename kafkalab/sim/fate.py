"""What became of a record: the shape of one fate.

    produced ▶ sent ▶ written (a place: partition, offset, epoch) ▶ copied ▶ committed ▶ read
                │        └ may be cut off a log again              ▶ acknowledged
                └ refused, sent again: perhaps written twice, to two places

A place is one writing of the record.  Offset 41 may be given twice, in two leader epochs, to two
records; so a place has its epoch, and a reader is counted for the place it read.

Events say how it came about (`record_lives`); a copy of that is told with what is so now
(`record_now`).  One that has been told is never changed: a ledger stays as it was printed.

Read next: `record_lives`, which makes these from the trace; `fate_words`, which tells one.
"""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, NamedTuple

from kafkalab.ids import NodeName


class Moment(NamedTuple):
    """When (virtual ms since the world began), and by which event of the trace."""

    at: int
    id: int


class State(Enum):
    """How it stands with a record now; the value is what pictures say."""

    WAITING = "not sent yet"
    SENT = "sent, not answered"
    WRITTEN = "written, not committed"
    COMMITTED = "committed, not acknowledged"
    KEPT = "acknowledged, kept"
    FAILED = "failed"
    KEPT_UNKNOWN = "reported failed, yet kept"
    LOST = "acknowledged, then lost"
    GONE = "written, never acknowledged, gone"
    UNREACHABLE = "on brokers that are down"
    EXPIRED = "removed by the topic's policy"
    DELETED = "deleted on purpose"
    ABORTED = "aborted with its transaction"


#: What the application was told is not what is so.
SURPRISES: Final = frozenset({State.LOST, State.KEPT_UNKNOWN})


@dataclass(slots=True)
class Copy:
    """A replica of it on one broker; `gone` when it was cut off that log."""

    node: NodeName
    written: Moment
    gone: Moment | None = None

    def copied(self) -> "Copy":
        return Copy(self.node, self.written, self.gone)


class Read(NamedTuple):
    """An application got it."""

    moment: Moment
    consumer: NodeName
    group: str


@dataclass(slots=True)
class Place:
    """One writing of a record: who has it, when it was committed, who read it there."""

    topic: str
    partition: int
    offset: int
    leader_epoch: int
    written: Moment
    copies: list[Copy] = field(default_factory=list)
    committed: Moment | None = None
    reads: list[Read] = field(default_factory=list)
    removed: Moment | None = None  # on purpose, not by truncation: see `removals`
    numbers: list[int] = field(default_factory=list, compare=False)  # of the fates written there
    # What is so now.
    marker: Moment | None = None  # that ended the transaction it was written in
    is_aborted: bool = False  # by that marker
    is_open: bool = False  # in a transaction that has not ended
    is_kept: bool = False  # the present leader has it
    is_unreachable: bool = False  # there is no leader, but a copy

    @property
    def name(self) -> str:
        """`orders-0@41`."""
        return f"{self.topic}-{self.partition}@{self.offset}"

    def copied(self) -> "Place":
        """Its own copies and reads; nothing said of now."""
        return Place(
            self.topic, self.partition, self.offset, self.leader_epoch, self.written,
            [each.copied() for each in self.copies], self.committed, self.reads.copy(),
            self.removed, self.numbers,
        )  # fmt: skip

    def copy_on(self, node: NodeName) -> Copy | None:
        """The copy a broker has now."""
        return next((each for each in self.copies if each.node == node and not each.gone), None)


class Refusal(NamedTuple):
    """A broker did not take it; `error` by Kafka's name."""

    moment: Moment
    node: NodeName
    error: str


@dataclass(slots=True)
class Fate:
    """One record an application handed over.  Times in virtual ms."""

    producer: NodeName
    id: int  # of its delivery report
    topic: str
    key: bytes | None
    value: bytes | None
    produced: Moment
    partition: int = -1
    sends: list[Moment] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    acknowledged: Moment | None = None
    failed: Moment | None = None
    error: int = 0  # of the report, librdkafka's code
    written_by: list[int] = field(default_factory=list, compare=False)  # of each place: the entry
    # What is so now.
    state: State = State.WAITING
    lost_by: tuple[int, ...] = ()  # the events that lost it, first cause first
    say: str = ""

    def copied(self) -> "Fate":
        """What events say of it, in lists of its own; nothing said of now."""
        return Fate(
            self.producer, self.id, self.topic, self.key, self.value, self.produced,
            self.partition, self.sends.copy(), self.refusals.copy(),
            [each.copied() for each in self.places], self.acknowledged, self.failed, self.error,
        )  # fmt: skip

    @property
    def applied(self) -> dict[str, int]:
        """How often each group has read it."""
        counts: dict[str, int] = {}
        for place in self.places:
            for read in place.reads:
                counts[read.group] = counts.get(read.group, 0) + 1
        return counts

    @property
    def is_repeated(self) -> bool:
        """Some group has read it more than once, or it stands in the log more than once."""
        if sum(len(place.reads) for place in self.places) < 2 and len(self.places) < 2:
            return False
        kept = sum(place.is_kept for place in self.places)
        return kept > 1 or any(count > 1 for count in self.applied.values())

    @property
    def settled(self) -> Moment | None:
        """When the application was told what became of it."""
        return self.acknowledged or self.failed

    @property
    def latency_ms(self) -> int | None:
        """From `produce` to its acknowledgement."""
        return self.acknowledged.at - self.produced.at if self.acknowledged else None

    @property
    def place(self) -> Place | None:
        """Where it is, or was last."""
        kept = [place for place in self.places if place.is_kept]
        return kept[0] if kept else self.places[-1] if self.places else None

    def events(self) -> tuple[int, ...]:
        """The ids of all events of its life, in order."""
        ids = {self.produced.id, *self.lost_by, *(each.id for each in self.sends)}
        ids |= {each.moment.id for each in self.refusals}
        ids |= {each.id for each in (self.acknowledged, self.failed) if each}
        for place in self.places:
            ids |= {place.written.id, *(each.written.id for each in place.copies)}
            ids |= {each.gone.id for each in place.copies if each.gone}
            ids |= {each.moment.id for each in place.reads}
            ids |= {each.id for each in (place.committed, place.removed) if each}
        return tuple(sorted(ids))

    def to_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "producer": self.producer,
            "id": self.id,
            "topic": self.topic,
            "key": _text(self.key),
            "value": _text(self.value),
            "state": self.state.name.lower(),
            "say": self.say,
            "produced": self.produced.at,
            "sent": [each.at for each in self.sends],
            "refused": [[each.moment.at, each.error] for each in self.refusals],
            "acknowledged": self.acknowledged.at if self.acknowledged else None,
            "failed": self.failed.at if self.failed else None,
            "applied": self.applied,
            "lost_by": list(self.lost_by),
            "events": list(self.events()),
            "places": [_place(place) for place in self.places],
        }

    def __repr__(self) -> str:
        return self.say


def _place(place: Place) -> dict[str, Any]:
    return {
        "partition": place.partition,
        "offset": place.offset,
        "leader_epoch": place.leader_epoch,
        "written": place.written.at,
        "committed": place.committed.at if place.committed else None,
        "removed": place.removed.at if place.removed else None,
        "kept": place.is_kept,
        "copies": [
            {"node": each.node, "at": each.written.at, "gone": each.gone.at if each.gone else None}
            for each in place.copies
        ],
        "reads": [
            {"at": each.moment.at, "consumer": each.consumer, "group": each.group}
            for each in place.reads
        ],
    }


def _text(data: bytes | None) -> str | None:
    return None if data is None else data.decode("utf-8", "backslashreplace")
