"""A run written as text and made again, with the same digest or a reason."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from faulty_run import faulty_run, whole_run

from kafkalab import Consumer, Producer, Simulation
from kafkalab.sim.saved import CannotLoad


def by_hand() -> Simulation:
    sim = Simulation(seed=7, brokers=3, config={"replica.lag.time.max.ms": 5000})
    sim.create_topic("orders", partitions=2, replication_factor=3)
    producer = Producer({"bootstrap.servers": "kafka:9092", "acks": "all"}, sim=sim)
    consumer = Consumer({"bootstrap.servers": "kafka:9092", "group.id": "g"}, sim=sim)
    consumer.subscribe(["orders"])
    producer.produce("orders", key="k", value=b"\xff\x00", headers={"a": "b"})
    producer.flush()
    consumer.poll(5)
    sim.broker(1).crash()
    sim.run(3)
    sim.network.partition({2}, {3})
    producer.produce("orders", "second")
    sim.run(steps=17)
    return sim


def apps() -> Simulation:
    sim = faulty_run(3, wire=True)
    sim.run(4.4)
    return sim.fork("a branch")


@pytest.mark.parametrize("make", [by_hand, apps])
def test_a_saved_run_comes_back_byte_for_byte(
    make: Callable[[], Simulation], tmp_path: Path
) -> None:
    sim = make()
    path = tmp_path / "run.json"
    sim.save(path)
    for other in (Simulation.load(path), Simulation.from_link(sim.link())):
        assert (other.now, other.world.steps) == (sim.now, sim.world.steps)
        assert other.trace.digest() == sim.trace.digest()
        assert other.name == sim.name
        later, again = sim.fork(), other.fork()
        later.run(5)
        again.run(5)
        assert later.trace.digest() == again.trace.digest()
        assert other.at(sim.now / 2000).trace.digest() == sim.at(sim.now / 2000).trace.digest()


def test_a_link_of_a_long_run_is_short_and_holds_no_source() -> None:
    sim = whole_run(3)
    link = sim.link()
    assert len(link) < 1200
    assert set(link) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
    with pytest.raises(CannotLoad, match="copied to its end"):
        Simulation.from_link(link[:-9])
    with pytest.raises(CannotLoad, match="it would begin with kafkalab-1-"):
        Simulation.from_link("https://example.org")


def saved(sim: Simulation, path: Path, **changes: Any) -> Path:
    sim.save(path)
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    return path


def test_what_cannot_be_loaded_says_why(tmp_path: Path) -> None:
    sim, path = by_hand(), tmp_path / "run.json"
    with pytest.raises(CannotLoad, match="format 2, this kafkalab"):
        Simulation.load(saved(sim, path, **{"kafkalab simulation": 2}))
    with pytest.raises(CannotLoad, match=r"saved by kafkalab 0\.0\.9, this is"):
        Simulation.load(saved(sim, path, engine="0.0.9", digest="0" * 32))
    path.write_text("{}")
    with pytest.raises(CannotLoad, match="is no saved simulation"):
        Simulation.load(path)
    evil = [[12, 1, "world", "start_app", {"tuple": [{"class": "os:system", "fields": {}}]}]]
    with pytest.raises(Exception, match="os:system is no class of kafkalab"):
        Simulation.load(saved(sim, path, actions=evil))
    sim.save(path)
    whole = json.loads(path.read_text())
    for part in whole:
        path.write_text(json.dumps({key: each for key, each in whole.items() if key != part}))
        with pytest.raises(CannotLoad, match=r"is damaged|is no saved simulation"):
            Simulation.load(path)


def test_code_that_is_missing_is_shown_and_code_that_has_changed_is_named(tmp_path: Path) -> None:
    path = tmp_path / "run.json"

    def a_run(pause: float) -> tuple[Simulation, Any]:
        if pause == 0.5:

            async def tick(app: Any) -> None:
                producer = app.producer({"bootstrap.servers": "kafka:9092"})
                for number in range(5):
                    producer.produce("orders", f"{number}")
                    await app.sleep(0.5)
        else:

            async def tick(app: Any) -> None:
                producer = app.producer({"bootstrap.servers": "kafka:9092"})
                for number in range(5):
                    producer.produce("orders", f"{number}")
                    await app.sleep(1.5)

        sim = Simulation(seed=7, brokers=1)
        sim.create_topic("orders")
        sim.app(tick)
        sim.run(4)
        return sim, tick

    sim, tick = a_run(0.5)
    sim.save(path)
    with pytest.raises(CannotLoad, match=r"(?s)function tick, which is not here.*await app\.sleep"):
        Simulation.load(path)
    assert Simulation.load(path, code=[tick]).trace.digest() == sim.trace.digest()
    assert Simulation.load(path, code={"tick": tick}).now == sim.now
    _, other = a_run(1.5)
    with pytest.raises(CannotLoad, match=r"(?s)tick is not the function it was.*sleep\(0\.5\)"):
        Simulation.load(path, code={"tick": other})
