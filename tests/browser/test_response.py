"""What a reader waits for, reported, never asserted: clicks on a bench, frames of a large one.

The numbers of a busy machine say little; those in `tests/browser/RESULTS.md` are of a load of 3.
What is asserted is that the clicks change the picture, and that frames are drawn at all.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Browser, CDPSession

from kafkalab import Producer, Simulation
from kafkalab.frames import cluster_frame
from lab.scenes.cluster_view import draw
from lab.scenes.diff import diff
from lab.scenes.view import View

from .lab_server import Lab, opened
from .measure import SETUP, Learner, told
from .processor_time import of_children

OpenPage = Callable[..., Any]
#: 20 brokers × 12 partitions × as many as fit.
_CELLS = 1_900
_SECONDS = 3

#: Applies patch after patch, one an animation frame, for ever; counts frames.
_PLAY = """([patches, seconds]) => new Promise(done => {
    const began = performance.now();
    let frames = 0, next = 0;
    const step = () => {
        const patch = patches[next++ % patches.length];
        handlers["msg:custom"]({ ...patch, seq: next });
        frames++;
        const passed = performance.now() - began;
        if (passed < seconds * 1000) requestAnimationFrame(step);
        else done([frames, frames / passed * 1000]);
    };
    requestAnimationFrame(step);
})"""


def test_clicks_change_the_picture(
    browser: Browser, jupyter: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    with opened(browser, jupyter, "clicks_measured", SETUP, "bench") as notebook:
        learner = Learner(notebook.page, jupyter.folder)
        for name in ("Log", "Groups", "Quorum", "Cluster", "Replication", "Transaction", "Cluster"):
            learner.tab(name)
        for name in ("Step to the next event", "Step back one picture") * 3:
            learner.click(name)
        for name in ("Crash broker 3", "Restart broker 3", "Produce a record to orders"):
            learner.click(name)
        clicks = learner.clicks()
    assert len(clicks) >= 8, clicks
    with capsys.disabled():
        print(f"\n{told(clicks)}")


def test_two_thousand_cells_move(open_page: OpenPage, capsys: pytest.CaptureFixture[str]) -> None:
    sim = Simulation(brokers=20, seed=7)
    sim.create_topic("orders", 12, 20)
    producer = Producer({"bootstrap.servers": "kafka:9092", "linger.ms": 0}, sim=sim)
    for number in range(26 * 12):
        producer.produce("orders", f"order {number}", partition=number % 12)
    producer.flush()
    scenes = []
    for number in range(13):
        producer.produce("orders", "one more", partition=number % 12)
        sim.run(0.01)
        scenes.append(draw(cluster_frame(sim), View().at_width(1400)))
    cells = sum("cell" in str(shape.attributes.get("class")) for shape in scenes[0].flat().values())
    assert cells >= _CELLS
    there = [diff(a.flat(), b.flat()) for a, b in pairwise(scenes)]
    back = [diff(b.flat(), a.flat()) for a, b in pairwise(scenes)]
    patches = [
        {"size": [scenes[0].width, scenes[0].height], "say": "", "cut": True, "patch": each}
        for each in [*there, *reversed(back)]  # cut, as the player says at this pace
    ]
    page = open_page(1400)
    page.open(scenes[0])
    metrics = page.page.context.new_cdp_session(page.page)
    metrics.send("Performance.enable", {"timeDomain": "threadTicks"})
    main, before = _main_thread(metrics), of_children()
    frames, rate = page.page.evaluate(_PLAY, [patches, _SECONDS])
    cost = (of_children() - before) / frames * 1000
    main = (_main_thread(metrics) - main) / frames * 1000
    assert frames > 1
    with capsys.disabled():
        print(
            f"\n{cells} cells, a patch each frame: {rate:.0f} frames a second (wanted: 25); "
            f"processor time a frame: {main:.0f} ms in the page, {cost:.0f} ms with all processes "
            "of the browser, which here paint without a graphics card"
        )


def _main_thread(metrics: CDPSession) -> float:
    """Seconds that the page's own thread has worked."""
    found = metrics.send("Performance.getMetrics")["metrics"]
    return float(next(each["value"] for each in found if each["name"] == "TaskDuration"))
