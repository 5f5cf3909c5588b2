"""Without a mouse: whatever can be pressed is reached, seen to be reached, and keeps the focus."""

from collections.abc import Callable
from typing import Any

import pytest

from kafkalab import Simulation
from kafkalab.frames import cluster_frame
from lab import RequestLens
from lab.scenes.controls import Controls
from lab.scenes.page import Tabs, draw_page
from lab.scenes.pictures import ALL, BY_NAME
from lab.scenes.rail import lay_out, marks_of
from lab.scenes.shapes import Scene
from lab.scenes.theme import TOKENS
from lab.scenes.view import View

from .test_picture_layout import large, scene, small

OpenPage = Callable[..., Any]
FOCUSED = "document.activeElement.getAttribute('aria-label')"
#: What can be pressed, and no key leads there; or no name says what it is.
LOST = """() => [...document.querySelectorAll("section.kl [data-action]")].filter(node => {
    const stop = node.getAttribute("tabindex");
    const isReached = stop === "0" || (stop === "-1"
        && node.closest("[data-arrows]")?.querySelector('[tabindex="0"]'));
    return !isReached || node.getAttribute("role") !== "button" || !node.getAttribute("aria-label");
}).map(node => node.dataset.action)"""


@pytest.mark.parametrize("make", [small, large], ids=["small", "large"])
def test_whatever_can_be_pressed_is_reached_by_keys_and_has_a_name(
    open_page: OpenPage, make: Callable[[], Simulation]
) -> None:
    for picture in ALL:
        page = open_page(1000)
        page.open(scene(make(), picture.name, 1000))
        assert page.page.evaluate(LOST) == [], picture.name


def bench_page(sim: Simulation) -> Scene:
    frame = cluster_frame(sim)
    rail = lay_out(marks_of(frame["events"]), 0, frame["now"], frame["now"])
    controls = Controls(False, 1.0, True, 0, rail)
    return draw_page(frame, View(topic="orders"), BY_NAME["cluster"], controls, Tabs(can_ask=True))


def test_events_and_why_are_tab_stops_that_enter_and_space_press(open_page: OpenPage) -> None:
    page = open_page(1000)
    page.open(bench_page(small()))
    newest, asked = small_events(page)
    page.page.get_by_role("button", name=newest, exact=True).focus()
    page.page.keyboard.press("Enter")
    page.page.keyboard.press("Tab")
    assert page.page.evaluate(FOCUSED) == asked
    page.page.keyboard.press(" ")
    page.page.keyboard.press("ArrowDown")
    page.page.keyboard.press("ArrowLeft")
    assert page.page.evaluate(FOCUSED) == small_events(page, 1)[0]
    seek, why = page.actions
    assert seek.startswith("seek ")
    assert why.startswith("why ")


def small_events(page: Any, row: int = 0) -> tuple[str, str]:
    """The names of a row's two buttons."""
    return tuple(
        page.page.evaluate(
            """row => [...document.querySelectorAll("[aria-label=Events] > g")][row]
               .querySelectorAll("[role=button]").values()
               .map(node => node.getAttribute("aria-label")).toArray()""",
            row,
        )
    )


def test_arrow_keys_go_through_the_cells_of_a_cluster(open_page: OpenPage) -> None:
    page = open_page(1000)
    page.open(bench_page(small()))
    first = "[aria-label^='Partition 0 on broker 1']"
    assert page.page.get_attribute(first, "tabindex") == "0"
    assert page.page.locator("[aria-label^='Partition'][tabindex='0']").count() == 1
    page.page.locator(first).focus()
    for key, place in (
        ("ArrowRight", "Partition 0 on broker 2"),
        ("ArrowDown", "Partition 1 on broker 2"),
        ("ArrowLeft", "Partition 1 on broker 1"),
        ("ArrowLeft", "Partition 1 on broker 1"),
    ):
        page.page.keyboard.press(key)
        assert page.page.evaluate(FOCUSED).startswith(place)
    page.page.keyboard.press("Enter")
    assert page.actions == ["select 1"], "the arrows did not step the world"
    page.page.keyboard.press("Shift+Tab")
    page.page.keyboard.press("Tab")
    assert page.page.evaluate(FOCUSED).startswith("Partition 1 on broker 1"), "where it was left"


def test_who_presses_with_the_mouse_steps_with_the_arrow_keys(open_page: OpenPage) -> None:
    page = open_page(1000)
    page.open(bench_page(small()))
    page.page.locator("[aria-label^='Partition 1 on broker 3']").click()
    page.page.keyboard.press("ArrowRight")
    assert page.actions == ["select 1", "step"]


@pytest.mark.parametrize("width", [400, 559])
def test_a_narrow_page_scrolls_and_keeps_its_words_readable(
    open_page: OpenPage, width: int
) -> None:
    page = open_page(width)
    page.open(draw_page(cluster_frame(small()), View().at_width(width), BY_NAME["cluster"],
                        Controls(False, 1.0, True, 0, lay_out([], 0, 0, 1)),
                        Tabs(can_ask=True)))  # fmt: skip
    root = "document.querySelector('section.kl')"
    least = page.page.evaluate(
        f"{root}.firstChild.getBoundingClientRect().width / {root}.firstChild.viewBox.baseVal.width"
    )
    assert least >= 1, "11 px stay 11 px"
    assert page.page.evaluate("document.documentElement.scrollWidth") == width, "only the picture"
    page.page.locator("section.kl").focus()
    for _ in range(3):
        page.page.keyboard.press("Shift+ArrowRight")
    end = f"{root}.scrollWidth - {root}.clientWidth - {root}.scrollLeft"
    assert abs(page.page.evaluate(end)) <= 1
    assert page.actions == [], "and steps nothing"
    page.page.keyboard.press("Shift+ArrowLeft")
    assert page.page.evaluate(end) > 1 or width > 500


def test_a_button_pressed_with_the_mouse_keeps_the_focus(open_page: OpenPage) -> None:
    page = open_page(1000)
    page.open(bench_page(small()))
    page.page.evaluate("document.body.tabIndex = -1")  # as a cell of JupyterLab is
    page.page.get_by_role("button", name="Step to the next message").click()
    assert page.page.evaluate(FOCUSED) == "Step to the next message"


def test_focus_outlives_the_next_picture(open_page: OpenPage) -> None:
    sim = small().fork()
    before = bench_page(sim)
    sim.broker(3).crash()
    after = bench_page(sim)
    page = open_page(1000)
    page.open(before)
    _, asked = small_events(page)
    page.page.get_by_role("button", name=asked, exact=True).focus()
    page.show(before, after, 1)
    assert small_events(page)[1] != asked, "a newer event stands above"
    assert page.page.evaluate(FOCUSED) == asked
    page.renew(before, 9)  # a whole picture: every node is new
    assert page.page.evaluate(FOCUSED) == asked


def test_focus_goes_beside_what_is_gone(open_page: OpenPage) -> None:
    sim = small().fork()
    before = bench_page(sim)
    for _ in range(20):  # more events than the feed has lines
        sim.broker(3).pause(1)
        sim.run(2)
    after = bench_page(sim)
    page = open_page(1000)
    page.open(before)
    oldest = page.page.evaluate(
        "[...document.querySelectorAll('[aria-label=Events] [data-action^=why]')].at(-1)"
        ".getAttribute('aria-label')"
    )
    page.page.get_by_role("button", name=oldest, exact=True).last.focus()
    page.show(before, after, 1)
    inside = "!!document.activeElement.closest('[aria-label=Events]')"
    assert page.page.evaluate(inside), page.page.evaluate(FOCUSED)
    assert page.page.evaluate(FOCUSED) != oldest


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_focus_is_seen(open_page: OpenPage, theme: str) -> None:
    page = open_page(1000, theme)
    page.open(bench_page(small()))
    for name in ("[data-action^=why]", "[data-action^=seek]", "[data-action^=select]"):
        node = page.page.locator(name).first
        box = node.bounding_box()
        clip = {"x": box["x"] - 6, "y": box["y"] - 6, "width": box["width"] + 12,
                "height": box["height"] + 12}  # fmt: skip
        quiet = page.page.screenshot(clip=clip, animations="disabled")
        page.page.keyboard.press("Tab")  # a key was pressed last: so focus is shown
        node.focus()
        assert page.page.screenshot(clip=clip, animations="disabled") != quiet, name
        style = node.evaluate(
            "node => [getComputedStyle(node).outlineStyle, getComputedStyle(node).outlineColor]"
        )
        ring = TOKENS["comm"].light if theme == "light" else TOKENS["comm"].dark
        red, green, blue = (int(ring[i : i + 2], 16) for i in (1, 3, 5))
        assert style == ["solid", f"rgb({red}, {green}, {blue})"]
        page.page.evaluate("document.activeElement.blur()")


def test_arrow_keys_walk_the_bytes_of_a_lens_as_written_text(open_page: OpenPage) -> None:
    sim = small()
    for lens in (RequestLens(sim, "Produce"), RequestLens(sim, "Produce").open()):
        page = open_page(1000)
        page.open(lens._handle({"action": "byte next"}) or lens._desk.scene())
        assert page.page.evaluate(LOST) == []
        page.page.locator('[data-action="byte 0"]').focus()
        named = []
        for key in ("ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowUp", "ArrowLeft"):
            page.page.keyboard.press(key)
            named.append(page.page.evaluate(FOCUSED).split(":")[0])
        page.page.keyboard.press("Enter")
        if lens._desk._batch is None:
            assert named == [f"byte {n}" for n in (1, 2, 3, 4, 0, 0)], "on at the end of a field"
            assert page.actions[-1] == "byte 0"
        page.page.locator('[data-action="bit 7"]').focus()
        page.page.keyboard.press("ArrowRight")
        assert page.page.evaluate(FOCUSED).startswith("bit 6")
