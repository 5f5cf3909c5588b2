"""The widget's Python side: what it sends, what it keeps in the notebook."""

import asyncio
import copy
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from lab import ClusterView
from lab.playback.scripted import ScriptedSource, Story, cluster_frame, isr_story
from lab.player import _TaskRunner
from lab.scenes.cluster_view import View, draw
from lab.scenes.diff import NOTHING, apply
from lab.scenes.shapes import Scene
from lab.widgets.player_widget import ScenePlayer


class Sent(ScenePlayer):
    """Keeps what goes to the browser."""

    def send(self, content: Any, buffers: Any = None) -> None:
        self.messages = [*getattr(self, "messages", []), content]


def scene(records: int = 3, say: str = "") -> Scene:
    frame = cluster_frame(records=records)
    frame["say"] = say
    return draw(frame, View())


@pytest.fixture
def view() -> Iterator[ClusterView]:
    world = ScriptedSource(cluster_frame(topics=("orders", "payments"), partitions=30))
    view = ClusterView(world)
    yield view
    view.close()


def test_only_changes_are_sent_and_numbered() -> None:
    widget = Sent(scene())
    assert not widget.show(scene())
    assert widget.show(scene(4))
    assert widget.show(scene(5), is_cut=True)
    assert [(m["seq"], m["cut"]) for m in widget.messages] == [(1, False), (2, True)]
    widget.close()


def test_a_new_finding_alone_is_news() -> None:
    widget = Sent(scene(say="One."))
    assert widget.show(scene(say="Two."))
    assert widget.messages[0]["say"] == "Two."
    widget.close()


def test_the_trait_holds_a_whole_picture_once_renewed() -> None:
    widget = Sent(scene())
    widget.show(scene(4))
    assert widget.scene["seq"] == 0
    widget.renew()
    assert widget.scene["seq"] == 1
    assert apply(NOTHING, widget.scene["patch"]) == scene(4).flat()
    widget.close()


def test_the_notebook_keeps_widget_picture_and_text(view: ClusterView) -> None:
    bundle = view._repr_mimebundle_()
    assert set(bundle) == {
        "application/vnd.jupyter.widget-view+json",
        "image/svg+xml",
        "text/plain",
    }
    ElementTree.fromstring(bundle["image/svg+xml"])
    assert bundle["text/plain"] == repr(view)
    assert "0x" not in bundle["text/plain"]


def test_what_the_notebook_keeps_depends_on_the_world_alone() -> None:
    bundles = []
    for _ in range(2):
        world = ScriptedSource(cluster_frame(), isr_story().moments)
        view = ClusterView(world)
        view.handle({"width": 700})
        world.run()
        bundle = view._repr_mimebundle_()
        bundles.append((bundle["image/svg+xml"], bundle["text/plain"]))
        view.close()
    assert bundles[0] == bundles[1]
    assert "Broker 2 leads P0, epoch 5" in bundles[0][1]


def test_choices_of_a_reader_stay_with_the_view(view: ClusterView) -> None:
    assert view.handle({"action": "topic payments"})
    assert view.handle({"action": "rows later"})
    assert view.handle({"action": "select before"})
    assert view._view.topic == "payments"
    assert view._view.partition == 29
    assert view._view.first_row == 24  # the window goes along
    assert view.handle({"action": "select next"})
    assert view._view.partition == 0
    assert view.handle({"action": "select 7"})
    assert view._view.partition == 7
    assert not view.handle({"action": "crash 1"})


def test_the_window_over_partitions_stops_at_both_ends(view: ClusterView) -> None:
    rows = []
    for action in ("later", "later", "later", "earlier", "earlier", "earlier"):
        view.handle({"action": f"rows {action}"})
        rows.append(view._view.first_row)
    assert rows == [12, 18, 18, 6, 0, 0]


def test_two_views_of_a_world_share_its_player() -> None:
    world = ScriptedSource(cluster_frame())
    first, second = ClusterView(world), ClusterView(world)
    assert first._player is second._player
    first.close()
    second.close()


def test_a_story_leaves_the_frames_it_handed_out_alone() -> None:
    story = Story(cluster_frame())
    story.crash(1)
    before = copy.deepcopy(story.moments[0].frame)
    story.produce(1).replicate(1, 3).restart(1)
    assert story.moments[0].frame == before


def test_without_threads_a_task_does_the_same() -> None:
    ticks: list[float] = []

    def tick(now: float) -> float | None:
        ticks.append(now)
        return now + 5 if len(ticks) < 3 else None

    async def main() -> None:
        loop = asyncio.get_running_loop()
        runner = _TaskRunner(tick, lambda: loop.time() * 1000)
        await asyncio.sleep(0.1)
        assert len(ticks) == 3
        runner.wake()
        await asyncio.sleep(0.02)
        assert len(ticks) == 4
        runner.stop()

    with ThreadPoolExecutor(1) as pool:  # this thread may have a loop already
        pool.submit(asyncio.run, main()).result()
