"""player.js on a page without a kernel: patches, lost messages, clicks, keys, width, names."""

from collections.abc import Callable
from typing import Any

from kafkalab.frames.shape import Frame
from lab.playback.scripted import Story, cluster_frame, isr_story
from lab.scenes.cluster_view import View, draw
from lab.scenes.controls import Controls
from lab.scenes.rail import lay_out, marks_of
from lab.scenes.shapes import Scene

OpenPage = Callable[..., Any]
DOM = """() => [...document.querySelectorAll("section.kl > svg *")].map(node =>
    [node.tagName, node.children.length ? "" : node.textContent,
     ...[...node.attributes].map(a => `${a.name}=${a.value}`).sort()].join(" "))"""


def scene_of(frame: Frame, width: int = 1000) -> Scene:
    rail = lay_out(marks_of(frame["events"]), 1000, frame["now"], frame["now"])
    return draw(frame, View().at_width(width), Controls(False, 1.0, True, 0, rail))


def story_scenes() -> list[Scene]:
    return [scene_of(cluster_frame()), *(scene_of(m.frame) for m in isr_story().moments)]


def test_a_patched_picture_equals_a_fresh_one(open_page: OpenPage) -> None:
    scenes = story_scenes()
    patched, fresh = open_page(1000), open_page(1000)
    patched.open(scenes[0])
    for i in range(1, len(scenes)):
        patched.show(scenes[i - 1], scenes[i], i)
    fresh.open(scenes[-1])
    assert patched.rev == len(scenes) - 1
    assert patched.page.evaluate(DOM) == fresh.page.evaluate(DOM)


def test_nodes_are_kept_so_that_they_can_move(open_page: OpenPage) -> None:
    before = scene_of(cluster_frame())
    after = scene_of(Story(cluster_frame()).produce(0).frame)
    page = open_page(1000)
    page.open(before)
    page.page.evaluate("document.querySelectorAll('svg *').forEach(n => { n.known = true; })")
    page.show(before, after, 1)
    fresh = page.page.evaluate(
        "[...document.querySelectorAll('svg *')].filter(n => !n.known).length"
    )
    assert 0 < fresh < 30


def test_a_lost_message_freezes_the_view_until_the_next_whole_picture(open_page: OpenPage) -> None:
    scenes = story_scenes()
    page = open_page(1000)
    page.open(scenes[0])
    page.show(scenes[1], scenes[2], 2)  # the first never came
    assert page.rev == 0
    page.show(scenes[2], scenes[3], 3)
    assert page.rev == 0
    page.renew(scenes[3], 3)
    assert page.rev == 3
    page.show(scenes[3], scenes[4], 4)
    assert page.rev == 4
    assert not page.actions  # it never asked


def test_a_whole_picture_that_brings_no_news_changes_nothing(open_page: OpenPage) -> None:
    scene = scene_of(cluster_frame())
    page = open_page(1000)
    page.open(scene, 5)
    page.page.evaluate("document.querySelector('svg g').known = true")
    page.renew(scene, 5)
    assert page.page.evaluate("document.querySelector('svg g').known")


def test_clicks_come_back_by_action_name(open_page: OpenPage) -> None:
    page = open_page(1000)
    page.open(scene_of(cluster_frame()))
    page.page.get_by_role("button", name="Crash broker 2").click()
    page.page.get_by_role("button", name="Speed 1×, press to change").click()
    page.page.locator("[aria-label^='Partition 1 on broker 3']").click()
    assert page.actions == ["crash 2", "speed", "select 1"]


def test_keys_do_what_clicks_do(open_page: OpenPage) -> None:
    page = open_page(1000)
    page.open(scene_of(cluster_frame()))
    page.page.keyboard.press("Tab")  # the picture itself
    page.page.keyboard.press("ArrowRight")
    page.page.keyboard.press("ArrowLeft")
    page.page.keyboard.press("m")
    page.page.keyboard.press(" ")
    page.page.keyboard.press("Tab")  # its first button
    page.page.keyboard.press("Enter")
    page.page.keyboard.press("Control+ArrowRight")  # the browser's own
    page.page.get_by_role("button", name="Pause 3 s: broker 1").focus()
    page.page.keyboard.press(" ")
    assert page.actions == ["step", "back", "step message", "play", "back", "pause 1 3000"]


def test_tab_goes_through_the_controls_in_reading_order(open_page: OpenPage) -> None:
    page = open_page(1000)
    page.open(scene_of(cluster_frame()))
    names = []
    for _ in range(11):
        page.page.keyboard.press("Tab")
        names.append(page.page.evaluate("document.activeElement.getAttribute('aria-label')"))
    assert names[:7] == ["Cluster, topic orders", "Step back one picture", "Play",
                         "Step to the next event", "Step to the next message",
                         "Speed 1×, press to change", "Produce a record to orders"]  # fmt: skip
    assert names[7].startswith("Partition 0 on broker 1"), "all cells are one stop"
    assert names[8:10] == ["Records of the partition before", "Records of the next partition"]
    assert names[10] == "Crash broker 1"


def test_focus_stays_on_a_button_that_changes_its_meaning(open_page: OpenPage) -> None:
    before, after = scene_of(cluster_frame()), scene_of(Story(cluster_frame()).crash(2).frame)
    page = open_page(1000)
    page.open(before)
    page.page.get_by_role("button", name="Crash broker 2").focus()
    page.show(before, after, 1)
    label = page.page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert label == "Restart broker 2"


def test_focus_falls_back_to_the_picture_when_its_button_goes(open_page: OpenPage) -> None:
    before, after = scene_of(cluster_frame()), scene_of(cluster_frame(brokers=2))
    page = open_page(1000)
    page.open(before)
    page.page.get_by_role("button", name="Crash broker 3").focus()
    page.show(before, after, 1)
    assert page.page.evaluate("document.activeElement.dataset.testid") == "cluster-view"


def test_the_page_reports_its_width_once_and_when_it_changes(open_page: OpenPage) -> None:
    page = open_page(1200)
    page.open(scene_of(cluster_frame()))
    page.page.set_viewport_size({"width": 720, "height": 900})
    page.settle()
    page.page.set_viewport_size({"width": 724, "height": 900})
    page.settle()
    assert [message["width"] for message in page.sent] == [1200, 720]


def test_the_finding_is_announced(open_page: OpenPage) -> None:
    before = scene_of(cluster_frame())
    after = scene_of(Story(cluster_frame()).say("Broker 2 crashed.").crash(2).frame)
    page = open_page(1000)
    page.open(before)
    live = page.page.locator("[aria-live=polite]")
    assert live.text_content() == "All replicas are in sync."
    page.show(before, after, 1)
    assert live.text_content() == "Broker 2 crashed."


def test_markup_in_a_record_is_text_on_the_page(open_page: OpenPage) -> None:
    nasty = "<img src=x onerror=alert(1)>"
    frame = Story(cluster_frame()).produce(0, nasty, nasty).say(nasty).crash(2).frame
    frame["events"][0]["text"] = nasty
    page = open_page(1400)
    page.open(scene_of(frame, 1400))
    assert page.page.locator("img").count() == 0
    assert page.page.locator("text", has_text="<img src").count() >= 2


def test_motion_is_off_for_a_jump_and_for_those_who_want_none(open_page: OpenPage) -> None:
    page = open_page(1000)
    scene = scene_of(cluster_frame())
    page.open(scene)
    cell = "getComputedStyle(document.querySelector('.cell')).transitionDuration"
    assert page.page.evaluate(cell) == "0s"  # the first draw
    page.show(scene, scene_of(Story(cluster_frame()).produce(0).frame), 1)
    assert page.page.evaluate(cell) == "0.2s, 0.2s"
    page.page.emulate_media(reduced_motion="reduce")
    assert page.page.evaluate(cell) == "0s"


def test_a_hidden_page_catches_up_with_one_whole_picture(open_page: OpenPage) -> None:
    scenes = story_scenes()
    page = open_page(1000)
    page.open(scenes[0])
    page.page.evaluate(
        """() => { globalThis.kept = [];
            globalThis.requestAnimationFrame = draw => { kept.push(draw); }; }"""
    )
    page.page.evaluate(
        """() => { for (let seq = 1; seq <= 200; seq++) handlers["msg:custom"](
            {seq, size: [10, 10], say: "", cut: false, patch: {d: [], a: [], m: [], u: []}}) }"""
    )
    page.page.evaluate("m => { traits.scene = m; handlers['change:scene'](); }", _late(scenes[3]))
    page.page.evaluate("kept.forEach(draw => draw())")
    assert page.rev == 200
    assert page.page.locator("[aria-live]").text_content() == scenes[3].say


def _late(scene: Scene) -> dict[str, Any]:
    from lab.widgets.player_widget import ScenePlayer

    widget = ScenePlayer(scene)
    widget._sequence = 200
    whole = widget._whole()
    widget.close()
    return whole


def test_a_closed_view_lets_go_of_its_model(open_page: OpenPage) -> None:
    page = open_page(1000)
    page.open(scene_of(cluster_frame()))
    page.page.evaluate("cleanup()")
    assert page.page.evaluate("Object.keys(handlers)") == []
