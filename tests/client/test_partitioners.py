"""Hashes by published vectors; sticking, turns and plugged functions."""

import pytest

from kafkalab.chance import Stream
from kafkalab.client.partitioners import Partitioning, by_murmur2, murmur2

#: From Kafka's `UtilsTest.testMurmur2`.
MURMUR2 = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}


def made(name: object, **more: int) -> Partitioning:
    return Partitioning(name, 10, Stream(1, "test"), **more)  # type: ignore[arg-type]


def everywhere(partition: int) -> bool:
    return True


@pytest.mark.parametrize("data", MURMUR2)
def test_murmur2_is_kafkas(data: bytes) -> None:
    assert murmur2(data) == MURMUR2[data]


def test_uniform_sticky_moves_on_after_so_many_bytes() -> None:
    partitioning = made("uniform_sticky", batch_bytes=100)
    chosen = [partitioning.choose("t", None, 50, everywhere, 0, 40) for _ in range(30)]
    runs = [chosen[start : start + 3] for start in range(0, 30, 3)]
    assert all(len(set(run)) == 1 for run in runs)  # 40, 80, 120: then another
    assert len({run[0] for run in runs}) > 5
    assert partitioning.choose("t", b"foobar", 50, everywhere, 0, 40) == by_murmur2(b"foobar", 50)


def test_round_robin_takes_turns_among_those_with_a_leader() -> None:
    partitioning = made("round_robin")
    got = [partitioning.choose("t", b"same", 4, lambda one: one != 2, 0) for _ in range(6)]
    assert got == [0, 1, 3, 0, 1, 3]
    fork = partitioning.fork()
    assert fork.choose("t", None, 4, everywhere, 0) == partitioning.choose(
        "t", None, 4, everywhere, 0
    )


def test_a_plugged_function_decides() -> None:
    assert made(lambda key, count: 2).choose("t", b"x", 5, everywhere, 0) == 2
