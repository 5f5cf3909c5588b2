"""Make the README's moving picture: `python -m tests.browser.record docs/bench.gif`.

A real run on the bench: records flow, the leader of a partition crashes, its high watermark is
stuck; why?  Back to before the crash, a branch from there, and both futures side by side.  The
pictures are the tape's, as the player would show them; a ring stands where a reader would press.
Needs Chromium, and ImageMagick's `convert` to put them together.

Read next: `look`, still pictures; `lab.scenes.page`, which draws.
"""

import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from html import escape
from itertools import count
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from kafkalab import Simulation
from kafkalab.frames import cluster_frame
from kafkalab.sim import without
from lab.bench.parting import parting
from lab.bench.run_details import NAMES, RunDetails
from lab.playback.playback import Playback
from lab.playback.sources import source_of
from lab.playback.tape import Tape
from lab.scenes.page import Tabs, draw_page
from lab.scenes.pictures import ALL, BY_NAME
from lab.scenes.rail_branches import Tab
from lab.scenes.svg import write_svg
from lab.scenes.view import View

WIDTH, HEIGHT = 1000, 850
STEP_MS, PRESS_MS, READ_MS = 260, 900, 2800

#: A ring around what is pressed.
RING = """label => {
    const found = document.querySelector(`[aria-label="${label}"]`);
    const box = found.getBoundingClientRect();
    const ring = document.createElement("div");
    ring.style.cssText = `position:absolute;left:${box.x - 7}px;top:${box.y - 7}px;` +
        `width:${box.width + 8}px;height:${box.height + 8}px;border:3px solid #D55E00;` +
        "border-radius:12px";
    document.body.append(ring);
}"""


@dataclass
class Film:
    """Pictures one after the other, each with how long it stays (ms)."""

    page: Page
    folder: Path
    shown: list[tuple[Path, int]] = field(default_factory=list)
    numbers: Any = field(default_factory=count)

    def show(
        self, svg: str, caption: str, stay_ms: int, *, press: str = "", is_end: bool = False
    ) -> None:
        """`press`: the label of what is pressed; `is_end`: scrolled to the end."""
        self.page.set_content(
            "<body style='margin:0;background:#fff;overflow:hidden'>"
            f"<div style='position:absolute;{'bottom:48px' if is_end else ''}'>{svg}</div>"
            '<p style="position:fixed;bottom:0;left:0;right:0;margin:0;padding:9px 16px;'
            "background:#212121;color:#fff;font:600 17px 'DejaVu Sans'\">"
            f"{escape(caption)}</p>"
        )
        if press:
            self.page.evaluate(RING, press)
        path = self.folder / f"{next(self.numbers):03}.png"
        self.page.screenshot(path=path)
        self.shown.append((path, stay_ms))


class World:
    """A run on the bench, or its branch: its tape, what was asked of it.

    `worlds`: all there are, by name; each is added to them.
    """

    def __init__(self, name: str, sim: Simulation, worlds: dict[str, Simulation]) -> None:
        worlds[name] = sim
        self.sim, self.worlds, self.details = sim, worlds, RunDetails(sim)
        source = source_of(sim)
        self.source = source  # an observer lives as long as its source
        self.tape = Tape.starting_with(source.frame())
        self.playback = Playback(self.tape)
        source.observe(lambda happening: self.tape.record(happening) and None)

    def svg(self, name: str = "cluster") -> str:
        """The picture of the moment that the tape stands at."""
        view, picture = View(width=WIDTH, picture=name), BY_NAME[name]
        frame = self.tape.shown.frame
        key = picture.detail(frame, view)
        if key.split(" ")[0] in NAMES:
            frame = {**frame, "details": {key: self.details.make(key, frame["now"])}}
        tabs = Tabs(
            [Tab(f"show {each.name}", each.title, each is picture) for each in ALL],
            [
                Tab(f"world {name}", name, sim is self.sim, parting(self.sim, sim))
                for name, sim in self.worlds.items()
            ],
            can_ask=True,
        )
        return write_svg(draw_page(frame, view, picture, self.playback.controls(), tabs))

    def play(self, film: Film, caption: str, most: int) -> None:
        """From where the tape stands to its end, in at most so many pictures."""
        first, last = self.tape.cursor, len(self.tape.moments) - 1
        for number in range(1, most + 1):
            self.tape.cursor = first + (last - first) * number // most
            film.show(self.svg(), caption, STEP_MS)


async def shop(app: Any) -> None:
    producer = app.producer({"bootstrap.servers": "kafka:9092", "linger.ms": 0})
    for number in count():
        producer.produce("orders", f"order {number}", key=f"user-{number % 4}")
        await app.sleep(0.1)


async def billing(app: Any) -> None:
    conf = {"bootstrap.servers": "kafka:9092", "group.id": "billing"}
    consumer = app.consumer(conf | {"auto.offset.reset": "earliest"})
    consumer.subscribe(["orders"])
    while True:
        await consumer.poll(1)


def story(film: Film) -> None:
    """The run, the question, the branch, both futures."""
    sim = Simulation(brokers=3, seed=7)
    sim.create_topic("orders", 3, 3, {"min.insync.replicas": 2})
    sim.app(shop)
    sim.app(billing)
    sim.run(3.5)  # by then the group has its member
    worlds: dict[str, Simulation] = {}
    run = World("the run", sim, worlds)
    sim.run_until(lambda: sim.now > 3900 and pending(sim))
    run.play(film, "Records flow: produced, copied, committed.", 8)
    partition, leader = pending(sim) or (0, 1)
    crash = f"Crash broker {leader}"
    film.show(run.svg(), f"Crash the leader of P{partition}.", PRESS_MS, press=crash)
    calm, before = len(run.tape.moments) - 1, sim.now - 1
    sim.broker(leader).crash()
    sim.run(2)
    run.play(
        film, f"P{partition}: what is not yet committed stays so; its high watermark is stuck.", 5
    )
    film.shown[-1] = (film.shown[-1][0], READ_MS)
    run.details.about = sim.why(f"orders-{partition}")
    film.show(run.svg("spacetime"), "Why?  One sentence, and its causes.", READ_MS)
    run.details.about = None
    run.tape.cursor = calm
    film.show(run.svg(), "Rewind to before the crash …", PRESS_MS)
    film.show(run.svg(), "… and branch: from here, another future.", PRESS_MS, press="Branch here")
    branch = World("branch 1", sim.at(before / 1000).fork("branch 1"), worlds)
    branch.tape.cursor = len(branch.tape.moments) - 1
    branch.sim.run(2)
    branch.play(film, "In this one nobody crashes: the records go on.", 7)
    run.details.twins = sim.twins(without(sim.trace.of("Crashed")[0]))
    run.tape.cursor = len(run.tape.moments) - 1
    both = run.svg("twins")
    film.show(both, "Both futures side by side: where they part, and why.", READ_MS)
    film.show(
        both, "What it costs: writes that wait, records not acknowledged.", READ_MS, is_end=True
    )


def pending(sim: Simulation) -> tuple[int, int] | None:
    """A partition with a record that its followers have and nobody has committed; its leader."""
    for partition in cluster_frame(sim)["topics"][0]["partitions"]:
        ends = {broker: each["end"] for broker, each in partition["replicas"].items()}
        if min(ends.values()) > partition["high_watermark"] and partition["leader"] is not None:
            return partition["id"], partition["leader"]
    return None


def record(out: Path) -> None:
    """Draw the story, and join its pictures."""
    with tempfile.TemporaryDirectory() as made, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--headless", "--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        film = Film(page, Path(made))
        story(film)
        browser.close()
        parts: list[str] = []
        for path, stay_ms in film.shown:
            parts += ["-delay", str(stay_ms // 10), str(path)]
        small = ["-resize", "940x", "+dither", "-colors", "128", "-layers", "OptimizePlus"]
        subprocess.run(["convert", *parts, *small, "-loop", "0", str(out)], check=True)
    print(f"{out}: {len(film.shown)} pictures, {out.stat().st_size // 1024} KB")


if __name__ == "__main__":
    record(Path(sys.argv[1]))
