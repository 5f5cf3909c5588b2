"""Topics come, grow and go."""

from collections import Counter
from typing import Any

import pytest

from kafkalab.config import TOPIC_KEYS
from kafkalab.errors import ErrorCode
from kafkalab.protocol.messages.topics import (
    CreatableReplicaAssignment,
    CreatableTopic,
    CreatableTopicConfig,
    CreatePartitionsAssignment,
    CreatePartitionsRequest,
    CreatePartitionsTopic,
    DeleteTopicsRequest,
    DeleteTopicState,
)

E = ErrorCode


def manual(name: str, *replicas: tuple[int, ...], factor: int = -1) -> CreatableTopic:
    return CreatableTopic(
        name=name,
        num_partitions=-1,
        replication_factor=factor,
        assignments=tuple(
            CreatableReplicaAssignment(partition_index=i, broker_ids=ids)
            for i, ids in enumerate(replicas)
        ),
    )


def test_a_topic_is_created_with_leaders_and_full_isrs(three: Any, topic: Any) -> None:
    three.events()
    (result,) = three.create(topic("orders", 3, 3)).topics
    assert (result.error_code, result.num_partitions, result.replication_factor) == (0, 3, 3)
    image = three.image.topics["orders"]
    assert image.topic_id == result.topic_id
    assert three.image.topics_by_id[result.topic_id] is image
    for partition in image.partitions.values():
        assert partition.isr == partition.replicas
        assert (partition.leader, partition.leader_epoch) == (partition.replicas[0], 0)
    assert three.events() == [("TopicCreated", "orders", 3)]


def test_leaders_and_replicas_are_spread(bench: Any, topic: Any) -> None:
    bench.join(1, 2, 3, 4, 5)
    bench.create(topic("wide", 10, 3))
    partitions = bench.image.topics["wide"].partitions.values()
    assert set(Counter(p.leader for p in partitions).values()) == {2}
    assert set(Counter(r for p in partitions for r in p.replicas).values()) == {6}


def test_replicas_are_spread_over_racks(bench: Any, topic: Any) -> None:
    racks = {1: "a", 2: "a", 3: "b", 4: "b", 5: "c", 6: "c"}
    bench.join(*racks, racks=racks)
    bench.create(topic("racked", 12, 3))
    for partition in bench.image.topics["racked"].partitions.values():
        assert {racks[replica] for replica in partition.replicas} == {"a", "b", "c"}


def test_leaders_go_round_the_racks(bench: Any, topic: Any) -> None:
    racks = {1: "a", 2: "a", 3: "b", 4: "b"}
    bench.join(*racks, racks=racks)
    bench.create(topic("racked", 4, 2))
    leaders = [racks[p.leader] for p in bench.image.topics["racked"].partitions.values()]
    assert leaders in (["a", "b", "a", "b"], ["b", "a", "b", "a"])


def test_fenced_brokers_hold_replicas_only_when_needed_and_never_lead(
    three: Any, topic: Any
) -> None:
    three.lose(2)
    three.create(topic("two", 4, 2), topic("three", 4, 3))
    for partition in three.image.topics["two"].partitions.values():
        assert 2 not in partition.replicas
    for partition in three.image.topics["three"].partitions.values():
        assert partition.replicas[-1] == 2
        assert 2 not in partition.isr


def test_more_replicas_than_brokers_are_refused_in_kafkas_words(three: Any, topic: Any) -> None:
    (result,) = three.create(topic("orders", 1, 4)).topics
    assert result.error_code == E.INVALID_REPLICATION_FACTOR
    assert result.error_message.startswith(
        "Unable to replicate the partition 4 time(s): The target replication factor of 4 cannot "
        "be reached because only 3 broker(s) are registered"
    )


def test_no_topic_without_a_broker_in_service(three: Any, topic: Any) -> None:
    three.lose(1, 2, 3)
    (result,) = three.create(topic("orders", 1, 1)).topics
    assert result.error_code == E.INVALID_REPLICATION_FACTOR
    assert "All brokers are currently fenced" in result.error_message


@pytest.mark.parametrize(
    ("name", "partitions", "factor", "error"),
    [
        ("", 1, 1, E.INVALID_TOPIC_EXCEPTION),
        ("a b", 1, 1, E.INVALID_TOPIC_EXCEPTION),
        ("..", 1, 1, E.INVALID_TOPIC_EXCEPTION),
        ("x" * 250, 1, 1, E.INVALID_TOPIC_EXCEPTION),
        ("there", 1, 1, E.TOPIC_ALREADY_EXISTS),
        ("a.b", 1, 1, E.INVALID_TOPIC_EXCEPTION),
        ("__cluster_metadata", 1, 1, E.INVALID_REQUEST),
        ("new", 0, 1, E.INVALID_PARTITIONS),
        ("new", -2, 1, E.INVALID_PARTITIONS),
        ("new", 1, 0, E.INVALID_REPLICATION_FACTOR),
        ("new", 1, -2, E.INVALID_REPLICATION_FACTOR),
        ("new", 10_001, 1, E.POLICY_VIOLATION),
    ],
)
def test_bad_topics_are_refused(
    three: Any, topic: Any, name: str, partitions: int, factor: int, error: E
) -> None:
    three.create(topic("there", 1, 1), topic("a_b", 1, 1))
    before = three.image
    (result,) = three.create(topic(name, partitions, factor)).topics
    assert result.error_code == error
    assert three.image is before


def test_one_bad_topic_leaves_the_others_alone(three: Any, topic: Any) -> None:
    results = three.create(topic("good", 1, 1), topic("bad", 0, 1), topic("fine", 1, 1)).topics
    assert [(r.name, r.error_code) for r in results] == [
        ("good", E.NONE),
        ("bad", E.INVALID_PARTITIONS),
        ("fine", E.NONE),
    ]


def test_a_topic_named_twice_is_refused(three: Any, topic: Any) -> None:
    results = three.create(topic("a", 1, 1), topic("a", 2, 1), topic("b", 1, 1)).topics
    assert [(r.name, r.error_code) for r in results] == [("a", E.INVALID_REQUEST), ("b", E.NONE)]


def test_defaults_are_the_controllers(bench_with: Any, topic: Any) -> None:
    bench = bench_with(num_partitions=4, default_replication_factor=2).join(1, 2)
    (result,) = bench.create(topic("orders", -1, -1)).topics
    assert (result.num_partitions, result.replication_factor) == (4, 2)


def test_validation_alone_creates_nothing(three: Any, topic: Any) -> None:
    (result,) = three.create(topic("orders", 2, 3), validate_only=True).topics
    assert (result.error_code, result.num_partitions) == (E.NONE, 2)
    assert "orders" not in three.image.topics


def test_settings_are_checked_kept_and_reported(three: Any) -> None:
    def with_config(name: str, key: str, value: str | None) -> CreatableTopic:
        config = CreatableTopicConfig(name=key, value=value)
        return CreatableTopic(name=name, num_partitions=1, replication_factor=1, configs=(config,))

    results = three.create(
        with_config("a", "retention.ms", "1000"),
        with_config("b", "retention.ms", "soon"),
        with_config("c", "retention.mss", "1"),
        with_config("d", "retention.ms", None),
    ).topics
    assert [r.error_code for r in results] == [E.NONE, *[E.INVALID_CONFIG] * 3]
    assert three.image.configs[2, "a"] == {"retention.ms": "1000"}
    reported = {c.name: (c.value, c.config_source) for c in results[0].configs}
    assert list(reported) == sorted(TOPIC_KEYS)
    assert reported["retention.ms"] == ("1000", 1)
    assert reported["min.insync.replicas"] == ("1", 3)
    assert reported["unclean.leader.election.enable"] == ("false", 5)


def test_replicas_can_be_assigned_by_hand(three: Any) -> None:
    three.make("orders", (3, 1), (1, 2))
    assert three.partition("orders").replicas == (3, 1)
    assert three.partition("orders", 1).leader == 1


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        (manual("x", (1, 2), factor=2), E.INVALID_REQUEST),
        (manual("x", (1, 1)), E.INVALID_REPLICA_ASSIGNMENT),
        (manual("x", (1, 9)), E.INVALID_REPLICA_ASSIGNMENT),
        (manual("x", ()), E.INVALID_REPLICA_ASSIGNMENT),
        (manual("x", (1, 2), (1,)), E.INVALID_REPLICA_ASSIGNMENT),
    ],
)
def test_bad_assignments_are_refused(three: Any, bad: CreatableTopic, error: E) -> None:
    (result,) = three.create(bad).topics
    assert result.error_code == error


def test_topics_are_deleted_by_name_or_id_with_their_settings(three: Any) -> None:
    topic_id = three.make("a", (1,), retention_ms="5")
    three.make("b", (1,))
    three.events()
    request = DeleteTopicsRequest(
        topics=(
            DeleteTopicState(topic_id=topic_id),
            DeleteTopicState(name="b"),
            DeleteTopicState(name="gone"),
            DeleteTopicState(topic_id=b"x" * 16),
            DeleteTopicState(),
        )
    )
    answers = three.ask(request).responses
    assert [(a.name, a.error_code) for a in answers] == [
        ("a", E.NONE),
        ("b", E.NONE),
        ("gone", E.UNKNOWN_TOPIC_OR_PARTITION),
        (None, E.UNKNOWN_TOPIC_ID),
        (None, E.INVALID_REQUEST),
    ]
    assert not three.image.topics
    assert (2, "a") not in three.image.configs
    assert three.events() == [("TopicDeleted", "a"), ("TopicDeleted", "b")]


def test_the_old_request_deletes_by_names_alone(three: Any) -> None:
    three.make("a", (1,))
    answers = three.ask(DeleteTopicsRequest(topic_names=("a", "b"))).responses
    assert [a.error_code for a in answers] == [E.NONE, E.UNKNOWN_TOPIC_OR_PARTITION]


def test_a_topic_made_anew_has_another_id_even_after_a_restart(three: Any) -> None:
    seen = set()
    for _ in range(3):
        seen.add(three.make("a", (1,)))
        three.ask(DeleteTopicsRequest(topic_names=("a",)))
        three.restart()
    assert len(seen) == 3


def grow(bench: Any, count: int, *assignments: tuple[int, ...], topic: str = "orders") -> Any:
    request = CreatePartitionsRequest(
        topics=(
            CreatePartitionsTopic(
                name=topic,
                count=count,
                assignments=tuple(CreatePartitionsAssignment(broker_ids=a) for a in assignments)
                or None,
            ),
        )
    )
    return bench.ask(request).results[0].error_code


def test_partitions_are_added_and_never_taken_away(three: Any) -> None:
    three.make("orders", (1, 2))
    assert grow(three, 3) == E.NONE
    partitions = three.image.topics["orders"].partitions
    assert [len(p.replicas) for p in partitions.values()] == [2, 2, 2]
    assert grow(three, 3) == E.INVALID_PARTITIONS
    assert grow(three, 2) == E.INVALID_PARTITIONS
    assert grow(three, 4, (3, 1)) == E.NONE
    assert three.partition("orders", 3).replicas == (3, 1)
    assert grow(three, 6, (3, 1)) == E.INVALID_REPLICA_ASSIGNMENT
    assert grow(three, 5, (3,)) == E.INVALID_REPLICA_ASSIGNMENT
    assert grow(three, 5, topic="nowhere") == E.UNKNOWN_TOPIC_OR_PARTITION
