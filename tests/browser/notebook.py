"""One notebook open in a real JupyterLab, and a watch over what its picture says."""

import time
from collections.abc import Callable

from playwright.sync_api import Locator, Page

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

    def __init__(self, page: Page, view: str = "cluster-view") -> None:
        self.page = page
        self._view = view

    @property
    def view(self) -> Locator:
        return self.page.locator(f"[data-testid={self._view}]").first

    def button(self, name: str) -> Locator:
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
