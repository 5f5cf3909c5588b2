"""What the pictures of the log, the quorum and the cluster call things: words that stand alone."""

from kafkalab import Consumer, Producer, Simulation
from kafkalab.frames import cluster_frame
from kafkalab.frames.shape import Frame
from lab.scenes.page import draw_page
from lab.scenes.picture import Sight, detail_of
from lab.scenes.pictures import BY_NAME
from lab.scenes.shapes import Scene
from lab.scenes.view import View


def sight(sim: Simulation, name: str) -> Sight:
    view, picture = View(picture=name), BY_NAME[name]
    frame: Frame = cluster_frame(sim)
    key = picture.detail(frame, view)
    frame = cluster_frame(sim, wanted=(key,) if key else ())
    return Sight(frame, detail_of(picture, frame, view), view, None, 900)


def page(sim: Simulation, name: str) -> Scene:
    seen = sight(sim, name)
    return draw_page(seen.frame, seen.view, BY_NAME[name])


def words(scene: Scene, key: str = "") -> list[str]:
    """All words of shapes whose key has this part."""
    return [s.words for path, s in scene.flat().items() if s.words and key in f"^{path}/"]


def after_transactions() -> Simulation:
    sim = Simulation(brokers=3, seed=7)
    sim.create_topic("orders", partitions=1, replication_factor=3)
    conf = {"bootstrap.servers": "kafka:9092", "transactional.id": "pay"}
    producer = Producer(conf, sim=sim)
    producer.init_transactions()
    for end in (producer.commit_transaction, producer.abort_transaction):
        producer.begin_transaction()
        producer.produce("orders", "paid")
        producer.flush()
        end()
    sim.run(1)
    return sim


def test_a_control_record_says_how_its_transaction_ended() -> None:
    sim = after_transactions()
    cells = words(page(sim, "log"), "/records/cells/")
    assert [each for each in cells if not each.isdigit()] == [
        "no key", "commit", "no key", "abort",
    ]  # fmt: skip
    cards = words(page(sim, "cluster"), "/records-orders/")
    assert cards[-6:] == ["2", "no key", "paid", "3", "control", "abort marker"]


def test_the_title_names_a_topic_only_where_the_picture_is_of_one() -> None:
    sim = after_transactions()
    assert words(page(sim, "cluster"), "^/title/") == ["Simulation · topic orders"]
    assert words(page(sim, "quorum"), "^/title/") == ["Simulation"]
    assert words(page(sim, "groups"), "^/title/") == ["Simulation"]


def test_a_single_controller_is_not_called_a_majority() -> None:
    sim = after_transactions()
    said = BY_NAME["quorum"].say(sight(sim, "quorum"))
    assert "It is the only voter" in said and "majority" not in said


def test_a_broker_that_is_down_has_a_cross_over_its_column() -> None:
    sim = after_transactions()
    assert not [key for key in page(sim, "quorum").flat() if key.endswith("/log/d2")]
    sim.broker(2).crash()
    sim.run(1)
    assert [key for key in page(sim, "quorum").flat() if key.endswith("/log/d2")]


def test_a_fetch_that_tells_is_named_by_its_broker() -> None:
    sim = after_transactions()
    moves = words(page(sim, "replication"), "/moves/")
    assert any(each.startswith("HW ") and ", by broker " in each for each in moves)
    assert any(each.startswith("copies offset ") for each in moves)


def test_before_the_first_assignment_nothing_is_said_to_have_cost_nothing() -> None:
    sim = Simulation(brokers=3, seed=7)
    sim.create_topic("orders", partitions=2, replication_factor=3)
    Consumer({"bootstrap.servers": "kafka:9092", "group.id": "g"}, sim=sim).subscribe(["orders"])
    sim.run_until(
        lambda: cluster_frame(sim)["groups"] and cluster_frame(sim)["groups"][0]["members"]
    )
    said = BY_NAME["groups"].say(sight(sim, "groups"))
    assert "Nobody has a partition yet" in said
    assert not words(page(sim, "groups"), "/cost/")
    assert "no partition yet" in words(page(sim, "groups"), "/members/")
