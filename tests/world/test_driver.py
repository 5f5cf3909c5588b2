"""Who may move a world, how long a wait lasts, and what an interrupt does."""

import signal
import threading
from collections.abc import Callable
from typing import Any

import pytest

from kafkalab.errors import LearnerError
from kafkalab.world import Driver, StillWaiting, World


@pytest.fixture
def driver(world: World) -> Driver:
    return Driver(world)


def test_a_wait_runs_until_the_condition_holds(driver: Driver) -> None:
    driver.act("client", "ask", "a")
    client: Any = driver.node("client")
    assert driver.wait(lambda: client.has(1), None, "an answer")
    assert driver.world.now == 2


def test_a_wait_with_a_limit_ends_there(driver: Driver) -> None:
    assert not driver.wait(lambda: False, 50, "nothing")
    assert driver.world.now == 50


def test_a_wait_without_end_says_what_was_waited_for(driver: Driver) -> None:
    driver.world.command("crash ticker")
    driver.act("client", "ask", "a")
    with pytest.raises(StillWaiting) as raised:
        driver.wait(lambda: False, None, "the moon is blue")
    assert str(raised.value) == (
        "waited 3600000 virtual ms, and still not: the moon is blue\n"
        "  The last events were:\n"
        "    0 ms  ticker  Crashed()\n"
        "    0 ms  client  ActionTaken(method=ask, arguments=('a',))\n"
        "    1 ms  broker-1  Appended(topic=t, partition=0, base_offset=1, last_offset=1, "
        "leader_epoch=0)\n"
        "  To see it happen: the same calls with Simulation(seed=7); step 2\n"
        "  If it only needs longer: run_until(..., limit_ms=14400000)"
    )


def test_a_step_runs_to_the_next_event_of_a_kind(driver: Driver) -> None:
    assert driver.step({"Appended"}) == ("Delivered", "Appended")
    assert driver.world.now == 11
    driver.world.command("crash ticker")
    assert driver.step({"Healed"}) == ()


def test_observers_hear_of_each_step_with_their_kinds_and_of_the_end(driver: Driver) -> None:
    heard: list[tuple[int, tuple[str, ...]]] = []
    driver.observe(lambda now, kinds: heard.append((now, kinds)), {"Appended", "Crashed"})
    driver.run_to(25)
    driver.command("crash 3")
    assert heard == [(11, ("Appended",)), (21, ("Appended",)), (25, ()), (25, ("Crashed",))]


def test_driving_from_inside_is_refused(driver: Driver) -> None:
    def observer(now: int, kinds: tuple[str, ...]) -> None:
        driver.run_for(1)

    driver.observe(observer)
    with pytest.raises(LearnerError, match="not while the world is at work"):
        driver.run_to(50)
    with pytest.raises(LearnerError, match="not while the world is at work"):
        driver.wait(lambda: driver.run_to(5), 10, "nothing")


def in_thread(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_another_thread_acts_between_two_steps_of_a_wait(driver: Driver) -> None:
    threads = []

    def condition() -> bool:
        if driver.world.now == 20 and not threads:
            threads.append(in_thread(lambda: driver.command("crash 3")))
            while not driver._wanting:
                pass
        return not driver.world.is_up("broker-3")

    assert driver.wait(condition, 10_000, "broker 3 is down")
    threads[0].join()
    assert driver.world.now <= 30


def test_an_interrupt_acts_between_two_steps(driver: Driver) -> None:
    usual = signal.getsignal(signal.SIGINT)

    def condition() -> bool:
        if driver.world.now == 20:
            signal.raise_signal(signal.SIGINT)
        return False

    with pytest.raises(KeyboardInterrupt):
        driver.wait(condition, None, "nothing")
    assert signal.getsignal(signal.SIGINT) is usual
    steps = driver.world.steps
    driver.run_for(100)
    assert driver.world.steps > steps
