"""Requests lost, late or answered at the door, and partitions of one direction."""

from typing import Any

import pytest

from kafkalab import Consumer, Producer, Simulation
from kafkalab.client.consumer.offset_requests import committed_offsets, offset_fetch_request
from kafkalab.errors import ErrorCode
from kafkalab.ids import TopicPartition
from kafkalab.protocol import api_keys, codec
from kafkalab.protocol.api_keys import ApiKey
from kafkalab.protocol.messages.group_offsets import OffsetFetchResponse
from kafkalab.world import CommandError
from kafkalab.world.faults import parse
from kafkalab.world.intercept import refused


def a_cluster() -> Simulation:
    sim = Simulation(brokers=3, seed=1)
    sim.create_topic("orders", partitions=1, replication_factor=3)
    return sim


def produce(sim: Simulation, count: int = 1, **conf: Any) -> list[str]:
    """What became of each record."""
    producer = Producer({"bootstrap.servers": sim.bootstrap_servers, **conf}, sim=sim)
    told: list[str] = []
    for number in range(count):
        producer.produce(
            "orders",
            f"v{number}",
            on_delivery=lambda error, _: told.append(error.name() if error else "ok"),
        )
        producer.flush()
    return told


def intercepted(sim: Simulation) -> list[tuple[Any, ...]]:
    return [entry.event[1:4] for entry in sim.trace.of("RequestIntercepted")]


def test_a_request_that_is_dropped_breaks_its_connection_and_is_sent_again() -> None:
    sim = a_cluster()
    leader = sim.leader("orders", 0)
    sim.network.drop("Produce", leader)
    assert produce(sim, 2) == ["ok", "ok"]
    assert intercepted(sim) == [("PRODUCE", "producer-1", "drop")]
    assert len(sim.records("orders")) == 2


def test_a_request_that_stalls_comes_late_and_nothing_overtakes_it() -> None:
    sim = a_cluster()
    before = sim.now
    sim.network.stall("Produce", sim.leader("orders", 0), 700)
    assert produce(sim, 3) == ["ok"] * 3
    assert 700 < sim.now - before < 1_200
    assert [record.value for record in sim.records("orders")] == [b"v0", b"v1", b"v2"]


def test_an_answer_from_the_door_is_taken_for_the_server_s() -> None:
    sim = a_cluster()
    leader = sim.leader("orders", 0)
    sim.network.answer("Produce", leader, "NOT_LEADER_OR_FOLLOWER")
    assert produce(sim) == ["ok"]
    assert intercepted(sim) == [("PRODUCE", "producer-1", "answer")]
    sim.network.answer("Produce", leader, "TOPIC_AUTHORIZATION_FAILED")
    assert produce(sim) == ["TOPIC_AUTHORIZATION_FAILED"]
    assert len(sim.records("orders")) == 1


def test_a_rule_for_one_source_leaves_others_alone() -> None:
    sim = a_cluster()
    leader = sim.leader("orders", 0)
    follower = next(id for id in (1, 2, 3) if id != leader)
    sim.network.drop("Fetch", leader, source=follower)
    sim.run(2)
    assert intercepted(sim) == [("FETCH", f"broker-{follower}", "drop")]
    assert sim.isr("orders", 0) == sim.metadata.topics["orders"].partitions[0].replicas


def test_a_fork_has_the_rules_and_the_stalls_of_its_origin() -> None:
    sim = a_cluster()
    leader = sim.leader("orders", 0)
    sim.network.stall("Fetch", leader, 800)
    sim.network.drop("Metadata", leader)
    sim.run(0.6)
    branch = sim.fork()
    sim.run(5)
    branch.run(5)
    assert branch.trace.digest() == sim.trace.digest()


def test_one_way_holds_one_direction_only() -> None:
    sim = a_cluster()
    leader = sim.leader("orders", 0)
    followers = [id for id in (1, 2, 3) if id != leader]
    sim.network.partition_one_way([leader], followers)
    sim.run(5)
    waits = {(p.source, p.target) for p in sim.world.network.connections.pipes() if p.owed}
    assert waits and all(source == f"broker-{leader}" for source, _ in waits)
    sim.network.heal()
    sim.run(5)
    assert not any(pipe.owed for pipe in sim.world.network.connections.pipes())
    assert produce(sim, acks="all") == ["ok"]


@pytest.mark.parametrize(
    "api", ["Produce", "Fetch", "Metadata", "FindCoordinator", "JoinGroup", "OffsetFetch"]
)
def test_real_clients_understand_every_refusal(api: str) -> None:
    sim = a_cluster()
    for broker in (1, 2, 3):
        sim.network.answer(api, broker, "COORDINATOR_LOAD_IN_PROGRESS")
    produce(sim)
    consumer = Consumer(
        {
            "bootstrap.servers": sim.bootstrap_servers,
            "group.id": "g",
            "auto.offset.reset": "earliest",
        },
        sim=sim,
    )
    consumer.subscribe(["orders"])
    sim.run(1)
    consumer.poll(30)
    assert intercepted(sim)


@pytest.mark.parametrize(
    "key",
    [
        key
        for key in ApiKey
        if key.name
        in (
            "PRODUCE",
            "FETCH",
            "METADATA",
            "JOIN_GROUP",
            "SYNC_GROUP",
            "HEARTBEAT",
            "OFFSET_COMMIT",
            "OFFSET_FETCH",
            "FIND_COORDINATOR",
            "LIST_OFFSETS",
            "INIT_PRODUCER_ID",
            "ALTER_PARTITION",
            "BROKER_HEARTBEAT",
            "CREATE_TOPICS",
            "DELETE_TOPICS",
            "LEAVE_GROUP",
        )
    ],
)
def test_a_refusal_can_be_written_in_every_version(key: ApiKey) -> None:
    request_class = api_keys.request_class(key)
    response_class = api_keys.response_class(key)
    response = refused(request_class(), response_class, ErrorCode.UNKNOWN_SERVER_ERROR)
    valid = response_class.VERSIONS.valid
    for version in range(valid.low, valid.high + 1):
        codec.encode(response, version)


@pytest.mark.parametrize("version", range(1, 10))
def test_a_refused_offset_fetch_says_so_in_the_form_of_its_version(version: int) -> None:
    """From version 8 on the error stands with each group: elsewhere it would not be written."""
    asked = offset_fetch_request("g", [TopicPartition("t", 0)], True, version)
    response = refused(asked, OffsetFetchResponse, ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)
    data = codec.encode_bytes(response, version)
    received = codec.decode(OffsetFetchResponse, version, memoryview(data))
    error, offsets = committed_offsets(received)
    errors = {error, *(each.error for each in offsets.values())} - {0}
    assert errors == {ErrorCode.COORDINATOR_LOAD_IN_PROGRESS}


@pytest.mark.parametrize(
    "words",
    [
        "drop Produced 2",
        "answer Fetch 2 NO_SUCH_ERROR",
        "stall Fetch 2 soon",
        "partition 1 > 2 > 3",
        "drop Fetch 2 3",
        "stall Fetch 2",
    ],
)
def test_words_that_are_no_interception_are_refused_with_the_forms(words: str) -> None:
    with pytest.raises(CommandError, match="what there is"):
        parse(words)
