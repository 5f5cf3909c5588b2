"""A real simulation in a real JupyterLab: what a run did is seen, and the buttons act on it."""

import pytest

from .notebook import WATCH, Notebook

SETUP = """\
from kafkalab import Producer, Simulation
from lab import ClusterView
sim = Simulation(brokers=3, seed=7)
sim.create_topic("orders", partitions=3, replication_factor=3, config={"min.insync.replicas": 2})
producer = Producer({"bootstrap.servers": "kafka:9092"})
view = ClusterView(sim)
view"""

pytestmark = pytest.mark.parametrize("notebook", [SETUP], indirect=True, ids=["simulated"])


def test_a_crash_and_a_return_are_seen_as_isr_three_two_three(notebook: Notebook) -> None:
    notebook.page.evaluate(WATCH)
    notebook.run(
        "leader = sim.leader('orders', 0)\n"
        "sim.broker(leader).crash(); sim.run(12)\n"
        "sim.broker(leader).restart(); sim.run(12)\n"
        "assert sim.isr('orders', 0) == (1, 2, 3), sim.isr('orders', 0)"
    )

    def isrs() -> list[str]:
        seen = [isr for _, _, isr in notebook.page.evaluate("seen")]
        return [isr for i, isr in enumerate(seen) if i == 0 or seen[i - 1] != isr]

    notebook.wait_until(lambda: len(isrs()) >= 3, limit=30)
    assert [isr.count(",") + 1 for isr in isrs()] == [3, 2, 3], isrs()


def test_buttons_crash_restart_and_produce_for_real(notebook: Notebook) -> None:
    notebook.button("Produce a record to orders").click()
    notebook.wait_until(lambda: "1 acked" in (notebook.view.text_content() or ""))
    notebook.run(
        "sim.run_until(lambda: len(sim.records('orders')) == 1, limit_ms=10_000)\n"
        "assert sim.records('orders')[0].value == b'by hand 1'"
    )
    notebook.button("Crash broker 2").click()
    notebook.wait_until(lambda: notebook.button("Restart broker 2").count() == 1)
    notebook.run("assert sim.alive() == [1, 3], sim.alive()")
    notebook.button("Restart broker 2").click()
    notebook.wait_until(lambda: notebook.button("Crash broker 2").count() == 1)
    notebook.run("assert sim.alive() == [1, 2, 3], sim.alive()")


def test_pressing_play_lets_the_world_go_on(notebook: Notebook) -> None:
    notebook.run("began = sim.now")
    notebook.button("Play").click()
    notebook.run("import time\nwhile sim.now < began + 1000: time.sleep(0.05)")
    notebook.button("Pause").click()
    notebook.run("time.sleep(0.5); at = sim.now; time.sleep(0.7); assert sim.now == at")
