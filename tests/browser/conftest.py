"""A headless Chromium, pages with the player but no kernel, and one JupyterLab for the session.

Where no Chromium is installed these tests skip, and say so.
"""

import base64
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from lab.scenes.diff import NOTHING, diff
from lab.scenes.shapes import Scene
from lab.scenes.theme import stylesheet

from .lab_server import Lab, opened, serving
from .notebook import Notebook

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PLAYER = Path(__file__).resolve().parents[2] / "lab/widgets/player.js"
#: What is slow to make: who needs the same stays in one worker.
_SHARED = ("jupyter", "browser")
#: JupyterLab's own values of what the style sheet takes from it.
THEMES = {
    "light": "--jp-ui-font-color1:rgba(0,0,0,.87);--jp-layout-color0:#fff;--jp-layout-color1:#fff",
    "dark": "--jp-ui-font-color1:rgba(255,255,255,.87);--jp-layout-color0:#111;"
    "--jp-layout-color1:#212121",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            needs = getattr(item, "fixturenames", ())
            for name in [each for each in _SHARED if each in needs][:1]:
                item.add_marker(pytest.mark.xdist_group(name))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.skip("no Chromium here: neither `chromium` on the path nor /usr/bin/chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


class PlayerPage:
    """A page in which player.js runs against a model that this test plays."""

    def __init__(self, page: Page, theme: str, font: str) -> None:
        self.page = page
        self.errors: list[str] = []
        page.on("pageerror", self._note)
        is_light = "true" if theme == "light" else "false"
        page.set_content(
            f"<!doctype html><style>{stylesheet(live=True)}</style>"
            f"<body data-jp-theme-light='{is_light}' style=\"margin:0;{THEMES[theme]};"
            f"--jp-ui-font-family:{font};--jp-code-font-family:'DejaVu Sans Mono'\">"
            "<div id=here></div></body>"
        )

    def open(self, scene: Scene, sequence: int = 0) -> None:
        """Display the widget, with that scene in its trait."""
        self.open_with(_whole(scene, sequence))

    def open_with(self, whole: dict[str, Any]) -> None:
        source = base64.b64encode(PLAYER.read_bytes()).decode()
        self.page.evaluate(
            """async ([source, whole]) => {
                const player = (await import(`data:text/javascript;base64,${source}`)).default;
                globalThis.traits = { scene: whole, name: "cluster-view" };
                globalThis.sent = [];
                globalThis.handlers = {};
                const model = {
                    get: name => traits[name],
                    on: (name, handler) => { handlers[name] = handler; },
                    off: name => { delete handlers[name]; },
                    send: message => sent.push(message),
                };
                globalThis.cleanup = player.render({ model, el: document.getElementById("here") });
            }""",
            [source, whole],
        )
        self.settle()

    def show(self, old: Scene, new: Scene, sequence: int) -> None:
        """What `ScenePlayer.show` sends."""
        size = [new.width, new.height]
        patch = diff(old.flat(), new.flat())
        message = {"seq": sequence, "size": size, "say": new.say, "cut": False, "patch": patch}
        self.page.evaluate("m => handlers['msg:custom'](m)", message)
        self.settle()

    def renew(self, scene: Scene, sequence: int) -> None:
        """What `ScenePlayer.renew` sends."""
        message = _whole(scene, sequence)
        self.page.evaluate("m => { traits.scene = m; handlers['change:scene'](); }", message)
        self.settle()

    def leave(self) -> None:
        """Another document, with globals of its own; nothing emulated, the mouse in its corner."""
        self.page.mouse.move(0, 0)
        self.page.goto("about:blank")
        self.page.emulate_media(reduced_motion="null")
        self.page.remove_listener("pageerror", self._note)

    def _note(self, error: Any) -> None:
        self.errors.append(str(error))

    def settle(self) -> None:
        """Two animation frames: what was queued is drawn."""
        self.page.evaluate(
            "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )

    @property
    def rev(self) -> int:
        return int(self.page.get_attribute("section.kl", "data-rev") or -1)

    @property
    def sent(self) -> list[dict[str, Any]]:
        return self.page.evaluate("sent")  # type: ignore[no-any-return]

    @property
    def actions(self) -> list[str]:
        return [message["action"] for message in self.sent if "action" in message]


def _whole(scene: Scene, sequence: int) -> dict[str, Any]:
    """A key frame, as `ScenePlayer` makes it."""
    return {
        "seq": sequence,
        "full": True,
        "size": [scene.width, scene.height],
        "title": scene.title,
        "say": scene.say,
        "keys": dict(scene.keys),
        "patch": diff(NOTHING, scene.flat()),
    }


@pytest.fixture(scope="session")
def windows(browser: Browser) -> list[Page]:
    """Windows that no test has open: a new window costs a second, a new document little."""
    return []


@pytest.fixture
def open_page(browser: Browser, windows: list[Page]) -> Iterator[Callable[..., PlayerPage]]:
    """`open_page(width, theme="light", font="'DejaVu Sans'")`; errors on the page fail the test."""
    pages: list[PlayerPage] = []

    def make(width: int, theme: str = "light", font: str = "'DejaVu Sans'") -> PlayerPage:
        window = windows.pop() if windows else browser.new_page()
        window.set_viewport_size({"width": width, "height": 900})
        pages.append(PlayerPage(window, theme, font))
        return pages[-1]

    yield make
    for each in pages:
        each.leave()
        windows.append(each.page)
    assert [error for each in pages for error in each.errors] == []


@pytest.fixture(scope="session")
def jupyter(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with serving(tmp_path_factory.mktemp("jupyter")) as lab:
        yield lab


@pytest.fixture(scope="module")
def notebook_with(
    browser: Browser, jupyter: Lab, request: pytest.FixtureRequest
) -> Iterator[Callable[[str], Notebook]]:
    """One notebook for a module's tests, as JupyterLab loads slowly; each has a new kernel."""
    with ExitStack() as stack:
        there: list[Notebook] = []

        def get(code: str) -> Notebook:
            if there:
                there[0].renew(code)
            else:
                new = opened(browser, jupyter, request.path.stem, code, "cluster-view")
                there.append(stack.enter_context(new))
            return there[0]

        yield get


@pytest.fixture
def notebook(notebook_with: Callable[[str], Notebook], request: pytest.FixtureRequest) -> Notebook:
    """Runs the code given by `parametrize("notebook", [code], indirect=True)` as its only cell."""
    return notebook_with(request.param)
