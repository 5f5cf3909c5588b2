"""The detail of replication: what is there, what the leader knows, and whom it waits for."""

import json

from kafkalab import Producer, Simulation
from kafkalab.frames.details import details
from kafkalab.frames.replication import ReplicationFrame


def cluster() -> tuple[Simulation, Producer]:
    sim = Simulation(brokers=3, seed=7)
    config = {"min.insync.replicas": 2}
    sim.create_topic("orders", partitions=1, replication_factor=3, config=config)
    producer = Producer({"bootstrap.servers": "kafka:9092", "linger.ms": 0, "acks": 1}, sim=sim)
    for _ in range(10):
        producer.produce("orders", "x")
    producer.flush()
    sim.run(1)
    return sim, producer


def detail(sim: Simulation) -> ReplicationFrame:
    key = "replication orders 0"
    found: ReplicationFrame = details(sim.world, (key,))[key]
    assert json.loads(json.dumps(found)) == found
    return found


def test_at_every_step_the_watermark_is_the_least_of_what_is_known_of_those_that_count() -> None:
    sim, producer = cluster()
    producer.produce("orders", "y")
    seen = set()
    for _ in range(200):
        sim.step()
        found = detail(sim)
        counted = [each for each in found["replicas"] if each["counts"]]
        known = [each["end"] if each["is_leader"] else each["known_end"] for each in counted]
        assert found["high_watermark"] == min(known)
        for each in found["replicas"]:
            if not each["is_leader"]:
                assert each["known_end"] <= each["end"]
                seen.add(each["end"] - each["known_end"])
    assert seen == {0, 1}  # between copying and telling, a follower has more than is known


def test_a_move_of_the_watermark_names_the_fetch_that_made_it() -> None:
    sim, _ = cluster()
    found = detail(sim)
    followers = {each["id"] for each in found["replicas"] if not each["is_leader"]}
    raised = [
        move
        for move in found["moves"]
        if move["kind"] == "HighWatermarkAdvanced" and move["broker"] == found["leader"]
    ]
    assert raised and all(move["by"] in followers for move in raised)
    copied = [move for move in found["moves"] if move["kind"] == "Replicated"]
    assert {move["broker"] for move in copied} == followers


def test_below_min_isr_it_stays_and_who_was_in_sync_is_in_the_elr() -> None:
    sim, producer = cluster()
    leader = sim.leader("orders", 0)
    one, other = (id for id in (1, 2, 3) if id != leader)
    sim.broker(one).crash()
    sim.run(15)
    sim.broker(other).crash()
    producer.produce("orders", "z")
    sim.run(15)
    found = detail(sim)
    assert found["isr"] == [leader] and found["elr"] == [other]
    assert (found["high_watermark"], found["end"]) == (10, 11)
    assert [each["id"] for each in found["replicas"] if each["counts"]] == [leader]
    sim.broker(leader).crash()
    sim.run(15)
    found = detail(sim)
    assert found["leader"] is None and not found["leads"]
    assert not any(each["counts"] for each in found["replicas"])


def test_a_change_of_the_isr_is_pending_until_the_controller_has_answered() -> None:
    sim, _ = cluster()
    follower = next(each["id"] for each in detail(sim)["replicas"] if not each["is_leader"])
    sim.broker(follower).crash()
    sim.run(15)
    assert detail(sim)["isr"] == [id for id in (1, 2, 3) if id != follower]
    sim.broker(follower).restart()
    pending = None
    for _ in range(3000):
        sim.step()
        found = detail(sim)
        if found["pending"]:
            pending = found
        elif pending:
            break
    assert pending is not None and pending["pending"] == "expand"
    assert follower not in pending["isr"] and follower in pending["wanted"]
    assert next(each for each in pending["replicas"] if each["id"] == follower)["counts"]
    assert detail(sim)["isr"] == [1, 2, 3]


def test_what_is_not_there_is_none() -> None:
    sim = Simulation(brokers=1, seed=1)
    assert details(sim.world, ("replication nothing 0",)) == {"replication nothing 0": None}
