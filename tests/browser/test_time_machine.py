"""The time machine's pictures in a browser: the layout of each, and clicks in a real JupyterLab."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from lost_record import lose

from kafkalab import Simulation
from kafkalab.frames import cluster_frame
from kafkalab.frames.ledger import ledger_frame
from kafkalab.frames.messages import message_fields
from kafkalab.frames.spacetime import spacetime_frame
from kafkalab.frames.twins import twins_frame
from kafkalab.sim import config, without
from lab.scenes import ledger, spacetime, twins
from lab.scenes.shapes import Scene

from .notebook import Notebook

OpenPage = Callable[..., Any]
LINT = (Path(__file__).parent / "lint.js").read_text().split("\n", 1)[1]


@cache
def lost() -> Simulation:
    sim, _ = lose(3)
    return sim


def chain(width: int) -> Scene:
    sim = lost()
    frame = spacetime_frame(sim, sim.why("lost"))
    chosen = next(m for m in frame["messages"] if m.get("step") == 1)
    fields = tuple(message_fields(sim, chosen["id"]))
    view = spacetime.View(is_live=True, selected=chosen["name"], fields=fields)
    return spacetime.draw(frame, view.at_width(width))


def chain_by_logarithm(width: int) -> Scene:
    sim = lost()
    frame = spacetime_frame(sim, sim.why("lost"))
    return spacetime.draw(frame, spacetime.View(is_live=True, is_log=True).at_width(width))


def stretch(width: int) -> Scene:
    frame = spacetime_frame(lost(), since=1_000, until=1_060)
    return spacetime.draw(frame, spacetime.View().at_width(width))


def twins_at_an_instant(width: int) -> Scene:
    sim = lost()
    pair = sim.twins(without(sim.trace.of("Crashed")[0]))
    frame = twins_frame(pair)
    now = (frame["diverges"] or 0) + 500
    view = twins.View(is_live=True, now=now).at_width(width)
    clusters = cluster_frame(pair.a.at(now / 1000)), cluster_frame(pair.b.at(now / 1000))
    return twins.draw(frame, view, clusters)


def twins_at_the_end(width: int) -> Scene:
    pair = lost().twins(config("acks", "all"))
    return twins.draw(twins_frame(pair), twins.View().at_width(width))


def a_ledger(width: int) -> Scene:
    frame = ledger_frame(lost().ledger("orders"))
    view = ledger.View(is_live=True, opened=frame["rows"][1]["key"])
    return ledger.draw(frame, view.at_width(width))


PICTURES = (chain, chain_by_logarithm, stretch, twins_at_an_instant, twins_at_the_end, a_ledger)


@pytest.mark.parametrize("width", [700, 1400])
@pytest.mark.parametrize("picture", PICTURES)
def test_words_are_large_enough_inside_and_apart(
    open_page: OpenPage, picture: Callable[[int], Scene], width: int
) -> None:
    scene = picture(width)
    for theme, font in (("light", "'DejaVu Sans'"), ("dark", "'Liberation Sans'")):
        page = open_page(width, theme, font)
        page.open(scene)
        assert page.page.evaluate(LINT) == []


SETUP = """\
from IPython.display import display
from kafkalab import Producer, Simulation
from kafkalab.sim import without
from lab import ClusterView, LedgerView, SpaceTime, TwinsView
sim = Simulation(brokers=3, seed=7)
sim.create_topic("orders", replication_factor=3)
producer = Producer({"bootstrap.servers": "kafka:9092", "acks": "all"})
producer.produce("orders", "first", key="k")
producer.flush()
leader = sim.leader("orders", 0)
sim.broker(leader).crash()
sim.run(12)
why = sim.why(sim.instants("leader")[-1])
picture = SpaceTime(sim, why, since=0.01, until=0.08)
display(picture, TwinsView(sim.twins(without(why.cause))), LedgerView(sim), ClusterView(sim))"""


@pytest.mark.parametrize("notebook", [SETUP], indirect=True, ids=["time-machine"])
def test_a_message_opens_and_both_twins_are_seen_at_an_instant(notebook: Notebook) -> None:
    page = notebook.page
    space_time = page.locator("[data-testid=spacetime]").first
    arrow = space_time.locator("[aria-label^='produce: produce request']").first
    arrow.locator("path").last.click(force=True)
    notebook.wait_until(lambda: "timeout_ms" in (space_time.text_content() or ""))
    both = page.locator("[data-testid=twins-view]").first
    both.get_by_role("button", name="To the first divergence").click()
    notebook.wait_until(lambda: both.locator("[aria-label^='B at']").count() == 1)
    table = page.locator("[data-testid=ledger-view]").first
    table.get_by_text("first", exact=True).click()
    notebook.wait_until(lambda: "is kept at orders-0@0" in (table.text_content() or ""))
