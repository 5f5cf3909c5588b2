"""Where a picture shows some of many, it counts all of them; and the numbers are the engine's."""

import re
from functools import cache

from kafkalab import Consumer, Producer, Simulation
from kafkalab.frames import cluster_frame
from kafkalab.world import servers
from lab.scenes.page import draw_page
from lab.scenes.picture import Picture
from lab.scenes.pictures import BY_NAME
from lab.scenes.shapes import Scene
from lab.scenes.view import View


@cache
def many() -> Simulation:
    """Eight brokers, thirty partitions on three of them each, ten members; one broker crashed."""
    sim = Simulation(brokers=8, seed=7)
    sim.create_topic("orders", partitions=30, replication_factor=3)
    conf = {"bootstrap.servers": "kafka:9092", "group.id": "many"}
    for _ in range(10):
        Consumer(conf, sim=sim).subscribe(["orders"])
    producer = Producer({"bootstrap.servers": "kafka:9092"}, sim=sim)
    for number in range(100):
        producer.produce("orders", "x", key=f"user-{number}")
    producer.flush()
    sim.broker(5).crash()
    sim.run(20)
    return sim


def page(sim: Simulation, name: str, width: int = 1400) -> Scene:
    view, picture = View(picture=name).at_width(width), BY_NAME[name]
    return draw_page(_frame(sim, picture, view), view, picture)


def _frame(sim: Simulation, picture: Picture, view: View):  # type: ignore[no-untyped-def]
    key = picture.detail(cluster_frame(sim), view)
    return cluster_frame(sim, wanted=(key,) if key else ())


def words(scene: Scene, key: str) -> list[str]:
    return [s.words for path, s in scene.flat().items() if s.words and key in f"{path}/"]


def test_the_map_and_the_cards_count_every_partition() -> None:
    sim = many()
    decided = servers.metadata(sim.world).topics["orders"].partitions.values()
    fewer = sum(len(each.isr) < len(each.replicas) for each in decided)
    assert 0 < fewer < 30
    for width in (700, 1400):
        scene = page(sim, "cluster", width)
        (said,) = words(scene, "/map/health/")
        assert [int(each) for each in re.findall(r"\d+", said)] == [30 - fewer, fewer]
        assert len(words(scene, "/map/cells/")) == fewer  # a number in each that has fewer
        for broker in range(1, 9):
            leads = sum(each.leader == broker for each in decided)
            copies = sum(broker in each.replicas for each in decided)
            assert words(scene, f"/cluster/b{broker}/below/") == [
                f"{copies} replicas, leads {leads}"
            ]


def test_the_map_counts_partitions_whose_leader_is_down_before_the_controller_acts() -> None:
    sim = many().fork()
    sim.broker(2).crash()
    sim.run(0.1)
    decided = servers.metadata(sim.world).topics["orders"].partitions.values()
    unled = sum(each.leader == 2 for each in decided)
    fewer = sum(len(each.isr) < len(each.replicas) and each.leader != 2 for each in decided)
    scene = page(sim, "cluster")
    (said,) = words(scene, "/map/health/")
    assert unled and f" · {unled} whose leader is down" in said
    assert [int(each) for each in re.findall(r"\d+", said)] == [30 - fewer - unled, fewer, unled]
    signs = [path for path in scene.flat() if "/map/cells/" in path and path.endswith("/sign")]
    assert len(signs) == unled


def test_one_row_tells_of_all_partitions_of_a_group() -> None:
    sim = many()
    (group,) = cluster_frame(sim)["groups"]
    lag = sum(each["end"] - (each["committed"] or 0) for each in group["offsets"])
    for width in (700, 1400):
        scene = page(sim, "groups", width)
        assert words(scene, "/r-all/") == ["all 30", "10 members", str(lag)]
        assert words(scene, "/all-stops/")[0].startswith("30 of 30")
        joined = [each for each in words(scene, "/mark-words/") if "join" in each]
        assert len(joined) == 1 and joined[0].startswith("10 join")
