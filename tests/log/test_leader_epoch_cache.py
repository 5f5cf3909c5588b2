"""Where epochs began, and what a follower learns from it (KIP-101, KIP-279)."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kafkalab.log import LeaderEpochCache


def cache(*rows: tuple[int, int]) -> LeaderEpochCache:
    made = LeaderEpochCache()
    for row in rows:
        made.assign(*row)
    return made


def test_the_picture_of_the_docstring() -> None:
    epochs = cache((0, 0), (1, 4), (3, 6))
    assert epochs.end_offset_for(3, 9) == (3, 9), "the latest epoch ends where the log does"
    assert epochs.end_offset_for(1, 9) == (1, 6)
    assert epochs.end_offset_for(2, 9) == (1, 6), "an unknown one: the largest below it"
    assert epochs.end_offset_for(4, 9) == (-1, -1), "one to come: nobody can know"
    assert epochs.end_offset_for(-1, 9) == (-1, -1)


def test_before_the_first_known_epoch_the_log_has_nothing_of_it() -> None:
    assert cache((2, 10), (4, 20)).end_offset_for(1, 30) == (1, 10)


def test_a_row_that_contradicts_goes() -> None:
    epochs = cache((0, 0), (1, 4), (2, 8))
    epochs.assign(3, 6)
    assert epochs.rows == ((0, 0), (1, 4), (3, 6))


def test_truncating_at_either_end() -> None:
    epochs = cache((0, 0), (1, 4), (3, 6))
    other = epochs.fork()
    epochs.truncate_from_end(6)
    assert epochs.rows == ((0, 0), (1, 4)), "epoch 3 began where the log now ends"
    assert epochs.latest_epoch == 1
    other.truncate_from_start(5)
    assert other.rows == ((1, 5), (3, 6)), "the epoch in force starts where the log does"


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 60)), max_size=30))
def test_epochs_and_start_offsets_rise_whatever_is_assigned(rows: list[tuple[int, int]]) -> None:
    got = cache(*rows).rows
    assert all(a[0] < b[0] and a[1] < b[1] for a, b in pairwise(got))
