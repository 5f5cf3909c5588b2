"""Every picture in a browser, at three widths, two themes, two fonts: nothing in nothing's way."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kafkalab.frames.shape import Frame
from lab.playback.scripted import Story, cluster_frame, group_frame, isr_story
from lab.scenes.cluster_view import View, draw
from lab.scenes.controls import Controls
from lab.scenes.rail import lay_out, marks_of
from lab.scenes.shapes import Scene, text

OpenPage = Callable[..., Any]

LINT = (Path(__file__).parent / "lint.js").read_text().split("\n", 1)[1]


def crashed() -> Frame:
    story = Story(_with_clients(cluster_frame()))
    story.wait(5000).pause(2, 1500).wait(3000).produce(0, "user-1", '{"total": 42}')
    story.produce(0, None, "<b>not bold</b>").replicate(0, 2).wait(3200).crash(3)
    story.set_isr(0, [1, 2]).set_isr(1, [1, 2]).wait(300)
    story.say(
        "Broker 3 crashed at 11.200 s. Broker 1 now leads partition 2; both remaining replicas "
        "are in sync, so writes go on."
    )
    return story.elect(2, 1).wait(200).group(group_frame([("app-1", [0, 2]), ("b", [1])])).frame


def rebalancing() -> Frame:
    group = group_frame(
        [("app-1", [0]), ("app-2", [1, 2]), ("a-name-that-is-far-too-long", []), ("app-4", [2])],
        state="PreparingRebalance",
    )
    group["members"][1]["partitions"][1]["state"] = "revoking"
    group["members"][3]["partitions"][0]["state"] = "assigning"
    frame = Story(cluster_frame()).wait(300).group(group).frame
    frame["controller"]["nodes"] += [
        {"id": 102, "state": "online"},
        {"id": 103, "state": "crashed"},
    ]
    return frame


def twelve_partitions() -> Frame:
    frame = cluster_frame(partitions=12, topics=("orders", "payments", "__consumer_offsets"))
    frame["topics"][0]["partitions"][3]["replicas"].pop("2")
    story = Story(frame).wait(100).produce(0).wait(9000).crash(2).set_isr(5, [1, 3])
    return story.group(group_frame([(f"consumer-{i}", [i, i + 4, i + 8]) for i in range(9)])).frame


def five_brokers_and_long_logs() -> Frame:
    frame = cluster_frame(brokers=5, partitions=30, records=12_345_678)
    return Story(frame).wait(4_000_000).produce(3).pause(2, 30_000).set_isr(3, [4]).frame


def nothing_yet() -> Frame:
    frame = cluster_frame(brokers=1)
    frame["topics"] = []
    return frame


PICTURES: Mapping[str, Callable[[], Frame]] = {
    "crashed": crashed,
    "rebalancing": rebalancing,
    "twelve partitions": twelve_partitions,
    "five brokers": five_brokers_and_long_logs,
    "nothing yet": nothing_yet,
    "end of the story": lambda: isr_story().frame,
}


def _with_clients(frame: Frame) -> Frame:
    frame["clients"] = [
        {"name": "producer-1", "kind": "producer", "state": "online", "sent": 4200,
         "acknowledged": 4100, "failed": 17, "doing": "waits for acknowledgement of 83 records"},
        {"name": "consumer-1", "kind": "consumer", "state": "online", "sent": 0,
         "acknowledged": 0, "failed": 0, "doing": "polls orders"},
        {"name": "consumer-2", "kind": "consumer", "state": "crashed", "sent": 0,
         "acknowledged": 0, "failed": 0, "doing": ""},
    ]  # fmt: skip
    return frame


def live_scene(frame: Frame, width: int) -> Scene:
    rail = lay_out(marks_of(frame["events"]), 1000, frame["now"], frame["now"] + 2500)
    controls = Controls(True, 0.5, True, 14, rail, "orders-0 has no leader: try again later")
    return draw(frame, View().at_width(width), controls)


@pytest.mark.parametrize("width", [700, 960, 1400])
@pytest.mark.parametrize("name", PICTURES)
def test_words_are_large_enough_inside_and_apart(
    open_page: OpenPage, name: str, width: int
) -> None:
    scene = live_scene(PICTURES[name](), width)
    for theme, font in (("light", "'DejaVu Sans'"), ("dark", "'Liberation Sans'")):
        page = open_page(width, theme, font)
        page.open(scene)
        assert page.page.evaluate(LINT) == []


def test_the_lint_sees_what_it_is_for(open_page: OpenPage) -> None:
    scene = live_scene(crashed(), 960)
    too_wide = text("wide", 940, 300, "past the edge of the picture")
    over = text("over", 16, 32, "over the title")
    page = open_page(960)
    page.open(replace(scene, shapes=(*scene.shapes, too_wide, over)))
    assert {line.split()[0] for line in page.page.evaluate(LINT)} == {"OUTSIDE", "OVER"}
    page.page.add_style_tag(content=".kl .t-note{font-size:10px!important}")
    assert any(line.startswith("SMALL") for line in page.page.evaluate(LINT))
