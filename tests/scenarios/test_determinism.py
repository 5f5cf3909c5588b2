"""The same seed is the same run: in another process, over the wire, and in every fork."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kafkalab import Simulation
from kafkalab.chance import Stream

RUN = Path(__file__).with_name("faulty_run.py")


def digest_in_another_process(hash_seed: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", str(RUN), *arguments],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_the_same_seed_gives_the_same_digest_whatever_the_hash_seed() -> None:
    first = digest_in_another_process("1", "7")
    assert first == digest_in_another_process("4242", "7")
    assert first != digest_in_another_process("1", "8")


def test_going_through_the_codec_changes_nothing() -> None:
    assert digest_in_another_process("0", "7") == digest_in_another_process("0", "7", "wire")


def test_forks_at_twenty_instants_of_a_faulty_run_go_the_same_way() -> None:
    from faulty_run import faulty_run, whole_run

    final = whole_run(seed=11).trace.digest()
    instants = Stream(11, "test/fork instants")
    cuts = sorted(instants.between(50, 9_000) for _ in range(20))
    sim, forks = faulty_run(seed=11), []
    for cut in cuts:
        sim.run_to(sim.started_at + cut)
        forks.append(sim.fork())
    end = sim.started_at + 12_000
    sim.run_to(end)
    assert sim.trace.digest() == final
    for cut, fork in zip(cuts, forks, strict=True):
        fork.run_to(end)
        assert fork.trace.digest() == final, f"forked {cut} ms after the start"


@pytest.mark.parametrize("cut", [700, 2_345, 6_100])
def test_what_happens_in_a_fork_stays_in_the_fork(cut: int) -> None:
    from faulty_run import faulty_run, whole_run

    sim = faulty_run(seed=5)
    sim.run_to(sim.started_at + cut)
    fork: Simulation = sim.fork()
    for broker in (1, 2, 3):
        if broker in fork.alive():
            fork.broker(broker).crash()
    fork.run(3)
    sim.run_to(sim.started_at + 12_000)
    assert sim.trace.digest() == whole_run(seed=5).trace.digest()
