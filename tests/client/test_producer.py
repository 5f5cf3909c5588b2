"""Conversations of a producer with brokers that append to real logs, and misbehave."""

import pytest
from producer_bench import (
    LOSE_ANSWER,
    LOSE_REQUEST,
    SILENT,
    ProducerBench,
    random_script,
)

from kafkalab.client.errors import KafkaException
from kafkalab.config import ConfigError
from kafkalab.errors import ErrorCode
from kafkalab.ids import TopicPartition

ORDERS = TopicPartition("orders", 0)
IDEMPOTENT = {"enable.idempotence": True}


def numbers(count: int) -> list[str]:
    return [str(number) for number in range(count)]


def test_records_arrive_in_order_and_are_reported_with_their_offsets() -> None:
    bench = ProducerBench()
    bench.produce(*numbers(10))
    bench.run(1000)
    assert bench.values() == numbers(10)
    assert [(report.id, report.record.offset) for report in bench.reports] == [
        (number + 1, number) for number in range(10)
    ]
    assert bench.node.outstanding() == 0
    assert len(bench.kinds("RecordAcknowledged")) == 10


def test_lingering_gathers_records_into_one_request() -> None:
    bench = ProducerBench({"linger.ms": 50})
    bench.run(1000)
    bench.produce("first, so that the connection stands")
    bench.run(100)
    bench.produced.clear()
    for value in numbers(5):
        bench.produce(value)
        bench.run(9)
    assert not bench.produced
    bench.run(20)
    assert len(bench.produced) == 1
    assert bench.values()[1:] == numbers(5)


def test_flushing_does_not_linger() -> None:
    bench = ProducerBench({"linger.ms": 60_000})
    bench.produce("a", "b")
    bench.run(1000)
    assert not bench.produced
    bench.node.begin_flush(bench.now)
    bench.run(50)
    assert bench.values() == ["a", "b"]
    assert len(bench.produced) == 1


def test_a_full_batch_does_not_wait() -> None:
    bench = ProducerBench({"linger.ms": 60_000, "batch.num.messages": 3})
    bench.produce(*numbers(7))
    bench.run(1000)
    assert bench.values() == numbers(6)
    assert len(bench.produced) == 2


def test_a_batch_is_full_by_bytes_too() -> None:
    bench = ProducerBench({"linger.ms": 60_000, "batch.size": 1000})
    bench.produce(*("x" * 400 for _ in range(5)))
    bench.run(1000)
    assert len(bench.produced) == 2


def test_no_more_requests_are_in_flight_than_allowed() -> None:
    bench = ProducerBench({"batch.num.messages": 1, "max.in.flight": 2})
    bench.script = [SILENT] * 10
    bench.produce(*numbers(10))
    bench.run(1000)
    assert len(bench.produced) == 2


def test_without_acks_a_record_is_reported_when_it_is_sent() -> None:
    bench = ProducerBench({"acks": 0})
    bench.script = [LOSE_REQUEST]
    bench.produce("lost")
    bench.run(1000)
    assert [report.record.offset for report in bench.reports] == [-1001]
    assert bench.outcomes() == [(1, 0)]


def test_a_lost_answer_makes_a_duplicate_without_idempotence() -> None:
    bench = ProducerBench()
    bench.script = [LOSE_ANSWER]
    bench.produce("once")
    bench.run(5000)
    assert bench.values() == ["once", "once"]
    assert bench.outcomes() == [(1, 0)]


def test_a_lost_answer_makes_no_duplicate_with_idempotence() -> None:
    bench = ProducerBench(IDEMPOTENT)
    bench.script = [LOSE_ANSWER]
    bench.produce("once")
    bench.run(5000)
    assert bench.values() == ["once"]
    assert [report.record.offset for report in bench.reports] == [0]


def test_without_idempotence_a_retry_is_overtaken() -> None:
    bench = ProducerBench({"batch.num.messages": 1})
    bench.script = [ErrorCode.NOT_ENOUGH_REPLICAS]
    bench.produce("a", "b", "c")
    bench.run(5000)
    assert bench.values() == ["b", "c", "a"]


def test_with_one_request_in_flight_nothing_is_overtaken() -> None:
    bench = ProducerBench({"batch.num.messages": 1, "max.in.flight": 1})
    bench.script = [ErrorCode.NOT_ENOUGH_REPLICAS]
    bench.produce("a", "b", "c")
    bench.run(5000)
    assert bench.values() == ["a", "b", "c"]


TROUBLE = (
    0,
    0,
    LOSE_ANSWER,
    LOSE_REQUEST,
    ErrorCode.NOT_ENOUGH_REPLICAS,
    ErrorCode.REQUEST_TIMED_OUT,
    ErrorCode.NOT_LEADER_OR_FOLLOWER,
)


@pytest.mark.parametrize("seed", range(30))
def test_with_idempotence_trouble_changes_neither_order_nor_number(seed: int) -> None:
    bench = ProducerBench({**IDEMPOTENT, "batch.num.messages": 2}, seed)
    bench.script = random_script(seed, 25, TROUBLE)
    for value in numbers(40):
        bench.produce(value)
        bench.run(3)
    bench.run(60_000)
    assert bench.values() == numbers(40)
    assert sorted(bench.outcomes()) == [(number + 1, 0) for number in range(40)]


@pytest.mark.parametrize("seed", range(10))
def test_whatever_happens_each_record_is_reported_once(seed: int) -> None:
    words = (*TROUBLE, SILENT, ErrorCode.MESSAGE_TOO_LARGE, ErrorCode.UNKNOWN_PRODUCER_ID)
    conf = {
        "batch.num.messages": 2,
        "message.timeout.ms": 3000,
        "enable.idempotence": seed % 2 == 0,
    }
    bench = ProducerBench(conf, seed, orders=3)
    bench.script = random_script(seed, 40, words)
    for value in numbers(60):
        bench.produce(value, key=value.encode())
        bench.run(20)
    bench.run(60_000)
    assert sorted(report.id for report in bench.reports) == list(range(1, 61))
    present = {value for partition in range(3) for value in bench.values(partition)}
    good = {(report.record.value or b"").decode() for report in bench.reports if not report.error}
    assert good <= present
    assert bench.node.is_flushed()


def test_a_moved_partition_is_followed() -> None:
    bench = ProducerBench(IDEMPOTENT)
    bench.produce("at one")
    bench.run(1000)
    bench.leaders[ORDERS], bench.epochs[ORDERS] = 2, 1
    bench.produce("at two")
    bench.run(1000)
    assert bench.values() == ["at one", "at two"]
    assert bench.outcomes() == [(1, 0), (2, 0)]


def test_a_partition_without_a_leader_is_waited_for() -> None:
    bench = ProducerBench()
    bench.leaders[ORDERS] = -1
    bench.produce("patient")
    bench.run(10_000)
    assert not bench.reports
    bench.leaders[ORDERS] = 1
    bench.run(2_000)
    assert bench.values() == ["patient"]


def test_a_record_that_cannot_be_sent_in_time_fails() -> None:
    bench = ProducerBench({"message.timeout.ms": 2000})
    bench.leaders[ORDERS] = -1
    bench.produce("too late")
    bench.run(1990)
    assert not bench.reports
    bench.run(20)
    assert [error for _, error in bench.outcomes()] == [-192]
    assert bench.kinds("RecordFailed") == [("orders", 0, -192)]


def test_an_unanswered_record_fails_in_time_and_the_next_ones_arrive() -> None:
    bench = ProducerBench({**IDEMPOTENT, "message.timeout.ms": 2000})
    bench.script = [SILENT]
    bench.produce("unknown fate")
    bench.run(1000)
    bench.produce("next")
    bench.run(10_000)
    assert sorted(bench.outcomes()) == [(1, -192), (2, 0)]
    assert bench.values() == ["unknown fate", "next"]
    assert bench.node.producer_epoch == 1  # there was a gap: KIP-360


def test_a_forgotten_producer_goes_on_under_a_new_epoch() -> None:
    bench = ProducerBench({**IDEMPOTENT, "batch.num.messages": 1})
    bench.produce("a")
    bench.run(1000)
    bench.script = [ErrorCode.UNKNOWN_PRODUCER_ID, ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER]
    bench.produce("b", "c", "d")
    bench.run(5000)
    assert bench.values() == ["a", "b", "c", "d"]
    assert bench.node.producer_epoch == 1
    assert [error for _, error in bench.outcomes()] == [0, 0, 0, 0]


def test_a_duplicate_the_broker_no_longer_remembers_is_a_success() -> None:
    bench = ProducerBench(IDEMPOTENT)
    bench.script = [ErrorCode.DUPLICATE_SEQUENCE_NUMBER]
    bench.produce("there already")
    bench.run(1000)
    assert bench.outcomes() == [(1, 0)]
    assert bench.reports[0].record.offset == -1001


def test_a_fatal_error_ends_the_producer() -> None:
    bench = ProducerBench({**IDEMPOTENT, "batch.num.messages": 1, "max.in.flight": 1})
    bench.script = [ErrorCode.INVALID_PRODUCER_EPOCH]
    bench.produce("a", "b")
    bench.run(1000)
    assert [error for _, error in bench.outcomes()] == [ErrorCode.INVALID_PRODUCER_EPOCH] * 2
    with pytest.raises(KafkaException) as raised:
        bench.produce("c")
    assert raised.value.args[0] == -150


def test_a_producer_id_is_asked_for_until_there_is_one() -> None:
    bench = ProducerBench(IDEMPOTENT)
    bench.init_script = [ErrorCode.COORDINATOR_LOAD_IN_PROGRESS] * 3
    bench.produce("a")
    bench.run(5000)
    assert bench.values() == ["a"]


def test_a_permanent_refusal_is_reported_at_once() -> None:
    bench = ProducerBench()
    bench.script = [ErrorCode.MESSAGE_TOO_LARGE]
    bench.produce("big")
    bench.run(100)
    assert bench.outcomes() == [(1, ErrorCode.MESSAGE_TOO_LARGE)]
    assert len(bench.produced) == 1


def test_retries_are_counted() -> None:
    bench = ProducerBench({"retries": 2})
    bench.script = [ErrorCode.NOT_ENOUGH_REPLICAS] * 10
    bench.produce("a")
    bench.run(20_000)
    assert len(bench.produced) == 3
    assert bench.outcomes() == [(1, ErrorCode.NOT_ENOUGH_REPLICAS)]


def test_an_unknown_topic_is_given_time_to_appear() -> None:
    bench = ProducerBench({"topic.metadata.propagation.max.ms": 5000}, other=1)
    bench.produce("early")
    bench.run(3000)
    bench.topics["orders"] = 1
    bench.run(2000)
    assert bench.values() == ["early"]


def test_a_topic_that_stays_unknown_fails_the_record() -> None:
    bench = ProducerBench({"topic.metadata.propagation.max.ms": 5000}, other=1)
    bench.produce("nowhere")
    bench.run(4900)
    assert not bench.reports
    bench.run(1200)
    assert [error for _, error in bench.outcomes()] == [-188]


def test_a_partition_that_does_not_exist_fails_the_record() -> None:
    bench = ProducerBench(orders=2)
    bench.produce("there", partition=1)
    bench.produce("nowhere", partition=2)
    bench.run(1000)
    assert sorted(bench.outcomes()) == [(1, 0), (2, -190)]


def test_records_with_one_key_share_a_partition_and_those_without_stick_for_a_while() -> None:
    bench = ProducerBench({"linger.ms": 20}, orders=8)
    bench.produce(*numbers(20), key=b"user-1")
    bench.run(1000)
    assert len({report.partition for report in bench.reports}) == 1
    bench.reports.clear()
    bench.produce(*numbers(20))
    bench.run(1000)
    assert len({report.partition for report in bench.reports}) == 1


def test_a_partitioner_of_ones_own_is_asked() -> None:
    bench = ProducerBench({"partitioner": lambda key, count: 2}, orders=3)
    bench.produce("a", key=b"k")
    bench.run(1000)
    assert bench.values(2) == ["a"]


def test_the_queue_is_full_at_its_limit_until_reports_are_taken() -> None:
    bench = ProducerBench({"queue.buffering.max.messages": 2})
    bench.produce("a", "b")
    with pytest.raises(KafkaException) as raised:
        bench.produce("c")
    assert raised.value.args[0] == -184
    bench.run(1000)
    bench.produce("c")


def test_purging_gives_up_what_waits_and_what_is_in_flight() -> None:
    bench = ProducerBench({**IDEMPOTENT, "batch.num.messages": 1, "max.in.flight": 1})
    bench.script = [SILENT]
    bench.produce("in flight", "in queue")
    bench.run(100)
    bench.node.purge(True, True, bench.now)
    bench.run(0)
    assert sorted(bench.outcomes()) == [(1, -151), (2, -152)]
    bench.run(120_000)
    assert len(bench.reports) == 2
    bench.produce("after")
    bench.run(5_000)
    assert bench.values()[-1] == "after"


def test_a_broker_that_is_down_is_tried_again() -> None:
    bench = ProducerBench(IDEMPOTENT)
    bench.down = {"broker-1"}
    bench.produce("a")
    bench.run(20_000)
    assert not bench.reports
    bench.down.clear()
    bench.run(20_000)
    assert bench.values() == ["a"]


def test_a_fork_goes_the_same_way_and_shares_nothing() -> None:
    bench = ProducerBench({**IDEMPOTENT, "batch.num.messages": 2}, orders=3)
    bench.script = [LOSE_ANSWER, 0, ErrorCode.NOT_ENOUGH_REPLICAS]
    bench.produce(*numbers(9), key=b"a")
    bench.run(11)
    node = bench.node
    fork = node.fork()
    assert fork.next_timer() == node.next_timer()
    before = (node.outstanding(), node.doing(bench.now), node.next_timer())
    fork.produce("orders", b"only in the fork", None, -1, (), 0, bench.now)
    fork.on_timer(bench.now + 400_000)
    assert fork.is_flushed() != node.is_flushed()
    assert (node.outstanding(), node.doing(bench.now), node.next_timer()) == before
    assert not node.take_outbox().envelopes
    bench.run(60_000)
    assert sorted(bench.outcomes()) == [(number + 1, 0) for number in range(9)]


def test_a_restarted_producer_has_forgotten_and_counts_connections_on() -> None:
    bench = ProducerBench()
    bench.produce("lost with the process")
    bench.run(1)
    before = bench.node._connections.number
    bench.node = bench.node.restarted(bench.now)
    assert bench.node.outstanding() == 0
    bench.produce("after")
    bench.run(1000)
    assert bench.node._connections.number > before
    assert bench.values() == ["after"]


def test_metadata_can_be_asked_for() -> None:
    bench = ProducerBench(orders=2)
    id = bench.node.request_metadata(None, 5000, bench.now)
    bench.run(1000)
    assert bench.node.has_result(id)
    reply = bench.node.take_result(id, bench.now)
    assert reply is not None
    assert [topic.name for topic in reply.response.topics] == ["orders"]
    assert [partition.leader for partition in reply.response.topics[0].partitions] == [1, 1]


def test_an_unanswered_question_ends_in_time() -> None:
    bench = ProducerBench()
    bench.down = {"broker-1", "broker-2"}
    id = bench.node.request_metadata(None, 5000, bench.now)
    bench.run(5001)
    reply = bench.node.take_result(id, bench.now)
    assert reply is not None
    assert reply.error == -185


def test_an_option_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"did you mean linger\.ms"):
        ProducerBench({"lingr.ms": 5})
