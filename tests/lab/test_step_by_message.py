"""A step by message: the world stops where the next one has arrived, and says which."""

from collections.abc import Iterator

import pytest
from on_screen import until

from kafkalab import Producer, Simulation
from kafkalab.errors import LearnerError
from kafkalab.frames.shape import Frame
from lab import Bench
from lab.playback import simulated
from lab.playback.live import LiveSource
from lab.playback.simulated import SimulationSource
from lab.player import Player
from lab.scenes.controls import Controls


class Stepping:
    """A simulation with a record just sent, and a player without its thread."""

    def __init__(self) -> None:
        self.sim = Simulation(brokers=3, seed=7)
        self.sim.create_topic("orders", partitions=1, replication_factor=3)
        self.producer = Producer({"bootstrap.servers": "kafka:9092"}, sim=self.sim)
        self.producer.produce("orders", "first")
        self.producer.flush()
        self.now = 0.0
        self.player = Player(SimulationSource(self.sim), clock=lambda: self.now)
        self.player.start = lambda: None  # type: ignore[method-assign]
        self.player.add(self)
        self.play()

    def play(self) -> None:
        until = self.now + 1000
        while (due := self.player.tick(self.now)) is not None and due <= until:
            self.now = due
        self.now = until

    def press(self, action: str, times: int = 1) -> list[str]:
        """What each picture told."""
        told = []
        for _ in range(times):
            self.player.post({"action": action}, self)
            self.play()
            told.append(self.controls.told)
        return told

    def delivered(self) -> list[str]:
        return [e.text for e in self.sim.world.trace.recent() if e.kind == "Delivered"]

    # a view

    def show(self, frame: Frame, controls: Controls, *, is_cut: bool) -> bool:
        self.frame, self.controls = frame, controls
        return True

    def wants(self, frame: Frame) -> tuple[str, ...]:
        return ()

    def renew(self) -> None:
        pass

    def handle(self, message: dict[str, object]) -> bool:
        return False


@pytest.fixture
def stepping() -> Stepping:
    return Stepping()


def test_each_step_delivers_one_message_and_says_what_came_of_it(stepping: Stepping) -> None:
    before = len(stepping.delivered())
    stepping.producer.produce("orders", "second")
    told = stepping.press("step message", 6)
    assert len(stepping.delivered()) == before + 6
    leader = stepping.sim.leader("orders", 0)
    assert told[0].startswith(f"Broker {leader} gets a request (Produce) of producer-1: broker ")
    assert "writes offset 1 of orders-0" in told[0]
    assert any("copies offset 1" in words for words in told)
    assert told[5].startswith(f"Producer-1 gets the answer (Produce) of broker {leader}")
    assert len(set(told)) == 6


def test_going_back_tells_again_what_was_told(stepping: Stepping) -> None:
    stepping.producer.produce("orders", "second")
    told = stepping.press("step message", 6)
    assert stepping.press("back", 5) == told[4::-1]
    assert stepping.press("step message", 5) == told[1:]


def test_messages_of_one_millisecond_have_a_picture_each(stepping: Stepping) -> None:
    stepping.producer.produce("orders", "second")
    instants = []
    for _ in range(6):
        stepping.press("step message")
        instants.append(stepping.frame["now"])
    assert len(set(instants)) < 6, "two followers answer in one millisecond"
    assert len(stepping.player._playback.tape.moments) >= 7


def test_looking_back_it_goes_from_instant_to_instant(stepping: Stepping) -> None:
    stepping.sim.run(10)
    stepping.play()
    expected = _arrivals_after(stepping.sim, 4000)
    stepping.press("seek 4000")
    assert _seen(stepping, 3) == expected[:3]


def test_messages_that_the_trace_has_let_go_of_are_made_again(stepping: Stepping) -> None:
    sim = stepping.sim
    sim.run(120)
    stepping.play()
    expected = _arrivals_after(sim, 4000)
    sim.world.trace = sim.world.trace.fork(forget_recent=True)
    assert _arrivals_after(sim, 4000) != expected
    stepping.press("seek 4000")
    assert _seen(stepping, 3) == expected[:3]


def _arrivals_after(sim: Simulation, at: int) -> list[int]:
    recent = sim.world.trace.recent()
    return sorted({each.at for each in recent if each.kind == "Delivered" and each.at > at})


def _seen(stepping: Stepping, steps: int) -> list[int]:
    seen = []
    for _ in range(steps):
        assert "gets" in stepping.press("step message")[0]
        seen.append(stepping.frame["now"])
    return seen


def test_where_no_message_comes_it_says_so(
    stepping: Stepping, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulated, "STEP_MS", 0)
    stepping.press("step message")
    assert "no message was delivered" in stepping.controls.notice


def test_a_step_by_event_still_goes_to_what_shows(stepping: Stepping) -> None:
    stepping.producer.produce("orders", "second")
    before = len(stepping.delivered())
    assert stepping.press("step") == [""]
    assert len(stepping.delivered()) >= before


def test_a_live_cluster_says_where_to_step() -> None:
    with pytest.raises(LearnerError, match="freeze it, and step there"):
        LiveSource.step_message(None)  # type: ignore[arg-type]


@pytest.fixture
def bench() -> Iterator[Bench]:
    sim = Simulation(brokers=3, seed=7)
    sim.create_topic("orders", partitions=1, replication_factor=3)
    bench = Bench(sim)
    yield bench
    bench.close()


def test_button_key_python_and_command_line_do_the_same(bench: Bench) -> None:
    def shown(action: str) -> list[str]:
        return [str(shape.attributes["aria-label"]) for shape in bench.widget._flat.values()
                if shape.attributes.get("data-action") == action]  # fmt: skip

    def told() -> str:
        group = bench.widget._flat.get("/told")
        return str(group.attributes["aria-label"]) if group is not None else ""

    until(lambda: shown("step message") == ["Step to the next message"])
    assert bench.widget._shown.keys["m"] == "step message"
    bench.step(by="message")
    until(told)
    first = told()
    assert first in bench.widget._shown.say, "a screen reader hears it too"
    assert bench.run("step message") == "one message on"
    until(lambda: told() != first)
    with pytest.raises(LearnerError, match="'event' or 'message', not 'record'"):
        bench.step(by="record")
