"""The live picture in a real JupyterLab: playback, mouse, keyboard, and a second display."""

import json
import time

import pytest

from .notebook import WATCH, Notebook

SETUP = """\
from lab import ClusterView
from lab.playback.scripted import ScriptedSource, cluster_frame, isr_story
world = ScriptedSource(cluster_frame(), isr_story().moments)
view = ClusterView(world)
view"""

pytestmark = pytest.mark.parametrize("notebook", [SETUP], indirect=True, ids=["scripted"])


def test_isr_three_two_three_are_seen_as_separate_pictures(notebook: Notebook) -> None:
    notebook.page.evaluate(WATCH)
    notebook.run("import time; t = time.monotonic(); world.run(); assert time.monotonic() - t < 2")
    notebook.wait_until(lambda: "generation 6" in (notebook.view.text_content() or ""))
    seen = notebook.page.evaluate("seen")
    changes = [each for i, each in enumerate(seen) if i == 0 or seen[i - 1][2] != each[2]]
    assert [isr for _, _, isr in changes][:3] == ["1,2,3", "1,2", "1,2,3"]
    shrunk, grown, crashed = (at for at, _, _ in changes[1:4])
    assert grown - shrunk >= 300
    assert crashed - grown >= 300
    revisions = [revision for _, revision, _ in seen]
    assert revisions == sorted(set(revisions))


def test_buttons_act_on_the_world_and_on_playback(notebook: Notebook) -> None:
    notebook.button("Crash broker 2").click()
    notebook.wait_until(lambda: notebook.button("Restart broker 2").count() == 1)
    assert "offline" in (notebook.view.text_content() or "")
    notebook.button("Restart broker 2").click()
    notebook.wait_until(lambda: notebook.button("Crash broker 2").count() == 1)
    notebook.button("Pause 3 s: broker 1").click()
    notebook.wait_until(lambda: "paused" in (notebook.view.text_content() or ""))
    notebook.button("Produce a record to orders").click()
    notebook.wait_until(lambda: "by hand" in (notebook.view.text_content() or ""))
    notebook.button("Speed 1×, press to change").click()
    notebook.wait_until(lambda: notebook.button("Speed 2×, press to change").count() == 1)
    notebook.run("assert world.commands == ['crash 2', 'restart 2', 'pause 1 3000', "
                 "'produce orders'], world.commands")  # fmt: skip


def test_a_run_can_be_paused_stepped_and_played_on(notebook: Notebook) -> None:
    notebook.run("world.run()")
    notebook.button("Pause").click()
    notebook.wait_until(lambda: notebook.button("Play").count() == 1)
    paused_at = notebook.view.get_attribute("data-rev")
    time.sleep(1)
    assert notebook.view.get_attribute("data-rev") == paused_at
    waiting = _waiting(notebook)
    notebook.button("Step to the next event").click()
    notebook.wait_until(lambda: _waiting(notebook) == waiting - 1)
    notebook.button("Step back one picture").click()
    notebook.wait_until(lambda: _waiting(notebook) == waiting)
    notebook.button("Play").click()
    notebook.wait_until(lambda: "generation 6" in (notebook.view.text_content() or ""))


def test_the_keyboard_does_the_same(notebook: Notebook) -> None:
    page = notebook.page
    notebook.button("Crash broker 3").focus()
    page.keyboard.press("Enter")
    notebook.wait_until(lambda: notebook.button("Restart broker 3").count() == 1)
    notebook.view.focus()
    page.keyboard.press("ArrowLeft")
    notebook.wait_until(lambda: notebook.button("Crash broker 3").count() == 1)
    page.keyboard.press("ArrowRight")
    notebook.wait_until(lambda: notebook.button("Restart broker 3").count() == 1)
    mode = page.evaluate("jupyterapp.shell.currentWidget.content.mode")
    assert mode == "command"  # Enter went to the button, not to the cell
    notebook.run("assert world.commands == ['crash 3'], world.commands")


def test_pictures_arrive_while_a_cell_blocks(notebook: Notebook) -> None:
    notebook.page.evaluate(WATCH)
    notebook.run("import time; world.run(); time.sleep(4)")
    seen = notebook.page.evaluate("seen")
    assert len({isr for _, _, isr in seen}) >= 3


def test_a_second_display_shows_the_same_without_asking(notebook: Notebook) -> None:
    notebook.button("Crash broker 2").click()
    notebook.wait_until(lambda: notebook.button("Restart broker 2").count() == 1)
    page = notebook.page
    page.evaluate(
        """() => { const { content } = jupyterapp.shell.currentWidget;
            content.model.sharedModel.addCell({ cell_type: "code", source: "view" }); }"""
    )
    page.evaluate("""() => { const { content } = jupyterapp.shell.currentWidget;
        content.activeCellIndex = 1; }""")
    page.evaluate("jupyterapp.commands.execute('notebook:run-cell')")
    second = page.locator("[data-testid=cluster-view]").nth(1)
    second.wait_for(timeout=10_000)
    notebook.wait_until(lambda: "offline" in (second.text_content() or ""))


def test_it_lays_out_for_the_width_it_is_given(notebook: Notebook) -> None:
    def width() -> int:
        box = notebook.view.locator("svg").get_attribute("viewBox") or ""
        return int(box.split()[2])

    notebook.wait_until(lambda: width() >= 1000)
    notebook.page.set_viewport_size({"width": 900, "height": 1000})
    notebook.wait_until(lambda: width() < 1000)


def test_the_saved_notebook_carries_the_picture_and_the_text(notebook: Notebook) -> None:
    path = notebook.path
    before = path.stat().st_mtime_ns
    notebook.page.evaluate("jupyterapp.commands.execute('docmanager:save')")
    notebook.wait_until(lambda: path.stat().st_mtime_ns > before)
    notebook.wait_until(lambda: "image/svg+xml" in path.read_text())
    output = json.loads(path.read_text())["cells"][0]["outputs"][0]["data"]
    assert "application/vnd.jupyter.widget-view+json" in output
    assert "".join(output["image/svg+xml"]).startswith("<svg ")
    assert "P0  1       4      1,2,3  40" in "".join(output["text/plain"])


def _waiting(notebook: Notebook) -> int:
    words = notebook.view.get_by_text("more to play").first.text_content() or "0"
    return int(words.split()[0])
