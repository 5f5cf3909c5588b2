"""A hunt that knows nothing of them finds mistakes that an outsider planted; and none without."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hunt import Found, hunt
from hunt_scopes import SCOPES
from planted_by_an_outsider import (
    Patch,
    answers_one_record_early,
    elr_kept_at_min_isr,
    epochs_cut_at_the_checkpoint,
    loads_up_to_the_high_watermark,
    no_divergence_at_the_end,
    shrink_asked_for_counts,
    votes_by_the_high_watermark,
)

BY_NAME = {scope.name: scope for scope in SCOPES}
SOON_FOUND = (
    (shrink_asked_for_counts, "a leader nobody hears", "R1"),
    (no_divergence_at_the_end, "a leader dies at any step, and is back", "R1"),
    (elr_kept_at_min_isr, "records", "R13"),
    (votes_by_the_high_watermark, "a voter that lacks what is decided", "Q3"),
    (answers_one_record_early, "three controllers, one broker less", "R5"),
    (epochs_cut_at_the_checkpoint, "a leader dies at any step, and is back", "R8"),
    (loads_up_to_the_high_watermark, "group", "G7"),
)


@pytest.mark.parametrize(("plant", "scope", "promise"), SOON_FOUND)
def test_a_hunt_finds_what_somebody_planted(
    plant: Callable[[Patch], None], scope: str, promise: str, monkeypatch: Patch
) -> None:
    plant(monkeypatch)
    found = hunt(replace(BY_NAME[scope], settled_max=0))
    assert isinstance(found, Found), found
    assert found.promise == promise, found


@pytest.mark.parametrize(
    "scope", ["a leader dies at any step, and is back", "a voter that lacks what is decided"]
)
def test_a_whole_scope_without_anything_planted(scope: str) -> None:
    result = hunt(replace(BY_NAME[scope], settled_max=0))
    assert not isinstance(result, Found), result
    assert result.is_complete


def test_nothing_is_wrong_where_nothing_was_planted() -> None:
    result = hunt(replace(BY_NAME["records"], states_max=25, settled_max=2))
    assert not isinstance(result, Found), result
    assert result.settled == 2
