"""The cluster picture as data: keys, words, roles, XML."""

import copy
import json
import xml.etree.ElementTree as ElementTree
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kafkalab.frames.shape import CellFrame, Frame
from lab.playback.scripted import Story, cluster_frame, group_frame, isr_story
from lab.scenes.cluster_view import View, draw
from lab.scenes.controls import Controls
from lab.scenes.metrics import width_of
from lab.scenes.rail import lay_out, marks_of
from lab.scenes.shapes import Flat, Scene
from lab.scenes.svg import write_svg
from lab.scenes.text_table import write_text

NASTY = "<script>alert(1)</script>&\"'\x00\ud800\u202e]]>"
names = st.text(min_size=1, max_size=20)
records = st.one_of(st.none(), st.text(max_size=40))


@st.composite
def frames(draw_from: st.DrawFn) -> Frame:
    """A cluster with anything in it that a frame allows."""
    brokers = draw_from(st.integers(1, 6))
    frame = cluster_frame(
        brokers=brokers,
        partitions=draw_from(st.integers(0, 15)),
        records=draw_from(st.sampled_from([0, 3, 40, 5000])),
        topics=draw_from(st.lists(names, unique=True, max_size=3)),
    )
    story = Story(frame)
    ids = st.integers(1, brokers)
    for _ in range(draw_from(st.integers(0, 6))):
        story.wait(draw_from(st.integers(0, 20_000)))
        match draw_from(st.sampled_from(["crash", "restart", "pause", "group", "record", "isr"])):
            case "crash":
                story.crash(draw_from(ids))
            case "restart":
                story.restart(draw_from(ids))
            case "pause":
                story.pause(draw_from(ids), draw_from(st.integers(1, 10**7)))
            case "group":
                owned = draw_from(
                    st.lists(
                        st.tuples(names, st.lists(st.integers(0, 30), unique=True)), max_size=14
                    )
                )
                states = ["Stable", "CompletingRebalance", "Empty", draw_from(names)]
                story.group(group_frame(owned, state=draw_from(st.sampled_from(states))))
            case "record" if frame["topics"] and frame["topics"][0]["partitions"]:
                with suppress(ValueError):  # no leader
                    story.produce(0, draw_from(records), draw_from(st.text(max_size=40)))
            case "isr" if frame["topics"] and frame["topics"][0]["partitions"]:
                story.set_isr(0, draw_from(st.lists(ids, unique=True)))
                story.elect(0, draw_from(st.one_of(st.none(), ids)))
    return story.frame


def controls_for(frame: Frame) -> Controls:
    rail = lay_out(marks_of(frame["events"]), 1000, frame["now"], frame["now"] + 500)
    return Controls(True, 1.0, True, 3, rail, "no broker 9")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(frames(), st.sampled_from([640, 700, 960, 1000, 1400]), st.booleans())
def test_any_frame_draws_with_unique_keys_as_well_formed_xml(
    frame: Frame, width: int, is_live: bool
) -> None:
    scene = draw(frame, View(width), controls_for(frame) if is_live else None)
    flat = scene.flat()  # asserts that keys differ
    root = ElementTree.fromstring(write_svg(scene))
    tags = {"g", "rect", "line", "path", "text"}
    drawn = [node for node in root.iter() if node.tag.rsplit("}")[-1] in tags]
    assert len(drawn) == len(flat) + 1  # the background
    write_text(frame)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(frames(), st.sampled_from([640, 700, 960, 1000, 1400]))
def test_no_words_leave_the_picture(frame: Frame, width: int) -> None:
    scene = draw(frame, View(width), controls_for(frame))
    for key, (left, right, bottom) in text_boxes(scene.flat()).items():
        assert left >= 4, key
        assert right <= scene.width - 4, key
        assert bottom <= scene.height, key


def text_boxes(flat: Flat) -> dict[str, tuple[float, float, float]]:
    """Left, right and baseline of every text, by the widths table."""
    boxes = {}
    for key, shape in flat.items():
        if shape.tag != "text" or not shape.words:
            continue
        x, y = float(shape.attributes["x"]), float(shape.attributes["y"])
        parent = shape.parent
        while parent:
            place = str(flat[parent].attributes.get("transform", "translate(0,0)"))
            dx, dy = place[10 : place.index(")")].split(",")
            x, y, parent = x + float(dx), y + float(dy), flat[parent].parent
        style = str(shape.attributes["class"]).split()[0][2:]
        wide = width_of(shape.words, style)
        shift = {"end": wide, "middle": wide / 2}.get(str(shape.attributes.get("text-anchor")), 0)
        boxes[key] = (x - shift, x - shift + wide, y)
    return boxes


@pytest.mark.parametrize("place", ["key", "value", "topic", "group", "say", "event", "client"])
def test_markup_in_names_and_records_stays_text(place: str) -> None:
    frame = _with_nasty_words(place)
    svg = write_svg(draw(frame, View(1400)))
    root = ElementTree.fromstring(svg)
    assert not [node for node in root.iter() if node.tag.endswith("script")]
    words = [node.text for node in root.iter() if node.tag.endswith("text")]
    assert any(w and w.startswith(("<script", "Cluster · topic <scr", "Group <scr")) for w in words)


def _with_nasty_words(place: str) -> Frame:
    frame = cluster_frame(topics=[NASTY if place == "topic" else "orders"])
    story = Story(frame)
    story.produce(0, NASTY if place == "key" else "k", NASTY if place == "value" else "v")
    group = group_frame([("app", [0])])
    group["id"] = NASTY if place == "group" else "billing"
    story.group(group)
    frame = story.frame
    frame["say"] = NASTY if place == "say" else "All is well."
    if place == "event":
        frame["events"][0]["text"] = NASTY
    if place == "client":
        frame["clients"] = [
            {"name": NASTY, "kind": "producer", "state": "online", "sent": 1, "acknowledged": 0,
             "failed": 0, "doing": NASTY}
        ]  # fmt: skip
    return frame


def test_each_replica_says_what_it_is() -> None:
    story = Story(cluster_frame())
    story.set_isr(0, [1, 2]).produce(0).produce(0).crash(2)
    words = _roles(draw(story.frame, View(1400)))
    assert words["b1/p0"] == "leader"
    assert words["b2/p0"] == "offline, disk kept"
    assert words["b3/p0"] == "out of ISR, 2 behind"
    assert words["b2/p1"] == "offline, still leader"
    assert words["b1/p1"] == "in sync"


def test_a_narrow_picture_keeps_everything_in_short_words() -> None:
    story = Story(cluster_frame()).set_isr(0, [1, 2]).produce(0).crash(2)
    words = _roles(draw(story.frame, View(700)))
    assert words["b2/p0"] == "offline"
    assert words["b3/p0"] == "1 behind"


def _roles(scene: Scene) -> dict[str, str | None]:
    return {
        key.removeprefix("/body/cluster/").removesuffix("/role"): shape.words
        for key, shape in scene.flat().items()
        if key.endswith("/role")
    }


def test_cells_say_committed_not_yet_and_not_there() -> None:
    story = Story(cluster_frame(records=5)).produce(0).produce(0)
    flat = draw(story.frame, View(1400)).flat()

    def look(broker: int, offset: int) -> object:
        return flat[f"/body/cluster/b{broker}/p0/log0/c{offset}"].attributes["class"]

    assert look(1, 4) == "f-comm cell"
    assert look(1, 5) == "f-unc s-comm cell"
    assert look(2, 5) == "f-none s-rule cell"


def test_a_record_the_leader_does_not_have_shows_as_to_be_cut() -> None:
    story = Story(cluster_frame(records=5)).produce(0).crash(1).elect(0, 2).restart(1)
    flat = draw(story.frame, View(1400)).flat()
    assert flat["/body/cluster/b1/p0/log0/c5"].attributes["class"] == "f-group-s s-group cell"
    assert "will be cut off" in [shape.words for shape in flat.values()]


def test_a_watermark_outside_the_window_waits_at_its_edge() -> None:
    frame = cluster_frame(records=200)
    frame["topics"][0]["partitions"][0]["replicas"]["3"] |= {"end": 9, "high_watermark": 9}
    flat = draw(frame, View(1400)).flat()
    log = "/body/cluster/b3/p0/log0"
    assert f"{log}/hwout" in flat
    first = min(int(key.rsplit("c", 1)[1]) for key in flat if key.startswith(f"{log}/c"))
    assert flat[f"{log}/hw"].attributes["transform"] == f"translate({first * 20 - 1},0)"


def test_nothing_moves_when_the_leader_changes() -> None:
    before = cluster_frame()
    after = Story(before).elect(0, 2).frame
    old, new = draw(before, View(1400)).flat(), draw(after, View(1400)).flat()
    places = ("x", "y", "width", "height", "transform")
    for key in old:
        if key.startswith("/body/cluster") and "glyph" not in key and key in new:
            for name in places:
                assert old[key].attributes.get(name) == new[key].attributes.get(name), key


def test_more_partitions_than_fit_are_a_window_with_buttons() -> None:
    frame = cluster_frame(partitions=30)
    flat = draw(frame, View(1400, first_row=12), controls_for(frame)).flat()
    rows = [key for key in flat if key.startswith("/body/cluster/b1/p") and key.count("/") == 4]
    assert rows == [f"/body/cluster/b1/p{i}" for i in range(12, 24)]
    actions = [shape.attributes.get("data-action") for shape in flat.values()]
    assert "rows earlier" in actions
    assert "rows later" in actions


def test_a_partition_nobody_owns_is_shown() -> None:
    frame = Story(cluster_frame()).group(group_frame([("app-1", [0, 1])])).frame
    flat = draw(frame, View(1400)).flat()
    assert flat["/body/groups/g-billing/nobody/orders-2/words"].words == "P2"


def test_the_static_twin_has_nothing_to_press_and_the_same_cluster() -> None:
    frame = isr_story().frame
    twin, live = draw(frame, View(1200)), draw(frame, View(1200), controls_for(frame))
    assert 'role="button"' not in write_svg(twin)
    assert "tabindex" not in write_svg(twin)
    still, moving = twin.flat(), live.flat()
    cluster = [key for key in still if key.startswith("/body/cluster/")]
    assert len(cluster) > 150
    assert [still[key] for key in cluster] == [moving[key] for key in cluster]


def test_every_button_has_a_name() -> None:
    frame = isr_story().frame
    for shape in draw(frame, View(1200), controls_for(frame)).flat().values():
        if shape.attributes.get("role") == "button":
            assert shape.attributes["aria-label"]
            assert shape.attributes["tabindex"] in (0, -1)


def test_a_restart_button_takes_the_place_and_key_of_crash() -> None:
    frame = Story(cluster_frame()).crash(2).frame
    flat = draw(frame, View(1200), controls_for(frame)).flat()
    assert flat["/body/faults/f1/first"].attributes["data-action"] == "crash 1"
    assert flat["/body/faults/f2/first"].attributes["data-action"] == "restart 2"


def test_text_is_a_table_anyone_can_read() -> None:
    story = Story(cluster_frame()).wait(200).say("Broker 2 crashed.").crash(2)
    story.group(group_frame([("app-1", [0, 1])]))
    lines = write_text(story.frame).splitlines()
    assert lines[0] == "Cluster · topic orders · 1.200 s"
    assert lines[2] == "Broker 2 crashed."
    assert "Broker 2: crashed, 1.200 s" in lines
    assert "P1  2       4      1,2,3  40  in sync, end 40" in "\n".join(lines)
    assert "  app-1: orders-0 lag 2, orders-1 lag 2" in lines


def test_drawing_changes_no_frame() -> None:
    frame = isr_story().frame
    before = copy.deepcopy(frame)
    draw(frame, View(700), controls_for(frame))
    assert frame == before
    assert json.loads(json.dumps(frame)) == frame


def test_cells_far_along_a_log_stay_where_browsers_can_place_them() -> None:
    frame = cluster_frame(records=3)
    for partition in frame["topics"][0]["partitions"]:
        cells: list[CellFrame] = [
            {"offset": 9_000_000 + i, "key": None, "value": "", "epoch": 4, "kind": "data"}
            for i in range(24)
        ]
        for replica in partition["replicas"].values():
            replica |= {"cells": cells, "end": 9_000_024, "high_watermark": 9_000_024}
    for key, shape in draw(frame, View(1400)).flat().items():
        if "/c9" in key:
            assert float(shape.attributes["x"]) < 25_000
