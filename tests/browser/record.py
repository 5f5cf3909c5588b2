"""Make the README's moving picture: `python -m tests.browser.record docs/bench.gif`.

A real run on the bench: records are produced, a broker crashes, the ISR shrinks, it comes back.
The pictures are the tape's, as the player would show them.  Needs Chromium, and ImageMagick's
`convert` to put them together.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from kafkalab import Consumer, Producer, Simulation
from lab.playback.playback import Playback
from lab.playback.sources import source_of
from lab.playback.tape import Tape, Weight
from lab.scenes.page import Tab, Tabs, draw_page
from lab.scenes.pictures import ALL, BY_NAME
from lab.scenes.svg import write_svg
from lab.scenes.view import View

WIDTH = 1100
STAY_MS, LAST_MS = 420, 2500


def story() -> Tape:
    """The run, and the tape it leaves."""
    sim = Simulation(brokers=3, seed=7)
    sim.create_topic("orders", 3, 3, {"min.insync.replicas": 2})
    source = source_of(sim)
    tape = Tape.starting_with(source.frame())
    source.observe(lambda happening: tape.record(happening) and None)
    producer = Producer({"bootstrap.servers": "kafka:9092", "linger.ms": 0}, sim=sim)
    conf = {"bootstrap.servers": "kafka:9092", "group.id": "billing"}
    consumer = Consumer({**conf, "auto.offset.reset": "earliest"}, sim=sim)
    consumer.subscribe(["orders"])
    for number in range(10):
        producer.produce("orders", f"order {number}", key=f"user-{number % 4}")
        sim.sleep(0.02)
        if number == 5:
            consumer.poll(5)
            sim.broker(3).crash()
            sim.run(11)
    producer.flush()
    sim.broker(3).restart()
    sim.run(4)
    return tape


def record(out: Path) -> None:
    """Draw every moment of the tape, and join them."""
    tape = story()
    playback = Playback(tape)
    view = View(width=WIDTH)
    tabs = Tabs([Tab(f"show {each.name}", each.title, each.name == "cluster") for each in ALL])
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--headless", "--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": WIDTH, "height": 760})
        names = []
        last = len(tape.moments) - 1
        for number, moment in enumerate(tape.moments):
            if moment.weight is not Weight.SIGNIFICANT and number % 4 and number != last:
                continue  # the small steps between: one in four
            tape.cursor = number
            frame = tape.shown.frame
            scene = draw_page(frame, view, BY_NAME["cluster"], playback.controls(), tabs)
            page.set_content(f"<body style='margin:0;background:#fff'>{write_svg(scene)}</body>")
            names.append(f"{folder}/{number:03}.png")
            page.screenshot(path=names[-1])
        browser.close()
        stays = [str(STAY_MS // 10)] * (len(names) - 1) + [str(LAST_MS // 10)]
        parts: list[str] = []
        for name, stay in zip(names, stays, strict=True):
            parts += ["-delay", stay, name]
        small = ["-resize", "860x", "+dither", "-colors", "24", "-layers", "OptimizePlus"]
        subprocess.run(["convert", *parts, *small, "-loop", "0", str(out)], check=True)
    print(f"{out}: {len(names)} pictures, {out.stat().st_size // 1024} KB")


if __name__ == "__main__":
    record(Path(sys.argv[1]))
