"""Classic mistakes, swapped into the engine by tests, never in it: does the proof find them?

Each is a function that plants one mistake (`Patch.setattr`) and says in its docstring what is
wrong.  `FAMILIES` has them all; `planted_table` measures how many seeds each takes.
"""

from collections.abc import Callable
from typing import Any

import pytest
from planted_coordinators import (
    aborted_transactions_not_told,
    commits_answered_too_soon,
    commits_forgotten_at_failover,
    commits_of_an_old_generation,
    last_stable_offset_ignored,
    lost_answers_fence,
    marker_before_decision,
    old_producers_not_fenced,
    revocation_not_awaited,
    transactions_not_verified,
    two_owners,
)

from kafkalab.controller import elections, partitions
from kafkalab.errors import ErrorCode
from kafkalab.log.producer_state import ProducerStates
from kafkalab.replica import fetch_read
from kafkalab.replica.follower_state import FollowerState
from kafkalab.replica.isr import CommittedIsr, PendingExpandIsr
from kafkalab.replica.leading import Leading
from kafkalab.replica.local_broker import LocalBroker
from kafkalab.replica.partition import Partition
from kafkalab.replica.produce import Produces

Patch = pytest.MonkeyPatch


# --- acknowledging and the high watermark ---------------------------------------------------------


def acknowledged_before_the_isr_has_it(patch: Patch) -> None:
    """acks=all is answered as soon as the leader has the batch."""
    patch.setattr(Produces, "_settle", lambda self, results, index: True)


def committed_by_the_leader_alone(patch: Patch) -> None:
    """The high watermark follows the leader's own log end."""
    original = Leading.appended

    def appended(self: Any, end_before: int, now: int) -> None:
        original(self, end_before, now)
        self.log.advance_high_watermark(self.log.log_end_offset)

    patch.setattr(Leading, "appended", appended)


def fetches_count_before_they_arrive(patch: Patch) -> None:
    """The leader takes what a follower is sent now as already copied."""
    original = FollowerState.fetched

    def fetched(self: Any, offset: int, log_start_offset: int, leader_end: int, *rest: int) -> None:
        original(self, leader_end, log_start_offset, leader_end, *rest)

    patch.setattr(FollowerState, "fetched", fetched)


def high_watermark_moved_by_the_committed_isr(patch: Patch) -> None:
    """While a follower is being taken in, the high watermark does not wait for it (KIP-497)."""
    patch.setattr(PendingExpandIsr, "maximal", property(lambda self: self.committed.isr))
    patch.setattr(Leading, "is_joining", lambda self, follower, end, now: False)


def high_watermark_moved_below_min_isr(patch: Patch) -> None:
    """The high watermark moves although the ISR is below min.insync.replicas (KIP-966)."""
    original = Leading.advance_high_watermark

    def advance(self: Any, now: int) -> None:
        wanted, self.min_isr = self.min_isr, 1
        original(self, now)
        self.min_isr = wanted

    patch.setattr(Leading, "advance_high_watermark", advance)


def consumers_read_to_the_log_end(patch: Patch) -> None:
    """A consumer is given what is not committed."""
    original = fetch_read.read_partition

    def read_partition(local: Any, session: Any, part: Any, fetch: Any, *rest: Any) -> Any:
        partition = local.partitions.get(part.key)
        if partition is None or session.replica_id >= 0:
            return original(local, session, part, fetch, *rest)
        log, kept = partition.log, partition.log.high_watermark
        log.high_watermark = log.log_end_offset
        try:
            return original(local, session, part, fetch, *rest)
        finally:
            log.high_watermark = kept

    from kafkalab.replica import fetch

    patch.setattr(fetch, "read_partition", read_partition)


# --- joining the ISR --------------------------------------------------------------------------


def isr_joined_too_early(patch: Patch) -> None:
    """A follower is asked into the ISR whatever it has."""

    def expand_isr(self: Any, follower: Any) -> None:
        state = self.isr_state
        if follower.id in state.isr or not isinstance(state, CommittedIsr):
            return
        if not self.local.is_eligible(follower.id, follower.broker_epoch):
            return
        wanted = tuple(id for id in self.image.replicas if id in state.isr or id == follower.id)
        self._ask(PendingExpandIsr(state, wanted, self._alteration(wanted)))

    patch.setattr(Leading, "expand_isr", expand_isr)


def fenced_brokers_join_the_isr(patch: Patch) -> None:
    """Neither leader nor controller asks whether a replica's broker is alive (KIP-841, KIP-903)."""
    patch.setattr(LocalBroker, "is_eligible", lambda self, replica_id, broker_epoch: True)
    patch.setattr(partitions, "_is_eligible", lambda state, member: True)


def any_leader_will_do(patch: Patch) -> None:
    """When the ISR is gone, whoever is there is elected, though the topic does not allow it."""
    patch.setattr(elections, "online_election", lambda state, topic: elections.Election.UNCLEAN)


# --- leader epochs and truncation ---------------------------------------------------------------


def truncated_to_the_high_watermark(patch: Patch) -> None:
    """A follower cuts its log at its own high watermark when it gets a leader (before KIP-101)."""
    original = Partition.become_follower

    def become_follower(self: Any, image: Any) -> bool:
        is_new: bool = original(self, image)
        if is_new:
            removed = self.log.truncate_to(self.log.high_watermark)
            if removed:
                self._emit("Truncated", self.log.log_end_offset, removed)
        return is_new

    patch.setattr(Partition, "become_follower", become_follower)


def not_truncated(patch: Patch) -> None:
    """A leader does not notice that a follower's log has parted from its own."""
    patch.setattr(Partition, "_divergence", lambda self, epoch, offset: None)


def no_epoch_fence(patch: Patch) -> None:
    """A leader answers whoever asks, in whatever leader epoch they believe."""
    original = Partition.lead

    def lead(self: Any, leader_epoch: int = -1) -> Any:
        return original(self, -1)

    patch.setattr(Partition, "lead", lead)


def no_epoch_fence_at_the_controller(patch: Patch) -> None:
    """The controller grants an ISR to whoever asks, in whatever epoch."""
    patch.setattr(partitions, "_epoch_error", lambda broker_id, partition, asked: ErrorCode.NONE)


# --- idempotence --------------------------------------------------------------------------------


def sequences_forgotten_at_failover(patch: Patch) -> None:
    """A new leader knows nothing of the producers it did not lead."""
    original = Partition.become_leader

    def become_leader(self: Any, image: Any, now: int) -> bool:
        was_leader = self.is_leader
        is_new: bool = original(self, image, now)
        if is_new and not was_leader:
            self.log.producers = ProducerStates()
        return is_new

    patch.setattr(Partition, "become_leader", become_leader)


def duplicates_appended(patch: Patch) -> None:
    """A batch that is sent again is appended again."""
    original = ProducerStates.check

    def check(self: Any, batch: Any, *rest: Any) -> Any:
        original(self, batch, *rest)

    patch.setattr(ProducerStates, "check", check)


# --- the quorum, power, compaction ----------------------------------------------------------------


def vote_not_persisted(patch: Patch) -> None:
    """A voter that restarts does not know whom it voted for."""
    from kafkalab.raft import quorum_state

    original = quorum_state.load
    patch.setattr(quorum_state, "load", lambda disk: original(disk)._replace(voted_id=-1))


def trusted_after_an_unclean_shutdown(patch: Patch) -> None:
    """A broker that comes back after a crash stays in the ISR and the ELR (KIP-966)."""
    from kafkalab.controller import brokers

    patch.setattr(brokers, "_settle_old_incarnation", lambda state, old, previous_epoch: [])


def compaction_believes_the_aborted(patch: Patch) -> None:
    """A record of an aborted transaction takes the place of the one before it."""
    from kafkalab.log import cleaner

    original = cleaner._Transactions.is_aborted

    def is_aborted(self: Any, entry: Any) -> bool:
        original(self, entry)
        return False

    patch.setattr(cleaner._Transactions, "is_aborted", is_aborted)


def markers_cleaned_before_their_data(patch: Patch) -> None:
    """A marker goes although records of its transaction are left."""
    from kafkalab.log import cleaner

    original = cleaner._Transactions.on_marker

    def on_marker(self: Any, entry: Any) -> bool:
        original(self, entry)
        return True

    patch.setattr(cleaner._Transactions, "on_marker", on_marker)


FAMILIES: tuple[Callable[[Patch], None], ...] = (
    acknowledged_before_the_isr_has_it,
    committed_by_the_leader_alone,
    fetches_count_before_they_arrive,
    high_watermark_moved_by_the_committed_isr,
    high_watermark_moved_below_min_isr,
    consumers_read_to_the_log_end,
    isr_joined_too_early,
    fenced_brokers_join_the_isr,
    any_leader_will_do,
    truncated_to_the_high_watermark,
    not_truncated,
    no_epoch_fence,
    no_epoch_fence_at_the_controller,
    sequences_forgotten_at_failover,
    duplicates_appended,
    two_owners,
    commits_of_an_old_generation,
    commits_answered_too_soon,
    commits_forgotten_at_failover,
    revocation_not_awaited,
    lost_answers_fence,
    last_stable_offset_ignored,
    aborted_transactions_not_told,
    marker_before_decision,
    transactions_not_verified,
    old_producers_not_fenced,
    vote_not_persisted,
    trusted_after_an_unclean_shutdown,
    compaction_believes_the_aborted,
    markers_cleaned_before_their_data,
)


def seeds_needed(
    plant: Callable[[Patch], None], seeds: int, seconds: float = 5.0, watched: bool = True
) -> tuple[int, str, str]:
    """How many seeds until the swarm finds it: (seeds, promise, words); 0 seeds: it did not."""
    for seed in range(seeds):
        if found := finds(plant, seed, seconds, watched):
            return seed + 1, *found
    return 0, "", f"not found in {seeds} seeds"


def finds(
    plant: Callable[[Patch], None], seed: int, seconds: float = 5.0, watched: bool = True
) -> tuple[str, str] | None:
    """The promise that breaks with this seed, and words.

    None where nothing breaks, or something breaks without the mistake too: that says nothing of it.
    """
    from kafkalab.sim.fleet import one

    with pytest.MonkeyPatch.context() as patch:
        plant(patch)
        outcome = one(seed, seconds, watched)
    if outcome.report is None and one(seed, seconds, watched).report is not None:
        return outcome.promise, outcome.words
    return None
