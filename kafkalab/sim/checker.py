"""Judges a run by what its clients saw, knowing nothing of what is inside the engine.

    history = ClientHistory(…)             what was asked for, and what was told
    for anomaly in check(history): …       each rule by its name, with the operations that break it

What is forbidden depends on what was asked for.  With acks=all, and without unclean elections, an
acknowledged value must be found for ever; with acks=1 it may be lost.  An idempotent producer's
values appear once and in order; another's may appear twice.  In a compacted topic a value may go
when a later one of its key has come.  A member of a group may read again
what was not committed, but no value may be passed over by the whole group.

In Jepsen: the workload and checkers for Kafka, Redpanda and Bufstream, whose anomalies these are.
Left out: cycles.
Read next: `client_history`, `history_read`, `transaction_rules`, `workload`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, NamedTuple

from kafkalab.ids import TopicPartition
from kafkalab.sim.client_history import ClientHistory, Op
from kafkalab.sim.history_read import Read
from kafkalab.sim.transaction_rules import TRANSACTION_RULES
from kafkalab.sim.written_as import WrittenAs


class Anomaly(NamedTuple):
    """A rule that the history breaks, in words."""

    rule: str
    words: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.words}"


def check(history: ClientHistory) -> Iterator[Anomaly]:
    """Every way in which the history breaks a rule."""
    read = Read(history)
    for rule, judge in RULES.items():
        for words in judge(read):
            yield Anomaly(rule, words)


def _lost_write(read: Read) -> Iterator[str]:
    """Acknowledged, others beyond it were read, and it was read by nobody."""
    for value in read.acked:
        op = read.promised(value)
        if op is None or value in read.offsets:
            continue
        name = TopicPartition(op.topic, op.partition)
        highest = max(read.values.get(name, {-1: b""}))
        if 0 <= op.offset <= highest and not read.superseded(name, op.offset, value):
            yield f"{op} was read by nobody, though {name} was read up to offset {highest}"


def _unseen(read: Read) -> Iterator[str]:
    """Acknowledged, and an auditor, who read everything, did not find it."""
    auditors = read.history.auditors
    audited = {op.value for polls in read.polls.values() for op in polls if op.client in auditors}
    for value in read.acked:
        op = read.promised(value)
        if not auditors or op is None or value in audited:
            continue
        if not read.superseded(TopicPartition(op.topic, op.partition), op.offset, value):
            yield f"{op} is not there at the end"


def _duplicate(read: Read) -> Iterator[str]:
    """A value of an idempotent producer stands at two offsets.

    It may if it was in doubt when its producer began a new epoch: once in each, and what was
    acknowledged is not sent again.
    """
    for value, places in read.offsets.items():
        sent = read.sent.get(value)
        if sent is None or len(places) == 1 or sent.topic in read.history.unreliable:
            continue
        if read.is_exactly_once(sent.client) or read.is_sent_again_in_vain(value):
            yield f"{value!r} was read at {[(str(name), at) for name, at in places]}"


def _inconsistent_offsets(read: Read) -> Iterator[str]:
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
        if where not in places and not read.superseded(*where, value):
            yield f"{told}, but it was read at {[(str(name), at) for name, at in places]}"


def _never_sent(read: Read) -> Iterator[str]:
    """A value that nobody sent."""
    for value in read.offsets:
        if value not in read.sent:
            yield f"{value!r} was read, but never sent"


def _runs(read: Read) -> Iterator[tuple[TopicPartition, list[Op]]]:
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


def _nonmonotonic_poll(read: Read) -> Iterator[str]:
    """A client goes back, though nothing was taken from it and given back."""
    for name, run in _runs(read):
        if not read.is_reliable(name):
            continue
        for before, after in pairwise(run):
            if after.offset <= before.offset:
                yield f"{after} after {before}"


def _skipping_poll(read: Read) -> Iterator[str]:
    """A client passes over a value that others read."""
    for name, run in _runs(read):
        if not read.is_reliable(name):
            continue
        known = read.values[name]
        for before, after in pairwise(run):
            missed = [
                at
                for at in range(before.offset + 1, after.offset)
                if at in known and not read.may_be_missing(name, at, known[at])
            ]
            if missed:
                yield f"{after} after {before} passes over {missed[0]}, {known[missed[0]]!r}"


def _nonmonotonic_send(read: Read) -> Iterator[str]:
    """Values of an idempotent producer stand in another order than they were sent in.

    If it began a new epoch, then within each.
    """
    last: dict[tuple[str, TopicPartition, WrittenAs | None], tuple[int, bytes]] = {}
    for value, sent in read.sent.items():
        is_exactly_once = read.is_exactly_once(sent.client)
        for name, offset in read.offsets.get(value, ()):
            epoch = None if is_exactly_once else read.history.written_as.get((name, offset))
            if not (is_exactly_once or epoch) or not read.is_reliable(name):
                continue
            before = last.get((sent.client, name, epoch))
            if before is not None and offset < before[0]:
                yield (
                    f"{value!r} stands at {offset} of {name}, and {before[1]!r}, which "
                    f"{sent.client} sent before it, at {before[0]}"
                )
            last[sent.client, name, epoch] = (offset, value)


def _skipped_by_group(read: Read) -> Iterator[str]:
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
            if at < highest and at not in offsets and not read.may_be_missing(name, at, value)
        ]
        if missed:
            yield f"{group} read {name} up to {highest}, but never offset {min(missed)}"


def _lost_commit(read: Read) -> Iterator[str]:
    """G4: whoever takes a partition over begins at the last accepted commit, or after it.

    A commit whose answer was lost may come at any time, and set the group back to it.
    """
    history = read.history
    if "__consumer_offsets" in history.unreliable:
        return
    commits: dict[tuple[str, TopicPartition], _Commits] = {}
    begins: dict[tuple[str, TopicPartition], int] = {}  # a client's least place, once assigned
    for op in history.ops:
        name = TopicPartition(op.topic, op.partition)
        group = history.members.get(op.client, op.client)
        if group not in history.careful_groups or not read.is_reliable(name):
            continue
        known = commits.setdefault((group, name), _Commits())
        match op.what:
            case "committing":
                known.asked[op.client] = op.offset
            case "committed":
                known.asked.pop(op.client, None)
                known.accepted = op.offset
            case "not_committed":
                known.asked.pop(op.client, None)
                known.uncertain.append(op.offset)
            case "assigned":
                begins[op.client, name] = known.least
            case "polled":
                least = begins.pop((op.client, name), -1)
                if op.offset < least:
                    yield f"{op}, but {group} had committed {least}"
            case "group_has" if max(op.offset, -1) < known.least:
                yield f"{op.client} has committed {known.least} of {name}; it is told {op.offset}"


@dataclass(slots=True)
class _Commits:
    """Of one group and partition."""

    accepted: int = -1
    asked: dict[str, int] = field(default_factory=dict)  # by client
    uncertain: list[int] = field(default_factory=list)

    @property
    def least(self) -> int:
        return min([self.accepted, *self.asked.values(), *self.uncertain])


RULES: Final[dict[str, Callable[[Read], Iterator[str]]]] = {
    "lost write": _lost_write,
    "unseen": _unseen,
    "duplicate": _duplicate,
    "inconsistent offsets": _inconsistent_offsets,
    "never sent": _never_sent,
    "nonmonotonic poll": _nonmonotonic_poll,
    "skipping poll": _skipping_poll,
    "nonmonotonic send": _nonmonotonic_send,
    "skipped by the group": _skipped_by_group,
    "lost commit": _lost_commit,
    **TRANSACTION_RULES,
}
