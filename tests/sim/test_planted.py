"""Classic mistakes planted in the engine are found by the swarm; `planted.py` measures them all."""

from collections.abc import Callable

import pytest
from planted import (
    Patch,
    acknowledged_before_the_isr_has_it,
    fenced_brokers_join_the_isr,
    isr_joined_too_early,
    last_stable_offset_ignored,
    marker_before_decision,
    seeds_needed,
    sequences_forgotten_at_failover,
    truncated_to_the_high_watermark,
    trusted_after_an_unclean_shutdown,
    two_owners,
)

SEEDS = 25
SOON_FOUND = (
    acknowledged_before_the_isr_has_it,
    isr_joined_too_early,
    fenced_brokers_join_the_isr,
    truncated_to_the_high_watermark,
    sequences_forgotten_at_failover,
    two_owners,
    last_stable_offset_ignored,
    marker_before_decision,
    trusted_after_an_unclean_shutdown,
)


@pytest.mark.parametrize("plant", SOON_FOUND)
def test_a_classic_mistake_is_found(plant: Callable[[Patch], None]) -> None:
    needed, promise, words = seeds_needed(plant, SEEDS)
    assert needed, f"{plant.__name__}: {words}"
    assert promise not in ("no node fails", "no application fails"), words
