"""A short slice of `fuzz`: spoilt frames of real clients, the same ones each time."""

import pytest

from kafkalab import LiveCluster

from .fuzz import CONFIG, Fuzz, recorded


@pytest.mark.parametrize("seed", [11, 12])
def test_spoilt_frames_end_their_connections_and_nothing_else(seed: int) -> None:
    with LiveCluster(brokers=3, config=CONFIG) as cluster:
        fuzz = Fuzz(cluster, seed)
        for number in range(1, 301):
            fuzz.round(number)
        fuzz.ask_canary(0)
        fuzz.close()
        assert fuzz.closed > 100
        assert fuzz.answered > 1000


def test_the_frames_are_of_all_three_clients() -> None:
    assert len(recorded()) > 60
