"""Spacetime, twins and ledger as frames, scenes and widgets."""

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from lost_record import lose

from kafkalab import Simulation
from kafkalab.errors import LearnerError
from kafkalab.frames import cluster_frame
from kafkalab.frames.ledger import ledger_frame
from kafkalab.frames.log_time import LogTime
from kafkalab.frames.messages import message_fields
from kafkalab.frames.spacetime import spacetime_frame
from kafkalab.frames.twins import twins_frame
from kafkalab.sim import without
from kafkalab.sim.twins import Twins
from lab import LedgerView, SpaceTime, TwinsView
from lab.scenes import ledger as ledger_scene
from lab.scenes import spacetime as spacetime_scene
from lab.scenes import twins as twins_scene
from lab.scenes.axis import Axis
from lab.scenes.svg import write_svg
from lab.scenes.twin_differences import what_differs
from lab.scenes.twins_text import write_text


@cache
def lost() -> Simulation:
    sim, _ = lose(3)
    return sim


@cache
def twins() -> Twins:
    sim = lost()
    return sim.twins(without(sim.trace.of("Crashed")[0]))


def test_the_frame_carries_the_chain_on_its_messages() -> None:
    sim = lost()
    why = sim.why("lost")
    frame = spacetime_frame(sim, why)
    assert frame == json.loads(json.dumps(frame))
    assert frame["say"] == why.say
    steps = {m["step"]: m for m in frame["messages"] if "step" in m}
    marks = {m["step"]: m for m in frame["marks"] if "step" in m}
    assert sorted({*steps, *marks}) == [step["step"] for step in frame["chain"]]
    assert steps[1]["kind"] == "produce"
    assert steps[1]["sent"] < steps[1]["arrived"] == frame["chain"][0]["at"]
    assert marks[3]["words"] == "crash"
    leads = [span for span in frame["spans"] if span["what"] == "leader"]
    assert len({span["lane"] for span in leads}) == 2
    assert all(span["since"] <= span["until"] for span in frame["spans"])


def test_a_stretch_of_the_past_has_its_messages_again() -> None:
    sim = lost()
    frame = spacetime_frame(sim, since=1_000, until=1_040)
    assert {m["kind"] for m in frame["messages"]} >= {"produce", "meta"}
    assert all(
        m["sent"] <= m["arrived"] and 1_000 <= m["arrived"] <= 1_040 for m in frame["messages"]
    )
    assert frame["left_out"] == 0
    with pytest.raises(LearnerError, match="ends before it begins"):
        spacetime_frame(sim, since=2_000, until=1_000)


def test_a_message_is_read_from_the_instant_it_was_under_way() -> None:
    sim = lost()
    frame = spacetime_frame(sim, sim.why("lost"))
    message = next(m for m in frame["messages"] if m.get("step") == 1)
    fields = dict(message_fields(sim, message["id"]))
    assert fields["acks"] == "1"
    assert fields["produce"].startswith("request, correlation id")
    assert "writes offset 1 of orders-0" in fields["there"]
    assert message_fields(sim, 10**9) == []


def test_scenes_are_pure_well_formed_and_keyed() -> None:
    sim = lost()
    frame = spacetime_frame(sim, sim.why("lost"))
    for width in (640, 960, 1400):
        for scene in (
            spacetime_scene.draw(frame, spacetime_scene.View(is_live=True).at_width(width)),
            twins_scene.draw(twins_frame(twins()), twins_scene.View().at_width(width)),
            ledger_scene.draw(
                ledger_frame(sim.ledger()), ledger_scene.View(is_live=True).at_width(width)
            ),
        ):
            assert scene.width == width
            assert scene.flat()
            ElementTree.fromstring(write_svg(scene))
    near = spacetime_scene.draw(
        spacetime_frame(sim, since=1_000, until=1_040), spacetime_scene.View()
    )
    words = [shape.words for shape in near.flat().values()]
    assert (words.count("produce request"), words.count("fetch request")) == (1, 1)
    again = spacetime_scene.draw(frame, spacetime_scene.View())
    assert again.flat() == spacetime_scene.draw(frame, spacetime_scene.View()).flat()


def test_twins_show_each_record_in_both_runs_and_where_they_part() -> None:
    frame = twins_frame(twins())
    a, b = frame["runs"]
    assert [r["key"] for r in a["records"]] == [r["key"] for r in b["records"]]
    fates = {r["key"]: r["fate"] for r in a["records"]}
    assert sorted(fates.values()) == ["late", "lost", "ok"]
    assert {r["fate"] for r in b["records"]} == {"ok"}
    assert frame["diverges"] is not None
    assert frame["change"] <= frame["diverges"]
    assert [m["run"] for m in frame["marks"] if m["words"].endswith("crashed")] == ["A"]
    assert "lost after that" in write_text(frame)
    assert frame == json.loads(json.dumps(frame))


def test_a_time_axis_cuts_silence_and_keeps_the_order() -> None:
    times = [1_000, 1_001, 1_004, 9_000, 9_002, 25_000, 25_003]
    axis = Axis(times, (1_000, 25_003), (100, 900))
    places = [axis(at) for at in times]
    assert places == sorted(places)
    assert [(cut.since, cut.until) for cut in axis.cuts] == [(1_004, 9_000), (9_002, 25_000)]
    assert places[1] - places[0] > 20
    log = Axis(times, (1_000, 25_003), (100, 900), is_log=True)
    assert not log.cuts
    assert [log(at) for at in times] == sorted(log(at) for at in times)
    line = LogTime(times)
    assert [line.place(times[0]), line.place(times[-1])] == pytest.approx([0, 1])
    assert line.place(0) == 0
    assert line.place(5_000) < line.place(9_000)


@pytest.fixture
def views() -> Iterator[Any]:
    open_views: list[Any] = []

    def keep(view: Any) -> Any:
        open_views.append(view)
        return view

    yield keep
    for view in open_views:
        view.close()


def test_a_message_can_be_opened_and_the_stretch_changed(views: Any) -> None:
    sim = lost()
    view = views(SpaceTime(sim, sim.why("lost")))
    whole = (view.frame["since"], view.frame["until"])
    message = next(m for m in view.frame["messages"] if m.get("step") == 1)
    assert view.handle({"action": f"select {message['name']}"})
    assert dict(view._view.fields)["acks"] == "1"
    view.handle({"action": f"select {message['name']}"})
    assert not view._view.fields
    view.handle({"action": f"step {view.frame['chain'][3]['id']}"})
    assert view.frame["until"] - view.frame["since"] <= 12
    near = view.frame["since"]
    view.handle({"action": "left"})
    assert view.frame["since"] < near
    view.handle({"action": "out"})
    view.handle({"action": "log"})
    view.handle({"width": 700})
    assert view._view.width == 700
    view.handle({"action": "all"})
    assert (view.frame["since"], view.frame["until"]) == whole
    bundle = view._repr_mimebundle_()
    ElementTree.fromstring(bundle["image/svg+xml"])
    assert bundle["text/plain"] == repr(view)


def test_both_twins_are_seen_at_one_instant(views: Any) -> None:
    view = views(TwinsView(twins()))
    assert view._clusters is None
    view.handle({"action": "divergence"})
    a, b = view._clusters
    assert a["now"] == b["now"] == view.frame["diverges"]
    states = [[broker["state"] for broker in frame["brokers"]] for frame in (a, b)]
    assert "crashed" in states[0]
    assert "crashed" not in states[1]
    at = view._view.now
    view.handle({"action": "step"})
    assert view._view.now > at
    view.handle({"action": "back"})
    assert view._view.now == at
    view.handle({"action": f"seek {at + 3}"})
    assert view._view.now == at + 3
    view.handle({"action": "end"})
    assert view._clusters is None
    assert view._repr_mimebundle_()["text/plain"] == repr(view)


def test_the_ledger_is_sorted_opened_and_follows_the_simulation(views: Any) -> None:
    sim = lost().fork()
    view = views(LedgerView(sim, "orders"))
    assert [row["sort"] for row in view.frame["rows"]] == ["kept", "lost", "kept"]
    view.handle({"action": "sort lost"})
    assert len(ledger_scene.chosen(view.frame, view._view.sort)) == 1
    view.handle({"action": f"open {view.frame['rows'][1]['key']}"})
    scene = ledger_scene.draw(view.frame, view._view)
    words = " ".join(shape.words or "" for shape in scene.flat().values())
    assert "cut it off" in words
    assert "then lost" in repr(view)
    assert view._repr_mimebundle_()["text/plain"] == repr(view)
    many = {**view.frame, "rows": view.frame["rows"] * 20}
    last = ledger_scene.first_row(many, ledger_scene.View(), 1 << 30)  # type: ignore[arg-type]
    assert last == 60 - ledger_scene.ROWS


def test_of_two_large_clusters_only_what_differs_is_shown() -> None:
    sim = Simulation(brokers=9, seed=2)
    sim.create_topic("orders", partitions=18, replication_factor=3)
    sim.run(1)
    sim.broker(7).crash()
    sim.run(12)
    pair = sim.twins(without(sim.trace.of("Crashed")[0]))
    a, b = cluster_frame(pair.a), cluster_frame(pair.b)
    pick = what_differs((a, b))
    assert 7 in pick.brokers
    assert len(pick.brokers) <= 6
    assert pick.note == f"{9 - len(pick.brokers)} more brokers are not shown."
    shown = [p for p in a["topics"][0]["partitions"] if p["id"] in pick.rows]
    assert all("7" in each["replicas"] for each in shown)
