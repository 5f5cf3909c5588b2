"""Classic mistakes, planted here and nowhere else, are found by the promises within some seeds."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from quorum_bench import Broken, Quorum

from kafkalab.ids import NO_NODE
from kafkalab.log.partition_log import PartitionLog
from kafkalab.raft import following, voting
from kafkalab.raft.metadata_log import MetadataLog
from kafkalab.raft.quorum import Quorum as Member
from kafkalab.raft.roles import Candidate, Leader, Prospective, Unattached

SEEDS_MAX = 60
Plant = Callable[[pytest.MonkeyPatch], None]


def forgotten_vote(patch: pytest.MonkeyPatch) -> None:
    """The vote is not written down: after a restart it is cast again."""
    patch.setattr(Member, "_durable", lambda self, role: role.election._replace(voted_id=NO_NODE))


def commits_by_count(patch: pytest.MonkeyPatch) -> None:
    """An entry of an older epoch counts as committed once a majority has it."""
    honest = Leader.advance

    def advance(self: Leader, log_end_offset: int) -> bool:
        start, self.epoch_start_offset = self.epoch_start_offset, -1
        moved = honest(self, log_end_offset)
        self.epoch_start_offset = start
        return moved

    patch.setattr(Leader, "advance", advance)


def votes_for_any_log(patch: pytest.MonkeyPatch) -> None:
    """A vote is given whatever the candidate's log lacks."""
    for role in (Unattached, Prospective, Candidate):
        honest = role.can_grant

        def can_grant(
            self: Any, candidate: int, *, is_up_to_date: bool, pre_vote: bool, honest: Any = honest
        ) -> bool:
            granted: bool = honest(self, candidate, is_up_to_date=True, pre_vote=pre_vote)
            return granted

        patch.setattr(role, "can_grant", can_grant)


def votes_twice(patch: pytest.MonkeyPatch) -> None:
    """A voter grants every vote it is asked for in an epoch."""

    def can_grant(self: Any, candidate: int, *, is_up_to_date: bool, pre_vote: bool) -> bool:
        return is_up_to_date

    patch.setattr(Unattached, "can_grant", can_grant)
    honest = Member.vote_for

    def vote_for(self: Member, candidate: int, now: int) -> None:
        if isinstance(self.role, Unattached):
            self.role.voted_id = NO_NODE
        honest(self, candidate, now)

    patch.setattr(Member, "vote_for", vote_for)


def half_is_a_majority(patch: pytest.MonkeyPatch) -> None:
    """The leader alone commits."""

    def advance(self: Leader, log_end_offset: int) -> bool:
        if log_end_offset <= self.high_watermark:
            return False
        self.high_watermark = log_end_offset
        return True

    patch.setattr(Leader, "advance", advance)


def never_truncates(patch: pytest.MonkeyPatch) -> None:
    """A follower keeps what its leader does not have, and goes on behind it."""

    def truncate(quorum: Member, end: Any) -> None:
        log = quorum.log._log
        log.epochs.assign(quorum.epoch, log.log_end_offset)

    patch.setattr(following, "_truncate", truncate)
    patch.setattr(MetadataLog, "validate", lambda self, offset, epoch: None)
    patch.setattr(PartitionLog, "read", _read_from_end(PartitionLog.read))


def _read_from_end(honest: Any) -> Any:
    def read(self: PartitionLog, offset: int, *rest: Any, **more: Any) -> Any:
        return honest(self, min(offset, self.log_end_offset), *rest, **more)

    return read


def stale_snapshot(patch: pytest.MonkeyPatch) -> None:
    """A snapshot leaves out the newest topic."""
    from kafkalab.raft import raft_client

    honest = raft_client.records_of

    def records_of(image: Any) -> Any:
        topics = dict(list(image.topics.items())[:-1])
        return honest(replace(image, topics=topics))

    patch.setattr(raft_client, "records_of", records_of)


PLANTED: tuple[tuple[Plant, str], ...] = (
    (forgotten_vote, "Q1 Q2"),
    (commits_by_count, "Q3 Q4 Q5"),
    (votes_for_any_log, "Q3 Q4 assert"),
    (votes_twice, "Q1 Q2"),
    (half_is_a_majority, "Q3 Q4 assert"),
    (never_truncates, "Q3 Q4 assert"),
    (stale_snapshot, "Q7"),
)


@pytest.mark.parametrize(("plant", "promises"), PLANTED)
def test_a_planted_bug_is_found(plant: Plant, promises: str) -> None:
    needed, promise, words = seeds_needed(plant)
    assert promise in promises.split(), (needed, words)


def seeds_needed(plant: Plant) -> tuple[int, str, str]:
    """How many seeds of 1,500 steps until it is found: (seeds, promise, words); 0: it is not."""
    with pytest.MonkeyPatch.context() as patch:
        plant(patch)
        for seed in range(SEEDS_MAX):
            quorum = Quorum(
                3, seed, metadata_log_max_record_bytes_between_snapshots=600, observers=0
            )
            try:
                for _ in range(1_500):
                    quorum.step(faults=120)
            except Broken as broken:
                return seed + 1, broken.promise, str(broken)
            except AssertionError as error:
                return seed + 1, "assert", str(error)
    return 0, "", f"not found in {SEEDS_MAX} seeds"


def test_without_a_pre_vote_a_voter_that_was_cut_off_deposes_a_good_leader(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What KIP-996 is for; the same run with pre-votes leaves epoch and leader alone."""
    assert _epochs_after_a_cut() == (1, 1)

    def ask_nobody(quorum: Member, role: Any, now: int) -> None:
        if isinstance(role, Prospective):
            quorum.become_candidate(now)
        elif isinstance(role, Candidate):
            honest(quorum, role, now)

    honest = voting.ask_for_votes
    monkeypatch.setattr(voting, "ask_for_votes", ask_nobody)
    before, after = _epochs_after_a_cut()
    assert after > before


def _epochs_after_a_cut() -> tuple[int, int]:
    quorum = Quorum(3, 5)
    quorum.run(5_000)
    (leader,) = quorum.leaders
    before = quorum.raft(leader).epoch
    cut = next(voter for voter in quorum.voters if voter != leader)
    quorum.cut_off(cut)
    quorum.run(10_000)
    for message in [m for m in quorum.messages if quorum.is_held(m)]:
        quorum.lose(message)  # their time is up
    quorum.run(10_000)
    quorum.cut.clear()
    quorum.run(5_000)
    assert len(quorum.leaders) == 1
    return before, quorum.raft(quorum.leaders[0]).epoch
