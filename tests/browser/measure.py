"""How fast, and how large: a bench in a real JupyterLab, used for a while by a pretended learner.

    python -m tests.browser.measure --minutes 30         prints a row a minute, then what it found

Plays, pauses, scrubs, turns from picture to picture, crashes and restarts, makes a branch every
five minutes and goes back; and notes the kernel's memory (resident, MB), the page's (JavaScript
heap after a collection, MB; nodes of its documents) and how long each click took to change the
picture (ms, within the page).  Numbers of a machine that does nothing else mean the most.

Read next: `test_response`, which reports clicks and frames a second in every run of the tests.
"""

import argparse
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import Literal, NamedTuple

from playwright.sync_api import Error, Locator, Page, sync_playwright

from .lab_server import opened, serving

#: Notes, within the page, when a click was made and when the next picture was on screen.
WATCH_CLICKS = """() => {
    globalThis.clicks = [];
    let began = null;
    document.addEventListener("click", event => {
        if (event.target.closest("section.kl")) began = performance.now();
    }, true);
    new MutationObserver(() => {
        if (began === null) return;
        const since = began;
        began = null;
        requestAnimationFrame(() => clicks.push(performance.now() - since));
    }).observe(document.body, { subtree: true, attributeFilter: ["data-rev"] });
}"""

SETUP = """\
import os, pathlib
from kafkalab import Simulation
from lab import Bench
pathlib.Path("kernel").write_text(str(os.getpid()))
sim = Simulation(brokers=3, seed=7)
sim.create_topic("orders", partitions=6, replication_factor=3, config={"min.insync.replicas": 2})
async def sell(app):
    producer = app.producer({"bootstrap.servers": "kafka:9092"})
    number = 0
    while True:
        producer.produce("orders", f"order {number}", key=f"user-{number % 40}")
        number += 1
        await app.sleep(0.1)
async def read(app):
    conf = {"bootstrap.servers": "kafka:9092", "group.id": "billing"}
    consumer = app.consumer(conf | {"auto.offset.reset": "earliest"})
    consumer.subscribe(["orders"])
    while True:
        await consumer.poll(1)
sim.app(sell)
sim.app(read)
bench = Bench(sim)
bench"""

#: A click that changes nothing is waited for so long.
_PATIENCE_S = 3
_TABS = ("Log", "Groups", "Replication", "Quorum", "Cluster")


class Size(NamedTuple):
    """At one moment: kernel and heap in MB, nodes of the page, pictures shown since the start."""

    minute: float
    kernel: float
    heap: float
    nodes: int
    pictures: int

    def __str__(self) -> str:
        return (
            f"{self.minute:6.1f} min  kernel {self.kernel:7.1f} MB  heap {self.heap:6.1f} MB  "
            f"{self.nodes:6} nodes  {self.pictures:6} pictures"
        )


class Learner:
    """Somebody at the bench."""

    def __init__(self, page: Page, folder: Path) -> None:
        self.page = page
        self._kernel = int((folder / "kernel").read_text())
        self._heap = page.context.new_cdp_session(page)
        self._heap.send("Performance.enable")
        self._view = page.locator("section.kl").first
        self._tabs = cycle(_TABS)
        self._began = time.monotonic()
        self.missed = 0
        self._view.get_by_role("button", name="Play", exact=True).wait_for()  # its first picture
        page.evaluate(WATCH_CLICKS)

    def click(self, name: str, role: Literal["button", "tab"] = "button") -> bool:
        """Press what is called so, if it is there."""
        found = self._view.get_by_role(role, name=name, exact=True)
        if found.count() == 0:
            return False
        return self._press(found.first)

    def _press(self, what: Locator) -> bool:
        """A machine that is busy may take long; a click that found nothing still is counted."""
        before = len(self.clicks())
        try:
            what.click(timeout=30_000)
        except Error:
            self.missed += 1
            return False
        until = time.monotonic() + _PATIENCE_S
        while len(self.clicks()) == before and time.monotonic() < until:
            time.sleep(0.05)
        return True

    def minute(self) -> None:
        """One minute at the bench: watch, look around, break something, look back."""
        until = time.monotonic() + 60
        for doing in self._round():
            doing()
            if time.monotonic() > until:
                return
        time.sleep(max(0.0, until - time.monotonic()))

    def _round(self) -> Iterator[Callable[[], object]]:
        yield lambda: self.click("Play")
        yield lambda: time.sleep(20)
        yield lambda: self.click("Crash broker 3")
        yield lambda: time.sleep(10)
        yield lambda: self.click("Restart broker 3")
        yield lambda: time.sleep(8)
        yield lambda: self.click("Pause")
        for _ in _TABS:
            yield lambda: self.tab(next(self._tabs))
        for _ in range(4):
            yield lambda: self.click("Step back one picture")
        yield self.scrub
        yield lambda: self.click("Produce a record to orders")

    def tab(self, name: str) -> None:
        """Turn to a picture."""
        if not self.click(name, "tab"):
            self.click(name)

    def scrub(self) -> None:
        """To some of the marks on the rail, and to the end again."""
        marks = self._view.get_by_label("Go to ")
        for index in range(0, min(marks.count(), 9), 3):
            self._press(marks.nth(index))
        self._view.press("End")

    def branch(self) -> None:
        """Leave the run here, and come back to it."""
        self.click("Branch here")
        time.sleep(2)
        self._press(self._view.get_by_role("button", name=re.compile("^the run, ")).first)

    def size(self) -> Size:
        self._heap.send("HeapProfiler.collectGarbage")
        found = self._heap.send("Performance.getMetrics")["metrics"]
        metrics = {each["name"]: each["value"] for each in found}
        status = Path(f"/proc/{self._kernel}/status").read_text()
        resident = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        revision = self._view.get_attribute("data-rev")
        return Size(
            (time.monotonic() - self._began) / 60,
            int(resident.split()[1]) / 1024,
            metrics["JSHeapUsedSize"] / 2**20,
            int(metrics["Nodes"]),
            int(revision or 0),
        )

    def clicks(self) -> list[float]:
        """How long each took until its picture was there, ms."""
        return [float(each) for each in self.page.evaluate("clicks")]


def told(clicks: list[float]) -> str:
    """The report of clicks: median and worst."""
    if not clicks:
        return "no click changed a picture"
    return (
        f"click to changed picture: median {median(clicks):.0f} ms, worst {max(clicks):.0f} ms, "
        f"of {len(clicks)} clicks; {sum(each > 150 for each in clicks)} over 150 ms"
    )


def growth(sizes: list[Size]) -> str:
    """How memory went from the first third to the last."""
    part = max(len(sizes) // 3, 1)
    first, last = sizes[:part], sizes[-part:]
    said = []
    for name in ("kernel", "heap", "nodes"):
        before = median(getattr(each, name) for each in first)
        after = median(getattr(each, name) for each in last)
        said.append(f"{name} {before:.1f} → {after:.1f}")
    return "median of the first third → of the last: " + ", ".join(said)


def main(minutes: float) -> None:
    with tempfile.TemporaryDirectory() as made, sync_playwright() as playwright:
        folder = Path(made)
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--headless", "--no-sandbox"]
        )
        with serving(folder) as lab, opened(browser, lab, "measured", SETUP, "bench") as made:
            use(Learner(made.page, lab.folder), minutes)
        browser.close()


def use(learner: Learner, minutes: float) -> None:
    """Use it for so long, and say what that came to."""
    sizes = [learner.size()]
    print(sizes[0], flush=True)
    while sizes[-1].minute < minutes:
        learner.minute()
        if len(sizes) % 5 == 0:
            learner.branch()
        sizes.append(learner.size())
        print(sizes[-1], flush=True)
    print(growth(sizes))
    print(f"{told(learner.clicks())}; {learner.missed} missed")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--minutes", type=float, default=30)
    os.chdir(Path(__file__).resolve().parents[2])
    sys.exit(main(parser.parse_args().minutes))
