"""The bench in a real JupyterLab, clicked through: play, crash, rewind, branch, twins, why, hold.

One server, one kernel and one bench for the module: each test begins at the end of the run, on the
run itself, with the cluster picture.  None needs another to have run before it.
"""

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from .conftest import opened
from .notebook import Notebook

THE_RUN = re.compile("^the run, (shown here|parts at)")
SETUP = """\
import time
from kafkalab import Producer, Simulation
from lab import Bench
sim = Simulation(brokers=3, seed=7)
sim.create_topic("orders", partitions=2, replication_factor=3, config={"min.insync.replicas": 2})
producer = Producer({"bootstrap.servers": "kafka:9092", "acks": "all", "linger.ms": 0})
for number in range(6):
    producer.produce("orders", f"order {number}", key=f"user-{number}")
producer.flush()
sim.run(1)
bench = Bench(sim)
bench"""


@pytest.fixture(scope="module")
def bench_page(browser: Browser, jupyter: Any) -> Iterator[Notebook]:
    with opened(browser, jupyter, "bench_clicks", SETUP, "bench") as made:
        yield made


@pytest.fixture
def bench(bench_page: Notebook) -> Notebook:
    bench_page.run(
        "if bench.world is not sim: bench.turn_to('the run')\n"
        "bench.why(None); bench.twins(None); bench.show('cluster'); bench.end()"
    )
    bench_page.wait_until(lambda: chosen(bench_page, "Cluster"))
    return bench_page


@pytest.fixture
def crashed(bench: Notebook) -> Notebook:
    """Broker 2 is down, and the controller has noticed."""
    bench.run("if 2 in sim.alive():\n    sim.broker(2).crash(); sim.run(12)\nbench.end()")
    bench.wait_until(lambda: "The controller fenced broker 2" in words(bench))
    return bench


def chosen(bench: Notebook, tab: str | re.Pattern[str]) -> bool:
    return bench.button(tab).get_attribute("aria-pressed") == "true"


def turn(bench: Notebook, tab: str) -> None:
    bench.button(tab).click()
    bench.wait_until(lambda: chosen(bench, tab))


def words(bench: Notebook) -> str:
    return bench.view.text_content() or ""


def clock(bench: Notebook) -> float:
    text = bench.view.locator(".t-big").first.text_content() or ""
    return float(text.removesuffix(" s"))


def test_play_lets_time_pass_and_pause_stops_it(bench: Notebook) -> None:
    before = clock(bench)
    bench.button("Play").click()
    bench.wait_until(lambda: clock(bench) > before + 0.5)
    bench.button("Pause").click()
    bench.wait_until(lambda: bench.button("Play").count() == 1)
    at = clock(bench)
    time.sleep(0.5)
    assert clock(bench) == at


def test_a_crash_is_seen_rewound_and_undone_in_a_branch(bench: Notebook) -> None:
    bench.run("if 2 not in sim.alive():\n    sim.broker(2).restart(); sim.run(12)\nbench.end()")
    bench.wait_until(lambda: bench.button("Crash broker 2").count() == 1)
    bench.run("made = len(bench.worlds); sim.run(0.1); bench.end()")
    bench.button("Crash broker 2").click()
    bench.wait_until(lambda: bench.button("Restart broker 2").count() == 1)
    bench.run("sim.run(12); bench.end()")
    bench.wait_until(lambda: "The controller fenced broker 2" in words(bench), limit=30)
    after = clock(bench)
    bench.view.get_by_role("button", name=re.compile("^Go to .*Broker 2 crashed")).last.click()
    bench.wait_until(lambda: clock(bench) < after - 5)
    bench.button("Step back one picture").click()
    bench.wait_until(lambda: bench.button("Crash broker 2").count() == 1)
    bench.button("Branch here").click()
    bench.wait_until(lambda: bench.view.get_by_text(re.compile("^branch ")).count() > 0)
    bench.run(
        "assert bench.world is not sim and bench.world.alive() == [1, 2, 3]\n"
        "assert len(bench.worlds) == made + 1"
    )
    bench.button(THE_RUN).click()
    bench.wait_until(lambda: chosen(bench, THE_RUN))
    bench.run("assert bench.world is sim and sim.alive() == [1, 3]")


def test_why_beside_an_event_shows_the_chain_that_led_to_it(crashed: Notebook) -> None:
    bench = crashed
    asks = bench.view.locator("[aria-label^='Why: The controller fenced broker 2']").first
    asks.click(force=True)
    bench.wait_until(lambda: chosen(bench, "Spacetime"))
    chain = bench.view.locator("[aria-label='The chain of causes']")
    bench.wait_until(lambda: "broker 2 crashes" in (chain.text_content() or ""))
    assert "the causal chain" in words(bench), "it is highlighted in the picture"
    bench.button("Leave the chain, show all messages").click()
    bench.wait_until(lambda: "the causal chain" not in words(bench))


def test_twins_are_asked_for_compared_and_opened(crashed: Notebook) -> None:
    bench = crashed
    turn(bench, "Twins")
    bench.button("What if not: Broker 2 crashed?").first.click()
    bench.wait_until(lambda: "One thing changed: without crash" in words(bench), limit=30)
    bench.button("Where they part").click()
    bench.run("at = bench.details.twins.divergence.at")
    bench.wait_until(lambda: bench.view.locator("[aria-label^='B at']").count() == 1)
    bench.button("The causes in A in its spacetime").click()
    bench.wait_until(lambda: "the causal chain" in words(bench))
    bench.run("sim.run(1); bench.end()")
    bench.wait_until(lambda: "the run has gone on since" in words(bench))
    bench.button("Compare all of it").click()
    bench.wait_until(lambda: "the run has gone on since" not in words(bench), limit=30)
    bench.run("assert bench.details.twins.a.now == sim.now")
    bench.button("Turn to B").click()
    bench.wait_until(lambda: bench.view.get_by_text("without crash", exact=False).count() > 0)
    bench.wait_until(lambda: not chosen(bench, THE_RUN))
    bench.run("assert bench.world.alive() == [1, 2, 3] and sim.alive() == [1, 3]")


def in_flight(bench: Notebook, value: str) -> None:
    bench.run(
        f"producer.produce('orders', '{value}', partition=0)\n"
        "def on_its_way(): return [f for f in sim.network.in_flight if f.api == 'PRODUCE']\n"
        "sim.run_until(on_its_way)"
    )


def test_a_message_is_held_released_and_its_connection_cut(bench: Notebook) -> None:
    in_flight(bench, "held")
    turn(bench, "Spacetime")
    bench.run("bench.end()")
    arrow = bench.view.locator("[aria-label^='produce: produce request'][aria-label*=', due at']")
    bench.wait_until(lambda: arrow.count() == 1)
    arrow.locator("line").last.click(force=True)
    bench.button("Hold it").click()
    bench.wait_until(lambda: bench.button("Release it").count() == 1)
    bench.run("assert on_its_way()[0].is_held; sim.run(1); assert on_its_way()[0].is_held")
    bench.run("bench.end()")
    bench.wait_until(lambda: bench.button("Release it").count() == 1)
    assert "Held in flight: the produce request" in words(bench)
    bench.view.focus()
    bench.page.keyboard.press("r")
    bench.run(
        "for _ in range(100):\n"
        "    if not on_its_way()[:1] or not on_its_way()[0].is_held: break\n"
        "    time.sleep(0.05)\n"
        "sim.run(1); assert not on_its_way()"
    )
    in_flight(bench, "cut")
    bench.run("bench.end()")
    bench.wait_until(lambda: arrow.count() == 1)
    arrow.locator("line").last.click(force=True)
    bench.button("Cut its connection").click()
    bench.wait_until(lambda: "Connection producer-1 to" in words(bench))
    bench.run(
        "sim.run(1); values = [r.value for r in sim.records('orders', 0)]\n"
        "assert values[-2:] == [b'held', b'cut'], values\n"
        "verbs = [a.arguments[0].split()[0] for a in sim.world.actions.since(0)"
        " if a.method == 'command']\n"
        "assert verbs[-3:] == ['hold', 'release', 'cut'], verbs"
    )


def test_a_message_of_the_past_is_held_in_a_branch(bench: Notebook) -> None:
    in_flight(bench, "past")
    bench.run(
        "sim.run(1); bench.end()\n"
        "made = len(bench.worlds); bench.show('spacetime', choice='span=1500')"
    )
    bench.wait_until(lambda: chosen(bench, "Spacetime"))
    arrow = bench.view.locator("[aria-label^='produce: produce request'][aria-label*='arrived']")
    bench.wait_until(lambda: arrow.count() > 0)
    arrow.last.locator("line").last.click(force=True)
    bench.button("Branch, and hold it").click()
    bench.wait_until(lambda: "Held in flight: the produce" in words(bench))
    bench.run(
        "assert len(bench.worlds) == made + 1 and bench.world is not sim\n"
        "assert [f.is_held for f in bench.world.network.in_flight if f.api == 'PRODUCE']"
    )


def test_the_network_is_cut_and_healed_from_its_picture(bench: Notebook) -> None:
    turn(bench, "Network")
    bench.view.get_by_role("button", name=re.compile("^broker 1, online")).click()
    bench.button("Cut it off").click()
    bench.wait_until(lambda: "The network is cut between broker 1" in words(bench))
    bench.run("assert sim.network.sides[0] == ('broker-1',)")
    bench.button("Heal the network").click()
    bench.wait_until(lambda: bench.button("Heal the network").count() == 0)
    bench.run("assert sim.network.sides == ()")


def test_a_row_of_the_ledger_opens_and_rewinds_with_the_clock(bench: Notebook) -> None:
    turn(bench, "Ledger")
    bench.view.get_by_text("order 3", exact=True).click()
    bench.wait_until(lambda: "is kept at orders-" in words(bench))
