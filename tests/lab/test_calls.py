"""A call on a bench means one exact instant, however far the pictures have got."""

import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from kafkalab import Producer, Simulation
from lab import Bench

SLEEPS_S = (0, 0.02, 0.12)


@pytest.fixture(scope="module")
def origin() -> Simulation:
    sim = Simulation(brokers=3, seed=7)
    sim.create_topic("orders", partitions=1, replication_factor=3)
    producer = Producer({"bootstrap.servers": "kafka:9092"}, sim=sim)
    for number in range(20):
        producer.produce("orders", f"order {number}")
        producer.flush()
        sim.run(0.1)
    sim.broker(sim.leader("orders", 0)).crash()
    return sim


@pytest.fixture
def busy() -> Iterator[None]:
    """Another thread wants the interpreter all the time."""
    is_over = threading.Event()

    def work() -> None:
        while not is_over.is_set():
            sum(range(2000))

    thread = threading.Thread(target=work)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(0.0005)
    thread.start()
    yield
    is_over.set()
    thread.join()
    sys.setswitchinterval(interval)


def test_what_is_asked_depends_on_no_drawing(origin: Simulation, busy: None) -> None:
    told = set()
    for sleep in SLEEPS_S:
        sim = origin.fork("again")
        bench = Bench(sim)
        sim.run(14)
        time.sleep(sleep)
        now = bench.why("orders-0")
        assert str(now) == str(sim.why("orders-0"))
        branch = bench.branch()
        bench.turn_to("the run").seek(3)
        then = bench.why("orders-0")
        assert bench.shown_at == 3000
        assert str(then) == str(sim.at(3).why("orders-0"))
        told.add((str(now), branch.now, branch.trace.digest(), str(then), *_moves(bench)))
        bench.close()
    assert len(told) == 1


def _moves(bench: Bench) -> list[int]:
    """Where one comes by the buttons of the time bar, called."""
    moves: list[Callable[[], object]] = [
        bench.back,
        bench.step,
        lambda: bench.step("message"),
        lambda: bench.seek(0),
        bench.end,
        bench.back,
        bench.end,
        lambda: bench.step("message"),
        lambda: bench.step("message"),
        bench.back,
        bench.step,
        bench.step,
        bench.pause,
    ]
    return [bench.shown_at for move in moves if move() is bench or True]
