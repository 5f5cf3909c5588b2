"""What the picture of replication says, in the situations that matter."""

from kafkalab import Producer, Simulation
from kafkalab.frames import cluster_frame
from lab.scenes.page import draw_page
from lab.scenes.picture import Sight, detail_of
from lab.scenes.pictures.replication import REPLICATION
from lab.scenes.view import View


def cluster() -> tuple[Simulation, Producer]:
    sim = Simulation(brokers=3, seed=7)
    config = {"min.insync.replicas": 2}
    sim.create_topic("orders", partitions=1, replication_factor=3, config=config)
    producer = Producer({"bootstrap.servers": "kafka:9092", "linger.ms": 0, "acks": 1}, sim=sim)
    for _ in range(30):
        producer.produce("orders", "x")
    producer.flush()
    sim.run(1)
    return sim, producer


def sight(sim: Simulation) -> Sight:
    view = View(picture="replication")
    frame = cluster_frame(sim)
    frame = cluster_frame(sim, wanted=(REPLICATION.detail(frame, view),))
    return Sight(frame, detail_of(REPLICATION, frame, view), view, None, 800)


def test_who_has_it_and_has_not_told_is_told_apart_from_who_has_it_not() -> None:
    sim, producer = cluster()
    assert REPLICATION.say(sight(sim)) == (
        "orders-0 is committed up to its end, 30: all 3 in sync have it."
    )
    producer.produce("orders", "y")
    said = []
    for _ in range(60):
        sim.step()
        words = REPLICATION.say(sight(sim))
        if not said or said[-1] != words:
            said.append(words)
    assert any("has not copied it yet" in words for words in said)
    assert any(
        "already, but the leader learns it only by the next fetch" in words for words in said
    )
    assert said[-1] == "orders-0 is committed up to its end, 31: all 3 in sync have it."


def test_below_min_isr_the_reason_is_named_everywhere() -> None:
    sim, producer = cluster()
    leader = sim.leader("orders", 0)
    for id in (1, 2, 3):
        if id != leader:
            sim.broker(id).crash()
            sim.run(15)
    producer.produce("orders", "z")
    sim.run(1)
    seen = sight(sim)
    said = f"Only broker {leader} is in sync, and min.insync.replicas is 2: acks=all is refused"
    assert REPLICATION.say(seen).startswith(said)
    assert "it does not move (KIP-966)" in REPLICATION.words(seen)
    flat = draw_page(seen.frame, View(picture="replication", width=1200), REPLICATION).flat()
    assert sum(shape.words == f"broker {leader}: end 31" for shape in flat.values()) == 1
    assert sum((shape.words or "").endswith("not waited for") for shape in flat.values()) == 2
    assert flat[f"/body/lanes/b{leader}/cells/c30"].attributes["class"].startswith("f-unc")


def test_a_world_without_topics_has_words_for_it() -> None:
    sim = Simulation(brokers=1, seed=1)
    drawn = draw_page(cluster_frame(sim), View(picture="replication"), REPLICATION)
    assert any("No partition to show" in (shape.words or "") for shape in drawn.flat().values())


def test_while_its_dead_leader_still_leads_it_says_until_when() -> None:
    sim, _ = cluster()
    sim.broker(sim.leader("orders", 0)).crash()
    seen = sight(sim)
    leader = seen.frame["brokers"][sim.leader("orders", 0) - 1]
    at = f"{leader['session_ends'] / 1000:.3f} s"
    assert REPLICATION.say(seen) == (
        f"Broker {leader['id']}, which leads orders-0, is down: nothing is written or read until "
        f"its session ends, at {at}, and another is elected."
    )
    assert "never" not in REPLICATION.words(seen)


def test_several_are_told_as_several_and_who_is_down_but_counted_is_named() -> None:
    sim, producer = cluster()
    producer.produce("orders", "y")
    said = set()
    for _ in range(60):
        sim.step()
        said.add(REPLICATION.say(sight(sim)))
    waiting = [words for words in said if "waits for brokers" in words]
    assert waiting and all("they have not copied it yet" in words for words in waiting)
    down = next(id for id in (1, 2, 3) if id != sim.leader("orders", 0))
    sim.broker(down).crash()
    sim.run(0.1)
    assert REPLICATION.say(sight(sim)).endswith(
        f"Of them broker {down} is down, and still counted: the next record waits until the "
        "controller acts."
    )
