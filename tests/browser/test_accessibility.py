"""Every picture before axe-core: names for what can be pressed, roles, contrast, in both themes.

axe sees no contrast of text in SVG over a shape; `tests/lab/test_theme` holds the pairs themselves.
"""

from collections.abc import Callable
from importlib.resources import files
from typing import Any

import pytest

from lab.scenes.pictures import ALL

from .test_picture_layout import large, scene, small

OpenPage = Callable[..., Any]
AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
#: Rules about a whole document: the widget is a part of JupyterLab's page.
_OF_PAGES = [
    "document-title",
    "html-has-lang",
    "landmark-one-main",
    "page-has-heading-one",
    "region",
]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", [picture.name for picture in ALL])
def test_axe_finds_nothing(open_page: OpenPage, name: str, theme: str) -> None:
    page = open_page(1200, theme)
    sim = large() if theme == "dark" and name in ("cluster", "groups") else small()
    page.open(scene(sim, name, 1200))
    page.page.evaluate(AXE)
    found = page.page.evaluate(
        """rules => axe.run(document, { rules: Object.fromEntries(
            rules.map(rule => [rule, { enabled: false }])) })
            .then(({ violations }) => violations.map(each =>
                `${each.id}: ${each.nodes.slice(0, 3).map(node => node.html.slice(0, 160))}`))""",
        _OF_PAGES,
    )
    assert found == []


def test_axe_sees_what_it_is_for(open_page: OpenPage) -> None:
    page = open_page(1200)
    page.open(scene(small(), "cluster", 1200))
    page.page.evaluate("document.querySelector('[role=button]').removeAttribute('aria-label')")
    page.page.evaluate("document.querySelector('[role=button]').replaceChildren()")
    page.page.evaluate(AXE)
    found = page.page.evaluate("axe.run().then(r => r.violations.map(each => each.id))")
    assert "aria-command-name" in found or "svg-img-alt" in found or "button-name" in found
