"""A live cluster in a real JupyterLab: real clients seen at work while a cell blocks in poll.

And frozen from its bench: what came of it is rewound, broken and asked, while the cluster goes on.
One kernel and one cluster for the module; each test leaves the cluster whole and nobody producing.
"""

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

pytest.importorskip("confluent_kafka")

from .conftest import opened
from .notebook import Notebook

SETUP = """\
import time
from confluent_kafka import Consumer, Producer
from kafkalab import LiveCluster
import lab
from IPython.display import display
cluster = LiveCluster(brokers=3, config={"group.initial.rebalance.delay.ms": 100})
cluster.create_topic("orders", 3, 3, config={"min.insync.replicas": 2})
servers = {"bootstrap.servers": cluster.bootstrap_servers, "log_level": 0}
producer = Producer({**servers, "acks": "all", "client.id": "web-shop"})
consumer = Consumer({**servers, "group.id": "shipping", "client.id": "shipping-1",
                     "auto.offset.reset": "earliest"})
consumer.subscribe(["orders"])
display(lab.ClusterView(cluster))
bench = lab.Bench(cluster)
bench"""

LOOP = """\
def sell():
    number = 0
    try:
        while True:
            producer.produce("orders", f"order {number}", key=f"user-{number % 7}")
            producer.poll(0.2)
            number += 1
    finally:
        producer.flush(10)
selling = lab.background(sell)
"""
POLL = """\
read = 0
until = time.monotonic() + 6
while time.monotonic() < until:
    message = consumer.poll(1.0)
    read += message is not None and message.error() is None
"""


@pytest.fixture(scope="module")
def notebook(browser: Browser, jupyter: Any) -> Iterator[Notebook]:
    with opened(browser, jupyter, "live", SETUP, "cluster-view") as made:
        yield made


def start(notebook: Notebook, code: str) -> None:
    """Have the kernel run code; do not wait.  `globalThis.ended` says when it is over."""
    notebook.page.evaluate(
        """code => { const kernel =
            jupyterapp.shell.currentWidget.sessionContext.session.kernel;
            globalThis.ended = ""; kernel.requestExecute({ code }).done.then(
                reply => { globalThis.ended = reply.content.status }); }""",
        code,
    )


def words(notebook: Notebook) -> str:
    return notebook.view.text_content() or ""


def photograph(notebook: Notebook, name: str) -> None:
    """For people to look at, where they ask for it."""
    if folder := os.environ.get("KAFKALAB_PICTURES"):
        for theme in ("Light", "Dark"):
            change = "theme => jupyterapp.commands.execute('apputils:change-theme', { theme })"
            notebook.page.evaluate(change, f"JupyterLab {theme}")
            for width in (1400, 700):
                notebook.page.set_viewport_size({"width": width + 120, "height": 1250})
                time.sleep(0.7)
                path = Path(folder) / f"{name}-{theme.lower()}-{width}.png"
                notebook.page.screenshot(path=str(path))


def test_the_picture_moves_while_a_cell_blocks_in_poll(notebook: Notebook) -> None:
    notebook.run(LOOP)
    start(notebook, POLL)
    notebook.wait_until(lambda: "shipping-1" in words(notebook) and "web-shop" in words(notebook))
    began = int(notebook.view.get_attribute("data-rev") or 0)
    notebook.wait_until(lambda: int(notebook.view.get_attribute("data-rev") or 0) > began + 5)
    ended: Any = notebook.page.evaluate("ended")
    assert ended == "", "the cell was over before the picture moved"
    photograph(notebook, "live-at-work")
    notebook.wait_until(lambda: notebook.page.evaluate("ended") == "ok")
    notebook.run("assert read > 10, read")
    notebook.run("assert selling.stop(wait=10) and selling.state == 'stopped', selling")


def test_a_fault_planned_ahead_is_seen_while_a_cell_blocks(notebook: Notebook) -> None:
    notebook.run(LOOP)
    start(notebook, "cluster.schedule(1, 'crash 2')\n" + POLL)
    notebook.wait_until(lambda: notebook.button("Restart broker 2").count() == 1)
    assert notebook.page.evaluate("ended") == ""
    photograph(notebook, "live-crash")
    notebook.wait_until(lambda: notebook.page.evaluate("ended") == "ok")
    notebook.button("Restart broker 2").click()
    notebook.wait_until(lambda: notebook.button("Crash broker 2").count() == 1)
    notebook.run("cluster.wait(lambda: cluster.broker(2).state == 'online', 10, 'it is back')")
    notebook.run("assert selling.stop(wait=10), selling")


def test_a_loop_in_the_background_has_a_stop_button(notebook: Notebook) -> None:
    notebook.page.evaluate(
        """code => { const notebook = jupyterapp.shell.currentWidget.content;
            notebook.model.sharedModel.addCell({ cell_type: "code", source: code });
            notebook.activeCellIndex = notebook.widgets.length - 1; }""",
        LOOP + "selling",
    )
    notebook.page.evaluate("jupyterapp.commands.execute('notebook:run-cell')")
    line = notebook.page.locator("[data-testid=background]").first
    line.wait_for(timeout=30_000)
    notebook.wait_until(lambda: "running" in (line.text_content() or ""))
    photograph(notebook, "background")
    line.get_by_role("button", name="Stop sell", exact=True).click()
    notebook.wait_until(lambda: "stopped" in (line.text_content() or ""))
    notebook.run("assert selling.state == 'stopped', selling")


def shown(bench: Notebook) -> float:
    """The clock on its page, in seconds since the beginning."""
    return float((bench.view.locator(".t-big").first.text_content() or "").removesuffix(" s"))


def test_a_live_cluster_is_frozen_rewound_broken_and_asked_while_it_goes_on(
    notebook: Notebook,
) -> None:
    bench = Notebook(notebook.page, notebook.path, "bench")
    notebook.run(LOOP + "cluster.wait(lambda: consumer.poll(0.1), 10, 'a record is read')")
    bench.button("Freeze the cluster as it is now").click()
    bench.wait_until(lambda: bench.button(re.compile("^frozen at")).count() == 1)
    frozen_at = shown(bench)
    notebook.run(
        "frozen = bench.world; assert frozen is not cluster and frozen.alive() == [1, 2, 3]"
    )
    notebook.run("frozen.run(1); bench.end()")
    bench.button("Crash broker 1").click()
    bench.wait_until(lambda: "led by broker 1, which is down" in words(bench))
    notebook.run("frozen.run(12); bench.end()")
    bench.wait_until(lambda: shown(bench) > frozen_at + 10)
    bench.wait_until(lambda: "The controller fenced broker 1" in words(bench))
    bench.view.get_by_role("button", name=re.compile("^Go to .*Broker 1 crashed")).last.click()
    bench.wait_until(lambda: shown(bench) < frozen_at + 5)
    bench.button("Step back one picture").click()
    bench.wait_until(lambda: bench.button("Crash broker 1").count() == 1)
    bench.button("Branch here").click()
    bench.wait_until(lambda: bench.button(re.compile("^branch ")).count() == 1)
    notebook.run("assert bench.world.alive() == [1, 2, 3] and frozen.alive() == [2, 3]")
    bench.button(re.compile("^frozen at")).click()
    notebook.run("bench.end()")
    why = bench.view.locator("[aria-label^='Why: The controller fenced broker 1']").first
    bench.wait_until(lambda: why.count() == 1)
    why.click(force=True)
    chain = bench.view.locator("[aria-label='The chain of causes']")
    bench.wait_until(lambda: "broker 1 crashes" in (chain.text_content() or ""))
    photograph(bench, "frozen")
    notebook.run(
        "assert [cluster.broker(n).state for n in (1, 2, 3)] == ['online'] * 3\n"
        "cluster.wait(lambda: consumer.poll(0.1), 10, 'the live cluster serves on')\n"
        "assert selling.stop(wait=10), selling"
    )
    began = int(notebook.view.get_attribute("data-rev") or 0)
    bench.button(re.compile("^the run")).click()
    bench.wait_until(lambda: bench.button("Freeze the cluster as it is now").count() > 0)
    notebook.run("cluster.produce('orders', None, b'after')")
    notebook.wait_until(lambda: int(notebook.view.get_attribute("data-rev") or 0) > began)
