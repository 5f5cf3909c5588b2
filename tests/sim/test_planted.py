"""Classic mistakes planted in the engine are found by the swarm; `planted.py` measures them all."""

from collections.abc import Callable

import pytest
from planted import (
    Patch,
    acknowledged_before_the_isr_has_it,
    fenced_brokers_join_the_isr,
    finds,
    isr_joined_too_early,
    last_stable_offset_ignored,
    marker_before_decision,
    sequences_forgotten_at_failover,
    truncated_to_the_high_watermark,
    trusted_after_an_unclean_shutdown,
    two_owners,
)

SEEDS = 25
#: Each with the seed that found it last, tried first; with plans drawn anew others may find it.
SOON_FOUND = {
    acknowledged_before_the_isr_has_it: 5,
    isr_joined_too_early: 2,
    fenced_brokers_join_the_isr: 9,
    truncated_to_the_high_watermark: 2,
    sequences_forgotten_at_failover: 6,
    two_owners: 5,
    last_stable_offset_ignored: 5,
    marker_before_decision: 5,
    trusted_after_an_unclean_shutdown: 2,
}


@pytest.mark.parametrize("plant", SOON_FOUND)
def test_a_classic_mistake_is_found(plant: Callable[[Patch], None]) -> None:
    seeds = (SOON_FOUND[plant], *range(SEEDS))
    found = next(filter(None, (finds(plant, seed) for seed in seeds)), None)
    assert found, f"{plant.__name__}: not found in {SEEDS} seeds"
    promise, words = found
    assert promise not in ("no node fails", "no application fails"), words
