"""One notebook open in a real JupyterLab, and a watch over what its picture says."""

import re
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, Page, ViewportSize

SIZE: ViewportSize = {"width": 1500, "height": 1100}

#: A notebook's kernel is connected, and idle.
_READY = """() => { const session = globalThis.jupyterapp?.shell?.currentWidget?.sessionContext;
    const kernel = session?.session?.kernel;
    return session?.isReady && kernel?.connectionStatus === "connected"
        && kernel?.status === "idle"; }"""

#: A kernel that knows nothing, and nothing but one cell.
_RENEW = """async code => {
    const { content, sessionContext } = jupyterapp.shell.currentWidget;
    await sessionContext.session.kernel.restart();
    const shared = content.model.sharedModel;
    shared.insertCell(0, { cell_type: "code", source: code });
    shared.deleteCellRange(1, shared.cells.length);
    content.activeCellIndex = 0;
}"""

#: Notes what the picture says at each revision, from within the page.
WATCH = """() => {
    const view = document.querySelector("[data-testid=cluster-view]");
    const look = () => {
        const text = key => view.querySelector(key)?.textContent ?? "";
        const isr = [1, 2, 3].filter(b => [...view.querySelectorAll(
            `[aria-label^='Partition 0 on broker ${b}:']`)].some(
            n => /leader|in sync/.test(n.getAttribute("aria-label"))));
        globalThis.seen.push([performance.now(), +view.dataset.rev, isr.join(",")]);
    };
    globalThis.seen = [];
    look();
    new MutationObserver(look).observe(view, { attributes: true, attributeFilter: ["data-rev"] });
}"""


class Notebook:
    """One notebook open in JupyterLab, its first cell run; `view` is its picture."""

    def __init__(self, page: Page, path: Path, view: str = "cluster-view") -> None:
        self.page = page
        self.path = path
        self._view = view

    def run_all(self) -> None:
        """Run its cells once the kernel is there, until the picture is."""
        self.page.wait_for_function(_READY, timeout=60_000)
        self.page.evaluate("jupyterapp.commands.execute('notebook:run-all-cells')")
        self.page.wait_for_selector(f"[data-testid={self._view}][data-rev]", timeout=60_000)

    def renew(self, code: str) -> None:
        """As just opened with that code as its only cell, run in a kernel that knows nothing."""
        self.page.set_viewport_size(SIZE)
        self.page.evaluate(_RENEW, code)
        self.run_all()

    @property
    def view(self) -> Locator:
        return self.page.locator(f"[data-testid={self._view}]").first

    def button(self, name: str | re.Pattern[str]) -> Locator:
        return self.view.get_by_role("button", name=name, exact=True)

    def run(self, code: str) -> None:
        """Have the kernel run code, as a cell would, without touching the page's focus."""
        self.page.evaluate(
            """async code => { const kernel =
                jupyterapp.shell.currentWidget.sessionContext.session.kernel;
                const reply = await kernel.requestExecute({ code }).done;
                if (reply.content.status !== "ok") throw new Error(reply.content.evalue); }""",
            code,
        )

    def wait_until(self, condition: Callable[[], bool], limit: float = 15) -> None:
        until = time.monotonic() + limit
        while not condition():
            assert time.monotonic() < until, self.view.text_content()
            time.sleep(0.03)
