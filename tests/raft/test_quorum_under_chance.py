"""Whatever is lost, delayed, crashed or cut off, the quorum keeps its promises (Q1 … Q7, Q9)."""

import pytest
from quorum_bench import Quorum

SETTINGS = {
    "metadata_log_max_record_bytes_between_snapshots": 600,
    "metadata_max_retention_bytes": 2_000,
    "controller_quorum_fetch_snapshot_max_bytes": 200,
}


@pytest.mark.parametrize("seed", range(24))
def test_promises_hold_after_every_step(seed: int) -> None:
    quorum = Quorum((3, 3, 5)[seed % 3], seed, **(SETTINGS if seed % 2 else {}))
    for _ in range(1_500):
        quorum.step()
    quorum.settle()
