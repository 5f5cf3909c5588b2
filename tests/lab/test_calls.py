"""A call on a bench means one exact instant, however far the pictures have got."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from on_screen import click, until, words_of

from kafkalab import LiveCluster, Producer, Simulation
from kafkalab.errors import LearnerError
from lab import Bench, LedgerView, SpaceTime

SLEEPS_S = (0, 0.05)


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


def test_a_click_means_what_is_on_screen_and_a_call_the_present(origin: Simulation) -> None:
    sim = origin.fork("clicked")
    bench = Bench(sim)
    page = bench._page
    page._player.stop()  # the film stands at its first picture
    on_screen = page._frame["now"]
    sim.run(5)
    assert bench.shown_at == sim.now
    assert page.handle({"action": "branch"})
    assert bench.shown_at == on_screen
    bench.turn_to("the run")
    assert bench.branch().now == sim.now
    bench.close()


def test_pictures_with_a_frame_of_their_own_mean_the_present_too(origin: Simulation) -> None:
    sim = origin.fork("own")
    views = SpaceTime(sim), LedgerView(sim)
    sim.run(1)
    for view in views:
        assert view.frame["now"] == sim.now
        view.close()


def test_what_is_still_drawn_for_a_world_turned_away_from_goes_nowhere(origin: Simulation) -> None:
    bench = Bench(origin.fork("left"))
    page = bench._page
    seat, frame = page._seat, page._frame
    bench.branch("what if")
    with bench._page._player.reader.lock:
        controls = bench._page._player._playback.controls()
    assert not page.show(seat, {**frame, "title": "of the run"}, controls, is_cut=True)
    assert page._frame["title"] != "of the run"
    bench.close()


def test_from_inside_the_world_a_call_is_refused_or_done_and_never_waits_for_ever(
    origin: Simulation,
) -> None:
    sim = origin.fork("inside")
    bench = Bench(sim)
    told: list[str] = []

    async def learner(app: Any) -> None:
        await app.sleep(0.05)
        bench.seek(1)
        told.append(str(bench.shown_at))
        bench.end()
        try:
            bench.step()
        except LearnerError as error:
            told.append(str(error))

    sim.app(learner, "learner")
    sim.run(1)
    assert told[0] == "1000"
    assert "not while the world is at work" in told[1]
    bench.close()


def test_a_refusal_is_the_answer_of_the_line(origin: Simulation) -> None:
    sim = origin.fork("refused")
    bench = Bench(sim)
    for broker in sim.alive():
        bench.run(f"crash {broker}")
    line = bench._line
    line._text.value = "produce orders"
    assert "not acknowledged within 1 s" in line._answer.value
    line._text.value = "then 1000 crash 9"
    assert "there is no broker-9" in line._answer.value
    assert list(bench.worlds) == ["the run"], "what is refused makes no branch"
    assert bench.run("rewind 1") == "at 1.000 s"
    with pytest.raises(LearnerError, match="there is no broker-9"):
        bench.post("crash 9")
    click(bench, "crash 9")
    until(lambda: "there is no broker-9" in words_of(bench))
    bench.close()


def test_of_a_live_cluster_too_and_frozen_it_has_a_before() -> None:
    with LiveCluster(brokers=2) as cluster:
        cluster.create_topic("orders", 1, 2)
        bench = Bench(cluster)
        assert "min.insync" in words_of(bench) and "seed" not in words_of(bench)
        line = bench._line
        line._text.value = "step message"
        assert "freeze it, and step there" in line._answer.value
        player = bench._page._player
        other = Bench(cluster.freeze())
        frozen = bench.freeze()
        for each in (bench, other):
            each.run("crash 2")
            each.back()
            assert each._page._player.reader.frame()["brokers"][1]["state"] == "online"
            assert each.branch().alive() == [1, 2]
            each.turn_to(frozen.name if each is bench else "the run")
        frozen.run(3)
        moments = bench._page._player._playback.tape.moments
        assert all(moment.at == moment.frame["now"] for moment in moments)
        bench.turn_to("the run")
        assert bench._page._player is player, "its rail and pictures are kept"
        bench.close()
        other.close()
