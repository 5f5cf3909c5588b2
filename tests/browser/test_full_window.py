"""A picture fills the window by its button or by `f`, and goes back."""

from collections.abc import Callable
from typing import Any

from .test_picture_layout import scene, small

OpenPage = Callable[..., Any]


def test_the_button_and_the_key_fill_the_window(open_page: OpenPage) -> None:
    page = open_page(900)
    page.open(scene(small(), "cluster", 900))
    is_full = "() => document.fullscreenElement?.classList.contains('kl')"
    page.page.get_by_role("button", name="Fill the window, or go back").click()
    page.page.wait_for_function(is_full)
    page.page.keyboard.press("f")
    page.page.wait_for_function("() => document.fullscreenElement === null")
    assert "full" not in page.actions, "the kernel has nothing to do with it"


def test_the_command_line_comes_along(open_page: OpenPage) -> None:
    page = open_page(900)
    page.open(scene(small(), "cluster", 900))
    page.page.evaluate(
        """() => {  // as `Bench` stands on its page
            const box = document.getElementById("here").parentElement;
            box.classList.add("kl-window");
            box.insertAdjacentHTML("beforeend", "<input class=line>");
        }"""
    )
    page.page.get_by_role("button", name="Fill the window, or go back").click()
    page.page.wait_for_function("() => document.fullscreenElement?.querySelector('.line')")
    page.page.locator(".line").fill("f")
    assert page.page.evaluate("document.fullscreenElement !== null"), "it was typed"
    page.page.locator("section.kl").focus()
    page.page.keyboard.press("f")
    page.page.wait_for_function("() => document.fullscreenElement === null")
