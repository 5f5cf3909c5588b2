"""A learner's loop in the background: it runs, is stopped, fails, and says so."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from kafkalab import Consumer, Producer, Simulation
from kafkalab.errors import LearnerError
from lab import Stopped, background
from lab.scenes.loop import draw_loop
from lab.scenes.svg import write_svg


def until(condition: Callable[[], object]) -> None:
    limit = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.005)


def test_an_endless_loop_is_stopped_and_its_finally_runs() -> None:
    turns: list[int] = []
    closed: list[bool] = []

    def read() -> None:
        try:
            while True:
                turns.append(1)
                try:
                    time.sleep(0.001)
                except Exception:
                    turns.clear()
        finally:
            time.sleep(0.02)
            closed.append(True)

    loop = background(read)
    until(lambda: len(turns) > 3)
    assert (loop.state, repr(loop)) == ("running", "<background read: running>")
    assert loop.stop(wait=5)
    assert (loop.state, closed, loop.error) == ("stopped", [True], None)
    loop.stop()
    assert loop.state == "stopped"


def test_an_error_ends_it_and_is_told_with_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    def read(orders: list[int]) -> None:
        orders.append(7)
        raise ValueError("no such order")

    orders: list[int] = []
    loop = background(read, orders)
    assert loop.wait(5)
    assert orders == [7]
    assert isinstance(loop.error, ValueError)
    assert loop.state == "failed"
    assert "ValueError: no such order, in line" in repr(loop)
    assert 'of read: raise ValueError("no such order")' in repr(loop)
    assert "ValueError: no such order" in capsys.readouterr().err
    assert "_run" not in repr(loop)


def test_what_it_returns_is_kept() -> None:
    loop = background(lambda: 42)
    assert loop.wait(5)
    assert (loop.state, loop.result) == ("ended", 42)


def test_not_a_function() -> None:
    with pytest.raises(LearnerError, match="without calling it"):
        background(None)  # type: ignore[arg-type]


@pytest.mark.parametrize("round_", range(5))
def test_a_loop_that_drives_a_simulation_leaves_it_whole(round_: int) -> None:
    """It is stopped at the engine's door, never within a step; the world goes on."""
    sim = Simulation(brokers=3, seed=round_)
    sim.create_topic("orders", 1, 3)
    producer = Producer({"bootstrap.servers": "kafka:9092"}, sim=sim)
    conf = {"bootstrap.servers": "kafka:9092", "group.id": "g", "auto.offset.reset": "earliest"}
    consumer = Consumer(conf, sim=sim)
    seen: list[Any] = []
    closed: list[str] = []

    def read() -> None:
        consumer.subscribe(["orders"])
        try:
            while True:
                seen.append(consumer.poll(1.0))
        except Stopped:
            consumer.close()
            closed.append("whole")
            raise

    loop = background(read)
    until(lambda: len(seen) > 3)
    assert loop.stop(wait=10)
    assert (loop.state, closed) == ("stopped", ["whole"])
    producer.produce("orders", "after")
    assert producer.flush() == 0
    assert sim.fork().trace.digest() == sim.trace.digest()


@pytest.mark.parametrize("state", ["running", "stopping", "stopped", "ended", "failed"])
def test_the_picture_says_what_the_words_say(state: str) -> None:
    scene = draw_loop("read", state, "how it stands", 640, is_live=True)
    assert scene.say == "read: how it stands"
    live = str([shape.attributes for shape in scene.flat().values()])
    assert ("Stop read" in live) == (state in ("running", "stopping"))
    twin = write_svg(draw_loop("read", state, "how it stands", 640, is_live=False))
    assert "Stop" not in twin
    assert "how it stands" in twin


def test_in_jupyter_it_is_a_picture_with_a_button() -> None:
    loop = background(lambda: None)
    loop.wait(5)
    bundle = loop._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert "ended by itself" in bundle["image/svg+xml"]
    assert bundle["text/plain"] == "<background <lambda>: ended by itself>"
