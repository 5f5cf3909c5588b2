"""What the picture of a group says and shows: the same numbers in sentence, rows and text."""

from functools import cache

from kafkalab import Consumer, Producer, Simulation
from kafkalab.frames import cluster_frame
from lab.scenes.page import draw_page
from lab.scenes.picture import Sight, detail_of
from lab.scenes.pictures.groups import GROUPS
from lab.scenes.shapes import Scene
from lab.scenes.state_machine import Machine, draw_machine
from lab.scenes.view import View


def cooperative(polls: int) -> Simulation:
    sim = Simulation(brokers=3, seed=7)
    sim.create_topic("orders", partitions=6, replication_factor=3)
    conf = {
        "bootstrap.servers": "kafka:9092",
        "group.id": "billing",
        "partition.assignment.strategy": "cooperative-sticky",
    }
    producer = Producer({"bootstrap.servers": "kafka:9092"}, sim=sim)
    consumers = []
    for count in (0, 0, 60, polls):
        consumers.append(Consumer(conf, sim=sim))
        consumers[-1].subscribe(["orders"])
        for _ in range(count):
            producer.produce("orders", "x")
            for consumer in consumers:
                consumer.poll(0)
            sim.run(0.25)
    return sim


@cache
def done() -> Simulation:
    return cooperative(48)


def sight(sim: Simulation, view: View | None = None) -> Sight:
    view = view or View(picture="groups")
    frame = cluster_frame(sim)
    frame = cluster_frame(sim, wanted=(GROUPS.detail(frame, view),))
    return Sight(frame, detail_of(GROUPS, frame, view), view, None, 1000)


def scene(sim: Simulation, width: int) -> Scene:
    seen = sight(sim)
    return draw_page(seen.frame, View(picture="groups").at_width(width), GROUPS)


def test_one_row_stopped_and_the_sentence_says_which_and_for_how_long() -> None:
    seen = sight(done())
    [stop] = seen.detail["stops"]
    stood = stop["until"] - stop["since"]
    said = GROUPS.say(seen)
    assert said.startswith(f"consumer-4 joined. {stop['partition']} moved from ")
    assert f"stood still for {stood / 1000:g} s; the other 5 never stopped." in said
    words = GROUPS.words(seen)
    assert said in words
    assert f"{stood / 1000:g} partition-seconds stopped · the eager protocol would have" in words
    number = stop["partition"].removeprefix("orders-")
    flat = scene(done(), 1200).flat()
    labels = [str(shape.attributes.get("aria-label", "")) for shape in flat.values()]
    assert any(f"orders-{number} stood still for" in label for label in labels)
    assert sum("stood still for" in label for label in labels) == 1


def test_while_it_goes_on_it_says_what_is_waited_for() -> None:
    sim = cooperative(4)
    said = GROUPS.say(sight(sim))
    waits = "waiting for consumer-2, consumer-3 and consumer-4 to re-join"
    assert said == f"consumer-4 joined. orders-3 stands still, 5 never stopped; {waits}."
    flat = scene(sim, 700).flat()
    texts = [shape.words for shape in flat.values() if shape.words]
    assert waits in texts
    assert texts.count("has not re-joined yet") == 3


def test_a_world_without_groups_has_words_for_it() -> None:
    sim = Simulation(brokers=1, seed=1)
    frame = cluster_frame(sim)
    assert GROUPS.detail(frame, View()) == ""
    drawn = draw_page(frame, View(picture="groups"), GROUPS)
    assert any("No group to show" in (shape.words or "") for shape in drawn.flat().values())


def test_every_move_of_the_table_is_drawn_and_the_last_one_stands_out() -> None:
    moves = [("a", "b"), ("b", "c"), ("c", "a"), ("b", "a")]
    shapes, _, _ = draw_machine(Machine([["a"], ["b"], ["c"]], moves, "a", ("c", "a"), "sync"), 600)
    arrows = {arrow.key: arrow for arrow in shapes[0].children}
    assert set(arrows) == {f"{a}-{b}" for a, b in moves}
    strong = [key for key, arrow in arrows.items() if arrow.attributes["class"] == "f-none s-ink"]
    assert strong == ["c-a"]


def test_more_rows_than_fit_are_reached_by_choosing() -> None:
    sim = Simulation(brokers=3, seed=7)
    sim.create_topic("orders", partitions=30)
    consumer = Consumer({"bootstrap.servers": "kafka:9092", "group.id": "g"}, sim=sim)
    consumer.subscribe(["orders"])
    consumer.poll(10)
    seen = sight(sim)
    first = draw_page(seen.frame, View(picture="groups"), GROUPS).flat()
    later = draw_page(seen.frame, View(picture="groups").choosing("rows 24"), GROUPS).flat()
    assert "/body/table/rows/r-orders-0" in first and "/body/table/rows/r-orders-24" not in first
    assert "/body/table/rows/r-orders-24" in later and "/body/table/rows/r-orders-0" not in later


def test_of_a_member_that_tells_no_position_it_is_not_said_that_it_has_none() -> None:
    seen = sight(done())
    for member in seen.frame["groups"][0]["members"]:
        for partition in member["partitions"]:
            partition["position"] = None  # as of a live cluster's, whose members are programs
    drawn = draw_page(seen.frame, View(picture="groups").at_width(1000), GROUPS)
    words = [shape.words for shape in drawn.flat().values() if shape.words]
    assert words.count("–") == 6 and "none" not in words
