"""What the picture of a group says and shows: the same numbers in sentence, rows and text."""

from functools import cache

from kafkalab import Consumer, Producer, Simulation
from kafkalab.frames import cluster_frame
from lab.scenes.groups import draw_groups
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


class Shop:
    """A group with a member or two, poll by poll."""

    def __init__(self, *names: str) -> None:
        self.sim = Simulation(brokers=3, seed=7)
        self.sim.create_topic("orders", partitions=6, replication_factor=3)
        self.members = [self.member(name) for name in names]

    def member(self, name: str) -> Consumer:
        conf = {"bootstrap.servers": "kafka:9092", "group.id": "billing", "client.id": name}
        consumer = Consumer(conf, sim=self.sim)
        consumer.subscribe(["orders"])
        return consumer

    def poll(self, seconds: float) -> str:
        for _ in range(int(seconds * 4)):
            for consumer in self.members:
                consumer.poll(0)
            self.sim.run(0.25)
        return GROUPS.say(sight(self.sim))


def test_of_a_group_that_empties_and_fills_again_it_is_said_that_nobody_read() -> None:
    shop = Shop("a", "b")
    assert "Until all had an owner" in shop.poll(12)
    while shop.members:
        shop.members.pop().close()
    said = shop.poll(2)
    shop.sim.run(8)
    assert GROUPS.say(sight(shop.sim)) == said
    assert said == "b and a left. 6 of 6 partitions stand still; the group has no members."
    assert "so far" in GROUPS.words(sight(shop.sim))
    shop.members = [shop.member("b")]
    said = shop.poll(1)
    assert said.startswith(
        "a left, b left and joined again. 6 of 6 partitions stand still; a first"
    )
    said = shop.poll(8)
    stops = sight(shop.sim).detail["stops"]
    assert {stop["partition"] for stop in stops} == {f"orders-{number}" for number in range(6)}
    assert all(stop["until"] - stop["since"] > 11_000 for stop in stops)
    assert "meanwhile nothing was read" in said and said.endswith("all 6 stopped.")


def test_a_dead_member_is_told_whatever_its_client_id_and_though_it_has_nothing_yet() -> None:
    shop = Shop("a", "b")
    shop.poll(12)
    shop.sim.world.crash("consumer-1")
    shop.members.pop(0)
    silent = "a is silent, and its session has not run out."
    assert shop.poll(3) == f"a crashed. 3 of 6 partitions stand still; {silent}"
    positions = [
        p["position"] for p in sight(shop.sim).frame["groups"][0]["members"][1]["partitions"]
    ]
    assert positions and None not in positions  # b's, found though no node has that name


def test_a_member_of_the_next_protocol_that_died_before_it_had_anything_is_silent() -> None:
    sim = Simulation(brokers=3, seed=7)
    sim.create_topic("orders", partitions=2, replication_factor=3)
    conf = {"bootstrap.servers": "kafka:9092", "group.id": "billing", "group.protocol": "consumer"}
    first, second = Consumer(conf, sim=sim), Consumer(conf, sim=sim)
    first.subscribe(["orders"])
    for _ in range(20):
        first.poll(0)
        sim.run(0.25)
    second.subscribe(["orders"])
    sim.run(0.1)
    sim.world.crash("consumer-2")
    for _ in range(40):
        first.poll(0)
        sim.run(0.25)
    said = GROUPS.say(sight(sim))
    assert "consumer-2 crashed" in said and "consumer-2 is silent" in said
    assert "let go" not in said and "heartbeat" not in said


def test_the_strip_counts_ten_after_nine_and_calls_nobody_idle_in_a_rebalance() -> None:
    [each] = cluster_frame(done())["groups"]
    one = {**each["members"][0], "partitions": []}
    each["members"] = [
        {**one, "id": f"id-{name}", "client": f"consumer-{name}"} for name in (1, 10, 2)
    ]
    for state, words in (
        ("Stable", "no partition: idle"),
        ("PreparingRebalance", "no partition yet"),
    ):
        shapes, _ = draw_groups([{**each, "state": state}], 1200)
        said = [shape.words for shape in Scene(1200, 200, "", "", tuple(shapes)).flat().values()]
        assert [name for name in said if (name or "").startswith("consumer-")] == [
            "consumer-1", "consumer-2", "consumer-10"
        ]  # fmt: skip
        assert said.count(words) == 3
