"""Brokers register, are fenced when silent, come back, and leave in order."""

from typing import Any

from kafkalab.errors import ErrorCode
from kafkalab.protocol.messages.brokers import (
    BrokerHeartbeatRequest,
    BrokerRegistrationRequest,
    Feature,
    UnregisterBrokerRequest,
)


def test_an_empty_log_begins_with_the_bootstrap_records(bench: Any) -> None:
    levels = {
        "metadata.version": 30,
        "eligible.leader.replicas.version": 1,
        "transaction.version": 2,
        "group.version": 1,
    }
    assert bench.image.features == levels
    assert bench.image.configs[4, ""] == {"min.insync.replicas": "1"}
    assert bench.controller.is_active


def test_a_broker_epoch_is_the_offset_of_its_registration(bench: Any) -> None:
    offset = bench.image.offset
    assert bench.register(1).broker_epoch == offset + 1
    broker = bench.image.brokers[1]
    assert (broker.epoch, broker.fenced, broker.host, broker.port) == (
        offset + 1,
        True,
        "broker-1",
        9092,
    )
    assert ("BrokerRegistered", 1, offset + 1) in bench.events()


def test_a_broker_is_unfenced_once_it_has_replayed_its_registration(bench: Any) -> None:
    epoch = bench.register(1).broker_epoch
    answer = bench.beat(1, offset=epoch - 1)
    assert (answer.is_caught_up, answer.is_fenced) == (False, True)
    answer = bench.beat(1, offset=epoch, fence=True)
    assert (answer.is_caught_up, answer.is_fenced) == (True, True)
    assert not bench.beat(1, offset=epoch).is_fenced
    assert bench.events("BrokerUnfenced") == [("BrokerUnfenced", 1)]


def test_silence_for_the_session_timeout_fences(three: Any) -> None:
    three.events()
    three.lose(2)
    assert [b.fenced for b in three.image.brokers.values()] == [False, True, False]
    assert three.events("BrokerFenced") == [("BrokerFenced", 2)]
    assert not three.beat(2).is_fenced  # heard again: back in service


def test_a_second_process_cannot_take_the_id_of_a_live_one(three: Any) -> None:
    answer = three.register(1, incarnation=2)
    assert answer.error_code == ErrorCode.DUPLICATE_BROKER_REGISTRATION
    three.lose(1)
    assert three.register(1, incarnation=2).error_code == ErrorCode.NONE


def test_registering_again_as_the_same_incarnation_keeps_the_epoch(three: Any) -> None:
    epoch = three.image.brokers[1].epoch
    assert three.register(1).broker_epoch == epoch
    assert not three.image.brokers[1].fenced


def test_a_heartbeat_in_another_epoch_is_stale(three: Any) -> None:
    for broker_id, epoch in ((1, 999), (9, 1)):
        request = BrokerHeartbeatRequest(broker_id=broker_id, broker_epoch=epoch)
        assert three.ask(request).error_code == ErrorCode.STALE_BROKER_EPOCH


def test_a_broker_that_does_not_know_the_clusters_features_is_refused(bench: Any) -> None:
    old = Feature(name="metadata.version", min_supported_version=7, max_supported_version=29)
    for features, error in (
        ((), ErrorCode.INVALID_REGISTRATION),
        ((old,), ErrorCode.UNSUPPORTED_VERSION),
    ):
        request = BrokerRegistrationRequest(broker_id=1, cluster_id="kafkalab", features=features)
        assert bench.ask(request).error_code == error
    request = BrokerRegistrationRequest(broker_id=1, cluster_id="another")
    assert bench.ask(request).error_code == ErrorCode.INCONSISTENT_CLUSTER_ID


def test_a_controlled_shutdown_moves_leaderships_and_waits_until_all_know(three: Any) -> None:
    three.make("orders", (1, 2, 3))
    answer = three.beat(1, shut_down=True)
    assert (answer.should_shut_down, answer.is_fenced) == (False, False)
    partition = three.partition("orders")
    assert (partition.leader, partition.isr, partition.leader_epoch) == (2, (2, 3), 1)
    assert three.image.brokers[1].in_controlled_shutdown
    offset = three.image.offset
    assert not three.beat(1, shut_down=True).should_shut_down
    three.beat(2, offset=offset)
    assert not three.beat(1, shut_down=True).should_shut_down
    three.beat(3, offset=offset)
    assert three.beat(1, shut_down=True).should_shut_down
    assert three.image.brokers[1].fenced


def test_a_broker_that_leads_nothing_may_go_at_once(three: Any) -> None:
    assert three.beat(1, shut_down=True).should_shut_down
    assert three.image.brokers[1].fenced


def test_a_broker_in_controlled_shutdown_gets_no_new_replicas(three: Any, topic: Any) -> None:
    three.make("orders", (1, 2, 3))
    three.beat(1, shut_down=True)
    (result,) = three.create(topic("late", 1, 3)).topics
    assert result.error_code == ErrorCode.INVALID_REPLICATION_FACTOR


def test_an_unregistered_broker_is_forgotten(three: Any) -> None:
    three.make("orders", (1, 2, 3))
    assert three.ask(UnregisterBrokerRequest(broker_id=1)).error_code == ErrorCode.NONE
    assert list(three.image.brokers) == [2, 3]
    assert three.partition("orders").isr == (2, 3)
    answer = three.ask(UnregisterBrokerRequest(broker_id=1))
    assert answer.error_code == ErrorCode.BROKER_ID_NOT_REGISTERED


def test_a_restarted_controller_gives_known_brokers_a_fresh_session(three: Any) -> None:
    three.run_until(8_000)
    three.restart()
    three.run_until(16_999)
    assert not any(broker.fenced for broker in three.image.brokers.values())
    three.run_until(17_001)
    assert all(broker.fenced for broker in three.image.brokers.values())
