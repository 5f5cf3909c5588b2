"""Mistakes that somebody planted who had not read `kafkalab.sim`, to see whether it finds them.

Each was a patch of one line or two; here it is swapped in by tests, as those of `planted` are.
`docs/proof.md` says what has found which.  Read next: `hunt`, `test_hunt`.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from kafkalab.controller import elections
from kafkalab.controller.quorum_controller import QuorumController
from kafkalab.coordination.hosted_partition import HostedPartition
from kafkalab.errors import ErrorCode
from kafkalab.log import disk
from kafkalab.raft import voting
from kafkalab.replica.isr import PendingShrinkIsr
from kafkalab.replica.partition import Partition
from kafkalab.transactions.markers import Markers

Patch = pytest.MonkeyPatch


def shrink_asked_for_counts(patch: Patch) -> None:
    """A leader that has only asked to shrink its ISR no longer waits for who is to leave."""
    patch.setattr(PendingShrinkIsr, "maximal", property(lambda self: self.wanted))


def no_divergence_at_the_end(patch: Patch) -> None:
    """A follower whose log is as long as the leader's is not asked whether it is the same."""
    original = Partition._divergence

    def divergence(self: Any, last_fetched_epoch: int, offset: int) -> Any:
        if offset == self.log.log_end_offset:
            return None
        return original(self, last_fetched_epoch, offset)

    patch.setattr(Partition, "_divergence", divergence)


def elr_kept_at_min_isr(patch: Patch) -> None:
    """Who left stays eligible though the ISR, of min.insync.replicas, goes on committing."""
    original = elections._eligible

    def eligible(old: Any, wish: Any) -> Any:
        return original(old, replace(wish, min_isr=wish.min_isr + 1))

    patch.setattr(elections, "_eligible", eligible)


class _Seen:
    """Another object, but for one attribute."""

    def __init__(self, whole: Any, **other: Any) -> None:
        self._whole = whole
        self.__dict__.update(other)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._whole, name)


def votes_by_the_high_watermark(patch: Patch) -> None:
    """A voter compares a candidate's log with its high watermark instead of its log's end."""
    original = voting.handle_vote

    def handle_vote(quorum: Any, request: Any, now: int) -> Any:
        log = _Seen(quorum.log, end_offset=quorum.log.high_watermark)
        return original(_Seen(quorum, log=log), request, now)

    patch.setattr(voting, "handle_vote", handle_vote)


def answers_one_record_early(patch: Patch) -> None:
    """The controller answers a decision of one record when all before it is committed."""

    def answer_committed(self: Any) -> None:
        parked, high_watermark = self._parked, self._raft.high_watermark
        while parked and parked[0].offset <= high_watermark:
            self._effects.reply(parked[0].ticket, parked[0].response)
            parked.popleft()

    patch.setattr(QuorumController, "_answer_committed", answer_committed)


def epochs_cut_at_the_checkpoint(patch: Patch) -> None:
    """A restart forgets the leader epochs above the high watermark that was written down."""
    original = disk.restarted

    def restarted(log: Any, high_watermark: int) -> Any:
        other = original(log, high_watermark)
        other.epochs.truncate_from_end(other.high_watermark)
        return other

    patch.setattr(disk, "restarted", restarted)


def loads_up_to_the_high_watermark(patch: Patch) -> None:
    """A new coordinator reads its log only as far as it knows it to be committed."""
    original = HostedPartition.__init__

    def begin(self: Any, *given: Any, **named: Any) -> None:
        original(self, *given, **named)
        known = [one for one in self._unread if one.next_offset <= self.high_watermark]
        self._unread = type(self._unread)(known)

    patch.setattr(HostedPartition, "__init__", begin)


def unknown_partition_counts_as_told(patch: Patch) -> None:
    """A broker that does not know a partition (yet) is taken to have written its marker."""
    original = Markers._answered

    def answered(self: Any, telling: Any, told: Any, error: int, now: int) -> None:
        is_gone = error == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        original(self, telling, told, 0 if is_gone else error, now)

    patch.setattr(Markers, "_answered", answered)


PLANTED: tuple[Callable[[Patch], None], ...] = (
    shrink_asked_for_counts,
    no_divergence_at_the_end,
    elr_kept_at_min_isr,
    votes_by_the_high_watermark,
    answers_one_record_early,
    epochs_cut_at_the_checkpoint,
    loads_up_to_the_high_watermark,
    unknown_partition_counts_as_told,
)
