"""The bench as Python: pictures, branches, the command line, the still twin."""

from collections.abc import Iterator

import pytest
from on_screen import until, words_of

from kafkalab import Producer, Simulation
from kafkalab.errors import LearnerError
from lab import Bench
from lab.bench.parting import parting
from lab.scenes.kinds import SHOWN
from lab.scenes.page import draw_page
from lab.scenes.pictures import ALL
from lab.scenes.view import View


@pytest.fixture
def sim() -> Simulation:
    sim = Simulation(brokers=3, seed=7)
    sim.create_topic("orders", partitions=3, replication_factor=3)
    producer = Producer({"bootstrap.servers": "kafka:9092"}, sim=sim)
    for number in range(9):
        producer.produce("orders", f"order {number}", key=f"user-{number}")
    producer.flush()
    return sim


@pytest.fixture
def bench(sim: Simulation) -> Iterator[Bench]:
    bench = Bench(sim)
    yield bench
    bench.close()


@pytest.mark.parametrize("name", [picture.name for picture in ALL])
def test_every_picture_has_a_still_twin_and_words(bench: Bench, name: str) -> None:
    bench.show(name)
    data = bench._repr_mimebundle_()
    assert data["image/svg+xml"].startswith("<svg")
    assert len(data["text/plain"]) > 80
    assert data["text/plain"] == repr(bench)
    again = bench._repr_mimebundle_()
    assert again["image/svg+xml"] == data["image/svg+xml"]


def test_what_is_no_world_is_told() -> None:
    with pytest.raises(LearnerError, match="of a Simulation or a LiveCluster, not of None"):
        Bench(None)  # type: ignore[arg-type]


def test_one_page_turns_from_any_picture_to_any_other(sim: Simulation) -> None:
    """A key means one kind of shape on all pages, or the page cannot be changed to another."""
    bench = Bench(sim)
    bench.close()
    frame = bench._page._still()
    for before in ALL:
        for after in ALL:
            old, new = (
                draw_page(frame, View(picture=each.name), each).flat() for each in (before, after)
            )
            assert {key: old[key].tag for key in old if key in new} == {
                key: new[key].tag for key in old if key in new
            }


def test_a_picture_that_is_none_is_named(sim: Simulation) -> None:
    for name in ("topology", "Network", "space-time"):
        with pytest.raises(LearnerError, match=r"there are cluster, log, .*network, spacetime"):
            Bench(sim, name)


def test_what_a_tab_says_is_the_name_in_python(sim: Simulation) -> None:
    for picture in ALL:
        bench = Bench(sim, picture.title.lower())
        assert bench._page.view.picture == picture.name
        bench.close()


def test_a_branch_leaves_at_the_instant_shown_and_the_run_stays(
    sim: Simulation, bench: Bench
) -> None:
    before = sim.trace.digest()
    branch = bench.branch("what if")
    assert bench.world is branch
    branch.broker(1).crash()
    branch.run(1)
    assert sim.trace.digest() == before
    until(lambda: "what if" in words_of(bench))
    bench.turn_to("the run")
    assert bench.world is sim
    with pytest.raises(LearnerError, match="there is a branch 'what if' already"):
        bench.branch("what if")
    with pytest.raises(LearnerError, match="there are the run, what if"):
        bench.turn_to("nowhere")


def test_a_branch_made_while_the_worlds_are_drawn(
    sim: Simulation, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The player's thread names the worlds while a cell adds one."""

    def adds_one(shown: Simulation, world: Simulation) -> int | None:
        if len(bench.worlds) < 50:
            bench.worlds[f"made meanwhile {len(bench.worlds)}"] = sim
        return parting(shown, world)

    monkeypatch.setattr("lab.bench.bench.parting", adds_one)
    assert bench._world_tabs()[0].words == "the run"


def test_a_branch_from_the_past(sim: Simulation, bench: Bench) -> None:
    sim.run(5)
    sim.broker(2).crash()
    sim.run(5)
    branch = bench.branch(at=4.0)
    assert branch.now == 4000
    assert branch.alive() == [1, 2, 3]


def test_clicks_do_what_python_does(sim: Simulation, bench: Bench) -> None:
    page = bench._page
    assert page.handle({"action": "branch"})
    assert list(bench.worlds) == ["the run", "branch 1"]
    assert page.handle({"action": "world the run"})
    assert bench.world is sim
    assert not page.handle({"action": "crash 2"})  # that is for the world


def test_the_rail_of_a_world_begins_where_it_did_after_a_branch(
    sim: Simulation, bench: Bench
) -> None:
    sim.run(2)
    player = bench._page._player
    began = player._playback.tape.started_at
    assert began < sim.now - 1500
    branch = bench.branch("what if", at=1.0)
    branch.run(1)
    bench.turn_to("the run")
    assert bench._page._player is player
    until(lambda: "Simulation · topic orders" in words_of(bench))
    assert player._playback.tape.started_at == began
    bench.close()
    assert player._views == []


def test_the_command_line_acts_on_the_world_shown(sim: Simulation, bench: Bench) -> None:
    branch = bench.branch()
    bench.run("crash 3")
    assert branch.alive() == [1, 2]
    assert sim.alive() == [1, 2, 3]
    line = bench._line
    line._text.value = "brokers"
    assert "crashed" in line._answer.value
    line._text.value = "<b>dance</b>"
    assert "<b>dance" not in line._answer.value


def test_a_choice_in_one_picture_says_nothing_in_another(bench: Bench) -> None:
    bench.show("groups", choice="rows 24").show("network")
    assert bench._page.view.choice == ""
    bench.show("network", choice="beside 2").show("groups")
    assert bench._page.view.choice == "rows 24"
    bench._page.handle({"action": "choose rows 48"})
    assert bench._page.view.choice == "rows 48"
    bench.show("network")
    assert bench._page.view.choice == "beside 2"


def test_turning_to_a_picture_from_a_cell_is_seen(bench: Bench) -> None:
    bench.show("network")
    until(lambda: "Who hears whom" in words_of(bench))
    bench.show("ledger")
    until(lambda: "produced" in words_of(bench) and "Who hears whom" not in words_of(bench))


def test_the_bench_goes_back_to_instants_it_has_not_seen(sim: Simulation) -> None:
    sim.run(5)
    sim.broker(2).crash()
    sim.run(12)
    bench = Bench(sim)
    try:
        bench.seek(4.321)
        until(lambda: "4.321 s" in words_of(bench))
        assert "its disk is kept" not in words_of(bench), "broker 2 runs"
        bench.seek(6)
        assert bench.shown_at == 6000
        bench.back()
        events = [e.at for e in sim.trace.of(*SHOWN) if e.at < 6000]
        assert bench.shown_at == events[-1]
        bench.end()
        assert bench.shown_at == sim.now
    finally:
        bench.close()
