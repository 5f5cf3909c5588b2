"""From a message in spacetime to its bytes: by its card, typed, called; now, then, and live."""

from collections.abc import Iterator
from typing import cast

import pytest
from on_screen import until, words_of

from kafkalab import Producer, Simulation
from kafkalab.errors import LearnerError
from kafkalab.frames.ledger import RowFrame
from kafkalab.live import LiveCluster
from lab import Bench, LedgerView, RequestLens, SpaceTime
from lab.bench import lenses
from lab.scenes.ledger import is_there


@pytest.fixture
def sim() -> Simulation:
    sim = Simulation(brokers=3, seed=3)
    sim.create_topic("orders", replication_factor=3)
    producer = Producer({"bootstrap.servers": "kafka:9092"}, sim=sim)
    producer.produce("orders", b"hello", key=b"k")
    producer.flush()
    return sim


@pytest.fixture
def bench(sim: Simulation) -> Iterator[Bench]:
    bench = Bench(sim, "spacetime")
    yield bench
    bench.close()


def opened(bench: Bench) -> RequestLens:
    lens = bench._page.drawer.shown
    assert isinstance(lens, RequestLens)
    return lens


def actions_of(bench: Bench) -> list[str]:
    return [str(one.attributes.get("data-action", "")) for one in bench.widget._flat.values()]


def chosen(bench: Bench, sim: Simulation, api: str, what: str = "request") -> int:
    """Its card is opened; the id of its arrival."""
    delivered = [e for e in sim.trace.recent() if e.kind == "Delivered"]
    arrived = [e for e in delivered if e.event[1:3] == (what, api)]
    name = " ".join(map(str, (what, *arrived[-1].event[3:])))
    until(lambda: f"select {name}" in actions_of(bench))
    bench.post(f"select {name}")
    return arrived[-1].id


def test_the_card_of_a_message_opens_its_bytes(sim: Simulation, bench: Bench) -> None:
    id = chosen(bench, sim, "PRODUCE")
    until(lambda: f"lens request {id}" in actions_of(bench))
    until(lambda: bench.widget.scene["keys"].get("b") == f"lens request {id}")
    bench.post(f"lens request {id}")
    until(lambda: bench._page.drawer.shown)
    assert b"hello" in opened(bench).data
    assert opened(bench).send() == "NONE"
    assert len(sim.records("orders")) == 2, "sent to the world shown"


def test_so_does_that_of_an_answer_and_of_one_under_way(sim: Simulation, bench: Bench) -> None:
    id = chosen(bench, sim, "PRODUCE", "response")
    bench.post(f"lens request {id}")
    until(lambda: bench._page.drawer.shown)
    assert opened(bench).message.responses
    sim.network.hold("producer-1", 1)
    Producer({"bootstrap.servers": "kafka:9092"}, sim=sim).produce("orders", b"late")
    sim.run(0.1)
    name = next(f.message.words for f in sim.network.in_flight if f.api != "FETCH")
    until(lambda: bench.shown_at == sim.now and f"select {name}" in actions_of(bench))
    bench.post(f"select {name}")
    until(lambda: f"lens {name}" in actions_of(bench))
    bench.post(f"lens {name}")
    until(lambda: "under way" in repr(opened(bench)))


def test_looking_back_it_is_the_message_of_then_and_goes_to_a_branch(
    sim: Simulation, bench: Bench
) -> None:
    before = sim.now
    Producer({"bootstrap.servers": "kafka:9092"}, sim=sim).produce("orders", b"second")
    sim.run(5)
    bench.seek(before / 1000)
    until(lambda: bench.shown_at == before)
    lens = bench.request("Produce")
    assert b"hello" in lens.data
    assert f"Branch at {before / 1000:.3f} s, and send to" in str(lens.widget.scene)
    assert lens.send() == "NONE"
    until(lambda: "what if: send Produce" in words_of(bench))
    branch = bench.world
    assert isinstance(branch, Simulation) and branch is not sim
    assert [r.value for r in branch.records("orders")] == [b"hello", b"hello"]
    assert [r.value for r in sim.records("orders")] == [b"hello", b"second"], "untouched"
    assert lens.send() == "NONE"
    assert len(branch.records("orders")) == 3, "the same branch again"
    with pytest.raises(LearnerError, match="later than shown"):
        bench.turn_to("the run").seek(before / 1000)
        until(lambda: bench.shown_at == before)
        late = [e for e in sim.trace.recent() if e.kind == "Delivered"][-1]
        bench.request(late.id)


@pytest.mark.parametrize(
    "line",
    [
        "lens request Produce",
        "lens answer Produce",
        "lens response produce",
        "lens request {id}",
        "lens request {name}",
        "lens answer {name}",
    ],
)
def test_it_is_typed_as_well(sim: Simulation, bench: Bench, line: str) -> None:
    delivered = (e for e in sim.trace.recent() if e.kind == "Delivered")
    entry = next(e for e in delivered if e.event[2] == "PRODUCE")
    name = " ".join(map(str, entry.event[3:]))
    assert bench.run(line.format(id=entry.id, name=name)).endswith("(below)")
    assert ("Produce answer" in repr(opened(bench))) == ("answer" in line or "response" in line)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("lens request", "lens request Produce"),
        ("lens request Prodcue", r"there are .*Produce"),
        ("lens request 1", "event 1 is"),
        ("lens request producer-1 2 1", "what is to be opened"),
        ("lens request producer-9 broker-1 1 7", "no message 'request producer-9 broker-1 1 7'"),
    ],
)
def test_what_there_is_not_is_told(bench: Bench, line: str, told: str) -> None:
    with pytest.raises(LearnerError, match=told):
        bench.run(line)
    assert "lens request Produce" in lenses.HELP


def test_spacetime_alone_opens_it_too(sim: Simulation) -> None:
    view = SpaceTime(sim)
    with pytest.raises(LearnerError, match="which message"):
        view.bytes()
    message = next(m for m in view.frame["messages"] if m["api"] == "PRODUCE")
    assert b"hello" in view.select(message["id"]).bytes().data
    view._obey(["lens", "request", str(message["id"])])
    assert view.drawer.shown.send() == "NONE"
    view.close()


def test_of_a_live_cluster_those_of_a_frozen_copy() -> None:
    with LiveCluster(brokers=2) as cluster:
        bench = Bench(cluster)
        lens = bench.request("Fetch")
        assert "Fetch request" in repr(lens)
        assert "connection" in repr(lens) and " s " not in f"{lens.say}"
        frozen = bench.freeze()
        frozen.run(0.6)
        until(lambda: bench.shown_at > 600)
        assert bench.run("lens answer Fetch").endswith("(below)")
        arrived = opened(bench)._desk.lens.told.rpartition("arrived ")[2]
        assert float(arrived.split()[0]) < 600, "counts from when the cluster began"
        bench.close()


def test_a_row_of_the_ledger_opens_the_bytes_of_its_batch(sim: Simulation) -> None:
    view = LedgerView(sim)
    view._obey(["open", view.frame["rows"][0]["key"]])
    assert "lens orders-0 0" in str(
        [s.attributes for s in view._scene(is_live=True).flat().values()]
    )
    view._obey(["lens", "orders-0", "0"])
    assert b"hello" in view.drawer.shown.data
    view.close()
    gone = {**view.frame["rows"][0], "sort": "lost"}
    assert not is_there(cast("RowFrame", gone)), "another may stand there"


def test_fates_and_the_ledger_are_typed_and_are_of_the_instant_shown(
    sim: Simulation, bench: Bench
) -> None:
    before = sim.now
    assert "is kept at orders-0@0" in (bench.run("fate orders-0@0") or "")
    sim.run(0.1)
    producer = Producer({"bootstrap.servers": "kafka:9092"}, sim=sim)
    producer.produce("orders", b"second")
    producer.flush()
    until(lambda: bench.shown_at == sim.now)
    assert bench.run("ledger orders").splitlines()[1].startswith("2 produced")
    bench.seek(before / 1000)
    until(lambda: bench.shown_at == before)
    assert bench.run("ledger").splitlines()[1].startswith("1 produced")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("fate", "of which record"),
        ("fate orders-0@9", "ever written to orders-0@9"),
        ("ledger nope", "nothing was ever produced to 'nope'; topics: orders"),
        ("produce orders 'a", "opened and not closed"),
    ],
)
def test_what_has_no_fate_is_told(bench: Bench, line: str, told: str) -> None:
    with pytest.raises(LearnerError, match=told):
        bench.run(line)


def test_what_a_lens_cannot_take_is_told(sim: Simulation) -> None:
    with pytest.raises(LearnerError, match=r"3.5 is none"):
        RequestLens(sim, 3.5)  # type: ignore[arg-type]
    with pytest.raises(LearnerError, match="looks into a Simulation"):
        RequestLens("sim", "Produce")  # type: ignore[arg-type]
    lens = RequestLens(sim, "Produce")
    for wrong in (lambda: lens.flip("a"), lambda: lens.set(3, None), lambda: lens.change(3, 4)):  # type: ignore[arg-type]
        with pytest.raises(LearnerError, match=r"whole numbers|by its path"):
            wrong()
