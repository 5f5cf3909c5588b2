"""Judges a run by what its clients saw, knowing nothing of what is inside the engine.

    history = ClientHistory(…)             what was asked for, and what was told
    for anomaly in check(history): …       each rule by its name, with the operations that break it

What is forbidden depends on what was asked for.  With acks=all, and without unclean elections, an
acknowledged value must be found for ever; with acks=1 it may be lost.  An idempotent producer's
values appear once and in order; another's may appear twice.  In a compacted topic a value may go
when a later one of its key has come.  A member of a group may read again
what was not committed, but no value may be passed over by the whole group.

In Jepsen: the workload and checkers for Kafka, Redpanda and Bufstream, whose anomalies these are.
Left out: transactions (aborted and precommitted reads, cycles).
Read next: `client_history`, `workload`.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Final, NamedTuple

from kafkalab.ids import TopicPartition
from kafkalab.sim.client_history import ClientHistory, Op

_ALL_IN_SYNC: Final = -1


class Anomaly(NamedTuple):
    """A rule that the history breaks, in words."""

    rule: str
    words: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.words}"


class _Read:
    """The history, sorted for the rules."""

    def __init__(self, history: ClientHistory) -> None:
        self.history = history
        self.sent: dict[bytes, Op] = {}
        self.acked: dict[bytes, Op] = {}
        self.failed: dict[bytes, Op] = {}
        self.polls: dict[TopicPartition, list[Op]] = {}
        self.values: dict[TopicPartition, dict[int, bytes]] = {}  # that were read, by offset
        self.offsets: dict[bytes, dict[tuple[TopicPartition, int], None]] = {}
        self.gave_up: dict[str, None] = {}  # producers that gave a record up
        self.latest: dict[tuple[TopicPartition, str | None], int] = {}  # offset of each key
        for op in history.ops:
            if op.what == "polled":
                self._polled(op)
            elif op.value is not None and op.what in ("sent", "acked", "failed"):
                getattr(self, op.what)[op.value] = op
                if op.what == "failed":
                    self.gave_up[op.client] = None
            if op.what in ("polled", "acked") and op.value in self.sent:
                place = (TopicPartition(op.topic, op.partition), self.sent[op.value].key)
                self.latest[place] = max(self.latest.get(place, -1), op.offset)

    def _polled(self, op: Op) -> None:
        assert op.value is not None, op
        name = TopicPartition(op.topic, op.partition)
        self.polls.setdefault(name, []).append(op)
        self.values.setdefault(name, {}).setdefault(op.offset, op.value)
        self.offsets.setdefault(op.value, {})[name, op.offset] = None

    def superseded(self, name: TopicPartition, offset: int, value: bytes) -> bool:
        """Whether compaction may have taken a value: a later one of its key is known."""
        sent = self.sent.get(value)
        if sent is None or sent.topic not in self.history.compacted:
            return False
        return self.latest.get((name, sent.key), -1) > offset

    def promised(self, value: bytes) -> Op | None:
        """The acknowledgement of a value that then must not be lost."""
        op = self.acked.get(value)
        if op is None or op.topic in self.history.unreliable:
            return None
        return op if self.history.senders[op.client].acks == _ALL_IN_SYNC else None

    def is_exactly_once(self, client: str) -> bool:
        """An idempotent producer, as long as it has given nothing up: then it begins a new epoch,
        and may send again what the broker had after all (KIP-360).
        """
        return self.history.senders[client].is_idempotent and client not in self.gave_up

    def is_reliable(self, name: TopicPartition) -> bool:
        return name.topic not in self.history.unreliable


def check(history: ClientHistory) -> Iterator[Anomaly]:
    """Every way in which the history breaks a rule."""
    read = _Read(history)
    for rule, judge in RULES.items():
        for words in judge(read):
            yield Anomaly(rule, words)


def _lost_write(read: _Read) -> Iterator[str]:
    """Acknowledged, others beyond it were read, and it was read by nobody."""
    for value in read.acked:
        op = read.promised(value)
        if op is None or value in read.offsets:
            continue
        name = TopicPartition(op.topic, op.partition)
        highest = max(read.values.get(name, {-1: b""}))
        if 0 <= op.offset <= highest and not read.superseded(name, op.offset, value):
            yield f"{op} was read by nobody, though {name} was read up to offset {highest}"


def _unseen(read: _Read) -> Iterator[str]:
    """Acknowledged, and an auditor, who read everything, did not find it."""
    auditors = read.history.auditors
    audited = {op.value for polls in read.polls.values() for op in polls if op.client in auditors}
    for value in read.acked:
        op = read.promised(value)
        if not auditors or op is None or value in audited:
            continue
        if not read.superseded(TopicPartition(op.topic, op.partition), op.offset, value):
            yield f"{op} is not there at the end"


def _duplicate(read: _Read) -> Iterator[str]:
    """A value of an idempotent producer stands at two offsets."""
    for value, places in read.offsets.items():
        sent = read.sent.get(value)
        if sent is None or len(places) == 1 or sent.topic in read.history.unreliable:
            continue
        if read.is_exactly_once(sent.client):
            yield f"{value!r} was read at {[(str(name), at) for name, at in places]}"


def _inconsistent_offsets(read: _Read) -> Iterator[str]:
    """Two values at one offset, or a value elsewhere than its acknowledgement said."""
    for name, polls in read.polls.items():
        if not read.is_reliable(name):
            continue
        for op in polls:
            if read.values[name][op.offset] != op.value:
                yield f"{name} has {read.values[name][op.offset]!r} at {op.offset}, but {op}"
    for value, places in read.offsets.items():
        told = read.promised(value)
        if told is None or told.offset < 0:
            continue
        where = (TopicPartition(told.topic, told.partition), told.offset)
        if where not in places:
            yield f"{told}, but it was read at {[(str(name), at) for name, at in places]}"


def _never_sent(read: _Read) -> Iterator[str]:
    """A value that nobody sent."""
    for value in read.offsets:
        if value not in read.sent:
            yield f"{value!r} was read, but never sent"


def _runs(read: _Read) -> Iterator[tuple[TopicPartition, list[Op]]]:
    """The polls of one client of one partition, between rebalances."""
    open_runs: dict[tuple[str, TopicPartition], list[Op]] = {}
    for op in read.history.ops:
        name = TopicPartition(op.topic, op.partition)
        if op.what == "polled":
            open_runs.setdefault((op.client, name), []).append(op)
        elif op.what in ("assigned", "revoked", "lost"):
            run = open_runs.pop((op.client, name), None)
            if run is not None:
                yield name, run
    for (_, name), run in open_runs.items():
        yield name, run


def _nonmonotonic_poll(read: _Read) -> Iterator[str]:
    """A client goes back, though nothing was taken from it and given back."""
    for name, run in _runs(read):
        if not read.is_reliable(name):
            continue
        for before, after in pairwise(run):
            if after.offset <= before.offset:
                yield f"{after} after {before}"


def _skipping_poll(read: _Read) -> Iterator[str]:
    """A client passes over a value that others read."""
    for name, run in _runs(read):
        if not read.is_reliable(name):
            continue
        known = read.values[name]
        for before, after in pairwise(run):
            missed = [
                at
                for at in range(before.offset + 1, after.offset)
                if at in known and not read.superseded(name, at, known[at])
            ]
            if missed:
                yield f"{after} after {before} passes over {missed[0]}, {known[missed[0]]!r}"


def _nonmonotonic_send(read: _Read) -> Iterator[str]:
    """Values of an idempotent producer stand in another order than they were sent in."""
    last: dict[tuple[str, TopicPartition], tuple[int, bytes]] = {}
    for value, sent in read.sent.items():
        if not read.is_exactly_once(sent.client):
            continue
        for name, offset in read.offsets.get(value, ()):
            before = last.get((sent.client, name))
            if before is not None and offset < before[0] and read.is_reliable(name):
                yield (
                    f"{value!r} stands at {offset} of {name}, and {before[1]!r}, which "
                    f"{sent.client} sent before it, at {before[0]}"
                )
            last[sent.client, name] = (offset, value)


def _skipped_by_group(read: _Read) -> Iterator[str]:
    """A value that no member of a group was given, though members read beyond it."""
    seen: dict[tuple[str, TopicPartition], dict[int, None]] = {}
    for name, polls in read.polls.items():
        for op in polls:
            group = read.history.members.get(op.client)
            if group is not None:
                seen.setdefault((group, name), {})[op.offset] = None
    for (group, name), offsets in seen.items():
        if not read.is_reliable(name):
            continue
        highest = max(offsets)
        missed = [
            at
            for at, value in read.values[name].items()
            if at < highest and at not in offsets and not read.superseded(name, at, value)
        ]
        if missed:
            yield f"{group} read {name} up to {highest}, but never offset {min(missed)}"


RULES: Final[dict[str, Callable[[_Read], Iterator[str]]]] = {
    "lost write": _lost_write,
    "unseen": _unseen,
    "duplicate": _duplicate,
    "inconsistent offsets": _inconsistent_offsets,
    "never sent": _never_sent,
    "nonmonotonic poll": _nonmonotonic_poll,
    "skipping poll": _skipping_poll,
    "nonmonotonic send": _nonmonotonic_send,
    "skipped by the group": _skipped_by_group,
}
