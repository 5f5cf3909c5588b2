"""A frame of a real cluster: plain JSON, in order, cheap, and true."""

import json
from typing import Any

from kafkalab import LiveCluster, Producer, Simulation
from kafkalab.frames import cluster_frame
from kafkalab.frames.shape import CELLS_MAX, Frame
from kafkalab.protocol.messages.produce import (
    PartitionProduceData,
    ProduceRequest,
    TopicProduceData,
)
from kafkalab.record import Entry, Record, Records, build_batch


def produce(sim: Simulation, values: list[str], partition: int = 0) -> None:
    """Append one batch to topic orders, at its leader, without a producer."""
    records = [Record(b"user-1", value.encode(), timestamp=sim.now) for value in values]
    data = b"".join(
        bytes(part) for part in Records((Entry(0, -1, build_batch(records)),)).buffers()
    )
    request = ProduceRequest(
        transactional_id=None,
        acks=-1,
        timeout_ms=30_000,
        topic_data=(
            TopicProduceData(
                name="orders",
                topic_id=sim.metadata.topics["orders"].topic_id,
                partition_data=(PartitionProduceData(index=partition, records=data),),
            ),
        ),
    )
    sim.driver.act("operator", "ask", f"broker-{sim.leader('orders', partition)}", request)
    operator: Any = sim.world.nodes["operator"]
    sim.run_until(lambda: operator.is_done, limit_ms=1000)
    assert not operator.answer.responses[0].partition_responses[0].error_code


def a_cluster() -> Simulation:
    sim = Simulation(brokers=3, seed=7)
    sim.create_topic("orders", replication_factor=3, config={"min.insync.replicas": 2})
    sim.create_topic("audit", partitions=2)
    return sim


def test_a_frame_is_json_and_nothing_else() -> None:
    sim = a_cluster()
    produce(sim, ["a", "b"])
    frame = cluster_frame(sim)
    assert json.loads(json.dumps(frame)) == frame
    assert set(frame) == Frame.__required_keys__ | {"transactions"}
    assert [topic["name"] for topic in frame["topics"]] == ["audit", "orders"]
    assert frame["say"] == "All replicas are in sync."
    end = sim.metadata.offset + 1
    assert frame["controller"] == {
        "leader": 101,
        "epoch": frame["controller"]["epoch"],
        "nodes": [
            {
                "id": 101,
                "state": "online",
                "role": "Leader",
                "epoch": 1,
                "leader": 101,
                "voted": 101,
                "high_watermark": end,
                "log_start": 0,
                "log_end": end,
            }
        ],
    }


def test_replicas_show_the_window_of_their_last_records() -> None:
    sim = a_cluster()
    for number in range(10):
        produce(sim, [f"{number}.{index}" for index in range(5)])
    sim.run(1)
    (partition,) = cluster_frame(sim)["topics"][1]["partitions"]
    assert set(partition["replicas"]) == {"1", "2", "3"}
    for replica in partition["replicas"].values():
        assert (replica["log_start"], replica["end"], replica["high_watermark"]) == (0, 50, 50)
        offsets = [cell["offset"] for cell in replica["cells"]]
        assert offsets == list(range(50 - CELLS_MAX, 50))
        assert replica["cells"][-1] == {
            "offset": 49,
            "key": "user-1",
            "value": "9.4",
            "epoch": partition["leader_epoch"],
            "kind": "data",
        }


def test_a_crash_is_seen_before_the_controller_knows() -> None:
    sim = a_cluster()
    leader = sim.leader("orders", 0)
    assert leader is not None
    sim.broker(leader).crash()
    frame = cluster_frame(sim)
    broker = frame["brokers"][leader - 1]
    assert (broker["state"], broker["since"]) == ("crashed", sim.now)
    assert frame["topics"][1]["partitions"][0]["leader"] == leader
    ends = broker["session_ends"] / 1000
    assert f"led by broker {leader}, which is down; " in frame["say"]
    assert frame["say"].endswith(f"when its session ends, at {ends:.3f} s.")
    assert frame["events"][0]["text"] == f"Broker {leader} crashed"
    fenced = sim.run_to_next("fence")
    assert (fenced.at, fenced.entry.kind) == (broker["session_ends"], "BrokerFenced")
    sim.run(5)
    frame = cluster_frame(sim)
    assert frame["topics"][1]["partitions"][0]["leader"] != leader
    assert leader not in frame["topics"][1]["partitions"][0]["isr"]


def test_a_paused_broker_and_a_partition_are_said() -> None:
    sim = a_cluster()
    sim.broker(2).pause(3)
    sim.network.partition({1}, {2, 3})
    frame = cluster_frame(sim, title="Two faults")
    assert (frame["title"], frame["brokers"][1]["until"]) == ("Two faults", sim.now + 3000)
    assert frame["say"].startswith("The network is partitioned. Broker 2 stands still")
    assert "session" not in frame["say"], "it goes on before that"
    sim.broker(2).pause(30)
    frame = cluster_frame(sim)
    ends = frame["brokers"][1]["session_ends"] / 1000
    assert frame["say"].endswith(f"messages to it wait, and at {ends:.3f} s its session ends.")


def test_internal_topics_are_shown_when_asked_for() -> None:
    sim = a_cluster()
    sim.create_topic("__consumer_offsets", partitions=1)
    assert len(cluster_frame(sim)["topics"]) == 2
    assert len(cluster_frame(sim, internal=True)["topics"]) == 3


async def pay(app: Any) -> None:
    producer = app.producer({"bootstrap.servers": "kafka:9092"})
    for number in range(60):
        producer.produce("orders", key=f"user-{number % 7}", value=f"order {number}")
        await app.sleep(0.1)
    await producer.flush()


async def ship(app: Any) -> None:
    consumer = app.consumer(
        {
            "bootstrap.servers": "kafka:9092",
            "group.id": "shipping",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe(["orders"])
    while True:
        message = await consumer.poll(1.0)
        if message is not None and not message.error():
            await consumer.commit(message=message)


def test_a_group_shows_its_members_and_how_far_they_are() -> None:
    sim = Simulation(brokers=3, seed=7)
    sim.create_topic("orders", partitions=4, replication_factor=3)
    sim.app(ship)
    sim.app(ship)
    sim.app(pay)
    sim.run(25)
    frame = cluster_frame(sim)
    assert json.loads(json.dumps(frame)) == frame
    (group,) = frame["groups"]
    assert (group["id"], group["state"], group["protocol"]) == ("shipping", "Stable", "range")
    assert sorted(member["client"] for member in group["members"]) == ["consumer-1", "consumer-2"]
    held = [each for member in group["members"] for each in member["partitions"]]
    assert sorted(each["partition"] for each in held) == [0, 1, 2, 3]
    ends = [partition["high_watermark"] for partition in frame["topics"][0]["partitions"]]
    assert sum(ends) == 60
    for each in held:
        end = ends[each["partition"]]
        assert (each["end"], each["high_watermark"], each["position"]) == (end, end, end)
        assert each["committed"] == (end if end else None)
    assert [offset["end"] for offset in group["offsets"]] == ends
    kinds = {client["name"]: client["kind"] for client in frame["clients"]}
    assert kinds == {"consumer-1": "consumer", "consumer-2": "consumer", "producer-1": "producer"}


def test_times_of_a_live_cluster_count_from_its_beginning() -> None:
    with LiveCluster(brokers=3) as cluster:
        cluster.broker(2).crash()
        cluster.broker(3).pause(60)
        with cluster.locked():
            frame = cluster_frame(cluster)
    _, crashed, paused = frame["brokers"]
    assert crashed["since"] is not None
    assert paused["until"] is not None
    assert 0 <= crashed["since"] <= frame["now"] < paused["until"] < 120_000


def test_a_broker_that_was_shut_down_is_not_a_crashed_one() -> None:
    sim = Simulation(brokers=3, seed=7)
    sim.broker(2).shutdown()
    sim.run(2)
    sim.broker(3).crash()
    sim.controller(101).shutdown()
    sim.run(2)
    frame = cluster_frame(sim)
    assert [broker["state"] for broker in frame["brokers"]] == ["online", "stopped", "crashed"]
    assert [node["state"] for node in frame["controller"]["nodes"]] == ["stopped"]
    assert sim.broker(2).state == "stopped"
    sim.controller(101).restart()
    sim.broker(2).restart()
    sim.run(12)
    sim.controller(101).crash()
    sim.broker(2).crash()
    frame = cluster_frame(sim)
    assert frame["brokers"][1]["state"] == frame["controller"]["nodes"][0]["state"] == "crashed"


def test_an_open_transaction_and_eligible_leaders_are_in_the_frame() -> None:
    sim = Simulation(brokers=3, seed=7, config={"broker.session.timeout.ms": 3_000})
    sim.create_topic("orders", replication_factor=3, config={"min.insync.replicas": 2})
    conf = {"bootstrap.servers": "kafka:9092"}
    producer = Producer(conf | {"transactional.id": "pay"}, sim=sim)
    producer.init_transactions()
    producer.begin_transaction()
    producer.produce("orders", "one")
    sim.run(1)
    (partition,) = cluster_frame(sim)["topics"][0]["partitions"]
    assert partition["last_stable_offset"] == 0 < partition["high_watermark"] == 1
    assert [each["last_stable"] for each in partition["replicas"].values()] == [0, 0, 0]
    assert "elr" not in partition
    producer.commit_transaction()
    sim.run(1)
    (partition,) = cluster_frame(sim)["topics"][0]["partitions"]
    assert not any("last_stable" in each for each in partition["replicas"].values())
    for broker in [each for each in (1, 2, 3) if each != sim.leader("orders", 0)]:
        sim.broker(broker).crash()
        sim.run(5)
    (partition,) = cluster_frame(sim)["topics"][0]["partitions"]
    assert partition["elr"] == list(sim.metadata.topics["orders"].partitions[0].elr) != []


def test_a_clock_that_is_wrong_is_told_of_brokers_and_clients() -> None:
    sim = Simulation(brokers=3, seed=7)
    sim.create_topic("orders", 1, 3)
    producer = Producer({"bootstrap.servers": "kafka:9092"}, sim=sim)
    producer.produce("orders", "one")
    producer.flush()
    sim.clocks.set(2, 2000)
    sim.clocks.set("producer-1", -350)
    sim.driver.command("drift 3 +50")
    sim.run(4)
    frame = cluster_frame(sim)
    assert [broker.get("clock") for broker in frame["brokers"]] == [
        None,
        {"ahead_ms": 2000, "gains_ms": 0},
        {"ahead_ms": 200, "gains_ms": 50},
    ]
    assert frame["clients"][0].get("clock") == {"ahead_ms": -350, "gains_ms": 0}
    sim.network.heal()
    healed = cluster_frame(sim)
    assert not any("clock" in each for each in (*healed["brokers"], *healed["clients"]))
