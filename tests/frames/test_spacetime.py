"""The spacetime diagram: where it opens, and that its numbers agree wherever they are told."""

import re
from functools import cache

from kafkalab import Producer, Simulation
from kafkalab.frames.since_began import shifted
from kafkalab.frames.spacetime import SpaceTimeFrame, spacetime_frame
from lab import SpaceTime
from lab.bench.run_details import RunDetails
from lab.scenes import spacetime as scene
from lab.scenes.spacetime_text import write_text


@cache
def at_rest() -> Simulation:
    sim = Simulation(brokers=3, seed=7)
    sim.create_topic("orders", partitions=2, replication_factor=3)
    producer = Producer({"bootstrap.servers": "kafka:9092"}, sim=sim)
    producer.produce("orders", "a")
    producer.flush()
    sim.run(5)
    return sim


def test_after_a_rest_it_opens_where_something_last_happened_and_says_so() -> None:
    sim = at_rest()
    last = sim.trace.of("RecordAcknowledged")[-1].at
    assert last < sim.trace[-1].at < sim.now - 4_000  # a follower's high watermark moved later
    frame = spacetime_frame(sim)
    assert frame["since"] <= last <= frame["until"] < frame["now"] == sim.now
    assert frame["until"] - frame["since"] <= 100
    assert any(m["arrived"] == last and m["kind"] == "produce" for m in frame["messages"])
    quiet = f"{(sim.now - last) / 1000:.3f} s"
    assert frame["say"].startswith(f"Nothing but routine for {quiet}; this is the last stretch")
    present = spacetime_frame(sim, is_at_now=True)
    assert (present["until"], present["since"]) == (sim.now, sim.now - 100)
    assert "Nothing but routine" not in present["say"]
    busy = spacetime_frame(sim, now=last + 50)
    assert busy["until"] == last + 50


def test_a_message_that_is_held_is_not_left_behind() -> None:
    sim = at_rest().fork()
    while not sim.network.in_flight:
        sim.run(0.001)
    sim.network.hold(sim.network.in_flight[0])
    sim.run(0.5)
    frame = spacetime_frame(sim)
    assert frame["until"] == sim.now
    assert "Held in flight" in frame["say"]


def counts(frame: SpaceTimeFrame) -> tuple[int, int, int]:
    shown = sum(m["state"] == "arrived" for m in frame["messages"])
    return shown, frame["left_out"], len(frame["messages"]) - shown


def test_sentence_picture_and_text_tell_the_same_numbers() -> None:
    sim = at_rest()
    for since, until in ((None, None), (0, None), (0, 40), (3_000, 3_100), (3_000, 3_400)):
        frame = spacetime_frame(sim, since=since, until=until)
        shown, left_out, flying = counts(frame)
        told = re.search(r"In \d+ ms (\w+) messages? arrived(.*)", frame["say"])
        assert told is not None, frame["say"]
        total = 0 if told[1] == "no" else int(told[1])
        assert total == shown + left_out
        kinds = [int(n) for n in re.findall(r"(\d+) (?:produce|fetch|controller|group)", told[2])]
        assert sum(kinds) == (shown if shown else 0)
        way = re.search(r"(\d+) messages? (?:is|are) under way", frame["say"])
        assert (int(way[1]) if way else 0) == flying
        view = scene.View(is_live=True)
        drawn = scene.draw(frame, view).flat()
        arrows = {key for key in drawn if re.search(r"/messages/[^/]+$", key)}
        assert len(arrows) == shown + flying
        words = " ".join(shape.words or "" for shape in drawn.values())
        assert (f"{left_out} messages not shown" in words) == bool(left_out)
        text = write_text(frame)
        rows = len(re.findall(r"→.*→", text))
        more = re.search(r"and (\d+) more that are drawn", text)
        assert rows + (int(more[1]) if more else 0) == shown + flying
        assert (f"{left_out} more arrived, and are not shown" in text) == bool(left_out)


def test_the_whole_run_can_be_chosen_and_the_present() -> None:
    sim = at_rest()
    view = SpaceTime(sim)
    try:
        assert view.frame["until"] < sim.now
        view.handle({"action": "all"})
        assert (view.frame["since"], view.frame["until"]) == (sim.started_at, sim.now)
        view.handle({"action": "in"})
        assert view.frame["until"] - view.frame["since"] < sim.now - sim.started_at
        view.handle({"action": "now"})
        assert (view.frame["since"], view.frame["until"]) == (sim.now - 100, sim.now)
        view.handle({"action": "right"})
        assert view.frame["until"] == sim.now
        assert view.whole().frame["since"] == sim.started_at
    finally:
        view.close()
    details = RunDetails(sim)
    whole = details.make("spacetime 100 whole whole", sim.now)["frame"]
    assert (whole["since"], whole["until"]) == (sim.started_at, sim.now)
    rested = details.make("spacetime 100 - -", sim.now)["frame"]
    assert rested["until"] < sim.now
    then = details.make("spacetime 100 now now", sim.now)["frame"]
    assert then["until"] == sim.now
    beyond = details.make(f"spacetime 100 {sim.now + 500} {sim.now + 600}", sim.now)["frame"]
    assert (beyond["since"], beyond["until"]) == (sim.now - 100, sim.now)


def test_times_are_told_since_the_beginning() -> None:
    frame = {"at": 105, "words": "x", "runs": [{"since": 107, "stalls": [[101, 102]], "n": 100}]}
    assert shifted(frame, 100) == {
        "at": 5, "words": "x", "runs": [{"since": 7, "stalls": [[1, 2]], "n": 100}]
    }  # fmt: skip
    assert shifted(frame, 0) is frame
