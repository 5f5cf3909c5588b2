"""Forks, restarts, checkpoints, settings: what concerns all replicas of a broker."""

import pytest
from replica_cluster import ORDERS, Cluster, a_batch, topic_id

from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.ids import TopicPartition
from kafkalab.metadata import records as r
from kafkalab.node import Effects
from kafkalab.replica import ReplicaManager


def fork(cluster: Cluster, id: int) -> tuple[ReplicaManager, Effects]:
    broker = cluster.brokers[id]
    effects = Effects()
    return broker.manager.fork(effects, broker.disk.fork()), effects


def test_a_fork_goes_its_own_way() -> None:
    cluster = Cluster()
    cluster.topic()
    cluster.run(10)
    cluster.produce(a_batch("before"))
    cluster.run(20)
    number = cluster.produce(a_batch("parked"))
    twin, effects = fork(cluster, 1)
    partition = twin.partition(ORDERS)
    assert partition is not None
    partition.append(a_batch("only in the twin"), cluster.now)
    assert partition.log.log_end_offset == 3
    assert cluster.replica(1).log.log_end_offset == 2
    cluster.run(20)
    assert cluster.produced(number).error_code == 0
    assert (partition.high_watermark, cluster.replica(1).high_watermark) == (1, 2)
    twin.on_timer(cluster.now + 40_000)
    answers = [response for ticket, response in effects.replies if ticket.correlation_id == number]
    (answer,) = answers[0].responses[0].partition_responses
    assert answer.error_code == ErrorCode.REQUEST_TIMED_OUT, "its own parked produce"


def test_a_fork_of_a_whole_cluster_does_the_same_as_the_original() -> None:
    cluster = Cluster()
    cluster.topic()
    cluster.run(700)
    cluster.produce(a_batch("a"))
    cluster.run(3)
    twins = {id: fork(cluster, id) for id in (1, 2, 3)}
    for id, broker in cluster.brokers.items():
        twin, effects = twins[id]
        broker.events = []
        broker.manager.on_timer(cluster.now + 600)
        twin.on_timer(cluster.now + 600)
        assert effects.events == broker.effects.events
        assert effects.calls == broker.effects.calls
        assert effects.replies == broker.effects.replies
        assert twin.next_timer() == broker.manager.next_timer()


def test_a_restarted_broker_begins_at_its_checkpoint() -> None:
    cluster = Cluster(1)
    cluster.topic(replicas=(1,))
    cluster.produce()
    cluster.run(5_000)
    cluster.produce()
    assert cluster.brokers[1].disk.checkpoints == {ORDERS: 1}
    log = cluster.brokers[1].disk.after_crash().logs[ORDERS]
    assert (log.high_watermark, log.log_end_offset) == (1, 2)
    cluster.crash(1)
    cluster.restart(1)
    assert cluster.replica(1).high_watermark == 2, "a leader alone knows at once"


def test_logs_of_topics_deleted_meanwhile_are_removed_at_the_start() -> None:
    cluster = Cluster()
    cluster.topic()
    cluster.topic("kept")
    cluster.run(10)
    cluster.crash(3)
    cluster.publish(r.RemoveTopicRecord(topic_id=topic_id("orders")))
    cluster.restart(3)
    assert list(cluster.brokers[3].disk.logs) == [TopicPartition("kept", 0)]


def test_a_coordinator_writes_as_with_acks_all() -> None:
    cluster = Cluster()
    cluster.topic(min_insync_replicas=2)
    cluster.run(10)
    manager = cluster.brokers[1].manager
    assert manager.append(ORDERS, a_batch("a", "b"), cluster.now) == 1
    cluster._drain(cluster.brokers[1])
    cluster.run(10)
    assert manager.take_high_watermarks() == [(ORDERS, 2)]
    with pytest.raises(KafkaError) as caught:
        cluster.brokers[2].manager.append(ORDERS, a_batch("c"), cluster.now)
    assert caught.value.code is ErrorCode.NOT_LEADER_OR_FOLLOWER
    cluster.change(isr=(1,))
    with pytest.raises(KafkaError) as caught:
        manager.append(ORDERS, a_batch("c"), cluster.now)
    assert caught.value.code is ErrorCode.NOT_ENOUGH_REPLICAS


def test_settings_of_a_topic_take_effect_at_once() -> None:
    cluster = Cluster(1)
    cluster.topic(replicas=(1,))
    cluster.publish(
        r.ConfigRecord(
            resource_type=2, resource_name="orders", name="max.message.bytes", value="100"
        )
    )
    number = cluster.produce(a_batch("x" * 200))
    assert cluster.produced(number).error_code == ErrorCode.MESSAGE_TOO_LARGE


def test_old_segments_are_deleted_in_time_and_followers_told() -> None:
    cluster = Cluster(2)
    cluster.topic(replicas=(1, 2), retention_ms=1_000, segment_bytes=100)
    cluster.run(10)
    for value in "abc":
        cluster.produce(a_batch(value))
    cluster.run(301_000)
    starts = [cluster.replica(id).log.log_start_offset for id in (1, 2)]
    assert starts == [3, 3]
    assert (1, ("LogStartAdvanced", "orders", 0, 3)) in cluster.events("LogStartAdvanced")


def test_a_replica_moved_away_leaves_nothing_behind() -> None:
    cluster = Cluster()
    cluster.topic(replicas=(1, 2))
    cluster.run(10)
    cluster.publish(
        r.PartitionChangeRecord(
            partition_id=0, topic_id=topic_id("orders"), replicas=(2, 3), isr=(2,), leader=2
        )
    )
    assert cluster.brokers[1].disk.logs == {}
    assert cluster.brokers[1].manager.take_role_changes() == [(ORDERS, 0), (ORDERS, None)]
    cluster.run(100)
    assert cluster.replica(2).isr == (2, 3)
