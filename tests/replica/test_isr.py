"""Who is in sync: shrinking, expanding, and what acks=all may promise meanwhile."""

from replica_cluster import ORDERS, Cluster, a_batch

from kafkalab.errors import ErrorCode
from kafkalab.metadata import records as r
from kafkalab.protocol.messages.partitions import AlterPartitionRequest


def asked(cluster: Cluster) -> list[AlterPartitionRequest]:
    return [call[2] for call in cluster.calls if isinstance(call[2], AlterPartitionRequest)]


def test_a_follower_that_lags_is_left_out_and_taken_in_again() -> None:
    cluster = Cluster()
    cluster.topic(min_insync_replicas=2)
    cluster.run(10)
    cluster.crash(3)
    number = cluster.produce(a_batch("a"), timeout_ms=100_000)
    cluster.run(29_000)
    assert cluster.replica(1).isr == (1, 2, 3), "not yet thirty seconds"
    assert number not in cluster.answers
    cluster.run(17_000)
    assert cluster.replica(1).isr == (1, 2)
    assert cluster.produced(number).error_code == 0, "two of two have it"
    cluster.restart(3)
    cluster.run(2_000)
    assert cluster.image.topics["orders"].partitions[0].isr == (1, 2, 3)
    assert cluster.values(3) == ["a"]
    assert [event[3:] for _, event in cluster.events("IsrShrinkAsked", "IsrExpandAsked")] == [
        ((1, 2, 3), (1, 2)),
        ((1, 2), (1, 2, 3)),
    ]


def test_a_change_of_the_isr_is_asked_with_the_epochs_of_the_brokers() -> None:
    cluster = Cluster()
    cluster.topic(isr=(1, 2))
    cluster.run(20)
    (request,) = asked(cluster)
    (change,) = request.topics[0].partitions
    assert (request.broker_id, request.broker_epoch) == (1, 1)
    assert (change.leader_epoch, change.partition_epoch) == (0, 0)
    epochs = {one.broker_id: one.broker_epoch for one in change.new_isr_with_epochs}
    assert epochs[1] == epochs[3] == 1
    assert cluster.replica(1).isr == (1, 2, 3)
    assert cluster.replica(1).partition_epoch == 1


def test_an_idle_follower_stays_in_sync_although_it_is_never_looked_at() -> None:
    """Idle for an hour, then one record: nobody has lagged."""
    cluster = Cluster()
    cluster.topic()
    cluster.run(3_600_000)
    cluster.produce()
    leading = cluster.replica(1).leading
    assert leading is not None
    leading.shrink_isr(cluster.now)
    assert cluster.replica(1).isr == (1, 2, 3)
    assert not cluster.events("IsrShrinkAsked")


def test_too_small_an_isr_refuses_acks_all_before_writing() -> None:
    cluster = Cluster()
    cluster.topic(min_insync_replicas=2, isr=(1,))
    cluster.controller_is_up = False
    cluster.crash(2)
    cluster.crash(3)
    number = cluster.produce()
    assert cluster.produced(number).error_code == ErrorCode.NOT_ENOUGH_REPLICAS
    assert cluster.replica(1).log.log_end_offset == 0
    assert cluster.produced(cluster.produce(acks=1)).error_code == 0
    assert cluster.replica(1).high_watermark == 0, "it does not move below min.insync.replicas"


def test_a_follower_that_left_the_isr_is_waited_for_while_it_may_come_back() -> None:
    cluster = Cluster(2)
    cluster.topic(replicas=(1, 2), min_insync_replicas=1)
    cluster.run(10)
    cluster.crash(2)
    number = cluster.produce()
    cluster.change(isr=(1,))
    assert number not in cluster.answers, "2 is out, but near: it may come in again"
    cluster.fence(2)
    assert cluster.produced(number).error_code == 0
    cluster.publish(config("min.insync.replicas", "2"))
    number = cluster.produce()
    assert cluster.produced(number).error_code == ErrorCode.NOT_ENOUGH_REPLICAS


def test_an_isr_that_became_too_small_holds_the_high_watermark() -> None:
    cluster = Cluster()
    cluster.topic(min_insync_replicas=2)
    cluster.run(10)
    cluster.crash(2)
    cluster.crash(3)
    number = cluster.produce()
    cluster.change(isr=(1,))
    cluster.fence(2)
    cluster.fence(3)
    assert number not in cluster.answers, "the high watermark stands"
    cluster.publish(config("min.insync.replicas", "1"))
    assert cluster.produced(number).error_code == 0


def config(name: str, value: str) -> r.ConfigRecord:
    return r.ConfigRecord(resource_type=2, resource_name="orders", name=name, value=value)


def test_while_a_change_is_pending_the_larger_isr_counts() -> None:
    cluster = Cluster()
    cluster.topic(isr=(1, 2))
    cluster.controller_is_up = False
    cluster.run(20)
    leading = cluster.replica(1).leading
    assert leading is not None
    assert leading.isr_state.isr == (1, 2)
    assert leading.isr_state.maximal == (1, 2, 3)
    cluster.crash(3)
    number = cluster.produce()
    cluster.run(20)
    assert number not in cluster.answers, "3 may be in the ISR by now"


def test_an_unheard_request_is_sent_again_every_fifty_milliseconds() -> None:
    cluster = Cluster()
    cluster.controller_is_up = False
    cluster.topic(isr=(1, 2))
    cluster.run(500)
    assert len(asked(cluster)) > 5
    cluster.controller_is_up = True
    cluster.run(100)
    assert cluster.replica(1).isr == (1, 2, 3)


def test_an_ineligible_replica_is_asked_for_again_with_a_later_fetch() -> None:
    cluster = Cluster()
    cluster.refuse_isr_changes = ErrorCode.INELIGIBLE_REPLICA
    cluster.topic(isr=(1, 2))
    cluster.run(20)
    leading = cluster.replica(1).leading
    assert leading is not None
    assert leading.isr_state.maximal == (1, 2), "back to what is committed"
    assert len(asked(cluster)) == 1
    cluster.refuse_isr_changes = None
    cluster.run(600)
    assert cluster.replica(1).isr == (1, 2, 3)


def test_an_outdated_request_waits_for_the_metadata() -> None:
    cluster = Cluster()
    cluster.refuse_isr_changes = ErrorCode.INVALID_UPDATE_VERSION
    cluster.topic(isr=(1, 2))
    cluster.run(2_000)
    assert len(asked(cluster)) == 1
    cluster.refuse_isr_changes = None
    cluster.change(isr=(1, 2))
    cluster.run(600)
    assert cluster.replica(1).isr == (1, 2, 3)


def test_a_fenced_broker_does_not_join_until_it_is_unfenced() -> None:
    cluster = Cluster()
    cluster.publish(r.FenceBrokerRecord(id=3, epoch=1))
    cluster.topic(isr=(1, 2))
    cluster.run(5_000)
    assert not asked(cluster)
    cluster.publish(r.UnfenceBrokerRecord(id=3, epoch=1))
    cluster.run(600)
    assert cluster.replica(1).isr == (1, 2, 3)


def test_a_new_leader_gives_its_followers_the_benefit_of_the_doubt() -> None:
    cluster = Cluster()
    cluster.topic()
    cluster.run(100_000)
    cluster.change(leader=2)
    cluster.run(16_000)
    assert not cluster.events("IsrShrinkAsked")
    assert cluster.replica(2).isr == (1, 2, 3)
    assert cluster.replica(2).log.topic_partition == ORDERS


def test_an_isr_too_small_when_the_record_is_committed_is_reported_after_the_append() -> None:
    """The metadata that lets the high watermark pass also asks for more replicas."""
    cluster = Cluster()
    cluster.topic()
    cluster.run(10)
    cluster.crash(2)
    cluster.crash(3)
    number = cluster.produce()
    id = cluster.image.topics["orders"].topic_id
    cluster.publish(
        r.FenceBrokerRecord(id=2, epoch=1),
        r.FenceBrokerRecord(id=3, epoch=1),
        r.PartitionChangeRecord(partition_id=0, topic_id=id, isr=(1,)),
        config("min.insync.replicas", "2"),
    )
    answer = cluster.produced(number)
    assert answer.error_code == ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND
    assert answer.base_offset == 0
