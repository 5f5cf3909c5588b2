"""The detail of one log: segments, epochs, records, readers; plain JSON that tells the truth."""

import json

import pytest

from kafkalab import Consumer, Producer, Simulation
from kafkalab.frames import cluster_frame
from kafkalab.frames.details import details


@pytest.fixture
def sim() -> Simulation:
    sim = Simulation(brokers=3, seed=5)
    sim.create_topic("orders", replication_factor=3, config={"segment.bytes": 600})
    producer = Producer({"bootstrap.servers": "kafka:9092", "linger.ms": 0}, sim=sim)
    for number in range(30):
        producer.produce("orders", f"order {number}", key=f"user-{number % 3}")
        sim.sleep(0.01)
    producer.flush()
    sim.run(1)
    return sim


def test_segments_epochs_and_records_are_those_of_the_log(sim: Simulation) -> None:
    found = cluster_frame(sim, wanted=("log orders 0",))["details"]["log orders 0"]
    assert json.loads(json.dumps(found)) == found
    assert found["end"] == found["high_watermark"] == 30
    segments = found["segments"]
    assert len(segments) > 2
    assert [each["is_active"] for each in segments] == [False] * (len(segments) - 1) + [True]
    assert [a["end"] for a in segments[:-1]] == [b["base"] for b in segments[1:]]
    assert [record["offset"] for record in found["records"]] == list(range(30))
    assert found["records"][4]["key"] == "user-1"
    assert found["epochs"] == [[0, 0]]


def test_a_new_leader_writes_in_a_new_epoch(sim: Simulation) -> None:
    sim.broker(sim.leader("orders", 0)).crash()
    sim.run(15)
    producer = Producer({"bootstrap.servers": "kafka:9092"}, sim=sim)
    producer.produce("orders", "after")
    producer.flush()
    found = details(sim.world, ("log orders 0",))["log orders 0"]
    assert found["epochs"][-1] == [1, 30]
    assert found["records"][-1]["epoch"] == 1


def test_pins_tell_committed_and_position_apart(sim: Simulation) -> None:
    conf = {"bootstrap.servers": "kafka:9092", "group.id": "g", "auto.offset.reset": "earliest"}
    consumer = Consumer({**conf, "enable.auto.commit": False}, sim=sim)
    consumer.subscribe(["orders"])
    for number in range(8):
        consumer.poll(10)
        if number == 4:
            consumer.commit(asynchronous=False)
    found = details(sim.world, ("log orders 0",))["log orders 0"]
    assert {(pin["member"] != "", pin["offset"]) for pin in found["pins"]} == {
        (False, 5),
        (True, 8),
    }


def test_what_is_not_there_is_none_and_what_is_unknown_is_named(sim: Simulation) -> None:
    assert details(sim.world, ("log nothing 0",)) == {"log nothing 0": None}
    with pytest.raises(ValueError, match="there is no detail 'dance'"):
        details(sim.world, ("dance",))
