"""Two or three pictures on one page: `Bench(sim, "log+replication")`."""

from collections.abc import Iterator
from itertools import combinations

import pytest
from on_screen import until, words_of

from kafkalab import Consumer, Producer, Simulation
from kafkalab.errors import LearnerError
from lab import Bench
from lab.scenes.pictures import ALL


@pytest.fixture(scope="module")
def sim() -> Simulation:
    sim = Simulation(brokers=3, seed=7)
    sim.create_topic("orders", partitions=3, replication_factor=3)
    conf = {"bootstrap.servers": "kafka:9092"}
    producer = Producer(conf, sim=sim)
    for number in range(9):
        producer.produce("orders", f"order {number}", key=f"user-{number}")
    producer.flush()
    consumer = Consumer({**conf, "group.id": "billing"}, sim=sim)
    consumer.subscribe(["orders"])
    consumer.poll(5)
    return sim


@pytest.fixture
def bench(sim: Simulation) -> Iterator[Bench]:
    bench = Bench(sim, "log+replication", topic="orders", partition=2)
    yield bench
    bench.close()


def actions_of(bench: Bench) -> list[str]:
    return [str(one.attributes.get("data-action", "")) for one in bench.widget._flat.values()]


def place_of(bench: Bench, part: str) -> str:
    flat = bench.widget._flat
    found = [str(one.attributes["transform"]) for key, one in flat.items() if key.endswith(part)]
    return found[0] if found else ""


def test_both_are_of_one_partition_at_one_instant(sim: Simulation, bench: Bench) -> None:
    until(lambda: "orders-2 has" in words_of(bench) and "Fetch by fetch" in words_of(bench))
    pressed = [one for one in bench.widget._flat.values() if one.attributes.get("aria-pressed")]
    names = {str(one.attributes["aria-label"]) for one in pressed
             if one.attributes["aria-pressed"] == "true"}  # fmt: skip
    assert {"Log", "Replication"} <= names
    bench.post("select 0")
    until(lambda: "orders-0 has" in words_of(bench) and "orders-2" not in words_of(bench))
    bench.seek(0.05)
    until(lambda: bench.shown_at == 50)
    bench.end()
    until(lambda: bench.shown_at == sim.now)


def test_side_by_side_where_there_is_room(bench: Bench) -> None:
    bench._page.handle({"width": 1400})
    bench._page._player.post({})
    until(lambda: place_of(bench, "/in-replication") == "translate(700,0)")
    bench._page.handle({"width": 1000})
    bench._page._player.post({})
    until(lambda: place_of(bench, "/in-replication").startswith("translate(0,"))


def test_the_still_twin_and_the_words_have_all_parts(sim: Simulation, bench: Bench) -> None:
    data = bench._repr_mimebundle_()
    assert data["text/plain"] == repr(bench)
    for part in ("log", "replication"):
        alone = Bench(sim, part, topic="orders", partition=2)
        assert repr(alone) in data["text/plain"]
        alone.close()
    assert data["image/svg+xml"].count(">Replication<") == 1


def test_what_is_chosen_inside_one_stays_with_it(sim: Simulation) -> None:
    bench = Bench(sim, "groups+network")
    until(lambda: any(action.startswith("in network ") for action in actions_of(bench)))
    action = next(each for each in actions_of(bench) if each.startswith("in network "))
    assert bench._page.handle({"action": action})
    assert bench._page.view.picture == "groups+network"
    assert dict(bench._page.view.choices).keys() == {"network"}
    bench._page.handle({"action": "in groups choose rows 24"})
    assert dict(bench._page.view.choices)["groups"] == "rows 24"
    bench.post("topic orders")
    bench.run("show cluster")
    assert bench._page.view.picture == "cluster"
    assert bench.run("show log+groups+quorum") == "showing log+groups+quorum"
    until(lambda: "Segments" in words_of(bench) and "Group billing" in words_of(bench))
    bench.close()


def test_any_two_go_together(bench: Bench) -> None:
    for first, second in combinations([each.name for each in ALL], 2):
        bench.show(f"{first}+{second}")
        assert bench._repr_mimebundle_()["image/svg+xml"].startswith("<svg"), (first, second)


def test_what_does_not_go_together_is_told(sim: Simulation, bench: Bench) -> None:
    with pytest.raises(LearnerError, match="no picture 'nope'; there are cluster, log"):
        bench.show("log+nope")
    for wrong in ("log+log", "log+groups+quorum+network"):
        with pytest.raises(LearnerError, match="up to 3 different pictures go on one page"):
            Bench(sim, wrong)
