"""Records from the leader to its followers, the high watermark, and acks."""

from replica_cluster import ORDERS, Cluster, a_batch, topic_id

from kafkalab.errors import ErrorCode
from kafkalab.ids import TopicPartition
from kafkalab.metadata import records as r
from kafkalab.protocol.messages.produce import (
    PartitionProduceData,
    ProduceRequest,
    TopicProduceData,
)
from kafkalab.record import Records
from kafkalab.record.records import Entry


def test_acks_all_is_answered_when_every_in_sync_replica_has_the_record() -> None:
    cluster = Cluster()
    cluster.topic(min_insync_replicas=2)
    cluster.run(10)
    number = cluster.produce(a_batch("a", "b"))
    assert number not in cluster.answers
    cluster.run(10)
    answer = cluster.produced(number)
    assert (answer.error_code, answer.base_offset) == (0, 0)
    assert [cluster.values(id) for id in (1, 2, 3)] == [["a", "b"]] * 3
    assert cluster.replica(1).high_watermark == 2
    (entry,) = cluster.replica(1).log.entries_from(0)
    assert next(cluster.replica(2).log.entries_from(0)) is entry, "shared, not copied"


def test_followers_learn_the_high_watermark_with_their_next_answer() -> None:
    cluster = Cluster()
    cluster.topic()
    cluster.run(10)
    cluster.produce(a_batch("a"))
    cluster.run(10)
    assert cluster.replica(2).high_watermark == 0
    cluster.run(510)
    assert cluster.replica(2).high_watermark == 1


def test_acks_one_is_answered_by_the_leader_alone_and_acks_zero_never() -> None:
    cluster = Cluster()
    cluster.topic()
    assert cluster.produced(cluster.produce(acks=1)).error_code == 0
    number = cluster.produce(acks=0)
    assert cluster.answers[number] is None
    refused = cluster.produce(acks=0, key=TopicPartition("nothing", 0))
    assert cluster.closed == [refused]
    assert cluster.produced(cluster.produce(acks=2)).error_code == ErrorCode.INVALID_REQUIRED_ACKS


def test_one_replica_commits_at_the_append() -> None:
    cluster = Cluster(1)
    cluster.topic(replicas=(1,))
    number = cluster.produce()
    assert cluster.produced(number).error_code == 0
    assert cluster.brokers[1].manager.take_high_watermarks() == [(ORDERS, 1)]
    assert cluster.brokers[1].manager.take_high_watermarks() == []


def test_a_new_topic_need_not_wait_for_the_end_of_a_long_poll() -> None:
    """The followers' fetches are parked when the second topic comes."""
    cluster = Cluster()
    cluster.topic("first")
    cluster.run(100)
    cluster.topic("second")
    number = cluster.produce(key=TopicPartition("second", 0))
    cluster.run(20)
    assert cluster.produced(number).error_code == 0


def test_a_follower_that_hears_of_a_topic_late_is_not_kept_waiting() -> None:
    cluster = Cluster()
    cluster.topic("first")
    cluster.run(100)
    records = cluster.topic("second", except_for=(2,))
    cluster.run(5)
    cluster.catch_up(2, *records)
    number = cluster.produce(key=TopicPartition("second", 0))
    cluster.run(30)
    assert cluster.produced(number).error_code == 0


def test_a_leader_that_hears_of_a_topic_late_does_not_send_followers_away() -> None:
    cluster = Cluster()
    records = cluster.topic(except_for=(1,))
    cluster.run(20)
    cluster.catch_up(1, *records)
    number = cluster.produce()
    cluster.run(10)
    assert cluster.produced(number).error_code == 0


def test_a_batch_sent_twice_is_acknowledged_twice_and_appended_once() -> None:
    cluster = Cluster()
    cluster.topic()
    batch = a_batch("a", producer_id=7, sequence=0)
    numbers = [cluster.produce(batch), cluster.produce(batch)]
    cluster.run(20)
    assert [cluster.produced(number).base_offset for number in numbers] == [0, 0]
    assert cluster.values(1) == ["a"]
    assert cluster.events("DuplicateDropped") == [(1, ("DuplicateDropped", "orders", 0, 7, 0, 0))]
    gap = cluster.produce(a_batch("c", producer_id=7, sequence=2))
    assert cluster.produced(gap).error_code == ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER


def test_produce_says_what_is_wrong_per_partition() -> None:
    cluster = Cluster()
    cluster.topic(max_message_bytes=200)
    cluster.topic("__consumer_offsets")
    offsets = TopicPartition("__consumer_offsets", 0)
    unknown = cluster.produce(key=TopicPartition("orders", 5))
    assert cluster.produced(unknown).error_code == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    elsewhere = cluster.produced(cluster.produce(to=2))
    assert elsewhere.error_code == ErrorCode.NOT_LEADER_OR_FOLLOWER
    assert (elsewhere.current_leader.leader_id, elsewhere.current_leader.leader_epoch) == (1, 0)
    large = cluster.produce(a_batch("x" * 300))
    assert cluster.produced(large).error_code == ErrorCode.MESSAGE_TOO_LARGE
    internal = cluster.produce(key=offsets)
    assert cluster.produced(internal).error_code == ErrorCode.INVALID_TOPIC_EXCEPTION
    admin = cluster.produce(key=offsets, client="__admin_client", acks=1)
    assert cluster.produced(admin).error_code == 0
    by_id = cluster.produce(version=13, acks=1)
    assert cluster.produced(by_id).error_code == 0


def test_a_produce_that_is_not_replicated_in_time_says_so() -> None:
    cluster = Cluster()
    cluster.topic()
    cluster.crash(2)
    number = cluster.produce(timeout_ms=100)
    cluster.run(101)
    answer = cluster.produced(number)
    assert (answer.error_code, answer.base_offset) == (ErrorCode.REQUEST_TIMED_OUT, 0)


def test_a_delayed_produce_ends_when_its_leader_stops_leading() -> None:
    cluster = Cluster()
    cluster.topic()
    cluster.run(10)
    cluster.crash(3)
    number = cluster.produce()
    cluster.run(20)
    assert number not in cluster.answers
    cluster.change(leader=2, isr=(1, 2))
    assert cluster.produced(number).error_code == ErrorCode.NOT_LEADER_OR_FOLLOWER
    assert cluster.brokers[1].manager.take_role_changes() == [(ORDERS, 0), (ORDERS, None)]
    assert cluster.brokers[2].manager.take_role_changes() == [(ORDERS, 1)]


def test_a_topic_made_again_under_its_name_has_a_log_of_its_own() -> None:
    cluster = Cluster()
    cluster.topic()
    cluster.run(10)
    cluster.produce(a_batch("old"))
    cluster.run(10)
    cluster.publish(r.RemoveTopicRecord(topic_id=topic_id("orders")))
    assert cluster.brokers[1].disk.logs == {}
    cluster.topic(generation=1)
    number = cluster.produce(a_batch("new"))
    cluster.run(50)
    assert cluster.produced(number).base_offset == 0
    assert [cluster.values(id) for id in (1, 2, 3)] == [["new"]] * 3


def test_damaged_bytes_fail_their_partition_and_no_other() -> None:
    cluster = Cluster(1)
    cluster.topic(replicas=(1,), partitions=2)
    good = b"".join(Records((Entry(0, -1, a_batch("a")),)).buffers())
    bad = bytearray(good)
    bad[-1] ^= 1
    data = tuple(
        [
            PartitionProduceData(index=index, records=memoryview(part))
            for index, part in enumerate((bytes(bad), good))
        ]
    )
    request = ProduceRequest(
        acks=-1, timeout_ms=1000, topic_data=(TopicProduceData(name="orders", partition_data=data),)
    )
    number = cluster.ask(1, "produce", request, 12)
    parts = cluster.answers[number].responses[0].partition_responses
    assert [part.error_code for part in parts] == [ErrorCode.CORRUPT_MESSAGE, 0]
    assert cluster.values(1, TopicPartition("orders", 1)) == ["a"]
    assert cluster.events("AppendRefused") == [
        (1, ("AppendRefused", "orders", 0, "CORRUPT_MESSAGE"))
    ]


def test_a_leader_that_cannot_be_reached_is_asked_again_after_a_second() -> None:
    cluster = Cluster(2)
    cluster.topic(replicas=(1, 2))
    cluster.run(100)
    cluster.crash(1)
    cluster.run(3_500)
    fetches = [call for call in cluster.calls if call[:2] == (2, 1)]
    assert 4 <= len(fetches) <= 6
    cluster.restart(1)
    cluster.change(leader=1)
    number = cluster.produce(a_batch("a"))
    cluster.run(1_100)
    assert cluster.produced(number).error_code == 0
